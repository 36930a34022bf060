/* Leaves are exact bytes; openings match their commitments and nothing else does; times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "api/record_json.h"
#include "base/error.h"

static const guint8 salt[RECORD_SALT_BYTES] = {
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255};

static Record *make_record(void)
{
	Record *record = record_new("send.intent", "send-1", 1795294436);

	record_add(record, "class", "notification");
	record_add(record, "expediente", NULL);
	record_add_personal(record, "subject", "Notificación \"1\"\n", salt);
	record_add_int(record, "size", 9007199254740993);
	record_add_personal(record, "nothing", NULL, salt);
	record_add(record, "a", "/ñ\u2028\x01");
	return record;
}

/* Commitments made with Python: sha256(salt + value).hexdigest(). */
#define COMMITMENT "7034c43fc34c48b3c19f52048a9054dc2999c48e18bb58248f6f7408ca11e2d9"

static void test_leaf(void **state)
{
	g_autoptr(Record) record = make_record();
	g_autofree char *leaf = record_to_leaf(record), *again = record_to_leaf(record);
	g_autofree char *opening = record_to_opening(record);

	(void)state;
	assert_string_equal(leaf,
		"{\"v\":1,\"type\":\"send.intent\",\"id\":\"send-1\",\"time\":\"2026-11-21T20:53:"
		"56Z\","
		"\"class\":\"notification\",\"subject\":{\"commit\":\"" COMMITMENT "\"},"
		"\"size\":\"9007199254740993\",\"a\":\"/ñ\u2028\\u0001\"}");
	assert_string_equal(again, leaf);
	assert_string_equal(opening, "{\"subject\":{\"salt\":\"000102030405060708090a0b0c0d0eff\","
				     "\"value\":\"Notificación \\\"1\\\"\\n\"}}");
	assert_true(record_check_opening(leaf, opening, NULL));
}

static void test_no_opening(void **state)
{
	g_autoptr(Record) record = record_new("head.signed", "h", 0);
	g_autofree char *leaf = NULL;

	(void)state;
	record_add(record, "size", "7");
	leaf = record_to_leaf(record);
	assert_string_equal(leaf, "{\"v\":1,\"type\":\"head.signed\",\"id\":\"h\",\"time\":\"1970-"
				  "01-01T00:00:00Z\",\"size\":\"7\"}");
	assert_null(record_to_opening(record));
}

/* A name that comes again keeps its place and gets the new value; nobody reads a member twice. */
static void test_name_again(void **state)
{
	g_autoptr(Record) record = record_new("event", "\"e\"", 0);
	g_autofree char *leaf = NULL, *opening = NULL;

	(void)state;
	record_add_personal(record, "a", "one", salt);
	record_add(record, "b", "two");
	record_add(record, "a", "\x7f");
	record_add_personal(record, "b", "three", salt);
	leaf = record_to_leaf(record);
	opening = record_to_opening(record);
	assert_non_null(strstr(leaf, "\"id\":\"\\\"e\\\"\""));
	assert_non_null(strstr(leaf, ",\"a\":\"\x7f\",\"b\":{\"commit\":"));
	assert_true(g_str_has_prefix(opening, "{\"b\":{\"salt\":"));
	assert_true(record_check_opening(leaf, opening, NULL));
}

/* What is not UTF-8 is made so before it is committed: leaf and opening still agree. */
static void test_invalid_utf8(void **state)
{
	g_autoptr(Record) record = record_new("event", "e", 0);
	g_autofree char *leaf = NULL, *opening = NULL;

	(void)state;
	record_add_personal(record, "address",
		"a\xff"
		"b@c",
		salt);
	record_add(record, "text", "\xfe");
	leaf = record_to_leaf(record);
	opening = record_to_opening(record);
	assert_non_null(leaf);
	assert_non_null(opening);
	assert_true(record_check_opening(leaf, opening, NULL));
}

static void test_wrong_openings(void **state)
{
	static const char *const openings[] = {
		"{\"subject\":{\"salt\":\"000102030405060708090a0b0c0d0eff\",\"value\":\"Other\"}}",
		"{\"subject\":{\"salt\":\"000102030405060708090a0b0c0d0e00\",\"value\":"
		"\"Notificación \\\"1\\\"\\n\"}}",
		"{\"subject\":{\"salt\":\"00\",\"value\":\"x\"}}",
		"{\"subject\":{\"salt\":\"zz0102030405060708090a0b0c0d0eff\",\"value\":\"x\"}}",
		"{\"subject\":{\"value\":\"x\"}}",
		"{\"subject\":\"x\"}",
		"{\"subject\":{\"salt\":\"000102030405060708090a0b0c0d0eff\",\"value\":\"x\",\"y\":"
		"1}}",
		"{\"class\":{\"salt\":\"000102030405060708090a0b0c0d0eff\",\"value\":"
		"\"notification\"}}",
		"{\"absent\":{\"salt\":\"000102030405060708090a0b0c0d0eff\",\"value\":\"x\"}}",
		"[]",
		"",
		"{",
	};
	g_autoptr(Record) record = make_record();
	g_autofree char *leaf = record_to_leaf(record), *opening = record_to_opening(record);

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(openings); i++) {
		g_autoptr(GError) error = NULL;

		if (record_check_opening(leaf, openings[i], &error))
			fail_msg("%s", openings[i]);
		assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED));
	}
	assert_true(record_check_opening(leaf, "{}", NULL));
	assert_false(record_check_opening("nonsense", opening, NULL));
}

static void test_times(void **state)
{
	static const struct {
		gint64 time;
		const char *text;
	} good[] = {
		{0, "1970-01-01T00:00:00Z"},
		{1795294436, "2026-11-21T20:53:56Z"},
		{951782400, "2000-02-29T00:00:00Z"},
		{4102444799, "2099-12-31T23:59:59Z"},
		{-1, "1969-12-31T23:59:59Z"},
	};
	static const char *const bad[] = {"", "2026-11-21", "2026-11-21T20:53:56",
		"2026-11-21 20:53:56Z", "2026-11-21T20:53:56z", "2026-11-21T20:53:56+00:00",
		"2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-11-31T00:00:00Z",
		"2026-11-21T24:00:00Z", "2026-11-21T20:60:00Z", "2026-11-21T20:53:60Z",
		"+026-11-21T20:53:56Z", "2026-11-21T20:53:56ZZ", "0000-01-01T00:00:00Z",
		"2026-1 -21T20:53:56Z"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
		g_autofree char *text = time_to_rfc3339(good[i].time);
		gint64 time = 7;

		assert_string_equal(text, good[i].text);
		assert_true(time_from_rfc3339(text, &time));
		assert_int_equal(time, good[i].time);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		gint64 time;

		if (time_from_rfc3339(bad[i], &time))
			fail_msg("%s", bad[i]);
	}
	assert_false(time_from_rfc3339(NULL, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_leaf),
		cmocka_unit_test(test_no_opening),
		cmocka_unit_test(test_name_again),
		cmocka_unit_test(test_invalid_utf8),
		cmocka_unit_test(test_wrong_openings),
		cmocka_unit_test(test_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
