/*
 * Address fields. GMime splits the lists; what it says is compared with the bytes where it matters
 * (From, Sender): where two parsers could see two persons, nobody is seen for sure. Pure functions.
 */
#include "mime/addresses.h"

#include <gmime/gmime.h>
#include <string.h>

#include "mime/codec.h"
#include "mime/facts.h"
#include "mime/header.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(InternetAddressList, g_object_unref)

static void add_address(GPtrArray *addresses, const char *address)
{
	char *copy = g_strdup(address), *at = strrchr(copy, '@');

	for (char *c = at; c && *c; c++)
		*c = g_ascii_tolower(*c);
	g_ptr_array_add(addresses, copy);
}

/* FALSE when there is a group or an entry without an address. */
static gboolean add_list(InternetAddressList *list, GPtrArray *addresses)
{
	gboolean plain = TRUE;

	for (int i = 0; i < internet_address_list_length(list); i++) {
		InternetAddress *entry = internet_address_list_get_address(list, i);

		if (INTERNET_ADDRESS_IS_GROUP(entry)) {
			InternetAddressList *members =
				internet_address_group_get_members(INTERNET_ADDRESS_GROUP(entry));

			plain = FALSE;
			if (members)
				add_list(members, addresses);
			continue;
		}
		if (internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(entry)))
			add_address(addresses,
				internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(entry)));
		else
			plain = FALSE;
	}
	return plain;
}

gboolean header_addresses_within_limits(const char *value)
{
	guint colons = 0;

	for (const char *c = value; *c; c++)
		colons += *c == ':';
	return strlen(value) <= MIME_MAX_ADDRESS_BYTES && colons <= MIME_MAX_GROUPS;
}

static InternetAddressList *parse_list(const char *text)
{
	return header_addresses_within_limits(text) ? internet_address_list_parse(NULL, text)
						    : NULL;
}

void header_addresses(const char *value, GPtrArray *addresses)
{
	g_autofree char *text = header_unfold(value);
	g_autoptr(InternetAddressList) list = parse_list(text);

	if (list)
		add_list(list, addresses);
}

/* How many of c stand outside quoted strings and comments; -1 when one of those does not end. */
static int count_outside(const char *text, char c)
{
	gboolean quoted = FALSE;
	int count = 0, depth = 0;

	for (const char *p = text; *p; p++) {
		if (*p == '\\' && (quoted || depth > 0)) {
			if (*++p == '\0')
				return -1;
		} else if (*p == '"' && depth == 0) {
			quoted = !quoted;
		} else if (*p == '(' && !quoted) {
			depth++;
		} else if (*p == ')' && !quoted) {
			if (--depth < 0)
				return -1;
		} else if (*p == c && !quoted && depth == 0) {
			count++;
		}
	}
	return quoted || depth > 0 ? -1 : count;
}

static gboolean address_is_sure(const char *address, const char *text)
{
	const char *at = strchr(address, '@');
	g_autofree char *lower_text = g_ascii_strdown(text, -1);
	g_autofree char *lower = g_ascii_strdown(address, -1);

	if (!at || at == address || at[1] == '\0' || strchr(at + 1, '@') || strstr(address, "=?"))
		return FALSE;
	for (const char *c = address; *c; c++)
		if ((guchar)*c <= ' ' || *c == 127 || strchr("<>(),;:\\\"[]", *c))
			return FALSE;
	return strstr(lower_text, lower) != NULL;
}

static gboolean is_ascii(const char *text)
{
	return codec_is_ascii((const guint8 *)text, strlen(text));
}

/* Raw letters that are not UTF-8 are taken for what Windows writes in Peru. */
static char *unfold_utf8(const char *value)
{
	g_autofree char *text = header_unfold(value);

	if (g_utf8_validate(text, -1, NULL))
		return g_steal_pointer(&text);
	return codec_to_utf8((const guint8 *)text, strlen(text), HEADER_CHARSET, NULL);
}

gboolean header_addresses_strict(const char *value, GPtrArray *addresses)
{
	g_autofree char *text = unfold_utf8(value);
	g_autoptr(InternetAddressList) list = text ? parse_list(text) : NULL;
	guint before = addresses->len, found;

	if (!list)
		return FALSE;
	if (!add_list(list, addresses))
		return FALSE;
	found = addresses->len - before;
	for (guint i = before; i < addresses->len; i++)
		if (!address_is_sure(g_ptr_array_index(addresses, i), text) ||
			!(is_ascii(g_ptr_array_index(addresses, i)) ||
				g_utf8_validate(value, -1, NULL)))
			return FALSE;
	/* Every '@', '<' and ',' that another parser could see belongs to what was found. */
	return found > 0 && count_outside(text, '@') == (int)found &&
	       count_outside(text, '<') == count_outside(text, '>') &&
	       count_outside(text, '<') <= (int)found &&
	       count_outside(text, ',') == (int)found - 1 && count_outside(text, ';') == 0 &&
	       count_outside(text, ':') == 0;
}

/* The '(' that opens a comment, outside quoted strings, or NULL. */
static const char *find_comment(const char *text)
{
	gboolean quoted = FALSE;

	for (const char *p = text; *p; p++) {
		if (*p == '\\' && quoted && p[1] != '\0')
			p++;
		else if (*p == '"')
			quoted = !quoted;
		else if (*p == '(' && !quoted)
			return p;
	}
	return NULL;
}

gboolean header_ends_plainly(const char *value)
{
	g_autofree char *text = header_unfold(value);
	const char *open = find_comment(text);
	gsize length = strlen(text);

	if (open) {
		gsize inside = strcspn(open + 1, "()<>@,;:\\\"");

		if (open[1 + inside] != ')' || open[2 + inside] != '\0')
			return FALSE;
		length = (gsize)(open - text);
	}
	while (length > 0 && strchr(" \t>", text[length - 1]))
		length--;
	return length > 0 && text[length - 1] != '.';
}

/* Quotes, escapes and the brackets of a comment gone; consumed. */
static char *strip_marks(char *text)
{
	g_autofree char *taken = text;
	g_autoptr(GString) out = g_string_new(NULL);

	for (const char *c = taken; *c != '\0'; c++) {
		if (*c == '\\' && c[1] != '\0')
			c++;
		else if (strchr("\"()", *c))
			continue;
		g_string_append_c(out, *c);
	}
	return g_strstrip(g_strdup(out->str));
}

char *header_display_name(const char *value, const char *address)
{
	g_autofree char *text = header_unfold(value), *lower = g_ascii_strdown(text, -1);
	g_autofree char *wanted = g_ascii_strdown(address, -1);
	g_autofree char *rest = NULL, *name = NULL;
	char *found = g_strrstr(lower, wanted);
	gsize before = found ? (gsize)(found - lower) : strlen(text), after = before;
	gboolean sure;

	if (found)
		after += strlen(wanted);
	if (before > 0 && text[before - 1] == '<' && text[after] == '>') {
		before--;
		after++;
	}
	rest = g_strdup_printf("%.*s%s", (int)before, text, text + after);
	name = strip_marks(header_decode(rest, &sure));
	return *name != '\0' ? g_steal_pointer(&name) : NULL;
}
