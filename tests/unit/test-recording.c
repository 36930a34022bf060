/*
 * Intent, signature, record: what each failure on the way becomes, and that what is large is stored
 * before it is recorded.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "api/client.h"
#include "base/error.h"
#include "tests/unit/outgoing-mail.h"

static void test_faults(void **state)
{
	static const struct {
		const char *name;
		size_t place; /* of the int that gets the code */
		int code;
		const char *reply, *calls;
	} cases[] = {
		{"provisiond down", offsetof(FakeWorld, intent_error), ACUSE_ERROR_UNAVAILABLE,
			"451 4.3.0 ", "intent "},
		{"account ceased", offsetof(FakeWorld, intent_error), ACUSE_ERROR_ACCOUNT_INACTIVE,
			"550 5.7.1 [P2] ", "intent "},
		{"no longer delegated", offsetof(FakeWorld, intent_error),
			ACUSE_ERROR_NOT_AUTHORISED, "550 5.7.1 [P1] ", "intent "},
		{"expediente unknown", offsetof(FakeWorld, intent_error),
			ACUSE_ERROR_EXPEDIENTE_UNKNOWN, "550 5.7.1 [P10] ", "intent "},
		{"our role is wrong", offsetof(FakeWorld, intent_error), ACUSE_ERROR_FORBIDDEN,
			"451 4.3.0 ", "intent "},
		{"our body is wrong", offsetof(FakeWorld, intent_error), ACUSE_ERROR_INVALID,
			"451 4.3.0 ", "intent "},
		{"undecided repeat", offsetof(FakeWorld, intent_error),
			ACUSE_ERROR_REPEAT_UNDECIDED, "451 4.3.0 ", "intent "},
		{"no binding", offsetof(FakeWorld, intent_error), ACUSE_ERROR_NO_BINDING,
			"451 4.7.5 ", "intent "},
		{"token locked", offsetof(FakeWorld, sign_error), ACUSE_ERROR_TOKEN_LOCKED,
			"451 4.7.5 ", "intent sign "},
		{"signer refuses", offsetof(FakeWorld, sign_error), ACUSE_ERROR_INVALID,
			"451 4.3.0 ", "intent sign "},
		{"store full", offsetof(FakeWorld, prepared_error), ACUSE_ERROR_NO_SPACE,
			"452 4.3.1 ", "intent sign message+prepared "},
		{"not recorded", offsetof(FakeWorld, prepared_error), ACUSE_ERROR_CONFLICT,
			"451 4.3.0 ", "intent sign message+prepared "},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		FakeWorld *world = fake_world_new();
		g_autoptr(Outcome) outcome = NULL;

		*(int *)(void *)((char *)world + cases[i].place) = cases[i].code;
		outcome = run_notification(world);
		if (outcome->action != ACTION_REPLY ||
			!g_str_has_prefix(outcome->reply, cases[i].reply) ||
			strcmp(world->calls->str, cases[i].calls) != 0)
			fail_msg("%s: %s after %s", cases[i].name, outcome->reply,
				world->calls->str);
		assert_null(outcome->final);
		fake_world_free(world);
	}
}

/* Its final bytes are over API_MESSAGE_BYTES_MAX. */
static Outcome *run_large(
	FakeWorld *world, const char *sender, const char *recipient, const char *text)
{
	g_autofree char *line = g_strnfill(63, 'x');
	g_autoptr(GString) large = g_string_new(text);

	while (large->len <= API_MESSAGE_BYTES_MAX)
		g_string_append_printf(large, "%s\n", line);
	return run(world, "SUBMISSION", "rmoralesa", sender, recipient, large->str);
}

/* What is large is stored before it is recorded, signed or not; a full store stops it there. */
static void test_large(void **state)
{
	static const struct {
		const char *sender, *recipient, *text, *calls, *refused;
	} cases[] = {
		{OFFICE, CITIZEN, NOTIFICATION, "intent sign blob prepared ", "intent sign blob "},
		{"rmoralesa@muni.test", OFFICE, INTERNAL, "blob intent ", "blob "},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		FakeWorld *world = fake_world_new(), *full = fake_world_new();
		g_autoptr(Outcome) outcome =
			run_large(world, cases[i].sender, cases[i].recipient, cases[i].text);
		g_autoptr(Outcome) refused = NULL;

		assert_int_equal(outcome->action, ACTION_ACCEPT);
		assert_string_equal(world->calls->str, cases[i].calls);
		assert_int_equal(g_hash_table_size(world->blobs), 1);
		full->blob_error = ACUSE_ERROR_NO_SPACE;
		refused = run_large(full, cases[i].sender, cases[i].recipient, cases[i].text);
		assert_int_equal(refused->action, ACTION_REPLY);
		assert_true(g_str_has_prefix(refused->reply, "452 4.3.1 "));
		assert_string_equal(full->calls->str, cases[i].refused);
		assert_null(refused->final);
		fake_world_free(world);
		fake_world_free(full);
	}
}

/* Not signed: stored and recorded in one call. */
static void test_unsigned_failures(void **state)
{
	static const struct {
		size_t place;
		AcuseErrorCode code;
		const char *reply, *calls;
	} cases[] = {
		{offsetof(FakeWorld, intent_error), ACUSE_ERROR_NO_SPACE, "452 4.3.1 ",
			"message+intent "},
		{offsetof(FakeWorld, intent_error), ACUSE_ERROR_UNAVAILABLE, "451 4.3.0 ",
			"message+intent "},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		FakeWorld *world = fake_world_new();
		g_autoptr(Outcome) outcome = NULL;

		*(int *)(void *)((char *)world + cases[i].place) = (int)cases[i].code;
		outcome = run(
			world, "SUBMISSION", "rmoralesa", "rmoralesa@muni.test", OFFICE, INTERNAL);
		assert_int_equal(outcome->action, ACTION_REPLY);
		assert_true(g_str_has_prefix(outcome->reply, cases[i].reply));
		assert_string_equal(world->calls->str, cases[i].calls);
		assert_null(outcome->final);
		fake_world_free(world);
	}
}

/* A token that signs nonsense is one that does not sign. */
static void test_wrong_signature(void **state)
{
	static const struct {
		OnFailure on_failure;
		Action action;
		const char *decision, *calls;
	} cases[] = {
		{ON_FAILURE_REFUSE, ACTION_REPLY, "token-trouble", "intent sign "},
		{ON_FAILURE_HOLD, ACTION_ACCEPT, "held", "intent sign hold "},
		{ON_FAILURE_UNSIGNED, ACTION_ACCEPT, "unsigned", "intent sign message+prepared "},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		FakeWorld *world = fake_world_new();
		g_autoptr(Outcome) outcome = NULL;

		world->sign_other_bytes = TRUE;
		world->options->on_failure = cases[i].on_failure;
		outcome = run_notification(world);
		assert_int_equal(outcome->action, cases[i].action);
		assert_string_equal(outcome->decision, cases[i].decision);
		assert_string_equal(world->calls->str, cases[i].calls);
		if (outcome->action == ACTION_REPLY)
			assert_true(g_str_has_prefix(outcome->reply, "451 4.7.5 "));
		fake_world_free(world);
	}
}

static void test_repeat_is_discarded(void **state)
{
	FakeWorld *world = fake_world_new();
	g_autoptr(Outcome) outcome = NULL;

	(void)state;
	world->intent_error = ACUSE_ERROR_REPEAT_RELEASED;
	outcome = run_notification(world);
	assert_int_equal(outcome->action, ACTION_DISCARD);
	assert_string_equal(world->calls->str, "intent ");
	fake_world_free(world);
}

static void test_deadline(void **state)
{
	FakeWorld *world = fake_world_new();
	g_autoptr(Outcome) outcome = NULL;

	(void)state;
	world->call_takes_ms = 10000;
	outcome = run_notification(world);
	assert_int_equal(outcome->action, ACTION_REPLY);
	assert_string_equal(outcome->decision, "timeout");
	assert_true(g_str_has_prefix(outcome->reply, "451 "));
	assert_string_equal(world->calls->str, "intent sign ");
	fake_world_free(world);
}

/* Processor time is looked at four times after the start, before anything is recorded. */
static void test_processor_time(void **state)
{
	static const struct {
		gint64 step_ms;
		const char *reply; /* NULL: it passes */
	} cases[] = {{2500, NULL}, {2501, "554 5.6.0 "}, {10001, "554 5.6.0 "}};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		FakeWorld *world = fake_world_new();
		g_autoptr(Outcome) outcome = NULL;

		world->step_cpu_ms = cases[i].step_ms;
		outcome = run_notification(world);
		if (cases[i].reply == NULL) {
			assert_int_equal(outcome->action, ACTION_ACCEPT);
		} else {
			assert_int_equal(outcome->action, ACTION_REPLY);
			assert_true(g_str_has_prefix(outcome->reply, cases[i].reply));
			assert_string_equal(outcome->decision, "too-slow");
			assert_string_equal(world->calls->str, "");
		}
		fake_world_free(world);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_unsigned_failures),
		cmocka_unit_test(test_wrong_signature),
		cmocka_unit_test(test_repeat_is_discarded),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_processor_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
