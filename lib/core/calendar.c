/*
 * calendar.h: holidays as data with the years in which they hold. A day is counted as its Julian
 * day number, so that nothing of the system's clock or zone comes in. No state.
 */
#include "core/calendar.h"

#include <string.h>

#define YEAR_MAX 2999

/* Every year, from the year on that the law names. */
static const struct {
	int month, day, from_year;
} holidays[] = {
	{1, 1, 0},
	{5, 1, 0},
	{6, 7, 2024}, /* Ley 31822 */
	{6, 29, 0},
	{7, 23, 2023}, /* Ley 31822 */
	{7, 28, 0},
	{7, 29, 0},
	{8, 6, 2022}, /* Ley 31530 */
	{8, 30, 0},
	{10, 8, 0},
	{11, 1, 0},
	{12, 8, 0},
	{12, 9, 2022}, /* Ley 31530 */
	{12, 25, 0},
};

/* Not worked in the public sector, by decree. */
static const char *const decreed[] = {"2025-12-26", "2026-01-02", "2026-07-27"};

typedef struct {
	int year, month, day;
} Day;

static gint64 to_number(Day day)
{
	gint64 a = (14 - day.month) / 12, y = day.year + 4800 - a, m = day.month + 12 * a - 3;

	return day.day + (153 * m + 2) / 5 + 365 * y + y / 4 - y / 100 + y / 400 - 32045;
}

/* Richards' algorithm. */
static Day from_number(gint64 number)
{
	gint64 f = number + 1401 + (4 * number + 274277) / 146097 * 3 / 4 - 38, e = 4 * f + 3;
	gint64 h = 5 * (e % 1461 / 4) + 2;
	int day = (int)(h % 153 / 5) + 1, month = (int)((h / 153 + 2) % 12) + 1;

	return (Day){(int)(e / 1461 - 4716 + (14 - month) / 12), month, day};
}

static gboolean parse(const char *text, Day *day)
{
	static const char shape[] = "dddd-dd-dd";
	Day back;

	if (text == NULL || strlen(text) != CALENDAR_DATE_CHARS)
		return FALSE;
	for (int i = 0; i < CALENDAR_DATE_CHARS; i++)
		if (shape[i] == 'd' ? !g_ascii_isdigit(text[i]) : text[i] != '-')
			return FALSE;
	day->year = (int)g_ascii_strtoull(text, NULL, 10);
	day->month = (int)g_ascii_strtoull(text + 5, NULL, 10);
	day->day = (int)g_ascii_strtoull(text + 8, NULL, 10);
	if (day->year < 1900 || day->year > YEAR_MAX || day->month < 1 || day->month > 12)
		return FALSE;
	back = from_number(to_number(*day));
	return back.year == day->year && back.month == day->month && back.day == day->day;
}

static char *to_text(Day day)
{
	return g_strdup_printf("%04d-%02d-%02d", day.year, day.month, day.day);
}

/* Easter Sunday (Meeus, Jones, Butcher). */
static gint64 easter(int year)
{
	int a = year % 19, b = year / 100, c = year % 100, d = b / 4, e = b % 4;
	int g = (8 * b + 13) / 25, h = (19 * a + b - d - g + 15) % 30;
	int i = c / 4, k = c % 4, l = (32 + 2 * e + 2 * i - h - k) % 7;
	int m = (a + 11 * h + 22 * l) / 451, n = h + l - 7 * m + 114;

	return to_number((Day){year, n / 31, n % 31 + 1});
}

static gboolean is_extra(const char *text, const char *const *extra)
{
	for (; extra != NULL && *extra != NULL; extra++)
		if (strcmp(*extra, text) == 0 || strcmp(*extra, text + 5) == 0)
			return TRUE;
	return FALSE;
}

static gboolean is_business(gint64 number, const char *const *extra)
{
	Day day = from_number(number);
	g_autofree char *text = to_text(day);
	gint64 sunday = easter(day.year);

	/* Julian day 0 was a Monday. */
	if (number % 7 >= 5 || number == sunday - 3 || number == sunday - 2)
		return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(holidays); i++)
		if (holidays[i].month == day.month && holidays[i].day == day.day &&
			day.year >= holidays[i].from_year)
			return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(decreed); i++)
		if (strcmp(decreed[i], text) == 0)
			return FALSE;
	return !is_extra(text, extra);
}

gboolean calendar_is_date(const char *date)
{
	Day day;

	return parse(date, &day);
}

gboolean calendar_is_business_day(const char *date, const char *const *extra)
{
	Day day;

	return parse(date, &day) && is_business(to_number(day), extra);
}

guint calendar_business_days_between(const char *from, const char *to, const char *const *extra)
{
	Day first, last;
	guint n = 0;

	if (!parse(from, &first) || !parse(to, &last))
		return 0;
	for (gint64 at = to_number(first) + 1; at <= to_number(last); at++)
		n += is_business(at, extra) ? 1 : 0;
	return n;
}

char *calendar_add_business_days(const char *date, guint n, const char *const *extra)
{
	Day day;
	gint64 at;

	if (!parse(date, &day))
		return NULL;
	at = to_number(day);
	while (n > 0)
		n -= is_business(++at, extra) ? 1 : 0;
	return to_text(from_number(at));
}

char *calendar_add_days(const char *date, int days)
{
	Day day;

	return parse(date, &day) ? to_text(from_number(to_number(day) + days)) : NULL;
}
