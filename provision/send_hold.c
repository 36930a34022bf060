/*
 * send_hold.h. A permit of the second stage is given after the entity it is for is on record, as
 * that of an intent; a repetition of the same one adds nothing. Requests run in their own threads,
 * changes in the committer's. Fails with a row of the error table and no effect, but for a hold
 * that is over, which is settled and answered with HOLD_OVER.
 */
#include "provision/send_hold.h"

#include <string.h>

#include "api/record_json.h"
#include "base/error.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/text.h"
#include "provision/notices.h"
#include "provision/reconcile.h"
#include "provision/send_record.h"
#include "provision/sends.h"
#include "signer/permit.h"

#define MAX_REASON 32
#define MAX_QUEUE_ID 40
#define MAX_ENVID 100
#define TELL_EVERY_S 3600 /* that mail is held: once to each sender */

gboolean send_hold_is(const Service *service, const char *word)
{
	return strcmp(settings_string(service->settings, "signing", "on_failure"), word) == 0;
}

static json_t *held_of(const json_t *send)
{
	return json_object_get(send, "held");
}

gboolean send_hold_is_queued(const json_t *send)
{
	return json_is_true(json_object_get(held_of(send), "queued"));
}

gboolean send_hold_is_listed(const json_t *send, GHashTable *queue_ids)
{
	const char *queue_id = row_text(held_of(send), "queue_id");

	return queue_id != NULL && g_hash_table_contains(queue_ids, queue_id);
}

static gint64 held_since_s(const json_t *send)
{
	const char *text = row_text(held_of(send), "time");
	gint64 time_s = 0;

	return text != NULL && time_from_rfc3339(text, &time_s) ? time_s : 0;
}

static gint64 hold_ends_s(const Service *service, const json_t *send)
{
	return held_since_s(send) + settings_int(service->settings, "signing", "hold_max_s");
}

typedef struct {
	Service *service;
	const char *id, *reason, *entity_sha256, *sender, *envid; /* of a hold */
	const char *queue_id;					  /* of the second stage */
	const char *how; /* why the hold ends; NULL: it goes on */
	json_t *send;	 /* result of a resume, owned */
	gint64 now_s;
} Holding;

static gboolean tell(StoreTxn *txn, const Service *service, const json_t *send, const char *kind,
	const char *why, gint64 now_s, GError **error)
{
	const char *domain = settings_string(service->settings, "institution", "domain");
	g_autofree char *to = notice_address(row_text(send, "login"), domain);
	g_autofree char *until = time_to_rfc3339(hold_ends_s(service, send));
	json_auto_t *facts =
		json_pack("{s:s?, s:s?, s:s?, s:s}", "subject", row_text(send, "subject"), "date",
			row_text(send, "date"), "why", why, "until", until);

	return notice_add(txn, to, kind, facts, now_s, error);
}

/* A mail merge that is held is told once. */
static gboolean tell_held(StoreTxn *txn, const Holding *holding, json_t *send, GError **error)
{
	g_autofree char *key = g_strconcat("held-told/", row_text(send, "login"), NULL);
	g_autofree char *now = g_strdup_printf("%" G_GINT64_FORMAT, holding->now_s);
	g_autofree char *before = NULL;

	if (!row_load_text(txn, TABLE_INDEX, key, &before, error))
		return FALSE;
	if (before != NULL && holding->now_s - g_ascii_strtoll(before, NULL, 10) < TELL_EVERY_S)
		return TRUE;
	return store_put(txn, TABLE_INDEX, key, now, error) &&
	       tell(txn, holding->service, send, notice_held.kind, holding->reason, holding->now_s,
		       error);
}

/* A report of the first stage's queue id says nothing of the citizen: it is no attempt. */
static gboolean drop_attempt(StoreTxn *txn, json_t *send, const char *queue_id, GError **error)
{
	g_autofree char *key = g_strconcat("queue/", queue_id, NULL);

	json_object_set_new(send, "attempts", json_array());
	return store_delete(txn, TABLE_INDEX, key, error);
}

static gboolean append_held(StoreTxn *txn, json_t *send, const Holding *holding, GError **error)
{
	g_autoptr(Record) record = record_new("send.held", holding->id, holding->now_s);
	SendEntry entry = {.event = send_state_name(SEND_HELD),
		.diagnostic = holding->reason,
		.time_s = holding->now_s};

	record_add(record, "reason", holding->reason);
	record_add(record, "queue_id", row_text(send, "queue_id"));
	record_add(record, "entity_sha256", holding->entity_sha256);
	if (!send_record_append(txn, send, record, &entry.leaf, error))
		return FALSE;
	send_record_note(send, &entry);
	return TRUE;
}

static gboolean change_hold(StoreTxn *txn, gpointer data, GError **error)
{
	const Holding *holding = data;
	json_auto_t *send = send_record_load(txn, holding->id, error);
	g_autofree char *time = time_to_rfc3339(holding->now_s);
	SendState state = send_record_state(send), next;

	if (send == NULL)
		return FALSE;
	if (state == SEND_HELD &&
		g_strcmp0(row_text(held_of(send), "entity_sha256"), holding->entity_sha256) == 0)
		return TRUE;
	if (state != SEND_INTENT || !send_next(state, SEND_EVENT_HELD, &next)) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT, "the send is %s",
			send_state_name(state));
		return FALSE;
	}
	json_object_set_new(send, "state", json_string(send_state_name(next)));
	json_object_set_new(send, "held",
		json_pack("{s:s, s:s, s:s?, s:s, s:s?, s:s?, s:b}", "time", time, "reason",
			holding->reason, "queue_id", row_text(send, "queue_id"), "entity_sha256",
			holding->entity_sha256, "sender", holding->sender, "envid", holding->envid,
			"queued", FALSE));
	return drop_attempt(txn, send, row_text(send, "queue_id"), error) &&
	       append_held(txn, send, holding, error) && tell_held(txn, holding, send, error) &&
	       notice_add_warnings(txn, send,
		       settings_string(holding->service->settings, "institution", "domain"),
		       holding->now_s, error) &&
	       send_record_save(txn, send, error);
}

gboolean sends_hold(const ApiRequest *request, ApiResponse *response, GError **error)
{
	const json_t *body = request->body;
	Holding holding = {.service = request->service,
		.id = request->arguments[0],
		.now_s = request->service->now_s()};

	if (body == NULL)
		return api_invalid(error, "body", "is missing");
	if (!send_hold_is(request->service, "hold")) {
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_FORBIDDEN,
			"[signing] on_failure is not hold");
		return FALSE;
	}
	if (!api_known(body, error, "reason", "entity_sha256", "sender", "envid", NULL) ||
		!api_string_optional(body, "sender", SEND_MAX_ADDRESS, &holding.sender, error) ||
		!api_string_optional(body, "envid", MAX_ENVID, &holding.envid, error))
		return FALSE;
	holding.reason = api_string(body, "reason", MAX_REASON, error);
	holding.entity_sha256 =
		holding.reason != NULL ? api_string(body, "entity_sha256", 64, error) : NULL;
	if (holding.entity_sha256 == NULL)
		return FALSE;
	if (acuse_error_by_name(holding.reason) == NULL)
		return api_invalid(error, "reason", "must be the name of an error");
	if (!hex_is_sha256(holding.entity_sha256))
		return api_invalid(error, "entity_sha256", "must be a SHA-256 in hex");
	if (!store_run(request->service->store, change_hold, &holding, error))
		return FALSE;
	response->json = json_object();
	return TRUE;
}

/* Nobody is told of a mail that its client never had a 250 for. */
static gboolean end_hold(StoreTxn *txn, const Service *service, json_t *send, const char *how,
	gint64 now_s, GError **error)
{
	gboolean moved;

	return send_record_settle(txn, send, SEND_EVENT_TIMEOUT, how, now_s, &moved, error) &&
	       (!moved || !send_hold_is_queued(send) ||
		       tell(txn, service, send, notice_hold_over.kind, how, now_s, error));
}

/* Why a held send is at its end; NULL: it is not. */
static const char *end_of(
	const Service *service, const json_t *send, GHashTable *queue_ids, gint64 now_s)
{
	if (!send_hold_is_listed(send, queue_ids) &&
		now_s - held_since_s(send) >
			settings_int(service->settings, "proof", "release_timeout_s"))
		return "not-in-queue";
	return now_s > hold_ends_s(service, send) ? "hold-over" : NULL;
}

gboolean send_hold_is_due(
	const Service *service, const json_t *send, GHashTable *queue_ids, gint64 now_s)
{
	return send_record_state(send) == SEND_HELD &&
	       ((send_hold_is_listed(send, queue_ids) && !send_hold_is_queued(send)) ||
		       end_of(service, send, queue_ids, now_s) != NULL);
}

gboolean send_hold_settle(StoreTxn *txn, const Service *service, json_t *send,
	GHashTable *queue_ids, gint64 now_s, gboolean *changed, GError **error)
{
	const char *how;

	*changed = send_hold_is_due(service, send, queue_ids, now_s);
	if (!*changed)
		return TRUE;
	if (send_hold_is_listed(send, queue_ids))
		json_object_set_new(held_of(send), "queued", json_true());
	how = end_of(service, send, queue_ids, now_s);
	return how == NULL || end_hold(txn, service, send, how, now_s, error);
}

/* The same recipients, in any order, each once. */
static gboolean has_recipients(const json_t *send, const json_t *given)
{
	g_autoptr(GHashTable) wanted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GHashTable) found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	json_t *address;
	size_t i;

	json_array_foreach(json_object_get(send, "recipients"), i, address)
		g_hash_table_add(wanted, g_ascii_strdown(json_string_value(address), -1));
	json_array_foreach(given, i, address) {
		g_autofree char *lower = NULL;

		if (!json_is_string(address))
			return FALSE;
		lower = g_ascii_strdown(json_string_value(address), -1);
		if (!g_hash_table_contains(wanted, lower))
			return FALSE;
		g_hash_table_add(found, g_steal_pointer(&lower));
	}
	return g_hash_table_size(found) == g_hash_table_size(wanted);
}

static gboolean check_same(const json_t *send, const json_t *body, GError **error)
{
	if (has_recipients(send, json_object_get(body, "recipients")) &&
		g_strcmp0(row_text(held_of(send), "entity_sha256"),
			row_text(body, "held_sha256")) == 0)
		return TRUE;
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED,
		"what came to be released is not what was held as %s", send_record_id(send));
	return FALSE;
}

/* An error for every state but held. */
static gboolean check_state(Service *service, const json_t *send, GError **error)
{
	switch (send_record_state(send)) {
	case SEND_HELD:
		return TRUE;
	case SEND_RELEASED:
		g_set_error_literal(
			error, ACUSE_ERROR, ACUSE_ERROR_REPEAT_RELEASED, "it was released before");
		return FALSE;
	case SEND_NOT_RELEASED:
		g_set_error_literal(
			error, ACUSE_ERROR, ACUSE_ERROR_HOLD_OVER, "it is held no longer");
		return FALSE;
	case SEND_INTENT:
	case SEND_PREPARED:
		break;
	}
	reconcile_wake(service->reconciler);
	g_set_error_literal(
		error, ACUSE_ERROR, ACUSE_ERROR_REPEAT_UNDECIDED, "it waits for its outcome");
	return FALSE;
}

static gboolean append_resumed(StoreTxn *txn, json_t *send, const Holding *holding, GError **error)
{
	g_autoptr(Record) record = record_new("send.resumed", holding->id, holding->now_s);

	record_add(record, "queue_id", holding->queue_id);
	record_add(record, "entity_sha256", holding->entity_sha256);
	json_object_set_new(send, "entity_sha256", json_string(holding->entity_sha256));
	return send_record_append(txn, send, record, NULL, error);
}

static gboolean change_resume(StoreTxn *txn, gpointer data, GError **error)
{
	Holding *holding = data;

	json_decref(holding->send);
	holding->send = send_record_load(txn, holding->id, error);
	if (holding->send == NULL || !check_state(holding->service, holding->send, error))
		return FALSE;
	if (holding->how != NULL)
		return end_hold(txn, holding->service, holding->send, holding->how, holding->now_s,
			       error) &&
		       send_record_save(txn, holding->send, error);
	return g_strcmp0(row_text(holding->send, "entity_sha256"), holding->entity_sha256) == 0 ||
	       (append_resumed(txn, holding->send, holding, error) &&
		       send_record_save(txn, holding->send, error));
}

/* That it is here says that Postfix had it. Who may send no more has no held mail sent either. */
static const char *reason_to_end(
	const Service *service, const json_t *send, gint64 now_s, GError **error)
{
	g_autoptr(GError) cause = NULL;

	if (now_s > hold_ends_s(service, send))
		return "hold-over";
	if (sends_check_account(service, send, &cause))
		return NULL;
	if (!acuse_error_row_of(cause)->retry)
		return acuse_error_row_of(cause)->name;
	g_propagate_error(error, g_steal_pointer(&cause));
	return NULL;
}

static gboolean read_resume(const json_t *body, Holding *holding, GError **error)
{
	if (body == NULL)
		return api_invalid(error, "body", "is missing");
	if (!api_known(body, error, "queue_id", "recipients", "held_sha256", "entity_sha256", NULL))
		return FALSE;
	holding->queue_id = api_string(body, "queue_id", MAX_QUEUE_ID, error);
	holding->entity_sha256 =
		holding->queue_id != NULL ? api_string(body, "entity_sha256", 64, error) : NULL;
	if (holding->entity_sha256 == NULL)
		return FALSE;
	if (!hex_is_sha256(holding->entity_sha256))
		return api_invalid(error, "entity_sha256", "must be a SHA-256 in hex");
	return TRUE;
}

static gboolean decide_resume(
	Service *service, const json_t *body, Holding *holding, GError **error)
{
	json_auto_t *send = send_record_read(service->store, holding->id, error);
	GError *cause = NULL;

	if (send == NULL || !check_state(service, send, error) || !check_same(send, body, error))
		return FALSE;
	holding->how = reason_to_end(service, send, holding->now_s, &cause);
	if (cause == NULL)
		return store_run(service->store, change_resume, holding, error);
	g_propagate_error(error, cause);
	return FALSE;
}

static gboolean answer_resume(
	const Service *service, const Holding *holding, ApiResponse *response, GError **error)
{
	const json_t *send = holding->send, *held = held_of(send);
	g_autofree char *permit = NULL;

	if (holding->how != NULL) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_HOLD_OVER, "the hold ended: %s",
			holding->how);
		return FALSE;
	}
	permit = permit_make(service->permit_key, holding->id, row_text(send, "mailbox"),
		holding->entity_sha256,
		holding->now_s + settings_int(service->settings, "signing", "permit_lifetime_s"),
		error);
	if (permit == NULL)
		return FALSE;
	response->json = json_pack("{s:s, s:s, s:s?, s:s?}", "id", holding->id, "permit", permit,
		"sender", row_text(held, "sender"), "envid", row_text(held, "envid"));
	return TRUE;
}

gboolean sends_resume(const ApiRequest *request, ApiResponse *response, GError **error)
{
	Service *service = request->service;
	Holding holding = {
		.service = service, .id = request->arguments[0], .now_s = service->now_s()};
	gboolean ok = read_resume(request->body, &holding, error) &&
		      decide_resume(service, request->body, &holding, error) &&
		      answer_resume(service, &holding, response, error);

	json_decref(holding.send);
	return ok;
}

static char *held_subject(const json_t *facts)
{
	(void)facts;
	return g_strdup(_("Su correo espera la firma digital"));
}

static void add_mail(const json_t *facts, GString *text)
{
	g_string_append_printf(text, "\n\n  %s: %s\n  %s: %s\n", _("Asunto"),
		row_text(facts, "subject") != NULL ? row_text(facts, "subject") : "", _("Fecha"),
		row_text(facts, "date") != NULL ? row_text(facts, "date") : "");
}

static const char *reason_text(const json_t *facts)
{
	const AcuseErrorRow *row = acuse_error_by_name(row_text(facts, "why"));

	return row != NULL ? _(row->text) : "";
}

static void held_text(const json_t *facts, GString *text)
{
	g_string_append(text, _("El siguiente correo fue recibido, pero todavía no se pudo firmar. "
				"Se firmará y enviará solo; no lo envíe otra vez."));
	add_mail(facts, text);
	g_string_append_printf(text, "  %s: %s\n\n", _("Motivo"), reason_text(facts));
	g_string_append_printf(text,
		_("Si no se puede firmar hasta %s, se le avisará. Otros correos suyos de la "
		  "próxima hora pueden estar en la misma espera, sin otro aviso."),
		row_text(facts, "until") != NULL ? row_text(facts, "until") : "");
	g_string_append(text, "\n");
}

const NoticeKind notice_held = {"held", held_subject, held_text, NULL};

static char *over_subject(const json_t *facts)
{
	(void)facts;
	return g_strdup(_("Su correo NO fue enviado: no se pudo firmar"));
}

static void over_text(const json_t *facts, GString *text)
{
	const char *reason = reason_text(facts);

	g_string_append(text, _("El siguiente correo esperaba la firma digital y no fue enviado. "
				"Si todavía hace falta, envíelo otra vez."));
	add_mail(facts, text);
	if (*reason != '\0')
		g_string_append_printf(text, "  %s: %s\n", _("Motivo"), reason);
}

const NoticeKind notice_hold_over = {"hold-over", over_subject, over_text, NULL};
