/*
 * What a report or an answer proves about a send (evidence.h). In: facts of the report and what is
 * on record of the send; out: verdicts. Whatever is not proved is told with its reason and does not
 * count: a false "delivered" or "read" is the one fault that this file must not have (D10). Pure.
 */
#include "core/evidence.h"

#include <string.h>

#include "core/authentication_results.h"

static const char *const kind_names[] = {
	[REPORT_NONE] = "none",
	[REPORT_DSN] = "dsn",
	[REPORT_MDN] = "mdn",
	[REPORT_ANSWER] = "answer",
	[REPORT_AUTOMATIC] = "automatic",
};
static const char *const trust_names[] = {
	[TRUST_OWN_POSTFIX] = "own-postfix",
	[TRUST_OUTSIDE] = "outside",
	[TRUST_UNPROVED] = "unproved",
	[TRUST_OWN_MAILBOX] = "own-mailbox",
};

const char *report_kind_name(ReportKind kind)
{
	g_return_val_if_fail((guint)kind < G_N_ELEMENTS(kind_names), NULL);
	return kind_names[kind];
}

gboolean report_kind_parse(const char *word, ReportKind *kind)
{
	for (guint i = 0; word != NULL && i < G_N_ELEMENTS(kind_names); i++) {
		if (strcmp(word, kind_names[i]) == 0) {
			*kind = (ReportKind)i;
			return TRUE;
		}
	}
	return FALSE;
}

const char *trust_name(Trust trust)
{
	g_return_val_if_fail((guint)trust < G_N_ELEMENTS(trust_names), NULL);
	return trust_names[trust];
}

ReportRecipient *report_recipient_new(void)
{
	return g_new0(ReportRecipient, 1);
}

void report_recipient_free(ReportRecipient *recipient)
{
	if (recipient == NULL)
		return;
	g_free(recipient->final_recipient);
	g_free(recipient->original_recipient);
	g_free(recipient->action);
	g_free(recipient->status);
	g_free(recipient->diagnostic);
	g_free(recipient->remote_mta);
	g_free(recipient);
}

static void free_recipient(gpointer recipient)
{
	report_recipient_free(recipient);
}

ReportFacts *report_facts_new(void)
{
	ReportFacts *report = g_new0(ReportFacts, 1);

	report->recipients = g_ptr_array_new_with_free_func(free_recipient);
	return report;
}

void report_facts_free(ReportFacts *report)
{
	if (report == NULL)
		return;
	g_free(report->client_address);
	g_free(report->queue_id);
	g_free(report->token);
	g_free(report->envelope_sender);
	g_free(report->from);
	g_free(report->authentication_results);
	g_free(report->message_id);
	g_free(report->date);
	g_free(report->written);
	g_free(report->addressed);
	g_free(report->envid);
	g_free(report->postfix_queue_id);
	g_free(report->reporting_mta);
	g_free(report->original_message_id);
	g_strfreev(report->references);
	g_free(report->disposition);
	g_ptr_array_unref(report->recipients);
	g_free(report->original_sha256);
	g_free(report);
}

void verdict_free(Verdict *verdict)
{
	if (verdict == NULL)
		return;
	g_free(verdict->recipient);
	g_free(verdict);
}

static void free_verdict(gpointer verdict)
{
	verdict_free(verdict);
}

/* What of a verdict does not depend on the recipient. */
typedef struct {
	const char *matched_by;
	Trust trust;
} Match;

static Verdict *add_verdict(GPtrArray *verdicts, const Match *match, const char *recipient,
	DeliveryState event, const char *reason)
{
	Verdict *verdict = g_new0(Verdict, 1);

	verdict->recipient = g_strdup(recipient);
	verdict->event = event;
	verdict->trust = match->trust;
	verdict->matched_by = match->matched_by;
	verdict->reason = reason;
	g_ptr_array_add(verdicts, verdict);
	return verdict;
}

static gboolean same_text(const char *left, const char *right)
{
	return left != NULL && right != NULL && *left != '\0' && strcmp(left, right) == 0;
}

static gboolean list_has(char *const *list, const char *word)
{
	for (; word != NULL && *word != '\0' && list != NULL && *list != NULL; list++) {
		if (strcmp(*list, word) == 0)
			return TRUE;
	}
	return FALSE;
}

/* Case of the domain aside; the local part is the recipient's own affair (RFC 5321 2.4). */
static gboolean same_mailbox(const char *left, const char *right)
{
	const char *left_at = strrchr(left, '@'), *right_at = strrchr(right, '@');

	if (left_at == NULL || right_at == NULL)
		return left_at == right_at && strcmp(left, right) == 0;
	return left_at - left == right_at - right &&
	       strncmp(left, right, (gsize)(left_at - left)) == 0 &&
	       g_ascii_strcasecmp(left_at, right_at) == 0;
}

/* The recipient as it is on record, or NULL. */
static const char *find_recorded(const SendFacts *send, const char *address)
{
	if (address == NULL || *address == '\0' || send->recipients == NULL)
		return NULL;
	for (char **recipient = send->recipients; *recipient != NULL; recipient++) {
		if (same_mailbox(*recipient, address))
			return *recipient;
	}
	return NULL;
}

/* What ties the report to the send, strongest first; NULL: nothing does. */
static const char *find_match(const ReportFacts *report, const SendFacts *send)
{
	if (report->stream == STREAM_INTERNAL &&
		list_has(send->queue_ids, report->postfix_queue_id))
		return "queue-id";
	if (same_text(report->token, send->token))
		return "token";
	if (same_text(report->original_message_id, send->message_id))
		return "message-id";
	if (list_has(report->references, send->message_id))
		return "reference";
	if (same_text(report->envid, send->token))
		return "envid";
	return NULL;
}

/* What an action says; PENDING for those that say nothing of the mail's fate. */
static DeliveryState event_of_action(const char *action)
{
	static const struct {
		const char *action;
		DeliveryState event;
	} table[] = {
		{"relayed", DELIVERY_RELAYED},
		{"delivered", DELIVERY_DELIVERED},
		{"delayed", DELIVERY_DELAYED},
		{"failed", DELIVERY_FAILED},
		/* RFC 3464 2.3.3: to a list of addresses, of which nothing is known. */
		{"expanded", DELIVERY_PENDING},
	};

	for (guint i = 0; action != NULL && i < G_N_ELEMENTS(table); i++) {
		if (g_ascii_strcasecmp(action, table[i].action) == 0)
			return table[i].event;
	}
	return DELIVERY_PENDING;
}

/* A null sender, however the way in writes it. */
static gboolean is_null_sender(const char *sender)
{
	return sender == NULL || *sender == '\0' || strcmp(sender, "<>") == 0;
}

/* Why a line of the report does not count, or NULL. */
static const char *find_dsn_fault(
	const ReportFacts *report, const Match *match, DeliveryState event, const char *recorded)
{
	gboolean own = match->trust == TRUST_OWN_POSTFIX;

	if (recorded == NULL)
		return "final recipient is not on record";
	if (event == DELIVERY_PENDING)
		return "action says nothing of delivery";
	if (own)
		return NULL;
	if (report->stream == STREAM_INTERNAL)
		return is_null_sender(report->envelope_sender)
			       ? "queue id is not on record"
			       : "report of our own server without the null sender";
	if (report->stream != STREAM_INBOUND)
		return "stream makes no evidence";
	if (event != DELIVERY_FAILED && event != DELIVERY_DELAYED)
		return "success told by a foreign server";
	if (strcmp(match->matched_by, "token") != 0)
		return "foreign report without the return token";
	return NULL;
}

static void judge_dsn(
	const ReportFacts *report, const SendFacts *send, Match *match, GPtrArray *verdicts)
{
	gboolean own = strcmp(match->matched_by, "queue-id") == 0 &&
		       is_null_sender(report->envelope_sender);

	match->trust = own				  ? TRUST_OWN_POSTFIX
		       : report->stream == STREAM_INBOUND ? TRUST_OUTSIDE
							  : TRUST_UNPROVED;
	for (guint i = 0; i < report->recipients->len; i++) {
		const ReportRecipient *line = report->recipients->pdata[i];
		DeliveryState event = event_of_action(line->action);
		const char *recorded = find_recorded(send, line->final_recipient);
		const char *fault = find_dsn_fault(report, match, event, recorded);
		Verdict *verdict = add_verdict(verdicts, match, recorded, event, fault);

		verdict->counts = fault == NULL;
		if (fault == NULL)
			verdict->reason = own ? "recorded queue id and recipient"
					      : "foreign failure with the return token";
	}
	if (report->recipients->len == 0)
		add_verdict(verdicts, match, NULL, DELIVERY_PENDING, "report names no recipient");
}

/* A receipt may name another recipient than its author: then it is not his own reading. */
static gboolean names_only(const ReportFacts *report, const char *address)
{
	for (guint i = 0; i < report->recipients->len; i++) {
		const ReportRecipient *line = report->recipients->pdata[i];

		if (line->final_recipient != NULL && !same_mailbox(line->final_recipient, address))
			return FALSE;
	}
	return TRUE;
}

/* An answer that has anything of a report, or came from the null sender, was written by a program.
 */
static gboolean is_of_program(const ReportFacts *report)
{
	return report->recipients->len > 0 || report->disposition != NULL ||
	       report->envid != NULL || report->reporting_mta != NULL ||
	       report->postfix_queue_id != NULL ||
	       (report->envelope_sender != NULL && is_null_sender(report->envelope_sender));
}

/* The envelope of a mail is whoever sends it again's to write. */
static gboolean names_the_send(const ReportFacts *report, const SendFacts *send)
{
	g_auto(GStrv) tokens =
		g_strsplit(report->addressed != NULL ? report->addressed : "", " ", -1);

	return list_has(tokens, send->token) ||
	       same_text(report->original_message_id, send->message_id) ||
	       list_has(report->references, send->message_id);
}

static gboolean is_written_after(const ReportFacts *report, const SendFacts *send)
{
	g_autoptr(GDateTime) written = report->written != NULL
					       ? g_date_time_new_from_iso8601(report->written, NULL)
					       : NULL;

	return written != NULL &&
	       g_date_time_to_unix(written) >= send->time_s - EVIDENCE_CLOCK_SKEW_S;
}

/* Why a receipt or an answer of a person does not count, or NULL. */
static const char *find_person_fault(
	const ReportFacts *report, const SendFacts *send, const Match *match, const char *recorded)
{
	if (report->stream != STREAM_INBOUND)
		return "stream makes no evidence";
	if (recorded == NULL)
		return "author is not a recorded recipient";
	if (strcmp(match->matched_by, "envid") == 0)
		return "neither return token nor Message-ID";
	if (!authentication_results_dmarc_pass(
		    report->authentication_results, strrchr(report->from, '@') + 1))
		return "author's domain not proved by DMARC";
	if (!names_the_send(report, send))
		return "no field of the mail names the send";
	if (!is_written_after(report, send))
		return "written before the send, or without a date";
	if (report->kind != REPORT_MDN)
		return is_of_program(report) ? "answer of a program" : NULL;
	if (!names_only(report, report->from))
		return "receipt names another recipient than its author";
	return NULL;
}

static void judge_person(
	const ReportFacts *report, const SendFacts *send, Match *match, GPtrArray *verdicts)
{
	const char *recorded = report->from != NULL && strchr(report->from, '@') != NULL
				       ? find_recorded(send, report->from)
				       : NULL;
	const char *fault = find_person_fault(report, send, match, recorded);
	DeliveryState event = DELIVERY_ACKNOWLEDGED;
	Verdict *verdict;

	if (report->kind == REPORT_MDN)
		event = report->disposition != NULL &&
					g_ascii_strcasecmp(report->disposition, "displayed") == 0
				? DELIVERY_READ
				: DELIVERY_PENDING;
	match->trust = fault == NULL ? TRUST_OUTSIDE : TRUST_UNPROVED;
	if (fault == NULL && event == DELIVERY_PENDING)
		fault = "receipt does not say displayed";
	verdict = add_verdict(verdicts, match, recorded, event, fault);
	verdict->counts = fault == NULL;
	if (fault == NULL)
		verdict->reason = "matched, from the recorded address, proved by DMARC";
}

GPtrArray *evidence_judge(const ReportFacts *report, const SendFacts *send)
{
	GPtrArray *verdicts = g_ptr_array_new_with_free_func(free_verdict);
	Match match = {find_match(report, send), TRUST_UNPROVED};

	if (match.matched_by == NULL)
		return verdicts;
	switch (report->kind) {
	case REPORT_DSN:
		judge_dsn(report, send, &match, verdicts);
		break;
	case REPORT_MDN:
	case REPORT_ANSWER:
		judge_person(report, send, &match, verdicts);
		break;
	case REPORT_AUTOMATIC:
		add_verdict(verdicts, &match, find_recorded(send, report->from), DELIVERY_PENDING,
			"automatic answer");
		break;
	case REPORT_NONE:
	default:
		add_verdict(verdicts, &match, find_recorded(send, report->from), DELIVERY_PENDING,
			"neither report nor answer");
		break;
	}
	return verdicts;
}
