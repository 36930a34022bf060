/* The calendar of business days (core/calendar.h) as the settings name it: [calendar] path,
 * extra_days. */
#ifndef ACUSE_PROVISION_CALENDAR_LOAD_H
#define ACUSE_PROVISION_CALENDAR_LOAD_H

#include "base/settings.h"
#include "core/calendar.h"

/* The file in use: [calendar] path, or the one that is installed. Belongs to settings or to none.
 */
const char *calendar_path(const Settings *settings);

/*
 * Reads a file. NULL: cannot be read, or *faults (made by the caller with g_free) says "LINE: why"
 * for each fault; line 0 is the file itself.
 */
Calendar *calendar_read(const char *path, GPtrArray *faults);

/* What provisiond counts by. NULL with INVALID: "PATH:LINE: why" of the first fault. */
Calendar *calendar_load(const Settings *settings, GError **error);

/* Adds the days of [calendar] extra_days. INVALID names the one that is no day. */
gboolean calendar_add_settings(Calendar *calendar, const Settings *settings, GError **error);

/* [calendar] working_hours and before_hours. INVALID when they are none. */
gboolean calendar_hours(const Settings *settings, CalendarHours *hours, GError **error);

#endif
