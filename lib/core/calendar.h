/*
 * Days that count in the public administration of Peru (TUO Ley 27444, arts. 144-149), by a
 * calendar that is data (contrib/calendar/peru.conf): not Saturdays, Sundays, national holidays,
 * the public sector's decreed days (in tax matters these count), days of region and municipality.
 * And the terms that follow: art. 20.4, art. 24.1. Dates are "YYYY-MM-DD". Pure; a calendar that is
 * read may be used by every thread.
 */
#ifndef ACUSE_CORE_CALENDAR_H
#define ACUSE_CORE_CALENDAR_H

#include <glib.h>

#define CALENDAR_DATE_CHARS 10
#define CALENDAR_FORMAT 1
#define CALENDAR_MAX_BYTES (64 * 1024)
#define CALENDAR_MAX_DAYS 1000 /* rows of a calendar */
#define CALENDAR_MAX_NAME 100  /* characters */
#define CALENDAR_ANSWER_DAYS 2 /* art. 20.4 */
#define CALENDAR_ACT_DAYS 5    /* art. 24.1 */

typedef struct _Calendar Calendar;

/* Decreed days do not count in administrative matters; in tax matters they do (FACTS 34, 35). */
typedef enum { MATTER_ADMINISTRATIVE, MATTER_TAX } CalendarMatter;
const char *calendar_matter_name(CalendarMatter matter); /* "administrative" "tax" */
gboolean calendar_matter_parse(const char *word, CalendarMatter *matter);

typedef enum { DAY_HOLIDAY, DAY_DECREED, DAY_REGIONAL, DAY_LOCAL } CalendarDayKind;
const char *calendar_day_kind_name(
	CalendarDayKind kind); /* "holiday" "decreed" "regional" "local" */

/*
 * Reads the text of a calendar file. NULL when anything is wrong in it; then *faults, which the
 * caller made with g_free, has a new string "LINE: why" for each fault.
 */
Calendar *calendar_parse(const char *text, gsize size, GPtrArray *faults);
void calendar_free(Calendar *calendar);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Calendar, calendar_free)

/* One more local day, as settings have it: YYYY-MM-DD, or MM-DD each year. FALSE: it is neither. */
gboolean calendar_add_local(Calendar *calendar, const char *when);

const char *calendar_edition(const Calendar *calendar); /* a date */
/* Whether there is any decreed day of that year; if not, none may have been known. */
gboolean calendar_knows_decreed(const Calendar *calendar, int year);

/* Calls visit for each day of the year that does not count, in order; Saturdays and Sundays only
 * when they have a name. */
typedef void (*CalendarVisit)(
	const char *date, CalendarDayKind kind, const char *name, gpointer data);
void calendar_visit_year(const Calendar *calendar, int year, CalendarVisit visit, gpointer data);

/* Whether the text is a day from 1900 to 2999. */
gboolean calendar_is_date(const char *date);

/* FALSE for no date. */
gboolean calendar_is_business_day(
	const Calendar *calendar, CalendarMatter matter, const char *date);

/* How many business days there are after `from`, up to and with `to`; 0 when `to` is not later. */
guint calendar_business_days_between(
	const Calendar *calendar, CalendarMatter matter, const char *from, const char *to);

/*
 * The n-th business day after the date, n >= 1; a new string. NULL for no date, and for a calendar
 * that leaves no such day within ten years.
 */
char *calendar_add_business_days(
	const Calendar *calendar, CalendarMatter matter, const char *date, guint n);

/* The last day to notify an act of that date (art. 24.1): as calendar_add_business_days. */
char *calendar_act_deadline(const Calendar *calendar, CalendarMatter matter, const char *date);

/* The day so many days later (negative: before); a new string, NULL for no date. */
char *calendar_add_days(const char *date, int days);

/* Hours of work (art. 149), in the institution's time zone. */
typedef struct {
	int open_minute, close_minute; /* of the day; closed from close_minute on */
	gboolean early_counts;	       /* before the opening of a business day is still that day */
} CalendarHours;

/* "08:00-16:00", on one day. */
gboolean calendar_hours_parse(const char *text, CalendarHours *hours);

typedef struct {
	char sent[CALENDAR_DATE_CHARS + 1];  /* the day, in the zone */
	char from[CALENDAR_DATE_CHARS + 1];  /* the day that it counts as sent */
	char until[CALENDAR_DATE_CHARS + 1]; /* the last day to answer */
	gboolean outside_hours;
} CalendarTerm;

/*
 * The term of art. 20.4: `days` business days, counted from the day after sending. What is sent
 * outside working hours counts as sent on the next business day. FALSE as
 * calendar_add_business_days.
 */
gboolean calendar_answer_term(const Calendar *calendar, CalendarMatter matter,
	const CalendarHours *hours, GTimeZone *zone, gint64 sent_s, guint days, CalendarTerm *term);

#endif
