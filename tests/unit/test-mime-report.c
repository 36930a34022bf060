/* Inbound mail reduced to facts: reports, receipts, answers, automatic answers, whose
 * authentication counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "mime/facts.h"
#include "mime/report.h"

static ReportFacts *report_of(const char *text, Stream stream, const char *sender)
{
	g_autoptr(MailMessage) message = mail_message_parse(text, strlen(text));
	g_autoptr(Envelope) envelope = envelope_new();

	envelope->stream = stream;
	g_free(envelope->sender);
	envelope->sender = g_strdup(sender);
	envelope->queue_id = g_strdup("4XyZ");
	envelope->client_address = g_strdup("192.0.2.1");
	return mime_report(message, envelope, "mx.muni.test");
}

static const char dsn[] =
	"From: MAILER-DAEMON@muni.test\nMessage-Id: <r@muni.test>\nAuto-Submitted: auto-replied\n"
	"Content-Type: multipart/report; report-type=delivery-status; boundary=\"b/1\"\n\n"
	"--b/1\nContent-Type: text/plain\n\nok\n"
	"--b/1\nContent-Type: message/delivery-status\n\n"
	"Reporting-MTA: dns; mail.muni.test\nOriginal-Envelope-Id: tok123\n"
	"X-Postfix-Queue-ID: 4abcDEF\nX-Postfix-Sender: rfc822; a@muni.test\n\n"
	"Final-Recipient: rfc822; ciudadano@ciudadano.test\n"
	"Original-Recipient: rfc822;Ciudadano@ciudadano.test\nAction: Relayed (to non-DSN mailer)\n"
	"Status: 2.0.0\nRemote-MTA: dns; mx.ciudadano.test\n"
	"Diagnostic-Code: smtp; 250 2.0.0 OK\n  queued\n\n"
	"Final-Recipient: rfc822; <otro@ciudadano.test>\nAction: failed\nStatus: 5.1.1\n\n"
	"--b/1\nContent-Type: text/rfc822-headers\n\nFrom: a@muni.test\nMessage-ID: "
	"<1@muni.test>\n\n"
	"--b/1--\n";

static void test_dsn(void **state)
{
	g_autoptr(ReportFacts) report = report_of(dsn, STREAM_INTERNAL, "");
	const ReportRecipient *first, *second;

	(void)state;
	assert_int_equal(report->kind, REPORT_DSN);
	assert_int_equal(report->stream, STREAM_INTERNAL);
	assert_string_equal(report->queue_id, "4XyZ");
	assert_string_equal(report->client_address, "192.0.2.1");
	assert_string_equal(report->envelope_sender, "");
	assert_string_equal(report->envid, "tok123");
	assert_string_equal(report->postfix_queue_id, "4abcDEF");
	assert_string_equal(report->reporting_mta, "mail.muni.test");
	assert_string_equal(report->original_message_id, "1@muni.test");
	assert_string_equal(report->message_id, "r@muni.test");
	assert_int_equal(report->recipients->len, 2);
	first = g_ptr_array_index(report->recipients, 0);
	second = g_ptr_array_index(report->recipients, 1);
	assert_string_equal(first->final_recipient, "ciudadano@ciudadano.test");
	assert_string_equal(first->original_recipient, "Ciudadano@ciudadano.test");
	assert_string_equal(first->action, "relayed");
	assert_string_equal(first->status, "2.0.0");
	assert_string_equal(first->diagnostic, "250 2.0.0 OK  queued");
	assert_string_equal(first->remote_mta, "mx.ciudadano.test");
	assert_string_equal(second->final_recipient, "otro@ciudadano.test");
	assert_null(second->diagnostic);
	assert_true(mime_report_is_candidate(report));
}

static void test_mdn(void **state)
{
	static const struct {
		const char *field, *type;
	} cases[] = {
		{"manual-action/MDN-sent-manually; Displayed", "displayed"},
		{"automatic-action/MDN-sent-automatically;deleted/error", "deleted"},
		{"automatic-action/MDN-sent-automatically; processed", "processed"},
		{"displayed", "displayed"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strdup_printf(
			"From: C <c@ciudadano.test>\nContent-Type: multipart/report;\n"
			" report-type=disposition-notification; boundary=b\n\n--b\n\nread\n--b\n"
			"Content-Type: message/disposition-notification\n\n"
			"Final-Recipient: rfc822;c@ciudadano.test\nOriginal-Message-ID: "
			"<1@muni.test>\n"
			"Disposition: %s\n\n--b--\n",
			cases[i].field);
		g_autoptr(ReportFacts) report = report_of(text, STREAM_INBOUND, "c@ciudadano.test");

		assert_int_equal(report->kind, REPORT_MDN);
		assert_string_equal(report->disposition, cases[i].type);
		assert_string_equal(report->original_message_id, "1@muni.test");
		assert_string_equal(report->from, "c@ciudadano.test");
		assert_int_equal(report->recipients->len, 1);
	}
}

static void test_kinds(void **state)
{
	static const struct {
		const char *name, *text, *sender;
		ReportKind kind;
		gboolean candidate;
	} cases[] = {
		{"answer", "In-Reply-To: <1@muni.test>\n\nrecibido", "c@x.test", REPORT_ANSWER,
			TRUE},
		{"ordinary mail", "Subject: Hola\n\nx", "c@x.test", REPORT_NONE, FALSE},
		{"vacation", "In-Reply-To: <1@muni.test>\nAuto-Submitted: auto-replied (x)\n\nx",
			"c@x.test", REPORT_AUTOMATIC, TRUE},
		{"said not to be", "In-Reply-To: <1@muni.test>\nAuto-Submitted: no\n\nx",
			"c@x.test", REPORT_ANSWER, TRUE},
		{"null sender", "In-Reply-To: <1@muni.test>\n\nx", "", REPORT_AUTOMATIC, TRUE},
		{"X-Autoreply", "References: <1@muni.test>\nX-Autoreply: yes\n\nx", "c@x.test",
			REPORT_AUTOMATIC, TRUE},
		{"Precedence", "References: <1@muni.test>\nPrecedence: bulk\n\nx", "c@x.test",
			REPORT_AUTOMATIC, TRUE},
		{"Outlook in Spanish",
			"References: <1@muni.test>\n"
			"Subject: =?utf-8?B?UmVzcHVlc3RhIGF1dG9tw6F0aWNhOiBhdmlzbw==?=\n\nx",
			"c@x.test", REPORT_AUTOMATIC, TRUE},
		{"Zimbra", "References: <1@muni.test>\nSubject: Fuera de la oficina\n\nx",
			"c@x.test", REPORT_AUTOMATIC, TRUE},
		{"English", "References: <1@muni.test>\nSubject: Automatic reply: x\n\nx",
			"c@x.test", REPORT_AUTOMATIC, TRUE},
		{"the words later on",
			"References: <1@muni.test>\nSubject: Re: fuera de la oficina\n\nx",
			"c@x.test", REPORT_ANSWER, TRUE},
		{"a report attached to a person's mail",
			"In-Reply-To: <1@muni.test>\nContent-Type: multipart/mixed; "
			"boundary=b\n\n--b\n"
			"Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\n--b--\n",
			"c@x.test", REPORT_ANSWER, TRUE},
		{"both kinds",
			"Content-Type: multipart/report; boundary=b\n\n--b\n"
			"Content-Type: message/delivery-status\n\nA: b\n--b\n"
			"Content-Type: message/disposition-notification\n\nA: b\n--b--\n",
			"c@x.test", REPORT_AUTOMATIC, FALSE},
		{"a report of neither kind that refers to a mail",
			"References: <1@muni.test>\nContent-Type: multipart/report; "
			"boundary=b\n\n--b\n\nx\n"
			"--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: "
			"<1@muni.test>\n\n--b--\n",
			"c@x.test", REPORT_AUTOMATIC, TRUE},
		{"a report without parts that refers to a mail",
			"In-Reply-To: <1@muni.test>\nContent-Type: multipart/report\n\nx",
			"c@x.test", REPORT_AUTOMATIC, TRUE},
		{"a report that names nothing",
			"Content-Type: multipart/report; boundary=b\n\n--b\n"
			"Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\n--b--\n",
			"", REPORT_DSN, FALSE},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(ReportFacts) report =
			report_of(cases[i].text, STREAM_INBOUND, cases[i].sender);

		if (report->kind != cases[i].kind)
			fail_msg("%s: %s", cases[i].name, report_kind_name(report->kind));
		if (mime_report_is_candidate(report) != cases[i].candidate)
			fail_msg("%s: candidate", cases[i].name);
	}
}

static void test_references(void **state)
{
	g_autoptr(ReportFacts) report =
		report_of("In-Reply-To: <2@x>\nReferences: <1@x>\n <2@x> broken <3@x>\n\nx",
			STREAM_INBOUND, "c@x");

	(void)state;
	assert_int_equal(g_strv_length(report->references), 3);
	assert_string_equal(report->references[0], "2@x");
	assert_string_equal(report->references[2], "3@x");
}

static void test_authentication_results(void **state)
{
	static const struct {
		const char *name, *value;
		gboolean ours;
	} cases[] = {
		{"ours", "mx.muni.test; dmarc=pass header.from=x.test", TRUE},
		{"version", "MX.muni.test 1; dmarc=pass", TRUE},
		{"comment before", "(a (b) \\) c) mx.muni.test; dmarc=pass", TRUE},
		{"another's", "mx.evil.test; dmarc=pass", FALSE},
		{"ours only as a prefix", "mx.muni.test.evil.test; dmarc=pass", FALSE},
		{"ours only later", "evil.test; x=mx.muni.test; mx.muni.test; dmarc=pass", FALSE},
		{"ours only in a comment", "(mx.muni.test; dmarc=pass) evil.test; dmarc=pass",
			FALSE},
		{"empty", "", FALSE},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text =
			g_strdup_printf("Authentication-Results: %s\n\nx", cases[i].value);
		g_autoptr(ReportFacts) report = report_of(text, STREAM_INBOUND, "c@x.test");

		if ((report->authentication_results != NULL) != cases[i].ours)
			fail_msg("%s", cases[i].name);
	}
}

static void test_from_must_be_one(void **state)
{
	static const struct {
		const char *header, *from;
	} cases[] = {
		{"From: c@x.test\n", "c@x.test"},
		{"From: <c@x.test>, <d@x.test>\n", NULL},
		{"From: c@x.test\nFrom: d@x.test\n", NULL},
		{"From: c@x.test <d@x.test>\n", NULL},
		{"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strconcat(cases[i].header, "\nx", NULL);
		g_autoptr(ReportFacts) report = report_of(text, STREAM_INBOUND, "<c@x.test>");

		assert_true(g_strcmp0(report->from, cases[i].from) == 0);
		assert_string_equal(report->envelope_sender, "c@x.test");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dsn),
		cmocka_unit_test(test_mdn),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_authentication_results),
		cmocka_unit_test(test_from_must_be_one),
	};

	mime_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
