/*
 * settings_lines.h: each line is taken as GKeyFile takes it. Fails at the first wrong line. No
 * shared state.
 */
#include "base/settings_lines.h"
#include "base/error.h"

#include <string.h>

typedef struct {
	const char *path;
	GHashTable *lines; /* "group" or "group\nkey" -> line */
	char *group;	   /* that of the line, or NULL */
	guint line;
} Scan;

static gboolean fail(const Scan *scan, GError **error, const char *reason)
{
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "%s:%u: %s", scan->path, scan->line,
		reason);
	return FALSE;
}

static char *name_of(const char *group, const char *key)
{
	return key != NULL ? g_strconcat(group, "\n", key, NULL) : g_strdup(group);
}

static gboolean note(Scan *scan, const char *key, GError **error)
{
	guint first = settings_line(scan->lines, scan->group, key);
	g_autofree char *reason = NULL;

	if (first == 0) {
		g_hash_table_insert(
			scan->lines, name_of(scan->group, key), GUINT_TO_POINTER(scan->line));
		return TRUE;
	}
	reason = key != NULL
			 ? g_strdup_printf("[%s] %s: stands twice, first in line %u: leave one",
				   scan->group, key, first)
			 : g_strdup_printf("[%s]: stands twice, first in line %u: leave one group",
				   scan->group, first);
	return fail(scan, error, reason);
}

/* "[GROUP]", blanks behind it aside. */
static gboolean take_group(Scan *scan, char *text, GError **error)
{
	gsize size = strlen(text);

	if (size < 3 || strchr(text, '\t') != NULL || strcspn(text, "]") != size - 1 ||
		strchr(text + 1, '[') != NULL)
		return fail(scan, error, "a group is written [NAME]");
	g_free(scan->group);
	scan->group = g_strndup(text + 1, size - 2);
	return note(scan, NULL, error);
}

static gboolean take_key(Scan *scan, char *text, GError **error)
{
	char *equals = strchr(text, '=');

	if (equals == NULL || equals == text)
		return fail(scan, error, "neither a [group], a setting nor a comment");
	if (scan->group == NULL)
		return fail(scan, error, "a setting before the first [group]");
	*equals = '\0';
	/* GKeyFile would skip "name[es]=" as a translation. */
	if (strpbrk(g_strchomp(text), "[]") != NULL)
		return fail(scan, error, "the name of a setting has no brackets");
	return note(scan, text, error);
}

static gboolean take_line(Scan *scan, const char *line, gsize size, GError **error)
{
	g_autofree char *text = NULL;

	if (!g_utf8_validate_len(line, size, NULL))
		return fail(scan, error, "is not UTF-8");
	text = g_strstrip(g_strndup(line, size));
	for (const char *at = text; *at != '\0'; at++)
		if (g_ascii_iscntrl(*at) && *at != '\t')
			return fail(scan, error, "has a control character");
	if (*text == '\0' || *text == '#')
		return TRUE;
	return *text == '[' ? take_group(scan, text, error) : take_key(scan, text, error);
}

GHashTable *settings_lines_read(const char *path, const char *text, gsize size, GError **error)
{
	g_autoptr(GHashTable) lines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	Scan scan = {path, lines, NULL, 0};
	const char *end = text + size, *next;
	gboolean fine = TRUE;

	for (const char *at = text; fine && at < end; at = next + 1) {
		next = memchr(at, '\n', (gsize)(end - at));
		if (next == NULL)
			next = end;
		scan.line++;
		fine = take_line(&scan, at, (gsize)(next - at), error);
	}
	g_free(scan.group);
	return fine ? g_steal_pointer(&lines) : NULL;
}

guint settings_line(GHashTable *lines, const char *group, const char *key)
{
	g_autofree char *name = name_of(group, key);

	return GPOINTER_TO_UINT(g_hash_table_lookup(lines, name));
}
