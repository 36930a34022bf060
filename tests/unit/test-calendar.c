/* Business days and the terms that follow from them, by the calendar that is shipped: the fixtures
 * of the law's own examples, each day kind, hours; and files that are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/calendar.h"

static Calendar *parse(const char *text, char **faults)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
	Calendar *calendar = calendar_parse(text, strlen(text), list);

	g_ptr_array_add(list, NULL);
	*faults = g_strjoinv("; ", (char **)list->pdata);
	return calendar;
}

static Calendar *shipped(void)
{
	g_autofree char *text = NULL, *faults = NULL;
	Calendar *calendar;

	assert_true(g_file_get_contents(CALENDAR_FILE, &text, NULL, NULL));
	calendar = parse(text, &faults);
	if (calendar == NULL)
		fail_msg("%s", faults);
	return calendar;
}

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
	g_autoptr(Calendar) calendar = shipped();
	const CalendarMatter matter = MATTER_ADMINISTRATIVE;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *sent = cases[i].sent;
		g_autofree char *second = calendar_add_business_days(calendar, matter, sent, 2);
		g_autofree char *fifth = calendar_act_deadline(calendar, matter, sent);

		assert_string_equal(second, cases[i].second);
		assert_string_equal(fifth, cases[i].fifth);
		assert_int_equal(calendar_business_days_between(calendar, matter, sent, second), 2);
		assert_int_equal(calendar_business_days_between(calendar, matter, sent, fifth), 5);
		assert_int_equal(calendar_business_days_between(calendar, matter, fifth, sent), 0);
	}
}

static void test_days(void **state)
{
	static const struct {
		const char *date;
		gboolean business, tax, with_local;
	} cases[] = {
		{"2026-11-20", TRUE, TRUE, FALSE},
		{"2025-11-20", TRUE, TRUE, TRUE},
		{"2025-07-25", TRUE, TRUE, FALSE},
		{"2026-11-21", FALSE, FALSE, FALSE},
		{"2026-11-22", FALSE, FALSE, FALSE},
		{"2026-11-23", TRUE, TRUE, TRUE},
		{"2022-07-22", TRUE, TRUE, TRUE},
		{"2021-08-06", TRUE, TRUE, TRUE}, /* first years */
		{"2022-08-06", FALSE, FALSE, FALSE},
		{"2021-12-09", TRUE, TRUE, TRUE},
		{"2022-12-09", FALSE, FALSE, FALSE},
		{"2021-07-23", TRUE, TRUE, TRUE},
		{"2024-07-23", FALSE, FALSE, FALSE},
		{"2023-06-07", TRUE, TRUE, TRUE},
		{"2024-06-07", FALSE, FALSE, FALSE},
		{"2027-03-25", FALSE, FALSE, FALSE}, /* Holy Thursday */
		{"2027-03-26", FALSE, FALSE, FALSE},
		{"2038-04-22", FALSE, FALSE, FALSE}, /* the latest Easter of the century */
		{"2008-03-20", FALSE, FALSE, FALSE}, /* nearly the earliest */
		{"2025-12-26", FALSE, TRUE, FALSE},  /* decreed */
		{"2026-01-02", FALSE, TRUE, FALSE},
		{"2026-07-27", FALSE, TRUE, FALSE},
		{"2000-02-29", TRUE, TRUE, TRUE},
		{"2026-02-29", FALSE, FALSE, FALSE},
	};
	g_autoptr(Calendar) plain = shipped(), local = shipped();

	(void)state;
	assert_true(calendar_add_local(local, "07-25") && calendar_add_local(local, "2026-11-20"));
	assert_false(calendar_add_local(local, "easter-3"));
	assert_false(calendar_add_local(local, "02-30"));
	assert_false(calendar_add_local(local, "2026-02-29"));
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *date = cases[i].date;

		if (calendar_is_business_day(plain, MATTER_ADMINISTRATIVE, date) !=
				cases[i].business ||
			calendar_is_business_day(plain, MATTER_TAX, date) != cases[i].tax ||
			calendar_is_business_day(local, MATTER_ADMINISTRATIVE, date) !=
				cases[i].with_local)
			fail_msg("%s", date);
	}
	assert_true(calendar_knows_decreed(plain, 2026));
	assert_false(calendar_knows_decreed(plain, 2027));
}

static gint64 lima(const char *text)
{
	g_autofree char *full = g_strconcat(text, "-05:00", NULL);
	g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(full, NULL);

	assert_non_null(time);
	return g_date_time_to_unix(time);
}

static void test_hours(void **state)
{
	static const struct {
		const char *sent;
		gboolean outside, early_counts;
		CalendarMatter matter;
		const char *from, *until;
	} cases[] = {
		{"2025-10-06T08:00:00", FALSE, FALSE, MATTER_ADMINISTRATIVE, "2025-10-06",
			"2025-10-09"},
		{"2025-10-06T15:59:59", FALSE, FALSE, MATTER_ADMINISTRATIVE, "2025-10-06",
			"2025-10-09"},
		{"2025-10-06T16:00:00", TRUE, FALSE, MATTER_ADMINISTRATIVE, "2025-10-07",
			"2025-10-10"},
		/* Past midnight in UTC, and still the same day in Lima. */
		{"2025-10-06T23:59:59", TRUE, FALSE, MATTER_ADMINISTRATIVE, "2025-10-07",
			"2025-10-10"},
		{"2025-10-06T07:59:59", TRUE, FALSE, MATTER_ADMINISTRATIVE, "2025-10-07",
			"2025-10-10"},
		{"2025-10-06T07:59:59", TRUE, TRUE, MATTER_ADMINISTRATIVE, "2025-10-06",
			"2025-10-09"},
		{"2025-10-04T10:00:00", TRUE, TRUE, MATTER_ADMINISTRATIVE, "2025-10-06",
			"2025-10-09"},
		{"2025-10-04T06:00:00", TRUE, TRUE, MATTER_ADMINISTRATIVE, "2025-10-06",
			"2025-10-09"},
		{"2025-12-24T16:30:00", TRUE, FALSE, MATTER_ADMINISTRATIVE, "2025-12-29",
			"2025-12-31"},
		{"2025-12-24T16:30:00", TRUE, FALSE, MATTER_TAX, "2025-12-26", "2025-12-30"},
		{"2026-07-22T09:00:00", FALSE, FALSE, MATTER_ADMINISTRATIVE, "2026-07-22",
			"2026-07-30"},
		{"2026-07-22T09:00:00", FALSE, FALSE, MATTER_TAX, "2026-07-22", "2026-07-27"},
	};
	g_autoptr(Calendar) calendar = shipped();
	g_autoptr(GTimeZone) zone = g_time_zone_new_identifier("America/Lima");
	CalendarHours hours;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		CalendarTerm term;

		assert_true(calendar_hours_parse("08:00-16:00", &hours));
		hours.early_counts = cases[i].early_counts;
		assert_true(calendar_answer_term(calendar, cases[i].matter, &hours, zone,
			lima(cases[i].sent), CALENDAR_ANSWER_DAYS, &term));
		if (term.outside_hours != cases[i].outside ||
			strcmp(term.from, cases[i].from) != 0 ||
			strcmp(term.until, cases[i].until) != 0 ||
			strncmp(term.sent, cases[i].sent, CALENDAR_DATE_CHARS) != 0)
			fail_msg("%s: %d %s %s %s", cases[i].sent, term.outside_hours, term.sent,
				term.from, term.until);
	}
}

static void test_hours_text(void **state)
{
	static const struct {
		const char *text;
		gboolean good;
	} cases[] = {
		{"00:00-24:00", TRUE},
		{"07:45-16:15", TRUE},
		{"16:00-08:00", FALSE},
		{"08:00-08:00", FALSE},
		{"08:00-24:01", FALSE},
		{"08:60-16:00", FALSE},
		{"8:00-16:00", FALSE},
		{"08:00 16:00", FALSE},
		{"08:00-16:00 ", FALSE},
		{"", FALSE},
		{NULL, FALSE},
	};
	CalendarHours hours;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		if (calendar_hours_parse(cases[i].text, &hours) != cases[i].good)
			fail_msg("%s", cases[i].text);
}

#define HEAD "format 1\nedition 2026-11-22\n"

static void test_files(void **state)
{
	static const struct {
		const char *text, *faults;
	} cases[] = {
		{HEAD, ""},
		{"# a comment\n\n  format 1\n\tedition 2026-11-22\nlocal\t07-25\tUna fiesta", ""},
		{HEAD "holiday easter+60 2020 Corpus", ""},
		{HEAD "regional 02-29 Un dia\nlocal 2026-02-28 Otro", ""},
		{"", "1: the edition is missing"},
		{"format 2\nedition 2026-11-22",
			"1: this version reads format 1 only; "
			"2: the first line must be: format 1; 1: the edition is missing"},
		{"edition 2026-11-22\nformat 1", "1: the first line must be: format 1; "
						 "1: the edition is missing"},
		{HEAD "format 1", "3: format stands there already"},
		{HEAD "edition 2026-11-23", "3: edition stands there already"},
		{"format 1\nedition 2026-02-29", "2: edition must be a date, YYYY-MM-DD; "
						 "1: the edition is missing"},
		{HEAD "fiesta 07-25 Una",
			"3: unknown word: format, edition, holiday, decreed, regional or local"},
		{HEAD "holiday 02-30 - Nada\ndecreed 07-25 Nada\n\nlocal 2026-02-29 Nada",
			"3: no day: MM-DD, YYYY-MM-DD, easter-N or easter+N; "
			"4: a decreed day must be YYYY-MM-DD; "
			"6: no day: MM-DD, YYYY-MM-DD, easter-N or easter+N"},
		{HEAD "local easter Uno\nlocal easter-51 Dos\nlocal easter+201 Tres\n"
		      "local easter+-1 Cuatro",
			"3: no day: MM-DD, YYYY-MM-DD, easter-N or easter+N; "
			"4: no day: MM-DD, YYYY-MM-DD, easter-N or easter+N; "
			"5: no day: MM-DD, YYYY-MM-DD, easter-N or easter+N; "
			"6: no day: MM-DD, YYYY-MM-DD, easter-N or easter+N"},
		{HEAD "holiday 07-25 24 Una", "3: the first year must be a year, or -"},
		{HEAD "holiday 07-25 Una fiesta", "3: the first year must be a year, or -"},
		{HEAD "holiday 07-25 -", "3: the name is missing"},
		{HEAD "local 07-25 Una\nregional 07-25 Otra", "4: the day stands there already"},
		{"format 1\nedition 2026-11-22\xff", "1: the file is not UTF-8"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *faults = NULL;
		g_autoptr(Calendar) calendar = parse(cases[i].text, &faults);

		if (strcmp(faults, cases[i].faults) != 0 || (calendar == NULL) != (*faults != '\0'))
			fail_msg("%s: %s", cases[i].text, faults);
	}
}

/* Each limit, and one over it. */
static void test_limits(void **state)
{
	g_autoptr(GString) text = g_string_new(HEAD);
	g_autofree char *name = g_strnfill(CALENDAR_MAX_NAME, 'n');
	g_autofree char *faults = NULL;
	g_autoptr(Calendar) calendar = NULL;

	(void)state;
	g_string_append_printf(text, "local 01-01 %s\n", name);
	for (guint i = 1; i < CALENDAR_MAX_DAYS; i++) {
		g_autofree char *day = calendar_add_days("2020-01-01", (int)i);

		g_string_append_printf(text, "local %s D\n", day);
	}
	calendar = parse(text->str, &faults);
	assert_string_equal(faults, "");
	assert_false(calendar_add_local(calendar, "2030-01-01"));
	g_clear_pointer(&faults, g_free);
	g_clear_pointer(&calendar, calendar_free);
	g_string_append(text, "local 2030-01-01 D\n");
	calendar = parse(text->str, &faults);
	assert_string_equal(faults, "1003: more than 1000 days");
	g_clear_pointer(&faults, g_free);
	g_string_printf(text, HEAD "local 01-01 %sn", name);
	calendar = parse(text->str, &faults);
	assert_string_equal(faults, "3: the name is longer than 100 characters");
	g_clear_pointer(&faults, g_free);
	g_string_assign(text, HEAD "#");
	while (text->len < CALENDAR_MAX_BYTES)
		g_string_append_c(text, '#');
	calendar = parse(text->str, &faults);
	assert_string_equal(faults, "");
	g_clear_pointer(&faults, g_free);
	g_clear_pointer(&calendar, calendar_free);
	g_string_append_c(text, '#');
	calendar = parse(text->str, &faults);
	assert_string_equal(faults, "1: the file is longer than 64 KiB");
}

/* No business day is left: an answer all the same. */
static void test_no_business_day(void **state)
{
	g_autoptr(GString) text = g_string_new(HEAD);
	g_autoptr(GTimeZone) zone = g_time_zone_new_identifier("America/Lima");
	g_autofree char *faults = NULL, *day = NULL;
	g_autoptr(Calendar) calendar = NULL;
	CalendarHours hours;
	CalendarTerm term;

	(void)state;
	for (int i = 0; i < 366; i++) {
		g_autofree char *date = calendar_add_days("2024-01-01", i);

		g_string_append_printf(text, "local %s D\n", date + 5);
	}
	calendar = parse(text->str, &faults);
	assert_non_null(calendar);
	day = calendar_add_business_days(calendar, MATTER_TAX, "2026-01-01", 1);
	assert_null(day);
	assert_true(calendar_hours_parse("08:00-16:00", &hours));
	assert_false(calendar_answer_term(
		calendar, MATTER_TAX, &hours, zone, 1795208036, CALENDAR_ANSWER_DAYS, &term));
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
		cmocka_unit_test(test_hours),
		cmocka_unit_test(test_hours_text),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_no_business_day),
		cmocka_unit_test(test_dates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
