/*
 * service.h: reading the members of a body and the parameters of a list. Pure; fails with INVALID
 * and names the member, never its value. Any thread.
 */
#include "provision/service.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "core/fold.h"
#include "provision/calendar_load.h"

#define PAGE_DEFAULT 100
#define PAGE_MAX 1000
#define ADDRESS_CHARS_MAX 254

gboolean api_invalid(GError **error, const char *name, const char *why)
{
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "%s: %s", name, why);
	return FALSE;
}

static gboolean is_clean(const char *text, gsize size)
{
	if (strlen(text) != size)
		return FALSE;
	for (const char *p = text; *p != '\0'; p = g_utf8_next_char(p))
		if (g_unichar_iscntrl(g_utf8_get_char(p)))
			return FALSE;
	return TRUE;
}

static const char *check_string(
	const json_t *value, const char *name, gsize max_chars, GError **error)
{
	const char *text = json_string_value(value);

	if (text == NULL) {
		api_invalid(error, name, "must be a string");
		return NULL;
	}
	if ((gsize)g_utf8_strlen(text, -1) > max_chars) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID,
			"%s: must have at most %" G_GSIZE_FORMAT " characters", name, max_chars);
		return NULL;
	}
	if (!is_clean(text, json_string_length(value))) {
		api_invalid(error, name, "must have no control characters");
		return NULL;
	}
	return text;
}

const char *api_string(const json_t *body, const char *name, gsize max_chars, GError **error)
{
	const json_t *value = json_object_get(body, name);
	const char *text;

	if (value == NULL || json_is_null(value)) {
		api_invalid(error, name, "is missing");
		return NULL;
	}
	text = check_string(value, name, max_chars, error);
	if (text == NULL || text_shows(text))
		return text;
	api_invalid(error, name, "must not be empty");
	return NULL;
}

gboolean api_string_optional(
	const json_t *body, const char *name, gsize max_chars, const char **text, GError **error)
{
	const json_t *value = json_object_get(body, name);

	*text = NULL;
	if (value == NULL || json_is_null(value))
		return TRUE;
	*text = check_string(value, name, max_chars, error);
	return *text != NULL;
}

gboolean api_date(const char *text, GError **error)
{
	guint year, month, day;

	if (g_regex_match_simple("^[0-9]{4}-[0-9]{2}-[0-9]{2}\\z", text, 0, 0) &&
		sscanf(text, "%4u-%2u-%2u", &year, &month, &day) == 3 &&
		g_date_valid_dmy((GDateDay)day, (GDateMonth)month, (GDateYear)year))
		return TRUE;
	return api_invalid(error, "date", "must be YYYY-MM-DD");
}

GTimeZone *service_zone(const Service *service)
{
	GTimeZone *zone = g_time_zone_new_identifier(
		settings_string(service->settings, "institution", "timezone"));

	return zone != NULL ? zone : g_time_zone_new_utc();
}

char *service_local(const Service *service, gint64 time_s, const char *format)
{
	g_autoptr(GTimeZone) zone = service_zone(service);
	g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(time_s);
	g_autoptr(GDateTime) local = g_date_time_to_timezone(utc, zone);

	return g_date_time_format(local, format);
}

gboolean service_term(const Service *service, CalendarMatter matter, gint64 time_s, guint days,
	CalendarTerm *term, GError **error)
{
	g_autoptr(GTimeZone) zone = service_zone(service);
	CalendarHours hours;

	return calendar_hours(service->settings, &hours, error) &&
	       (calendar_answer_term(service->calendar, matter, &hours, zone, time_s, days, term) ||
		       api_invalid(error, "calendar", "leaves no business day"));
}

char *service_day(const Service *service, gint64 time_s)
{
	return service_local(service, time_s, "%Y-%m-%d");
}

char *service_today(const Service *service)
{
	return service_day(service, service->now_s());
}

gboolean api_known(const json_t *body, GError **error, ...)
{
	g_autoptr(GHashTable) known = g_hash_table_new(g_str_hash, g_str_equal);
	const char *name;
	json_t *value;
	va_list names;

	if (body == NULL)
		return TRUE;
	va_start(names, error);
	while ((name = va_arg(names, const char *)) != NULL)
		g_hash_table_add(known, (gpointer)name);
	va_end(names);
	json_object_foreach((json_t *)body, name, value)
		if (!g_hash_table_contains(known, name))
			return api_invalid(error, name, "no such member");
	return TRUE;
}

gboolean api_page(const ApiRequest *request, guint *limit, const char **after, GError **error)
{
	const char *text = request->query(request->http, "limit");
	guint64 value = PAGE_DEFAULT;

	if (text != NULL && !g_ascii_string_to_unsigned(text, 10, 1, PAGE_MAX, &value, NULL))
		return api_invalid(error, "limit", "must be a number from 1 to 1000");
	*limit = (guint)value;
	*after = request->query(request->http, "after");
	return TRUE;
}

gboolean api_rows(const json_t *body, guint most, GError **error)
{
	const json_t *dry_run = json_object_get(body, "dry_run");
	const json_t *rows = json_object_get(body, "rows");

	if (dry_run != NULL && !json_is_boolean(dry_run))
		return api_invalid(error, "dry_run", "must be true or false");
	if (!json_is_array(rows))
		return api_invalid(error, "rows", "must be a list");
	if (json_array_size(rows) > most) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_TOO_LARGE, "rows: at most %u at once",
			most);
		return FALSE;
	}
	return TRUE;
}

static gboolean is_domain(const char *domain)
{
	gboolean label = FALSE, dot = FALSE;

	for (const char *p = domain; *p != '\0'; p++) {
		if (*p == '.') {
			if (!label || p[-1] == '-')
				return FALSE;
			dot = TRUE;
			label = FALSE;
		} else if (g_ascii_isalnum(*p) || (*p == '-' && label)) {
			label = TRUE;
		} else {
			return FALSE;
		}
	}
	return label && dot;
}

char *api_address(const char *text, const char *what, GError **error)
{
	const char *at = strrchr(text, '@');
	gboolean ok = at != NULL && at > text && strlen(text) <= ADDRESS_CHARS_MAX &&
		      at - text <= 64 && is_domain(at + 1);

	/* A dot-atom (RFC 5322 3.2.3); quoted local parts are no addresses of people. */
	for (const char *p = text; ok && p < at; p++)
		ok = g_ascii_isalnum(*p) || strchr("!#$%&'*+-/=?^_`{|}~.", *p) != NULL;
	if (!ok) {
		api_invalid(error, what, "must be an e-mail address");
		return NULL;
	}
	return g_ascii_strdown(text, -1);
}
