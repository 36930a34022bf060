/* Business days: the fixtures of the law's own examples, and the shape of dates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/calendar.h"

static void test_terms(void **state)
{
	static const struct {
		const char *sent, *second, *fifth;
	} cases[] = {
		{"2025-10-06", "2025-10-09", "2025-10-14"},
		{"2025-12-05", "2025-12-11", "2025-12-16"},
		{"2026-04-01", "2026-04-07", "2026-04-10"},
		{"2026-07-22", "2026-07-30", "2026-08-04"},
		{"2023-06-06", "2023-06-08", "2023-06-13"},
		{"2024-06-06", "2024-06-11", "2024-06-14"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *second = calendar_add_business_days(cases[i].sent, 2, NULL);
		g_autofree char *fifth = calendar_add_business_days(cases[i].sent, 5, NULL);

		assert_string_equal(second, cases[i].second);
		assert_string_equal(fifth, cases[i].fifth);
		assert_int_equal(calendar_business_days_between(cases[i].sent, second, NULL), 2);
		assert_int_equal(calendar_business_days_between(cases[i].sent, fifth, NULL), 5);
		assert_int_equal(calendar_business_days_between(fifth, cases[i].sent, NULL), 0);
	}
}

static void test_days(void **state)
{
	static const char *const extra[] = {"07-25", "2026-11-20", NULL};
	static const struct {
		const char *date;
		gboolean business, with_extra;
	} cases[] = {
		{"2026-11-20", TRUE, FALSE},
		{"2025-11-20", TRUE, TRUE},
		{"2025-07-25", TRUE, FALSE},
		{"2026-11-21", FALSE, FALSE},
		{"2026-11-22", FALSE, FALSE},
		{"2026-11-23", TRUE, TRUE},
		{"2022-07-22", TRUE, TRUE},
		{"2027-03-25", FALSE, FALSE}, /* Holy Thursday */
		{"2027-03-26", FALSE, FALSE},
		{"2000-02-29", TRUE, TRUE},
		{"2026-02-29", FALSE, FALSE},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		if (calendar_is_business_day(cases[i].date, NULL) != cases[i].business ||
			calendar_is_business_day(cases[i].date, extra) != cases[i].with_extra)
			fail_msg("%s", cases[i].date);
	}
}

static void test_dates(void **state)
{
	static const struct {
		const char *date;
		int days;
		const char *expected; /* NULL: no date */
	} cases[] = {
		{"2026-12-31", 1, "2027-01-01"},
		{"2024-02-28", 1, "2024-02-29"},
		{"2026-03-01", -1, "2026-02-28"},
		{"2026-11-20", -365, "2025-11-20"},
		{"1900-01-01", 0, "1900-01-01"},
		{"1899-12-31", 0, NULL},
		{"3000-01-01", 0, NULL},
		{"2026-13-01", 0, NULL},
		{"2026-00-10", 0, NULL},
		{"2026-04-31", 0, NULL},
		{"2100-02-29", 0, NULL},
		{"2026-1-01", 0, NULL},
		{"2026-11-2x", 0, NULL},
		{"2026/11/20", 0, NULL},
		{"2026-11-200", 0, NULL},
		{"", 0, NULL},
		{NULL, 0, NULL},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *day = calendar_add_days(cases[i].date, cases[i].days);

		assert_int_equal(calendar_is_date(cases[i].date), cases[i].expected != NULL);
		if (g_strcmp0(day, cases[i].expected) != 0)
			fail_msg("%s %d: %s", cases[i].date, cases[i].days, day);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_terms),
		cmocka_unit_test(test_days),
		cmocka_unit_test(test_dates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
