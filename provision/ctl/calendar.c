/*
 * acusectl calendar check: reads the calendar of business days that the settings name, or a copy of
 * it, and prints its edition and a year's days, or every fault with its line. Asks nobody. Fails
 * with INVALID when there is a fault.
 */
#include "ctl.h"
#include "base/error.h"
#include "base/text.h"
#include "provision/calendar_load.h"

#include <stdio.h>

#define FIRST_YEAR 1900
#define LAST_YEAR 2998

static gboolean read_year(const char *text, int *year, GError **error)
{
	guint64 value;
	g_autoptr(GDateTime) now = g_date_time_new_now_local();

	*year = g_date_time_get_year(now);
	if (text == NULL)
		return TRUE;
	if (!g_ascii_string_to_unsigned(text, 10, FIRST_YEAR, LAST_YEAR, &value, NULL)) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "%s: no year", text);
		return FALSE;
	}
	*year = (int)value;
	return TRUE;
}

static void add_day(const char *date, CalendarDayKind kind, const char *name, gpointer days)
{
	json_array_append_new(days, json_pack("{s:s, s:s, s:s?}", "date", date, "kind",
					    calendar_day_kind_name(kind), "name", name));
}

static json_t *describe(const char *path, const Calendar *calendar, int year)
{
	json_t *days = json_array();

	calendar_visit_year(calendar, year, add_day, days);
	return json_pack("{s:s, s:s, s:i, s:b, s:o}", "path", path, "edition",
		calendar_edition(calendar), "year", year, "decreed_known",
		calendar_knows_decreed(calendar, year), "days", days);
}

static void print_days(const json_t *answer)
{
	static const char *const kinds[] = {
		N_("feriado"), N_("decretado"), N_("regional"), N_("local")};
	int year = (int)json_integer_value(json_object_get(answer, "year"));
	json_t *day;
	size_t i;

	printf("%s: %s\n%s: %s\n", _("Calendario"),
		json_string_value(json_object_get(answer, "path")), _("Edicion"),
		json_string_value(json_object_get(answer, "edition")));
	json_array_foreach(json_object_get(answer, "days"), i, day) {
		const char *name = json_string_value(json_object_get(day, "name"));
		const char *kind = json_string_value(json_object_get(day, "kind"));
		guint k = 0;

		while (k + 1 < G_N_ELEMENTS(kinds) &&
			g_strcmp0(calendar_day_kind_name((CalendarDayKind)k), kind) != 0)
			k++;
		printf("%s %-10s %s\n", json_string_value(json_object_get(day, "date")),
			_(kinds[k]), name != NULL ? name : _("de la configuracion"));
	}
	if (!json_is_true(json_object_get(answer, "decreed_known")))
		printf(_("No se conocen dias no laborables decretados de %d: agreguelos cuando se "
			 "publiquen.\n"),
			year);
}

static gboolean tell_faults(
	const Ctl *ctl, const Command *command, const char *path, GPtrArray *faults, GError **error)
{
	json_auto_t *answer = json_pack("{s:s, s:[]}", "path", path, "faults");

	for (guint i = 0; i < faults->len; i++) {
		const char *fault = faults->pdata[i];

		json_array_append_new(json_object_get(answer, "faults"), json_string(fault));
		if (!ctl->json)
			printf("%s:%s\n", path, fault);
	}
	if (ctl->json)
		ctl_print(ctl, command, answer);
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "%s: %u", path, faults->len);
	return FALSE;
}

static gboolean check(
	Ctl *ctl, const Command *command, char **arguments, GHashTable *options, GError **error)
{
	const char *path = ctl_option(options, "file");
	g_autoptr(Settings) settings = path == NULL ? settings_load(ctl->config_path, error) : NULL;
	g_autoptr(GPtrArray) faults = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(Calendar) calendar = NULL;
	json_auto_t *answer = NULL;
	int year;

	if ((path == NULL && settings == NULL) || !read_year(arguments[0], &year, error))
		return FALSE;
	if (path == NULL)
		path = calendar_path(settings);
	calendar = calendar_read(path, faults);
	if (calendar == NULL)
		return tell_faults(ctl, command, path, faults, error);
	if (settings != NULL && !calendar_add_settings(calendar, settings, error))
		return FALSE;
	answer = describe(path, calendar, year);
	if (ctl->json)
		ctl_print(ctl, command, answer);
	else
		print_days(answer);
	return TRUE;
}

const Command calendar_commands[] = {
	{"calendar", "check", N_("[ANIO]"), 0, {{"file", NULL, FALSE, FALSE, 0}, {NULL}},
		N_("Revisa el calendario de dias habiles y muestra los que no cuentan en un anio."),
		NULL, NULL, check, NULL, NULL, 1},
	{NULL},
};
