/*
 * Records as exact leaves and openings, and the form of times (record_json.h): the compact form of
 * jansson, members in the order in which they were added. Pure; safe in every thread.
 */
#include "api/record_json.h"

#include <stdlib.h>
#include <string.h>

#include "api/json_scan.h"
#include "base/error.h"

#define LEAF_VERSION 1
#define ROOM_BYTES 1024

static gboolean text_is_plain(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~' || *text == '"' || *text == '\\')
			return FALSE;
	return TRUE;
}

/*
 * A JSON string as jansson writes it. Most are plain, and a leaf is made in the committer's thread:
 * building an object of values first takes several times as long as all of the rest.
 */
static void append_string(GString *out, const char *text)
{
	g_autofree char *valid = NULL;
	json_auto_t *value = NULL;
	char *encoded;

	if (text_is_plain(text)) {
		g_string_append_c(out, '"');
		g_string_append(out, text);
		g_string_append_c(out, '"');
		return;
	}
	valid = g_utf8_make_valid(text, -1);
	value = json_string(valid);
	encoded = json_dumps(value, JSON_ENCODE_ANY);
	g_string_append(out, encoded);
	free(encoded);
}

static void append_member(GString *out, const char *name, const char *value)
{
	g_string_append_c(out, ',');
	append_string(out, name);
	g_string_append_c(out, ':');
	append_string(out, value);
}

char *record_to_leaf(const Record *record)
{
	g_autofree char *time = time_to_rfc3339(record->time_s);
	GString *leaf = g_string_sized_new(ROOM_BYTES);

	g_string_append(leaf, "{\"v\":" G_STRINGIFY(LEAF_VERSION));
	append_member(leaf, "type", record->type);
	append_member(leaf, "id", record->id);
	append_member(leaf, "time", time);
	for (guint i = 0; i < record->fields->len; i++) {
		const RecordField *field = record->fields->pdata[i];
		g_autofree char *commitment = NULL;

		if (!field->personal) {
			append_member(leaf, field->name, field->value);
			continue;
		}
		commitment = record_commitment(field->salt, field->value);
		g_string_append_c(leaf, ',');
		append_string(leaf, field->name);
		g_string_append_printf(leaf, ":{\"commit\":\"%s\"}", commitment);
	}
	g_string_append_c(leaf, '}');
	return g_string_free(leaf, FALSE);
}

char *record_to_opening(const Record *record)
{
	g_autoptr(GString) opening = g_string_sized_new(ROOM_BYTES);

	for (guint i = 0; i < record->fields->len; i++) {
		const RecordField *field = record->fields->pdata[i];

		if (!field->personal)
			continue;
		g_string_append_c(opening, opening->len == 0 ? '{' : ',');
		append_string(opening, field->name);
		g_string_append_printf(opening, ":{\"salt\":\"%s\"", field->salt);
		append_member(opening, "value", field->value);
		g_string_append_c(opening, '}');
	}
	if (opening->len == 0)
		return NULL;
	g_string_append_c(opening, '}');
	return g_strdup(opening->str);
}

/*
 * Whether the leaf commits this field to this, once. A leaf is exact compact JSON, and in a string
 * of JSON every quote has a backslash before it, so these bytes cannot stand in a value; to parse
 * the leaf would be half the time of checking a ledger.
 */
static gboolean commits(const char *leaf, const char *name, const char *commitment)
{
	g_autofree char *member = g_strdup_printf(",\"%s\":", name);
	g_autofree char *expected = g_strdup_printf("{\"commit\":\"%s\"}", commitment);
	const char *found = strstr(leaf, member);

	return found != NULL && g_str_has_prefix(found + strlen(member), expected) &&
	       strstr(found + 1, member) == NULL;
}

static gboolean opens(const char *leaf, const char *name, const char *salt, const char *value)
{
	g_autofree char *commitment = NULL;

	if (name == NULL || salt == NULL || value == NULL || strpbrk(name, "\"\\") != NULL)
		return FALSE;
	commitment = record_commitment(salt, value);
	return commitment != NULL && commits(leaf, name, commitment);
}

/* Whether the opening has the form that record_to_opening gives it and opens the leaf; spoils it.
 */
static gboolean scan_opens(const char *leaf, char *at)
{
	if (!json_scan_literal(&at, "{"))
		return FALSE;
	do {
		const char *name = json_scan_string(&at), *salt = NULL, *value = NULL;

		if (name != NULL && json_scan_literal(&at, ":{\"salt\":"))
			salt = json_scan_string(&at);
		if (salt != NULL && json_scan_literal(&at, ",\"value\":"))
			value = json_scan_string(&at);
		if (!opens(leaf, name, salt, value) || !json_scan_literal(&at, "}"))
			return FALSE;
	} while (json_scan_literal(&at, ","));
	return json_scan_literal(&at, "}") && *at == '\0';
}

gboolean record_check_opening(const char *leaf, const char *opening, GError **error)
{
	g_autofree char *copy = g_strdup(opening);
	json_auto_t *opening_json = NULL;
	const char *name;
	json_t *opened;

	if (*leaf == '{' && scan_opens(leaf, copy))
		return TRUE;
	opening_json = json_loads(opening, JSON_REJECT_DUPLICATES, NULL);
	if (*leaf != '{' || !json_is_object(opening_json)) {
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED,
			"leaf or opening is not a JSON object");
		return FALSE;
	}
	json_object_foreach(opening_json, name, opened) {
		if (json_object_size(opened) == 2 &&
			opens(leaf, name, json_string_value(json_object_get(opened, "salt")),
				json_string_value(json_object_get(opened, "value"))))
			continue;
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED,
			"field %s does not match its commitment", name);
		return FALSE;
	}
	return TRUE;
}

char *time_to_rfc3339(gint64 time_s)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(time_s);

	g_return_val_if_fail(time != NULL, NULL);
	return g_strdup_printf("%04d-%02d-%02dT%02d:%02d:%02dZ", g_date_time_get_year(time),
		g_date_time_get_month(time), g_date_time_get_day_of_month(time),
		g_date_time_get_hour(time), g_date_time_get_minute(time),
		g_date_time_get_second(time));
}

gboolean time_from_rfc3339(const char *text, gint64 *time_s)
{
	static const char form[] = "dddd-dd-ddTdd:dd:ddZ";
	g_autoptr(GDateTime) time = NULL;

	if (text == NULL || strlen(text) != strlen(form))
		return FALSE;
	for (guint i = 0; form[i] != '\0'; i++) {
		if (form[i] == 'd' ? !g_ascii_isdigit(text[i]) : text[i] != form[i])
			return FALSE;
	}
	/* Refuses days that do not exist. */
	time = g_date_time_new_utc(atoi(text), atoi(text + 5), atoi(text + 8), atoi(text + 11),
		atoi(text + 14), atoi(text + 17));
	if (time == NULL)
		return FALSE;
	*time_s = g_date_time_to_unix(time);
	return TRUE;
}
