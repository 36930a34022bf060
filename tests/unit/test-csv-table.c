/* Lists out of spreadsheets: what is taken, what is refused and with which line, and the limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "provision/ctl/csv_table.h"

static const char *const columns[] = {"number", "subject", "matter", NULL};

static json_t *parse(const char *text, GError **error)
{
	return csv_table_parse(text, strlen(text), columns, 2, error);
}

static void test_good(void **state)
{
	static const struct {
		const char *name, *text, *rows;
	} cases[] = {
		{"commas", "number,subject\n2026-000001,Licencia\n",
			"[{\"line\":2,\"number\":\"2026-000001\",\"subject\":\"Licencia\"}]"},
		{"semicolons, mark, CRLF, no last line end",
			"\xef\xbb\xbfsubject;number\r\nOb\xc3\xb1"
			"a;2026-000001",
			"[{\"line\":2,\"subject\":\"Ob\xc3\xb1"
			"a\",\"number\":\"2026-000001\"}]"},
		{"quotes, an empty field, blanks", "number,subject,matter\n 1 ,\"a, \"\"b\"\"\",\n",
			"[{\"line\":2,\"number\":\"1\",\"subject\":\"a, \\\"b\\\"\"}]"},
		{"lines are those of the file", "number,subject\n\n1,\"a\nb\"\n2,c\n",
			"[{\"line\":3,\"number\":\"1\",\"subject\":\"a\\nb\"},"
			"{\"line\":5,\"number\":\"2\",\"subject\":\"c\"}]"},
		{"no rows", "number,subject\n", "[]"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		json_t *rows = parse(cases[i].text, &error);
		char *text = json_dumps(rows, JSON_COMPACT);

		if (error != NULL)
			fail_msg("%s: %s", cases[i].name, error->message);
		if (strcmp(text, cases[i].rows) != 0)
			fail_msg("%s: %s", cases[i].name, text);
		free(text);
		json_decref(rows);
	}
}

static void test_bad(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{"", "line 1: the columns are missing"},
		{"\n\n", "line 1: the columns are missing"},
		{"number\n1\n", "line 1: the first line lacks the column subject"},
		{"number,subject,colour\n", "line 1: the first line names an unknown column"},
		{"number,subject,number\n", "line 1: a column is there twice"},
		{"number,subject\n1,a\n2\n", "line 3: has another number of columns"},
		{"number,subject\n1,a,b\n", "line 2: has another number of columns"},
		{"number,subject\n1,a\"b\n", "line 2: a quote is out of place"},
		{"number,subject\n1,\"ab\n", "line 2: a quote is not closed"},
		{"number,subject\n1,\xf1\n", "the list is not in UTF-8"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		assert_null(parse(cases[i].text, &error));
		if (!g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_INVALID) ||
			strstr(error->message, cases[i].why) == NULL)
			fail_msg("%zu: %s", i, error->message);
	}
}

static gboolean fits(GString *text)
{
	g_autoptr(GError) error = NULL;
	json_t *rows = csv_table_parse(text->str, text->len, columns, 2, &error);

	assert_true(rows != NULL || g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_TOO_LARGE));
	json_decref(rows);
	return rows != NULL;
}

static void test_limits(void **state)
{
	g_autoptr(GString) text = g_string_new("number,subject\n");
	g_autoptr(GString) wide = g_string_new("a");

	(void)state;
	for (int i = 0; i < CSV_MAX_ROWS; i++)
		g_string_append(text, "1,a\n");
	assert_true(fits(text));
	g_string_append(text, "1,a\n");
	assert_false(fits(text));
	g_string_assign(text, "number,subject\n1,\"");
	while (text->len < CSV_MAX_BYTES - 1)
		g_string_append_c(text, 'a');
	g_string_append_c(text, '"');
	assert_true(fits(text));
	g_string_append_c(text, '\n');
	assert_false(fits(text));
	for (int i = 1; i < CSV_MAX_COLUMNS + 1; i++)
		g_string_append(wide, ",a");
	assert_false(fits(wide));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
