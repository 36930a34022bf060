/* ledger_source.h: pages of the API, lines of a file. Fails as those do; DAMAGED for a bad line. */
#include "ledger_source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define PAGE_ROWS 1000

static gboolean visit_items(const json_t *page, LedgerVisit visit, gpointer data, GError **error)
{
	json_t *items = json_object_get(page, "items"), *item;
	size_t i;

	json_array_foreach(items, i, item)
		if (!visit(item, data, error))
			return FALSE;
	return TRUE;
}

static gboolean walk_pages(
	ApiClient *api, const char *list, LedgerVisit visit, gpointer data, GError **error)
{
	g_autofree char *after = NULL;

	do {
		g_autofree char *path = g_strdup_printf("%s?limit=%d%s%s", list, PAGE_ROWS,
			after == NULL ? "" : "&after=", after == NULL ? "" : after);
		json_auto_t *page = api_call(api, "GET", path, NULL, error);

		if (page == NULL || !visit_items(page, visit, data, error))
			return FALSE;
		g_free(after);
		after = g_strdup(json_string_value(json_object_get(page, "next")));
	} while (after != NULL);
	return TRUE;
}

gboolean ledger_walk_api(ApiClient *api, LedgerVisit visit, gpointer data, GError **error)
{
	/* First, so that it is signed and among the others. */
	json_auto_t *now = api_call(api, "GET", "/v1/ledger/head", NULL, error);

	if (now == NULL)
		return FALSE;
	if (json_is_null(json_object_get(now, "cms")) && !visit(now, data, error))
		return FALSE;
	return walk_pages(api, "/v1/ledger/heads", visit, data, error) &&
	       walk_pages(api, "/v1/ledger/entries", visit, data, error);
}

static gboolean visit_line(
	const char *line, guint number, LedgerVisit visit, gpointer data, GError **error)
{
	json_auto_t *row = json_loads(line, JSON_REJECT_DUPLICATES, NULL);

	if (row != NULL)
		return visit(row, data, error);
	g_set_error(
		error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED, "line %u is not one of a dump", number);
	return FALSE;
}

gboolean ledger_walk_dump(const char *path, LedgerVisit visit, gpointer data, GError **error)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	gboolean fine = TRUE;

	if (file == NULL) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND, "%s: %s", path,
			g_strerror(errno));
		return FALSE;
	}
	for (guint number = 1; fine && getline(&line, &room, file) >= 0; number++)
		fine = visit_line(line, number, visit, data, error);
	if (fine && ferror(file) != 0) {
		g_set_error(
			error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "%s: cannot be read", path);
		fine = FALSE;
	}
	free(line);
	fclose(file);
	return fine;
}
