/*
 * The evidence decision with the real report parser: what is posted, what waits, what is consumed
 * and what goes on to whom, for each stream.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/error.h"
#include "cms/digest.h"
#include "core/return_token.h"
#include "milter/evidence.h"
#include "tests/unit/milter-fakes.h"

#define REPORT(action)                                                                             \
	"From: MAILER-DAEMON@mx.muni.test\nTo: x@muni.test\nSubject: Report\nMessage-Id: "         \
	"<r@mx.muni.test>\n"                                                                       \
	"MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; "         \
	"boundary=\"b\"\n\n"                                                                       \
	"--b\n\nReport.\n\n--b\nContent-Type: message/delivery-status\n\n"                         \
	"Reporting-MTA: dns; mx.muni.test\nOriginal-Envelope-Id: env1\nX-Postfix-Queue-ID: "       \
	"4fTest0Queue\n\n"                                                                         \
	"Final-Recipient: rfc822; ciudadano@ciudadano.test\nAction: " action "\nStatus: 2.0.0\n\n" \
	"--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <n12@pc.muni.test>\n\n--b--\n"
#define RECEIPT                                                                                    \
	"From: ciudadano@ciudadano.test\nTo: x@muni.test\nSubject: Read\nMessage-Id: "             \
	"<m@ciudadano.test>\n"                                                                     \
	"MIME-Version: 1.0\nContent-Type: multipart/report; "                                      \
	"report-type=disposition-notification; boundary=\"b\"\n\n"                                 \
	"--b\n\nRead.\n\n--b\nContent-Type: message/disposition-notification\n\n"                  \
	"Final-Recipient: rfc822; ciudadano@ciudadano.test\nOriginal-Message-ID: "                 \
	"<n12@pc.muni.test>\n"                                                                     \
	"Disposition: manual-action/MDN-sent-manually; displayed\n\n--b--\n"
#define ANSWER                                                                                     \
	"From: ciudadano@ciudadano.test\nTo: x@muni.test\nSubject: Re: n\nMessage-ID: "            \
	"<a@ciudadano.test>\n"                                                                     \
	"In-Reply-To: <n12@pc.muni.test>\n\nRecibido.\n"
#define PLAIN "From: ciudadano@ciudadano.test\nTo: x@muni.test\nSubject: Consulta\n\nBuenos dias.\n"

/* TOKEN in a list of recipients stands for the address of a valid token. */
static char *recipients_of(const FakeWorld *world, const char *list)
{
	const guint8 random[RETURN_TOKEN_RANDOM_BYTES] = "0123456789abcdef";
	g_autofree char *token = return_token_make(world->options->token_key, random);
	g_autofree char *address = g_strdup_printf("acuse+%s@muni.test", token);
	g_auto(GStrv) parts = g_strsplit(list, "TOKEN", -1);

	return g_strjoinv(address, parts);
}

static char *join(const GPtrArray *addresses)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < addresses->len; i++)
		g_string_append_printf(
			text, "%s%s", i > 0 ? " " : "", (char *)g_ptr_array_index(addresses, i));
	return g_string_free(text, FALSE);
}

typedef struct {
	const char *name, *stream, *recipients, *text;
	const char *matched, *deliver_to; /* provisiond's answer; NULL: none */
	int error;			  /* of the event; 0: none */
	Action action;
	const char *deleted, *added; /* recipients */
	const char *calls;
} Case;

static void run_case(const Case *row)
{
	FakeWorld *world = fake_world_new();
	g_autofree char *recipients = recipients_of(world, row->recipients);
	g_autofree char *expected = recipients_of(world, row->deleted);
	g_autofree char *deleted = NULL;
	g_autofree char *added = NULL;
	g_autoptr(Session) session = fake_session(row->stream, NULL,
		strcmp(row->stream, "INTERNAL") == 0 ? "" : "ciudadano@ciudadano.test", recipients,
		row->text);
	g_autoptr(Outcome) outcome = NULL;

	world->event_answer =
		json_pack("{s:s?, s:b, s:o}", "matched", row->matched, "counts", 1, "deliver_to",
			row->deliver_to != NULL ? json_pack("[s]", row->deliver_to) : json_array());
	if (row->error != 0)
		world->event_error = row->error;
	assert_null(evidence_at_mail(session->envelope, &world->services));
	outcome = evidence_decide(session, &world->services);
	deleted = join(outcome->delete_recipients);
	added = join(outcome->add_recipients);
	if (outcome->action != row->action || strcmp(deleted, expected) != 0 ||
		strcmp(added, row->added) != 0 || strcmp(world->calls->str, row->calls) != 0)
		fail_msg("%s: action %d (%s), deleted %s, added %s, calls %s", row->name,
			outcome->action, outcome->decision, deleted, added, world->calls->str);
	if (outcome->action == ACTION_REPLY)
		assert_true(outcome->reply[0] == '4');
	fake_world_free(world);
}

#define SEND "0a4f0000-0000-4000-8000-000000000000"
#define ROSA "rmoralesa@muni.test"
#define DONE "blob event "

static void test_decisions(void **state)
{
	static const Case cases[] = {
		{"success to a token", "INTERNAL", "TOKEN", REPORT("relayed"), SEND, ROSA, 0,
			ACTION_DISCARD, "", "", DONE},
		{"success to a token, unmatched", "INTERNAL", "TOKEN", REPORT("relayed"), NULL,
			NULL, 0, ACTION_DISCARD, "", "", DONE},
		{"success to an employee", "INTERNAL", ROSA, REPORT("delivered"), SEND, ROSA, 0,
			ACTION_DISCARD, "", "", DONE},
		{"success to an employee, unmatched", "INTERNAL", ROSA, REPORT("delivered"), NULL,
			NULL, 0, ACTION_ACCEPT, "", "", DONE},
		{"failure to a token", "INTERNAL", "TOKEN", REPORT("failed"), SEND, ROSA, 0,
			ACTION_ACCEPT, "TOKEN", ROSA, DONE},
		{"delay to a token", "INTERNAL", "TOKEN", REPORT("delayed"), SEND, ROSA, 0,
			ACTION_ACCEPT, "TOKEN", ROSA, DONE},
		{"failure to an employee", "INTERNAL", ROSA, REPORT("failed"), SEND, ROSA, 0,
			ACTION_ACCEPT, "", "", DONE},
		{"failure, nobody known", "INTERNAL", "TOKEN", REPORT("failed"), NULL, NULL, 0,
			ACTION_REPLY, "", "", DONE},
		{"report, provisiond down", "INTERNAL", ROSA, REPORT("relayed"), NULL, NULL,
			ACUSE_ERROR_UNAVAILABLE, ACTION_REPLY, "", "", DONE},
		{"report, body refused", "INTERNAL", "TOKEN", REPORT("failed"), NULL, NULL,
			ACUSE_ERROR_INVALID, ACTION_REPLY, "", "", DONE},
		{"not a report", "INTERNAL", ROSA, PLAIN, NULL, NULL, 0, ACTION_ACCEPT, "", "", ""},
		{"answer to a token", "INBOUND", "TOKEN", ANSWER, SEND, ROSA, 0, ACTION_ACCEPT,
			"TOKEN", ROSA, DONE},
		{"new mail to a token", "INBOUND", "TOKEN", PLAIN, SEND, ROSA, 0, ACTION_ACCEPT,
			"TOKEN", ROSA, DONE},
		{"answer to all", "INBOUND", "TOKEN otra@muni.test", ANSWER, SEND, ROSA, 0,
			ACTION_ACCEPT, "TOKEN", ROSA, DONE},
		{"answer to all, notifier too", "INBOUND", "TOKEN " ROSA, ANSWER, SEND, ROSA, 0,
			ACTION_ACCEPT, "TOKEN", "", DONE},
		{"answer, nobody known", "INBOUND", "TOKEN", ANSWER, NULL, NULL, 0, ACTION_REPLY,
			"", "", DONE},
		{"answer to a token, provisiond down", "INBOUND", "TOKEN", ANSWER, NULL, NULL,
			ACUSE_ERROR_UNAVAILABLE, ACTION_REPLY, "", "", DONE},
		{"receipt to a token", "INBOUND", "TOKEN", RECEIPT, SEND, ROSA, 0, ACTION_DISCARD,
			"", "", DONE},
		{"receipt to a token and others", "INBOUND", "TOKEN otra@muni.test", RECEIPT, SEND,
			ROSA, 0, ACTION_ACCEPT, "TOKEN", "", DONE},
		{"receipt to the office", "INBOUND", ROSA, RECEIPT, SEND, ROSA, 0, ACTION_ACCEPT,
			"", "", DONE},
		{"receipt, provisiond down", "INBOUND", ROSA, RECEIPT, NULL, NULL,
			ACUSE_ERROR_TIMEOUT, ACTION_REPLY, "", "", DONE},
		{"outside failure to a token", "INBOUND", "TOKEN", REPORT("failed"), SEND, ROSA, 0,
			ACTION_ACCEPT, "TOKEN", ROSA, DONE},
		{"outside success to a token", "INBOUND", "TOKEN", REPORT("delivered"), SEND, ROSA,
			0, ACTION_DISCARD, "", "", DONE},
		{"answer by reference", "INBOUND", ROSA, ANSWER, SEND, ROSA, 0, ACTION_ACCEPT, "",
			"", DONE},
		{"answer by reference, provisiond down", "INBOUND", ROSA, ANSWER, NULL, NULL,
			ACUSE_ERROR_UNAVAILABLE, ACTION_ACCEPT, "", "", DONE},
		{"ordinary mail", "INBOUND", ROSA, PLAIN, NULL, NULL, 0, ACTION_ACCEPT, "", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		run_case(&cases[i]);
}

static void test_full_store(void **state)
{
	FakeWorld *world = fake_world_new();
	g_autofree char *recipients = recipients_of(world, "TOKEN");
	g_autoptr(Session) session =
		fake_session("INBOUND", NULL, "ciudadano@ciudadano.test", recipients, ANSWER);
	g_autoptr(Outcome) outcome = NULL;

	(void)state;
	world->blob_error = ACUSE_ERROR_NO_SPACE;
	outcome = evidence_decide(session, &world->services);
	assert_int_equal(outcome->action, ACTION_REPLY);
	assert_true(g_str_has_prefix(outcome->reply, "452 "));
	assert_string_equal(world->calls->str, "blob ");
	fake_world_free(world);
}

static void test_posted_bytes(void **state)
{
	FakeWorld *world = fake_world_new();
	g_autofree char *recipients = recipients_of(world, "TOKEN");
	g_autoptr(Session) session =
		fake_session("INBOUND", NULL, "ciudadano@ciudadano.test", recipients, ANSWER);
	g_autoptr(Outcome) outcome = evidence_decide(session, &world->services);
	const char *sha256 = json_string_value(json_object_get(world->event, "original_sha256"));
	g_autoptr(GBytes) bytes = mail_message_to_bytes(session->message);
	g_autofree char *digest =
		digest_sha256_hex(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));

	(void)state;
	assert_non_null(outcome);
	assert_string_equal(sha256, digest);
	assert_true(g_hash_table_contains(world->blobs, sha256));
	assert_true(return_token_check(world->options->token_key,
		json_string_value(json_object_get(world->event, "token"))));
	assert_string_equal(json_string_value(json_object_get(world->event, "kind")), "answer");
	fake_world_free(world);
}

static void test_early(void **state)
{
	static const struct {
		const char *name, *stream, *sender, *reply;
	} cases[] = {
		{"own domain from outside", "INBOUND", "rmoralesa@Muni.Test", "550 5.7.1 "},
		{"submission here", "SUBMISSION", ROSA, "451 4.7.1 "},
		{"unset", "UNSET", ROSA, "451 4.7.1 "},
		{"nothing", NULL, "", "451 4.7.1 "},
	};
	FakeWorld *world = fake_world_new();

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Session) session =
			fake_session(cases[i].stream, NULL, cases[i].sender, ROSA, PLAIN);
		g_autoptr(Outcome) outcome = evidence_at_mail(session->envelope, &world->services);

		if (outcome == NULL || outcome->reply == NULL ||
			!g_str_has_prefix(outcome->reply, cases[i].reply))
			fail_msg("%s", cases[i].name);
	}
	fake_world_free(world);
}

static void test_recipients(void **state)
{
	FakeWorld *world = fake_world_new();
	g_autofree char *valid = recipients_of(world, "TOKEN");
	g_autofree char *forged = g_strdup(valid);
	const struct {
		const char *name, *stream, *recipient;
		gboolean refused;
	} cases[] = {
		{"valid token", "INBOUND", valid, FALSE},
		{"invented token", "INBOUND", forged, TRUE},
		{"invented token in a report of ours", "INTERNAL", forged, FALSE},
		{"an employee", "INBOUND", ROSA, FALSE},
	};

	(void)state;
	forged[10] = forged[10] == 'a' ? 'b' : 'a';
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Session) session = fake_session(cases[i].stream, NULL, "", ROSA, PLAIN);
		g_autoptr(Outcome) outcome =
			evidence_at_rcpt(session->envelope, cases[i].recipient, &world->services);

		if ((outcome != NULL) != cases[i].refused)
			fail_msg("%s", cases[i].name);
		if (outcome != NULL)
			assert_true(g_str_has_prefix(outcome->reply, "550 5.1.1 "));
	}
	fake_world_free(world);
}

#define BOUNDED(fields, name)                                                                      \
	"From: x@ciudadano.test\nTo: x@muni.test\nMessage-ID: <p@c.test>\n" fields                 \
	"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHola.\n--b\n"                         \
	"Content-Disposition: attachment; filename=" name "\n\nx\n--b--\n"

/* P9 of ordinary mail from outside; evidence comes first, and provisiond need not answer. */
static void test_blocked(void **state)
{
	static const struct {
		const char *name, *stream, *text, *matched;
		RuleMode mode;
		int error;
		gboolean refused, warned;
	} cases[] = {
		{"plain", "INBOUND", PLAIN, NULL, MODE_ENFORCE, 0, FALSE, FALSE},
		{"program", "INBOUND", BOUNDED("", "a.exe"), NULL, MODE_ENFORCE, 0, TRUE, TRUE},
		{"document", "INBOUND", BOUNDED("", "a.pdf"), NULL, MODE_ENFORCE, 0, FALSE, FALSE},
		{"warned", "INBOUND", BOUNDED("", "a.exe"), NULL, MODE_WARN, 0, FALSE, TRUE},
		{"off", "INBOUND", BOUNDED("", "a.exe"), NULL, MODE_OFF, 0, FALSE, FALSE},
		{"internal", "INTERNAL", BOUNDED("", "a.exe"), NULL, MODE_ENFORCE, 0, FALSE, FALSE},
		{"answer of a send", "INBOUND",
			BOUNDED("In-Reply-To: <n12@pc.muni.test>\n", "a.exe"), "s1", MODE_ENFORCE,
			0, FALSE, FALSE},
		{"answer of no send", "INBOUND",
			BOUNDED("In-Reply-To: <n12@pc.muni.test>\n", "a.exe"), NULL, MODE_ENFORCE,
			0, TRUE, TRUE},
		{"answer while provisiond is down", "INBOUND",
			BOUNDED("In-Reply-To: <n12@pc.muni.test>\n", "a.exe"), NULL, MODE_ENFORCE,
			ACUSE_ERROR_UNAVAILABLE, TRUE, TRUE},
		{"ordinary while provisiond is down", "INBOUND", BOUNDED("", "a.pdf"), NULL,
			MODE_ENFORCE, ACUSE_ERROR_UNAVAILABLE, FALSE, FALSE},
	};
	static const char *const extensions[] = {"exe", NULL};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		FakeWorld *world = fake_world_new();
		g_autoptr(Session) session = fake_session(
			cases[i].stream, NULL, "x@ciudadano.test", "x@muni.test", cases[i].text);
		g_autoptr(Outcome) outcome = NULL;
		gboolean refused;

		world->options->policy->attachments->modes[BLOCKED_EXTENSION] = MODE_ENFORCE;
		world->options->policy->attachments->inbound = cases[i].mode;
		world->options->inspect = (InspectOptions){
			.blocked = cases[i].mode != MODE_OFF, .extensions = extensions};
		world->event_answer = json_pack("{s:s?, s:b, s:[]}", "matched", cases[i].matched,
			"counts", 1, "deliver_to");
		if (cases[i].error != 0)
			world->event_error = cases[i].error;
		outcome = evidence_decide(session, &world->services);
		refused =
			outcome->reply != NULL && strstr(outcome->reply, "550 5.7.1 [P9]") != NULL;
		if (refused != cases[i].refused ||
			(outcome->warnings->len > 0 && outcome->decision != NULL &&
				strcmp(outcome->decision, "not-recorded") != 0) != cases[i].warned)
			fail_msg("%s: %s %s, %u", cases[i].name, outcome->decision, outcome->reply,
				outcome->warnings->len);
		fake_world_free(world);
	}
}

#define PASS "Authentication-Results: mx.muni.test; dmarc=pass header.from=ciudadano.test\n"
#define TO_DESK                                                                                    \
	"From: ciudadano@ciudadano.test\nTo: Mesa <MESA@muni.test>\nSubject: "                     \
	"=?utf-8?Q?Pido_a=C3=B1o?=\nMessage-ID: <p@ciudadano.test>\n"
#define CITIZEN "ciudadano@ciudadano.test"

/* D11: what is for an official mailbox goes on record, if it is let in, and flows in any case. */
static void test_incoming(void **state)
{
	static const struct {
		const char *name, *sender, *recipients, *text, *calls;
		gboolean automatic, suppressed, spam, addressed;
	} cases[] = {
		{"a citizen", CITIZEN, "mesa@muni.test", PASS TO_DESK "\nHola.\n", "incoming ", 0,
			0, 0, 1},
		{"with a detail", CITIZEN, "Mesa+partes@muni.test", TO_DESK "\nHola.\n",
			"incoming ", 0, 0, 0, 1},
		{"another mailbox", CITIZEN, ROSA, TO_DESK "\nHola.\n", "", 0, 0, 0, 0},
		{"not addressed", CITIZEN, ROSA " mesa@muni.test", PLAIN, "incoming ", 0, 0, 0, 0},
		{"an answer of no send", CITIZEN, "mesa@muni.test", ANSWER, DONE "incoming ", 0, 0,
			0, 0},
		{"a program", CITIZEN, "mesa@muni.test",
			TO_DESK "Auto-Submitted: auto-replied\n\nx", "incoming ", 1, 0, 0, 1},
		{"a list", CITIZEN, "mesa@muni.test", TO_DESK "List-Id: <x.test>\n\nx", "incoming ",
			1, 0, 0, 1},
		{"a report", CITIZEN, "mesa@muni.test", REPORT("failed"), DONE "incoming ", 1, 0, 0,
			0},
		{"the null sender", "", "mesa@muni.test", TO_DESK "\nx", "incoming ", 1, 0, 0, 1},
		{"silence, please", CITIZEN, "mesa@muni.test",
			TO_DESK "X-Auto-Response-Suppress: OOF\n\nx", "incoming ", 0, 1, 0, 1},
		{"spam", CITIZEN, "mesa@muni.test", TO_DESK "X-Spam-Flag: YES\n\nx", "incoming ", 0,
			0, 1, 1},
		{"no spam", CITIZEN, "mesa@muni.test", TO_DESK "X-Spam-Status: No, score=1\n\nx",
			"incoming ", 0, 0, 0, 1},
		{"a program in it", CITIZEN, "mesa@muni.test", BOUNDED("", "a.exe"), "", 0, 0, 0,
			0},
	};
	static const char *const extensions[] = {"exe", NULL};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		FakeWorld *world = fake_world_new();
		g_autoptr(Session) session = fake_session(
			"INBOUND", NULL, cases[i].sender, cases[i].recipients, cases[i].text);
		g_autoptr(Outcome) outcome = NULL;
		const json_t *body;

		world->options->policy->attachments->modes[BLOCKED_EXTENSION] = MODE_ENFORCE;
		world->options->policy->attachments->inbound = MODE_ENFORCE;
		world->options->inspect =
			(InspectOptions){.blocked = TRUE, .extensions = extensions};
		outcome = evidence_decide(session, &world->services);
		if (strcmp(world->calls->str, cases[i].calls) != 0)
			fail_msg("%s: %s", cases[i].name, world->calls->str);
		body = world->incoming;
		if (body != NULL &&
			(json_is_true(json_object_get(body, "automatic")) != cases[i].automatic ||
				json_is_true(json_object_get(body, "suppressed")) !=
					cases[i].suppressed ||
				json_is_true(json_object_get(body, "spam")) != cases[i].spam ||
				json_is_true(json_object_get(body, "addressed")) !=
					cases[i].addressed))
			fail_msg("%s: other facts", cases[i].name);
		if (i == 0) {
			assert_string_equal("Pido a\xc3\xb1o",
				json_string_value(json_object_get(body, "subject")));
			assert_string_equal("mesa@muni.test",
				json_string_value(
					json_array_get(json_object_get(body, "mailboxes"), 0)));
			assert_non_null(
				json_string_value(json_object_get(body, "authentication_results")));
		}
		fake_world_free(world);
	}
}

static void test_incoming_flows(void **state)
{
	FakeWorld *world = fake_world_new();
	g_autoptr(Session) session =
		fake_session("INBOUND", NULL, CITIZEN, "mesa@muni.test", TO_DESK "\nHola.\n");
	g_autoptr(Outcome) outcome = NULL;

	(void)state;
	world->incoming_error = ACUSE_ERROR_UNAVAILABLE;
	outcome = evidence_decide(session, &world->services);
	assert_int_equal(outcome->action, ACTION_ACCEPT);
	assert_int_equal(outcome->warnings->len, 1);
	fake_world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decisions),
		cmocka_unit_test(test_full_store),
		cmocka_unit_test(test_posted_bytes),
		cmocka_unit_test(test_early),
		cmocka_unit_test(test_recipients),
		cmocka_unit_test(test_blocked),
		cmocka_unit_test(test_incoming),
		cmocka_unit_test(test_incoming_flows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
