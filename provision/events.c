/*
 * Evidence that comes back: each report is found a send, judged by core/evidence and kept, matched
 * or not, in one change with what it moves. The candidate may be named by anything a stranger can
 * write; whether it counts is the judge's word alone (FACTS 5). The same report twice is recorded
 * once. Fails with INVALID or the store's errors. Each request runs in its own thread, changes in
 * the committer's.
 */
#include <string.h>

#include "api/record_json.h"
#include "base/error.h"
#include "base/hex.h"
#include "cms/digest.h"
#include "core/authentication_results.h"
#include "provision/deadlines.h"
#include "provision/list.h"
#include "provision/outcomes.h"
#include "provision/purge.h"
#include "provision/send_record.h"
#include "provision/sends.h"

#define MAX_CANDIDATES 16
#define MAX_REFERENCES 50
#define MAX_KEY 64
#define MAX_TEXT 1000

typedef struct {
	Service *service;
	const ReportFacts *report;
	const json_t *body;
	GPtrArray *candidates; /* char *: send ids, best first */
	gint64 now_s;
	json_t *row; /* the result, as stored */
} Event;

static void add_candidate(Event *event, const char *id)
{
	if (event->candidates->len < MAX_CANDIDATES &&
		!g_ptr_array_find_with_equal_func(event->candidates, id, g_str_equal, NULL))
		g_ptr_array_add(event->candidates, g_strdup(id));
}

static gboolean look_up(Event *event, const char *kind, const char *key, GError **error)
{
	g_autofree char *full = NULL, *id = NULL;

	/* What is longer than any of ours finds nothing. */
	if (key == NULL || strlen(key) > MAX_KEY)
		return TRUE;
	full = g_strdup_printf("%s/%s", kind, key);
	if (!row_read_text(event->service->store, TABLE_INDEX, full, &id, error))
		return FALSE;
	if (id != NULL)
		add_candidate(event, id);
	return TRUE;
}

/* A Message-ID is the client's word and may stand in several sends: each is a candidate. */
static gboolean look_up_message(Event *event, const char *message_id, GError **error)
{
	g_autofree char *prefix = NULL;
	g_autoptr(GPtrArray) ids = NULL;

	if (message_id == NULL)
		return TRUE;
	prefix = send_record_message_prefix(message_id);
	ids = sends_under(event->service->store, prefix, MAX_CANDIDATES, error);
	if (ids == NULL)
		return FALSE;
	for (guint i = 0; i < ids->len; i++)
		add_candidate(event, ids->pdata[i]);
	return TRUE;
}

static gboolean find_candidates(Event *event, GError **error)
{
	const ReportFacts *report = event->report;

	if (!look_up(event, "queue", report->postfix_queue_id, error) ||
		!look_up(event, "token", report->token, error) ||
		!look_up(event, "token", report->envid, error) ||
		!look_up_message(event, report->original_message_id, error))
		return FALSE;
	for (guint i = 0;
		report->references != NULL && report->references[i] != NULL && i < MAX_REFERENCES;
		i++)
		if (!look_up_message(event, report->references[i], error))
			return FALSE;
	return TRUE;
}

static gboolean any_counts(const GPtrArray *verdicts)
{
	for (guint i = 0; i < verdicts->len; i++)
		if (((const Verdict *)verdicts->pdata[i])->counts)
			return TRUE;
	return FALSE;
}

/* A counting verdict loses its weight. */
static void demote(GPtrArray *verdicts, const char *reason)
{
	for (guint i = 0; i < verdicts->len; i++) {
		Verdict *verdict = verdicts->pdata[i];

		if (!verdict->counts)
			continue;
		verdict->counts = FALSE;
		verdict->trust = TRUST_UNPROVED;
		verdict->reason = reason;
	}
}

/*
 * A signed answer stays signed however often it is sent again, and some providers sign neither To
 * nor References: the same Message-ID proves one send. One mail to several return addresses has the
 * same bytes for each.
 */
static gboolean use_once(
	StoreTxn *txn, const Event *event, const json_t *send, GPtrArray *verdicts, GError **error)
{
	const ReportFacts *report = event->report;
	g_autofree char *digest = NULL, *used = NULL, *key = NULL, *value = NULL;

	if (report->message_id == NULL || report->from == NULL || !any_counts(verdicts) ||
		(report->kind != REPORT_ANSWER && report->kind != REPORT_MDN))
		return TRUE;
	digest = digest_sha256_hex(report->message_id, strlen(report->message_id));
	if (!send_record_find(txn, "answer", digest, &used, error))
		return FALSE;
	if (used != NULL) {
		if (strstr(used, send_record_id(send)) == NULL &&
			!g_str_has_prefix(used, report->original_sha256))
			demote(verdicts, "the same mail answered another send");
		return TRUE;
	}
	key = g_strconcat("answer/", digest, NULL);
	value = g_strconcat(report->original_sha256, " ", send_record_id(send), NULL);
	return store_put(txn, TABLE_INDEX, key, value, error);
}

static gboolean any_own(const GPtrArray *verdicts)
{
	for (guint i = 0; i < verdicts->len; i++)
		if (((const Verdict *)verdicts->pdata[i])->trust == TRUST_OWN_POSTFIX)
			return TRUE;
	return FALSE;
}

/* The first candidate for which the report counts, else the first it says anything about; NULL:
 * none. */
static json_t *choose(StoreTxn *txn, const Event *event, GPtrArray **verdicts, GError **error)
{
	json_t *chosen = NULL;

	*verdicts = NULL;
	for (guint i = 0; i < event->candidates->len; i++) {
		json_auto_t *send = send_record_load(txn, event->candidates->pdata[i], error);
		g_autoptr(SendFacts) facts = NULL;
		g_autoptr(GPtrArray) judged = NULL;

		if (send == NULL) {
			json_decref(chosen);
			g_clear_pointer(verdicts, g_ptr_array_unref);
			return NULL;
		}
		/* Nobody is recorded there any more of whom it could speak. */
		if (purge_has_taken(send, TRUE))
			continue;
		facts = send_record_facts(send);
		judged = evidence_judge(event->report, facts);
		if (judged->len == 0 || (chosen != NULL && !any_counts(judged)))
			continue;
		json_decref(chosen);
		g_clear_pointer(verdicts, g_ptr_array_unref);
		chosen = json_incref(send);
		*verdicts = g_steal_pointer(&judged);
		if (any_counts(*verdicts))
			break;
	}
	return chosen;
}

/* Its line: one report may have two about one recipient, which contradict each other. */
static const ReportRecipient *recipient_of(const ReportFacts *report, const Verdict *verdict)
{
	const char *address = verdict->recipient, *event = delivery_state_name(verdict->event);
	const ReportRecipient *found = NULL;

	for (guint i = 0; address != NULL && i < report->recipients->len; i++) {
		const ReportRecipient *recipient = report->recipients->pdata[i];

		if (recipient->final_recipient == NULL ||
			g_ascii_strcasecmp(recipient->final_recipient, address) != 0)
			continue;
		if (recipient->action != NULL && g_ascii_strcasecmp(recipient->action, event) == 0)
			return recipient;
		if (found == NULL)
			found = recipient;
	}
	return found;
}

/* A stranger's text in a leaf: short (its whole is in the report's bytes). NULL stays NULL; else a
 * new string. */
static char *cut(const char *text)
{
	g_autofree char *start = NULL;

	if (text == NULL || strlen(text) <= MAX_TEXT)
		return g_strdup(text);
	start = g_strndup(text, MAX_TEXT);
	return g_utf8_make_valid(start, -1);
}

static void add_cut(Record *record, const char *name, const char *text, gboolean personal)
{
	g_autofree char *value = cut(text);

	if (personal)
		record_add_salted(record, name, value);
	else
		record_add(record, name, value);
}

static Record *event_leaf(const Event *event, const char *send_id, const Verdict *verdict,
	const ReportRecipient *recipient)
{
	const ReportFacts *report = event->report;
	g_autofree char *authentication =
		authentication_results_summary(report->authentication_results);
	Record *record = record_new("event", send_id, event->now_s);

	record_add(record, "kind", report_kind_name(report->kind));
	record_add(record, "stream", stream_name(report->stream));
	record_add(record, "event", delivery_state_name(verdict->event));
	record_add(record, "trust", trust_name(verdict->trust));
	record_add(record, "counts", verdict->counts ? "true" : "false");
	record_add(record, "matched_by", verdict->matched_by);
	record_add(record, "reason", verdict->reason);
	add_cut(record, "authentication", authentication, FALSE);
	add_cut(record, "queue_id", report->postfix_queue_id, FALSE);
	record_add(record, "original_sha256", report->original_sha256);
	if (recipient != NULL) {
		add_cut(record, "action", recipient->action, FALSE);
		add_cut(record, "status", recipient->status, FALSE);
		add_cut(record, "remote_mta", recipient->remote_mta, TRUE);
		add_cut(record, "diagnostic", recipient->diagnostic, TRUE);
	}
	record_add_salted(record, "recipient", verdict->recipient);
	add_cut(record, "from", report->from, TRUE);
	return record;
}

static gboolean apply_verdict(
	StoreTxn *txn, const Event *event, json_t *send, const Verdict *verdict, GError **error)
{
	const ReportRecipient *recipient = recipient_of(event->report, verdict);
	g_autoptr(Record) record = event_leaf(event, send_record_id(send), verdict, recipient);
	SendEntry entry = {delivery_state_name(verdict->event), verdict, NULL,
		event->report->original_sha256, NULL, event->now_s, 0};
	g_autofree char *diagnostic = recipient == NULL ? NULL : cut(recipient->diagnostic);
	DeliveryState state = verdict->event;

	entry.diagnostic = diagnostic;
	/* What comes after the term is told as such, and stays so. */
	if (verdict->counts &&
		outcomes_is_late(event->service, send, verdict->recipient, verdict->event)) {
		state = DELIVERY_LATE;
		entry.event = delivery_state_name(state);
		record_add(record, "late", "true");
	}
	if (!send_record_append(txn, send, record, &entry.leaf, error))
		return FALSE;
	send_record_note(send, &entry);
	if (verdict->counts && verdict->recipient != NULL)
		send_record_deliver(send, verdict->recipient, state, event->now_s);
	json_array_append_new(json_object_get(event->row, "verdicts"),
		json_pack("{s:s?, s:s, s:s, s:b, s:s?, s:s?, s:I}", "recipient", verdict->recipient,
			"event", entry.event, "trust", trust_name(verdict->trust), "counts",
			verdict->counts, "matched_by", verdict->matched_by, "reason",
			verdict->reason, "leaf", (json_int_t)entry.leaf));
	return TRUE;
}

/*
 * Whether a report of our own server's has nothing for its reader that a notice of ours does not
 * tell him, or nothing that he waits for: then it need not reach him too.
 */
static gboolean is_told(const Event *event, const GPtrArray *verdicts)
{
	gboolean failures =
		outcomes_tells_sender(event->service->settings, DELIVERY_OUTCOME_FAILED);

	for (guint i = 0; i < verdicts->len; i++) {
		const Verdict *verdict = verdicts->pdata[i];

		if (!verdict->counts || verdict->trust != TRUST_OWN_POSTFIX ||
			(verdict->event == DELIVERY_FAILED && !failures))
			return FALSE;
	}
	return verdicts->len > 0;
}

static gboolean apply(
	StoreTxn *txn, const Event *event, json_t *send, const GPtrArray *verdicts, GError **error)
{
	gboolean counts = any_counts(verdicts);

	/* What speaks of it with proof has seen it leave; so has our own server, whatever it says
	 * of whom. */
	if ((counts || any_own(verdicts)) &&
		!deadline_release(txn, event->service, send, "report", event->now_s, NULL, error))
		return FALSE;
	for (guint i = 0; i < verdicts->len; i++)
		if (!apply_verdict(txn, event, send, verdicts->pdata[i], error))
			return FALSE;
	json_object_set_new(event->row, "matched", json_string(send_record_id(send)));
	json_object_set_new(event->row, "counts", json_boolean(counts));
	json_object_set_new(event->row, "told", json_boolean(is_told(event, verdicts)));
	return outcomes_settle(txn, event->service, send, event->now_s, error) &&
	       send_record_save(txn, send, error);
}

/* Who is to read mail to a token: the notifier. Whether it is consumed instead is the milter's to
 * say. */
static gboolean note_mailbox(StoreTxn *txn, const Event *event, GError **error)
{
	g_autofree char *id = NULL;
	json_auto_t *send = NULL;

	if (event->report->token == NULL)
		return TRUE;
	if (!send_record_find(txn, "token", event->report->token, &id, error))
		return FALSE;
	if (id == NULL)
		return TRUE;
	send = send_record_load(txn, id, error);
	if (send == NULL)
		return FALSE;
	json_array_append(
		json_object_get(event->row, "deliver_to"), json_object_get(send, "mailbox"));
	return TRUE;
}

static json_t *row_new(const Event *event, guint64 number)
{
	g_autofree char *time = time_to_rfc3339(event->now_s);

	return json_pack("{s:I, s:s, s:n, s:b, s:b, s:[], s:[], s:O}", "id", (json_int_t)number,
		"time", time, "matched", "counts", FALSE, "told", FALSE, "verdicts", "deliver_to",
		"report", event->body);
}

static gboolean save_row(
	StoreTxn *txn, const Event *event, const char *original_key, guint64 number, GError **error)
{
	g_autofree char *key = g_strdup_printf("%020" G_GUINT64_FORMAT, number);

	return row_save(txn, TABLE_EVENTS, key, event->row, error) &&
	       store_put(txn, TABLE_INDEX, original_key, key, error);
}

static gboolean load_row(StoreTxn *txn, Event *event, const char *original_key, GError **error)
{
	g_autofree char *key = NULL;

	if (!row_load_text(txn, TABLE_INDEX, original_key, &key, error))
		return FALSE;
	return key == NULL || row_load(txn, TABLE_EVENTS, key, &event->row, error);
}

/*
 * With its stream: a stranger who sends our own report's bytes again must not take its place. With
 * its token: one mail to the tokens of two sends speaks of both.
 */
char *event_index_key(const ReportFacts *report)
{
	const char *token =
		report->token != NULL && strlen(report->token) <= MAX_KEY ? report->token : "";

	return g_strdup_printf(
		"event/%s/%s/%s", stream_name(report->stream), report->original_sha256, token);
}

static gboolean change_event(StoreTxn *txn, gpointer data, GError **error)
{
	Event *event = data;
	g_autofree char *original_key = event_index_key(event->report);
	g_autoptr(GPtrArray) verdicts = NULL;
	json_auto_t *send = NULL;
	g_autoptr(GError) local = NULL;
	guint64 number;

	g_clear_pointer(&event->row, json_decref);
	if (!load_row(txn, event, original_key, error))
		return FALSE;
	if (event->row != NULL)
		return TRUE;
	if (!store_next(txn, "event", &number, error))
		return FALSE;
	event->row = row_new(event, number);
	send = choose(txn, event, &verdicts, &local);
	if (local != NULL) {
		g_propagate_error(error, g_steal_pointer(&local));
		return FALSE;
	}
	if (send != NULL && (!use_once(txn, event, send, verdicts, error) ||
				    !apply(txn, event, send, verdicts, error)))
		return FALSE;
	return note_mailbox(txn, event, error) && save_row(txn, event, original_key, number, error);
}

static gboolean post_event(const ApiRequest *request, ApiResponse *response, GError **error)
{
	Service *service = request->service;
	g_autoptr(ReportFacts) report = report_facts_from_json(request->body, error);
	g_autoptr(GPtrArray) candidates = g_ptr_array_new_with_free_func(g_free);
	Event event = {service, report, request->body, candidates, service->now_s(), NULL};
	gboolean done;

	if (report == NULL)
		return FALSE;
	if (report->original_sha256 == NULL || !hex_is_sha256(report->original_sha256) ||
		!blobs_has(service->blobs, report->original_sha256))
		return api_invalid(error, "original_sha256", "no such blob");
	done = find_candidates(&event, error) &&
	       store_run(service->store, change_event, &event, error);
	if (done)
		response->json = json_pack("{s:O, s:O, s:O, s:b}", "matched",
			json_object_get(event.row, "matched"), "counts",
			json_object_get(event.row, "counts"), "deliver_to",
			json_object_get(event.row, "deliver_to"), "told",
			json_is_true(json_object_get(event.row, "told")));
	json_decref(event.row);
	return done;
}

static json_t *show_event(
	const char *key, const char *value, gpointer only_unmatched, GError **error)
{
	json_auto_t *row = row_parse(value, error);

	(void)key;
	if (only_unmatched != NULL && !json_is_null(json_object_get(row, "matched")))
		return NULL;
	/* What a list shows of it without the whole report. */
	json_object_set(row, "kind", json_object_get(json_object_get(row, "report"), "kind"));
	json_object_set(row, "from", json_object_get(json_object_get(row, "report"), "from"));
	return g_steal_pointer(&row);
}

static gboolean list_events(const ApiRequest *request, ApiResponse *response, GError **error)
{
	gboolean only_unmatched = g_strcmp0(request->query(request->http, "unmatched"), "1") == 0;
	const List list = {TABLE_EVENTS, "", TRUE, show_event, GINT_TO_POINTER(only_unmatched)};

	return list_answer(request, &list, response, error);
}

const Route routes_events[] = {
	{"POST", "/v1/events", ROLE_EVIDENCE, FALSE, post_event},
	{"GET", "/v1/events", ROLE_OTIC | ROLE_AUDITOR, FALSE, list_events},
	{NULL, NULL, 0, FALSE, NULL},
};
