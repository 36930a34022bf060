/*
 * reading.h: bytes in, five checked lines out; fails on anything else. Pure, any thread.
 */
#include "core/reading.h"

#include <string.h>

#include "base/error.h"

#define OFFICES "oficinas/" /* contrib/dovecot/offices.in */
#define N_LINES 5

static gboolean invalid(GError **error, const char *what)
{
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "reading: %s", what);
	return FALSE;
}

/* Whether text has 1 to `most` characters, all letters, digits or of `more`. */
static gboolean is_word(const char *text, gsize most, const char *more)
{
	gsize length = strlen(text);

	if (length == 0 || length > most)
		return FALSE;
	for (gsize i = 0; i < length; i++)
		if (!g_ascii_isalnum(text[i]) && strchr(more, text[i]) == NULL)
			return FALSE;
	return TRUE;
}

static gboolean is_uid(const char *text)
{
	return is_word(text, READING_MAX_UID, "._-") && text[0] != '.' && text[0] != '-';
}

/* Whose mailbox the folder is in: an office's below its prefix, else the user's. NULL: no name. */
static char *owner_of(const char *user, const char *folder)
{
	const char *name = folder + strlen(OFFICES), *end;
	g_autofree char *owner = NULL;

	if (!g_str_has_prefix(folder, OFFICES))
		return g_strdup(user);
	end = strchr(name, '/');
	owner = end != NULL ? g_strndup(name, (gsize)(end - name)) : g_strdup(name);
	return is_uid(owner) ? g_steal_pointer(&owner) : NULL;
}

static char *bare_id(char *text)
{
	gsize length = strlen(text);

	if (length > 2 && text[0] == '<' && text[length - 1] == '>')
		return g_strndup(text + 1, length - 2);
	return length > 0 ? g_strdup(text) : NULL;
}

static gboolean take_lines(Reading *reading, char **lines, GError **error)
{
	reading->repair = strcmp(lines[0], "1 repair") == 0;
	if (!reading->repair && strcmp(lines[0], "1 read") != 0)
		return invalid(error, "unknown version");
	if (!is_uid(lines[1]))
		return invalid(error, "the login is no name");
	reading->user = g_ascii_strdown(lines[1], -1);
	reading->owner = owner_of(reading->user, lines[2]);
	if (reading->owner == NULL)
		return invalid(error, "the folder is no office's");
	if (!is_word(lines[3], READING_MAX_ID, "-"))
		return invalid(error, "no Acuse-Id of ours");
	reading->send_id = g_strdup(lines[3]);
	reading->message_id = bare_id(lines[4]);
	return TRUE;
}

Reading *reading_parse(const char *bytes, gsize size, GError **error)
{
	g_autoptr(Reading) reading = g_new0(Reading, 1);
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	if (size == 0 || size > READING_MAX_BYTES) {
		invalid(error, "empty or too long");
		return NULL;
	}
	if (!g_utf8_validate_len(bytes, size, NULL) || bytes[size - 1] != '\n') {
		invalid(error, "no text, or cut short");
		return NULL;
	}
	text = g_strndup(bytes, size - 1);
	for (const char *c = text; *c != '\0'; c++)
		if (g_ascii_iscntrl(*c) && *c != '\n') {
			invalid(error, "control characters");
			return NULL;
		}
	lines = g_strsplit(text, "\n", N_LINES + 1);
	if (g_strv_length(lines) != N_LINES) {
		invalid(error, "not five lines");
		return NULL;
	}
	return take_lines(reading, lines, error) ? g_steal_pointer(&reading) : NULL;
}

void reading_free(Reading *reading)
{
	if (reading == NULL)
		return;
	g_free(reading->user);
	g_free(reading->owner);
	g_free(reading->send_id);
	g_free(reading->message_id);
	g_free(reading);
}
