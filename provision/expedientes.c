/*
 * Expedientes that the case-file system registers, and the citizens' written authorisations to be
 * notified by e-mail (TUO Ley 27444, art. 20.4): the address alone is none, so document, date and
 * holder are kept. TABLE_EXPEDIENTES, number ->
 * {"number","subject","matter","time","authorisations":{ADDRESS:{"document","date","holder","time"}}};
 * the history stands in the ledger. Repeating a call with the same values changes nothing. Fails
 * with INVALID, NOT_FOUND, or as the store does.
 */

#include "api/record_json.h"
#include "base/error.h"
#include "provision/row.h"
#include "provision/service.h"

#define SUBJECT_CHARS_MAX 500
#define MATTER_CHARS_MAX 200
#define DOCUMENT_CHARS_MAX 200
#define HOLDER_CHARS_MAX 200

typedef struct {
	const ApiRequest *request;
	const char *number, *subject, *matter;
	const char *address, *document, *date, *holder;
	json_t *result; /* the expediente as it is now */
} Change;

static gboolean check_number(const char *number, GError **error)
{
	if (g_regex_match_simple("^[0-9]{4}-[0-9]{3,9}\\z", number, 0, 0))
		return TRUE;
	return api_invalid(error, "number", "must be YEAR-NUMBER, as 2026-000123");
}

static gboolean not_registered(const char *number, GError **error)
{
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND, "expediente %s is not registered",
		number);
	return FALSE;
}

static gboolean has_value(const json_t *object, const char *name, const char *value)
{
	return g_strcmp0(row_text(object, name), value) == 0;
}

static gboolean register_change(StoreTxn *txn, gpointer data, GError **error)
{
	Change *change = data;
	gint64 now_s = change->request->service->now_s();
	g_autofree char *time = time_to_rfc3339(now_s);
	g_autoptr(Record) record = NULL;

	if (!row_load(txn, TABLE_EXPEDIENTES, change->number, &change->result, error))
		return FALSE;
	if (change->result != NULL && has_value(change->result, "subject", change->subject) &&
		has_value(change->result, "matter", change->matter))
		return TRUE;
	if (change->result == NULL)
		change->result = json_pack("{s:s, s:s, s:{}}", "number", change->number, "time",
			time, "authorisations");
	json_object_set_new(change->result, "subject", json_string(change->subject));
	json_object_set_new(change->result, "matter", json_pack("s?", change->matter));
	record = record_new("expediente.registered", change->number, now_s);
	record_add_salted(record, "subject", change->subject);
	record_add(record, "matter", change->matter);
	record_add(record, "actor", change->request->actor);
	return row_save(txn, TABLE_EXPEDIENTES, change->number, change->result, error) &&
	       store_append(txn, record, NULL, error);
}

static gboolean authorise_change(StoreTxn *txn, gpointer data, GError **error)
{
	Change *change = data;
	gint64 now_s = change->request->service->now_s();
	g_autofree char *time = time_to_rfc3339(now_s);
	g_autoptr(Record) record = NULL;
	json_t *known, *authorisations;

	if (!row_load(txn, TABLE_EXPEDIENTES, change->number, &change->result, error))
		return FALSE;
	if (change->result == NULL)
		return not_registered(change->number, error);
	authorisations = json_object_get(change->result, "authorisations");
	known = json_object_get(authorisations, change->address);
	if (known != NULL && has_value(known, "document", change->document) &&
		has_value(known, "date", change->date) &&
		has_value(known, "holder", change->holder))
		return TRUE;
	json_object_set_new(authorisations, change->address,
		json_pack("{s:s, s:s, s:s, s:s}", "document", change->document, "date",
			change->date, "holder", change->holder, "time", time));
	record = record_new("expediente.authorised", change->number, now_s);
	record_add_salted(record, "address", change->address);
	record_add_salted(record, "holder", change->holder);
	record_add(record, "document", change->document);
	record_add(record, "date", change->date);
	record_add(record, "actor", change->request->actor);
	return row_save(txn, TABLE_EXPEDIENTES, change->number, change->result, error) &&
	       store_append(txn, record, NULL, error);
}

static gboolean run(Change *change, StoreChange function, ApiResponse *response, GError **error)
{
	if (!store_run(change->request->service->store, function, change, error)) {
		json_decref(change->result);
		return FALSE;
	}
	response->json = change->result;
	return TRUE;
}

static gboolean put_expediente(const ApiRequest *request, ApiResponse *response, GError **error)
{
	Change change = {.request = request, .number = request->arguments[0]};

	if (!check_number(change.number, error) ||
		!api_known(request->body, error, "subject", "matter", NULL))
		return FALSE;
	change.subject = api_string(request->body, "subject", SUBJECT_CHARS_MAX, error);
	if (change.subject == NULL || !api_string_optional(request->body, "matter",
					      MATTER_CHARS_MAX, &change.matter, error))
		return FALSE;
	return run(&change, register_change, response, error);
}

static gboolean put_authorisation(const ApiRequest *request, ApiResponse *response, GError **error)
{
	Change change = {.request = request, .number = request->arguments[0]};
	g_autofree char *address = NULL;

	if (!check_number(change.number, error) ||
		!api_known(request->body, error, "document", "date", "holder", NULL))
		return FALSE;
	change.address = address = api_address(request->arguments[1], "address", error);
	if (address == NULL)
		return FALSE;
	change.document = api_string(request->body, "document", DOCUMENT_CHARS_MAX, error);
	if (change.document == NULL)
		return FALSE;
	change.date = api_string(request->body, "date", 10, error);
	if (change.date == NULL || !api_date(change.date, error))
		return FALSE;
	change.holder = api_string(request->body, "holder", HOLDER_CHARS_MAX, error);
	return change.holder != NULL && run(&change, authorise_change, response, error);
}

static gboolean get_expediente(const ApiRequest *request, ApiResponse *response, GError **error)
{
	const char *number = request->arguments[0];

	if (!check_number(number, error) || !row_read(request->service->store, TABLE_EXPEDIENTES,
						    number, &response->json, error))
		return FALSE;
	return response->json != NULL || not_registered(number, error);
}

const Route routes_expedientes[] = {
	{"PUT", "/v1/expedientes/{number}", ROLE_TRAMITE | ROLE_OTIC, FALSE, put_expediente},
	{"GET", "/v1/expedientes/{number}", ROLE_TRAMITE | ROLE_OTIC | ROLE_AUDITOR, FALSE,
		get_expediente},
	{"PUT", "/v1/expedientes/{number}/authorisations/{address}", ROLE_TRAMITE | ROLE_OTIC,
		FALSE, put_authorisation},
	{NULL, NULL, 0, FALSE, NULL},
};
