/*
 * calendar_load.h: a file of at most CALENDAR_MAX_BYTES and a list of the settings. Fails with
 * INVALID. Any thread.
 */
#include "provision/calendar_load.h"

#include <string.h>
#include <sys/stat.h>

#include "base/error.h"

#define INSTALLED PKGDATADIR "/calendar/peru.conf"

const char *calendar_path(const Settings *settings)
{
	const char *path = settings_string(settings, "calendar", "path");

	return path != NULL ? path : INSTALLED;
}

Calendar *calendar_read(const char *path, GPtrArray *faults)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	struct stat status;
	gsize size;

	/* A folder tells of itself; what has no end would be read for ever. */
	if (stat(path, &status) == 0 && !S_ISDIR(status.st_mode) &&
		(!S_ISREG(status.st_mode) || status.st_size > CALENDAR_MAX_BYTES)) {
		g_ptr_array_add(
			faults, g_strdup("0: the file is no plain one, or longer than 64 KiB"));
		return NULL;
	}
	if (!g_file_get_contents(path, &text, &size, &error)) {
		g_ptr_array_add(faults, g_strdup_printf("0: %s", error->message));
		return NULL;
	}
	return calendar_parse(text, size, faults);
}

gboolean calendar_add_settings(Calendar *calendar, const Settings *settings, GError **error)
{
	const char *const *day = settings_list(settings, "calendar", "extra_days");

	for (; day != NULL && *day != NULL; day++) {
		if (calendar_add_local(calendar, *day))
			continue;
		return settings_fail(settings, error, "calendar", "extra_days",
			"%s: must be YYYY-MM-DD or MM-DD", *day);
	}
	return TRUE;
}

gboolean calendar_hours(const Settings *settings, CalendarHours *hours, GError **error)
{
	const char *text = settings_string(settings, "calendar", "working_hours");
	const char *before = settings_string(settings, "calendar", "before_hours");

	hours->early_counts = strcmp(before, "same_day") == 0;
	if (calendar_hours_parse(text, hours))
		return TRUE;
	return settings_fail(
		settings, error, "calendar", "working_hours", "must be as 08:00-16:00");
}

Calendar *calendar_load(const Settings *settings, GError **error)
{
	const char *path = calendar_path(settings);
	g_autoptr(GPtrArray) faults = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(Calendar) calendar = calendar_read(path, faults);
	CalendarHours hours;

	if (!calendar_hours(settings, &hours, error))
		return NULL;
	if (calendar == NULL) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "%s:%s", path,
			(const char *)faults->pdata[0]);
		return NULL;
	}
	return calendar_add_settings(calendar, settings, error) ? g_steal_pointer(&calendar) : NULL;
}
