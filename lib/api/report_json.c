/*
 * Facts of a report as JSON and back (record_json.h). Writing cuts what is over a limit (the
 * report's own bytes are kept as a blob), so that what one side writes the other takes; reading is
 * strict. Pure; safe in every thread.
 */
#include "api/record_json.h"

#include <stddef.h>
#include <string.h>

#include "base/error.h"
#include "base/hex.h"

#define MAX_STRING_BYTES (256 * 1024)
#define MAX_REFERENCES 10000
#define MAX_RECIPIENTS 10000

typedef struct {
	const char *name;
	gsize offset;
} StringMember;

#define R(member)                                                                                  \
	{                                                                                          \
#member, offsetof(ReportFacts, member)                                             \
	}
static const StringMember report_members[] = {
	R(client_address),
	R(queue_id),
	R(token),
	R(envelope_sender),
	R(from),
	R(authentication_results),
	R(message_id),
	R(date),
	R(written),
	R(addressed),
	R(envid),
	R(postfix_queue_id),
	R(reporting_mta),
	R(original_message_id),
	R(disposition),
	R(original_sha256),
};
#undef R

#define R(member)                                                                                  \
	{                                                                                          \
#member, offsetof(ReportRecipient, member)                                         \
	}
static const StringMember recipient_members[] = {
	R(final_recipient),
	R(original_recipient),
	R(action),
	R(status),
	R(diagnostic),
	R(remote_mta),
};
#undef R

static json_t *make_string(const char *value)
{
	g_autofree char *valid = g_utf8_make_valid(value, -1);
	gsize size = strlen(valid);

	if (size > MAX_STRING_BYTES) {
		size = MAX_STRING_BYTES;
		while ((valid[size] & 0xc0) == 0x80)
			size--;
	}
	return json_stringn(valid, size);
}

static void write_strings(
	json_t *json, const void *structure, const StringMember *members, gsize count)
{
	for (gsize i = 0; i < count; i++) {
		const char *value = G_STRUCT_MEMBER(const char *, structure, members[i].offset);

		if (value != NULL)
			json_object_set_new(json, members[i].name, make_string(value));
	}
}

json_t *report_facts_to_json(const ReportFacts *report)
{
	json_t *json = json_object(), *recipients = json_array(), *references = json_array();

	json_object_set_new(json, "kind", json_string(report_kind_name(report->kind)));
	json_object_set_new(json, "stream", json_string(stream_name(report->stream)));
	write_strings(json, report, report_members, G_N_ELEMENTS(report_members));
	for (guint i = 0;
		report->references != NULL && report->references[i] != NULL && i < MAX_REFERENCES;
		i++)
		json_array_append_new(references, make_string(report->references[i]));
	json_object_set_new(json, "references", references);
	for (guint i = 0; i < report->recipients->len && i < MAX_RECIPIENTS; i++) {
		json_t *recipient = json_object();

		write_strings(recipient, report->recipients->pdata[i], recipient_members,
			G_N_ELEMENTS(recipient_members));
		json_array_append_new(recipients, recipient);
	}
	json_object_set_new(json, "recipients", recipients);
	return json;
}

static gboolean refuse(GError **error, const char *name, const char *reason)
{
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "%s: %s", name, reason);
	return FALSE;
}

static gboolean read_string(const json_t *value, const char *name, char **out, GError **error)
{
	if (!json_is_string(value))
		return refuse(error, name, "must be a string");
	if (json_string_length(value) > MAX_STRING_BYTES)
		return refuse(error, name, "is too long");
	*out = g_strdup(json_string_value(value));
	return TRUE;
}

/* Takes one member into the structure; *known tells whether the name is in the table. null: stays
 * NULL. */
static gboolean read_member(const char *name, const json_t *value, gpointer structure,
	const StringMember *members, gsize count, gboolean *known, GError **error)
{
	*known = FALSE;
	for (gsize i = 0; i < count; i++) {
		if (strcmp(name, members[i].name) != 0)
			continue;
		*known = TRUE;
		if (json_is_null(value))
			return TRUE;
		return read_string(
			value, name, &G_STRUCT_MEMBER(char *, structure, members[i].offset), error);
	}
	return TRUE;
}

static gboolean read_references(const json_t *value, ReportFacts *report, GError **error)
{
	gsize count = json_array_size(value);

	if (json_is_null(value))
		return TRUE;
	if (!json_is_array(value) || count > MAX_REFERENCES)
		return refuse(error, "references", "must be a list of at most 10000 strings");
	report->references = g_new0(char *, count + 1);
	for (gsize i = 0; i < count; i++) {
		if (!read_string(
			    json_array_get(value, i), "references", &report->references[i], error))
			return FALSE;
	}
	return TRUE;
}

static gboolean read_recipient(const json_t *json, ReportFacts *report, GError **error)
{
	ReportRecipient *recipient = report_recipient_new();
	const char *name;
	json_t *value;

	g_ptr_array_add(report->recipients, recipient);
	if (!json_is_object(json))
		return refuse(error, "recipients", "must be a list of objects");
	json_object_foreach((json_t *)json, name, value) {
		gboolean known;

		if (!read_member(name, value, recipient, recipient_members,
			    G_N_ELEMENTS(recipient_members), &known, error))
			return FALSE;
		if (!known)
			return refuse(error, name, "unknown member of a recipient");
	}
	return TRUE;
}

static gboolean read_recipients(const json_t *value, ReportFacts *report, GError **error)
{
	if (!json_is_array(value) || json_array_size(value) > MAX_RECIPIENTS)
		return refuse(error, "recipients", "must be a list of at most 10000 objects");
	for (gsize i = 0; i < json_array_size(value); i++) {
		if (!read_recipient(json_array_get(value, i), report, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean read_words(
	const char *name, const json_t *value, ReportFacts *report, gboolean *known, GError **error)
{
	const char *word = json_string_value(value);

	*known = TRUE;
	if (strcmp(name, "kind") == 0)
		return report_kind_parse(word, &report->kind) ||
		       refuse(error, name, "unknown kind");
	if (strcmp(name, "stream") == 0) {
		report->stream = stream_parse(word);
		return (report->stream != STREAM_UNKNOWN ||
			       g_strcmp0(word, stream_name(STREAM_UNKNOWN)) == 0) ||
		       refuse(error, name, "unknown stream");
	}
	*known = FALSE;
	return TRUE;
}

static gboolean read_report_member(
	const char *name, const json_t *value, ReportFacts *report, GError **error)
{
	gboolean known;

	if (strcmp(name, "references") == 0)
		return read_references(value, report, error);
	if (strcmp(name, "recipients") == 0)
		return read_recipients(value, report, error);
	if (!read_words(name, value, report, &known, error))
		return FALSE;
	if (known)
		return TRUE;
	if (!read_member(name, value, report, report_members, G_N_ELEMENTS(report_members), &known,
		    error))
		return FALSE;
	return known || refuse(error, name, "unknown member");
}

ReportFacts *report_facts_from_json(const json_t *json, GError **error)
{
	g_autoptr(ReportFacts) report = report_facts_new();
	const char *name;
	json_t *value;

	if (!json_is_object(json)) {
		refuse(error, "report", "must be an object");
		return NULL;
	}
	json_object_foreach((json_t *)json, name, value) {
		if (!read_report_member(name, value, report, error))
			return NULL;
	}
	if (json_object_get(json, "kind") == NULL || json_object_get(json, "stream") == NULL) {
		refuse(error, "report", "kind and stream are needed");
		return NULL;
	}
	if (report->original_sha256 != NULL && !hex_is_sha256(report->original_sha256)) {
		refuse(error, "original_sha256", "must be 64 hexadecimal digits in lower case");
		return NULL;
	}
	return g_steal_pointer(&report);
}
