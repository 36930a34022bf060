/*
 * Re-encodes leaves that would not survive the way as they are: bytes over 127, lines over 998,
 * NUL, bare CR. Labels "8bit" and "binary" go too, since servers convert by label. Fails with
 * ACUSE_ERROR_INVALID where nothing may be encoded (headers of parts, attached messages, protected
 * parts). No shared state.
 */
#include "mime/rewrite.h"

#include <string.h>

#include "base/error.h"
#include "mime/codec.h"
#include "mime/header.h"
#include "mime/protection.h"
#include "mime/splice.h"

#define MAX_LINE 998 /* RFC 5322 2.1.1 */

static gboolean bytes_survive(const guint8 *bytes, gsize size)
{
	gsize line = 0;

	for (gsize i = 0; i < size; i++) {
		if (bytes[i] > 127 || bytes[i] == 0 ||
			(bytes[i] == '\r' && (i + 1 == size || bytes[i + 1] != '\n')))
			return FALSE;
		line = bytes[i] == '\n' ? 0 : line + (bytes[i] != '\r');
		if (line > MAX_LINE)
			return FALSE;
	}
	return TRUE;
}

static gboolean range_survives(const MailMessage *message, gsize start, gsize end)
{
	return end <= start || bytes_survive(message->body->data + start, end - start);
}

static gboolean invalid(GError **error, const char *what)
{
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "%s", what);
	return FALSE;
}

static gboolean is_under_protection(const MimePart *part)
{
	for (; part; part = part->parent)
		if (protection_covers(part))
			return TRUE;
	return FALSE;
}

static gboolean encode_leaf(
	LeafEdit *edit, const MailMessage *message, const char *eol, GError **error)
{
	const MimePart *part = edit->part;
	gboolean text =
		g_str_has_prefix(part->type, "text/") && codec_charset_extends_ascii(part->charset);

	edit->decoded = codec_decode(part->encoding, message->body->data + part->content,
		part->end - part->content, NULL);
	if (!edit->decoded)
		return invalid(error, "a part is not valid in its transfer encoding");
	edit->content = g_byte_array_new();
	if (text) {
		codec_append_qp(edit->content, edit->decoded->data, edit->decoded->len, eol);
	} else {
		g_autofree char *base64 =
			codec_base64(edit->decoded->data, edit->decoded->len, eol);

		g_byte_array_append(edit->content, (const guint8 *)base64, (guint)strlen(base64));
	}
	edit->encoding = text ? "quoted-printable" : "base64";
	return TRUE;
}

/* Whether every line of the part's header survives; raw UTF-8 in MIME's own fields is encoded by
 * the edit. */
static gboolean encode_header(LeafEdit *edit, const MailMessage *message)
{
	const MimePart *part = edit->part;

	for (guint i = 0; part->fields && i < part->fields->len; i++) {
		const PartField *field = &g_array_index(part->fields, PartField, i);
		g_autofree char *raw = NULL;
		char *value;

		if (range_survives(message, field->start, field->end))
			continue;
		if (g_ascii_strncasecmp(field->name, "Content-", 8) != 0 || part->malformed)
			return FALSE;
		raw = g_strndup((const char *)message->body->data + field->value,
			field->value_end - field->value);
		value = header_value_to_ascii(field->name, raw);
		if (!value)
			return FALSE;
		leaf_edit_set_value(edit, field, value);
	}
	return TRUE;
}

/* Adds the edit that the part needs, if any. */
static gboolean plan_part(const MailMessage *message, const MimePart *part, const char *eol,
	GPtrArray *edits, GError **error)
{
	g_autoptr(LeafEdit) edit = leaf_edit_new(part);
	gboolean survives =
		!mime_part_is_leaf(part) || range_survives(message, part->content, part->end);
	gboolean label = part->encoding == ENCODING_8BIT || part->encoding == ENCODING_BINARY;

	if (!encode_header(edit, message))
		return invalid(error, "a part's header has 8-bit bytes or a line that is too long");
	if (survives && !label && !edit->values)
		return TRUE;
	if (is_under_protection(part)) {
		if (survives && !edit->values)
			return TRUE;
		return invalid(error, "a signed part has 8-bit bytes or a line that is too long");
	}
	if (!survives && (g_str_has_prefix(part->type, "message/") || mime_part_is_multipart(part)))
		return invalid(error, "an attached message has 8-bit bytes that cannot be encoded");
	if (!survives && !encode_leaf(edit, message, eol, error))
		return FALSE;
	if (survives && label)
		edit->encoding = "7bit";
	g_ptr_array_add(edits, g_steal_pointer(&edit));
	return TRUE;
}

gboolean mime_to_7bit(MailMessage *message, GError **error)
{
	g_autoptr(MimePart) root = mime_part_scan(message, error);
	g_autoptr(MailMessage) after = NULL;
	g_autoptr(GPtrArray) parts = NULL;
	g_autoptr(GPtrArray) edits = g_ptr_array_new_with_free_func((GDestroyNotify)leaf_edit_free);
	const char *eol = mime_body_eol(message->body);
	Protection protection;

	if (!root)
		return FALSE;
	protection = protection_of(message, root);
	if (protection != PROTECTION_NONE)
		return range_survives(message, 0, message->body->len) ||
		       invalid(error, "the author's protected mail has 8-bit bytes or a line that "
				      "is too long");
	parts = mime_part_list(root);
	for (guint i = 0; i < parts->len; i++)
		if (!plan_part(message, g_ptr_array_index(parts, i), eol, edits, error))
			return FALSE;
	after = mail_message_copy(message);
	if (edits->len > 0 && !splice_apply(after, root, edits, error))
		return FALSE;
	if (!range_survives(after, 0, after->body->len))
		return invalid(error, "8-bit bytes or a long line stand between the parts");
	splice_take(message, g_steal_pointer(&after));
	return TRUE;
}
