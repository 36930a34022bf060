/*
 * Re-encodes leaves that would not survive the way as they are: bytes over 127, lines over 998,
 * NUL, bare CR. Labels "8bit" and "binary" go too, since servers convert by label, and so do
 * preambles and epilogues. Fails with ACUSE_ERROR_UNSIGNABLE where nothing may be encoded: RFC 2046
 * 5.2.1 and RFC 3464 2.1 allow attached messages and reports no encoding of their own (the leaves
 * of an attached message have theirs), and protected parts are their author's. No shared state.
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

static gboolean unsignable(GError **error, const char *what)
{
	g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_UNSIGNABLE, what);
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
	const guint8 *bytes = message->body->data + part->content;
	gsize size = part->end - part->content;
	gboolean text =
		g_str_has_prefix(part->type, "text/") && codec_charset_extends_ascii(part->charset);

	if (part->encoding > ENCODING_BINARY) {
		edit->decoded = codec_decode(part->encoding, bytes, size, NULL);
		if (!edit->decoded)
			return unsignable(error, "a part is not valid in its transfer encoding");
		bytes = edit->decoded->data;
		size = edit->decoded->len;
	}
	text = text && !codec_text_wants_base64(bytes, size);
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
static GPtrArray *plan_fields(const MailMessage *message, const MimePart *root, GError **error)
{
	g_autoptr(GPtrArray) values = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < message->fields->len; i++) {
		const MailField *field = g_ptr_array_index(message->fields, i);
		char *value = NULL;

		if (is_covered(field->name) &&
			!bytes_survive((const guint8 *)field->value, strlen(field->value))) {
			value = survivable_value(
				field->name, field->value, likely_charset(root), "\n");
			if (!value) {
				g_set_error(error, ACUSE_ERROR,
					encode_is_address(field->name) ? ACUSE_ERROR_ADDRESS_8BIT
								       : ACUSE_ERROR_UNSIGNABLE,
					"the field %s has 8-bit bytes that cannot be encoded, or "
					"a line that is too long",
					field->name);
				return NULL;
			}
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

static gboolean is_in_attached_message(const MimePart *part)
{
	for (; part; part = part->parent)
		if (strcmp(part->type, "message/rfc822") == 0)
			return TRUE;
	return FALSE;
}

/*
 * Drops what no reader shows: servers and other people's software may. In an attached message,
 * which may carry proofs of its own, only when it would not survive.
 */
static void drop_range(LeafEdit *edit, const MailMessage *message, gsize start, gsize end)
{
	const ByteRange range = {start, end};
	gboolean blank = TRUE;

	for (gsize i = start; i < end && blank; i++)
		blank = g_ascii_isspace(message->body->data[i]);
	if (end <= start || (blank && range_survives(message, start, end)) ||
		(is_in_attached_message(edit->part) && range_survives(message, start, end)))
		return;
	if (!edit->dropped)
		edit->dropped = g_array_new(FALSE, FALSE, sizeof(ByteRange));
	g_array_append_val(edit->dropped, range);
}

/* The end of the closing boundary behind the last child; the multipart's end when there is none. */
static gsize closing_end(const MailMessage *message, const MimePart *part, const MimePart *last)
{
	g_autofree char *closing = g_strdup_printf("--%s--", part->boundary);
	const guint8 *data = message->body->data;
	gsize at = last->end;

	if (at < part->end && data[at] == '\r')
		at++;
	if (at < part->end && data[at] == '\n')
		at++;
	if (part->end - at < strlen(closing) || memcmp(data + at, closing, strlen(closing)) != 0)
		return part->end;
	at += strlen(closing);
	while (at < part->end && (data[at] == ' ' || data[at] == '\t'))
		at++;
	/* The line end of the message's last boundary stays. */
	if (!part->parent && at < part->end) {
		const guint8 *lf = memchr(data + at, '\n', part->end - at);

		at = lf ? (gsize)(lf - data) + 1 : part->end;
	}
	return at;
}

static void drop_around(LeafEdit *edit, const MailMessage *message)
{
	const MimePart *part = edit->part;
	const MimePart *first = g_ptr_array_index(part->children, 0);
	const MimePart *last = g_ptr_array_index(part->children, part->children->len - 1);
	gsize line = first->start - 1;

	while (line > part->content && message->body->data[line - 1] != '\n')
		line--;
	drop_range(edit, message, part->content, line);
	drop_range(edit, message, closing_end(message, part, last), part->end);
}

/* Types that have no encoding of their own: message/rfc822 and the reports; those of RFC 6532 and
 * 6533 may. */
static gboolean may_be_encoded(const MimePart *part)
{
	return !mime_part_is_multipart(part) &&
	       (!g_str_has_prefix(part->type, "message/") ||
		       g_str_has_prefix(part->type, "message/global"));
}

/* Adds the edit that the part needs, if any. */
static gboolean plan_part(const MailMessage *message, const MimePart *part, const char *eol,
	GPtrArray *edits, GError **error)
{
	g_autoptr(LeafEdit) edit = leaf_edit_new(part);
	gboolean survives = !mime_part_is_leaf(part) || content_survives(message, part);
	gboolean label = part->encoding == ENCODING_8BIT || part->encoding == ENCODING_BINARY;

	if (is_under_protection(part))
		return range_survives(message, part->start, part->end) ||
		       unsignable(
			       error, "a signed part has 8-bit bytes or a line that is too long");
	if (!encode_header(edit, message, eol))
		return unsignable(
			error, "a part's header has 8-bit bytes or a line that is too long");
	if (mime_part_is_multipart(part) && !mime_part_is_leaf(part))
		drop_around(edit, message);
	if (survives && !label && !edit->values && !edit->dropped)
		return TRUE;
	if (!survives && !may_be_encoded(part))
		return unsignable(
			error, "an attached message has 8-bit bytes that cannot be encoded");
	if (!survives && !encode_leaf(edit, message, error))
		return FALSE;
	if (survives && label)
		edit->encoding = "7bit";
	g_ptr_array_add(edits, g_steal_pointer(&edit));
	return TRUE;
}

gboolean mime_to_7bit(MailMessage *message, GError **error)
{
	g_autoptr(MimePart) root = mime_part_scan_edited(message, error);
	g_autoptr(GPtrArray) parts = NULL, values = NULL;
	g_autoptr(GPtrArray) edits = g_ptr_array_new_with_free_func((GDestroyNotify)leaf_edit_free);
	const char *eol = mime_body_eol(message->body);

	if (!root)
		return FALSE;
	if (protection_of(message, root) != PROTECTION_NONE)
		return range_survives(message, 0, message->body->len) ||
		       unsignable(error,
			       "the author's protected mail has 8-bit bytes or a line that "
			       "is too long");
	parts = mime_part_list(root);
	for (guint i = 0; i < parts->len; i++)
		if (!plan_part(message, g_ptr_array_index(parts, i), eol, edits, error))
			return FALSE;
	values = plan_fields(message, root, error);
	if (!values)
		return FALSE;
	if (edits->len > 0 && !splice_apply(message, root, edits, error))
		return FALSE;
	set_fields(message, values);
	if (range_survives(message, 0, message->body->len))
		return TRUE;
	g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED,
		"something of the message was not made 7-bit");
	return FALSE;
}
