/*
 * Passwords by the IT office (A11, DI-002 art. 8.3, 8.7): a new first password, one that replaces
 * an exposed one and ends open sessions, and the change forced on one person or on all. What is
 * recorded comes first: an act without a record must not be. Passwords are shown once and never
 * kept. Any thread.
 */
#include <string.h>

#include "base/error.h"
#include "directory/change.h"
#include "provision/account_life.h"
#include "provision/accounts.h"
#include "provision/outbox.h"
#include "provision/row.h"

typedef struct {
	const ApiRequest *request;
	const char *reason;
	const GPtrArray *accounts; /* Account * */
	const AccountStep *step;
	const char *uid; /* whose sessions end */
	guint64 number;
} Change;

/* An active account of a person, or NULL with CONFLICT, NOT_FOUND, UNAVAILABLE. */
static Account *find_account(
	Directory *directory, const char *uid, AccountEvent event, GError **error)
{
	g_autoptr(Account) account = directory_get(directory, uid, error);

	if (account == NULL)
		return NULL;
	if (account->kind != ACCOUNT_OFFICE && account_step(account->state, event) != NULL)
		return g_steal_pointer(&account);
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT, "%s is no active account of a person",
		account->uid);
	return NULL;
}

static const char *read_reason(const ApiRequest *request, GError **error)
{
	return api_string(request->body, "reason", ACCOUNT_DOCUMENT_MAX, error);
}

static gboolean queue_sessions(StoreTxn *txn, gpointer data, GError **error)
{
	Change *change = data;
	json_auto_t *body = json_pack("{s:s}", "uid", change->uid);

	return outbox_add(txn, "account.sessions", body, &change->number, error);
}

/* The old password opens nothing now: what it had opened ends. */
void passwords_end_sessions(const ApiRequest *request, const char *uid, ApiResponse *response)
{
	Change change = {.request = request, .uid = uid};
	/* The password is changed: it must be shown, whatever becomes of the sessions. */
	gboolean ended = store_run(request->service->store, queue_sessions, &change, NULL) &&
			 outbox_wait(request->service->outbox, change.number, ACCOUNT_WAIT_MS);

	json_object_set_new(response->json, "sessions_ended", json_boolean(ended));
}

gboolean passwords_reset(const ApiRequest *request, ApiResponse *response, GError **error)
{
	g_autoptr(Directory) directory = directory_new(request->service->settings);
	const json_t *exposed = json_object_get(request->body, "exposed");
	AccountEvent event = json_is_true(exposed) ? ACCOUNT_EXPOSE : ACCOUNT_RESET;
	g_autoptr(Account) account = NULL;
	g_autofree char *password = NULL;
	const char *reason;
	gboolean done;

	if (!api_known(request->body, error, "reason", "exposed", NULL))
		return FALSE;
	reason = read_reason(request, error);
	if (reason == NULL)
		return FALSE;
	if (exposed != NULL && !json_is_boolean(exposed))
		return api_invalid(error, "exposed", "must be true or false");
	account = find_account(directory, request->arguments[0], event, error);
	if (account == NULL || !account_record_password(request, account->uid, reason, error))
		return FALSE;
	password = account_password_new();
	done = directory_set_first_password(directory, account->uid, password, error);
	if (done) {
		response->json = json_pack("{s:s, s:s}", "uid", account->uid, "password", password);
		response->secret = TRUE;
	}
	explicit_bzero(password, strlen(password));
	if (done && event == ACCOUNT_EXPOSE)
		passwords_end_sessions(request, account->uid, response);
	return done;
}

static gboolean force_change(StoreTxn *txn, gpointer data, GError **error)
{
	Change *change = data;

	for (guint i = 0; i < change->accounts->len; i++) {
		const Account *account = change->accounts->pdata[i];
		g_autoptr(Record) record = record_new(
			change->step->record, account->uid, change->request->service->now_s());
		json_auto_t *body = json_pack("{s:s}", "uid", account->uid);

		record_add(record, "reason", change->reason);
		record_add(record, "actor", change->request->actor);
		if (!store_append(txn, record, NULL, error) ||
			!outbox_add(txn, "account.force", body, &change->number, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean force(const ApiRequest *request, const char *reason, const GPtrArray *accounts,
	ApiResponse *response, GError **error)
{
	Change change = {.request = request,
		.reason = reason,
		.accounts = accounts,
		.step = account_step(ACCOUNT_ACTIVE, ACCOUNT_FORCE)};

	if (accounts->len > 0 && !store_run(request->service->store, force_change, &change, error))
		return FALSE;
	response->json = json_pack("{s:i}", "accounts", (int)accounts->len);
	if (accounts->len > 0 &&
		!outbox_wait(request->service->outbox, change.number, ACCOUNT_WAIT_MS)) {
		response->status = 202;
		json_object_set_new(response->json, "pending", json_true());
	}
	return TRUE;
}

gboolean passwords_force(const ApiRequest *request, ApiResponse *response, GError **error)
{
	g_autoptr(Directory) directory = directory_new(request->service->settings);
	g_autoptr(GPtrArray) accounts =
		g_ptr_array_new_with_free_func((GDestroyNotify)account_free);
	const char *reason;
	Account *account;

	if (!api_known(request->body, error, "reason", NULL))
		return FALSE;
	reason = read_reason(request, error);
	if (reason == NULL)
		return FALSE;
	account = find_account(directory, request->arguments[0], ACCOUNT_FORCE, error);
	if (account == NULL)
		return FALSE;
	g_ptr_array_add(accounts, account);
	return force(request, reason, accounts, response, error);
}

gboolean passwords_force_all(const ApiRequest *request, ApiResponse *response, GError **error)
{
	g_autoptr(Directory) directory = directory_new(request->service->settings);
	g_autoptr(GPtrArray) all = NULL;
	g_autoptr(GPtrArray) accounts = g_ptr_array_new();
	const char *reason;

	if (!api_known(request->body, error, "reason", NULL))
		return FALSE;
	reason = read_reason(request, error);
	if (reason == NULL)
		return FALSE;
	all = directory_list(directory, error);
	if (all == NULL)
		return FALSE;
	for (guint i = 0; i < all->len; i++) {
		Account *account = all->pdata[i];

		if (account->kind != ACCOUNT_OFFICE &&
			account_step(account->state, ACCOUNT_FORCE) != NULL)
			g_ptr_array_add(accounts, account);
	}
	return force(request, reason, accounts, response, error);
}

/* Ceased since: nothing is left to force. */
gboolean account_force_change(Service *service, const json_t *body, GError **error)
{
	g_autoptr(Directory) directory = directory_new(service->settings);
	GError *failure = NULL;

	if (directory_force_change(directory, row_text(body, "uid"), &failure))
		return account_end_sessions(service, body, error);
	if (g_error_matches(failure, ACUSE_ERROR, ACUSE_ERROR_CONFLICT)) {
		g_error_free(failure);
		return TRUE;
	}
	g_propagate_error(error, failure);
	return FALSE;
}
