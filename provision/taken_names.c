/* taken_names.h. Any thread; no state. */
#include "provision/taken_names.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

/* "postmaster: root", "ventas@muni.test rmoralesa", "\"name\" x": whether its first word is it. */
static gboolean line_names(const char *line, const char *name, const char *domain)
{
	gsize length = strlen(name);

	if (*line == '"')
		line++;
	if (g_ascii_strncasecmp(line, name, length) != 0)
		return FALSE;
	line += length;
	if (*line != '@')
		return *line == '\0' || strchr(": \t\r\"", *line) != NULL;
	length = strlen(domain);
	return g_ascii_strncasecmp(line + 1, domain, length) == 0 &&
	       (line[1 + length] == '\0' || strchr(": \t\r\"", line[1 + length]) != NULL);
}

static gboolean file_has(
	const char *path, const char *name, const char *domain, gboolean *taken, GError **error)
{
	g_autoptr(GError) failure = NULL;
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	gsize size;

	if (!g_file_get_contents(path, &text, &size, &failure)) {
		if (g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOENT))
			return TRUE;
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "[naming] taken_files: %s",
			failure->message);
		return FALSE;
	}
	if (size > TAKEN_NAMES_BYTES_MAX) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE,
			"[naming] taken_files: %s is too long", path);
		return FALSE;
	}
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; !*taken && *line != NULL; line++)
		*taken = line_names(*line, name, domain);
	return TRUE;
}

gboolean taken_names_have(
	const Settings *settings, const char *name, gboolean *taken, GError **error)
{
	const char *domain = settings_string(settings, "institution", "domain");
	const char *const *paths = settings_list(settings, "naming", "taken_files");

	*taken = FALSE;
	for (; !*taken && *paths != NULL; paths++)
		if (!file_has(*paths, name, domain, taken, error))
			return FALSE;
	return TRUE;
}
