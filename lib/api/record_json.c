/*
 * Records as exact leaves and openings, and the form of times (record_json.h). jansson keeps the
 * order in which members are set, and its compact form is the same for the same members: that is
 * the leaf. Pure; safe in every thread.
 */
#include "api/record_json.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define LEAF_VERSION 1

/* jansson allocates by malloc; GLib's free belongs to GLib's memory. */
static char *dump_compact(json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT);
	char *copy = g_strdup(text);

	free(text);
	json_decref(json);
	return copy;
}

char *record_to_leaf(const Record *record)
{
	g_autofree char *time = time_to_rfc3339(record->time_s);
	json_t *leaf = json_object();

	json_object_set_new(leaf, "v", json_integer(LEAF_VERSION));
	json_object_set_new(leaf, "type", json_string(record->type));
	json_object_set_new(leaf, "id", json_string(record->id));
	json_object_set_new(leaf, "time", json_string(time));
	for (guint i = 0; i < record->fields->len; i++) {
		const RecordField *field = record->fields->pdata[i];
		g_autofree char *commitment = NULL;

		if (!field->personal) {
			json_object_set_new(leaf, field->name, json_string(field->value));
			continue;
		}
		commitment = record_commitment(field->salt, field->value);
		json_object_set_new(leaf, field->name, json_pack("{s:s}", "commit", commitment));
	}
	return dump_compact(leaf);
}

char *record_to_opening(const Record *record)
{
	json_t *opening = json_object();

	for (guint i = 0; i < record->fields->len; i++) {
		const RecordField *field = record->fields->pdata[i];

		if (field->personal)
			json_object_set_new(opening, field->name,
				json_pack("{s:s,s:s}", "salt", field->salt, "value", field->value));
	}
	if (json_object_size(opening) > 0)
		return dump_compact(opening);
	json_decref(opening);
	return NULL;
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

static gboolean opens(const char *leaf, const char *name, const json_t *opened)
{
	const char *salt = json_string_value(json_object_get(opened, "salt"));
	const char *value = json_string_value(json_object_get(opened, "value"));
	g_autofree char *commitment = NULL;

	if (salt == NULL || value == NULL || json_object_size(opened) != 2 ||
		strpbrk(name, "\"\\") != NULL)
		return FALSE;
	commitment = record_commitment(salt, value);
	return commitment != NULL && commits(leaf, name, commitment);
}

gboolean record_check_opening(const char *leaf, const char *opening, GError **error)
{
	json_auto_t *opening_json = json_loads(opening, JSON_REJECT_DUPLICATES, NULL);
	const char *name;
	json_t *opened;

	if (*leaf != '{' || !json_is_object(opening_json)) {
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED,
			"leaf or opening is not a JSON object");
		return FALSE;
	}
	json_object_foreach(opening_json, name, opened) {
		if (opens(leaf, name, opened))
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
