/*
 * header_block.h: unfolds the lines of the block and looks at two fields. What it does not
 * understand it refuses; it never guesses, since what it reads comes from a process that parses
 * strangers' mail. Pure.
 */
#include "signer/header_block.h"
#include "base/error.h"

#include <string.h>

static gboolean refuse(GError **error, const char *why)
{
	g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_FORBIDDEN, why);
	return FALSE;
}

/* The fields of the block, unfolded ("Name: value"); NULL when there is no empty line in time or a
 * NUL. */
static GPtrArray *split_fields(GBytes *entity)
{
	g_autoptr(GPtrArray) fields = g_ptr_array_new_with_free_func(g_free);
	gsize size;
	const char *data = g_bytes_get_data(entity, &size);
	const char *end = data + MIN(size, HEADER_BLOCK_MAX_BYTES);

	for (const char *line = data; line < end;) {
		const char *feed = memchr(line, '\n', (gsize)(end - line));
		gsize length;

		if (feed == NULL || memchr(line, '\0', (gsize)(feed - line)) != NULL)
			return NULL;
		length = (gsize)(feed - line);
		if (length > 0 && line[length - 1] == '\r')
			length--;
		if (length == 0)
			return g_steal_pointer(&fields);
		if ((*line == ' ' || *line == '\t') && fields->len > 0) {
			g_autofree char *before = fields->pdata[fields->len - 1];

			fields->pdata[fields->len - 1] =
				g_strdup_printf("%s%.*s", before, (int)length, line);
		} else {
			g_ptr_array_add(fields, g_strndup(line, length));
		}
		line = feed + 1;
	}
	return NULL;
}

/* The value of the only field of this name; NULL when there is none or more than one. */
static const char *only_value(const GPtrArray *fields, const char *name)
{
	const char *value = NULL;
	gsize length = strlen(name);

	for (guint i = 0; i < fields->len; i++) {
		const char *field = fields->pdata[i];
		const char *colon = strchr(field, ':');
		gsize field_length = colon != NULL ? (gsize)(colon - field) : 0;

		while (field_length > 0 && g_ascii_isspace(field[field_length - 1]))
			field_length--;
		if (field_length != length || g_ascii_strncasecmp(field, name, length) != 0)
			continue;
		if (value != NULL)
			return NULL;
		value = colon + 1;
	}
	return value;
}

/* The first of `stops` outside a quoted string, or the end. */
static const char *find_unquoted(const char *text, const char *stops)
{
	gboolean quoted = FALSE;

	for (; *text != '\0'; text++) {
		if (*text == '\\' && quoted && text[1] != '\0')
			text++;
		else if (*text == '"')
			quoted = !quoted;
		else if (!quoted && strchr(stops, *text) != NULL)
			break;
	}
	return text;
}

static gboolean parameter_is_hp(const char *start, const char *end, gboolean *is_clear)
{
	g_autofree char *text = g_strndup(start, (gsize)(end - start));
	char *equals = strchr(text, '=');
	char *value;

	if (equals == NULL)
		return FALSE;
	*equals = '\0';
	if (g_ascii_strcasecmp(g_strstrip(text), "hp") != 0)
		return FALSE;
	value = g_strstrip(equals + 1);
	*is_clear = g_ascii_strcasecmp(value, "\"clear\"") == 0 ||
		    g_ascii_strcasecmp(value, "clear") == 0;
	return TRUE;
}

static gboolean has_hp_clear(const char *content_type)
{
	const char *start = find_unquoted(content_type, ";");
	gboolean clear = FALSE;
	guint found = 0;

	while (*start == ';') {
		const char *end = find_unquoted(start + 1, ";");

		if (parameter_is_hp(start + 1, end, &clear))
			found++;
		start = end;
	}
	return found == 1 && clear;
}

/* The value without a simple comment at its end: "addr (Rosa)". */
static char *without_comment(const char *value)
{
	const char *open = find_unquoted(value, "(");
	const char *close = open + (*open == '(') + strcspn(open + (*open == '('), "()<>@,;:\\\"");

	if (*open == '(' && *close == ')' && close[1 + strspn(close + 1, " \t")] == '\0')
		return g_strndup(value, (gsize)(open - value));
	return g_strdup(value);
}

/* The only address of a From value: "addr" or "phrase <addr>", perhaps with a simple comment
 * behind; NULL for a list, a group or anything else. */
static char *only_address(const char *field)
{
	g_autofree char *value = without_comment(field);
	const char *open = find_unquoted(value, "<");
	g_autofree char *address = NULL;

	if (*find_unquoted(value, ",;:") != '\0')
		return NULL;
	if (*open == '<') {
		const char *close = find_unquoted(open + 1, "<>");

		if (*close != '>' || close[1 + strspn(close + 1, " \t")] != '\0')
			return NULL;
		address = g_strndup(open + 1, (gsize)(close - open - 1));
	} else {
		address = g_strdup(value);
	}
	g_strstrip(address);
	if (*address == '\0' || strpbrk(address, " \t\"()\\") != NULL)
		return NULL;
	return g_steal_pointer(&address);
}

gboolean header_block_check(GBytes *entity, const char *mailbox, GError **error)
{
	g_autoptr(GPtrArray) fields = split_fields(entity);
	g_autofree char *address = NULL;
	const char *content_type, *from;

	if (fields == NULL)
		return refuse(error, "the entity has no header block");
	content_type = only_value(fields, "Content-Type");
	if (content_type == NULL || !has_hp_clear(content_type))
		return refuse(error, "the headers of the entity are not protected (hp=\"clear\")");
	from = only_value(fields, "From");
	if (from != NULL)
		address = only_address(from);
	if (address == NULL || g_ascii_strcasecmp(address, mailbox) != 0)
		return refuse(error, "the From of the entity is not the bound mailbox");
	return TRUE;
}
