/* Mail from outside to an official mailbox (D11): what is recorded, confirmed, answered, overdue.
 */
#include "tests/unit/sends_fixture.h"

#include <string.h>

#include "base/error.h"
#include "core/incoming.h"
#include "provision/deadlines.h"
#include "provision/incoming.h"
#include "provision/send_record.h"
#include "eventually.h"
#include "smtp-stub.h"

#define MAILBOX "mesa@muni.test"
#define PASS "mx.muni.test; dmarc=pass header.from=ciudadano.test"
#define DIGEST "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void test_bars(void **state)
{
	static const struct {
		const char *name;
		IncomingFacts facts;
		const char *bar;
	} cases[] = {
		{"a citizen", {FIXTURE_CITIZEN, FIXTURE_CITIZEN, PASS, FALSE, FALSE, FALSE, TRUE},
			NULL},
		{"another case of it",
			{FIXTURE_CITIZEN, "Ciudadano@Ciudadano.TEST", PASS, FALSE, FALSE, FALSE,
				TRUE},
			NULL},
		{"a program", {FIXTURE_CITIZEN, FIXTURE_CITIZEN, PASS, TRUE, FALSE, FALSE, TRUE},
			"automatic"},
		{"the null sender", {FIXTURE_CITIZEN, "", PASS, FALSE, FALSE, FALSE, TRUE},
			"automatic"},
		{"asks for silence",
			{FIXTURE_CITIZEN, FIXTURE_CITIZEN, PASS, FALSE, TRUE, FALSE, TRUE},
			"suppressed"},
		{"two in From, or none", {NULL, FIXTURE_CITIZEN, PASS, FALSE, FALSE, FALSE, TRUE},
			"no-sender"},
		{"quoted",
			{"\"a> <b\"@ciudadano.test", "\"a> <b\"@ciudadano.test", PASS, FALSE, FALSE,
				FALSE, TRUE},
			"odd-address"},
		{"a line end in it",
			{"a\r\nb@ciudadano.test", "a\r\nb@ciudadano.test", PASS, FALSE, FALSE,
				FALSE, TRUE},
			"odd-address"},
		{"a route",
			{"@x.test:a@ciudadano.test", "@x.test:a@ciudadano.test", PASS, FALSE, FALSE,
				FALSE, TRUE},
			"odd-address"},
		{"ours in From",
			{"rmoralesa@muni.test", FIXTURE_CITIZEN, PASS, FALSE, FALSE, FALSE, TRUE},
			"own-domain"},
		{"ours in the envelope",
			{FIXTURE_CITIZEN, "otic@MUNI.test", PASS, FALSE, FALSE, FALSE, TRUE},
			"own-domain"},
		{"another one in the envelope",
			{FIXTURE_CITIZEN, "otro@ciudadano.test", PASS, FALSE, FALSE, FALSE, TRUE},
			"sender-differs"},
		{"spam", {FIXTURE_CITIZEN, FIXTURE_CITIZEN, PASS, FALSE, FALSE, TRUE, TRUE},
			"spam"},
		{"by Bcc or a list",
			{FIXTURE_CITIZEN, FIXTURE_CITIZEN, PASS, FALSE, FALSE, FALSE, FALSE},
			"not-addressed"},
		{"nobody looked",
			{FIXTURE_CITIZEN, FIXTURE_CITIZEN, NULL, FALSE, FALSE, FALSE, TRUE},
			"unproved"},
		{"no policy",
			{FIXTURE_CITIZEN, FIXTURE_CITIZEN,
				"mx.muni.test; spf=pass smtp.mailfrom=ciudadano.test; dmarc=none "
				"header.from=ciudadano.test",
				FALSE, FALSE, FALSE, TRUE},
			"unproved"},
		{"a pass for another",
			{FIXTURE_CITIZEN, FIXTURE_CITIZEN,
				"mx.muni.test; dmarc=pass header.from=otro.test", FALSE, FALSE,
				FALSE, TRUE},
			"unproved"},
	};
	static const char *const roles[] = {"mailer-daemon@x.test", "NoReply@x.test",
		"no-reply-ventas@x.test", "owner-lista@x.test", "lista-request@x.test",
		"lista-bounces@x.test", "bounce+7=a@x.test", "Postmaster@x.test",
		"SRS0=a=b=c=d@x.test"};
	static const char *const people[] = {"rosa@x.test", "requesta@x.test", "noemi@x.test",
		"root.cause@x.test", "raiz@x.test"};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *bar = incoming_bar(&cases[i].facts, "muni.test");

		if (g_strcmp0(bar, cases[i].bar) != 0)
			fail_msg("%s: %s", cases[i].name, bar);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(roles); i++)
		if (!incoming_is_role(roles[i]))
			fail_msg("%s", roles[i]);
	for (gsize i = 0; i < G_N_ELEMENTS(people); i++)
		if (incoming_is_role(people[i]))
			fail_msg("%s", people[i]);
}

static json_t *mail(const char *from, const char *message_id)
{
	return json_pack(
		"{s:s?, s:s, s:s, s:s, s:[s], s:s, s:s, s:s, s:n, s:b, s:b, s:b, s:b, s:s, "
		"s:n}",
		"message_id", message_id, "message_sha256", DIGEST, "from", from, "envelope_sender",
		from, "mailboxes", MAILBOX, "subject", "Solicito copia", "date",
		"Fri, 20 Nov 2026 15:53:56 -0500", "queue_id", "Q1", "client_address", "automatic",
		0, "suppressed", 0, "spam", 0, "addressed", 1, "authentication_results", PASS,
		"send");
}

static char *post(Fixture *fixture, json_t *body)
{
	g_autoptr(GError) error = NULL;
	json_auto_t *answer = fixture_call(
		fixture, routes_incoming, "POST", "/v1/incoming", NULL, NULL, body, &error);

	if (answer == NULL)
		fail_msg("%s", error->message);
	return g_strdup(row_text(answer, "id"));
}

static json_t *show(Fixture *fixture, const char *id)
{
	json_t *row = fixture_call(
		fixture, routes_incoming, "GET", "/v1/incoming/{id}", id, NULL, NULL, NULL);

	assert_non_null(row);
	return row;
}

static gsize count(Fixture *fixture, const char *query)
{
	json_auto_t *list = fixture_call(
		fixture, routes_incoming, "GET", "/v1/incoming", NULL, query, NULL, NULL);

	assert_non_null(list);
	return json_array_size(json_object_get(list, "items"));
}

static void assert_confirmation(Fixture *fixture, const char *id, const char *wanted)
{
	json_auto_t *row = show(fixture, id);

	assert_string_equal(row_text(json_object_get(row, "confirmation"), "state"), wanted);
}

static void assert_state(Fixture *fixture, const char *id, const char *wanted)
{
	json_auto_t *row = show(fixture, id);

	assert_string_equal(row_text(row, "state"), wanted);
}

static void test_recorded_once(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *first = post(fixture, mail(FIXTURE_CITIZEN, "a@ciudadano.test"));
	g_autofree char *again = post(fixture, mail(FIXTURE_CITIZEN, "a@ciudadano.test"));
	g_autofree char *other = NULL, *forged = NULL, *nameless = NULL;
	json_t *split = mail(FIXTURE_CITIZEN, "a@ciudadano.test");
	json_t *forgery = mail(FIXTURE_CITIZEN, "a@ciudadano.test");
	json_auto_t *row = NULL;

	assert_string_equal(first, again);
	assert_int_equal(fixture_count_leaves(fixture, "incoming.received"), 1);
	/* The rest of its mailboxes came in a transaction of its own. */
	json_array_append_new(json_object_get(split, "mailboxes"), json_string("otic@muni.test"));
	other = post(fixture, split);
	assert_string_equal(first, other);
	assert_int_equal(fixture_count_leaves(fixture, "incoming.received"), 2);
	row = show(fixture, first);
	assert_int_equal(json_array_size(json_object_get(row, "mailboxes")), 2);
	assert_string_equal(row_text(row, "state"), "open");
	assert_string_equal(row_text(row, "authentication"), "dmarc=pass");
	/* Friday, 15:53 in Lima; five business days are over on the next Friday. */
	assert_string_equal(row_text(row, "counted_from"), "2026-11-20");
	assert_string_equal(row_text(row, "until"), "2026-11-27");
	/* Who forges does not take its place, nor is he confirmed. */
	json_object_set_new(forgery, "authentication_results", json_null());
	forged = post(fixture, forgery);
	assert_string_not_equal(first, forged);
	assert_confirmation(fixture, forged, "unproved");
	nameless = post(fixture, mail("b@ciudadano.test", NULL));
	again = (g_free(again), post(fixture, mail("b@ciudadano.test", NULL)));
	assert_string_equal(nameless, again);
	assert_int_equal(count(fixture, "unanswered=1"), 3);
	assert_int_equal(fixture_count_outbox(fixture, ""), 2);
}

static void test_limits(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *first = NULL, *second = NULL, *detail = NULL, *next = NULL, *over = NULL;
	g_autofree char *last = NULL;

	fixture_settings(fixture, "[incoming]\nconfirm_per_hour=2");
	first = post(fixture, mail(FIXTURE_CITIZEN, "a@ciudadano.test"));
	second = post(fixture, mail(FIXTURE_CITIZEN, "b@ciudadano.test"));
	detail = post(fixture, mail("ciudadano+x@ciudadano.test", "c@ciudadano.test"));
	next = post(fixture, mail("otro@ciudadano.test", "d@ciudadano.test"));
	assert_confirmation(fixture, first, "ordered");
	assert_confirmation(fixture, second, "told-today");
	assert_confirmation(fixture, detail, "told-today");
	assert_confirmation(fixture, next, "ordered");
	last = post(fixture, mail("tercero@ciudadano.test", "f@ciudadano.test"));
	assert_confirmation(fixture, last, "over-limit");
	/* It was not told yet: an hour later it is. */
	fixture_now_s += 3600;
	g_free(last);
	last = post(fixture, mail("tercero@ciudadano.test", "g@ciudadano.test"));
	assert_confirmation(fixture, last, "ordered");
	fixture_now_s += 86400;
	over = post(fixture, mail(FIXTURE_CITIZEN, "e@ciudadano.test"));
	assert_confirmation(fixture, over, "ordered");
}

/* An answer leaves: an intent that names the mail, and Postfix's own word that it went. */
static void send_answer(Fixture *fixture, const char *id, const char *message_id, const char *to)
{
	json_t *intent = fixture_intent(id, NULL);
	g_autofree char *sha256 = fixture_put_blob(fixture, "bytes", 5);

	json_object_set_new(intent, "message_id", json_string(id));
	json_object_set_new(intent, "in_reply_to", json_pack("[s]", message_id));
	json_object_set_new(intent, "recipients", json_pack("[s]", to));
	json_object_set_new(intent, "prepared",
		json_pack("{s:s, s:i, s:s, s:n, s:n}", "message_sha256", sha256, "size", 5,
			"queue_id", row_text(intent, "queue_id"), "certificate_sha256",
			"cms_sha256"));
	json_decref(
		fixture_call(fixture, routes_sends, "POST", "/v1/sends", NULL, NULL, intent, NULL));
	fixture_assert_state(fixture, id, "prepared");
}

typedef struct {
	Fixture *fixture;
	const char *id;
} Release;

static gboolean release_change(StoreTxn *txn, gpointer data, GError **error)
{
	const Release *release = data;
	json_auto_t *send = send_record_load(txn, release->id, error);

	return send != NULL &&
	       deadline_release(txn, &release->fixture->service, send, "queue", fixture_now_s, NULL,
		       error) &&
	       send_record_save(txn, send, error);
}

static void release(Fixture *fixture, const char *id)
{
	Release one = {fixture, id};

	assert_true(store_run(fixture->service.store, release_change, &one, NULL));
}

static void test_answered(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *id = post(fixture, mail(FIXTURE_CITIZEN, "a@ciudadano.test"));
	json_auto_t *row = NULL;

	send_answer(fixture, "s-1", "a@ciudadano.test", "otro@ciudadano.test");
	release(fixture, "s-1");
	assert_state(fixture, id, "open"); /* passed on to somebody else */
	send_answer(fixture, "s-2", "b@ciudadano.test", FIXTURE_CITIZEN);
	release(fixture, "s-2");
	assert_state(fixture, id, "open"); /* of another mail */
	send_answer(fixture, "s-3", "a@ciudadano.test", "Ciudadano@ciudadano.test");
	assert_state(fixture, id, "open"); /* not seen to leave */
	release(fixture, "s-3");
	assert_state(fixture, id, "answered");
	assert_int_equal(count(fixture, "unanswered=1"), 0);
	assert_int_equal(count(fixture, NULL), 1);
	row = show(fixture, id);
	assert_string_equal(row_text(json_object_get(row, "answered"), "send"), "s-3");
	assert_int_equal(fixture_count_leaves(fixture, "incoming.answered"), 1);
}

static void test_closed(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *id = post(fixture, mail(FIXTURE_CITIZEN, "a@ciudadano.test"));
	g_autoptr(GError) error = NULL;
	json_auto_t *row = fixture_call(fixture, routes_incoming, "POST", "/v1/incoming/{id}/close",
		id, NULL, json_pack("{s:s}", "reason", "por telefono"), NULL);

	assert_string_equal(row_text(row, "state"), "closed");
	assert_string_equal(row_text(json_object_get(row, "closed"), "actor"), "uid:0");
	assert_null(fixture_call(fixture, routes_incoming, "POST", "/v1/incoming/{id}/close", id,
		NULL, json_pack("{s:s}", "reason", "otra vez"), &error));
	assert_error(error, ACUSE_ERROR_CONFLICT);
	assert_int_equal(count(fixture, "unanswered=1"), 0);
	assert_int_equal(fixture_count_leaves(fixture, "incoming.closed"), 1);
}

static void test_needs_none(void **state)
{
	Fixture *fixture = *state;
	json_t *program = mail("a@ciudadano.test", "a@ciudadano.test");
	json_t *answer = mail("b@ciudadano.test", "b@ciudadano.test");
	json_t *follow_up = mail("c@ciudadano.test", "c@ciudadano.test");
	g_autofree char *first = NULL, *second = NULL, *third = NULL;

	g_bytes_unref(fixture_prepare_signed(fixture, "s-1"));
	send_answer(fixture, "s-2", "z@ciudadano.test", "c@ciudadano.test");
	json_object_set_new(program, "automatic", json_true());
	json_object_set_new(answer, "send", json_string("s-1"));
	json_object_set_new(follow_up, "send", json_string("s-2"));
	first = post(fixture, program);
	second = post(fixture, answer);
	third = post(fixture, follow_up);
	assert_state(fixture, first, "none");
	assert_state(fixture, second, "none");
	assert_state(fixture, third, "open");
	assert_confirmation(fixture, first, "automatic");
	assert_confirmation(fixture, second, "answer");
	assert_confirmation(fixture, third, "ordered");
}

static const DueKind *const due_tables[] = {due_kinds_incoming, NULL};

typedef struct {
	const char *to;
	guint notices, items;
} Told;

static gboolean look_at_notice(const char *key, const char *value, gpointer data)
{
	Told *told = data;
	json_auto_t *entry = json_loads(value, 0, NULL);
	const json_t *body = json_object_get(entry, "body");

	(void)key;
	if (g_strcmp0(row_text(body, "kind"), "incoming-overdue") != 0)
		return TRUE;
	told->notices++;
	assert_string_equal(row_text(body, "to"), told->to);
	told->items +=
		(guint)json_array_size(json_object_get(json_object_get(body, "facts"), "items"));
	return TRUE;
}

static void assert_told(Fixture *fixture, const char *to, guint notices, guint items)
{
	Told told = {to, 0, 0};

	assert_true(store_scan(fixture->service.store, TABLE_OUTBOX, "", NULL, FALSE,
		look_at_notice, &told, NULL));
	assert_int_equal(told.notices, notices);
	assert_int_equal(told.items, items);
}

/* One list to the responsible on the day after, of what is still open. */
static void test_overdue(void **state)
{
	Fixture *fixture = *state;
	json_t *first = mail(FIXTURE_CITIZEN, "a@ciudadano.test");
	json_t *second = mail("b@ciudadano.test", "b@ciudadano.test");
	json_t *third = mail("c@ciudadano.test", "c@ciudadano.test");
	g_autofree char *open = NULL, *closed = NULL, *other = NULL;
	json_auto_t *row = NULL;

	json_array_set_new(json_object_get(first, "mailboxes"), 0, json_string(FIXTURE_MAILBOX));
	json_array_set_new(json_object_get(second, "mailboxes"), 0, json_string(FIXTURE_MAILBOX));
	json_array_set_new(json_object_get(third, "mailboxes"), 0, json_string(FIXTURE_MAILBOX));
	open = post(fixture, first);
	closed = post(fixture, second);
	other = post(fixture, third);
	json_decref(fixture_call(fixture, routes_incoming, "POST", "/v1/incoming/{id}/close",
		closed, NULL, json_pack("{s:s}", "reason", "spam"), NULL));
	fixture_now_s += 7 * 86400; /* Friday 27, the last day */
	assert_int_equal(due_run(&fixture->service, due_tables), 0);
	fixture_now_s += 86400;
	assert_int_equal(due_run(&fixture->service, due_tables), 1);
	assert_told(fixture, "rmoralesa@muni.test", 1, 2);
	assert_int_equal(fixture_count_leaves(fixture, "incoming.overdue"), 2);
	row = show(fixture, open);
	assert_non_null(row_text(row, "overdue"));
	assert_int_equal(count(fixture, "unanswered=1"), 2);
	/* As after a crash, and on later days: once is enough. */
	assert_true(due_kinds_incoming[0].carry_out(&fixture->service, "2026-11-27", NULL, NULL));
	fixture_now_s += 10 * 86400;
	due_run(&fixture->service, due_tables);
	assert_told(fixture, "rmoralesa@muni.test", 1, 2);
}

/* Without a term nothing is due. */
static void test_no_term(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *id = NULL;

	fixture_settings(fixture, "[incoming]\nanswer_days=0\nconfirm=off");
	id = post(fixture, mail(FIXTURE_CITIZEN, "a@ciudadano.test"));
	assert_confirmation(fixture, id, "off");
	fixture_now_s += 365 * 86400;
	assert_int_equal(due_run(&fixture->service, due_tables), 0);
	assert_int_equal(fixture_count_outbox(fixture, ""), 0);
}

/* What the citizen gets, and that it is on record once it is sent. */
static void test_confirmation(void **state)
{
	static const char *const lines[] = {"To: " FIXTURE_CITIZEN "\r\n",
		"In-Reply-To: <a@ciudadano.test>\r\n", "References: <a@ciudadano.test>\r\n",
		"Reply-To: " MAILBOX "\r\n", "Auto-Submitted: auto-replied\r\n"};
	static const OutboxKind *const tables[] = {outbox_kinds_incoming, NULL};
	Fixture *fixture = *state;
	g_autoptr(SmtpStub) stub = smtp_stub_new(NULL, 0);
	g_autofree char *settings = g_strdup_printf("[notices]\nsmtp=%s\n", smtp_stub_server(stub));
	g_autofree char *id = NULL, *message = NULL, *commands = NULL;
	Outbox *outbox;

	fixture_settings(fixture, settings);
	id = post(fixture, mail(FIXTURE_CITIZEN, "a@ciudadano.test"));
	outbox = outbox_start_with(&fixture->service, tables, NULL);
	eventually(fixture_count_outbox(fixture, "") == 0);
	outbox_stop(outbox);
	assert_confirmation(fixture, id, "sent");
	assert_int_equal(fixture_count_leaves(fixture, "incoming.confirmed"), 1);
	assert_int_equal(smtp_stub_connections(stub), 1);
	commands = smtp_stub_commands(stub);
	assert_non_null(strstr(commands, "MAIL FROM:<>"));
	message = smtp_stub_message(stub, 0);
	for (gsize i = 0; i < G_N_ELEMENTS(lines); i++)
		if (strstr(message, lines[i]) == NULL)
			fail_msg("%s in %s", lines[i], message);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bars),
		cmocka_unit_test_setup_teardown(
			test_recorded_once, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_limits, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_answered, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_closed, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_needs_none, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_overdue, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_no_term, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_confirmation, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
