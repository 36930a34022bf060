/*
 * The directory against the records (POST /v1/directory/reconcile): each account that a request
 * made or that was adopted has to be there, in the state, post and term that the books say, and no
 * office may belong to somebody who has gone. What differs is shown and, unless it is a dry run,
 * put right by the outbox, with a leaf each. Whose DNI an account has, and accounts that no record
 * knows, are for a person to judge: they are only shown. Any thread; UNAVAILABLE while slapd does
 * not answer.
 */
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "core/calendar.h"
#include "directory/change.h"
#include "provision/account_term.h"
#include "provision/adoption.h"
#include "provision/closed_accounts.h"
#include "provision/outbox.h"
#include "provision/people.h"
#include "provision/request_form.h"
#include "provision/request_step.h"
#include "provision/row.h"

typedef struct {
	char *uid;
	const char *what; /* "missing" "state" "post" "until" "dni" "owner" "unknown" */
	char *recorded, *found;
	const char *kind; /* of the outbox entry that mends it; NULL: nobody but a person can */
	json_t *body;
} Difference;

typedef struct {
	const ApiRequest *request;
	GHashTable *accounts; /* uid -> Account of the directory */
	GHashTable *recorded; /* uids that the records know */
	GPtrArray *differences;
	guint checked;
	guint64 number;
	GError *error;
} Look;

static void difference_free(gpointer data)
{
	Difference *difference = data;

	g_free(difference->uid);
	g_free(difference->recorded);
	g_free(difference->found);
	json_decref(difference->body);
	g_free(difference);
}

/* body is consumed. */
static void differ(Look *look, const char *uid, const char *what, const char *recorded,
	const char *found, const char *kind, json_t *body)
{
	Difference *difference = g_new0(Difference, 1);

	difference->uid = g_strdup(uid);
	difference->what = what;
	difference->recorded = g_strdup(recorded);
	difference->found = g_strdup(found);
	difference->kind = kind;
	difference->body = body;
	g_ptr_array_add(look->differences, difference);
	log_warning("the directory differs from the records", "uid", uid, "what", what, "recorded",
		recorded, "found", found, NULL);
}

/* What the books say of the account's state. An adopted one has no request. */
static AccountState recorded_state(const Look *look, const json_t *row)
{
	if (account_is_closed(look->request->service->store, row_text(row, "uid")))
		return ACCOUNT_CEASED;
	if (row_text(row, "id") == NULL)
		return ACCOUNT_ACTIVE;
	return request_row_state(row) == REQUEST_EXECUTED ? ACCOUNT_ACTIVE : ACCOUNT_PENDING;
}

static void compare_state(Look *look, const json_t *row, const Account *account)
{
	AccountState state = recorded_state(look, row);
	const char *uid = account->uid;

	if (state == account->state ||
		(state == ACCOUNT_ACTIVE && account->state == ACCOUNT_SUSPENDED) ||
		/* Ceased and back: the request is not what made it active. */
		(state == ACCOUNT_PENDING && account->state == ACCOUNT_ACTIVE))
		return;
	if (state == ACCOUNT_CEASED)
		differ(look, uid, "state", "ceased", account_state_name(account->state),
			"account.cease", json_pack("{s:s}", "uid", uid));
	else
		differ(look, uid, "state", account_state_name(state),
			account_state_name(account->state), "account.mend",
			json_pack("{s:s, s:s*, s:s}", "uid", uid, "request", row_text(row, "id"),
				"state", account_state_name(state)));
}

static void compare_post(Look *look, const Account *account)
{
	json_auto_t *post = posts_recorded(look->request->service, account->uid);
	g_autofree char *found =
		g_strdup_printf("%s, %s", account->post != NULL ? account->post : "-",
			account->unit != NULL ? account->unit : "-");
	g_autofree char *recorded = NULL;

	if (post == NULL || (g_strcmp0(row_text(post, "post"), account->post) == 0 &&
				    g_strcmp0(row_text(post, "unit"), account->unit) == 0))
		return;
	recorded = g_strdup_printf("%s, %s", row_text(post, "post"),
		row_text(post, "unit") != NULL ? row_text(post, "unit") : "-");
	differ(look, account->uid, "post", recorded, found, "account.post", json_incref(post));
}

static void compare_term(Look *look, const Account *account)
{
	Service *service = look->request->service;
	g_autofree char *key = g_strconcat("due-of/account-end/", account->uid, NULL);
	g_autofree char *end = store_get(service->store, TABLE_INDEX, key, NULL);
	g_autofree char *until = end != NULL ? calendar_add_days(end, -1) : NULL;

	if (until == NULL || account->kind == ACCOUNT_PERSON || account->kind == ACCOUNT_OFFICE ||
		account_term_end_s(service, until) == account->valid_until)
		return;
	differ(look, account->uid, "until", until, "", "account.until",
		json_pack("{s:s, s:s}", "uid", account->uid, "until", until));
}

/* With what the records have of it. */
static void compare_account(Look *look, const json_t *row, const Account *account)
{
	if (g_strcmp0(account->dni, row_text(row, "dni")) != 0)
		differ(look, account->uid, "dni", "", "", NULL, NULL);
	compare_state(look, row, account);
	if (account->state == ACCOUNT_ACTIVE) {
		compare_post(look, account);
		compare_term(look, account);
	}
}

static gboolean compare_request(const char *key, const char *value, gpointer data)
{
	Look *look = data;
	json_auto_t *row = row_parse(value, &look->error);
	const char *uid = row != NULL ? row_text(row, "uid") : NULL;
	const Account *account = uid != NULL ? g_hash_table_lookup(look->accounts, uid) : NULL;

	(void)key;
	if (row == NULL)
		return FALSE;
	if (uid == NULL || !request_form_is(row, "create") ||
		strcmp(row_text(row, "kind"), "office") == 0)
		return TRUE;
	look->checked++;
	g_hash_table_add(look->recorded, g_strdup(uid));
	if (account == NULL) {
		AccountState state = recorded_state(look, row);

		differ(look, uid, "missing", account_state_name(state), "", "account.mend",
			json_pack("{s:s, s:s, s:s}", "uid", uid, "request", row_text(row, "id"),
				"state", account_state_name(state)));
		return TRUE;
	}
	compare_account(look, row, account);
	return TRUE;
}

/* Its entry was not ours: when it is gone, only a person can say what stood in it. */
static gboolean compare_adopted(const char *key, const char *value, gpointer data)
{
	Look *look = data;
	json_auto_t *row = row_parse(value, &look->error);
	const char *uid = row != NULL ? row_text(row, "uid") : NULL;
	const Account *account = uid != NULL ? g_hash_table_lookup(look->accounts, uid) : NULL;

	(void)key;
	if (row == NULL)
		return FALSE;
	look->checked++;
	g_hash_table_add(look->recorded, g_strdup(uid));
	if (account != NULL)
		compare_account(look, row, account);
	else
		differ(look, uid, "missing", account_state_name(recorded_state(look, row)), "",
			NULL, NULL);
	return TRUE;
}

/* What only the directory knows of. */
static void compare_entry(Look *look, const Account *account)
{
	Store *store = look->request->service->store;

	if (account->kind != ACCOUNT_OFFICE) {
		if (!g_hash_table_contains(look->recorded, account->uid))
			differ(look, account->uid, "unknown", "",
				account_state_name(account->state), NULL, NULL);
		return;
	}
	if (account->owner != NULL && account_is_closed(store, account->owner))
		differ(look, account->uid, "owner", "", account->owner, "account.leave",
			json_pack("{s:s}", "uid", account->owner));
}

static gboolean mend_change(StoreTxn *txn, gpointer data, GError **error)
{
	Look *look = data;
	const ApiRequest *request = look->request;

	for (guint i = 0; i < look->differences->len; i++) {
		const Difference *one = look->differences->pdata[i];
		g_autoptr(Record) record =
			record_new("account.mended", one->uid, request->service->now_s());

		if (one->kind == NULL)
			continue;
		record_add(record, "what", one->what);
		record_add(record, "recorded", one->recorded);
		record_add(record, "found", one->found);
		record_add(record, "actor", request->actor);
		if (!store_append(txn, record, NULL, error) ||
			!outbox_add(txn, one->kind, one->body, &look->number, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean compare(Look *look, GError **error)
{
	Service *service = look->request->service;
	g_autoptr(Directory) directory = directory_new(service->settings);
	g_autoptr(GPtrArray) list = directory_list(directory, error);

	if (list == NULL)
		return FALSE;
	for (guint i = 0; i < list->len; i++)
		g_hash_table_insert(
			look->accounts, ((Account *)list->pdata[i])->uid, list->pdata[i]);
	if (!store_scan(service->store, TABLE_REQUESTS, "", NULL, FALSE, compare_request, look,
		    error) ||
		!store_scan(service->store, TABLE_INDEX, ADOPTED_PREFIX, NULL, FALSE,
			compare_adopted, look, error))
		return FALSE;
	for (guint i = 0; look->error == NULL && i < list->len; i++)
		compare_entry(look, list->pdata[i]);
	g_hash_table_remove_all(look->accounts);
	if (look->error != NULL)
		g_propagate_error(error, look->error);
	return look->error == NULL;
}

static json_t *show(const Look *look, gboolean dry_run)
{
	json_t *items = json_array();

	for (guint i = 0; i < look->differences->len; i++) {
		const Difference *one = look->differences->pdata[i];
		const char *repair = one->kind == NULL ? "by-hand" : dry_run ? "would" : "ordered";

		json_array_append_new(items,
			json_pack("{s:s, s:s, s:s?, s:s?, s:s}", "uid", one->uid, "what", one->what,
				"recorded", one->recorded, "found", one->found, "repair", repair));
	}
	return json_pack("{s:b, s:i, s:o}", "dry_run", (int)dry_run, "checked", (int)look->checked,
		"items", items);
}

gboolean directory_reconcile(const ApiRequest *request, ApiResponse *response, GError **error)
{
	const json_t *dry_run = json_object_get(request->body, "dry_run");
	g_autoptr(GHashTable) accounts = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GHashTable) recorded =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GPtrArray) differences = g_ptr_array_new_with_free_func(difference_free);
	Look look = {request, accounts, recorded, differences, 0, 0, NULL};

	if (!api_known(request->body, error, "dry_run", NULL))
		return FALSE;
	if (dry_run != NULL && !json_is_boolean(dry_run))
		return api_invalid(error, "dry_run", "must be true or false");
	if (!compare(&look, error))
		return FALSE;
	if (!json_is_true(dry_run) &&
		!store_run(request->service->store, mend_change, &look, error))
		return FALSE;
	if (look.number != 0)
		outbox_wait(request->service->outbox, look.number, ACCOUNT_WAIT_MS);
	response->json = show(&look, json_is_true(dry_run));
	return TRUE;
}

/* The account of a request is there, or is made again without a password. */
static gboolean mend_entry(
	Service *service, Directory *directory, const char *uid, const json_t *row, GError **error)
{
	const char *domain = settings_string(service->settings, "institution", "domain");
	g_autoptr(Account) account = request_form_account(row, uid, domain);

	if (row_text(row, "until") != NULL)
		account->valid_until = account_term_end_s(service, row_text(row, "until"));
	return directory_reserve_name(directory, uid, row_text(row, "id"), error) &&
	       directory_add_account(directory, account, error);
}

/* An entry that is gone is made again; then the state that the books have now. An adopted account
 * has no request. */
gboolean account_mend(Service *service, const json_t *body, GError **error)
{
	const char *uid = row_text(body, "uid"), *id = row_text(body, "request");
	g_autoptr(Directory) directory = directory_new(service->settings);
	AccountState state = ACCOUNT_PENDING;
	json_auto_t *row = NULL;

	account_state_parse(row_text(body, "state"), &state);
	if (id != NULL && !row_read(service->store, TABLE_REQUESTS, id, &row, error))
		return FALSE;
	if (id != NULL && row == NULL)
		return TRUE;
	if (row != NULL && !mend_entry(service, directory, uid, row, error))
		return FALSE;
	if (account_is_closed(service->store, uid))
		state = ACCOUNT_CEASED;
	return state == ACCOUNT_PENDING || directory_set_state(directory, uid, state, error);
}
