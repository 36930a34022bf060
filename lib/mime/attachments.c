/*
 * attachments.h: leaves of the part tree as files. Names are read by GMime and once more by hand,
 * for readers do not agree on broken ones and a blocked name may hide in any of them. Fails only
 * over a limit of the scan. No shared state after mime_init.
 */
#include "mime/attachments.h"

#include <gmime/gmime.h>
#include <string.h>

#include "mime/codec.h"
#include "mime/facts.h"
#include "mime/header.h"
#include "mime/part.h"
#include "mime/uuencode.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeParamList, g_object_unref)

/* The end of it counts: that is where the extension stands. */
static void add_name(GPtrArray *names, const char *raw)
{
	gboolean sure;
	g_autofree char *decoded = header_decode(raw, &sure), *name = NULL;
	gsize size = strlen(decoded);
	const char *from =
		size > MIME_MAX_NAME_BYTES ? decoded + size - MIME_MAX_NAME_BYTES : decoded;

	name = g_strstrip(g_utf8_make_valid(from, -1));
	if (name[0] != '\0' && !g_ptr_array_find_with_equal_func(names, name, g_str_equal, NULL))
		g_ptr_array_add(names, g_steal_pointer(&name));
}

/* By the grammar (RFC 2231). */
static void add_parameters(GPtrArray *names, const char *value)
{
	const char *semicolon = strchr(value, ';');
	g_autoptr(GMimeParamList) list = NULL;

	if (semicolon == NULL || strlen(value) > MIME_MAX_VALUE_BYTES ||
		header_count_parameters(value) > MIME_MAX_PARAMETERS)
		return;
	list = g_mime_param_list_parse(NULL, semicolon + 1);
	for (int i = 0; list != NULL && i < g_mime_param_list_length(list); i++) {
		GMimeParam *param = g_mime_param_list_get_parameter_at(list, i);
		const char *name = g_mime_param_get_name(param),
			   *text = g_mime_param_get_value(param);

		if (text != NULL && (g_ascii_strcasecmp(name, "filename") == 0 ||
					    g_ascii_strcasecmp(name, "name") == 0))
			add_name(names, text);
	}
}

/* Whatever stands behind "name=", up to the next quote or semicolon and up to the end. */
static void add_by_hand(GPtrArray *names, const char *value)
{
	g_autofree char *lower = g_ascii_strdown(value, -1);

	for (const char *at = strstr(lower, "name="); at != NULL; at = strstr(at + 1, "name=")) {
		const char *from = value + (at - lower) + 5;
		gboolean quoted = *from == '"';
		g_autofree char *word = NULL;

		from += quoted;
		word = g_strndup(from, strcspn(from, quoted ? "\"" : ";"));
		add_name(names, word);
		if (names->len > MIME_MAX_PARAMETERS)
			return;
	}
}

static void read_names(GPtrArray *names, const char *raw)
{
	g_autofree char *value = header_unfold(raw);

	if (strcasestr(value, "name") == NULL)
		return;
	/* GMime cuts encoded words (FACTS 17a). */
	if (strstr(value, "=?") != NULL)
		add_by_hand(names, value);
	add_parameters(names, value);
	add_by_hand(names, value);
}

/* Of each field of that name: readers take the first, the last, or none. */
static void read_fields(
	GPtrArray *names, const MailMessage *message, const MimePart *part, const char *wanted)
{
	for (guint i = 0; part->fields == NULL && i < message->fields->len; i++) {
		const MailField *field = g_ptr_array_index(message->fields, i);

		if (g_ascii_strcasecmp(field->name, wanted) == 0)
			read_names(names, field->value);
	}
	for (guint i = 0; part->fields != NULL && i < part->fields->len; i++) {
		const PartField *field = &g_array_index(part->fields, PartField, i);
		g_autofree char *raw = NULL;

		if (g_ascii_strcasecmp(field->name, wanted) != 0)
			continue;
		raw = g_strndup((const char *)message->body->data + field->value,
			field->value_end - field->value);
		read_names(names, raw);
	}
}

static GPtrArray *names_of(const MailMessage *message, const MimePart *part)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);

	read_fields(names, message, part, "Content-Disposition");
	read_fields(names, message, part, "Content-Type");
	if (part->name != NULL)
		add_name(names, part->name);
	return names;
}

static gboolean has_ancestor(const MimePart *part, const char *type)
{
	for (const MimePart *up = part->parent; up != NULL; up = up->parent)
		if (strcmp(up->type, type) == 0)
			return TRUE;
	return FALSE;
}

/* A file out of it would be missing where it is shown: in the text, or as another form of it. */
static gboolean is_embedded(const MimePart *part)
{
	return has_ancestor(part, "multipart/related") ||
	       (part->parent != NULL && strcmp(part->parent->type, "multipart/alternative") == 0);
}

static gboolean is_file(const MimePart *part)
{
	if (!mime_part_is_leaf(part))
		return FALSE;
	return part->attachment || part->malformed || part->encoding == ENCODING_UNKNOWN ||
	       (strcmp(part->type, "text/plain") != 0 && strcmp(part->type, "text/html") != 0);
}

static AttachmentFacts *describe(const MailMessage *message, const MimePart *part, guint number)
{
	AttachmentFacts *attachment = attachment_facts_new();
	GPtrArray *names = names_of(message, part);

	g_ptr_array_add(names, NULL);
	attachment->names = (char **)g_ptr_array_free(names, FALSE);
	attachment->part = number;
	attachment->type = g_utf8_make_valid(part->type, -1);
	attachment->offset = part->content;
	attachment->encoded_bytes = part->end - part->content;
	attachment->encoding = part->encoding;
	attachment->embedded = is_embedded(part);
	attachment->nested = has_ancestor(part, "message/rfc822");
	return attachment;
}

/* Readers make attachments of what is uuencoded in a text. */
static gboolean holds_files(const MailMessage *message, const AttachmentFacts *text)
{
	g_autoptr(GByteArray) bytes = mime_attachment_bytes(message, text, G_MAXSIZE);
	gsize at = 0;
	g_autoptr(UuFile) file = uuencode_next(bytes->data, bytes->len, &at);

	return file != NULL;
}

void attachments_list(const MailMessage *message, MimePart *root, GPtrArray *attachments)
{
	g_autoptr(GPtrArray) parts = mime_part_list(root);

	for (guint i = 0; i < parts->len; i++) {
		const MimePart *part = g_ptr_array_index(parts, i);
		gboolean text = strcmp(part->type, "text/plain") == 0 && !is_file(part);
		g_autoptr(AttachmentFacts) found = NULL;

		if (!text && !is_file(part))
			continue;
		found = describe(message, part, i);
		if (text && !holds_files(message, found))
			continue;
		found->embedded |= text;
		g_ptr_array_add(attachments, g_steal_pointer(&found));
	}
}

gboolean mime_attachments(const MailMessage *message, GPtrArray *attachments, GError **error)
{
	g_autoptr(MimePart) root = mime_part_scan(message, error);

	if (root == NULL)
		return FALSE;
	attachments_list(message, root, attachments);
	return TRUE;
}

/* g_base64_decode_step() passes over padding inside and over foreign bytes. */
static GByteArray *decode_base64(const guint8 *bytes, gsize size)
{
	GByteArray *out = g_byte_array_sized_new((guint)(size / 4 * 3 + 6));
	gint state = 0;
	guint save = 0;

	out->len = (guint)g_base64_decode_step((const char *)bytes, size, out->data, &state, &save);
	return out;
}

GByteArray *mime_attachment_bytes(
	const MailMessage *message, const AttachmentFacts *attachment, gsize max_bytes)
{
	const guint8 *bytes = message->body->data + attachment->offset;
	gsize size = attachment->encoded_bytes;
	GByteArray *out;

	/* Line ends, soft breaks and escapes: three bytes for one, and some. */
	if (max_bytes < G_MAXSIZE / 8)
		size = MIN(size, max_bytes * 4 + 1024);
	if (attachment->encoding == ENCODING_BASE64)
		return decode_base64(bytes, size);
	if (attachment->encoding == ENCODING_QP && size > 0)
		return codec_decode(ENCODING_QP, bytes, size, NULL);
	out = g_byte_array_sized_new((guint)size);
	if (size > 0)
		g_byte_array_append(out, bytes, (guint)size);
	return out;
}

GByteArray *mime_attachment_exact(const MailMessage *message, const AttachmentFacts *attachment)
{
	if (attachment->encoded_bytes == 0)
		return g_byte_array_new();
	return codec_decode(attachment->encoding, message->body->data + attachment->offset,
		attachment->encoded_bytes, NULL);
}
