/*
 * block.h: where the block goes in one text and what that changes in its bytes. Input: a part;
 * output: a LeafEdit, nothing done yet. Fails with ACUSE_ERROR_UNREADABLE when the block could not
 * be seen or the text not be kept. No shared state.
 */
#include "mime/block.h"

#include <string.h>

#include "base/error.h"
#include "mime/codec.h"
#include "mime/html.h"
#include "mime/present.h"
#include "mime/quote.h"
#include "mime/text.h"

/* Of a plain text whose outcome is read again; beyond it only the end counts. */
#define MAX_REREAD_BYTES TEXT_MAX_CONVERTED_BYTES
/* Of a text that is not converted: its end that is, and so often the block, that a bit of it is no
 * more. */
#define RAW_TAIL_BYTES 4096
#define RAW_TAIL_BLOCKS 8

gboolean block_part_is_html(const MimePart *part)
{
	return strcmp(part->type, "text/html") == 0;
}

/* Of a text in an unknown charset, where the block went in as ASCII. */
static gboolean ends_with_ascii(const BlockWork *work, const char *utf8, gsize size)
{
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
	g_autofree char *text = g_str_to_ascii(work->block->text, "es");
	g_auto(GStrv) items = NULL;

	for (const char *const *item = work->items; *item; item++) {
		g_autofree char *ascii = g_str_to_ascii(*item, "es");

		g_strv_builder_add(builder, ascii);
	}
	items = g_strv_builder_end(builder);
	return present_at_end(utf8, size, (const char *const *)items, text);
}

gboolean block_ends_text(const BlockWork *work, gboolean html, const char *utf8, gsize size)
{
	g_autofree char *tail = NULL;

	if (work->opaque && !html)
		return ends_with_ascii(work, utf8, size);
	if (work->raw && !html) {
		tail = text_tail(utf8, size, work->raw,
			RAW_TAIL_BYTES + RAW_TAIL_BLOCKS * strlen(work->block->text));
		utf8 = tail;
		size = strlen(tail);
	}
	return present_at_end(utf8, size, html ? work->html_items : work->items,
		html ? work->html_text : work->block->text);
}

static gboolean unreadable(GError **error, const char *what)
{
	g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_UNREADABLE, what);
	return FALSE;
}

static void append_string(GByteArray *out, const char *text)
{
	g_byte_array_append(out, (const guint8 *)text, (guint)strlen(text));
}

/* Whether the text before `at` ends with an empty line, or is empty. */
static gboolean ends_with_empty_line(const char *utf8, gsize at)
{
	guint ends = 0;

	while (at > 0 && strchr("\r\n \t", utf8[at - 1]) && utf8[at - 1]) {
		ends += utf8[at - 1] == '\n';
		at--;
	}
	return at == 0 || ends > 1;
}

/*
 * The block as it stands at that place of a plain text: after an empty line and, before a quote,
 * with one behind it; without trailing blanks, space-stuffed if flowed (RFC 3676).
 */
static char *plain_piece(
	const BlockWork *work, const MimePart *part, const char *utf8, gsize at, gboolean last)
{
	g_auto(GStrv) lines = g_strsplit(work->block->text, "\n", -1);
	GString *out = g_string_new(NULL);

	if (at > 0 && utf8[at - 1] != '\n')
		g_string_append(out, work->eol);
	if (last ? at > 0 : !ends_with_empty_line(utf8, at))
		g_string_append(out, work->eol);
	for (guint i = 0; lines[i]; i++) {
		g_strchomp(lines[i]);
		if (part->flowed && (lines[i][0] == ' ' || lines[i][0] == '>' ||
					    g_str_has_prefix(lines[i], "From ")))
			g_string_append_c(out, ' ');
		g_string_append(out, lines[i]);
		g_string_append(out, work->eol);
	}
	if (!last)
		g_string_append(out, work->eol);
	return g_string_free(out, FALSE);
}

static char *html_piece(const BlockWork *work, const MimePart *part, gboolean utf8)
{
	g_auto(GStrv) lines = g_strsplit(work->block->html, "\n", -1);
	g_autofree char *joined = g_strjoinv(work->eol, lines);
	g_autofree char *whole = g_strconcat(work->eol, joined, work->eol, NULL);

	/* Character references need no charset; where UTF-8 is in use already, letters stay
	 * letters. */
	if (utf8 || (codec_charset_is_utf8(part->charset) && part->encoding != ENCODING_7BIT))
		return g_steal_pointer(&whole);
	return html_to_ascii(whole);
}

static GByteArray *inserted(
	const guint8 *bytes, gsize all, gsize offset, const void *piece, gsize size)
{
	GByteArray *out = g_byte_array_sized_new((guint)(all + size));

	g_byte_array_append(out, bytes, (guint)offset);
	g_byte_array_append(out, piece, (guint)size);
	if (offset < all)
		g_byte_array_append(out, bytes + offset, (guint)(all - offset));
	return out;
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
static void encode_whole(LeafEdit *edit, gboolean base64)
{
	edit->encode = base64 ? ENCODING_BASE64 : ENCODING_QP;
	if (!base64 && edit->part->encoding != ENCODING_QP)
		edit->encoding = "quoted-printable";
}

/* The decoded text, which becomes one with the piece in it. */
static GByteArray *take_inserted(TextView *view, gsize offset, const char *piece, gsize size)
{
	GByteArray *text = g_steal_pointer(&view->decoded);

	splice_insert(text, offset, piece, size);
	view->bytes = NULL;
	view->size = 0;
	return text;
}

static void expect_inserted(
	LeafEdit *edit, const TextView *view, gsize offset, const char *piece, gsize size)
{
	codec_print(&edit->expected, view->bytes, offset);
	codec_print(&edit->expected, (const guint8 *)piece, size);
	codec_print(&edit->expected, view->bytes + offset, view->size - offset);
}

/* Where in the encoded bytes a decoded offset stands. */
static gsize encoded_offset(const MimePart *part, const guint8 *raw, gsize raw_size, gsize offset)
{
	g_autoptr(GArray) map = NULL;
	g_autoptr(GByteArray) decoded = NULL;

	if (part->encoding != ENCODING_QP)
		return offset;
	map = g_array_new(FALSE, FALSE, sizeof(gsize));
	decoded = codec_decode(ENCODING_QP, raw, raw_size, map);
	return offset < map->len ? g_array_index(map, gsize, offset) : raw_size;
}

/* Splices piece (already in the part's charset) in at the offset of the decoded bytes, in the
 * part's own encoding. */
static void splice_piece(LeafEdit *edit, const BlockWork *work, TextView *view, gsize offset,
	const char *piece, gsize size)
{
	const MimePart *part = edit->part;
	const guint8 *raw = work->message->body->data + part->content;
	gsize raw_size = part->end - part->content;
	gboolean whole = part->encoding == ENCODING_BASE64 ||
			 (part->encoding == ENCODING_7BIT &&
				 !(codec_is_ascii(view->bytes, view->size) &&
					 codec_is_ascii((const guint8 *)piece, size)));

	if (whole)
		encode_whole(edit, part->encoding == ENCODING_BASE64);
	if (whole && view->decoded) {
		edit->decoded = take_inserted(view, offset, piece, size);
		return;
	}
	if (part->encoding == ENCODING_QP) {
		expect_inserted(edit, view, offset, piece, size);
		edit->insert_at = offset < view->size ? encoded_offset(part, raw, raw_size, offset)
						      : raw_size;
		edit->insert =
			qp_piece(raw, raw_size, offset == view->size, piece, size, work->eol);
		return;
	}
	edit->insert_at = offset;
	edit->insert = g_byte_array_new();
	g_byte_array_append(edit->insert, (const guint8 *)piece, (guint)size);
}

/* The part turned into UTF-8 quoted-printable with the block. */
static void splice_as_utf8(LeafEdit *edit, TextView *view, gsize at, const char *piece)
{
	edit->decoded = text_view_take_utf8(view);
	splice_insert(edit->decoded, at, piece, strlen(piece));
	edit->charset = "utf-8";
	encode_whole(edit, FALSE);
}

/* Puts a piece of UTF-8 in at an offset of the UTF-8 text, whatever that takes. */
static void insert_piece(
	LeafEdit *edit, const BlockWork *work, TextView *view, gsize at, const char *piece)
{
	gboolean ascii = codec_is_ascii((const guint8 *)piece, strlen(piece));
	g_autofree char *other = NULL;
	gsize size = strlen(piece);

	if (view->convert) {
		splice_as_utf8(edit, view, at, piece);
		return;
	}
	if (view->relabel)
		edit->charset = view->charset;
	if (view->opaque && !ascii) {
		other = g_str_to_ascii(piece, "es");
		size = strlen(other);
	} else if (!ascii && view->charset) {
		other = g_convert(piece, -1, view->charset, "UTF-8", NULL, &size, NULL);
		if (!other) {
			splice_as_utf8(edit, view, at, piece);
			return;
		}
	} else if (!ascii && !codec_charset_is_utf8(edit->part->charset)) {
		edit->charset = "utf-8"; /* us-ascii is that too */
	}
	splice_piece(edit, work, view, text_view_offset(view, at), other ? other : piece, size);
}

/* Whether the text, whose quote begins at own, shows the block as its author's; else the mark is
 * needed, or nothing helps. */
static gboolean judge_outcome(
	BlockWork *work, gboolean html, const char *text, gsize size, gsize own)
{
	if (block_ends_text(work, html, text, own))
		return TRUE;
	if (!block_ends_text(work, html, text, size))
		return FALSE;
	work->need_mark = TRUE;
	return TRUE;
}

static gboolean judge_plain(
	BlockWork *work, const TextView *view, gsize at, const char *piece, gboolean open)
{
	g_autofree char *ascii = view->opaque ? g_str_to_ascii(piece, "es") : NULL;
	g_autoptr(GByteArray) text = NULL;
	gboolean still_open;
	gsize own;

	/* Behind the author's own words only the block itself could be taken for a quote. */
	if (!open && at == view->utf8_size && !ascii &&
		quote_start(piece, strlen(piece), &still_open) == strlen(piece) &&
		block_ends_text(work, FALSE, piece, strlen(piece)))
		return TRUE;
	if (view->utf8_size > MAX_REREAD_BYTES) {
		work->need_mark |= open && at == view->utf8_size;
		return TRUE;
	}
	text = inserted((const guint8 *)view->utf8, view->utf8_size, at, ascii ? ascii : piece,
		strlen(ascii ? ascii : piece));
	own = quote_start((const char *)text->data, text->len, &still_open);
	return judge_outcome(work, FALSE, (const char *)text->data, text->len, own);
}

/* Whether a large text can take the piece without being converted, or getting much longer. */
static gboolean can_hold(const MimePart *part, const TextView *view, const char *piece)
{
	g_autofree char *other = NULL;

	if (part->encoding == ENCODING_7BIT && codec_text_wants_base64(view->bytes, view->size))
		return FALSE;
	if (!view->raw)
		return TRUE;
	if (view->convert)
		return FALSE;
	if (view->opaque || !view->charset || codec_is_ascii((const guint8 *)piece, strlen(piece)))
		return TRUE;
	other = g_convert(piece, -1, view->charset, "UTF-8", NULL, NULL, NULL);
	return other != NULL;
}

static gboolean plan_plain(
	BlockWork *work, TextView *view, LeafEdit *edit, gboolean *done, GError **error)
{
	gboolean open = FALSE;
	gsize own = quote_start(view->utf8, view->utf8_size, &open), at = view->utf8_size;
	g_autofree char *piece = NULL, *shown = NULL;

	*done = block_ends_text(work, FALSE, view->utf8, own) ||
		(work->marked && block_ends_text(work, FALSE, view->utf8, view->utf8_size));
	if (*done)
		return TRUE;
	if (work->block->before_quote && (view->convert || edit->part->encoding != ENCODING_QP ||
						 view->size <= MAX_REREAD_BYTES))
		at = own;
	piece = plain_piece(work, edit->part, view->utf8, at, at == view->utf8_size);
	if (!can_hold(edit->part, view, piece))
		return unreadable(error, "the text is too large to be written anew");
	if (!judge_plain(work, view, at, piece, open))
		return unreadable(error, "the block cannot be told from the text");
	insert_piece(edit, work, view, at, piece);
	return TRUE;
}

/* What a reader sees of the new text has to end with the block. */
static gboolean try_html(
	BlockWork *work, TextView *view, LeafEdit *edit, gsize at, const char *piece)
{
	g_autoptr(GByteArray) text =
		inserted((const guint8 *)view->utf8, view->utf8_size, at, piece, strlen(piece));
	g_auto(HtmlView) html = {0};

	if (!html_read((const char *)text->data, text->len, &html) ||
		!judge_outcome(work, TRUE, html.text, strlen(html.text), html.own_size))
		return FALSE;
	insert_piece(edit, work, view, at, piece);
	return TRUE;
}

static gboolean plan_html(
	BlockWork *work, TextView *view, LeafEdit *edit, gboolean *done, GError **error)
{
	g_autofree char *piece = html_piece(work, edit->part, view->convert);
	g_auto(HtmlView) html = {0};
	gsize end, first, last;

	if (!html_within_limits((const guint8 *)view->utf8, view->utf8_size) ||
		!html_read(view->utf8, view->utf8_size, &html)) {
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_TOO_COMPLEX,
			"the HTML text is too large or has too many tags");
		return FALSE;
	}
	*done = block_ends_text(work, TRUE, html.text, html.own_size) ||
		(work->marked && block_ends_text(work, TRUE, html.text, strlen(html.text)));
	if (*done)
		return TRUE;
	/* The new text is read next, and a large one need not stand beside it. */
	g_clear_pointer(&html.text, g_free);
	end = html.end;
	first = work->block->before_quote ? html.quote : end;
	last = html_last_tags(view->utf8, view->utf8_size);
	if ((first == end && last < end && try_html(work, view, edit, last, piece)) ||
		try_html(work, view, edit, first, piece) ||
		(first != end && try_html(work, view, edit, end, piece)) ||
		(html.safe_end != end && try_html(work, view, edit, html.safe_end, piece)))
		return TRUE;
	return unreadable(error, "the HTML text would not show the block");
}

gboolean block_plan_part(BlockWork *work, const MimePart *part, LeafEdit **edit, GError **error)
{
	g_autoptr(LeafEdit) plan = leaf_edit_new(part);
	g_auto(TextView) view = {0};
	gboolean done = FALSE;

	*edit = NULL;
	if (!text_view_read(part, work->message, &view, error))
		return FALSE;
	work->opaque = view.opaque;
	work->raw = !view.raw ? NULL : view.charset ? view.charset : "utf-8";
	if (block_part_is_html(part) ? !plan_html(work, &view, plan, &done, error)
				     : !plan_plain(work, &view, plan, &done, error))
		return FALSE;
	if (!done)
		*edit = g_steal_pointer(&plan);
	return TRUE;
}
