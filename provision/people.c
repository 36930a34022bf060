/*
 * Cessation (A9, DI-002 art. 2.6 and 7.3): by DNI, at once. Record, outbox entry and the end of the
 * person's tokens are one change; the directory follows within the call when slapd answers, and
 * from the outbox when it does not. A day to come is not built. Any thread.
 */
#include <string.h>

#include "base/error.h"
#include "directory/change.h"
#include "provision/accounts.h"
#include "provision/outbox.h"
#include "provision/row.h"
#include "provision/tokens.h"

typedef struct {
	const ApiRequest *request;
	const char *dni, *document, *date;
	const char *uid, *mail;
	guint64 number;
} Change;

static gboolean read_date(Change *change, GError **error)
{
	g_autofree char *now = service_today(change->request->service);

	if (!api_string_optional(change->request->body, "date", 10, &change->date, error))
		return FALSE;
	if (change->date == NULL)
		return TRUE;
	if (!api_date(change->date, error))
		return FALSE;
	if (strcmp(change->date, now) <= 0)
		return TRUE;
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NOT_BUILT,
		"date: a cessation on a day to come is not part of this version; repeat the call "
		"on that day");
	return FALSE;
}

/* By the requests, which need no directory: the uid of the account that the DNI holds; NULL without
 * error: none. */
static char *uid_by_requests(Service *service, const char *dni, GError **error)
{
	g_autofree char *key = account_dni_key(dni);
	g_autofree char *id = store_get(service->store, TABLE_INDEX, key, error);
	json_t *row;
	char *uid;

	if (id == NULL || !row_read(service->store, TABLE_REQUESTS, id, &row, error))
		return NULL;
	uid = g_strdup(row_text(row, "uid"));
	if (row != NULL && uid == NULL)
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE,
			"the account is still being made");
	json_decref(row);
	return uid;
}

static char *find_uid(Service *service, const char *dni, GError **error)
{
	GError *failure = NULL;
	char *uid = uid_by_requests(service, dni, &failure);

	if (uid == NULL && failure == NULL) {
		g_autoptr(Directory) directory = directory_new(service->settings);
		g_autoptr(Account) account = directory_get_by_dni(directory, dni, &failure);

		uid = account != NULL ? g_strdup(account->uid) : NULL;
	}
	if (failure != NULL)
		g_propagate_error(error, failure);
	else if (uid == NULL)
		g_set_error(
			error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND, "no active account of that DNI");
	return uid;
}

static gboolean cease_change(StoreTxn *txn, gpointer data, GError **error)
{
	Change *change = data;
	g_autoptr(Record) record =
		record_new("account.ceased", change->uid, change->request->service->now_s());
	g_autofree char *key = account_dni_key(change->dni);
	json_t *body = json_pack("{s:s}", "uid", change->uid);
	gboolean ok;

	record_add_salted(record, "dni", change->dni);
	record_add(record, "document", change->document);
	record_add(record, "date", change->date);
	record_add(record, "actor", change->request->actor);
	ok = store_append(txn, record, NULL, error) && store_delete(txn, TABLE_INDEX, key, error) &&
	     tokens_cease_mailbox(txn, change->mail, error) && tokens_queue_bindings(txn, error) &&
	     outbox_add(txn, "account.cease", body, &change->number, error);
	json_decref(body);
	return ok;
}

static gboolean cease(const ApiRequest *request, ApiResponse *response, GError **error)
{
	Change change = {.request = request};
	g_autofree char *dni = NULL;
	g_autofree char *uid = NULL;
	g_autofree char *mail = NULL;

	if (!api_known(request->body, error, "document", "date", NULL))
		return FALSE;
	change.document = api_string(request->body, "document", ACCOUNT_DOCUMENT_MAX, error);
	if (change.document == NULL || !read_date(&change, error))
		return FALSE;
	change.dni = dni = account_dni_read(request->arguments[0], error);
	if (dni == NULL)
		return FALSE;
	change.uid = uid = find_uid(request->service, change.dni, error);
	if (uid == NULL)
		return FALSE;
	change.mail = mail = account_mail(request->service, uid);
	if (!store_run(request->service->store, cease_change, &change, error))
		return FALSE;
	response->json = json_pack("{s:s, s:s}", "uid", uid, "state", "ceased");
	/* Ordered and on record, but slapd does not answer: it is told. */
	if (!outbox_wait(request->service->outbox, change.number, ACCOUNT_WAIT_MS)) {
		response->status = 202;
		json_object_set_new(response->json, "pending", json_true());
	}
	return TRUE;
}

gboolean account_cease(Service *service, const json_t *body, GError **error)
{
	g_autoptr(Directory) directory = directory_new(service->settings);

	return directory_set_state(
		directory, json_string_value(json_object_get(body, "uid")), ACCOUNT_CEASED, error);
}

static gboolean rotate(const ApiRequest *request, ApiResponse *response, GError **error)
{
	(void)request;
	(void)response;
	g_set_error(
		error, ACUSE_ERROR, ACUSE_ERROR_NOT_BUILT, "rotation is not part of this version");
	return FALSE;
}

const Route routes_people[] = {
	{"POST", "/v1/people/{dni}/cease", ROLE_HR | ROLE_OTIC, FALSE, cease},
	{"POST", "/v1/people/{dni}/rotate", ROLE_HR | ROLE_OTIC, FALSE, rotate},
	{NULL, NULL, 0, FALSE, NULL},
};
