/* Evidence: what counts, and each way in which a report or an answer is not what it seems (D10,
 * FACTS 5). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/evidence.h"

#define TOKEN "aaaaaaaaaaaaaaaaaaaaaaaaaaaaa234"
#define MESSAGE_ID "20260102.1@muni.test"
#define CITIZEN "ciudadano@ciudadano.test"
#define DMARC "mail.muni.test; dmarc=pass (p=none) header.from=ciudadano.test"

static char *queue_ids[] = {"4QueueFirst", "4QueueSecond", NULL};
static char *recipients[] = {CITIZEN, "otic@muni.test", NULL};
/* 2026-01-02 15:00 UTC */
#define SENT_S 1767366000
static const SendFacts sent = {"send-1", TOKEN, MESSAGE_ID, queue_ids, recipients, SENT_S};

/* One report with at most one recipient; NULL members stay NULL. */
typedef struct {
	const char *name;
	ReportKind kind;
	Stream stream;
	const char *token, *sender, *from, *results, *envid, *queue_id, *message_id, *reference,
		*disposition, *final, *action;
	const char *written, *addressed; /* NULL: after the send, to its token; "": nothing */
	const char *matched_by;		 /* NULL: no verdict */
	DeliveryState event;
	Trust trust;
	gboolean counts;
} Case;

static ReportFacts *make_report(const Case *c)
{
	ReportFacts *report = report_facts_new();

	report->kind = c->kind;
	report->stream = c->stream;
	report->token = g_strdup(c->token);
	report->envelope_sender = g_strdup(c->sender);
	report->from = g_strdup(c->from);
	report->authentication_results = g_strdup(c->results);
	report->envid = g_strdup(c->envid);
	report->postfix_queue_id = g_strdup(c->queue_id);
	report->original_message_id = g_strdup(c->message_id);
	report->disposition = g_strdup(c->disposition);
	report->written = g_strdup(c->written != NULL ? c->written : "2026-01-03T10:00:00Z");
	report->addressed = g_strdup(c->addressed != NULL ? c->addressed : TOKEN);
	if (c->reference != NULL)
		report->references = g_strsplit(c->reference, " ", -1);
	if (c->final != NULL || c->action != NULL) {
		ReportRecipient *recipient = report_recipient_new();

		recipient->final_recipient = g_strdup(c->final);
		recipient->action = g_strdup(c->action);
		g_ptr_array_add(report->recipients, recipient);
	}
	return report;
}

static void check_cases(const Case *cases, gsize count)
{
	for (gsize i = 0; i < count; i++) {
		const Case *c = &cases[i];
		g_autoptr(ReportFacts) report = make_report(c);
		g_autoptr(GPtrArray) verdicts = evidence_judge(report, &sent);
		const Verdict *verdict;

		if (verdicts->len != (c->matched_by != NULL))
			fail_msg("%s: %u verdicts", c->name, verdicts->len);
		if (c->matched_by == NULL)
			continue;
		verdict = verdicts->pdata[0];
		if (strcmp(verdict->matched_by, c->matched_by) != 0 || verdict->event != c->event ||
			verdict->trust != c->trust || verdict->counts != c->counts)
			fail_msg("%s: matched by %s, %s, %s, counts %d: %s", c->name,
				verdict->matched_by, delivery_state_name(verdict->event),
				trust_name(verdict->trust), verdict->counts, verdict->reason);
		assert_non_null(verdict->reason);
		if (verdict->counts)
			assert_string_equal(verdict->recipient, CITIZEN);
	}
}

#define DSN(s) .kind = REPORT_DSN, .stream = STREAM_##s, .sender = ""
#define WANT(by, e, t, c) .matched_by = by, .event = DELIVERY_##e, .trust = TRUST_##t, .counts = c

static const Case own_reports[] = {
	{"relayed", DSN(INTERNAL), .queue_id = "4QueueFirst", .final = CITIZEN, .action = "relayed",
		WANT("queue-id", RELAYED, OWN_POSTFIX, TRUE)},
	{"second attempt", DSN(INTERNAL), .queue_id = "4QueueSecond", .final = CITIZEN,
		.action = "delivered", WANT("queue-id", DELIVERED, OWN_POSTFIX, TRUE)},
	{"case of the domain", DSN(INTERNAL), .queue_id = "4QueueFirst",
		.final = "ciudadano@CIUDADANO.test", .action = "failed",
		WANT("queue-id", FAILED, OWN_POSTFIX, TRUE)},
	{"delayed", DSN(INTERNAL), .queue_id = "4QueueFirst", .final = CITIZEN, .action = "delayed",
		WANT("queue-id", DELAYED, OWN_POSTFIX, TRUE)},
	{"expanded", DSN(INTERNAL), .queue_id = "4QueueFirst", .final = CITIZEN,
		.action = "expanded", WANT("queue-id", PENDING, OWN_POSTFIX, FALSE)},
	{"unknown action", DSN(INTERNAL), .queue_id = "4QueueFirst", .final = CITIZEN,
		.action = "processed", WANT("queue-id", PENDING, OWN_POSTFIX, FALSE)},
	{"no action", DSN(INTERNAL), .queue_id = "4QueueFirst", .final = CITIZEN,
		WANT("queue-id", PENDING, OWN_POSTFIX, FALSE)},
	{"other local part", DSN(INTERNAL), .queue_id = "4QueueFirst",
		.final = "Ciudadano@ciudadano.test", .action = "relayed",
		WANT("queue-id", RELAYED, OWN_POSTFIX, FALSE)},
	{"unrecorded recipient", DSN(INTERNAL), .queue_id = "4QueueFirst",
		.final = "other@ciudadano.test", .action = "relayed",
		WANT("queue-id", RELAYED, OWN_POSTFIX, FALSE)},
	{"no recipient", DSN(INTERNAL), .queue_id = "4QueueFirst",
		WANT("queue-id", PENDING, OWN_POSTFIX, FALSE)},
	/* FACTS 5: a stranger made our Postfix report his own mail with our ENVID. */
	{"forged by ENVID", DSN(INTERNAL), .queue_id = "4Stranger", .envid = TOKEN,
		.message_id = MESSAGE_ID, .token = TOKEN, .final = CITIZEN, .action = "delivered",
		WANT("token", DELIVERED, UNPROVED, FALSE)},
	{"forged failure", DSN(INTERNAL), .queue_id = "4Stranger", .envid = TOKEN, .final = CITIZEN,
		.action = "failed", WANT("envid", FAILED, UNPROVED, FALSE)},
	{"no queue id", DSN(INTERNAL), .envid = TOKEN, .final = CITIZEN, .action = "relayed",
		WANT("envid", RELAYED, UNPROVED, FALSE)},
	{"not the null sender", .kind = REPORT_DSN, .stream = STREAM_INTERNAL,
		.sender = "double-bounce@muni.test", .queue_id = "4QueueFirst", .final = CITIZEN,
		.action = "relayed", WANT("queue-id", RELAYED, UNPROVED, FALSE)},
	{"empty queue id", DSN(INTERNAL), .queue_id = "", .final = CITIZEN, .action = "relayed"},
	{"nothing of ours", DSN(INTERNAL), .queue_id = "4Other", .final = CITIZEN,
		.action = "relayed"},
};

static const Case foreign_reports[] = {
	{"our queue id from outside", DSN(INBOUND), .queue_id = "4QueueFirst", .token = TOKEN,
		.final = CITIZEN, .action = "delivered", WANT("token", DELIVERED, OUTSIDE, FALSE)},
	{"only our queue id", DSN(INBOUND), .queue_id = "4QueueFirst", .final = CITIZEN,
		.action = "delivered"},
	{"relayed from outside", DSN(INBOUND), .token = TOKEN, .final = CITIZEN,
		.action = "relayed", WANT("token", RELAYED, OUTSIDE, FALSE)},
	{"failure with token", DSN(INBOUND), .token = TOKEN, .final = CITIZEN, .action = "failed",
		WANT("token", FAILED, OUTSIDE, TRUE)},
	{"delay with token", DSN(INBOUND), .token = TOKEN, .final = CITIZEN, .action = "delayed",
		WANT("token", DELAYED, OUTSIDE, TRUE)},
	{"failure of another", DSN(INBOUND), .token = TOKEN, .final = "x@ciudadano.test",
		.action = "failed", WANT("token", FAILED, OUTSIDE, FALSE)},
	{"failure by Message-ID", DSN(INBOUND), .message_id = MESSAGE_ID, .final = CITIZEN,
		.action = "failed", WANT("message-id", FAILED, OUTSIDE, FALSE)},
	{"failure by ENVID", DSN(INBOUND), .envid = TOKEN, .final = CITIZEN, .action = "failed",
		WANT("envid", FAILED, OUTSIDE, FALSE)},
	{"from sendmail(1)", DSN(LOCAL), .token = TOKEN, .queue_id = "4QueueFirst",
		.final = CITIZEN, .action = "delivered", WANT("token", DELIVERED, UNPROVED, FALSE)},
	{"failure from sendmail(1)", DSN(LOCAL), .token = TOKEN, .final = CITIZEN,
		.action = "failed", WANT("token", FAILED, UNPROVED, FALSE)},
	{"from a submission", DSN(SUBMISSION), .token = TOKEN, .final = CITIZEN, .action = "failed",
		WANT("token", FAILED, UNPROVED, FALSE)},
	{"other token", DSN(INBOUND), .token = "baaaaaaaaaaaaaaaaaaaaaaaaaaaa234", .final = CITIZEN,
		.action = "failed"},
};

#define MDN(s)                                                                                     \
	.kind = REPORT_MDN, .stream = STREAM_##s, .disposition = "displayed", .final = CITIZEN
#define ANSWER(s) .kind = REPORT_ANSWER, .stream = STREAM_##s

static const Case persons[] = {
	{"read, by token", MDN(INBOUND), .token = TOKEN, .from = CITIZEN, .results = DMARC,
		WANT("token", READ, OUTSIDE, TRUE)},
	{"read, by Message-ID", MDN(INBOUND), .message_id = MESSAGE_ID, .from = CITIZEN,
		.results = DMARC, WANT("message-id", READ, OUTSIDE, TRUE)},
	{"deleted", .kind = REPORT_MDN, .stream = STREAM_INBOUND, .disposition = "deleted",
		.token = TOKEN, .from = CITIZEN, .results = DMARC,
		WANT("token", PENDING, OUTSIDE, FALSE)},
	{"processed", .kind = REPORT_MDN, .stream = STREAM_INBOUND, .disposition = "processed",
		.token = TOKEN, .from = CITIZEN, .results = DMARC,
		WANT("token", PENDING, OUTSIDE, FALSE)},
	{"no disposition", .kind = REPORT_MDN, .stream = STREAM_INBOUND, .token = TOKEN,
		.from = CITIZEN, .results = DMARC, WANT("token", PENDING, OUTSIDE, FALSE)},
	{"read, without DMARC", MDN(INBOUND), .token = TOKEN, .from = CITIZEN,
		WANT("token", READ, UNPROVED, FALSE)},
	{"read, DMARC fails", MDN(INBOUND), .token = TOKEN, .from = CITIZEN,
		.results = "m; dmarc=fail header.from=ciudadano.test",
		WANT("token", READ, UNPROVED, FALSE)},
	{"read, DMARC of another domain", MDN(INBOUND), .token = TOKEN, .from = CITIZEN,
		.results = "m; dmarc=pass header.from=attacker.test",
		WANT("token", READ, UNPROVED, FALSE)},
	{"read by another", MDN(INBOUND), .token = TOKEN, .from = "x@ciudadano.test",
		.results = DMARC, WANT("token", READ, UNPROVED, FALSE)},
	{"read, no author", MDN(INBOUND), .token = TOKEN, .results = DMARC,
		WANT("token", READ, UNPROVED, FALSE)},
	{"receipt of another recipient", .kind = REPORT_MDN, .stream = STREAM_INBOUND,
		.disposition = "displayed", .final = "otic@muni.test", .token = TOKEN,
		.from = CITIZEN, .results = DMARC, WANT("token", READ, UNPROVED, FALSE)},
	{"read, from our own network", MDN(INTERNAL), .token = TOKEN, .from = CITIZEN,
		.results = DMARC, WANT("token", READ, UNPROVED, FALSE)},
	{"read, from sendmail(1)", MDN(LOCAL), .token = TOKEN, .from = CITIZEN, .results = DMARC,
		WANT("token", READ, UNPROVED, FALSE)},
	{"read, by ENVID", MDN(INBOUND), .envid = TOKEN, .from = CITIZEN, .results = DMARC,
		WANT("envid", READ, UNPROVED, FALSE)},
	{"answer by token", ANSWER(INBOUND), .token = TOKEN, .from = CITIZEN, .results = DMARC,
		WANT("token", ACKNOWLEDGED, OUTSIDE, TRUE)},
	{"answer by reference", ANSWER(INBOUND), .reference = "a@b.test " MESSAGE_ID,
		.from = CITIZEN, .results = DMARC, WANT("reference", ACKNOWLEDGED, OUTSIDE, TRUE)},
	{"answer, case of the domain", ANSWER(INBOUND), .token = TOKEN,
		.from = "ciudadano@Ciudadano.Test", .results = DMARC,
		WANT("token", ACKNOWLEDGED, OUTSIDE, TRUE)},
	{"answer of another", ANSWER(INBOUND), .token = TOKEN, .from = "x@ciudadano.test",
		.results = DMARC, WANT("token", ACKNOWLEDGED, UNPROVED, FALSE)},
	{"answer without DMARC", ANSWER(INBOUND), .token = TOKEN, .from = CITIZEN,
		.results = "m; spf=pass smtp.mailfrom=ciudadano.test",
		WANT("token", ACKNOWLEDGED, UNPROVED, FALSE)},
	{"answer, no domain", ANSWER(INBOUND), .token = TOKEN, .from = "ciudadano",
		.results = DMARC, WANT("token", ACKNOWLEDGED, UNPROVED, FALSE)},
	{"answer from sendmail(1)", ANSWER(LOCAL), .token = TOKEN, .from = CITIZEN,
		.results = DMARC, WANT("token", ACKNOWLEDGED, UNPROVED, FALSE)},
	{"answer from the null sender", ANSWER(INBOUND), .sender = "", .token = TOKEN,
		.from = CITIZEN, .results = DMARC, WANT("token", ACKNOWLEDGED, UNPROVED, FALSE)},
	{"answer with an envelope sender", ANSWER(INBOUND), .sender = CITIZEN, .token = TOKEN,
		.from = CITIZEN, .results = DMARC, WANT("token", ACKNOWLEDGED, OUTSIDE, TRUE)},
	{"answer that is half a receipt", ANSWER(INBOUND), .disposition = "displayed",
		.token = TOKEN, .from = CITIZEN, .results = DMARC,
		WANT("token", ACKNOWLEDGED, UNPROVED, FALSE)},
	{"answer that is half a report", ANSWER(INBOUND), .final = CITIZEN, .action = "failed",
		.token = TOKEN, .from = CITIZEN, .results = DMARC,
		WANT("token", ACKNOWLEDGED, UNPROVED, FALSE)},
	{"answer with an ENVID", ANSWER(INBOUND), .envid = TOKEN, .reference = MESSAGE_ID,
		.from = CITIZEN, .results = DMARC,
		WANT("reference", ACKNOWLEDGED, UNPROVED, FALSE)},
	{"vacation", .kind = REPORT_AUTOMATIC, .stream = STREAM_INBOUND, .token = TOKEN,
		.reference = MESSAGE_ID, .from = CITIZEN, .results = DMARC,
		WANT("token", PENDING, UNPROVED, FALSE)},
	{"unreadable mail to the token", .kind = REPORT_NONE, .stream = STREAM_INBOUND,
		.token = TOKEN, .from = CITIZEN, .results = DMARC,
		WANT("token", PENDING, UNPROVED, FALSE)},
	{"ordinary mail", .kind = REPORT_NONE, .stream = STREAM_INBOUND, .from = CITIZEN,
		.results = DMARC},
	{"old answer sent again to a new token", ANSWER(INBOUND), .token = TOKEN,
		.reference = "a@b.test", .from = CITIZEN, .results = DMARC,
		.addressed = "baaaaaaaaaaaaaaaaaaaaaaaaaaaa234",
		WANT("token", ACKNOWLEDGED, UNPROVED, FALSE)},
	{"token in the envelope alone", ANSWER(INBOUND), .token = TOKEN, .from = CITIZEN,
		.results = DMARC, .addressed = "", WANT("token", ACKNOWLEDGED, UNPROVED, FALSE)},
	{"token in the envelope, reference in the mail", ANSWER(INBOUND), .token = TOKEN,
		.reference = MESSAGE_ID, .from = CITIZEN, .results = DMARC, .addressed = "",
		WANT("token", ACKNOWLEDGED, OUTSIDE, TRUE)},
	{"one of several return addresses", ANSWER(INBOUND), .token = TOKEN, .from = CITIZEN,
		.results = DMARC, .addressed = "baaaaaaaaaaaaaaaaaaaaaaaaaaaa234 " TOKEN,
		WANT("token", ACKNOWLEDGED, OUTSIDE, TRUE)},
	{"written before the send", ANSWER(INBOUND), .token = TOKEN, .from = CITIZEN,
		.results = DMARC, .written = "2026-01-02T14:49:59Z",
		WANT("token", ACKNOWLEDGED, UNPROVED, FALSE)},
	{"written by a clock that is late", ANSWER(INBOUND), .token = TOKEN, .from = CITIZEN,
		.results = DMARC, .written = "2026-01-02T14:50:00Z",
		WANT("token", ACKNOWLEDGED, OUTSIDE, TRUE)},
	{"without a date", ANSWER(INBOUND), .token = TOKEN, .from = CITIZEN, .results = DMARC,
		.written = "", WANT("token", ACKNOWLEDGED, UNPROVED, FALSE)},
	{"receipt from before the send", MDN(INBOUND), .token = TOKEN, .from = CITIZEN,
		.results = DMARC, .written = "2025-12-31T10:00:00Z",
		WANT("token", READ, UNPROVED, FALSE)},
	{"receipt with the token in the envelope alone", MDN(INBOUND), .token = TOKEN,
		.from = CITIZEN, .results = DMARC, .addressed = "",
		WANT("token", READ, UNPROVED, FALSE)},
	{"answer to another mail", ANSWER(INBOUND), .reference = "a@b.test", .from = CITIZEN,
		.results = DMARC},
};

static void test_own_reports(void **state)
{
	(void)state;
	check_cases(own_reports, G_N_ELEMENTS(own_reports));
}

static void test_foreign_reports(void **state)
{
	(void)state;
	check_cases(foreign_reports, G_N_ELEMENTS(foreign_reports));
}

static void test_persons(void **state)
{
	(void)state;
	check_cases(persons, G_N_ELEMENTS(persons));
}

/* One report for several recipients: each is judged by itself. */
static void test_many_recipients(void **state)
{
	g_autoptr(ReportFacts) report = make_report(&own_reports[0]);
	g_autoptr(GPtrArray) verdicts = NULL;
	ReportRecipient *second = report_recipient_new(), *third = report_recipient_new();
	const Verdict *verdict;

	(void)state;
	second->final_recipient = g_strdup("otic@muni.test");
	second->action = g_strdup("failed");
	third->action = g_strdup("relayed");
	g_ptr_array_add(report->recipients, second);
	g_ptr_array_add(report->recipients, third);
	verdicts = evidence_judge(report, &sent);
	assert_int_equal(verdicts->len, 3);
	verdict = verdicts->pdata[1];
	assert_string_equal(verdict->recipient, "otic@muni.test");
	assert_int_equal(verdict->event, DELIVERY_FAILED);
	assert_true(verdict->counts);
	verdict = verdicts->pdata[2];
	assert_null(verdict->recipient);
	assert_false(verdict->counts);
}

/* A send of which nothing is on record matches nothing, also by what both lack. */
static void test_empty_send(void **state)
{
	const SendFacts empty = {"send-1", NULL, NULL, NULL, NULL, 0};
	const SendFacts blank = {"send-1", "", "", NULL, NULL, 0};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(persons); i++) {
		g_autoptr(ReportFacts) report = make_report(&persons[i]);
		g_autoptr(GPtrArray) none = evidence_judge(report, &empty);
		g_autoptr(GPtrArray) still_none = NULL;

		assert_int_equal(none->len, 0);
		g_free(report->token);
		report->token = g_strdup("");
		still_none = evidence_judge(report, &blank);
		assert_int_equal(still_none->len, 0);
	}
}

static void test_words(void **state)
{
	ReportKind kind;

	(void)state;
	for (guint i = REPORT_NONE; i <= REPORT_AUTOMATIC; i++) {
		assert_true(report_kind_parse(report_kind_name((ReportKind)i), &kind));
		assert_int_equal(kind, i);
	}
	assert_false(report_kind_parse("DSN", &kind));
	assert_string_equal(trust_name(TRUST_OWN_POSTFIX), "own-postfix");
	assert_int_equal(stream_parse("INTERNAL"), STREAM_INTERNAL);
	assert_int_equal(stream_parse("internal"), STREAM_UNKNOWN);
	assert_int_equal(stream_parse("UNSET"), STREAM_UNKNOWN);
	assert_int_equal(stream_parse(NULL), STREAM_UNKNOWN);
	assert_string_equal(stream_name(STREAM_SUBMISSION), "SUBMISSION");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_reports),
		cmocka_unit_test(test_foreign_reports),
		cmocka_unit_test(test_persons),
		cmocka_unit_test(test_many_recipients),
		cmocka_unit_test(test_empty_send),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
