/*
 * request_step.h. One active or pending personal account a DNI: TABLE_INDEX "account-dni/DNI" ->
 * request, checked and taken in the same change. Any thread; fails as the store does.
 */
#include "provision/request_step.h"

#include <string.h>

#include "api/record_json.h"
#include "base/error.h"
#include "core/naming.h"
#include "provision/accounts.h"
#include "provision/closed_accounts.h"
#include "provision/outbox.h"
#include "provision/request_answer.h"
#include "provision/request_form.h"
#include "provision/request_orders.h"
#include "provision/row.h"

RequestState request_row_state(const json_t *row)
{
	RequestState state = REQUEST_CANCELLED;

	request_state_parse(row_text(row, "state"), &state);
	return state;
}

/* Names for an office or activity, of which an operator confirms one. */
static json_t *proposals(const json_t *row)
{
	g_auto(GStrv) names = naming_office_proposals(row_text(row, "title"));
	json_t *list = json_array();

	for (char **name = names; *name != NULL; name++)
		json_array_append_new(list, json_string(*name));
	return list;
}

json_t *request_row_show(const json_t *row)
{
	static const char *const optional[] = {"filed_by", "name", "observation", "answer", "phone",
		"tramite", "maternal_surname", "signer", "signature_problem"};
	json_t *shown = json_copy((json_t *)row);

	for (size_t i = 0; i < G_N_ELEMENTS(optional); i++)
		if (json_object_get(shown, optional[i]) == NULL)
			json_object_set_new(shown, optional[i], json_null());
	json_object_del(shown, "scan_optional");
	if (request_form_needs_name(row) && !request_form_by_rule(row))
		json_object_set_new(shown, "proposals", proposals(row));
	json_object_set_new(shown, "lacks",
		request_row_state(row) == REQUEST_OBSERVED ? request_form_lacks(row)
							   : json_array());
	return shown;
}

static const RequestStep *find_step(
	const ApiRequest *request, RequestState state, RequestEvent event, GError **error)
{
	const RequestStep *step = request_step(state, event);

	if (step == NULL)
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT, "the request is %s",
			request_state_name(state));
	else if (((int)request->roles & step->roles) == 0)
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_FORBIDDEN, "not with this role");
	else
		return step;
	return NULL;
}

gboolean request_step_check(
	const ApiRequest *request, const json_t *row, RequestEvent event, GError **error)
{
	return find_step(request, request_row_state(row), event, error) != NULL;
}

/* A unit's head sees what the head has filed. */
static gboolean is_visible(const ApiRequest *request, const json_t *row)
{
	return request->roles != ROLE_HEAD ||
	       g_strcmp0(row_text(row, "filed_by"), request->actor) == 0;
}

static gboolean check_found(const ApiRequest *request, json_t **row, GError **error)
{
	if (*row != NULL && is_visible(request, *row))
		return TRUE;
	g_clear_pointer(row, json_decref);
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND, "no such request");
	return FALSE;
}

json_t *request_row_read(const ApiRequest *request, const char *id, GError **error)
{
	json_t *row;

	if (!row_read(request->service->store, TABLE_REQUESTS, id, &row, error) ||
		!check_found(request, &row, error))
		return NULL;
	return row;
}

static void record_form(Record *record, const json_t *row)
{
	static const char *const personal[] = {
		"given_names", "paternal_surname", "maternal_surname", "dni", "phone"};
	static const char *const plain[] = {"kind", "action", "unit", "document", "reason", "title",
		"until", "date", "account", "scan", "signed_form", "signature", "terms"};

	for (size_t i = 0; i < G_N_ELEMENTS(personal); i++)
		record_add_salted(record, personal[i], row_text(row, personal[i]));
	for (size_t i = 0; i < G_N_ELEMENTS(plain); i++)
		record_add(record, plain[i], row_text(row, plain[i]));
}

/* Who signed the form, and what an amendment brought. */
static void record_brought(Record *record, const json_t *row, const json_t *brings)
{
	const json_t *signer = json_object_get(brings != NULL ? brings : row, "signer");
	const char *name;
	json_t *value;

	record_add(record, "signer", row_text(signer, "uid"));
	record_add(record, "signer_certificate", row_text(signer, "certificate_sha256"));
	json_object_foreach((json_t *)brings, name, value)
		record_add(record, name, json_string_value(value));
}

static gboolean append_record(
	StoreTxn *txn, const RequestChange *change, const char *type, GError **error)
{
	gboolean filed = change->event == REQUEST_FILE || change->event == REQUEST_FILE_LACKING;
	g_autoptr(Record) record =
		record_new(type, row_text(change->row, "id"), change->request->service->now_s());

	if (filed)
		record_form(record, change->row);
	record_add(record, "tramite", filed ? row_text(change->row, "tramite") : NULL);
	if (filed || change->brings != NULL)
		record_brought(record, change->row, change->brings);
	record_add(record, "reasons", change->reasons);
	record_add(record, "receipt", change->receipt);
	record_add(record, "uid", row_text(change->row, "uid"));
	record_add(record, "actor", change->request->actor);
	return store_append(txn, record, NULL, error);
}

/* Whether the DNI is free, by the index. */
static gboolean check_dni_free(StoreTxn *txn, const json_t *row, GError **error)
{
	g_autofree char *key = account_dni_key(row_text(row, "dni"));
	g_autofree char *holder = NULL;

	if (!request_form_takes_dni(row))
		return TRUE;
	if (!row_load_text(txn, TABLE_INDEX, key, &holder, error))
		return FALSE;
	return holder == NULL || account_dni_conflict(error);
}

gboolean request_step_file_within(StoreTxn *txn, RequestChange *change, GError **error)
{
	g_autofree char *time = time_to_rfc3339(change->request->service->now_s());
	g_autofree char *id = NULL;
	json_auto_t *lacks = request_form_lacks(change->row);
	const RequestStep *step;
	guint64 number;

	change->event = json_array_size(lacks) == 0 ? REQUEST_FILE : REQUEST_FILE_LACKING;
	step = find_step(change->request, REQUEST_NEW, change->event, error);
	if (step == NULL || !check_dni_free(txn, change->row, error) ||
		!store_next(txn, "request", &number, error))
		return FALSE;
	id = g_strdup_printf("%08" G_GUINT64_FORMAT, number);
	json_object_set_new(change->row, "id", json_string(id));
	json_object_set_new(change->row, "state", json_string(request_state_name(step->next)));
	json_object_set_new(change->row, "uid", json_null());
	json_object_set_new(change->row, "reasons", json_null());
	json_object_set_new(change->row, "time", json_string(time));
	json_object_set_new(change->row, "filed_by", json_string(change->request->actor));
	return append_record(txn, change, step->record, error) &&
	       request_answer(txn, change, error) &&
	       row_save(txn, TABLE_REQUESTS, id, change->row, error);
}

static gboolean file_change(StoreTxn *txn, gpointer data, GError **error)
{
	return request_step_file_within(txn, data, error);
}

static gboolean queue(
	StoreTxn *txn, RequestChange *change, const char *kind, json_t *body, GError **error)
{
	gboolean ok = outbox_add(txn, kind, body, &change->number, error);

	json_decref(body);
	return ok;
}

static gboolean take_dni(StoreTxn *txn, RequestChange *change, GError **error)
{
	g_autofree char *key = account_dni_key(row_text(change->row, "dni"));

	return !request_form_takes_dni(change->row) ||
	       (check_dni_free(txn, change->row, error) &&
		       store_put(txn, TABLE_INDEX, key, change->id, error));
}

static gboolean queue_creation(StoreTxn *txn, RequestChange *change, GError **error)
{
	const json_t *row = change->row;
	const char *name = row_text(row, "name");
	g_autofree char *form = name != NULL
					? g_strdup(name)
					: naming_candidate(row_text(row, "given_names"),
						  row_text(row, "paternal_surname"),
						  row_text(row, "maternal_surname"), 0, 1, NULL);

	/* The form: who is approved first has the first name of it. */
	return take_dni(txn, change, error) &&
	       queue(txn, change, "account.create",
		       json_pack("{s:s, s:s?}", "request", change->id, "form", form), error);
}

/* An account that is still being made is closed by its creation (account_creation.c). */
static gboolean queue_closing(StoreTxn *txn, RequestChange *change, GError **error)
{
	g_autofree char *key = account_dni_key(row_text(change->row, "dni"));
	const char *uid = row_text(change->row, "uid");

	/* One that was there before the request stays. */
	if (!request_form_is(change->row, "create"))
		return TRUE;
	return (!request_form_takes_dni(change->row) ||
		       store_delete(txn, TABLE_INDEX, key, error)) &&
	       (uid == NULL || (account_set_closed(txn, uid, TRUE, error) &&
				       queue(txn, change, "account.cease",
					       json_pack("{s:s}", "uid", uid), error)));
}

/* The password that others know opens no mail while its owner waits for another. */
static gboolean queue_exposed(StoreTxn *txn, RequestChange *change, GError **error)
{
	return strcmp(row_text(change->row, "reason"), "exposed-password") != 0 ||
	       queue(txn, change, "account.force", json_pack("{s:s}", "uid", change->uid), error);
}

static void set_text(json_t *row, const char *member, const char *text)
{
	if (text != NULL)
		json_object_set_new(row, member, json_string(text));
}

/* What the step brings goes into the row. */
static void apply(RequestChange *change)
{
	json_auto_t *lacks = NULL;

	if (change->event == REQUEST_OBSERVE)
		set_text(change->row, "observation", change->reasons);
	else
		set_text(change->row, "reasons", change->reasons);
	if (change->event != REQUEST_AMEND)
		return;
	json_object_del(change->row, "signature_problem");
	json_object_update(change->row, (json_t *)change->brings);
	/* Another form takes the signature of the one before with it. */
	if (row_text(change->brings, "signed_form") != NULL &&
		json_object_get(change->brings, "signer") == NULL)
		json_object_del(change->row, "signer");
	if (row_text(change->brings, "answer") != NULL)
		json_object_set_new(change->row, "observation", json_null());
	lacks = request_form_lacks(change->row);
	if (json_array_size(lacks) == 0)
		change->event = REQUEST_COMPLETE;
}

static gboolean carry_out(StoreTxn *txn, RequestChange *change, int effects, GError **error)
{
	if ((effects & REQUEST_EFFECT_CREATE) != 0 && !queue_creation(txn, change, error))
		return FALSE;
	if (change->uid != NULL)
		set_text(change->row, "uid", change->uid);
	if ((effects & REQUEST_EFFECT_EXPOSED) != 0 && !queue_exposed(txn, change, error))
		return FALSE;
	if ((effects & REQUEST_EFFECT_ORDER) != 0 && !request_order(txn, change, error))
		return FALSE;
	return (effects & REQUEST_EFFECT_CLOSE) == 0 || queue_closing(txn, change, error);
}

static gboolean step_change(StoreTxn *txn, gpointer data, GError **error)
{
	RequestChange *change = data;
	const RequestEvent asked = change->event;
	const RequestStep *step;
	gboolean ok;

	json_decref(change->row); /* of a run of the change that was taken back */
	if (!row_load(txn, TABLE_REQUESTS, change->id, &change->row, error) ||
		!check_found(change->request, &change->row, error))
		return FALSE;
	apply(change);
	step = find_step(change->request, request_row_state(change->row), change->event, error);
	ok = step != NULL && carry_out(txn, change, step->effects, error);
	if (ok) {
		json_object_set_new(
			change->row, "state", json_string(request_state_name(step->next)));
		ok = append_record(txn, change, step->record, error) &&
		     request_answer(txn, change, error) &&
		     row_save(txn, TABLE_REQUESTS, change->id, change->row, error);
	}
	change->event = asked;
	return ok;
}

static gboolean run(RequestChange *change, StoreChange function, GError **error)
{
	if (store_run(change->request->service->store, function, change, error))
		return TRUE;
	g_clear_pointer(&change->row, json_decref);
	return FALSE;
}

gboolean request_step_file(RequestChange *change, GError **error)
{
	return run(change, file_change, error);
}

gboolean request_step_take(RequestChange *change, GError **error)
{
	return run(change, step_change, error);
}
