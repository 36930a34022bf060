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
#include "mime/encode.h"
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

/* A text's lines as servers and readers may alter them: blanks at the end, "From " at the
 * beginning. */
static gboolean lines_survive(const guint8 *bytes, gsize size)
{
	for (gsize i = 0; i < size; i++) {
		gboolean begins = i == 0 || bytes[i - 1] == '\n';

		if (begins && bytes[i] == 'F' && size - i >= 5 &&
			memcmp(bytes + i, "From ", 5) == 0)
			return FALSE;
		if ((bytes[i] == ' ' || bytes[i] == '\t') &&
			(i + 1 == size || bytes[i + 1] == '\r' || bytes[i + 1] == '\n'))
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

/* What has no form of its own but its lines can be encoded; the others have readers that decode
 * nothing. */
static gboolean content_survives(const MailMessage *message, const MimePart *part)
{
	if (part->end <= part->content)
		return TRUE;
	if (!bytes_survive(message->body->data + part->content, part->end - part->content))
		return FALSE;
	return part->malformed || mime_part_is_multipart(part) ||
	       g_str_has_prefix(part->type, "message/") ||
	       lines_survive(message->body->data + part->content, part->end - part->content);
}

static gboolean encode_leaf(LeafEdit *edit, const MailMessage *message, GError **error)
{
	const MimePart *part = edit->part;
	gboolean text =
		g_str_has_prefix(part->type, "text/") && codec_charset_extends_ascii(part->charset);

	if (part->encoding > ENCODING_BINARY) {
		edit->decoded = codec_decode(part->encoding, message->body->data + part->content,
			part->end - part->content, NULL);
		if (!edit->decoded)
			return invalid(error, "a part is not valid in its transfer encoding");
	}
	edit->encode = text ? ENCODING_QP : ENCODING_BASE64;
	edit->encoding = text ? "quoted-printable" : "base64";
	return TRUE;
}

/* The value folded anew, in ASCII, as it stands behind "Name: "; NULL when that cannot be. */
static char *survivable_value(
	const char *name, const char *raw, const char *charset, const char *eol)
{
	g_autofree char *value = encode_field(name, raw, charset);
	g_autoptr(GString) line = g_string_new(NULL);
	gsize head = strlen(name) + 2, tail = strlen(eol);

	if (!value)
		return NULL;
	encode_append_folded(line, name, value, eol);
	if (line->len < head + tail)
		return NULL;
	return g_strndup(line->str + head, line->len - head - tail);
}

/* Whether every line of the part's header survives once the edit is done. */
static gboolean encode_header(LeafEdit *edit, const MailMessage *message, const char *eol)
{
	const MimePart *part = edit->part;

	for (guint i = 0; part->fields && i < part->fields->len; i++) {
		const PartField *field = &g_array_index(part->fields, PartField, i);
		g_autofree char *raw = NULL;
		char *value;

		if (range_survives(message, field->start, field->end))
			continue;
		if (part->malformed)
			return FALSE;
		raw = g_strndup((const char *)message->body->data + field->value,
			field->value_end - field->value);
		value = survivable_value(field->name, raw, part->charset, eol);
		if (!value)
			return FALSE;
		leaf_edit_set_value(edit, field, value);
	}
	return TRUE;
}

/* The charset of the text that the reader sees first: what a careless client wrote its header in.
 */
static const char *likely_charset(const MimePart *part)
{
	while (!part->charset && part->children->len > 0)
		part = g_ptr_array_index(part->children, 0);
	return part->charset;
}

static gboolean is_covered(const char *name)
{
	static const char *const signed_fields[] = {
		"From", "To", "Cc", "Subject", "Date", "Message-ID"};

	for (size_t i = 0; i < G_N_ELEMENTS(signed_fields); i++)
		if (g_ascii_strcasecmp(name, signed_fields[i]) == 0)
			return TRUE;
	return g_ascii_strncasecmp(name, "Content-", 8) == 0;
}

/*
 * The fields in ASCII: the message's own that the signature covers, and those of MIME. NULL, at its
 * index, for one that stays; no array when one cannot be.
 */
static GPtrArray *plan_fields(const MailMessage *message, const MimePart *root)
{
	g_autoptr(GPtrArray) values = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < message->fields->len; i++) {
		const MailField *field = g_ptr_array_index(message->fields, i);
		char *value = NULL;

		if (is_covered(field->name) &&
			!bytes_survive((const guint8 *)field->value, strlen(field->value))) {
			value = survivable_value(
				field->name, field->value, likely_charset(root), "\n");
			if (!value)
				return NULL;
		}
		g_ptr_array_add(values, value);
	}
	return g_steal_pointer(&values);
}

/* After the body's edits, which may have added fields behind these, or changed one of MIME. */
static void set_fields(MailMessage *message, GPtrArray *values)
{
	for (guint i = 0; i < values->len; i++) {
		MailField *field = g_ptr_array_index(message->fields, i);
		const char *value = g_ptr_array_index(values, i);

		if (!value || bytes_survive((const guint8 *)field->value, strlen(field->value)))
			continue;
		g_free(field->value);
		field->value = g_strconcat(" ", value, NULL);
	}
}

typedef gboolean (*GapFunc)(guint8 *bytes, gsize size);

/* What stands between and around the parts, which no reader shows. Stops at the first FALSE. */
static gboolean each_gap(MailMessage *message, MimePart *root, GapFunc func)
{
	g_autoptr(GPtrArray) parts = mime_part_list(root);
	gsize pos = mime_part_is_leaf(root) ? message->body->len : root->content;

	for (guint i = 1; i <= parts->len; i++) {
		const MimePart *part = i < parts->len ? g_ptr_array_index(parts, i) : NULL;
		gsize start = part ? part->start : message->body->len;

		if (start > pos && !func(message->body->data + pos, start - pos))
			return FALSE;
		if (part)
			pos = MAX(pos, mime_part_is_leaf(part) ? part->end : part->content);
	}
	return TRUE;
}

/* Letters there become '?'. */
static gboolean mask_gap(guint8 *bytes, gsize size)
{
	for (gsize i = 0; i < size; i++)
		if (bytes[i] > 127 || bytes[i] == 0)
			bytes[i] = '?';
	return TRUE;
}

/* Whether that would be enough. */
static gboolean gap_survives(guint8 *bytes, gsize size)
{
	g_autofree guint8 *copy = g_memdup2(bytes, size);

	return mask_gap(copy, size) && bytes_survive(copy, size);
}

/* Adds the edit that the part needs, if any. */
static gboolean plan_part(const MailMessage *message, const MimePart *part, const char *eol,
	GPtrArray *edits, GError **error)
{
	g_autoptr(LeafEdit) edit = leaf_edit_new(part);
	gboolean survives = !mime_part_is_leaf(part) || content_survives(message, part);
	gboolean label = part->encoding == ENCODING_8BIT || part->encoding == ENCODING_BINARY;

	if (!encode_header(edit, message, eol))
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
	if (!survives && !encode_leaf(edit, message, error))
		return FALSE;
	if (survives && label)
		edit->encoding = "7bit";
	g_ptr_array_add(edits, g_steal_pointer(&edit));
	return TRUE;
}

/* Letters that became '?' may make a line a boundary: then the tree is another. */
static gboolean clear_gaps(MailMessage *message, GError **error)
{
	g_autoptr(MimePart) root = mime_part_scan(message, error), after = NULL;
	g_autoptr(GPtrArray) parts = NULL, parts_after = NULL;

	if (!root)
		return FALSE;
	each_gap(message, root, mask_gap);
	after = mime_part_scan(message, error);
	if (!after)
		return FALSE;
	parts = mime_part_list(root);
	parts_after = mime_part_list(after);
	if (parts->len == parts_after->len && range_survives(message, 0, message->body->len))
		return TRUE;
	g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED,
		"what stands between the parts cannot be made 7-bit");
	return FALSE;
}

gboolean mime_to_7bit(MailMessage *message, GError **error)
{
	g_autoptr(MimePart) root = mime_part_scan(message, error);
	g_autoptr(GPtrArray) parts = NULL, values = NULL;
	g_autoptr(GPtrArray) edits = g_ptr_array_new_with_free_func((GDestroyNotify)leaf_edit_free);
	const char *eol = mime_body_eol(message->body);

	if (!root)
		return FALSE;
	if (protection_of(message, root) != PROTECTION_NONE)
		return range_survives(message, 0, message->body->len) ||
		       invalid(error, "the author's protected mail has 8-bit bytes or a line that "
				      "is too long");
	parts = mime_part_list(root);
	for (guint i = 0; i < parts->len; i++)
		if (!plan_part(message, g_ptr_array_index(parts, i), eol, edits, error))
			return FALSE;
	if (!each_gap(message, root, gap_survives))
		return invalid(error, "8-bit bytes or a long line stand between the parts");
	values = plan_fields(message, root);
	if (!values)
		return invalid(error, "a field has 8-bit bytes or a line that is too long");
	if (edits->len > 0 && !splice_apply(message, root, edits, error))
		return FALSE;
	set_fields(message, values);
	return range_survives(message, 0, message->body->len) || clear_gaps(message, error);
}
