/*
 * Days that count in the public administration of Peru (TUO Ley 27444, arts. 144-149): not
 * Saturdays, Sundays, national holidays, the public sector's decreed days, nor the extra days of
 * the region and municipality. Dates are "YYYY-MM-DD". Pure.
 */
#ifndef ACUSE_CORE_CALENDAR_H
#define ACUSE_CORE_CALENDAR_H

#include <glib.h>

#define CALENDAR_DATE_CHARS 10

/* Whether the text is a day of the calendar, from 1900 to 2999. */
gboolean calendar_is_date(const char *date);

/* extra: "YYYY-MM-DD" or, each year, "MM-DD"; NULL-terminated, or NULL. FALSE for no date. */
gboolean calendar_is_business_day(const char *date, const char *const *extra);

/* How many business days there are after `from`, up to and with `to`; 0 when `to` is not later. */
guint calendar_business_days_between(const char *from, const char *to, const char *const *extra);

/* The n-th business day after the date, n >= 1; a new string, NULL for no date. */
char *calendar_add_business_days(const char *date, guint n, const char *const *extra);

/* The day so many days later (negative: before); a new string, NULL for no date. */
char *calendar_add_days(const char *date, int days);

#endif
