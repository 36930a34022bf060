/* What the files of the calendar share: days as numbers, and the rows that were read. */
#ifndef ACUSE_CORE_CALENDAR_DAYS_H
#define ACUSE_CORE_CALENDAR_DAYS_H

#include "core/calendar.h"

#define CALENDAR_FIRST_YEAR 1900
#define CALENDAR_LAST_YEAR 2999

typedef struct {
	int year, month, day;
} Day;

/* Julian day numbers, so that nothing of the system's clock or zone comes in. */
gint64 day_to_number(Day day);
Day day_from_number(gint64 number);
gint64 day_of_unix(gint64 time_s);
gint64 day_of_easter(int year);
/* Whether there is such a day, from 1900 to 2999. */
gboolean day_is_valid(Day day);
gboolean day_parse(const char *text, Day *day); /* "YYYY-MM-DD" */

typedef struct {
	CalendarDayKind kind;
	Day day;	       /* year 0: each year; month 0: by Easter */
	int easter, from_year; /* days from Easter Sunday; 0: always */
	char *name;	       /* NULL: none */
} CalendarRow;

struct _Calendar {
	char edition[CALENDAR_DATE_CHARS + 1]; /* "": not read yet */
	GArray *rows;			       /* CalendarRow */
};

Calendar *calendar_new(void);
/* "MM-DD", "YYYY-MM-DD", "easter-N" into the row's day. */
gboolean calendar_when_parse(const char *text, CalendarRow *row);
/* Whether the row is of that day. */
gboolean calendar_row_is(const CalendarRow *row, Day day, gint64 number);

#endif
