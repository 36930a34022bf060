/*
 * ledger_row: what the scan takes by hand means the same to jansson, for rows of every form and for
 * each byte of them changed; what it does not take is left to jansson.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "provision/ctl/ledger_row.h"

#define LEAF "\"{\\\"v\\\":1,\\\"type\\\":\\\"a\\\\\\\\b\\\"}\""
#define HASH "\"6f27\""

static const struct {
	const char *name, *text;
	gboolean taken;
} cases[] = {
	{"entry", "{\"index\":0,\"leaf\":" LEAF ",\"opening\":null,\"hash\":" HASH "}", TRUE},
	{"with opening", "{\"index\":12,\"leaf\":" LEAF ",\"opening\":\"{}\",\"hash\":" HASH "}",
		TRUE},
	{"no digest", "{\"index\":7,\"leaf\":\"\",\"opening\":null,\"hash\":null}", TRUE},
	{"letters of two and three bytes",
		"{\"index\":1,\"leaf\":\"ñ€\",\"opening\":\"í\",\"hash\":\"x\"}", TRUE},
	{"greatest index",
		"{\"index\":999999999999999999,\"leaf\":\"a\",\"opening\":null,\"hash\":null}",
		TRUE},
	{"index over it",
		"{\"index\":9999999999999999999,\"leaf\":\"a\",\"opening\":null,\"hash\":null}",
		FALSE},
	{"index with a zero before it",
		"{\"index\":01,\"leaf\":\"a\",\"opening\":null,\"hash\":null}", FALSE},
	{"negative index", "{\"index\":-1,\"leaf\":\"a\",\"opening\":null,\"hash\":null}", FALSE},
	{"broken number", "{\"index\":1.5,\"leaf\":\"a\",\"opening\":null,\"hash\":null}", FALSE},
	{"other escape", "{\"index\":1,\"leaf\":\"a\\n\",\"opening\":null,\"hash\":null}", FALSE},
	{"coded letter", "{\"index\":1,\"leaf\":\"\\u0041\",\"opening\":null,\"hash\":null}",
		FALSE},
	{"control character", "{\"index\":1,\"leaf\":\"a\tb\",\"opening\":null,\"hash\":null}",
		FALSE},
	{"not UTF-8", "{\"index\":1,\"leaf\":\"a\xff\",\"opening\":null,\"hash\":null}", FALSE},
	{"overlong UTF-8", "{\"index\":1,\"leaf\":\"\xc0\xaf\",\"opening\":null,\"hash\":null}",
		FALSE},
	{"surrogate", "{\"index\":1,\"leaf\":\"\xed\xa0\x80\",\"opening\":null,\"hash\":null}",
		FALSE},
	{"blank", "{\"index\": 1,\"leaf\":\"a\",\"opening\":null,\"hash\":null}", FALSE},
	{"other order", "{\"leaf\":\"a\",\"index\":1,\"opening\":null,\"hash\":null}", FALSE},
	{"one more member", "{\"index\":1,\"leaf\":\"a\",\"opening\":null,\"hash\":null,\"x\":1}",
		FALSE},
	{"no leaf", "{\"index\":1,\"leaf\":null,\"opening\":null,\"hash\":null}", FALSE},
	{"cut in a string", "{\"index\":1,\"leaf\":\"a", FALSE},
	{"cut in an escape", "{\"index\":1,\"leaf\":\"a\\", FALSE},
	{"cut before the end", "{\"index\":1,\"leaf\":\"a\",\"opening\":null,\"hash\":null", FALSE},
	{"head", "{\"head\":\"{}\",\"cms\":null}", FALSE},
	{"nothing", "", FALSE},
};

static void assert_same_text(const char *name, const char *left, const char *right)
{
	if (g_strcmp0(left, right) != 0)
		fail_msg("%s: %s is not %s", name, left, right);
}

/* Whether the whole text was taken; then jansson reads the same out of it. */
static gboolean scan(const char *name, const char *text)
{
	g_autofree char *copy = g_strdup(text);
	json_auto_t *json = NULL;
	char *at = copy;
	LedgerRow row, expected;

	if (!ledger_row_scan(&at, &row) || *at != '\0')
		return FALSE;
	json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	if (json == NULL || !ledger_row_of_json(json, &expected, NULL))
		fail_msg("%s: jansson does not read %s", name, text);
	assert_int_equal(row.index, expected.index);
	assert_null(row.head);
	assert_same_text(name, row.leaf, expected.leaf);
	assert_same_text(name, row.opening, expected.opening);
	assert_same_text(name, row.hash, expected.hash);
	return TRUE;
}

static void test_forms(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		if (scan(cases[i].name, cases[i].text) != cases[i].taken)
			fail_msg("%s", cases[i].name);
}

/* Each byte of each row as each other byte, left out, and doubled. */
static void test_changed(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		gsize size = strlen(cases[i].text);

		for (gsize at = 0; at < size; at++) {
			g_autofree char *text = g_strdup(cases[i].text);
			g_autoptr(GString) other = g_string_new(cases[i].text);

			for (int byte = 1; byte < 256; byte++) {
				text[at] = (char)byte;
				scan(cases[i].name, text);
			}
			g_string_insert_c(other, (gssize)at, other->str[at]);
			scan(cases[i].name, other->str);
			g_string_erase(other, (gssize)at, 2);
			scan(cases[i].name, other->str);
		}
	}
}

#define ROW(index) "{\"index\":" index ",\"leaf\":\"a\",\"opening\":null,\"hash\":null}"

static void test_pages(void **state)
{
	static const struct {
		const char *text;
		int rows; /* -1: not taken */
		const char *next;
	} pages[] = {
		{"{\"items\":[],\"next\":null}", 0, NULL},
		{"{\"items\":[" ROW("1") "],\"next\":null}", 1, NULL},
		{"{\"items\":[" ROW("1") "," ROW("2") "],\"next\":\"2\"}", 2, "2"},
		{"{\"items\":[" ROW("1") ROW("2") "],\"next\":null}", -1, NULL},
		{"{\"items\":[" ROW("1") ",],\"next\":null}", -1, NULL},
		{"{\"items\":[," ROW("1") "],\"next\":null}", -1, NULL},
		{"{\"items\":[" ROW("1") "],\"next\":null} ", -1, NULL},
		{"{\"items\":[" ROW("1") "],\"next\":null", -1, NULL},
		{"{\"items\":[" ROW("1"), -1, NULL},
		{"{\"items\":[", -1, NULL},
		{"[]", -1, NULL},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(pages); i++) {
		g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(LedgerRow));
		g_autofree char *text = g_strdup(pages[i].text);
		const char *next = NULL;
		gboolean taken = ledger_row_scan_page(text, rows, &next);

		if (taken != (pages[i].rows >= 0))
			fail_msg("%s", pages[i].text);
		if (taken)
			assert_int_equal(rows->len, pages[i].rows);
		if (taken)
			assert_same_text(pages[i].text, next, pages[i].next);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_changed),
		cmocka_unit_test(test_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
