/*
 * Addresses as text (address.h). Bytes outside ASCII are compared as they are: a letter that only
 * looks like another is another. Cannot fail; no shared state.
 */
#include "core/address.h"

#include <string.h>

char *address_without_detail(const char *address)
{
	const char *at = strrchr(address, '@');
	gsize local = at != NULL ? (gsize)(at - address) : strlen(address);
	const char *plus = memchr(address, '+', local);

	if (plus == NULL || plus == address)
		return g_strdup(address);
	return g_strdup_printf("%.*s%s", (int)(plus - address), address, at != NULL ? at : "");
}

gboolean address_same_mailbox(const char *left, const char *right)
{
	g_autofree char *one = NULL, *other = NULL;

	if (left == NULL || right == NULL)
		return FALSE;
	one = address_without_detail(left);
	other = address_without_detail(right);
	return g_ascii_strcasecmp(one, other) == 0;
}

/* Compatibility forms (wide letters, wide @) made plain, what cannot be seen left out. */
static char *plain_text(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	g_autofree char *normal = g_utf8_normalize(valid, -1, G_NORMALIZE_ALL_COMPOSE);
	g_autoptr(GString) plain = g_string_new(NULL);

	for (const char *at = normal; at != NULL && *at != '\0'; at = g_utf8_next_char(at)) {
		gunichar c = g_utf8_get_char(at);

		if (!g_unichar_iszerowidth(c) && g_unichar_type(c) != G_UNICODE_FORMAT)
			g_string_append_unichar(plain, c);
	}
	return g_strdup(plain->str);
}

static gboolean is_one_of(const char *address, const char *const *own)
{
	for (; *own != NULL; own++) {
		if (address_same_mailbox(address, *own))
			return TRUE;
	}
	return FALSE;
}

gboolean address_shown_is_foreign(const char *text, const char *const *own)
{
	static const char ends[] = " \t\"'<>()[]{},;:|/\\";
	g_autofree char *plain = text != NULL ? plain_text(text) : g_strdup("");
	const char *at = plain;

	while ((at = strchr(at, '@')) != NULL) {
		const char *begin = at, *end = at + strcspn(at, ends);
		g_autofree char *shown = NULL;

		while (begin > plain && strchr(ends, begin[-1]) == NULL)
			begin--;
		shown = g_strndup(begin, (gsize)(end - begin));
		if (!is_one_of(shown, own))
			return TRUE;
		at = end;
	}
	return FALSE;
}
