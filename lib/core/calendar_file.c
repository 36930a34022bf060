/*
 * The calendar as data: reads the lines of contrib/calendar/peru.conf and tells every fault with
 * its line. And days as numbers (calendar_days.h). No state.
 */
#include <string.h>

#include "core/calendar_days.h"

#define EASTER_WORD "easter"
#define EASTER_MAX 200 /* days; stays within the year */

gint64 day_to_number(Day day)
{
	gint64 a = (14 - day.month) / 12, y = day.year + 4800 - a, m = day.month + 12 * a - 3;

	return day.day + (153 * m + 2) / 5 + 365 * y + y / 4 - y / 100 + y / 400 - 32045;
}

/* Richards' algorithm. */
Day day_from_number(gint64 number)
{
	gint64 f = number + 1401 + (4 * number + 274277) / 146097 * 3 / 4 - 38, e = 4 * f + 3;
	gint64 h = 5 * (e % 1461 / 4) + 2;
	int day = (int)(h % 153 / 5) + 1, month = (int)((h / 153 + 2) % 12) + 1;

	return (Day){(int)(e / 1461 - 4716 + (14 - month) / 12), month, day};
}

gint64 day_of_unix(gint64 time_s)
{
	return time_s / 86400 + 2440588;
}

/* Easter Sunday of the Gregorian calendar (Meeus, Jones, Butcher). */
gint64 day_of_easter(int year)
{
	int a = year % 19, b = year / 100, c = year % 100, d = b / 4, e = b % 4;
	int g = (8 * b + 13) / 25, h = (19 * a + b - d - g + 15) % 30;
	int i = c / 4, k = c % 4, l = (32 + 2 * e + 2 * i - h - k) % 7;
	int m = (a + 11 * h + 22 * l) / 451, n = h + l - 7 * m + 114;

	return day_to_number((Day){year, n / 31, n % 31 + 1});
}

gboolean day_is_valid(Day day)
{
	Day back;

	if (day.year < CALENDAR_FIRST_YEAR || day.year > CALENDAR_LAST_YEAR || day.month < 1 ||
		day.month > 12)
		return FALSE;
	back = day_from_number(day_to_number(day));
	return back.year == day.year && back.month == day.month && back.day == day.day;
}

static gboolean has_shape(const char *text, const char *shape)
{
	if (text == NULL || strlen(text) != strlen(shape))
		return FALSE;
	for (gsize i = 0; shape[i] != '\0'; i++)
		if (shape[i] == 'd' ? !g_ascii_isdigit(text[i]) : text[i] != shape[i])
			return FALSE;
	return TRUE;
}

static int number_at(const char *text)
{
	return (int)g_ascii_strtoll(text, NULL, 10);
}

gboolean day_parse(const char *text, Day *day)
{
	if (!has_shape(text, "dddd-dd-dd"))
		return FALSE;
	*day = (Day){number_at(text), number_at(text + 5), number_at(text + 8)};
	return day_is_valid(*day);
}

static gboolean parse_easter(const char *text, CalendarRow *row)
{
	const char *at = text + strlen(EASTER_WORD);

	if (!g_str_has_prefix(text, EASTER_WORD) || (*at != '-' && *at != '+') ||
		!g_ascii_isdigit(at[1]) || strspn(at + 1, "0123456789") != strlen(at + 1) ||
		strlen(at + 1) > 3)
		return FALSE;
	row->day = (Day){0, 0, 0};
	row->easter = number_at(at);
	return row->easter >= -EASTER_MAX / 4 && row->easter <= EASTER_MAX;
}

gboolean calendar_when_parse(const char *text, CalendarRow *row)
{
	if (has_shape(text, "dd-dd")) {
		row->day = (Day){0, number_at(text), number_at(text + 3)};
		/* In a leap year, so that 29 February is a day. */
		return day_is_valid((Day){2000, row->day.month, row->day.day});
	}
	return parse_easter(text, row) || day_parse(text, &row->day);
}

gboolean calendar_row_is(const CalendarRow *row, Day day, gint64 number)
{
	if (day.year < row->from_year)
		return FALSE;
	if (row->day.month == 0)
		return number == day_of_easter(day.year) + row->easter;
	return row->day.month == day.month && row->day.day == day.day &&
	       (row->day.year == 0 || row->day.year == day.year);
}

static void clear_row(gpointer row)
{
	g_free(((CalendarRow *)row)->name);
}

Calendar *calendar_new(void)
{
	Calendar *calendar = g_new0(Calendar, 1);

	calendar->rows = g_array_new(FALSE, TRUE, sizeof(CalendarRow));
	g_array_set_clear_func(calendar->rows, clear_row);
	return calendar;
}

void calendar_free(Calendar *calendar)
{
	if (calendar == NULL)
		return;
	g_array_unref(calendar->rows);
	g_free(calendar);
}

gboolean calendar_add_local(Calendar *calendar, const char *when)
{
	CalendarRow row = {.kind = DAY_LOCAL};

	if (g_str_has_prefix(when, EASTER_WORD) || calendar->rows->len >= CALENDAR_MAX_DAYS ||
		!calendar_when_parse(when, &row))
		return FALSE;
	g_array_append_val(calendar->rows, row);
	return TRUE;
}

/* One line without its comment; words are cut off its front. */
typedef struct {
	Calendar *calendar;
	gboolean has_format;
	char *rest;
} Reading;

/* The next word, "" at the end. */
static const char *next_word(Reading *reading)
{
	char *word = reading->rest;

	reading->rest += strcspn(reading->rest, " \t");
	if (*reading->rest != '\0')
		*reading->rest++ = '\0';
	reading->rest += strspn(reading->rest, " \t");
	return word;
}

/* Why the format's line is not one, or NULL. */
static const char *read_format(Reading *reading)
{
	const char *number = next_word(reading);

	if (reading->has_format)
		return "format stands there already";
	if (!has_shape(number, "d") || number_at(number) != CALENDAR_FORMAT ||
		*reading->rest != '\0')
		return "this version reads format 1 only";
	reading->has_format = TRUE;
	return NULL;
}

static const char *read_edition(Reading *reading)
{
	const char *date = next_word(reading);

	if (*reading->calendar->edition != '\0')
		return "edition stands there already";
	if (!calendar_is_date(date) || *reading->rest != '\0')
		return "edition must be a date, YYYY-MM-DD";
	memcpy(reading->calendar->edition, date, CALENDAR_DATE_CHARS + 1);
	return NULL;
}

static gboolean same_day(const CalendarRow *a, const CalendarRow *b)
{
	return a->day.year == b->day.year && a->day.month == b->day.month &&
	       a->day.day == b->day.day && a->easter == b->easter;
}

static const char *read_from(Reading *reading, CalendarRow *row)
{
	const char *from = next_word(reading);

	if (strcmp(from, "-") == 0)
		return NULL;
	row->from_year = number_at(from);
	if (!has_shape(from, "dddd") || row->from_year < CALENDAR_FIRST_YEAR ||
		row->from_year > CALENDAR_LAST_YEAR)
		return "the first year must be a year, or -";
	return NULL;
}

static const char *read_day(Reading *reading, CalendarDayKind kind)
{
	CalendarRow row = {.kind = kind};
	const char *when = next_word(reading), *why;
	GArray *rows = reading->calendar->rows;

	if (!calendar_when_parse(when, &row))
		return "no day: MM-DD, YYYY-MM-DD, easter-N or easter+N";
	if (kind == DAY_DECREED && row.day.year == 0)
		return "a decreed day must be YYYY-MM-DD";
	why = kind == DAY_HOLIDAY ? read_from(reading, &row) : NULL;
	if (why != NULL)
		return why;
	if (*reading->rest == '\0')
		return "the name is missing";
	if (g_utf8_strlen(reading->rest, -1) > CALENDAR_MAX_NAME)
		return "the name is longer than 100 characters";
	for (guint i = 0; i < rows->len; i++)
		if (same_day(&g_array_index(rows, CalendarRow, i), &row))
			return "the day stands there already";
	if (rows->len >= CALENDAR_MAX_DAYS)
		return "more than 1000 days";
	row.name = g_strdup(reading->rest);
	g_array_append_val(rows, row);
	return NULL;
}

static const char *read_line(Reading *reading)
{
	const char *word = next_word(reading);

	if (strcmp(word, "format") == 0)
		return read_format(reading);
	if (!reading->has_format)
		return "the first line must be: format 1";
	if (strcmp(word, "edition") == 0)
		return read_edition(reading);
	for (CalendarDayKind kind = DAY_HOLIDAY; kind <= DAY_LOCAL; kind++)
		if (strcmp(word, calendar_day_kind_name(kind)) == 0)
			return read_day(reading, kind);
	return "unknown word: format, edition, holiday, decreed, regional or local";
}

Calendar *calendar_parse(const char *text, gsize size, GPtrArray *faults)
{
	g_autoptr(Calendar) calendar = calendar_new();
	g_autofree char *copy = NULL;
	g_auto(GStrv) lines = NULL;
	Reading reading = {calendar, FALSE, NULL};

	if (size > CALENDAR_MAX_BYTES || !g_utf8_validate_len(text, size, NULL)) {
		g_ptr_array_add(faults,
			g_strdup(size > CALENDAR_MAX_BYTES ? "1: the file is longer than 64 KiB"
							   : "1: the file is not UTF-8"));
		return NULL;
	}
	copy = g_strndup(text, size);
	lines = g_strsplit(copy, "\n", -1);
	for (guint i = 0; lines[i] != NULL; i++) {
		const char *why;

		reading.rest = g_strstrip(lines[i]);
		if (*reading.rest == '\0' || *reading.rest == '#')
			continue;
		why = read_line(&reading);
		if (why != NULL)
			g_ptr_array_add(faults, g_strdup_printf("%u: %s", i + 1, why));
	}
	if (*calendar->edition == '\0')
		g_ptr_array_add(faults, g_strdup("1: the edition is missing"));
	return faults->len == 0 ? g_steal_pointer(&calendar) : NULL;
}
