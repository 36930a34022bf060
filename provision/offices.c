/*
 * Mailboxes of offices (A5, DI-002 art. 13): no password; a responsible and delegates who send from
 * it as themselves. The local part is reserved in the directory first, then record and outbox entry
 * are one change. People are active personal accounts by the live copy. Any thread; fails with
 * INVALID, CONFLICT, or UNAVAILABLE when slapd does not answer.
 */
#include <string.h>

#include "api/record_json.h"
#include "base/error.h"
#include "core/naming.h"
#include "directory/change.h"
#include "provision/accounts.h"
#include "provision/outbox.h"
#include "provision/row.h"

#define DELEGATES_MAX 100
#define TIME_MAX_CHARS 40

typedef struct {
	const ApiRequest *request;
	const char *uid, *responsible, *document;
	const char *type, *kind; /* of the record, of the outbox entry */
	char *name;		 /* NULL: people only */
	json_t *delegates;	 /* of the body, or NULL */
	guint64 number;
} Change;

static gboolean check_person(Service *service, const char *uid, const char *member, GError **error)
{
	g_autoptr(GError) failure = NULL;
	g_autoptr(Account) account = account_get(service, uid, &failure);

	if (account != NULL && account->kind != ACCOUNT_OFFICE &&
		account->state == ACCOUNT_ACTIVE && strcmp(account->uid, uid) == 0)
		return TRUE;
	if (failure != NULL && failure->code == ACUSE_ERROR_UNAVAILABLE)
		g_propagate_error(error, g_steal_pointer(&failure));
	else
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID,
			"%s: no active account of a person", member);
	return FALSE;
}

/* A delegate is a uid, or {uid, from, until}. */
static const char *delegate_uid(const json_t *delegate)
{
	const char *uid =
		json_is_object(delegate) ? row_text(delegate, "uid") : json_string_value(delegate);

	return uid != NULL ? uid : "";
}

/* 0: there is none. */
static gboolean delegate_time(
	const json_t *delegate, const char *name, gint64 *time_s, GError **error)
{
	const char *text;

	*time_s = 0;
	if (!api_string_optional(delegate, name, TIME_MAX_CHARS, &text, error))
		return FALSE;
	if (text == NULL || (time_from_rfc3339(text, time_s) && *time_s > 0))
		return TRUE;
	return api_invalid(
		error, "delegates", "from and until are times like 2026-01-31T05:00:00Z");
}

static gboolean check_delegate(Service *service, const json_t *delegate, GError **error)
{
	gint64 from_s, until_s;

	if (!check_person(service, delegate_uid(delegate), "delegates", error))
		return FALSE;
	if (!json_is_object(delegate))
		return TRUE;
	if (!api_known(delegate, error, "uid", "from", "until", NULL) ||
		!delegate_time(delegate, "from", &from_s, error) ||
		!delegate_time(delegate, "until", &until_s, error))
		return FALSE;
	return until_s == 0 || until_s > from_s ||
	       api_invalid(error, "delegates", "until must be after from");
}

/* Responsible, delegates and document of the body, checked. */
static gboolean read_people(Change *change, gboolean may_be_vacant, GError **error)
{
	const json_t *body = change->request->body;
	const json_t *responsible = json_object_get(body, "responsible");

	change->document = api_string(body, "document", ACCOUNT_DOCUMENT_MAX, error);
	if (change->document == NULL)
		return FALSE;
	if (!may_be_vacant || !json_is_null(responsible)) {
		change->responsible = api_string(body, "responsible", NAMING_MAX_CHARS, error);
		if (change->responsible == NULL ||
			!check_person(change->request->service, change->responsible, "responsible",
				error))
			return FALSE;
	}
	change->delegates = json_object_get(body, "delegates");
	if (change->delegates != NULL &&
		(!json_is_array(change->delegates) ||
			json_array_size(change->delegates) > DELEGATES_MAX)) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID,
			"delegates: must be a list of at most %d", DELEGATES_MAX);
		return FALSE;
	}
	for (size_t i = 0; i < json_array_size(change->delegates); i++)
		if (!check_delegate(
			    change->request->service, json_array_get(change->delegates, i), error))
			return FALSE;
	return TRUE;
}

static void record_delegate(Record *record, size_t number, const json_t *delegate)
{
	static const char *const dates[] = {"from", "until"};
	g_autofree char *field = g_strdup_printf("delegate%zu", number);

	record_add(record, field, delegate_uid(delegate));
	for (size_t i = 0; i < G_N_ELEMENTS(dates); i++) {
		g_autofree char *name = g_strdup_printf("%s_%s", field, dates[i]);

		record_add(record, name, row_text(delegate, dates[i]));
	}
}

static gboolean office_change(StoreTxn *txn, gpointer data, GError **error)
{
	Change *change = data;
	g_autoptr(Record) record =
		record_new(change->type, change->uid, change->request->service->now_s());
	json_t *body = json_pack("{s:s, s:s?, s:s?, s:O?}", "uid", change->uid, "name",
		change->name, "responsible", change->responsible, "delegates", change->delegates);
	gboolean ok;

	record_add(record, "name", change->name);
	record_add(record, "responsible", change->responsible);
	for (size_t i = 0; i < json_array_size(change->delegates); i++)
		record_delegate(record, i + 1, json_array_get(change->delegates, i));
	record_add(record, "document", change->document);
	record_add(record, "actor", change->request->actor);
	ok = store_append(txn, record, NULL, error) &&
	     outbox_add(txn, change->kind, body, &change->number, error);
	json_decref(body);
	return ok;
}

static gboolean has_delegate(GPtrArray *uids, const char *uid)
{
	return g_ptr_array_find_with_equal_func(uids, uid, g_str_equal, NULL);
}

/* Responsible and delegates of the body become the account's; the list was checked. */
static void take_people(Account *account, const char *responsible, const json_t *delegates)
{
	GPtrArray *uids = g_ptr_array_new();

	g_free(account->owner);
	account->owner = g_strdup(responsible);
	g_clear_pointer(&account->delegations, g_ptr_array_unref);
	for (size_t i = 0; i < json_array_size(delegates); i++) {
		const json_t *one = json_array_get(delegates, i);
		const char *uid = delegate_uid(one);
		gint64 from_s, until_s;

		if (!has_delegate(uids, uid))
			g_ptr_array_add(uids, g_strdup(uid));
		if (!json_is_object(one) || !delegate_time(one, "from", &from_s, NULL) ||
			!delegate_time(one, "until", &until_s, NULL) ||
			(from_s == 0 && until_s == 0))
			continue;
		account_add_delegation(account, delegation_new(uid, from_s, until_s));
	}
	g_ptr_array_add(uids, NULL);
	g_strfreev(account->delegates);
	account->delegates = (char **)g_ptr_array_free(uids, FALSE);
}

/* Commits, waits for the directory, and answers with the office as it is there, or will be. */
static gboolean commit(
	Change *change, Account *account, unsigned status, ApiResponse *response, GError **error)
{
	if (!store_run(change->request->service->store, office_change, change, error))
		return FALSE;
	outbox_wait(change->request->service->outbox, change->number, ACCOUNT_WAIT_MS);
	take_people(account, change->responsible, change->delegates);
	response->status = status;
	response->json = account_to_json(account);
	return TRUE;
}

static Account *office_account(Service *service, const char *uid, const char *name)
{
	Account *account = account_new();

	account->uid = g_strdup(uid);
	account->mail = account_mail(service, uid);
	account->kind = ACCOUNT_OFFICE;
	account->state = ACCOUNT_ACTIVE;
	account->display_name = g_strdup(name);
	return account;
}

/* Ours for ever, and not yet an account. The holder names the office: asking again after a crash is
 * the same holder. */
static gboolean reserve(Service *service, const char *uid, GError **error)
{
	g_autoptr(Directory) directory = directory_new(service->settings);
	g_autoptr(GError) failure = NULL;
	g_autoptr(Account) known = directory_get(directory, uid, &failure);
	g_autofree char *holder = g_strconcat("office ", uid, NULL);

	if (known != NULL) {
		g_set_error(
			error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT, "local_part: %s is taken", uid);
		return FALSE;
	}
	if (!g_error_matches(failure, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND)) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return FALSE;
	}
	return directory_reserve_name(directory, uid, holder, error);
}

static gboolean create_office(const ApiRequest *request, ApiResponse *response, GError **error)
{
	Change change = {.request = request, .type = "office.created", .kind = "office.create"};
	g_autoptr(Account) account = NULL;
	g_autofree char *name = NULL;
	const char *text;

	if (!api_known(request->body, error, "local_part", "name", "responsible", "delegates",
		    "document", NULL))
		return FALSE;
	change.uid = api_string(request->body, "local_part", NAMING_MAX_CHARS, error);
	if (change.uid == NULL)
		return FALSE;
	if (!naming_office_valid(change.uid)) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID,
			"local_part: must be a-z, 0-9, single dots and hyphens, and no reserved "
			"name");
		return FALSE;
	}
	text = api_string(request->body, "name", ACCOUNT_NAME_MAX, error);
	if (text == NULL)
		return FALSE;
	change.name = name = account_text_tidy(text);
	if (name == NULL)
		return api_invalid(error, "name", "must not be empty");
	if (!read_people(&change, FALSE, error) || !reserve(request->service, change.uid, error))
		return FALSE;
	account = office_account(request->service, change.uid, name);
	return commit(&change, account, 201, response, error);
}

static gboolean hand_over(const ApiRequest *request, ApiResponse *response, GError **error)
{
	Change change = {.request = request,
		.uid = request->arguments[0],
		.type = "office.people",
		.kind = "office.people"};
	g_autoptr(Directory) directory = directory_new(request->service->settings);
	g_autoptr(Account) account = NULL;

	if (!api_known(request->body, error, "responsible", "delegates", "document", NULL) ||
		!read_people(&change, TRUE, error))
		return FALSE;
	account = directory_get(directory, change.uid, error);
	if (account == NULL)
		return FALSE;
	if (account->kind != ACCOUNT_OFFICE) {
		g_set_error(
			error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND, "%s is no office", change.uid);
		return FALSE;
	}
	change.uid = account->uid; /* as the directory spells it */
	return commit(&change, account, 200, response, error);
}

/* The office that an outbox entry speaks of. */
static Account *office_of_body(Service *service, const json_t *body)
{
	Account *account = office_account(service, row_text(body, "uid"), row_text(body, "name"));

	take_people(account, row_text(body, "responsible"), json_object_get(body, "delegates"));
	return account;
}

gboolean office_create(Service *service, const json_t *body, GError **error)
{
	g_autoptr(Directory) directory = directory_new(service->settings);
	g_autoptr(Account) account = office_of_body(service, body);

	return directory_add_account(directory, account, error);
}

gboolean office_set_people(Service *service, const json_t *body, GError **error)
{
	g_autoptr(Directory) directory = directory_new(service->settings);
	g_autoptr(Account) account = office_of_body(service, body);

	return directory_set_office_people(directory, account, error);
}

const Route routes_offices[] = {
	{"POST", "/v1/offices", ROLE_OTIC, FALSE, create_office},
	{"POST", "/v1/offices/{uid}/people", ROLE_OTIC, FALSE, hand_over},
	{NULL, NULL, 0, FALSE, NULL},
};
