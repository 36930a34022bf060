/*
 * tokens.h and the routes /v1/tokens. Enrolling and locking are records in the ledger, committed
 * with the outbox entry that carries them to the signer; the answer waits a moment for it, and the
 * push goes on when the signer is down. Any thread; the changes run in the committer.
 */
#include "provision/tokens.h"

#include <string.h>

#include "api/record_json.h"
#include "base/error.h"
#include "provision/list.h"
#include "provision/row.h"
#include "provision/token_life.h"
#include "signer/protocol.h"

#define MAX_LABEL 32 /* PKCS#11 */
#define MAX_SERIAL 16
#define MAX_MAILBOXES 50
#define MAX_DOCUMENT 200
#define ANSWER_WAIT_MS 2000
#define STATUS_TIMEOUT_MS 2000
#define TIME_MAX_CHARS 40

gboolean tokens_queue_bindings(StoreTxn *txn, GError **error)
{
	json_t *body = json_object();
	gboolean ok = outbox_add(txn, "bindings", body, NULL, error);

	json_decref(body);
	return ok;
}

static char *index_key(const char *mailbox)
{
	return g_strconcat("token-mailbox/", mailbox, NULL);
}

static gboolean row_is_active(const json_t *row)
{
	return g_strcmp0(row_text(row, "state"), "active") == 0;
}

static gssize find_mailbox(const json_t *mailboxes, const char *mailbox)
{
	for (size_t i = 0; i < json_array_size(mailboxes); i++)
		if (g_strcmp0(json_string_value(json_array_get(mailboxes, i)), mailbox) == 0)
			return (gssize)i;
	return -1;
}

gboolean tokens_mailbox_bound(StoreTxn *txn, const char *mailbox)
{
	g_autofree char *key = index_key(mailbox);
	g_autofree char *label = store_get_txn(txn, TABLE_INDEX, key, NULL);
	json_t *row = NULL;
	gboolean bound = label != NULL && row_load(txn, TABLE_TOKENS, label, &row, NULL) &&
			 row_is_active(row) &&
			 find_mailbox(json_object_get(row, "mailboxes"), mailbox) >= 0;

	json_decref(row);
	return bound;
}

/* Takes the mailbox from its token. when_empty: the state of a token that signs for none any more.
 */
static gboolean take_mailbox(StoreTxn *txn, const char *label, const char *mailbox,
	const char *when_empty, GError **error)
{
	json_t *row, *mailboxes;
	gboolean ok = TRUE;
	gssize at;

	if (!row_load(txn, TABLE_TOKENS, label, &row, error))
		return FALSE;
	mailboxes = json_object_get(row, "mailboxes");
	at = find_mailbox(mailboxes, mailbox);
	if (at >= 0) {
		json_array_remove(mailboxes, (size_t)at);
		if (json_array_size(mailboxes) == 0)
			json_object_set_new(row, "state", json_string(when_empty));
		ok = row_save(txn, TABLE_TOKENS, label, row, error);
	}
	json_decref(row);
	return ok;
}

gboolean tokens_cease_mailbox(StoreTxn *txn, const char *mailbox, GError **error)
{
	g_autoptr(GError) cause = NULL;
	g_autofree char *key = index_key(mailbox);
	g_autofree char *label = store_get_txn(txn, TABLE_INDEX, key, &cause);

	if (cause == NULL && label == NULL)
		return TRUE;
	if (cause == NULL && take_mailbox(txn, label, mailbox, "ceased", &cause) &&
		store_delete(txn, TABLE_INDEX, key, &cause))
		tokens_queue_bindings(txn, &cause);
	if (cause == NULL)
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&cause));
	return FALSE;
}

typedef struct {
	const ApiRequest *request;
	const char *label, *serial, *from, *until, *document;
	json_t *mailboxes; /* owned by whoever filled it */
	json_t *row;	   /* result, owned */
	gboolean personal;
	const char *event, *denuncia; /* of a step in its life; denuncia: of a loss, else NULL */
	guint64 outbox_number;
} TokenChange;

static gboolean append_record(
	StoreTxn *txn, const char *type, const TokenChange *change, GError **error)
{
	const Service *service = change->request->service;
	g_autoptr(Record) record = record_new(type, change->label, service->now_s());

	record_add(record, "serial", change->serial);
	for (size_t i = 0; i < json_array_size(change->mailboxes); i++) {
		g_autofree char *name = g_strdup_printf("mailbox%zu", i + 1);

		record_add_salted(
			record, name, json_string_value(json_array_get(change->mailboxes, i)));
	}
	record_add(record, "from", change->from);
	record_add(record, "until", change->until);
	if (change->personal)
		record_add(record, "personal", "yes");
	record_add(record, "document", change->document);
	record_add(record, "denuncia", change->denuncia);
	record_add(record, "actor", change->request->actor);
	return store_append(txn, record, NULL, error);
}

/* A mailbox that another token signed for moves here: so a renewed token takes over. */
static gboolean move_mailboxes(StoreTxn *txn, const TokenChange *change, GError **error)
{
	for (size_t i = 0; i < json_array_size(change->mailboxes); i++) {
		const char *mailbox = json_string_value(json_array_get(change->mailboxes, i));
		g_autofree char *key = index_key(mailbox);
		g_autoptr(GError) cause = NULL;
		g_autofree char *before = store_get_txn(txn, TABLE_INDEX, key, &cause);

		if (cause == NULL && before != NULL && strcmp(before, change->label) != 0)
			take_mailbox(txn, before, mailbox, "suspended", &cause);
		if (cause != NULL) {
			g_propagate_error(error, g_steal_pointer(&cause));
			return FALSE;
		}
		if (!store_put(txn, TABLE_INDEX, key, change->label, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean enrol(StoreTxn *txn, gpointer data, GError **error)
{
	TokenChange *change = data;
	json_t *body;
	gboolean ok;

	json_decref(change->row);
	change->row = json_pack("{s:s, s:s, s:O, s:s?, s:s?, s:s, s:s, s:I, s:b}", "label",
		change->label, "serial", change->serial, "mailboxes", change->mailboxes, "from",
		change->from, "until", change->until, "state", "active", "document",
		change->document, "time", (json_int_t)change->request->service->now_s(), "personal",
		change->personal);
	body = json_object();
	ok = append_record(txn, "token.enrolled", change, error) &&
	     move_mailboxes(txn, change, error) &&
	     row_save(txn, TABLE_TOKENS, change->label, change->row, error) &&
	     outbox_add(txn, "bindings", body, &change->outbox_number, error);
	json_decref(body);
	return ok;
}

static gboolean lock(StoreTxn *txn, gpointer data, GError **error)
{
	TokenChange *change = data;
	json_t *body;
	gboolean ok;

	json_decref(change->row);
	if (!row_load(txn, TABLE_TOKENS, change->label, &change->row, error))
		return FALSE;
	if (change->row == NULL) {
		g_set_error(
			error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND, "no token %s", change->label);
		return FALSE;
	}
	body = json_pack("{s:s}", "lock", change->label);
	ok = append_record(txn, "token.locked", change, error) &&
	     outbox_add(txn, "bindings", body, &change->outbox_number, error);
	json_decref(body);
	return ok;
}

static gboolean take_step(StoreTxn *txn, gpointer data, GError **error)
{
	TokenChange *change = data;
	const TokenStep *step;
	json_auto_t *body = NULL;

	json_decref(change->row);
	if (!row_load(txn, TABLE_TOKENS, change->label, &change->row, error))
		return FALSE;
	if (change->row == NULL) {
		g_set_error(
			error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND, "no token %s", change->label);
		return FALSE;
	}
	step = token_step(row_text(change->row, "state"), change->event, error);
	if (step == NULL)
		return FALSE;
	json_object_set_new(change->row, "state", json_string(step->next));
	json_object_set_new(change->row, "document", json_string(change->document));
	json_object_set_new(
		change->row, "time", json_integer((json_int_t)change->request->service->now_s()));
	if (change->denuncia != NULL)
		json_object_set_new(change->row, "denuncia", json_string(change->denuncia));
	body = json_object();
	return append_record(txn, step->leaf, change, error) &&
	       row_save(txn, TABLE_TOKENS, change->label, change->row, error) &&
	       outbox_add(txn, "bindings", body, &change->outbox_number, error);
}

/* The signer's status of its tokens, aa{sv}; NULL with error. */
static GVariant *signer_status(const Service *service, GError **error)
{
	g_autoptr(GVariant) answer =
		signer_call(settings_string(service->settings, "signing", "control_socket"),
			STATUS_TIMEOUT_MS, "status", NULL, NULL, error);
	GVariant *tokens;

	if (answer == NULL)
		return NULL;
	tokens = g_variant_lookup_value(answer, "tokens", G_VARIANT_TYPE("aa{sv}"));
	if (tokens == NULL)
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "the signer's status");
	return tokens;
}

static GVariant *status_of(GVariant *tokens, const char *label)
{
	for (gsize i = 0; tokens != NULL && i < g_variant_n_children(tokens); i++) {
		g_autoptr(GVariant) token = g_variant_get_child_value(tokens, i);
		const char *name;

		if (g_variant_lookup(token, "token", "&s", &name) && strcmp(name, label) == 0)
			return g_steal_pointer(&token);
	}
	return NULL;
}

static void add_status(json_t *item, GVariant *status, const GError *error)
{
	const char *certificate = "", *subject = "", *trouble = "", *purpose = "mail";
	gboolean unlocked = FALSE;
	guint64 signatures = 0;
	gint64 not_after = 0;

	if (status == NULL) {
		json_object_set_new(item, "unlocked", json_null());
		json_object_set_new(item, "trouble",
			json_string(error != NULL ? acuse_error_row_of(error)->name : "not-found"));
		return;
	}
	g_variant_lookup(status, "unlocked", "b", &unlocked);
	g_variant_lookup(status, "purpose", "&s", &purpose);
	g_variant_lookup(status, "certificate_sha256", "&s", &certificate);
	g_variant_lookup(status, "subject", "&s", &subject);
	g_variant_lookup(status, "trouble", "&s", &trouble);
	g_variant_lookup(status, "not_after", "x", &not_after);
	g_variant_lookup(status, "signatures", "t", &signatures);
	json_object_set_new(item, "unlocked", json_boolean(unlocked));
	json_object_set_new(item, "purpose", json_string(purpose));
	json_object_set_new(item, "certificate_sha256", json_string(certificate));
	json_object_set_new(item, "subject", json_string(subject));
	json_object_set_new(item, "not_after", json_integer((json_int_t)not_after));
	json_object_set_new(item, "signatures", json_integer((json_int_t)signatures));
	json_object_set_new(item, "trouble", json_string(trouble));
}

static void answer_token(
	const ApiRequest *request, TokenChange *change, unsigned code, ApiResponse *response)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) tokens = NULL;
	g_autoptr(GVariant) status = NULL;

	outbox_wait(request->service->outbox, change->outbox_number, ANSWER_WAIT_MS);
	tokens = signer_status(request->service, &error);
	status = status_of(tokens, change->label);
	add_status(change->row, status, error);
	response->status = code;
	response->json = g_steal_pointer(&change->row);
}

/* A new array of lower-case addresses, each once. */
static json_t *read_mailboxes(const json_t *body, GError **error)
{
	const json_t *given = json_object_get(body, "mailboxes");
	json_t *mailboxes = json_array();

	if (json_array_size(given) == 0 || json_array_size(given) > MAX_MAILBOXES) {
		api_invalid(error, "mailboxes", "must be a list of 1 to 50 addresses");
		json_decref(mailboxes);
		return NULL;
	}
	for (size_t i = 0; i < json_array_size(given); i++) {
		const char *text = json_string_value(json_array_get(given, i));
		g_autofree char *address =
			api_address(text != NULL ? text : "", "mailboxes", error);

		if (address == NULL) {
			json_decref(mailboxes);
			return NULL;
		}
		if (find_mailbox(mailboxes, address) < 0)
			json_array_append_new(mailboxes, json_string(address));
	}
	return mailboxes;
}

static gboolean read_time(const json_t *body, const char *name, const char **text, GError **error)
{
	gint64 time_s;

	if (!api_string_optional(body, name, TIME_MAX_CHARS, text, error))
		return FALSE;
	if (*text == NULL || time_from_rfc3339(*text, &time_s))
		return TRUE;
	return api_invalid(error, name, "must be a time like 2026-01-31T05:00:00Z");
}

static gboolean check_label(const Service *service, const char *label, GError **error)
{
	if (*label == '\0' || strlen(label) > MAX_LABEL || strchr(label, '/') != NULL)
		return api_invalid(error, "label", "must have 1 to 32 bytes and no '/'");
	if (strcmp(label, settings_string(service->settings, "signing", "seal_token")) == 0)
		return api_invalid(error, "label", "the seal's token signs no mail");
	return TRUE;
}

static gboolean is_persons(const Service *service, const char *mailbox)
{
	g_autoptr(Account) account =
		service->live != NULL ? live_directory_by_mail(service->live, mailbox) : NULL;

	return account != NULL && account->kind != ACCOUNT_OFFICE;
}

/* S2: off unless the institution turns it on. */
static gboolean check_personal(const Service *service, TokenChange *change, GError **error)
{
	for (size_t i = 0; i < json_array_size(change->mailboxes); i++)
		change->personal |= is_persons(
			service, json_string_value(json_array_get(change->mailboxes, i)));
	if (!change->personal ||
		strcmp(settings_string(service->settings, "signing", "personal_tokens"), "on") == 0)
		return TRUE;
	g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_FORBIDDEN,
		"a mailbox is a person's; people's own tokens are off ([signing] personal_tokens)");
	return FALSE;
}

static gboolean read_enrolment(const ApiRequest *request, TokenChange *change, GError **error)
{
	const json_t *body = request->body;

	if (body == NULL)
		return api_invalid(error, "body", "is missing");
	if (!api_known(
		    body, error, "label", "serial", "mailboxes", "from", "until", "document", NULL))
		return FALSE;
	change->label = api_string(body, "label", MAX_LABEL, error);
	if (change->label == NULL || !check_label(request->service, change->label, error))
		return FALSE;
	if (!api_string_optional(body, "serial", MAX_SERIAL, &change->serial, error))
		return FALSE;
	if (change->serial == NULL)
		change->serial = "";
	change->document = api_string(body, "document", MAX_DOCUMENT, error);
	if (change->document == NULL || !read_time(body, "from", &change->from, error) ||
		!read_time(body, "until", &change->until, error))
		return FALSE;
	if (*change->document == '\0')
		return api_invalid(error, "document", "is empty");
	change->mailboxes = read_mailboxes(body, error);
	return change->mailboxes != NULL && check_personal(request->service, change, error);
}

static gboolean handle_enrol(const ApiRequest *request, ApiResponse *response, GError **error)
{
	TokenChange change = {.request = request};
	gboolean ok = read_enrolment(request, &change, error) &&
		      store_run(request->service->store, enrol, &change, error);

	if (ok)
		answer_token(request, &change, 201, response);
	json_decref(change.mailboxes);
	json_decref(change.row);
	return ok;
}

static gboolean handle_lock(const ApiRequest *request, ApiResponse *response, GError **error)
{
	TokenChange change = {.request = request, .label = request->arguments[0]};
	gboolean ok = request->body != NULL || api_invalid(error, "body", "is missing");

	if (ok && !api_known(request->body, error, "document", NULL))
		ok = FALSE;
	if (ok)
		change.document = api_string(request->body, "document", MAX_DOCUMENT, error);
	ok = ok && change.document != NULL &&
	     store_run(request->service->store, lock, &change, error);
	if (ok)
		answer_token(request, &change, 200, response);
	json_decref(change.row);
	return ok;
}

/* A loss names the denuncia that was filed (F 8.12). */
static gboolean handle_step(
	const ApiRequest *request, const char *event, ApiResponse *response, GError **error)
{
	TokenChange change = {.request = request, .label = request->arguments[0], .event = event};
	gboolean loss = strcmp(event, "lose") == 0;
	gboolean ok = request->body != NULL || api_invalid(error, "body", "is missing");

	ok = ok && api_known(request->body, error, "document", loss ? "denuncia" : NULL, NULL);
	if (ok)
		change.document = api_string(request->body, "document", MAX_DOCUMENT, error);
	if (change.document != NULL && loss)
		change.denuncia = api_string(request->body, "denuncia", MAX_DOCUMENT, error);
	ok = change.document != NULL && (!loss || change.denuncia != NULL);
	if (ok && (*change.document == '\0' || (loss && *change.denuncia == '\0')))
		ok = api_invalid(
			error, *change.document == '\0' ? "document" : "denuncia", "is empty");
	ok = ok && store_run(request->service->store, take_step, &change, error);
	if (ok)
		answer_token(request, &change, 200, response);
	json_decref(change.row);
	return ok;
}

#define STEP(event)                                                                                \
	static gboolean handle_##event(                                                            \
		const ApiRequest *request, ApiResponse *response, GError **error)                  \
	{                                                                                          \
		return handle_step(request, #event, response, error);                              \
	}

STEP(suspend)
STEP(lose)
STEP(return )
STEP(revoke)

typedef struct {
	GVariant *tokens;    /* of the signer; NULL: it does not answer */
	const GError *error; /* why */
} SignerStatus;

static json_t *show_token(const char *key, const char *value, gpointer data, GError **error)
{
	const SignerStatus *signer = data;
	g_autoptr(GVariant) status = status_of(signer->tokens, key);
	json_t *row = row_parse(value, error);

	if (row != NULL)
		add_status(row, status, signer->error);
	return row;
}

static gboolean handle_list(const ApiRequest *request, ApiResponse *response, GError **error)
{
	g_autoptr(GError) trouble = NULL;
	g_autoptr(GVariant) tokens = signer_status(request->service, &trouble);
	SignerStatus signer = {tokens, trouble};
	const List list = {TABLE_TOKENS, "", FALSE, show_token, &signer};

	return list_answer(request, &list, response, error);
}

const Route routes_tokens[] = {
	{"POST", "/v1/tokens", ROLE_OTIC, FALSE, handle_enrol},
	{"GET", "/v1/tokens", ROLE_OTIC | ROLE_AUDITOR, FALSE, handle_list},
	{"POST", "/v1/tokens/{label}/lock", ROLE_OTIC, FALSE, handle_lock},
	{"POST", "/v1/tokens/{label}/suspend", ROLE_OTIC, FALSE, handle_suspend},
	{"POST", "/v1/tokens/{label}/lose", ROLE_OTIC, FALSE, handle_lose},
	{"POST", "/v1/tokens/{label}/return", ROLE_OTIC, FALSE, handle_return},
	{"POST", "/v1/tokens/{label}/revoke", ROLE_OTIC, FALSE, handle_revoke},
	{NULL, NULL, 0, FALSE, NULL},
};
