/*
 * The list of mailboxes that may notify (P12; Directiva 001-2020, Anexo 3): area, level, mailbox.
 * It is kept in the directory, on the mailbox's own entry; each change of it is a leaf, and the
 * directory's part is in the outbox of the same commit. A list is read whole before the first row
 * is put: it is taken whole or not at all. The same row again changes nothing. Fails with INVALID,
 * NOT_FOUND, CONFLICT ("line N: ..."), TOO_LARGE, or UNAVAILABLE when slapd does not answer. Any
 * thread.
 */
#include <string.h>

#include "base/error.h"
#include "core/record.h"
#include "directory/change.h"
#include "provision/accounts.h"
#include "provision/outbox.h"
#include "provision/register.h"
#include "provision/row.h"

/* Each row is looked up in the directory before the call answers. */
#define ROWS_MAX 500

typedef struct {
	Account *account;
	char *area, *level; /* NULL: withdrawn */
	json_int_t line;
	RegisterOutcome outcome;
} Row;

typedef struct {
	const ApiRequest *request;
	const char *document;
	GArray *rows; /* Row */
	guint64 number;
} Change;

static void row_clear(gpointer data)
{
	Row *row = data;

	account_free(row->account);
	g_free(row->area);
	g_free(row->level);
}

static GArray *rows_new(void)
{
	GArray *rows = g_array_new(FALSE, TRUE, sizeof(Row));

	g_array_set_clear_func(rows, row_clear);
	return rows;
}

static gboolean change_notifiers(StoreTxn *txn, gpointer data, GError **error)
{
	Change *change = data;
	const ApiRequest *request = change->request;

	for (guint i = 0; i < change->rows->len; i++) {
		const Row *row = &g_array_index(change->rows, Row, i);
		const char *type = row->area != NULL ? "mailbox.authorised" : "mailbox.withdrawn";
		g_autoptr(Record) record =
			record_new(type, row->account->uid, request->service->now_s());
		json_auto_t *body = json_pack("{s:s, s:s, s:s?, s:s?}", "uid", row->account->uid,
			"kind", account_kind_name(row->account->kind), "area", row->area, "level",
			row->level);

		if (row->outcome == REGISTER_SAME)
			continue;
		record_add(record, "area", row->area);
		record_add(record, "level", row->level);
		record_add(record, "document", change->document);
		record_add(record, "actor", request->actor);
		if (!store_append(txn, record, NULL, error) ||
			!outbox_add(txn, "account.notifier", body, &change->number, error))
			return FALSE;
	}
	return TRUE;
}

/* Commits what is not the same, and waits for the directory. */
static gboolean commit(Change *change, GError **error)
{
	Service *service = change->request->service;
	gboolean any = FALSE;

	for (guint i = 0; i < change->rows->len; i++)
		any = any || g_array_index(change->rows, Row, i).outcome != REGISTER_SAME;
	if (!any)
		return TRUE;
	if (!store_run(service->store, change_notifiers, change, error))
		return FALSE;
	outbox_wait(service->outbox, change->number, ACCOUNT_WAIT_MS);
	return TRUE;
}

/* The account of an address of the institution. */
static Account *find_mailbox(
	Service *service, Directory *directory, const char *address, GError **error)
{
	const char *domain = settings_string(service->settings, "institution", "domain");
	g_autofree char *mail = api_address(address, "mailbox", error);
	g_autofree char *uid = NULL;
	char *at;

	if (mail == NULL)
		return NULL;
	at = strrchr(mail, '@');
	if (g_ascii_strcasecmp(at + 1, domain) != 0) {
		api_invalid(error, "mailbox", "must be of the institution's domain");
		return NULL;
	}
	uid = g_strndup(mail, (gsize)(at - mail));
	return directory_get(directory, uid, error);
}

/* A text of the list, tidied: a new string. */
static char *read_text(const json_t *body, const char *name, GError **error)
{
	const char *text = api_string(body, name, ACCOUNT_NAME_MAX, error);
	char *tidy = text != NULL ? account_text_tidy(text) : NULL;

	if (text != NULL && tidy == NULL)
		api_invalid(error, name, "must not be empty");
	return tidy;
}

static gboolean read_row(Service *service, Directory *directory, const char *address,
	const json_t *body, Row *row, GError **error)
{
	row->area = read_text(body, "area", error);
	if (row->area == NULL)
		return FALSE;
	row->level = read_text(body, "level", error);
	if (row->level == NULL)
		return FALSE;
	row->account = find_mailbox(service, directory, address, error);
	if (row->account == NULL)
		return FALSE;
	if (row->account->state == ACCOUNT_CEASED) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT, "mailbox: %s is ceased",
			row->account->uid);
		return FALSE;
	}
	row->outcome = row->account->notifier_area == NULL ? REGISTER_NEW : REGISTER_CHANGED;
	if (g_strcmp0(row->account->notifier_area, row->area) == 0 &&
		g_strcmp0(row->account->notifier_level, row->level) == 0)
		row->outcome = REGISTER_SAME;
	return TRUE;
}

/* One row, and the answer: the account as it is, or will be. */
static gboolean put_row(Change *change, ApiResponse *response, GError **error)
{
	Row *row = &g_array_index(change->rows, Row, 0);

	if (!commit(change, error))
		return FALSE;
	account_set_notifier(row->account, row->area, row->level);
	response->json = account_to_json(row->account);
	return TRUE;
}

static gboolean put_notifier(const ApiRequest *request, ApiResponse *response, GError **error)
{
	g_autoptr(Directory) directory = directory_new(request->service->settings);
	g_autoptr(GArray) rows = rows_new();
	Change change = {.request = request, .rows = rows};

	if (!api_known(request->body, error, "area", "level", "document", NULL))
		return FALSE;
	change.document = api_string(request->body, "document", ACCOUNT_DOCUMENT_MAX, error);
	if (change.document == NULL)
		return FALSE;
	g_array_set_size(rows, 1);
	return read_row(request->service, directory, request->arguments[0], request->body,
		       &g_array_index(rows, Row, 0), error) &&
	       put_row(&change, response, error);
}

static gboolean withdraw_notifier(const ApiRequest *request, ApiResponse *response, GError **error)
{
	g_autoptr(Directory) directory = directory_new(request->service->settings);
	g_autoptr(GArray) rows = rows_new();
	Change change = {.request = request, .rows = rows};
	Row *row;

	if (!api_known(request->body, error, "document", NULL))
		return FALSE;
	change.document = api_string(request->body, "document", ACCOUNT_DOCUMENT_MAX, error);
	if (change.document == NULL)
		return FALSE;
	g_array_set_size(rows, 1);
	row = &g_array_index(rows, Row, 0);
	row->account = find_mailbox(request->service, directory, request->arguments[0], error);
	if (row->account == NULL)
		return FALSE;
	if (row->account->notifier_area == NULL) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND, "%s is not on the list",
			row->account->uid);
		return FALSE;
	}
	row->outcome = REGISTER_CHANGED;
	return put_row(&change, response, error);
}

/* The same mailbox twice in one list: nobody knows which of them was meant. */
static gboolean check_twice(GHashTable *seen, const Row *row, GError **error)
{
	gpointer before = g_hash_table_lookup(seen, row->account->uid);

	if (before == NULL) {
		g_hash_table_insert(seen, row->account->uid, GSIZE_TO_POINTER((gsize)row->line));
		return TRUE;
	}
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "%s: stands in line %zu too",
		row->account->uid, GPOINTER_TO_SIZE(before));
	return FALSE;
}

static gboolean read_rows(Service *service, const json_t *list, GArray *rows, GError **error)
{
	g_autoptr(Directory) directory = directory_new(service->settings);
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item) {
		json_int_t line = json_integer_value(json_object_get(item, "line"));
		Row row = {.line = line > 0 ? line : (json_int_t)i + 1};
		const char *address = NULL;
		gboolean done = api_known(item, error, "line", "mailbox", "area", "level", NULL) &&
				(address = api_string(item, "mailbox", 254, error)) != NULL &&
				read_row(service, directory, address, item, &row, error) &&
				check_twice(seen, &row, error);

		g_array_append_val(rows, row);
		if (!done) {
			g_prefix_error(error, "line %" JSON_INTEGER_FORMAT ": ", row.line);
			return FALSE;
		}
	}
	return TRUE;
}

static json_t *import_answer(const GArray *rows, gboolean dry_run)
{
	int counts[] = {0, 0, 0};
	json_t *items = json_array();

	for (guint i = 0; i < rows->len; i++) {
		const Row *row = &g_array_index(rows, Row, i);

		counts[row->outcome]++;
		json_array_append_new(items, json_pack("{s:I, s:s, s:s}", "line", row->line,
						     "mailbox", row->account->mail, "outcome",
						     register_outcome_name(row->outcome)));
	}
	return json_pack("{s:b, s:i, s:i, s:i, s:o}", "dry_run", dry_run, "new",
		counts[REGISTER_NEW], "changed", counts[REGISTER_CHANGED], "same",
		counts[REGISTER_SAME], "rows", items);
}

static gboolean import_notifiers(const ApiRequest *request, ApiResponse *response, GError **error)
{
	const json_t *list = json_object_get(request->body, "rows");
	const json_t *dry_run = json_object_get(request->body, "dry_run");
	g_autoptr(GArray) rows = rows_new();
	Change change = {.request = request, .rows = rows};

	if (!api_known(request->body, error, "document", "dry_run", "rows", NULL))
		return FALSE;
	change.document = api_string(request->body, "document", ACCOUNT_DOCUMENT_MAX, error);
	if (change.document == NULL)
		return FALSE;
	if (!api_rows(request->body, ROWS_MAX, error) ||
		!read_rows(request->service, list, rows, error) ||
		(!json_is_true(dry_run) && !commit(&change, error)))
		return FALSE;
	response->json = import_answer(rows, json_is_true(dry_run));
	return TRUE;
}

static const char *mail_of(const Account *account)
{
	return account->mail;
}

static gboolean is_notifier(const Account *account)
{
	return account->notifier_area != NULL;
}

static json_t *notifier_to_json(const Account *account)
{
	return json_pack("{s:s, s:s, s:s?, s:s}", "mailbox", account->mail, "area",
		account->notifier_area, "level", account->notifier_level, "state",
		account_state_name(account->state));
}

static gboolean list_notifiers(const ApiRequest *request, ApiResponse *response, GError **error)
{
	static const AccountList list = {mail_of, is_notifier, notifier_to_json};

	return account_list_answer(request, &list, response, error);
}

gboolean account_set_notifier_entry(Service *service, const json_t *body, GError **error)
{
	g_autoptr(Directory) directory = directory_new(service->settings);
	g_autoptr(Account) account = account_new();

	account->uid = g_strdup(row_text(body, "uid"));
	account_kind_parse(row_text(body, "kind"), &account->kind);
	account_set_notifier(account, row_text(body, "area"), row_text(body, "level"));
	return directory_set_notifier(directory, account, error);
}

#define READERS (ROLE_OTIC | ROLE_TRAMITE | ROLE_AUDITOR)

const Route routes_notifiers[] = {
	{"GET", "/v1/notifiers", READERS, FALSE, list_notifiers},
	{"POST", "/v1/notifiers/import", ROLE_OTIC, FALSE, import_notifiers},
	{"PUT", "/v1/notifiers/{address}", ROLE_OTIC, FALSE, put_notifier},
	{"POST", "/v1/notifiers/{address}/withdraw", ROLE_OTIC, FALSE, withdraw_notifier},
	{NULL, NULL, 0, FALSE, NULL},
};
