/*
 * calendar.h: counting days. A day is its Julian day number; a row of the calendar is asked whether
 * it is of that day. No state.
 */
#include "core/calendar.h"

#include <string.h>

#include "core/calendar_days.h"

#define SEARCH_MAX_DAYS 3660
#define DAY_S 86400
#define MINUTE_S 60

static const char *const matter_names[] = {"administrative", "tax"};
static const char *const kind_names[] = {"holiday", "decreed", "regional", "local"};

const char *calendar_matter_name(CalendarMatter matter)
{
	g_return_val_if_fail((guint)matter < G_N_ELEMENTS(matter_names), NULL);
	return matter_names[matter];
}

gboolean calendar_matter_parse(const char *word, CalendarMatter *matter)
{
	for (guint i = 0; word != NULL && i < G_N_ELEMENTS(matter_names); i++) {
		if (strcmp(word, matter_names[i]) == 0) {
			*matter = (CalendarMatter)i;
			return TRUE;
		}
	}
	return FALSE;
}

const char *calendar_day_kind_name(CalendarDayKind kind)
{
	g_return_val_if_fail((guint)kind < G_N_ELEMENTS(kind_names), NULL);
	return kind_names[kind];
}

static char *to_text(gint64 number)
{
	Day day = day_from_number(number);

	return g_strdup_printf("%04d-%02d-%02d", day.year, day.month, day.day);
}

static gboolean parse_number(const char *text, gint64 *number)
{
	Day day;

	if (!day_parse(text, &day))
		return FALSE;
	*number = day_to_number(day);
	return TRUE;
}

static gboolean is_business(const Calendar *calendar, CalendarMatter matter, gint64 number)
{
	Day day = day_from_number(number);

	/* Julian day 0 was a Monday. */
	if (number % 7 >= 5)
		return FALSE;
	for (guint i = 0; i < calendar->rows->len; i++) {
		const CalendarRow *row = &g_array_index(calendar->rows, CalendarRow, i);

		if ((matter != MATTER_TAX || row->kind != DAY_DECREED) &&
			calendar_row_is(row, day, number))
			return FALSE;
	}
	return TRUE;
}

/* The n-th business day after it; 0: none is found. */
static gint64 add_business(const Calendar *calendar, CalendarMatter matter, gint64 number, guint n)
{
	for (gint64 at = number + 1; n > 0 && at <= number + SEARCH_MAX_DAYS; at++)
		if (is_business(calendar, matter, at) && --n == 0)
			return at;
	return 0;
}

const char *calendar_edition(const Calendar *calendar)
{
	return calendar->edition;
}

gboolean calendar_knows_decreed(const Calendar *calendar, int year)
{
	for (guint i = 0; i < calendar->rows->len; i++) {
		const CalendarRow *row = &g_array_index(calendar->rows, CalendarRow, i);

		if (row->kind == DAY_DECREED && row->day.year == year)
			return TRUE;
	}
	return FALSE;
}

void calendar_visit_year(const Calendar *calendar, int year, CalendarVisit visit, gpointer data)
{
	gint64 end = day_to_number((Day){year + 1, 1, 1});

	for (gint64 at = day_to_number((Day){year, 1, 1}); at < end; at++) {
		Day day = day_from_number(at);
		g_autofree char *text = to_text(at);

		for (guint i = 0; i < calendar->rows->len; i++) {
			const CalendarRow *row = &g_array_index(calendar->rows, CalendarRow, i);

			if (calendar_row_is(row, day, at))
				visit(text, row->kind, row->name, data);
		}
	}
}

gboolean calendar_is_date(const char *date)
{
	Day day;

	return day_parse(date, &day);
}

gboolean calendar_is_business_day(const Calendar *calendar, CalendarMatter matter, const char *date)
{
	gint64 number;

	return parse_number(date, &number) && is_business(calendar, matter, number);
}

guint calendar_business_days_between(
	const Calendar *calendar, CalendarMatter matter, const char *from, const char *to)
{
	gint64 first, last;
	guint n = 0;

	if (!parse_number(from, &first) || !parse_number(to, &last))
		return 0;
	for (gint64 at = first + 1; at <= last; at++)
		n += is_business(calendar, matter, at) ? 1 : 0;
	return n;
}

char *calendar_add_business_days(
	const Calendar *calendar, CalendarMatter matter, const char *date, guint n)
{
	gint64 number;

	if (!parse_number(date, &number))
		return NULL;
	number = add_business(calendar, matter, number, n);
	return number != 0 ? to_text(number) : NULL;
}

char *calendar_act_deadline(const Calendar *calendar, CalendarMatter matter, const char *date)
{
	return calendar_add_business_days(calendar, matter, date, CALENDAR_ACT_DAYS);
}

char *calendar_add_days(const char *date, int days)
{
	gint64 number;

	return parse_number(date, &number) ? to_text(number + days) : NULL;
}

gboolean calendar_hours_parse(const char *text, CalendarHours *hours)
{
	static const char shape[] = "dd:dd-dd:dd";
	int at[4];

	if (text == NULL || strlen(text) != strlen(shape))
		return FALSE;
	for (gsize i = 0; shape[i] != '\0'; i++)
		if (shape[i] == 'd' ? !g_ascii_isdigit(text[i]) : text[i] != shape[i])
			return FALSE;
	for (int i = 0; i < 4; i++)
		at[i] = g_ascii_digit_value(text[3 * i]) * 10 +
			g_ascii_digit_value(text[3 * i + 1]);
	hours->open_minute = at[0] * 60 + at[1];
	hours->close_minute = at[2] * 60 + at[3];
	return at[1] < 60 && at[3] < 60 && hours->open_minute < hours->close_minute &&
	       hours->close_minute <= 24 * 60;
}

static void copy_date(char *to, gint64 number)
{
	g_autofree char *text = to_text(number);

	memcpy(to, text, CALENDAR_DATE_CHARS + 1);
}

gboolean calendar_answer_term(const Calendar *calendar, CalendarMatter matter,
	const CalendarHours *hours, GTimeZone *zone, gint64 sent_s, guint days, CalendarTerm *term)
{
	int interval = g_time_zone_find_interval(zone, G_TIME_TYPE_UNIVERSAL, sent_s);
	gint64 local_s = sent_s + g_time_zone_get_offset(zone, interval);
	gint64 sent = day_of_unix(local_s), from = sent, until;
	int minute = (int)(local_s % DAY_S / MINUTE_S);
	gboolean business = is_business(calendar, matter, sent);
	gboolean early = minute < hours->open_minute;

	term->outside_hours = !business || early || minute >= hours->close_minute;
	if (term->outside_hours && !(business && early && hours->early_counts))
		from = add_business(calendar, matter, sent, 1);
	until = from != 0 ? add_business(calendar, matter, from, days) : 0;
	if (until == 0)
		return FALSE;
	copy_date(term->sent, sent);
	copy_date(term->from, from);
	copy_date(term->until, until);
	return TRUE;
}
