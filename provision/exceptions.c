/*
 * exceptions.h, and its routes: declare, withdraw, list, and find, which the milter asks when the
 * policy has something against the PDFs of a document. Each change is a leaf. A message that was
 * never prepared, or never left, has not used its exception up. Fails with INVALID, NOT_FOUND,
 * CONFLICT, UNAVAILABLE, or as the store does. Any thread; takes in the committer's.
 */
#include "provision/exceptions.h"

#include <string.h>

#include "api/record_json.h"
#include "base/error.h"
#include "provision/list.h"
#include "provision/register.h"
#include "provision/send_record.h"

#define TEXT_CHARS_MAX 200
#define TIME_CHARS_MAX 32
#define ID_DIGITS 12

static gboolean unavailable(GError **error)
{
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE,
		"exception: no longer holds for this message");
	return FALSE;
}

static gboolean is_once(const json_t *row)
{
	return row_text(row, "expediente") == NULL && row_text(row, "until") == NULL;
}

/* Withdrawals, time and expediente; not whether it is used up. */
static gboolean holds(const json_t *row, const char *expediente, gint64 now_s)
{
	const char *until = row_text(row, "until"), *bound = row_text(row, "expediente");
	gint64 until_s;

	if (json_is_object(json_object_get(row, "withdrawn")))
		return FALSE;
	if (until != NULL && (!time_from_rfc3339(until, &until_s) || now_s >= until_s))
		return FALSE;
	return bound == NULL || g_strcmp0(bound, expediente) == 0;
}

/* Whether the message that took it was never prepared, or never left. */
static gboolean is_given_back(const json_t *send)
{
	SendState state = send_record_state(send);

	return state == SEND_INTENT || state == SEND_NOT_RELEASED;
}

/* "exception/ID" -> the key of its row. */
static char *index_key(const char *id)
{
	return g_strconcat("exception/", id, NULL);
}

/* *key: a new string. NOT_FOUND. */
static gboolean load(StoreTxn *txn, const char *id, char **key, json_t **row, GError **error)
{
	g_autofree char *index = index_key(id);

	if (!row_load_text(txn, TABLE_INDEX, index, key, error))
		return FALSE;
	if (*key != NULL && !row_load(txn, TABLE_EXCEPTIONS, *key, row, error))
		return FALSE;
	if (*key == NULL || *row == NULL) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND, "no exception %s", id);
		return FALSE;
	}
	return TRUE;
}

/* ---- at an intent ---- */

static gboolean take_once(
	StoreTxn *txn, const char *key, json_t *row, const char *send_id, GError **error)
{
	const char *user = row_text(row, "send");
	json_auto_t *before = NULL;

	if (user != NULL) {
		before = send_record_load(txn, user, error);
		if (before == NULL)
			return FALSE;
		if (!is_given_back(before))
			return unavailable(error);
	}
	json_object_set_new(row, "send", json_string(send_id));
	return row_save(txn, TABLE_EXCEPTIONS, key, row, error);
}

gboolean exception_take(StoreTxn *txn, json_t *send, gint64 now_s, GError **error)
{
	static const char *const shown[] = {
		"id", "reason", "urgency", "document", "actor", "time", "until", "expediente"};
	const char *id = row_text(send, "exception_id");
	g_autofree char *key = NULL;
	json_auto_t *row = NULL;
	json_t *declared;

	if (id == NULL)
		return TRUE;
	if (!load(txn, id, &key, &row, error))
		return FALSE;
	if (g_ascii_strcasecmp(row_text(row, "mailbox"), row_text(send, "mailbox")) != 0 ||
		!holds(row, row_text(send, "expediente"), now_s))
		return unavailable(error);
	if (is_once(row) && !take_once(txn, key, row, send_record_id(send), error))
		return FALSE;
	declared = json_object();
	for (gsize i = 0; i < G_N_ELEMENTS(shown); i++)
		json_object_set(declared, shown[i], json_object_get(row, shown[i]));
	json_object_set_new(send, "exception_declared", declared);
	return TRUE;
}

gboolean exception_check(StoreTxn *txn, const json_t *send, GError **error)
{
	const char *id = row_text(send, "exception_id");
	g_autofree char *key = NULL;
	json_auto_t *row = NULL;

	if (id == NULL)
		return TRUE;
	if (!load(txn, id, &key, &row, error))
		return FALSE;
	return !is_once(row) || g_strcmp0(row_text(row, "send"), send_record_id(send)) == 0 ||
	       unavailable(error);
}

/* ---- declare and withdraw ---- */

typedef struct {
	const ApiRequest *request;
	json_t *row;
	const char *id, *document; /* of a withdrawal */
} Change;

static void add_leaf_members(Record *record, const json_t *row)
{
	static const char *const plain[] = {"expediente", "until", "document", "actor"};
	static const char *const personal[] = {"mailbox", "reason", "urgency"};

	for (gsize i = 0; i < G_N_ELEMENTS(plain); i++)
		record_add(record, plain[i], row_text(row, plain[i]));
	for (gsize i = 0; i < G_N_ELEMENTS(personal); i++)
		record_add_salted(record, personal[i], row_text(row, personal[i]));
}

static gboolean declare_change(StoreTxn *txn, gpointer data, GError **error)
{
	Change *change = data;
	g_autofree char *id = NULL, *key = NULL, *index = NULL;
	g_autoptr(Record) record = NULL;
	guint64 number;

	if (!store_next(txn, "exception", &number, error))
		return FALSE;
	id = g_strdup_printf("%0*" G_GUINT64_FORMAT, ID_DIGITS, number);
	json_object_set_new(change->row, "id", json_string(id));
	key = g_strdup_printf("%s/%s", row_text(change->row, "mailbox"), id);
	index = index_key(id);
	record = record_new("exception.declared", id, change->request->service->now_s());
	add_leaf_members(record, change->row);
	return row_save(txn, TABLE_EXCEPTIONS, key, change->row, error) &&
	       store_put(txn, TABLE_INDEX, index, key, error) &&
	       store_append(txn, record, NULL, error);
}

/* Members of the body into change->row. */
static gboolean read_declaration(Change *change, GError **error)
{
	const ApiRequest *request = change->request;
	const json_t *body = request->body;
	gint64 now_s = request->service->now_s(), until_s;
	g_autofree char *time = time_to_rfc3339(now_s), *mailbox = NULL;
	const char *given, *reason, *urgency, *document, *expediente, *until;

	if (!api_known(body, error, "mailbox", "expediente", "until", "reason", "urgency",
		    "document", NULL) ||
		(given = api_string(body, "mailbox", SEND_MAX_ADDRESS, error)) == NULL ||
		(reason = api_string(body, "reason", TEXT_CHARS_MAX, error)) == NULL ||
		(urgency = api_string(body, "urgency", TEXT_CHARS_MAX, error)) == NULL ||
		(document = api_string(body, "document", TEXT_CHARS_MAX, error)) == NULL ||
		!api_string_optional(body, "expediente", TEXT_CHARS_MAX, &expediente, error) ||
		!api_string_optional(body, "until", TIME_CHARS_MAX, &until, error))
		return FALSE;
	mailbox = api_address(given, "mailbox", error);
	if (mailbox == NULL || (expediente != NULL && !register_check_number(expediente, error)))
		return FALSE;
	if (until != NULL && (!time_from_rfc3339(until, &until_s) || until_s <= now_s))
		return api_invalid(
			error, "until", "must be a time to come, like 2026-12-31T05:00:00Z");
	change->row = json_pack("{s:s, s:s?, s:s?, s:s, s:s, s:s, s:s, s:s, s:n, s:n}", "mailbox",
		mailbox, "expediente", expediente, "until", until, "reason", reason, "urgency",
		urgency, "document", document, "actor", request->actor, "time", time, "send",
		"withdrawn");
	return TRUE;
}

static gboolean is_mailbox(const Service *service, const char *address, GError **error)
{
	g_autoptr(Account) account = live_directory_by_mail(service->live, address);

	if (account != NULL && g_ascii_strcasecmp(account->mail, address) == 0)
		return TRUE;
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND, "no mailbox %s", address);
	return FALSE;
}

static gboolean declare(const ApiRequest *request, ApiResponse *response, GError **error)
{
	Change change = {.request = request};
	gboolean done = read_declaration(&change, error) &&
			is_mailbox(request->service, row_text(change.row, "mailbox"), error) &&
			store_run(request->service->store, declare_change, &change, error);

	if (!done) {
		json_decref(change.row);
		return FALSE;
	}
	response->status = 201;
	response->json = change.row;
	return TRUE;
}

static gboolean withdraw_change(StoreTxn *txn, gpointer data, GError **error)
{
	Change *change = data;
	const ApiRequest *request = change->request;
	gint64 now_s = request->service->now_s();
	g_autofree char *key = NULL, *time = time_to_rfc3339(now_s);
	g_autoptr(Record) record = record_new("exception.withdrawn", change->id, now_s);

	g_clear_pointer(&change->row, json_decref);
	if (!load(txn, change->id, &key, &change->row, error))
		return FALSE;
	if (json_is_object(json_object_get(change->row, "withdrawn"))) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT,
			"exception %s was withdrawn before", change->id);
		return FALSE;
	}
	json_object_set_new(change->row, "withdrawn",
		json_pack("{s:s, s:s, s:s}", "document", change->document, "actor", request->actor,
			"time", time));
	record_add(record, "document", change->document);
	record_add(record, "actor", request->actor);
	return row_save(txn, TABLE_EXCEPTIONS, key, change->row, error) &&
	       store_append(txn, record, NULL, error);
}

static gboolean withdraw(const ApiRequest *request, ApiResponse *response, GError **error)
{
	Change change = {.request = request, .id = request->arguments[0]};

	if (!api_known(request->body, error, "document", NULL))
		return FALSE;
	change.document = api_string(request->body, "document", TEXT_CHARS_MAX, error);
	if (change.document == NULL)
		return FALSE;
	if (!store_run(request->service->store, withdraw_change, &change, error)) {
		json_decref(change.row);
		return FALSE;
	}
	response->json = change.row;
	return TRUE;
}

/* ---- find and list ---- */

typedef struct {
	const ApiRequest *request;
	const char *expediente;
	char *fingerprint; /* of the mail that it is asked for; NULL: not known */
	json_t *found;	   /* owned */
	GError *error;
} Search;

/* Whether the send is this very mail, which is repeated: its sender is told what became of it. */
static gboolean is_repeated(const Search *search, const json_t *send)
{
	g_autofree char *before = NULL;

	if (search->fingerprint == NULL || json_object_get(send, "purged") != NULL)
		return FALSE;
	before = send_record_fingerprint(send);
	return strcmp(before, search->fingerprint) == 0;
}

/* Of one for a single message: nobody's, given back, or of this very mail. */
static gboolean is_free(Search *search, const json_t *row)
{
	const char *user = row_text(row, "send");
	json_auto_t *send = NULL;

	if (!is_once(row) || user == NULL)
		return TRUE;
	send = send_record_read(search->request->service->store, user, &search->error);
	return send != NULL && (is_given_back(send) || is_repeated(search, send));
}

/* One for a single message is kept for when no other holds. */
static gboolean consider(const char *key, const char *value, gpointer data)
{
	Search *search = data;
	gint64 now_s = search->request->service->now_s();
	json_auto_t *row = row_parse(value, &search->error);

	(void)key;
	if (row != NULL && holds(row, search->expediente, now_s) && is_free(search, row) &&
		(search->found == NULL || (is_once(search->found) && !is_once(row)))) {
		json_decref(search->found);
		search->found = json_incref(row);
	}
	return search->error == NULL;
}

/* Members that tell a mail from another one, also of the same Message-ID; all or none. */
static gboolean read_fingerprint(const json_t *body, char **fingerprint, GError **error)
{
	const json_t *recipients = json_object_get(body, "recipients"), *address;
	const char *message_id = row_text(body, "message_id");
	size_t i;

	json_array_foreach(recipients, i, address)
		if (!json_is_string(address))
			return api_invalid(error, "recipients", "must be addresses");
	if (message_id != NULL && row_text(body, "content_sha256") != NULL && i > 0)
		*fingerprint = send_record_fingerprint(body);
	return TRUE;
}

static gboolean find(const ApiRequest *request, ApiResponse *response, GError **error)
{
	const json_t *body = request->body;
	Search search = {.request = request};
	g_autofree char *mailbox = NULL, *prefix = NULL;
	const char *given;
	gboolean done;

	if (!api_known(body, error, "mailbox", "expediente", "message_id", "content_sha256",
		    "recipients", NULL) ||
		(given = api_string(body, "mailbox", SEND_MAX_ADDRESS, error)) == NULL ||
		!api_string_optional(body, "expediente", TEXT_CHARS_MAX, &search.expediente, error))
		return FALSE;
	mailbox = api_address(given, "mailbox", error);
	if (mailbox == NULL || !read_fingerprint(body, &search.fingerprint, error))
		return FALSE;
	prefix = g_strconcat(mailbox, "/", NULL);
	done = store_scan(request->service->store, TABLE_EXCEPTIONS, prefix, NULL, FALSE, consider,
		&search, error);
	if (search.error != NULL) {
		if (done)
			g_propagate_error(error, search.error);
		else
			g_error_free(search.error);
		done = FALSE;
	}
	if (done)
		response->json = json_pack("{s:O?}", "exception", search.found);
	json_decref(search.found);
	g_free(search.fingerprint);
	return done;
}

static json_t *show(const char *key, const char *value, gpointer data, GError **error)
{
	(void)key;
	(void)data;
	return row_parse(value, error);
}

static gboolean list(const ApiRequest *request, ApiResponse *response, GError **error)
{
	const List all = {TABLE_EXCEPTIONS, "", FALSE, show, NULL};

	return list_answer(request, &all, response, error);
}

const Route routes_exceptions[] = {
	{"GET", "/v1/exceptions", ROLE_OTIC | ROLE_TRAMITE | ROLE_AUDITOR, FALSE, list},
	{"POST", "/v1/exceptions", ROLE_OTIC, FALSE, declare},
	{"POST", "/v1/exceptions/find", ROLE_OUTGOING | ROLE_OTIC, FALSE, find, TRUE},
	{"POST", "/v1/exceptions/{id}/withdraw", ROLE_OTIC, FALSE, withdraw},
	{NULL, NULL, 0, FALSE, NULL},
};
