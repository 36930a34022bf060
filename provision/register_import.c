/*
 * Whole lists into the register (register.h): every row is read before the first is put, and all
 * are put in one change, so that a list is taken whole or not at all. A dry run is the same change,
 * given up at its end. Fails with INVALID, NOT_FOUND, CONFLICT ("line N: ..."), TOO_LARGE, or as
 * the store does. Any thread.
 */
#include "provision/register.h"

#include <string.h>

#include "base/error.h"

/* One change of the store: what waits behind it waits for all of them. */
#define ROWS_MAX 5000

typedef gboolean (*RowRead)(const json_t *row, RegisterEntry *entry, GError **error);
typedef gboolean (*RowPut)(StoreTxn *txn, const RegisterHand *hand, const RegisterEntry *entry,
	RegisterOutcome *outcome, json_t **row, GError **error);

typedef struct {
	RegisterEntry entry;
	json_int_t line;
	RegisterOutcome outcome;
} Row;

typedef struct {
	RegisterHand hand;
	RowPut put;
	GArray *rows; /* Row */
	gboolean dry_run, tried;
} Import;

static void row_clear(gpointer data)
{
	register_entry_clear(&((Row *)data)->entry);
}

static gboolean read_number(const json_t *row, RegisterEntry *entry, GError **error)
{
	entry->number = api_string(row, "number", 40, error);
	return entry->number != NULL && register_check_number(entry->number, error);
}

static gboolean read_expediente(const json_t *row, RegisterEntry *entry, GError **error)
{
	return api_known(row, error, "line", "number", "subject", "matter", NULL) &&
	       read_number(row, entry, error) && register_read_expediente(row, entry, error);
}

static gboolean read_authorisation(const json_t *row, RegisterEntry *entry, GError **error)
{
	const char *address;

	if (!api_known(row, error, "line", "number", "address", "document", "date", "holder",
		    "holder_document", NULL) ||
		!read_number(row, entry, error))
		return FALSE;
	address = api_string(row, "address", 254, error);
	if (address == NULL)
		return FALSE;
	entry->address = register_address(address, error);
	return entry->address != NULL && register_read_authorisation(row, entry, error);
}

/* The same entry twice in one list: nobody knows which of them was meant. */
static gboolean check_twice(GHashTable *seen, const Row *row, GError **error)
{
	char *key = g_strjoin(" ", row->entry.number, row->entry.address, NULL);
	gpointer before = g_hash_table_lookup(seen, key);

	if (before == NULL) {
		g_hash_table_insert(seen, key, GSIZE_TO_POINTER((gsize)row->line));
		return TRUE;
	}
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "%s: stands in line %zu too", key,
		GPOINTER_TO_SIZE(before));
	g_free(key);
	return FALSE;
}

static gboolean read_rows(const json_t *list, RowRead read, GArray *rows, GError **error)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item) {
		json_int_t line = json_integer_value(json_object_get(item, "line"));
		Row row = {.line = line > 0 ? line : (json_int_t)i + 1};
		gboolean done = read(item, &row.entry, error) && check_twice(seen, &row, error);

		g_array_append_val(rows, row);
		if (!done) {
			g_prefix_error(error, "line %" JSON_INTEGER_FORMAT ": ", row.line);
			return FALSE;
		}
	}
	return TRUE;
}

static gboolean change_import(StoreTxn *txn, gpointer data, GError **error)
{
	Import *import = data;

	for (guint i = 0; i < import->rows->len; i++) {
		Row *row = &g_array_index(import->rows, Row, i);
		json_auto_t *after = NULL;

		if (!import->put(txn, &import->hand, &row->entry, &row->outcome, &after, error)) {
			g_prefix_error(error, "line %" JSON_INTEGER_FORMAT ": ", row->line);
			return FALSE;
		}
	}
	import->tried = TRUE;
	if (import->dry_run)
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT, "dry run");
	return !import->dry_run;
}

static json_t *answer(const Import *import)
{
	int counts[] = {0, 0, 0};
	json_t *rows = json_array();

	for (guint i = 0; i < import->rows->len; i++) {
		const Row *row = &g_array_index(import->rows, Row, i);
		json_t *item = json_pack("{s:I, s:s, s:s}", "line", row->line, "number",
			row->entry.number, "outcome", register_outcome_name(row->outcome));

		if (row->entry.address != NULL)
			json_object_set_new(item, "address", json_string(row->entry.address));
		counts[row->outcome]++;
		json_array_append_new(rows, item);
	}
	return json_pack("{s:b, s:i, s:i, s:i, s:o}", "dry_run", import->dry_run, "new",
		counts[REGISTER_NEW], "changed", counts[REGISTER_CHANGED], "same",
		counts[REGISTER_SAME], "rows", rows);
}

static gboolean import_list(
	const ApiRequest *request, RowRead read, RowPut put, ApiResponse *response, GError **error)
{
	const json_t *list = json_object_get(request->body, "rows");
	const json_t *dry_run = json_object_get(request->body, "dry_run");
	g_autoptr(GArray) rows = g_array_new(FALSE, TRUE, sizeof(Row));
	Import import = {{request->actor, request->service->now_s()}, put, rows,
		json_is_true(dry_run), FALSE};
	g_autoptr(GError) local = NULL;

	g_array_set_clear_func(rows, row_clear);
	if (!api_known(request->body, error, "dry_run", "rows", NULL) ||
		!api_rows(request->body, ROWS_MAX, error) || !read_rows(list, read, rows, error))
		return FALSE;
	if (!store_run(request->service->store, change_import, &import, &local) &&
		!(import.dry_run && import.tried)) {
		g_propagate_error(error, g_steal_pointer(&local));
		return FALSE;
	}
	response->json = answer(&import);
	return TRUE;
}

gboolean register_import_expedientes(
	const ApiRequest *request, ApiResponse *response, GError **error)
{
	return import_list(request, read_expediente, register_put_expediente, response, error);
}

gboolean register_import_authorisations(
	const ApiRequest *request, ApiResponse *response, GError **error)
{
	return import_list(
		request, read_authorisation, register_put_authorisation, response, error);
}
