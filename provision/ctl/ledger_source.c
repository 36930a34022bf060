/* ledger_source.h: pages of the API, lines of a file. Fails as those do; DAMAGED for a bad line. */
#include "ledger_source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define PAGE_ROWS 1000

static gboolean visit_json(const json_t *json, LedgerVisit visit, gpointer data, GError **error)
{
	LedgerRow row;

	return ledger_row_of_json(json, &row, error) && visit(&row, data, error);
}

/* A page in any form of JSON. */
static gboolean visit_items(
	GBytes *bytes, LedgerVisit visit, gpointer data, char **next, GError **error)
{
	gsize size;
	const char *text = g_bytes_get_data(bytes, &size);
	json_auto_t *page = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
	json_t *items = json_object_get(page, "items"), *item;
	size_t i;

	if (!json_is_array(items)) {
		g_set_error_literal(
			error, ACUSE_ERROR, ACUSE_ERROR_INTERNAL, "the API's answer is not a list");
		return FALSE;
	}
	json_array_foreach(items, i, item)
		if (!visit_json(item, visit, data, error))
			return FALSE;
	*next = g_strdup(json_string_value(json_object_get(page, "next")));
	return TRUE;
}

static gboolean visit_page(
	GBytes *bytes, LedgerVisit visit, gpointer data, char **next, GError **error)
{
	g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(LedgerRow));
	gsize size;
	const char *whole = g_bytes_get_data(bytes, &size), *cursor;
	g_autofree char *text = g_strndup(whole, size);

	if (strlen(text) != size || !ledger_row_scan_page(text, rows, &cursor))
		return visit_items(bytes, visit, data, next, error);
	for (guint i = 0; i < rows->len; i++)
		if (!visit(&g_array_index(rows, LedgerRow, i), data, error))
			return FALSE;
	*next = g_strdup(cursor);
	return TRUE;
}

static gboolean walk_pages(
	ApiClient *api, const char *list, LedgerVisit visit, gpointer data, GError **error)
{
	g_autofree char *after = NULL;

	do {
		g_autofree char *path = g_strdup_printf("%s?limit=%d%s%s", list, PAGE_ROWS,
			after == NULL ? "" : "&after=", after == NULL ? "" : after);
		g_autoptr(GBytes) page = api_get_bytes(api, path, error);

		g_clear_pointer(&after, g_free);
		if (page == NULL || !visit_page(page, visit, data, &after, error))
			return FALSE;
	} while (after != NULL);
	return TRUE;
}

gboolean ledger_walk_api(ApiClient *api, LedgerVisit visit, gpointer data, GError **error)
{
	/* First, so that it is signed and among the others. */
	json_auto_t *now = api_call(api, "GET", "/v1/ledger/head", NULL, error);

	if (now == NULL)
		return FALSE;
	if (json_is_null(json_object_get(now, "cms")) && !visit_json(now, visit, data, error))
		return FALSE;
	return walk_pages(api, "/v1/ledger/heads", visit, data, error) &&
	       walk_pages(api, "/v1/ledger/entries", visit, data, error);
}

typedef struct {
	char *text; /* as getline gives it */
	gsize room, size;
	guint number;
	char *copy; /* what the scan may spoil */
	gsize copy_room;
} Line;

static gboolean next_line(FILE *file, Line *line)
{
	ssize_t size = getline(&line->text, &line->room, file);

	if (size < 0)
		return FALSE;
	if (size > 0 && line->text[size - 1] == '\n')
		line->text[--size] = '\0';
	line->size = (gsize)size;
	line->number++;
	return TRUE;
}

/* Whether the line is an entry of the exact form. */
static gboolean scan_line(Line *line, LedgerRow *row)
{
	char *at;

	if (line->copy_room < line->room) {
		line->copy_room = line->room;
		line->copy = g_realloc(line->copy, line->copy_room);
	}
	memcpy(line->copy, line->text, line->size + 1);
	at = line->copy;
	return ledger_row_scan(&at, row) && at == line->copy + line->size;
}

static gboolean visit_line(Line *line, LedgerVisit visit, gpointer data, GError **error)
{
	json_auto_t *json = NULL;
	LedgerRow row;

	if (scan_line(line, &row))
		return visit(&row, data, error);
	json = json_loadb(line->text, line->size, JSON_REJECT_DUPLICATES, NULL);
	if (json != NULL)
		return visit_json(json, visit, data, error);
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED, "line %u is not one of a dump",
		line->number);
	return FALSE;
}

gboolean ledger_walk_dump(const char *path, LedgerVisit visit, gpointer data, GError **error)
{
	FILE *file = fopen(path, "re");
	Line line = {NULL};
	gboolean fine = TRUE;

	if (file == NULL) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND, "%s: %s", path,
			g_strerror(errno));
		return FALSE;
	}
	while (fine && next_line(file, &line))
		fine = visit_line(&line, visit, data, error);
	if (fine && line.number == 0 && ferror(file) == 0) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED, "%s: nothing is in it", path);
		fine = FALSE;
	}
	if (fine && ferror(file) != 0) {
		g_set_error(
			error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "%s: cannot be read", path);
		fine = FALSE;
	}
	free(line.text);
	g_free(line.copy);
	fclose(file);
	return fine;
}
