/* P15: what is counted, what is refused and until when, over steps, repeats and a restart. */
#include "sends_fixture.h"

#include <string.h>

#include "api/record_json.h"
#include "base/error.h"
#include "provision/send_limits.h"

static const Service *limited(Fixture *fixture, const char *policy)
{
	g_autofree char *text =
		g_strdup_printf("[institution]\nname=Muni\ndomain=muni.test\n[policy]\n%s", policy);
	g_autofree char *path = g_build_filename(fixture->folder, "limits.conf", NULL);

	assert_true(g_file_set_contents(path, text, -1, NULL));
	settings_free((Settings *)fixture->service.settings);
	fixture->service.settings = settings_load(path, NULL);
	assert_non_null(fixture->service.settings);
	return &fixture->service;
}

typedef struct {
	const Service *service;
	json_t *intent;
	LimitsOver over;
	gint64 now_s;
} Try;

static gboolean change(StoreTxn *txn, gpointer data, GError **error)
{
	Try *try = data;

	return limits_count(txn, try->service, try->intent, try->now_s, &try->over, error);
}

/* One mail at that time; the code of its refusal, -1: it goes. */
static int count_as(const Service *service, const char *login, const char *mailbox,
	guint recipients, gint64 now_s)
{
	Try try = {.service = service, .now_s = now_s};
	g_autoptr(GError) error = NULL;
	json_t *list = json_array();
	int code = -1;

	for (guint i = 0; i < recipients; i++)
		json_array_append_new(list, json_string(FIXTURE_CITIZEN));
	try.intent = json_pack(
		"{s:s, s:s, s:o}", "login", login, "mailbox", mailbox, "recipients", list);
	if (!store_run(service->store, change, &try, &error))
		code = error->code;
	limits_over_clear(&try.over);
	json_decref(try.intent);
	return code;
}

static int count(const Service *service, const char *mailbox, guint recipients, gint64 now_s)
{
	return count_as(service, "rmoralesa", mailbox, recipients, now_s);
}

#define OWN "rmoralesa@muni.test"
#define START (G_GINT64_CONSTANT(1795208100)) /* the first second of a step */

static void test_sliding_hour(void **state)
{
	static const struct {
		const char *name;
		gint64 after_s;
		guint recipients;
		int code;
	} steps[] = {
		{"first", 0, 1, -1},
		{"second", 299, 1, -1},
		{"third, next step", 300, 1, -1},
		{"over", 301, 1, ACUSE_ERROR_OVER_LIMIT},
		{"still over before the hour", 3599, 1, ACUSE_ERROR_OVER_LIMIT},
		{"the second is not an hour ago", 3898, 1, ACUSE_ERROR_OVER_LIMIT},
		{"the first step is over", 3900, 1, -1},
		{"two had gone", 3901, 1, -1},
		{"and no more", 3902, 1, ACUSE_ERROR_OVER_LIMIT},
		{"the third is over", 4200, 1, -1},
		{"too many at once", 9000, 11, ACUSE_ERROR_OVER_LIMIT_FINAL},
		{"at the limit", 9000, 10, -1},
		{"recipients are used up", 9001, 1, ACUSE_ERROR_OVER_LIMIT},
		{"long after", 90000, 10, -1},
		{"a clock that went back", 80000, 1, ACUSE_ERROR_OVER_LIMIT},
	};
	Fixture *fixture = *state;
	const Service *service =
		limited(fixture, "limit_account_messages=3\nlimit_account_recipients=10\n");

	G_STATIC_ASSERT(START % LIMITS_STEP_S == 0);
	for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
		int code = count(service, OWN, steps[i].recipients, START + steps[i].after_s);

		if (code != steps[i].code)
			fail_msg("%s: %d", steps[i].name, code);
	}
}

static void test_counters(void **state)
{
	static const struct {
		const char *name, *policy, *mailbox;
		int code; /* of the second mail */
	} cases[] = {
		{"account", "limit_account_messages=1\n", OWN, ACUSE_ERROR_OVER_LIMIT},
		{"account from an office", "limit_account_messages=1\n", FIXTURE_MAILBOX,
			ACUSE_ERROR_OVER_LIMIT},
		{"office", "limit_office_messages=1\n", FIXTURE_MAILBOX, ACUSE_ERROR_OVER_LIMIT},
		{"own mailbox is no office", "limit_office_messages=1\n", OWN, -1},
		{"gateway", "limit_gateway_messages=1\n", OWN, ACUSE_ERROR_OVER_LIMIT},
		{"for good", "limit_gateway_messages=1\nlimit_reply=refuse\n", OWN,
			ACUSE_ERROR_OVER_LIMIT_FINAL},
		{"none", "limit_account_messages=0\nlimit_account_recipients=0\n", OWN, -1},
		{"off", "p15=off\nlimit_account_messages=1\n", OWN, -1},
		{"log", "p15=log\nlimit_account_messages=1\n", OWN, -1},
		{"warn", "p15=warn\nlimit_account_messages=1\n", OWN, -1},
	};
	Fixture *fixture = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const Service *service = limited(fixture, cases[i].policy);
		gint64 now_s = START + (gint64)i * 7200;
		int code;

		assert_int_equal(count(service, cases[i].mailbox, 1, now_s), -1);
		code = count(service, cases[i].mailbox, 1, now_s);
		if (code != cases[i].code)
			fail_msg("%s: %d", cases[i].name, code);
	}
}

/* Who writes, and from where, in other words: what the second mail counts with. */
static void test_disguises(void **state)
{
	static const struct {
		const char *name, *policy, *login, *mailbox;
		int code;
	} cases[] = {
		{"capitals", "limit_account_messages=1\n", "RMoralesA", OWN,
			ACUSE_ERROR_OVER_LIMIT},
		{"login with a domain", "limit_account_messages=1\n", "rmoralesa@Muni.test", OWN,
			ACUSE_ERROR_OVER_LIMIT},
		{"from an office", "limit_account_messages=1\n", "rmoralesa", FIXTURE_MAILBOX,
			ACUSE_ERROR_OVER_LIMIT},
		{"another account", "limit_account_messages=1\n", "jperez", OWN, -1},
		{"another account, all of the gateway", "limit_gateway_messages=1\n", "jperez",
			"jperez@muni.test", ACUSE_ERROR_OVER_LIMIT},
	};
	Fixture *fixture = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const Service *service = limited(fixture, cases[i].policy);
		gint64 now_s = START + (gint64)i * 7200;
		int code;

		assert_int_equal(count(service, OWN, 1, now_s), -1);
		code = count_as(service, cases[i].login, cases[i].mailbox, 1, now_s);
		if (code != cases[i].code)
			fail_msg("%s: %d", cases[i].name, code);
	}
}

/* Two accounts of one office share its limit, in whatever case it is written. */
static void test_shared_office(void **state)
{
	const Service *service = limited(*state, "limit_office_messages=1\n");
	g_autofree char *loud = g_ascii_strup(FIXTURE_MAILBOX, -1);

	assert_int_equal(count_as(service, "rmoralesa", FIXTURE_MAILBOX, 1, START), -1);
	assert_int_equal(count_as(service, "jperez", loud, 1, START), ACUSE_ERROR_OVER_LIMIT);
}

/* A row that no version of ours wrote is one that counts nothing. */
static gboolean spoil(StoreTxn *txn, gpointer data, GError **error)
{
	return store_put(txn, TABLE_LIMITS, "account/rmoralesa", data, error);
}

static void test_damaged_rows(void **state)
{
	static const char *const rows[] = {"", "x", "0", "0 ", "0 1:2", "0 x:y:z", "-1 5:5:5",
		"0 99999999999999999999:1:1",
		"0 1:1:1 1:1:1 1:1:1 1:1:1 1:1:1 1:1:1 1:1:1 1:1:1 "
		"1:1:1 1:1:1 1:1:1 1:1:1 1:1:1 1:1:1"};
	Fixture *fixture = *state;
	const Service *service = limited(fixture, "limit_account_messages=1\n");

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		gint64 now_s = START + (gint64)i * 7200;

		assert_true(store_run(service->store, spoil, (gpointer)rows[i], NULL));
		assert_int_equal(count(service, OWN, 1, now_s), -1);
		assert_int_equal(count(service, OWN, 1, now_s), ACUSE_ERROR_OVER_LIMIT);
	}
}

/* The IT office hears of it once an hour. */
static void test_notice(void **state)
{
	static const struct {
		gint64 after_s;
		guint notices;
	} steps[] = {{0, 1}, {3599, 1}, {3600, 2}};
	Fixture *fixture = *state;

	limited(fixture, "p15=enforce\n[notices]\notic=otic@muni.test\n");
	for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
		const LimitsOver over = {(char *)"account/rmoralesa", (char *)"[P15]", TRUE};

		fixture_now_s = START + steps[i].after_s;
		limits_tell(&fixture->service, &over);
		assert_int_equal(fixture_count_outbox(fixture, "over-limit"), steps[i].notices);
	}
	fixture_now_s = FIXTURE_NOW;
}

/* In mode warn the sender hears of it too, once an hour; the rest is on record. */
static void test_warned(void **state)
{
	static const struct {
		gint64 after_s;
		const char *mode;
	} steps[] = {{0, NULL}, {1, "warn"}, {2, "log"}, {3901, NULL}, {3902, "warn"}};
	Fixture *fixture = *state;

	limited(fixture, "p15=warn\nlimit_account_messages=1\n[notices]\notic=otic@muni.test\n");
	for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
		g_autofree char *id = g_strdup_printf("send-%zu", i);
		g_autofree char *message_id = g_strdup_printf("%zu@muni.test", i);
		json_t *intent = fixture_intent(id, NULL);
		json_auto_t *answer = NULL;
		const json_t *finding;

		fixture_now_s = START + steps[i].after_s;
		json_object_set_new(intent, "message_id", json_string(message_id));
		answer = fixture_call(
			fixture, routes_sends, "POST", "/v1/sends", NULL, NULL, intent, NULL);
		assert_non_null(answer);
		finding = json_array_get(json_object_get(answer, "findings"), 0);
		if (g_strcmp0(json_string_value(json_object_get(finding, "mode")), steps[i].mode))
			fail_msg("%zu", i);
	}
	fixture_now_s = FIXTURE_NOW;
}

/* Through the route: refused with the time to try again, the same mail counts once, and what was
 * counted is there after a restart. */
static void test_intents(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	g_autofree char *store = g_build_filename(fixture->folder, "ledger", NULL);
	json_t *answer, *repeat = fixture_intent("send-1b", NULL);

	limited(fixture, "limit_account_messages=2\n");
	for (guint i = 1; i <= 2; i++) {
		g_autofree char *id = g_strdup_printf("send-%u", i);
		g_autofree char *message_id = g_strdup_printf("%u@muni.test", i);
		json_t *intent = fixture_intent(id, NULL);

		json_object_set_new(intent, "message_id", json_string(message_id));
		answer = fixture_call(
			fixture, routes_sends, "POST", "/v1/sends", NULL, NULL, intent, &error);
		assert_non_null(answer);
		json_decref(answer);
		if (i > 1)
			break;
		/* Its client gave up before it was prepared. */
		json_object_set_new(repeat, "message_id", json_string(message_id));
		answer = fixture_call(
			fixture, routes_sends, "POST", "/v1/sends", NULL, NULL, repeat, &error);
		assert_non_null(answer);
		json_decref(answer);
	}
	assert_null(fixture_call(fixture, routes_sends, "POST", "/v1/sends", NULL, NULL,
		fixture_intent("send-3", NULL), &error));
	assert_error(error, ACUSE_ERROR_OVER_LIMIT);
	assert_non_null(strstr(error->message, "[P15] Su cuenta"));
	/* 20:53:56 UTC: the step of 20:50 to 20:55 was an hour ago at 16:55 in Lima. */
	assert_non_null(strstr(error->message, "16:55"));
	assert_int_equal(fixture_count_leaves(fixture, "send.intent"), 3);
	store_close(fixture->service.store);
	fixture->service.store = store_open(store, NULL);
	assert_non_null(fixture->service.store);
	g_clear_error(&error);
	assert_null(fixture_call(fixture, routes_sends, "POST", "/v1/sends", NULL, NULL,
		fixture_intent("send-3", NULL), &error));
	assert_error(error, ACUSE_ERROR_OVER_LIMIT);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(test_sliding_hour),
		WITH(test_counters),
		WITH(test_disguises),
		WITH(test_shared_office),
		WITH(test_damaged_rows),
		WITH(test_intents),
		WITH(test_notice),
		WITH(test_warned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
