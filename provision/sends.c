/*
 * Sends, recording side: the intent (DESIGN 3) and its permit. Everything is
 * checked again here, for the milter may be wrong or stale. Fails with a row of the error table and
 * no effect; a repeat of a released mail is noted in the ledger and refused. Each request runs in
 * its own thread, changes in the committer's.
 */
#include "provision/closed_accounts.h"
#include "provision/sends.h"

#include <string.h>

#include "base/error.h"
#include "core/plan.h"
#include "provision/exceptions.h"
#include "provision/notices.h"
#include "provision/reconcile.h"
#include "provision/register.h"
#include "provision/row.h"
#include "provision/send_hold.h"
#include "provision/send_limits.h"
#include "provision/send_record.h"
#include "provision/tokens.h"
#include "signer/permit.h"

/* The live copy may have changed since the milter looked: P1 and P2 once more. */
gboolean sends_check_account(const Service *service, const json_t *body, GError **error)
{
	const char *login = row_text(body, "login"), *reason = NULL;
	g_autoptr(Account) person = NULL, mailbox = NULL;

	if (live_directory_age_s(service->live) >
		settings_int(service->settings, "directory", "max_age_s")) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_STALE_DIRECTORY,
			"the copy of the directory is too old");
		return FALSE;
	}
	if (strchr(login, '@') != NULL)
		person = live_directory_by_mail(service->live, login);
	else
		person = live_directory_by_uid(service->live, login);
	if (person == NULL || !account_may_send(person, service->now_s(), &reason)) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_ACCOUNT_INACTIVE, "login: %s",
			person == NULL ? "unknown to the directory" : reason);
		return FALSE;
	}
	if (account_is_closed(service->store, person->uid)) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_ACCOUNT_INACTIVE, "login: ceased");
		return FALSE;
	}
	mailbox = live_directory_by_mail(service->live, row_text(body, "mailbox"));
	if (mailbox == NULL || !account_may_send_as(person, mailbox, service->now_s())) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NOT_AUTHORISED,
			"the login may not send as this mailbox");
		return FALSE;
	}
	if (!account_may_send(mailbox, service->now_s(), &reason)) {
		g_set_error(
			error, ACUSE_ERROR, ACUSE_ERROR_ACCOUNT_INACTIVE, "mailbox: %s", reason);
		return FALSE;
	}
	return TRUE;
}

typedef enum { INTENT_NEW, INTENT_REPEAT_RELEASED, INTENT_REPEAT_UNDECIDED } IntentOutcome;

typedef struct {
	Service *service;
	const json_t *body;
	gint64 now_s;
	const Prepared *prepared; /* NULL: it comes later */
	IntentOutcome outcome;
	json_t *findings;	 /* register.h; owned; NULL before it was asked */
	gboolean seen;		 /* the same mail was asked for before */
	const char *cannot_sign; /* static; NULL: it can, or need not */
	LimitsOver over;
} Intent;

static gboolean asks_signature(const Intent *intent)
{
	return json_is_true(json_object_get(intent->body, "sign"));
}

/* Where another way is stated (S6), the send is recorded all the same, without a permit. */
static gboolean check_binding(StoreTxn *txn, Intent *intent, GError **error)
{
	g_autofree char *mailbox = g_ascii_strdown(row_text(intent->body, "mailbox"), -1);

	g_autoptr(GError) cause = NULL;

	intent->cannot_sign = NULL;
	if (!asks_signature(intent) || tokens_mailbox_ready(txn, mailbox, intent->now_s, &cause))
		return TRUE;
	if (!acuse_error_is_of_signature(cause) || send_hold_is(intent->service, "refuse")) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return FALSE;
	}
	intent->cannot_sign = acuse_error_row_of(cause)->name;
	return TRUE;
}

static gboolean note_repeat(StoreTxn *txn, const Intent *intent, json_t *before, GError **error)
{
	g_autoptr(Record) record =
		record_new("send.repeated", send_record_id(before), intent->now_s);
	SendEntry entry = {.event = "repeated", .time_s = intent->now_s};

	record_add(record, "queue_id", row_text(intent->body, "queue_id"));
	if (!send_record_append(txn, before, record, &entry.leaf, error))
		return FALSE;
	send_record_note(before, &entry);
	return send_record_save(txn, before, error);
}

/* Looks for the same mail before. What was never prepared is superseded: its client gave up on it.
 */
static gboolean check_repeat(StoreTxn *txn, Intent *intent, const char *fingerprint, GError **error)
{
	g_autofree char *id = NULL;
	json_auto_t *before = NULL;

	if (!send_record_find(txn, "fingerprint", fingerprint, &id, error))
		return FALSE;
	intent->seen = id != NULL;
	if (id == NULL)
		return TRUE;
	before = send_record_load(txn, id, error);
	if (before == NULL)
		return FALSE;
	switch (send_record_state(before)) {
	case SEND_RELEASED:
		intent->outcome = INTENT_REPEAT_RELEASED;
		return note_repeat(txn, intent, before, error);
	case SEND_HELD:
		/* Ours as soon as Postfix has it; its sender is told what becomes of it. */
		if (send_hold_is_queued(before)) {
			intent->outcome = INTENT_REPEAT_RELEASED;
			return note_repeat(txn, intent, before, error);
		}
		intent->outcome = INTENT_REPEAT_UNDECIDED;
		return TRUE;
	case SEND_PREPARED:
		intent->outcome = INTENT_REPEAT_UNDECIDED;
		return TRUE;
	case SEND_INTENT:
		return send_record_settle(txn, before, SEND_EVENT_SUPERSEDED, "superseded",
			       intent->now_s, NULL, error) &&
		       send_record_save(txn, before, error);
	case SEND_NOT_RELEASED:
		break;
	}
	return TRUE;
}

/* "P7 warn; P3 log": what a rule said may name people, which rule said it does not. */
static char *findings_in_short(const json_t *send)
{
	g_autoptr(GString) text = g_string_new(NULL);
	json_t *finding;
	size_t i;

	json_array_foreach(json_object_get(send, "findings"), i, finding)
		g_string_append_printf(text, "%s%s %s", i > 0 ? "; " : "",
			row_text(finding, "rule"), row_text(finding, "mode"));
	return text->len > 0 ? g_strdup(text->str) : NULL;
}

static Record *intent_leaf(const json_t *send, gint64 now_s)
{
	static const char *const plain[] = {"class", "message_id", "date", "document_type",
		"document_number", "pdf_signature", "expediente", "queue_id", "content_sha256",
		"entity_sha256", "block", "date_original", "expediente_check", "authorisation",
		"exception_id", "document_signed", "act_until"};
	static const char *const personal[] = {
		"login", "mailbox", "subject", "client_address", "token", "exception"};
	Record *record = record_new("send.intent", send_record_id(send), now_s);
	g_autofree char *findings = findings_in_short(send);

	for (gsize i = 0; i < G_N_ELEMENTS(plain); i++)
		record_add(record, plain[i], row_text(send, plain[i]));
	record_add(record, "findings", findings);
	record_add(record, "sign", json_is_true(json_object_get(send, "sign")) ? "true" : "false");
	record_add_int(
		record, "recipients", (gint64)json_array_size(json_object_get(send, "recipients")));
	for (gsize i = 0; i < G_N_ELEMENTS(personal); i++)
		record_add_salted(record, personal[i], row_text(send, personal[i]));
	return record;
}

static gboolean append_intent(StoreTxn *txn, json_t *send, gint64 now_s, GError **error)
{
	g_autoptr(Record) record = intent_leaf(send, now_s);
	SendEntry entry = {.event = "intent", .time_s = now_s};
	json_t *address;
	size_t i;

	if (!send_record_append(txn, send, record, &entry.leaf, error))
		return FALSE;
	send_record_note(send, &entry);
	json_array_foreach(json_object_get(send, "recipients"), i, address) {
		g_autoptr(Record) leaf = record_new("send.recipient", send_record_id(send), now_s);

		record_add_int(leaf, "number", (gint64)i + 1);
		record_add_salted(leaf, "address", json_string_value(address));
		if (!send_record_append(txn, send, leaf, NULL, error))
			return FALSE;
	}
	return TRUE;
}

/* The client that got no answer asks again: it gets the same one, and nothing is recorded twice. */
static gboolean check_asked_again(const Intent *intent, const json_t *before, GError **error)
{
	json_auto_t *again = send_record_new(intent->body, intent->now_s);
	const char *name;
	json_t *unused;
	gboolean same = intent->prepared != NULL
				? send_prepared_is_asked_again(before, intent->prepared)
				: send_record_state(before) == SEND_INTENT;

	json_object_foreach((json_t *)intent->body, name, unused)
		same = same &&
		       (strcmp(name, "prepared") == 0 || json_equal(json_object_get(before, name),
								 json_object_get(again, name)));
	if (!same)
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT, "send %s is there already",
			send_record_id(intent->body));
	return same;
}

static gboolean change_intent(StoreTxn *txn, gpointer data, GError **error)
{
	Intent *intent = data;
	const char *id = send_record_id(intent->body);
	g_autofree char *fingerprint = send_record_fingerprint(intent->body);
	json_auto_t *send = NULL, *there = NULL;

	intent->outcome = INTENT_NEW;
	if (!row_load(txn, TABLE_SENDS, id, &there, error))
		return FALSE;
	if (there != NULL)
		return check_asked_again(intent, there, error);
	g_clear_pointer(&intent->findings, json_decref);
	if (!register_check_intent(txn, intent->service, intent->body, &intent->findings, error) ||
		!check_binding(txn, intent, error) ||
		!check_repeat(txn, intent, fingerprint, error))
		return FALSE;
	if (intent->outcome != INTENT_NEW)
		return TRUE;
	/* P15: the same mail does not count twice. */
	if (!intent->seen && !limits_count(txn, intent->service, intent->body, intent->now_s,
				     &intent->over, error))
		return FALSE;
	limits_note(&intent->over, json_object_get(intent->findings, "findings"));
	send = send_record_new(intent->body, intent->now_s);
	register_note_findings(send, intent->findings);
	return exception_take(txn, send, intent->now_s, error) &&
	       append_intent(txn, send, intent->now_s, error) &&
	       send_record_index(txn, send, fingerprint, error) &&
	       (intent->prepared == NULL ||
		       send_prepared_take(txn, send, intent->prepared, error)) &&
	       send_record_save(txn, send, error);
}

static gboolean refuse_repeat(const Intent *intent, GError **error)
{
	if (intent->outcome == INTENT_NEW)
		return TRUE;
	if (intent->outcome == INTENT_REPEAT_RELEASED) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_REPEAT_RELEASED,
			"the same mail was released before");
		return FALSE;
	}
	reconcile_wake(intent->service->reconciler);
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_REPEAT_UNDECIDED,
		"the same mail waits for its outcome");
	return FALSE;
}

static gboolean record_intent(Intent *intent, GError **error)
{
	gboolean done = store_run(intent->service->store, change_intent, intent, error);

	limits_tell(intent->service, &intent->over);
	limits_over_clear(&intent->over);
	return done && refuse_repeat(intent, error);
}

/* What is not signed is final before the intent: both come in one call and one commit. */
static gboolean check_prepared(const ApiRequest *request, Prepared *prepared, GError **error)
{
	const json_t *body = request->body;

	if (json_is_true(json_object_get(body, "sign")))
		return api_invalid(error, "prepared", "comes after the signature");
	prepared->id = row_text(body, "id");
	return send_check_prepared(json_object_get(body, "prepared"), prepared, error) &&
	       send_prepared_check_message(request, prepared, error);
}

static gboolean post_intent(const ApiRequest *request, ApiResponse *response, GError **error)
{
	Service *service = request->service;
	const json_t *body = request->body;
	Intent intent = {.service = service, .body = body, .now_s = service->now_s()};
	json_auto_t *findings = NULL;
	gboolean taken;
	g_auto(Prepared) prepared = {.now_s = intent.now_s,
		.domain = settings_string(service->settings, "institution", "domain")};
	g_autofree char *permit = NULL;

	if (!send_check_intent(body, error) || !sends_check_account(service, body, error))
		return FALSE;
	if (json_is_object(json_object_get(body, "prepared"))) {
		if (!check_prepared(request, &prepared, error))
			return FALSE;
		intent.prepared = &prepared;
	} else if (json_object_get(body, "prepared") != NULL || request->message != NULL) {
		return api_invalid(error, "prepared", "must be an object");
	}
	/* Made before the record: what cannot be permitted is not recorded. It is given after. */
	if (json_is_true(json_object_get(body, "sign"))) {
		permit = permit_make(service->permit_key, send_record_id(body),
			row_text(body, "mailbox"), row_text(body, "entity_sha256"),
			intent.now_s +
				settings_int(service->settings, "signing", "permit_lifetime_s"),
			error);
		if (permit == NULL)
			return FALSE;
	}
	taken = record_intent(&intent, error);
	findings = intent.findings;
	if (!taken)
		return FALSE;
	response->status = 201;
	response->json = json_pack("{s:s, s:s?, s:s?, s:O?}", "id", send_record_id(body), "permit",
		intent.cannot_sign == NULL ? permit : NULL, "cannot_sign", intent.cannot_sign,
		"findings", json_object_get(findings, "findings"));
	return TRUE;
}

#define READERS (ROLE_OTIC | ROLE_AUDITOR | ROLE_TRAMITE)

const Route routes_sends[] = {
	{"POST", "/v1/sends", ROLE_OUTGOING, FALSE, post_intent, TRUE, TRUE},
	{"POST", "/v1/sends/{id}/prepared", ROLE_OUTGOING, FALSE, sends_prepared, TRUE, TRUE},
	{"POST", "/v1/sends/{id}/hold", ROLE_OUTGOING, FALSE, sends_hold},
	{"POST", "/v1/sends/{id}/resume", ROLE_OUTGOING, FALSE, sends_resume},
	{"POST", "/v1/sends/{id}/purge", ROLE_OTIC, FALSE, sends_purge},
	{"GET", "/v1/sends", READERS, FALSE, sends_list},
	{"GET", "/v1/sends/{id}", READERS, FALSE, sends_show},
	{"GET", "/v1/sends/{id}/message", READERS, FALSE, sends_message},
	{"GET", "/v1/sends/{id}/constancia.pdf", READERS, FALSE, sends_constancia_pdf},
	{"GET", "/v1/sends/{id}/constancia.png", READERS, FALSE, sends_constancia_png},
	{"GET", "/v1/sends/{id}/proof", READERS, FALSE, sends_proof},
	{NULL, NULL, 0, FALSE, NULL},
};
