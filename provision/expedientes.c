/*
 * The routes of the register (register.h): one expediente, its authorisations and their withdrawal,
 * the list. Repeating a call with the same values changes nothing. Fails with INVALID, NOT_FOUND,
 * CONFLICT, or as the store does. Any thread.
 */
#include "base/error.h"
#include "provision/list.h"
#include "provision/register.h"
#include "provision/row.h"

typedef gboolean (*RegisterPut)(StoreTxn *txn, const RegisterHand *hand, const RegisterEntry *entry,
	RegisterOutcome *outcome, json_t **row, GError **error);

typedef struct {
	RegisterHand hand;
	RegisterPut put;
	const RegisterEntry *entry;
	json_t *row;
} Change;

static gboolean change_register(StoreTxn *txn, gpointer data, GError **error)
{
	Change *change = data;
	RegisterOutcome outcome;

	return change->put(txn, &change->hand, change->entry, &outcome, &change->row, error);
}

static gboolean run(const ApiRequest *request, RegisterPut put, const RegisterEntry *entry,
	ApiResponse *response, GError **error)
{
	Change change = {{request->actor, request->service->now_s()}, put, entry, NULL};

	if (!store_run(request->service->store, change_register, &change, error)) {
		json_decref(change.row);
		return FALSE;
	}
	response->json = change.row;
	return TRUE;
}

static gboolean put_expediente(const ApiRequest *request, ApiResponse *response, GError **error)
{
	RegisterEntry entry = {.number = request->arguments[0]};

	return register_check_number(entry.number, error) &&
	       api_known(request->body, error, "subject", "matter", NULL) &&
	       register_read_expediente(request->body, &entry, error) &&
	       run(request, register_put_expediente, &entry, response, error);
}

/* Number and address of the path. */
static gboolean read_path(const ApiRequest *request, RegisterEntry *entry, GError **error)
{
	entry->number = request->arguments[0];
	if (!register_check_number(entry->number, error))
		return FALSE;
	entry->address = register_address(request->arguments[1], error);
	return entry->address != NULL;
}

static gboolean put_authorisation(const ApiRequest *request, ApiResponse *response, GError **error)
{
	g_auto(RegisterEntry) entry = {0};

	return read_path(request, &entry, error) &&
	       api_known(request->body, error, "document", "date", "holder", "holder_document",
		       NULL) &&
	       register_read_authorisation(request->body, &entry, error) &&
	       run(request, register_put_authorisation, &entry, response, error);
}

static gboolean withdraw_authorisation(
	const ApiRequest *request, ApiResponse *response, GError **error)
{
	g_auto(RegisterEntry) entry = {0};

	return read_path(request, &entry, error) &&
	       api_known(request->body, error, "document", "date", NULL) &&
	       register_read_withdrawal(request->body, &entry, error) &&
	       run(request, register_withdraw, &entry, response, error);
}

static gboolean get_expediente(const ApiRequest *request, ApiResponse *response, GError **error)
{
	const char *number = request->arguments[0];

	if (!register_check_number(number, error) ||
		!row_read(
			request->service->store, TABLE_EXPEDIENTES, number, &response->json, error))
		return FALSE;
	if (response->json == NULL)
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND,
			"expediente %s is not registered", number);
	return response->json != NULL;
}

/* The list tells how many authorisations there are, not whose: that is asked one by one. */
static json_t *show(const char *key, const char *value, gpointer data, GError **error)
{
	json_auto_t *row = row_parse(value, error);

	(void)data;
	if (row == NULL)
		return NULL;
	return json_pack("{s:s, s:s?, s:s?, s:s?, s:i}", "number", key, "subject",
		row_text(row, "subject"), "matter", row_text(row, "matter"), "time",
		row_text(row, "time"), "authorisations",
		(int)json_object_size(json_object_get(row, "authorisations")));
}

static gboolean list_expedientes(const ApiRequest *request, ApiResponse *response, GError **error)
{
	const List list = {TABLE_EXPEDIENTES, "", FALSE, show, NULL};

	return list_answer(request, &list, response, error);
}

#define WRITERS (ROLE_TRAMITE | ROLE_OTIC)
#define READERS (ROLE_TRAMITE | ROLE_OTIC | ROLE_AUDITOR)

const Route routes_expedientes[] = {
	{"GET", "/v1/expedientes", READERS, FALSE, list_expedientes},
	{"POST", "/v1/expedientes/import", WRITERS, FALSE, register_import_expedientes},
	{"POST", "/v1/expedientes/import-authorisations", WRITERS, FALSE,
		register_import_authorisations},
	{"PUT", "/v1/expedientes/{number}", WRITERS, FALSE, put_expediente},
	{"GET", "/v1/expedientes/{number}", READERS, FALSE, get_expediente},
	{"PUT", "/v1/expedientes/{number}/authorisations/{address}", WRITERS, FALSE,
		put_authorisation},
	{"POST", "/v1/expedientes/{number}/authorisations/{address}/withdraw", WRITERS, FALSE,
		withdraw_authorisation},
	{NULL, NULL, 0, FALSE, NULL},
};
