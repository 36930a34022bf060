/*
 * The routes /v1/tokens: what is asked for, evaluated, authorised, enrolled, and what comes after
 * (token_life.h). Each step is one change; the answer waits a moment for the signer to have it, and
 * the push goes on when it is down. A wrong body changes nothing. Any thread.
 */
#include <string.h>

#include "api/record_json.h"
#include "base/error.h"
#include "provision/list.h"
#include "provision/row.h"
#include "provision/token_check.h"
#include "provision/tokens.h"

#define MAX_LABEL 32 /* PKCS#11 */
#define MAX_SERIAL 16
#define MAX_MAILBOXES 50
#define MAX_DOCUMENT 200
#define MAX_UNIT 200
#define MAX_REASONS 1000
#define ANSWER_WAIT_MS 2000
#define TIME_MAX_CHARS 40

/* One step, as it was asked for. */
typedef struct {
	const ApiRequest *request;
	const char *label, *event;
	json_t *given; /* members that the row gets; owned by whoever filled it */
	json_t *row;   /* result, owned */
	TokenAct act;
} Asked;

static gboolean load_row(StoreTxn *txn, Asked *asked, GError **error)
{
	json_decref(asked->row);
	asked->row = NULL;
	if (!row_load(txn, TABLE_TOKENS, asked->label, &asked->row, error))
		return FALSE;
	if (asked->row != NULL || strcmp(asked->event, "request") == 0)
		return TRUE;
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND, "no token %s", asked->label);
	return FALSE;
}

/* What was before is in the ledger: a new request begins with a new row. */
static void begin_row(Asked *asked)
{
	json_decref(asked->row);
	asked->row = json_pack("{s:s, s:s}", "label", asked->label, "serial", "");
}

static gboolean step_change(StoreTxn *txn, gpointer data, GError **error)
{
	Asked *asked = data;
	const TokenStep *step;

	if (!load_row(txn, asked, error))
		return FALSE;
	step = token_step(
		asked->row != NULL ? row_text(asked->row, "state") : "new", asked->event, error);
	if (step == NULL)
		return FALSE;
	if (row_text(asked->row, "owed") != NULL && strcmp(asked->event, "request") == 0) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT, "token %s was not given back",
			asked->label);
		return FALSE;
	}
	if (strcmp(asked->event, "request") == 0)
		begin_row(asked);
	json_object_update(asked->row, asked->given);
	return tokens_take_step(txn, asked->row, step, &asked->act, error);
}

static gboolean lock_change(StoreTxn *txn, gpointer data, GError **error)
{
	Asked *asked = data;
	json_auto_t *body = json_pack("{s:s}", "lock", asked->label);
	g_autoptr(Record) record =
		record_new("token.locked", asked->label, asked->act.service->now_s());

	record_add(record, "document", asked->act.document);
	record_add(record, "actor", asked->act.actor);
	return load_row(txn, asked, error) && store_append(txn, record, NULL, error) &&
	       outbox_add(txn, "bindings", body, &asked->act.number, error);
}

static void answer_token(Asked *asked, unsigned code, ApiResponse *response)
{
	const Service *service = asked->request->service;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) tokens = NULL;

	if (asked->act.number != 0)
		outbox_wait(service->outbox, asked->act.number, ANSWER_WAIT_MS);
	tokens = token_signer_status(service, &error);
	token_add_status(asked->row, tokens, error);
	response->status = code;
	response->json = g_steal_pointer(&asked->row);
}

static gboolean finish(Asked *asked, StoreChange change, gboolean ok, unsigned code,
	ApiResponse *response, GError **error)
{
	ok = ok && store_run(asked->request->service->store, change, asked, error);
	if (ok)
		answer_token(asked, code, response);
	json_decref(asked->given);
	json_decref(asked->row);
	return ok;
}

/* Of every step: the paper, and the day that it speaks of. */
static gboolean read_act(Asked *asked, GError **error)
{
	const json_t *body = asked->request->body;
	TokenAct *act = &asked->act;

	act->service = asked->request->service;
	act->actor = asked->request->actor;
	act->document = api_string(body, "document", MAX_DOCUMENT, error);
	if (act->document == NULL ||
		!api_string_optional(body, "date", TIME_MAX_CHARS, &act->date, error))
		return FALSE;
	return act->date == NULL || api_date(act->date, error);
}

static gboolean give_text(Asked *asked, const char *name, gsize max_chars, GError **error)
{
	const char *text = api_string(asked->request->body, name, max_chars, error);

	if (text == NULL)
		return FALSE;
	json_object_set_new(asked->given, name, json_string(text));
	return TRUE;
}

static gboolean give_time(Asked *asked, const char *name, GError **error)
{
	const char *text;
	gint64 time_s;

	if (!api_string_optional(asked->request->body, name, TIME_MAX_CHARS, &text, error))
		return FALSE;
	if (text != NULL && !time_from_rfc3339(text, &time_s))
		return api_invalid(error, name, "must be a time like 2026-01-31T05:00:00Z");
	json_object_set_new(asked->given, name, text != NULL ? json_string(text) : json_null());
	return TRUE;
}

/* Lower-case addresses, each once. */
static gboolean give_mailboxes(Asked *asked, GError **error)
{
	const json_t *given = json_object_get(asked->request->body, "mailboxes");
	json_t *mailboxes = json_array();

	json_object_set_new(asked->given, "mailboxes", mailboxes);
	if (json_array_size(given) == 0 || json_array_size(given) > MAX_MAILBOXES)
		return api_invalid(error, "mailboxes", "must be a list of 1 to 50 addresses");
	for (size_t i = 0; i < json_array_size(given); i++) {
		const char *text = json_string_value(json_array_get(given, i));
		g_autofree char *address =
			api_address(text != NULL ? text : "", "mailboxes", error);

		if (address == NULL)
			return FALSE;
		if (!token_has_mailbox(asked->given, address))
			json_array_append_new(mailboxes, json_string(address));
	}
	return TRUE;
}

static gboolean is_persons(const Service *service, const char *mailbox)
{
	g_autoptr(Account) account =
		service->live != NULL ? live_directory_by_mail(service->live, mailbox) : NULL;

	return account != NULL && account->kind != ACCOUNT_OFFICE;
}

/* S2: off unless the institution turns it on. */
static gboolean give_personal(Asked *asked, const char **person, GError **error)
{
	const Service *service = asked->request->service;
	json_t *mailbox;
	size_t i;

	json_array_foreach(json_object_get(asked->given, "mailboxes"), i, mailbox)
		if (is_persons(service, json_string_value(mailbox)))
			*person = json_string_value(mailbox);
	json_object_set_new(asked->given, "personal", json_boolean(*person != NULL));
	if (*person == NULL ||
		strcmp(settings_string(service->settings, "signing", "personal_tokens"), "on") == 0)
		return TRUE;
	g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_FORBIDDEN,
		"a mailbox is a person's; people's own tokens are off ([signing] personal_tokens)");
	return FALSE;
}

/* Who answers for the token: of a person's the person, of an office's whoever is named. */
static gboolean give_holder(Asked *asked, const char *person, GError **error)
{
	g_autofree char *address = NULL;
	const char *text;

	if (!api_string_optional(asked->request->body, "holder", MAX_DOCUMENT, &text, error))
		return FALSE;
	if (text == NULL)
		text = person;
	if (text != NULL && (address = api_address(text, "holder", error)) == NULL)
		return FALSE;
	if (address != NULL)
		json_object_set_new(asked->given, "holder", json_string(address));
	return TRUE;
}

static gboolean check_label(const Service *service, const char *label, GError **error)
{
	if (*label == '\0' || strlen(label) > MAX_LABEL || strchr(label, '/') != NULL)
		return api_invalid(error, "label", "must have 1 to 32 bytes and no '/'");
	if (strcmp(label, settings_string(service->settings, "signing", "seal_token")) == 0)
		return api_invalid(error, "label", "the seal's token signs no mail");
	return TRUE;
}

static gboolean read_request(Asked *asked, GError **error)
{
	const ApiRequest *request = asked->request;
	const char *person = NULL;

	if (request->body == NULL)
		return api_invalid(error, "body", "is missing");
	if (!api_known(request->body, error, "label", "mailboxes", "holder", "unit", "reasons",
		    "document", "date", NULL))
		return FALSE;
	asked->label = api_string(request->body, "label", MAX_LABEL, error);
	return asked->label != NULL && check_label(request->service, asked->label, error) &&
	       read_act(asked, error) && give_text(asked, "unit", MAX_UNIT, error) &&
	       give_text(asked, "reasons", MAX_REASONS, error) && give_mailboxes(asked, error) &&
	       give_personal(asked, &person, error) && give_holder(asked, person, error);
}

static gboolean handle_request(const ApiRequest *request, ApiResponse *response, GError **error)
{
	Asked asked = {.request = request, .event = "request", .given = json_object()};

	return finish(&asked, step_change, read_request(&asked, error), 201, response, error);
}

static gboolean read_step(Asked *asked, GError **error)
{
	const json_t *body = asked->request->body;
	gboolean loss = strcmp(asked->event, "lose") == 0;
	gboolean enrols = strcmp(asked->event, "enrol") == 0;
	gboolean dated = enrols || strcmp(asked->event, "extend") == 0;
	const char *serial = NULL;

	if (body == NULL)
		return api_invalid(error, "body", "is missing");
	/* The list ends at the first NULL. */
	if (loss ? !api_known(body, error, "document", "date", "denuncia", NULL)
		 : !api_known(body, error, "document", "date", dated ? "from" : NULL, "until",
			   enrols ? "serial" : NULL, NULL))
		return FALSE;
	if (!read_act(asked, error) ||
		(dated && (!give_time(asked, "from", error) || !give_time(asked, "until", error))))
		return FALSE;
	if (enrols) {
		if (!api_string_optional(body, "serial", MAX_SERIAL, &serial, error))
			return FALSE;
		json_object_set_new(
			asked->given, "serial", json_string(serial != NULL ? serial : ""));
	}
	/* F 8.12 */
	if (loss && !give_text(asked, "denuncia", MAX_DOCUMENT, error))
		return FALSE;
	asked->act.denuncia = row_text(asked->given, "denuncia");
	return TRUE;
}

static gboolean handle_step(
	const ApiRequest *request, const char *event, ApiResponse *response, GError **error)
{
	Asked asked = {.request = request,
		.event = event,
		.label = request->arguments[0],
		.given = json_object()};

	return finish(&asked, step_change, read_step(&asked, error), 200, response, error);
}

static gboolean handle_lock(const ApiRequest *request, ApiResponse *response, GError **error)
{
	Asked asked = {.request = request,
		.event = "lock",
		.label = request->arguments[0],
		.given = json_object()};

	return finish(&asked, lock_change, read_step(&asked, error), 200, response, error);
}

#define STEP(event)                                                                                \
	static gboolean handle_##event(                                                            \
		const ApiRequest *request, ApiResponse *response, GError **error)                  \
	{                                                                                          \
		return handle_step(request, #event, response, error);                              \
	}

/* What a check found, as an error. */
static gboolean is_fit(const json_t *certificate, GError **error)
{
	const char *bar = row_text(certificate, "bar");
	g_autoptr(GString) text = g_string_new(NULL);
	json_t *problem;
	size_t i;

	if (bar == NULL)
		return TRUE;
	json_array_foreach(json_object_get(certificate, "problems"), i, problem)
		g_string_append_printf(text, "%s%s", i > 0 ? "; " : "", json_string_value(problem));
	g_set_error(error, ACUSE_ERROR, (gint)acuse_error_by_name(bar)->code, "the certificate: %s",
		text->str);
	return FALSE;
}

/* The token's certificate as it is now; NULL with error. */
static json_t *check_certificate(const Asked *asked, gboolean fresh, GError **error)
{
	Service *service = asked->request->service;
	json_auto_t *row = NULL;

	if (!row_read(service->store, TABLE_TOKENS, asked->label, &row, error))
		return NULL;
	if (row == NULL) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND, "no token %s", asked->label);
		return NULL;
	}
	if (strcmp(asked->event, "activate") == 0 &&
		token_step(row_text(row, "state"), asked->event, error) == NULL)
		return NULL;
	return token_check(service, row, fresh, error);
}

/* Nothing becomes active with a certificate that is not fit. */
static gboolean read_activation(Asked *asked, GError **error)
{
	json_t *certificate;

	if (!read_step(asked, error))
		return FALSE;
	certificate = check_certificate(asked, FALSE, error);
	if (certificate == NULL)
		return FALSE;
	json_object_set_new(asked->given, "certificate", certificate);
	return is_fit(certificate, error);
}

static gboolean handle_activate(const ApiRequest *request, ApiResponse *response, GError **error)
{
	Asked asked = {.request = request,
		.event = "activate",
		.label = request->arguments[0],
		.given = json_object()};

	return finish(&asked, step_change, read_activation(&asked, error), 200, response, error);
}

static gboolean check_change(StoreTxn *txn, gpointer data, GError **error)
{
	Asked *asked = data;

	json_decref(asked->row);
	asked->row = NULL;
	return token_check_keep(txn, asked->request->service, asked->label,
		json_object_get(asked->given, "certificate"), &asked->row, error);
}

static gboolean handle_check(const ApiRequest *request, ApiResponse *response, GError **error)
{
	Asked asked = {.request = request,
		.event = "check",
		.label = request->arguments[0],
		.given = json_object()};
	json_t *certificate = api_known(request->body, error, NULL)
				      ? check_certificate(&asked, TRUE, error)
				      : NULL;

	if (certificate != NULL)
		json_object_set_new(asked.given, "certificate", certificate);
	return finish(&asked, check_change, certificate != NULL, 200, response, error);
}

STEP(evaluate)
STEP(deny)
STEP(authorise)
STEP(enrol)
STEP(extend)
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
	json_t *row = row_parse(value, error);

	(void)key;
	if (row != NULL)
		token_add_status(row, signer->tokens, signer->error);
	return row;
}

static gboolean handle_list(const ApiRequest *request, ApiResponse *response, GError **error)
{
	g_autoptr(GError) trouble = NULL;
	g_autoptr(GVariant) tokens = token_signer_status(request->service, &trouble);
	SignerStatus signer = {tokens, trouble};
	const List list = {TABLE_TOKENS, "", FALSE, show_token, &signer};

	return list_answer(request, &list, response, error);
}

static gboolean handle_show(const ApiRequest *request, ApiResponse *response, GError **error)
{
	const char *label = request->arguments[0];
	g_autoptr(GError) trouble = NULL;
	g_autoptr(GVariant) tokens = NULL;

	if (!row_read(request->service->store, TABLE_TOKENS, label, &response->json, error))
		return FALSE;
	if (response->json == NULL) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND, "no token %s", label);
		return FALSE;
	}
	tokens = token_signer_status(request->service, &trouble);
	token_add_status(response->json, tokens, trouble);
	return TRUE;
}

#define FILERS (ROLE_OTIC | ROLE_TRAMITE | ROLE_HEAD)
#define STEP_ROUTE(verb)                                                                           \
	{                                                                                          \
		"POST", "/v1/tokens/{label}/" #verb, ROLE_OTIC, FALSE, handle_##verb               \
	}

const Route routes_tokens[] = {
	{"POST", "/v1/tokens", FILERS, FALSE, handle_request},
	{"GET", "/v1/tokens", ROLE_OTIC | ROLE_AUDITOR, FALSE, handle_list},
	{"GET", "/v1/tokens/{label}", ROLE_OTIC | ROLE_AUDITOR, FALSE, handle_show},
	STEP_ROUTE(evaluate),
	STEP_ROUTE(deny),
	STEP_ROUTE(authorise),
	STEP_ROUTE(enrol),
	STEP_ROUTE(activate),
	STEP_ROUTE(check),
	STEP_ROUTE(extend),
	STEP_ROUTE(lock),
	STEP_ROUTE(suspend),
	STEP_ROUTE(lose),
	STEP_ROUTE(return ),
	STEP_ROUTE(revoke),
	{NULL, NULL, 0, FALSE, NULL},
};
