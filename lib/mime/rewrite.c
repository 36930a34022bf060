/*
 * Adds the signature block to the body's text parts by splicing. Input and output: a MailMessage,
 * changed as a whole or not at all. Fails with ACUSE_ERROR_DAMAGED when a text cannot be decoded
 * for certain or the check afterwards finds anything but the block. No shared state.
 */
#include "mime/rewrite.h"

#include <string.h>

#include "base/error.h"
#include "mime/codec.h"
#include "mime/html.h"
#include "mime/protection.h"
#include "mime/splice.h"

typedef struct {
	const char *eol;
	const char *text, *html;
	const MailMessage *message;
} Block;

static void damaged(GError **error, const char *what)
{
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED, "%s", what);
}

static gboolean is_html(const MimePart *part)
{
	return strcmp(part->type, "text/html") == 0;
}

static gboolean is_body_text(const MimePart *part)
{
	return mime_part_is_leaf(part) && !part->attachment && !part->cut &&
	       part->encoding != ENCODING_UNKNOWN &&
	       (is_html(part) || strcmp(part->type, "text/plain") == 0);
}

/*
 * The body's texts: every one of an alternative, the first of a related, the first child of
 * anything else that has some. Later inline texts of a mixed are attachments in all but name.
 */
static void collect_targets(const MimePart *part, GPtrArray *targets)
{
	gboolean all = strcmp(part->type, "multipart/alternative") == 0;
	gboolean root_only = strcmp(part->type, "multipart/related") == 0;

	if (is_body_text(part)) {
		g_ptr_array_add(targets, (gpointer)part);
		return;
	}
	if (!mime_part_is_multipart(part) || protection_covers(part) ||
		strcmp(part->type, "multipart/digest") == 0)
		return;
	for (guint i = 0; i < part->children->len; i++) {
		guint before = targets->len;

		collect_targets(g_ptr_array_index(part->children, i), targets);
		if (root_only || (!all && targets->len > before))
			return;
	}
}

static char *collapse(const char *text)
{
	g_autoptr(GString) out = g_string_new(NULL);
	gboolean blank = FALSE;

	for (const char *c = text; *c; c = g_utf8_next_char(c)) {
		gunichar letter = g_utf8_get_char(c);

		if (g_unichar_isspace(letter)) {
			blank = TRUE;
			continue;
		}
		if (blank && out->len > 0)
			g_string_append_c(out, ' ');
		blank = FALSE;
		g_string_append_unichar(out, letter);
	}
	return g_strdup(out->str);
}

/* The text as its reader sees it: UTF-8, white space collapsed; of HTML, what stands before the
 * block's place. */
static char *readable(const MimePart *part, const GByteArray *decoded)
{
	gsize size = decoded->len;
	g_autofree char *text = NULL;

	if (is_html(part) && codec_charset_extends_ascii(part->charset))
		size = html_block_offset(decoded->data, decoded->len);
	text = codec_to_utf8_lossy(decoded->data, size, part->charset);
	return is_html(part) ? html_text(text) : collapse(text);
}

static gboolean has_block(const MimePart *part, const GByteArray *decoded, const Block *block)
{
	g_autofree char *have = readable(part, decoded);
	g_autofree char *want = is_html(part) ? html_text(block->html) : collapse(block->text);

	return want[0] == '\0' || g_str_has_suffix(have, want);
}

static gboolean ends_with_line_end(const GByteArray *bytes)
{
	return bytes->len == 0 || bytes->data[bytes->len - 1] == '\n';
}

/* The block as it follows the text: after an empty line, without trailing blanks, space-stuffed if
 * flowed (RFC 3676). */
static char *plain_addition(const MimePart *part, const GByteArray *decoded, const Block *block)
{
	g_auto(GStrv) lines = g_strsplit(block->text, "\n", -1);
	GString *out = g_string_new(NULL);

	if (!ends_with_line_end(decoded))
		g_string_append(out, block->eol);
	if (decoded->len > 0)
		g_string_append(out, block->eol);
	for (guint i = 0; lines[i]; i++) {
		g_strchomp(lines[i]);
		if (part->flowed && (lines[i][0] == ' ' || lines[i][0] == '>' ||
					    g_str_has_prefix(lines[i], "From ")))
			g_string_append_c(out, ' ');
		g_string_append(out, lines[i]);
		g_string_append(out, block->eol);
	}
	return g_string_free(out, FALSE);
}

static char *html_addition(const MimePart *part, const Block *block, gboolean utf8)
{
	g_auto(GStrv) lines = g_strsplit(block->html, "\n", -1);
	g_autofree char *joined = g_strjoinv(block->eol, lines);
	g_autofree char *whole = g_strconcat(block->eol, joined, block->eol, NULL);

	/* Character references need no charset; where UTF-8 is in use already, letters stay
	 * letters. */
	if (utf8 || (codec_charset_is_utf8(part->charset) && part->encoding != ENCODING_7BIT))
		return g_steal_pointer(&whole);
	return html_to_ascii(whole);
}

static GByteArray *inserted(const GByteArray *bytes, gsize offset, const void *piece, gsize size)
{
	GByteArray *out = g_byte_array_sized_new((guint)(bytes->len + size));

	g_byte_array_append(out, bytes->data, (guint)offset);
	g_byte_array_append(out, piece, (guint)size);
	if (offset < bytes->len)
		g_byte_array_append(out, bytes->data + offset, (guint)(bytes->len - offset));
	return out;
}

static void append_string(GByteArray *out, const char *text)
{
	g_byte_array_append(out, (const guint8 *)text, (guint)strlen(text));
}

/* The piece as quoted-printable to stand at that place of the encoded bytes. */
static GByteArray *qp_piece(const guint8 *raw, gsize raw_size, gboolean at_end, const char *piece,
	gsize size, const char *eol)
{
	GByteArray *out = g_byte_array_new();

	/* Within a line a soft break comes first, lest blanks before it become trailing ones. */
	if (!at_end) {
		append_string(out, "=");
		append_string(out, eol);
	} else {
		while (raw_size > 0 && (raw[raw_size - 1] == ' ' || raw[raw_size - 1] == '\t'))
			raw_size--;
		if (raw_size > 0 && raw[raw_size - 1] == '=')
			append_string(out, eol);
	}
	codec_append_qp(out, (const guint8 *)piece, size, eol);
	return out;
}

/* Encodes the whole new text anew, when its encoding or charset changes or it is base64. */
static void encode_whole(LeafEdit *edit, gboolean base64, const char *eol)
{
	edit->content = g_byte_array_new();
	if (base64) {
		g_autofree char *text = codec_base64(edit->decoded->data, edit->decoded->len, eol);

		append_string(edit->content, text);
		return;
	}
	codec_append_qp(edit->content, edit->decoded->data, edit->decoded->len, eol);
	if (edit->part->encoding != ENCODING_QP)
		edit->encoding = "quoted-printable";
}

/* Splices piece (already in the part's charset) in at the decoded offset, in the part's own
 * encoding. */
static void splice_piece(LeafEdit *edit, const GByteArray *decoded, GArray *map, gsize offset,
	const char *piece, gsize size, const Block *block)
{
	const MimePart *part = edit->part;
	const guint8 *raw = block->message->body->data + part->content;
	gsize raw_size = part->end - part->content;
	gsize at = offset < map->len ? g_array_index(map, gsize, offset) : raw_size;
	GByteArray view = {(guint8 *)raw, (guint)raw_size};
	g_autoptr(GByteArray) encoded = NULL;

	edit->decoded = inserted(decoded, offset, piece, size);
	if (part->encoding == ENCODING_BASE64 ||
		(part->encoding == ENCODING_7BIT &&
			!codec_is_ascii(edit->decoded->data, edit->decoded->len))) {
		encode_whole(edit, part->encoding == ENCODING_BASE64, block->eol);
		return;
	}
	if (part->encoding != ENCODING_QP) {
		edit->content = inserted(&view, at, piece, size);
		return;
	}
	encoded = qp_piece(raw, raw_size, offset == decoded->len, piece, size, block->eol);
	edit->content = inserted(&view, at, encoded->data, encoded->len);
}

/* The part turned into UTF-8 quoted-printable with the block: its charset cannot hold it. */
static LeafEdit *edit_as_utf8(
	LeafEdit *edit, const GByteArray *decoded, const Block *block, GError **error)
{
	g_autofree char *text = codec_to_utf8(decoded->data, decoded->len, edit->part->charset);
	g_autofree char *piece = NULL;
	g_autoptr(GByteArray) bytes = NULL;
	gsize offset;

	if (!text) {
		damaged(error, "a text part is not valid in the charset it declares");
		leaf_edit_free(edit);
		return NULL;
	}
	bytes = g_byte_array_new();
	append_string(bytes, text);
	offset = is_html(edit->part) ? html_block_offset(bytes->data, bytes->len) : bytes->len;
	piece = is_html(edit->part) ? html_addition(edit->part, block, TRUE)
				    : plain_addition(edit->part, bytes, block);
	edit->decoded = inserted(bytes, offset, piece, strlen(piece));
	edit->charset = "utf-8";
	encode_whole(edit, FALSE, block->eol);
	return edit;
}

static LeafEdit *edit_plain(
	LeafEdit *edit, const GByteArray *decoded, GArray *map, const Block *block, GError **error)
{
	const char *charset = edit->part->charset;
	g_autofree char *piece = plain_addition(edit->part, decoded, block), *converted = NULL;
	gboolean ascii = codec_is_ascii((const guint8 *)piece, strlen(piece));
	gsize size = strlen(piece);

	if (!codec_charset_extends_ascii(charset))
		return edit_as_utf8(edit, decoded, block, error);
	if (codec_charset_is_ascii(charset) && !ascii) {
		/* us-ascii is UTF-8 too, and so is what only forgot to say so. */
		if (decoded->len > 0 &&
			!g_utf8_validate((const char *)decoded->data, decoded->len, NULL))
			return edit_as_utf8(edit, decoded, block, error);
		edit->charset = "utf-8";
	} else if (!ascii && !codec_charset_is_utf8(charset)) {
		converted = g_convert(piece, (gssize)size, charset, "UTF-8", NULL, &size, NULL);
		if (!converted)
			return edit_as_utf8(edit, decoded, block, error);
	}
	splice_piece(edit, decoded, map, decoded->len, converted ? converted : piece, size, block);
	return edit;
}

static LeafEdit *edit_html(
	LeafEdit *edit, const GByteArray *decoded, GArray *map, const Block *block, GError **error)
{
	g_autofree char *piece = NULL;
	gsize offset;

	if (!codec_charset_extends_ascii(edit->part->charset))
		return edit_as_utf8(edit, decoded, block, error);
	offset = html_block_offset(decoded->data, decoded->len);
	piece = html_addition(edit->part, block, FALSE);
	splice_piece(edit, decoded, map, offset, piece, strlen(piece), block);
	return edit;
}

/* The block's reader has to see it: an open comment or script would swallow it. */
static gboolean html_shows_block(const LeafEdit *edit, const Block *block)
{
	g_autofree char *text = NULL, *have = NULL, *want = html_text(block->html);

	text = codec_to_utf8_lossy(edit->decoded->data, edit->decoded->len,
		edit->charset ? edit->charset : edit->part->charset);
	have = html_text(text);
	return strstr(have, want) != NULL;
}

/* NULL without error when the block is there already. */
static LeafEdit *plan_edit(const MimePart *part, const Block *block, GError **error)
{
	g_autoptr(GArray) map = g_array_new(FALSE, FALSE, sizeof(gsize));
	g_autoptr(GByteArray) decoded = NULL;
	LeafEdit *edit;

	decoded = codec_decode(part->encoding, block->message->body->data + part->content,
		part->end - part->content, is_html(part) ? map : NULL);
	if (!decoded) {
		damaged(error, "a text part is not valid in its transfer encoding");
		return NULL;
	}
	if (is_html(part) && !html_within_limits(decoded->data, decoded->len)) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_TOO_LARGE,
			"the HTML text is too large or has too many tags");
		return NULL;
	}
	if (has_block(part, decoded, block))
		return NULL;
	edit = leaf_edit_new(part);
	if (!is_html(part))
		return edit_plain(edit, decoded, map, block, error);
	edit = edit_html(edit, decoded, map, block, error);
	if (edit && !html_shows_block(edit, block)) {
		damaged(error, "the HTML text ends inside a comment, script or the like");
		g_clear_pointer(&edit, leaf_edit_free);
	}
	return edit;
}

static void append_moved_fields(MailMessage *message, GByteArray *body, const char *eol)
{
	for (guint i = 0; i < message->fields->len;) {
		const MailField *field = g_ptr_array_index(message->fields, i);

		if (g_ascii_strncasecmp(field->name, "Content-", 8) != 0) {
			i++;
			continue;
		}
		append_string(body, field->name);
		append_string(body, ":");
		for (const char *c = field->value; *c; c++) {
			if (*c == '\n' && strcmp(eol, "\r\n") == 0)
				append_string(body, "\r");
			g_byte_array_append(body, (const guint8 *)c, 1);
		}
		append_string(body, eol);
		g_ptr_array_remove_index(message->fields, i);
	}
	append_string(body, eol);
}

/* A mail without a text: multipart/mixed of the block and of what was there. */
static void wrap_with_text(MailMessage *message, const Block *block)
{
	g_autoptr(GByteArray) old = message->body;
	g_autofree char *boundary = splice_boundary(old->data, old->len), *type = NULL;
	g_auto(GStrv) lines = g_strsplit(block->text, "\n", -1);
	g_autofree char *text = g_strjoinv(block->eol, lines);
	GByteArray *body = g_byte_array_sized_new(old->len + 1024);
	g_autofree char *head = g_strdup_printf("--%s%sContent-Type: text/plain; charset=utf-8%s"
						"Content-Transfer-Encoding: quoted-printable%s%s",
		boundary, block->eol, block->eol, block->eol, block->eol);

	message->body = body;
	append_string(body, head);
	codec_append_qp(body, (const guint8 *)text, strlen(text), block->eol);
	append_string(body, block->eol);
	append_string(body, "--");
	append_string(body, boundary);
	append_string(body, block->eol);
	append_moved_fields(message, body, block->eol);
	g_byte_array_append(body, old->data, old->len);
	append_string(body, block->eol);
	append_string(body, "--");
	append_string(body, boundary);
	append_string(body, "--");
	append_string(body, block->eol);
	if (!mail_message_field(message, "MIME-Version"))
		mail_message_add_field(message, "MIME-Version", " 1.0");
	type = g_strdup_printf(" multipart/mixed; boundary=\"%s\"", boundary);
	mail_message_add_field(message, "Content-Type", type);
}

/* The old tree is the second child, with its leaves where they were. */
static gboolean wrap_is_right(
	const MailMessage *before, MimePart *old_root, const MailMessage *after)
{
	g_autoptr(MimePart) root = mime_part_scan(after, NULL);
	const MimePart *second;
	gsize size;

	if (!root || root->children->len != 2)
		return FALSE;
	second = g_ptr_array_index(root->children, 1);
	size = second->end - second->content;
	return strcmp(second->type, old_root->type) == 0 &&
	       second->children->len == old_root->children->len && size == before->body->len &&
	       (size == 0 ||
		       memcmp(after->body->data + second->content, before->body->data, size) == 0);
}

static gboolean add_text_part(
	MailMessage *message, MimePart *root, const Block *block, GError **error)
{
	g_autoptr(MailMessage) after = mail_message_copy(message);

	wrap_with_text(after, block);
	if (!wrap_is_right(message, root, after)) {
		damaged(error, "the mail cannot be wrapped with a text part");
		return FALSE;
	}
	splice_take(message, g_steal_pointer(&after));
	return TRUE;
}

gboolean mime_add_block(
	MailMessage *message, const char *block_text, const char *block_html, GError **error)
{
	g_autoptr(MimePart) root = mime_part_scan(message, error);
	g_autoptr(GPtrArray) targets = g_ptr_array_new();
	g_autoptr(GPtrArray) edits = g_ptr_array_new_with_free_func((GDestroyNotify)leaf_edit_free);
	Block block = {mime_body_eol(message->body), block_text, block_html, message};

	if (!root)
		return FALSE;
	if (protection_of(message, root) != PROTECTION_NONE)
		return TRUE;
	collect_targets(root, targets);
	if (targets->len == 0)
		return add_text_part(message, root, &block, error);
	for (guint i = 0; i < targets->len; i++) {
		GError *problem = NULL;
		LeafEdit *edit = plan_edit(g_ptr_array_index(targets, i), &block, &problem);

		if (problem) {
			g_propagate_error(error, problem);
			return FALSE;
		}
		if (edit)
			g_ptr_array_add(edits, edit);
	}
	return edits->len == 0 || splice_apply(message, root, edits, error);
}
