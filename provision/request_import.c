/*
 * request_import.h. Each row is checked as a single form is; what is wrong with a row is shown with
 * its line, and nothing is filed while any row is wrong. Filing is one change. Any thread.
 */
#include "provision/request_import.h"

#include <string.h>

#include "base/error.h"
#include "core/naming.h"
#include "provision/request_form.h"
#include "provision/request_step.h"
#include "provision/row.h"

#define ROWS_MAX 500

typedef struct {
	json_int_t line;
	RequestChange change; /* row NULL: wrong */
	GError *problem;
} Row;

static void row_clear(gpointer data)
{
	Row *row = data;

	json_decref(row->change.row);
	g_clear_error(&row->problem);
}

static gboolean is_twice(const GArray *rows, const json_t *wanted)
{
	for (guint i = 0; i < rows->len; i++) {
		const json_t *other = g_array_index(rows, Row, i).change.row;

		if (other != NULL && request_form_takes_dni(other) &&
			g_strcmp0(row_text(other, "dni"), row_text(wanted, "dni")) == 0)
			return TRUE;
	}
	return FALSE;
}

/* item without its line, which is no member of a form. */
static Row read_row(const ApiRequest *request, const GArray *before, const json_t *item)
{
	json_auto_t *form = json_copy((json_t *)item);
	Row row = {.line = json_integer_value(json_object_get(item, "line")),
		.change = {.request = request}};

	json_object_del(form, "line");
	if (!json_is_object(item))
		api_invalid(&row.problem, "rows", "must be a list of objects");
	else
		row.change.row = request_prepare(request, form, &row.problem);
	if (row.change.row != NULL && request_form_takes_dni(row.change.row) &&
		is_twice(before, row.change.row)) {
		g_clear_pointer(&row.change.row, json_decref);
		api_invalid(&row.problem, "dni", "stands twice in the list");
	}
	return row;
}

/* What filing does, or has done. */
static json_t *show(const Row *row)
{
	const json_t *form = row->change.row;
	json_auto_t *lacks = form != NULL ? request_form_lacks(form) : NULL;
	g_autofree char *name = NULL;

	if (form == NULL)
		return json_pack("{s:I, s:s}", "line", row->line, "problem", row->problem->message);
	if (request_form_takes_dni(form))
		name = naming_candidate(row_text(form, "given_names"),
			row_text(form, "paternal_surname"), row_text(form, "maternal_surname"), 0,
			1, NULL);
	return json_pack("{s:I, s:s?, s:s, s:s, s:s, s:s, s:s?, s:s, s:O, s:n}", "line", row->line,
		"id", row_text(form, "id"), "kind", row_text(form, "kind"), "action",
		row_text(form, "action"), "dni", row_text(form, "dni"), "paternal_surname",
		row_text(form, "paternal_surname"), "name", name, "state",
		json_array_size(lacks) == 0 ? "received" : "observed", "lacks", lacks, "problem");
}

static gboolean file_all(StoreTxn *txn, gpointer data, GError **error)
{
	GArray *rows = data;

	for (guint i = 0; i < rows->len; i++) {
		Row *row = &g_array_index(rows, Row, i);

		if (request_step_file_within(txn, &row->change, error))
			continue;
		g_prefix_error(error, "line %" JSON_INTEGER_FORMAT ": ", row->line);
		return FALSE;
	}
	return TRUE;
}

static gboolean file_rows(const ApiRequest *request, GArray *rows, GError **error)
{
	for (guint i = 0; i < rows->len; i++) {
		const Row *row = &g_array_index(rows, Row, i);

		if (row->problem == NULL)
			continue;
		g_set_error(error, ACUSE_ERROR, row->problem->code,
			"nothing was filed: line %" JSON_INTEGER_FORMAT ": %s", row->line,
			row->problem->message);
		return FALSE;
	}
	return store_run(request->service->store, file_all, rows, error);
}

gboolean request_import(const ApiRequest *request, ApiResponse *response, GError **error)
{
	const json_t *list = json_object_get(request->body, "rows");
	const json_t *apply = json_object_get(request->body, "apply");
	g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(Row));
	json_t *items;

	g_array_set_clear_func(rows, row_clear);
	if (!api_known(request->body, error, "rows", "apply", NULL) ||
		!api_rows(request->body, ROWS_MAX, error))
		return FALSE;
	if (apply != NULL && !json_is_boolean(apply))
		return api_invalid(error, "apply", "must be true or false");
	for (size_t i = 0; i < json_array_size(list); i++) {
		Row row = read_row(request, rows, json_array_get(list, i));

		g_array_append_val(rows, row);
	}
	if (json_is_true(apply) && !file_rows(request, rows, error))
		return FALSE;
	items = json_array();
	for (guint i = 0; i < rows->len; i++)
		json_array_append_new(items, show(&g_array_index(rows, Row, i)));
	response->json =
		json_pack("{s:o, s:b}", "items", items, "applied", (int)json_is_true(apply));
	return TRUE;
}
