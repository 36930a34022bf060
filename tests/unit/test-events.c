/* Evidence: what counts moves a send, what is forged or unrelated is kept and moves nothing. */
#include "sends_fixture.h"

#include <string.h>

#include "api/record_json.h"
#include "base/error.h"

static char *token_of(Fixture *fixture, const char *id)
{
	json_t *send = fixture_send(fixture, id);
	char *token = g_strdup(json_string_value(json_object_get(send, "token")));

	json_decref(send);
	return token;
}

static ReportFacts *dsn(Fixture *fixture, Stream stream, const char *queue_id,
	const char *recipient, const char *action)
{
	ReportFacts *report = report_facts_new();
	ReportRecipient *line = report_recipient_new();
	g_autofree char *bytes =
		g_strdup_printf("report %d %s %s %s", stream, queue_id, recipient, action);

	report->kind = REPORT_DSN;
	report->stream = stream;
	report->queue_id = g_strdup("R1");
	report->envelope_sender = g_strdup("");
	report->postfix_queue_id = g_strdup(queue_id);
	report->token = token_of(fixture, "s-1");
	report->envid = token_of(fixture, "s-1");
	report->original_message_id = g_strdup("m1@muni.test");
	report->original_sha256 = fixture_put_blob(fixture, bytes, strlen(bytes));
	line->final_recipient = g_strdup(recipient);
	line->action = g_strdup(action);
	line->status = g_strdup("2.0.0");
	line->diagnostic = g_strdup("250 2.0.0 Ok: queued");
	g_ptr_array_add(report->recipients, line);
	return report;
}

static ReportFacts *answer(Fixture *fixture, const char *from, const char *results)
{
	ReportFacts *report = report_facts_new();
	g_autofree char *bytes = g_strdup_printf("answer %s %s", from, results);

	report->kind = REPORT_ANSWER;
	report->stream = STREAM_INBOUND;
	report->queue_id = g_strdup("R1");
	report->envelope_sender = g_strdup(from);
	report->from = g_strdup(from);
	report->authentication_results = g_strdup(results);
	report->references = g_strsplit("m1@muni.test", " ", -1);
	report->written = time_to_rfc3339(fixture_now_s);
	report->original_sha256 = fixture_put_blob(fixture, bytes, strlen(bytes));
	return report;
}

static json_t *post(Fixture *fixture, ReportFacts *report)
{
	g_autoptr(GError) error = NULL;
	json_t *result = fixture_call(fixture, routes_events, "POST", "/v1/events", NULL, NULL,
		report_facts_to_json(report), &error);

	assert_null(error);
	report_facts_free(report);
	return result;
}

/* What became of the send: "state delivery". */
static char *outcome(Fixture *fixture)
{
	json_t *send = fixture_send(fixture, "s-1");
	json_t *delivery = json_array_get(json_object_get(send, "deliveries"), 0);
	char *text = g_strdup_printf("%s %s", json_string_value(json_object_get(send, "state")),
		json_string_value(json_object_get(delivery, "state")));

	json_decref(send);
	return text;
}

static void test_dsn(void **state)
{
	static const struct {
		const char *name;
		Stream stream;
		const char *queue_id, *recipient, *action;
		gboolean counts;
		const char *outcome;
	} cases[] = {
		{"by port 25", STREAM_INBOUND, "sQ1", FIXTURE_CITIZEN, "delivered", FALSE,
			"prepared pending"},
		{"by sendmail(1)", STREAM_LOCAL, "sQ1", FIXTURE_CITIZEN, "relayed", FALSE,
			"prepared pending"},
		{"another queue id", STREAM_INTERNAL, "XYZ", FIXTURE_CITIZEN, "relayed", FALSE,
			"prepared pending"},
		{"no queue id", STREAM_INTERNAL, NULL, FIXTURE_CITIZEN, "relayed", FALSE,
			"prepared pending"},
		/* It left, that is sure; what became of it is not. */
		{"unknown recipient", STREAM_INTERNAL, "sQ1", "otro@ciudadano.test", "delivered",
			FALSE, "released pending"},
		{"our own", STREAM_INTERNAL, "sQ1", FIXTURE_CITIZEN, "relayed", TRUE,
			"released relayed"},
		{"our own, late failure", STREAM_INTERNAL, "sQ1", FIXTURE_CITIZEN, "delayed", TRUE,
			"released relayed"},
	};
	Fixture *fixture = *state;

	fixture_prepare(fixture, "s-1", "bytes");
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		json_t *result = post(fixture, dsn(fixture, cases[i].stream, cases[i].queue_id,
						       cases[i].recipient, cases[i].action));
		g_autofree char *now = outcome(fixture);

		if (json_is_true(json_object_get(result, "counts")) != cases[i].counts)
			fail_msg("%s: counts", cases[i].name);
		if (strcmp(now, cases[i].outcome) != 0)
			fail_msg("%s: %s", cases[i].name, now);
		json_decref(result);
	}
	assert_int_equal(fixture_count_leaves(fixture, "send.released"), 1);
}

static void test_answers(void **state)
{
	static const struct {
		const char *from, *results, *outcome;
	} cases[] = {
		{FIXTURE_CITIZEN, NULL, "prepared pending"},
		{FIXTURE_CITIZEN, "mx.muni.test; dmarc=fail header.from=ciudadano.test",
			"prepared pending"},
		{"otro@ciudadano.test", "mx.muni.test; dmarc=pass header.from=ciudadano.test",
			"prepared pending"},
		{FIXTURE_CITIZEN, "mx.muni.test; dmarc=pass header.from=ciudadano.test",
			"released acknowledged"},
	};
	Fixture *fixture = *state;

	fixture_prepare(fixture, "s-1", "bytes");
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *now = NULL;

		json_decref(post(fixture, answer(fixture, cases[i].from, cases[i].results)));
		now = outcome(fixture);
		assert_string_equal(now, cases[i].outcome);
	}
}

static void test_once(void **state)
{
	Fixture *fixture = *state;
	json_t *first, *second;

	fixture_prepare(fixture, "s-1", "bytes");
	first = post(fixture, dsn(fixture, STREAM_INTERNAL, "sQ1", FIXTURE_CITIZEN, "relayed"));
	second = post(fixture, dsn(fixture, STREAM_INTERNAL, "sQ1", FIXTURE_CITIZEN, "relayed"));
	assert_true(json_equal(first, second));
	assert_int_equal(fixture_count_leaves(fixture, "event"), 1);
	json_decref(first);
	json_decref(second);
}

/* A signed answer sent again, with other references and so other bytes, answers no second send. */
static void test_replayed_answer(void **state)
{
	static const char results[] = "mx.muni.test; dmarc=pass header.from=ciudadano.test";
	static const struct {
		const char *id, *reference, *note, *matched;
		gboolean counts;
	} cases[] = {
		{"a1@ciudadano.test", "m1@muni.test", "1", "s-1", TRUE},
		{"a1@ciudadano.test", "m2@muni.test", "2", "s-2", FALSE},
		{"a1@ciudadano.test", "m1@muni.test", "3", "s-1", TRUE},
		{"a2@ciudadano.test", "m2@muni.test", "4", "s-2", TRUE},
		/* the bytes of the first: one mail that answers both */
		{"a2@ciudadano.test", "m1@muni.test", "4", "s-1", TRUE},
	};
	Fixture *fixture = *state;
	json_t *other = fixture_intent("s-2", NULL);

	fixture_prepare(fixture, "s-1", "bytes");
	json_object_set_new(other, "message_id", json_string("m2@muni.test"));
	json_decref(
		fixture_call(fixture, routes_sends, "POST", "/v1/sends", NULL, NULL, other, NULL));
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		ReportFacts *report = answer(fixture, FIXTURE_CITIZEN, results);
		json_t *result;

		report->message_id = g_strdup(cases[i].id);
		g_strfreev(report->references);
		report->references = g_strsplit(cases[i].reference, " ", -1);
		g_free(report->original_sha256);
		report->original_sha256 =
			fixture_put_blob(fixture, cases[i].note, strlen(cases[i].note));
		/* Each token has an event of its own. */
		report->token = g_strdup(i == 4 ? "x" : NULL);
		result = post(fixture, report);
		assert_string_equal(
			json_string_value(json_object_get(result, "matched")), cases[i].matched);
		if (json_is_true(json_object_get(result, "counts")) != cases[i].counts)
			fail_msg("case %zu", i);
		json_decref(result);
	}
}

/* The same Message-ID in somebody else's mail must not draw the evidence to it. */
static void test_borrowed_message_id(void **state)
{
	Fixture *fixture = *state;
	json_t *other = fixture_intent("s-2", NULL), *result;

	fixture_prepare(fixture, "s-1", "bytes");
	json_object_set_new(other, "mailbox", json_string("rmoralesa@muni.test"));
	json_object_set_new(other, "recipients", json_pack("[s]", "amigo@otro.test"));
	json_decref(
		fixture_call(fixture, routes_sends, "POST", "/v1/sends", NULL, NULL, other, NULL));
	result = post(fixture, answer(fixture, FIXTURE_CITIZEN,
				       "mx.muni.test; dmarc=pass header.from=ciudadano.test"));
	assert_string_equal(json_string_value(json_object_get(result, "matched")), "s-1");
	assert_true(json_is_true(json_object_get(result, "counts")));
	json_decref(result);
}

static void test_deliver_to(void **state)
{
	Fixture *fixture = *state;
	ReportFacts *report;
	json_t *result, *addresses;

	fixture_prepare(fixture, "s-1", "bytes");
	report = answer(fixture, "otro@ciudadano.test", NULL);
	report->token = token_of(fixture, "s-1");
	result = post(fixture, report);
	addresses = json_object_get(result, "deliver_to");
	assert_int_equal(json_array_size(addresses), 1);
	assert_string_equal(json_string_value(json_array_get(addresses, 0)), FIXTURE_MAILBOX);
	json_decref(result);
	/* A token that no send has. */
	report = answer(fixture, "nadie@ciudadano.test", NULL);
	report->token = g_strdup("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	result = post(fixture, report);
	assert_int_equal(json_array_size(json_object_get(result, "deliver_to")), 0);
	json_decref(result);
}

static guint count_listed(Fixture *fixture, const char *query)
{
	json_t *list =
		fixture_call(fixture, routes_events, "GET", "/v1/events", NULL, query, NULL, NULL);
	guint count = (guint)json_array_size(json_object_get(list, "items"));

	json_decref(list);
	return count;
}

/* One mail to the tokens of two sends: both know it. */
static void test_two_tokens(void **state)
{
	Fixture *fixture = *state;
	static const char *const ids[] = {"s-1", "s-2"};
	json_t *other = fixture_intent("s-2", NULL);

	fixture_prepare(fixture, "s-1", "bytes");
	json_object_set_new(other, "message_id", json_string("m2@muni.test"));
	json_decref(
		fixture_call(fixture, routes_sends, "POST", "/v1/sends", NULL, NULL, other, NULL));
	for (gsize i = 0; i < G_N_ELEMENTS(ids); i++) {
		ReportFacts *report = answer(fixture, FIXTURE_CITIZEN, NULL);
		json_t *result;

		report->token = token_of(fixture, ids[i]);
		g_clear_pointer(&report->references, g_strfreev);
		result = post(fixture, report);
		assert_string_equal(json_string_value(json_object_get(result, "matched")), ids[i]);
		assert_int_equal(json_array_size(json_object_get(result, "deliver_to")), 1);
		json_decref(result);
	}
	assert_int_equal(count_listed(fixture, NULL), 2);
}

static void test_unmatched(void **state)
{
	Fixture *fixture = *state;
	ReportFacts *report;
	json_t *result;

	fixture_prepare(fixture, "s-1", "bytes");
	report = answer(fixture, FIXTURE_CITIZEN, NULL);
	g_strfreev(report->references);
	report->references = g_strsplit("unknown@elsewhere.test", " ", -1);
	result = post(fixture, report);
	assert_true(json_is_null(json_object_get(result, "matched")));
	json_decref(result);
	json_decref(
		post(fixture, dsn(fixture, STREAM_INTERNAL, "sQ1", FIXTURE_CITIZEN, "relayed")));
	assert_int_equal(count_listed(fixture, NULL), 2);
	assert_int_equal(count_listed(fixture, "unmatched=1"), 1);
	assert_int_equal(count_listed(fixture, "limit=1"), 1);
}

static void test_refused(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	g_autoptr(ReportFacts) report = NULL;

	fixture_prepare(fixture, "s-1", "bytes");
	report = answer(fixture, FIXTURE_CITIZEN, NULL);
	g_free(report->original_sha256);
	report->original_sha256 =
		g_strdup("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
	assert_null(fixture_call(fixture, routes_events, "POST", "/v1/events", NULL, NULL,
		report_facts_to_json(report), &error));
	assert_error(error, ACUSE_ERROR_INVALID);
	assert_int_equal(count_listed(fixture, NULL), 0);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(test_dsn),
		WITH(test_answers),
		WITH(test_replayed_answer),
		WITH(test_once),
		WITH(test_borrowed_message_id),
		WITH(test_deliver_to),
		WITH(test_two_tokens),
		WITH(test_unmatched),
		WITH(test_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
