/* Declared exceptions to P11: for a message, an expediente or a time, over a real store. */
#include "tests/unit/sends_fixture.h"

#include "base/error.h"
#include "cms/digest.h"
#include "provision/row.h"

#define DECLARE "/v1/exceptions"
#define FIND "/v1/exceptions/find"
#define WITHDRAW "/v1/exceptions/{id}/withdraw"
#define UNTIL "2026-11-20T21:53:56Z" /* an hour after FIXTURE_NOW */

static json_t *post(
	Fixture *fixture, const char *path, const char *argument, json_t *body, GError **error)
{
	return fixture_call(fixture, routes_exceptions, "POST", path, argument, NULL, body, error);
}

static json_t *body_of(const char *mailbox, const char *expediente, const char *until)
{
	return json_pack("{s:s, s:s?, s:s?, s:s, s:s, s:s}", "mailbox", mailbox, "expediente",
		expediente, "until", until, "reason", "token vencido", "urgency", "plazo de hoy",
		"document", "Memo 9");
}

/* Its id, a new string. */
static char *declare(Fixture *fixture, const char *expediente, const char *until)
{
	json_auto_t *made =
		post(fixture, DECLARE, NULL, body_of(FIXTURE_MAILBOX, expediente, until), NULL);

	assert_string_equal(row_text(made, "actor"), "uid:0");
	return g_strdup(row_text(made, "id"));
}

/* The id that holds for such a mail, "" when none does. */
static void assert_found_for(Fixture *fixture, json_t *asked, const char *wanted)
{
	json_auto_t *found = post(fixture, FIND, NULL, asked, NULL);
	const char *id = row_text(json_object_get(found, "exception"), "id");

	assert_string_equal(id != NULL ? id : "", wanted);
}

static void assert_found(Fixture *fixture, const char *mailbox, const char *expediente,
	const char *message, const char *wanted)
{
	g_autofree char *content = digest_sha256_hex("content", 7);

	assert_found_for(fixture,
		json_pack("{s:s, s:s?, s:s?, s:s, s:[s]}", "mailbox", mailbox, "expediente",
			expediente, "message_id", message, "content_sha256", content, "recipients",
			FIXTURE_CITIZEN),
		wanted);
}

static json_t *intent(Fixture *fixture, const char *send, const char *message, const char *id,
	gboolean prepared, GError **error)
{
	json_t *body = fixture_intent(send, NULL);
	g_autofree char *sha256 = fixture_put_blob(fixture, "bytes", 5);

	json_object_set_new(body, "message_id", json_string(message));
	json_object_set_new(body, "exception", json_string("token vencido"));
	json_object_set_new(body, "exception_id", json_string(id));
	if (prepared)
		json_object_set_new(body, "prepared",
			json_pack("{s:s, s:i, s:s, s:n, s:n}", "message_sha256", sha256, "size", 5,
				"queue_id", row_text(body, "queue_id"), "certificate_sha256",
				"cms_sha256"));
	return fixture_call(fixture, routes_sends, "POST", "/v1/sends", NULL, NULL, body, error);
}

static void assert_taken(
	Fixture *fixture, const char *send, const char *message, const char *id, gboolean prepared)
{
	g_autoptr(GError) error = NULL;
	json_auto_t *answer = intent(fixture, send, message, id, prepared, &error);

	if (answer == NULL)
		fail_msg("%s", error->message);
}

static void assert_not_taken(
	Fixture *fixture, const char *send, const char *message, const char *id, int code)
{
	g_autoptr(GError) error = NULL;

	assert_null(intent(fixture, send, message, id, TRUE, &error));
	assert_error(error, code);
}

static void test_one_message(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *id = declare(fixture, NULL, NULL);
	json_auto_t *send = NULL;
	const json_t *declared;

	assert_found(fixture, FIXTURE_MAILBOX, NULL, "m1", id);
	assert_found(fixture, "alcaldia@muni.test", NULL, "m1", "");
	assert_taken(fixture, "s-1", "m1", id, TRUE);
	send = fixture_send(fixture, "s-1");
	declared = json_object_get(send, "exception_declared");
	assert_string_equal(row_text(declared, "reason"), "token vencido");
	assert_string_equal(row_text(declared, "urgency"), "plazo de hoy");
	assert_string_equal(row_text(declared, "document"), "Memo 9");
	assert_string_equal(row_text(declared, "actor"), "uid:0");
	/* Used up; but the same message is asked for again. */
	assert_found(fixture, FIXTURE_MAILBOX, NULL, "m2", "");
	assert_found(fixture, FIXTURE_MAILBOX, NULL, "m1", id);
	assert_not_taken(fixture, "s-2", "m2", id, ACUSE_ERROR_UNAVAILABLE);
	assert_not_taken(fixture, "s-3", "m1", id, ACUSE_ERROR_REPEAT_UNDECIDED);
	assert_int_equal(fixture_count_leaves(fixture, "exception.declared"), 1);
}

/* Another mail under the same Message-ID is no repeat: it would wait for ever. */
static void test_another_of_that_name(void **state)
{
	static const struct {
		const char *name, *message_id, *content, *recipient;
		gboolean repeat;
	} cases[] = {
		{"the same", "m1", "content", FIXTURE_CITIZEN, TRUE},
		{"case of the address", "m1", "content", "CIUDADANO@ciudadano.test", TRUE},
		{"another text", "m1", "contents", FIXTURE_CITIZEN, FALSE},
		{"to another one", "m1", "content", "otro@ciudadano.test", FALSE},
		{"another name", "m2", "content", FIXTURE_CITIZEN, FALSE},
		{"no name", NULL, "content", FIXTURE_CITIZEN, FALSE},
		{"no content", "m1", NULL, FIXTURE_CITIZEN, FALSE},
	};
	Fixture *fixture = *state;
	g_autofree char *id = declare(fixture, NULL, NULL);

	assert_taken(fixture, "s-1", "m1", id, TRUE);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *content = cases[i].content;
		g_autofree char *digest =
			content != NULL ? digest_sha256_hex(content, strlen(content)) : NULL;

		print_message("%s\n", cases[i].name);
		assert_found_for(fixture,
			json_pack("{s:s, s:s?, s:s?, s:[s]}", "mailbox", FIXTURE_MAILBOX,
				"message_id", cases[i].message_id, "content_sha256", digest,
				"recipients", cases[i].recipient),
			cases[i].repeat ? id : "");
	}
}

/* What was never prepared, or never left, has not used it up. */
static void test_given_back(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *id = declare(fixture, NULL, NULL);
	g_autofree char *sha256 = fixture_put_blob(fixture, "bytes", 5);
	g_autoptr(GError) error = NULL;

	assert_taken(fixture, "s-1", "m1", id, FALSE);
	assert_found(fixture, FIXTURE_MAILBOX, NULL, "m2", id);
	assert_taken(fixture, "s-2", "m2", id, TRUE);
	assert_null(
		fixture_call(fixture, routes_sends, "POST", "/v1/sends/{id}/prepared", "s-1", NULL,
			json_pack("{s:s, s:i, s:s, s:n, s:n}", "message_sha256", sha256, "size", 5,
				"queue_id", "sQ1", "certificate_sha256", "cms_sha256"),
			&error));
	assert_error(error, ACUSE_ERROR_UNAVAILABLE);
	fixture_now_s += 901;
	fixture_settle(fixture, NULL);
	fixture_assert_state(fixture, "s-2", "not_released");
	assert_found(fixture, FIXTURE_MAILBOX, NULL, "m3", id);
	assert_taken(fixture, "s-3", "m3", id, TRUE);
}

static void test_expediente_and_time(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *once = declare(fixture, NULL, NULL);
	g_autofree char *bound = declare(fixture, FIXTURE_EXPEDIENTE, UNTIL);

	/* The one for a single message is the last to be used. */
	assert_found(fixture, FIXTURE_MAILBOX, FIXTURE_EXPEDIENTE, "m1", bound);
	assert_found(fixture, FIXTURE_MAILBOX, "2026-000001", "m1", once);
	assert_taken(fixture, "s-1", "m1", bound, TRUE);
	assert_taken(fixture, "s-2", "m2", bound, TRUE);
	assert_taken(fixture, "s-3", "m3", once, TRUE);
	fixture_now_s += 3599;
	assert_found(fixture, FIXTURE_MAILBOX, FIXTURE_EXPEDIENTE, "m4", bound);
	fixture_now_s += 1;
	assert_found(fixture, FIXTURE_MAILBOX, FIXTURE_EXPEDIENTE, "m4", "");
	assert_not_taken(fixture, "s-4", "m4", bound, ACUSE_ERROR_UNAVAILABLE);
}

static void test_withdrawn(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *id = declare(fixture, FIXTURE_EXPEDIENTE, NULL);
	g_autoptr(GError) error = NULL;
	json_auto_t *done =
		post(fixture, WITHDRAW, id, json_pack("{s:s}", "document", "Memo 10"), &error);

	assert_string_equal(row_text(json_object_get(done, "withdrawn"), "document"), "Memo 10");
	assert_found(fixture, FIXTURE_MAILBOX, FIXTURE_EXPEDIENTE, "m1", "");
	assert_not_taken(fixture, "s-1", "m1", id, ACUSE_ERROR_UNAVAILABLE);
	assert_not_taken(fixture, "s-2", "m2", "000000000099", ACUSE_ERROR_NOT_FOUND);
	assert_null(post(fixture, WITHDRAW, id, json_pack("{s:s}", "document", "M"), &error));
	assert_error(error, ACUSE_ERROR_CONFLICT);
	assert_int_equal(fixture_count_leaves(fixture, "exception.withdrawn"), 1);
}

static void test_refused(void **state)
{
	static const struct {
		const char *name, *mailbox, *expediente, *until, *reason;
		int code;
	} cases[] = {
		{"no address", "secretaria", NULL, NULL, "r", ACUSE_ERROR_INVALID},
		{"unknown", "nadie@muni.test", NULL, NULL, "r", ACUSE_ERROR_NOT_FOUND},
		{"no number", FIXTURE_MAILBOX, "mañana", NULL, "r", ACUSE_ERROR_INVALID},
		{"over already", FIXTURE_MAILBOX, NULL, "2026-11-20T20:53:56Z", "r",
			ACUSE_ERROR_INVALID},
		{"no time", FIXTURE_MAILBOX, NULL, "mañana", "r", ACUSE_ERROR_INVALID},
		{"no reason", FIXTURE_MAILBOX, NULL, NULL, "  ", ACUSE_ERROR_INVALID},
	};
	Fixture *fixture = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		json_t *body = body_of(cases[i].mailbox, cases[i].expediente, cases[i].until);
		g_autoptr(GError) error = NULL;

		print_message("%s\n", cases[i].name);
		json_object_set_new(body, "reason", json_string(cases[i].reason));
		assert_null(post(fixture, DECLARE, NULL, body, &error));
		assert_error(error, cases[i].code);
	}
	assert_int_equal(fixture_count_leaves(fixture, "exception.declared"), 0);
}

/* What shows nothing explains nothing. */
static void test_empty_texts(void **state)
{
	static const char *const names[] = {"reason", "urgency", "document"};
	static const char *const texts[] = {"", "  ", "\t", "\xe2\x80\x8b", "\xe3\x85\xa4"};
	Fixture *fixture = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(names) * G_N_ELEMENTS(texts); i++) {
		const char *name = names[i / G_N_ELEMENTS(texts)];
		json_t *body = body_of(FIXTURE_MAILBOX, NULL, NULL);
		g_autoptr(GError) error = NULL;

		json_object_set_new(body, name, json_string(texts[i % G_N_ELEMENTS(texts)]));
		assert_null(post(fixture, DECLARE, NULL, body, &error));
		assert_error(error, ACUSE_ERROR_INVALID);
		assert_non_null(strstr(error->message, name));
	}
	assert_int_equal(fixture_count_leaves(fixture, "exception.declared"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)
		TEST(test_one_message),
		TEST(test_another_of_that_name),
		TEST(test_given_back),
		TEST(test_expediente_and_time),
		TEST(test_withdrawn),
		TEST(test_refused),
		TEST(test_empty_texts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
