/*
 * The dated list of HR (A9): cessations and rotations, many at once. First it is shown, with names
 * and effects; nothing is done unless the caller says so and every row can be. Any thread.
 */
#include <string.h>

#include "base/error.h"
#include "core/calendar.h"
#include "provision/due.h"
#include "provision/people.h"
#include "provision/row.h"

#define ROWS_MAX 1000

/* One row of the list, as it was understood. */
typedef struct {
	PersonAct act;
	gboolean rotate;
	char *dni, *uid, *post, *unit;
	Account *known; /* NULL: a problem */
	GError *problem;
} Row;

static void row_free(gpointer data)
{
	Row *row = data;

	g_free(row->dni);
	g_free(row->uid);
	g_free(row->post);
	g_free(row->unit);
	account_free(row->known);
	g_clear_error(&row->problem);
	g_free(row);
}

static gboolean read_texts(Row *row, const json_t *item, GError **error)
{
	const char *post, *unit;

	if (!api_string_optional(item, "post", ACCOUNT_NAME_MAX, &post, error) ||
		!api_string_optional(item, "unit", ACCOUNT_NAME_MAX, &unit, error))
		return FALSE;
	row->act.post = row->post = post != NULL ? account_text_tidy(post) : NULL;
	row->act.unit = row->unit = unit != NULL ? account_text_tidy(unit) : NULL;
	if (row->rotate && (row->post == NULL || row->unit == NULL))
		return api_invalid(error, row->post == NULL ? "post" : "unit", "is missing");
	return TRUE;
}

static gboolean read_item(Row *row, const json_t *item, GError **error)
{
	const char *action, *dni;

	if (!json_is_object(item))
		return api_invalid(error, "rows", "must be a list of objects");
	if (!api_known(item, error, "dni", "action", "date", "post", "unit", NULL))
		return FALSE;
	action = api_string(item, "action", 16, error);
	if (action == NULL)
		return FALSE;
	row->rotate = strcmp(action, "rotate") == 0;
	if (!row->rotate && strcmp(action, "cease") != 0)
		return api_invalid(error, "action", "must be cease or rotate");
	dni = api_string(item, "dni", 16, error);
	if (dni == NULL)
		return FALSE;
	row->act.dni = row->dni = account_dni_read(dni, error);
	return row->dni != NULL && people_read_date(item, "date", &row->act.date, error) &&
	       read_texts(row, item, error);
}

static gboolean is_twice(const GPtrArray *rows, const Row *wanted)
{
	for (guint i = 0; i < rows->len; i++) {
		const Row *row = rows->pdata[i];

		if (row != wanted && g_strcmp0(row->dni, wanted->dni) == 0)
			return TRUE;
	}
	return FALSE;
}

/* What is wrong with a row stays with the row: the others are shown all the same. */
static GPtrArray *read_rows(const ApiRequest *request, const char *document)
{
	const json_t *list = json_object_get(request->body, "rows");
	GPtrArray *rows = g_ptr_array_new_with_free_func(row_free);

	for (size_t i = 0; i < json_array_size(list); i++) {
		Row *row = g_new0(Row, 1);

		row->act.service = request->service;
		row->act.actor = request->actor;
		row->act.document = document;
		g_ptr_array_add(rows, row);
		if (!read_item(row, json_array_get(list, i), &row->problem))
			continue;
		row->act.uid = row->uid =
			people_find_uid(request->service, row->dni, &row->problem);
		if (row->uid != NULL)
			row->act.known = row->known =
				account_get(request->service, row->uid, &row->problem);
	}
	for (guint i = 0; i < rows->len; i++) {
		Row *row = rows->pdata[i];

		if (row->problem == NULL && is_twice(rows, row))
			api_invalid(&row->problem, "dni", "stands twice in the list");
	}
	return rows;
}

/* Words for what the row does, in the order in which it does it. */
static json_t *effects_of(const Row *row, const Account *account)
{
	g_autofree char *today = service_today(row->act.service);
	gboolean to_come = row->act.date != NULL && strcmp(row->act.date, today) > 0;
	json_t *effects = json_array();
	g_autofree char *change = NULL;

	if (to_come)
		json_array_append_new(effects, json_string("on-the-date"));
	if (!row->rotate) {
		static const char *const ends[] = {
			"login", "sessions", "sending", "offices", "tokens"};

		for (size_t i = 0; i < G_N_ELEMENTS(ends); i++)
			json_array_append_new(effects, json_string(ends[i]));
		return effects;
	}
	change = g_strdup_printf("%s, %s -> %s, %s",
		account != NULL && account->post != NULL ? account->post : "-",
		account != NULL && account->unit != NULL ? account->unit : "-", row->post,
		row->unit);
	json_array_append_new(effects, json_string(change));
	return effects;
}

static json_t *show(const Row *row)
{
	const Account *account = row->known;
	guint days = people_delay_days(row->act.service, row->act.date);

	return json_pack("{s:s?, s:s, s:s?, s:s?, s:s?, s:o, s:i, s:b, s:s?}", "dni", row->dni,
		"action", row->rotate ? "rotate" : "cease", "date", row->act.date, "uid", row->uid,
		"display_name", account != NULL ? account->display_name : NULL, "effects",
		effects_of(row, account), "business_days", (int)days, "late",
		days > PEOPLE_WORKING_DAYS_TO_REPORT, "problem",
		row->problem != NULL ? row->problem->message : NULL);
}

/* The first row that cannot be done, counted from 1, which the clerk has to find in a long list;
 * its DNI would get into the log by the error. */
static gboolean find_problem(const GPtrArray *rows, GError **error)
{
	for (guint i = 0; i < rows->len; i++) {
		const Row *row = rows->pdata[i];

		if (row->problem == NULL)
			continue;
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT,
			"nothing was done: row %u: %s", i + 1, row->problem->message);
		return TRUE;
	}
	return FALSE;
}

static gboolean act_change(StoreTxn *txn, gpointer data, GError **error)
{
	const GPtrArray *rows = data;

	for (guint i = 0; i < rows->len; i++) {
		Row *row = rows->pdata[i];

		if (!(row->rotate ? people_rotate_within : people_cease_within)(
			    txn, &row->act, error)) {
			g_prefix_error(error, "nothing was done: %s: ", row->uid);
			return FALSE;
		}
	}
	return TRUE;
}

static gboolean act_on(Service *service, GPtrArray *rows, GError **error)
{
	return !find_problem(rows, error) && store_run(service->store, act_change, rows, error);
}

gboolean people_report(const ApiRequest *request, ApiResponse *response, GError **error)
{
	const json_t *list = json_object_get(request->body, "rows");
	const json_t *apply = json_object_get(request->body, "apply");
	const char *document;
	g_autoptr(GPtrArray) rows = NULL;
	json_t *items;

	if (!api_known(request->body, error, "document", "rows", "apply", NULL))
		return FALSE;
	document = api_string(request->body, "document", ACCOUNT_DOCUMENT_MAX, error);
	if (document == NULL)
		return FALSE;
	if (!json_is_array(list) || json_array_size(list) < 1 || json_array_size(list) > ROWS_MAX)
		return api_invalid(error, "rows", "must be a list of 1 to 1000");
	if (apply != NULL && !json_is_boolean(apply))
		return api_invalid(error, "apply", "must be true or false");
	rows = read_rows(request, document);
	if (json_is_true(apply) && !act_on(request->service, rows, error))
		return FALSE;
	items = json_array();
	for (guint i = 0; i < rows->len; i++)
		json_array_append_new(items, show(rows->pdata[i]));
	response->json =
		json_pack("{s:o, s:b}", "items", items, "applied", (int)json_is_true(apply));
	return TRUE;
}
