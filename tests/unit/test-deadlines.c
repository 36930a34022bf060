/* The term of a notification: set when it is released, over once and for all, also when what was
 * ordered is carried out twice; put off by a calendar that knows more; a late answer stays late. */
#include "sends_fixture.h"

#include <string.h>

#include "api/record_json.h"
#include "base/error.h"
#include "core/calendar.h"
#include "provision/deadlines.h"
#include "provision/sends.h"

#define DAY_S 86400

static const DueKind *const due_tables[] = {due_kinds_sends, NULL};

static void release(Fixture *fixture)
{
	fixture_settle(fixture, "sQ1");
	fixture_assert_state(fixture, "s-1", "released");
}

static void release_signed(Fixture *fixture)
{
	g_autoptr(GBytes) bytes = fixture_prepare_signed(fixture, "s-1");

	release(fixture);
}

static void assert_deadline(Fixture *fixture, const char *member, const char *value)
{
	json_t *send = fixture_send(fixture, "s-1");
	const json_t *found = json_object_get(json_object_get(send, "deadline"), member);

	assert_string_equal(json_string_value(found), value);
	json_decref(send);
}

static void assert_delivery(Fixture *fixture, const char *state)
{
	json_t *send = fixture_send(fixture, "s-1");
	const json_t *row = json_array_get(json_object_get(send, "deliveries"), 0);

	assert_string_equal(json_string_value(json_object_get(row, "state")), state);
	json_decref(send);
}

static guint notices(Fixture *fixture)
{
	return fixture_count_outbox(fixture, "\"by-cedula\"");
}

static void answer(Fixture *fixture, const char *text)
{
	g_autoptr(ReportFacts) report = report_facts_new();
	g_autoptr(GError) error = NULL;

	report->kind = REPORT_ANSWER;
	report->stream = STREAM_INBOUND;
	report->queue_id = g_strdup("R1");
	report->envelope_sender = g_strdup(FIXTURE_CITIZEN);
	report->from = g_strdup(FIXTURE_CITIZEN);
	report->authentication_results =
		g_strdup("mx.muni.test; dmarc=pass header.from=ciudadano.test");
	report->references = g_strsplit("m1@muni.test", " ", -1);
	report->written = time_to_rfc3339(fixture_now_s);
	report->original_sha256 = fixture_put_blob(fixture, text, strlen(text));
	json_decref(fixture_call(fixture, routes_events, "POST", "/v1/events", NULL, NULL,
		report_facts_to_json(report), &error));
	if (error != NULL)
		fail_msg("%s", error->message);
}

/* Sent on Friday 2026-11-20 at 15:53 in Lima, within hours: Monday and Tuesday. */
static void test_expires_once(void **state)
{
	Fixture *fixture = *state;

	release_signed(fixture);
	assert_deadline(fixture, "from", "2026-11-20");
	assert_deadline(fixture, "until", "2026-11-24");
	assert_deadline(fixture, "edition", "2026-11-22");
	release(fixture);
	assert_int_equal(fixture_count_leaves(fixture, "send.deadline"), 1);
	fixture_now_s += 4 * DAY_S;
	assert_int_equal(due_run(&fixture->service, due_tables), 0);
	fixture_now_s += DAY_S;
	assert_int_equal(due_run(&fixture->service, due_tables), 1);
	assert_delivery(fixture, "expired");
	assert_int_equal(due_run(&fixture->service, due_tables), 0);
	/* As after a crash: the order is still there. */
	assert_true(due_kinds_sends[0].carry_out(&fixture->service, "s-1", NULL, NULL));
	assert_int_equal(fixture_count_leaves(fixture, "send.expired"), 1);
	assert_int_equal(notices(fixture), 1);
	answer(fixture, "tarde");
	assert_delivery(fixture, "late");
	answer(fixture, "mas tarde");
	assert_delivery(fixture, "late");
	assert_int_equal(due_run(&fixture->service, due_tables), 0);
}

static void test_answered(void **state)
{
	Fixture *fixture = *state;

	release_signed(fixture);
	fixture_now_s += 4 * DAY_S;
	answer(fixture, "a tiempo");
	assert_delivery(fixture, "acknowledged");
	fixture_now_s += DAY_S;
	assert_int_equal(due_run(&fixture->service, due_tables), 1);
	assert_delivery(fixture, "acknowledged");
	assert_int_equal(fixture_count_leaves(fixture, "send.expired"), 0);
	assert_int_equal(notices(fixture), 0);
}

/* An answer after the last day is late, whether or not the thread has looked yet. */
static void test_late_before_the_look(void **state)
{
	Fixture *fixture = *state;

	release_signed(fixture);
	fixture_now_s += 5 * DAY_S;
	answer(fixture, "tarde");
	assert_delivery(fixture, "late");
	assert_int_equal(due_run(&fixture->service, due_tables), 1);
	assert_delivery(fixture, "late");
	assert_int_equal(fixture_count_leaves(fixture, "send.expired"), 1);
	assert_int_equal(notices(fixture), 1);
}

static void test_put_off(void **state)
{
	Fixture *fixture = *state;

	release_signed(fixture);
	assert_true(calendar_add_local((Calendar *)fixture->service.calendar, "2026-11-24"));
	fixture_now_s += 5 * DAY_S;
	assert_int_equal(due_run(&fixture->service, due_tables), 1);
	assert_delivery(fixture, "pending");
	assert_deadline(fixture, "until", "2026-11-25");
	assert_int_equal(fixture_count_leaves(fixture, "send.deadline"), 2);
	assert_int_equal(due_run(&fixture->service, due_tables), 0);
	fixture_now_s += DAY_S;
	assert_int_equal(due_run(&fixture->service, due_tables), 1);
	assert_delivery(fixture, "expired");
}

/* 16:53 in Lima: marked, and counts as sent on Monday. */
static void test_outside_hours(void **state)
{
	Fixture *fixture = *state;
	json_t *send;

	fixture_now_s += 3600;
	release_signed(fixture);
	assert_deadline(fixture, "sent", "2026-11-20");
	assert_deadline(fixture, "from", "2026-11-23");
	assert_deadline(fixture, "until", "2026-11-25");
	send = fixture_send(fixture, "s-1");
	assert_true(
		json_is_true(json_object_get(json_object_get(send, "deadline"), "outside_hours")));
	json_decref(send);
}

static void test_no_notification(void **state)
{
	Fixture *fixture = *state;
	json_t *send;

	fixture_prepare(fixture, "s-1", "bytes");
	release(fixture);
	send = fixture_send(fixture, "s-1");
	assert_null(json_object_get(send, "deadline"));
	json_decref(send);
	assert_int_equal(fixture_count_leaves(fixture, "send.deadline"), 0);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(test_expires_once),
		WITH(test_answered),
		WITH(test_late_before_the_look),
		WITH(test_put_off),
		WITH(test_outside_hours),
		WITH(test_no_notification),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
