/*
 * text.h: what its author labelled wrongly is taken for what it is in Peru, windows-1252; what no
 * table knows is left alone but for its ASCII. Fails with ACUSE_ERROR_UNREADABLE. No shared state.
 */
#include "mime/text.h"

#include <string.h>

#include "base/error.h"
#include "mime/codec.h"

#define COMMON_CHARSET "windows-1252"

static gboolean unreadable(GError **error, const char *what)
{
	g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_UNREADABLE, what);
	return FALSE;
}

static gboolean decode(
	const MimePart *part, const MailMessage *message, TextView *view, GError **error)
{
	gsize size = part->end - part->content;
	const guint8 *raw =
		message->body->data ? message->body->data + part->content : (const guint8 *)"";

	view->bytes = raw;
	view->size = size;
	if (part->encoding <= ENCODING_BINARY)
		return TRUE;
	view->decoded = codec_decode(part->encoding, raw, size, NULL);
	if (!view->decoded)
		return unreadable(error, "a text part is not valid in its transfer encoding");
	view->bytes = view->decoded->len > 0 ? view->decoded->data : (const guint8 *)"";
	view->size = view->decoded->len;
	return TRUE;
}

/* One character for each byte; what is over 127, or NUL, is masked. */
static void mask(TextView *view, gboolean keep_valid)
{
	const guint8 *bytes = view->bytes;
	gsize i = 0;

	view->converted = g_malloc(view->size + 1);
	memcpy(view->converted, bytes, view->size);
	view->converted[view->size] = '\0';
	while (i < view->size) {
		gunichar letter = keep_valid && bytes[i] > 127
					  ? g_utf8_get_char_validated((const char *)bytes + i,
						    (gssize)(view->size - i))
					  : (gunichar)-1;

		if (letter < 0x110000) {
			i += (gsize)(g_utf8_skip[bytes[i]]);
			continue;
		}
		if (bytes[i] > 127 || bytes[i] == 0)
			view->converted[i] = TEXT_MASK;
		i++;
	}
	view->utf8 = view->converted;
	view->utf8_size = view->size;
}

/* Whether the view keeps the bytes as they are. */
static gboolean take_raw(const MimePart *part, TextView *view)
{
	if (view->size <= TEXT_MAX_CONVERTED_BYTES || strcmp(part->type, "text/plain") != 0)
		return FALSE;
	view->utf8 = (const char *)view->bytes;
	view->utf8_size = view->size;
	view->raw = TRUE;
	return TRUE;
}

/* No C string holds a NUL: what is shown then is not what is kept. */
static void take_converted(TextView *view, gsize size)
{
	char *nul = view->converted;

	while ((nul = memchr(nul, '\0', size - (gsize)(nul - view->converted)))) {
		*nul = TEXT_MASK;
		view->masked = TRUE;
	}
	view->utf8 = view->converted;
	view->utf8_size = size;
	view->by_chars = (gsize)g_utf8_strlen(view->utf8, (gssize)view->utf8_size) == view->size;
}

/* NULL when a charset that is not of single bytes does not allow the bytes. */
static char *to_utf8(const guint8 *bytes, gsize size, const char *charset, gsize *length)
{
	return codec_charset_extends_ascii(charset)
		       ? codec_to_utf8_lossy(bytes, size, charset, length)
		       : codec_to_utf8(bytes, size, charset, length);
}

static void read_as_utf8(const MimePart *part, TextView *view)
{
	gsize size;

	if (g_utf8_validate((const char *)view->bytes, (gssize)view->size, NULL)) {
		view->utf8 = (const char *)view->bytes;
		view->utf8_size = view->size;
		return;
	}
	if (memchr(view->bytes, '\0', view->size) || codec_charset_is_utf8(part->charset)) {
		if (!take_raw(part, view))
			mask(view, TRUE);
		return;
	}
	view->relabel = TRUE;
	view->charset = COMMON_CHARSET;
	if (take_raw(part, view))
		return;
	view->converted = codec_to_utf8_lossy(view->bytes, view->size, COMMON_CHARSET, &size);
	take_converted(view, size);
}

/* In the charset, by any name that iconv takes; NULL: it is unknown. */
static char *ascii_letter(const char *charset, gsize *written)
{
	return g_convert("A", 1, charset, "UTF-8", NULL, written, NULL);
}

/* Whether ASCII letters are other bytes in it than in ASCII. */
static gboolean is_wide(const char *charset)
{
	gsize written = 0;
	g_autofree char *letter = ascii_letter(charset, &written);

	return letter != NULL && !(written == 1 && *letter == 'A');
}

static gboolean is_unknown(const char *charset)
{
	gsize written;
	g_autofree char *letter = ascii_letter(charset, &written);

	return letter == NULL;
}

static gboolean read_charset(const MimePart *part, TextView *view, GError **error)
{
	const char *charset = part->charset;
	gsize size;

	if (codec_charset_is_ascii(charset) || codec_charset_is_utf8(charset)) {
		read_as_utf8(part, view);
		return TRUE;
	}
	view->charset = charset;
	if (take_raw(part, view)) {
		view->opaque = is_unknown(charset);
		view->convert = !view->opaque && !codec_charset_extends_ascii(charset);
		return TRUE;
	}
	view->converted = to_utf8(view->bytes, view->size, charset, &size);
	if (view->converted) {
		take_converted(view, size);
		view->convert = !codec_charset_extends_ascii(charset) || !view->by_chars;
		return TRUE;
	}
	if (is_wide(charset))
		return unreadable(error, "a text part is not valid in the charset it declares");
	mask(view, FALSE);
	view->opaque = TRUE;
	return TRUE;
}

gboolean text_view_read(
	const MimePart *part, const MailMessage *message, TextView *view, GError **error)
{
	return decode(part, message, view, error) && read_charset(part, view, error);
}

void text_view_clear(TextView *view)
{
	if (view->decoded)
		g_byte_array_unref(view->decoded);
	g_free(view->converted);
}

GByteArray *text_view_take_utf8(TextView *view)
{
	gsize size = view->utf8_size;
	char *text = view->masked ? NULL : g_steal_pointer(&view->converted);

	g_clear_pointer(&view->converted, g_free);
	if (!text)
		text = to_utf8(view->bytes, view->size, view->charset, &size);
	view->utf8 = NULL;
	view->utf8_size = 0;
	return g_byte_array_new_take((guint8 *)text, size);
}

char *text_tail(const char *bytes, gsize size, const char *charset, gsize max)
{
	gsize skipped = size > max ? size - max : 0, length;
	const char *lf = memchr(bytes + skipped, '\n', size - skipped);
	char *text;

	/* Where a letter has several bytes, it is certain of a line alone where it begins. */
	if (skipped > 0 && lf && !codec_charset_extends_ascii(charset))
		skipped = (gsize)(lf - bytes) + 1;
	text = codec_to_utf8_lossy(
		(const guint8 *)bytes + skipped, size - skipped, charset, &length);
	for (gsize i = 0; i < length; i++)
		if (text[i] == '\0')
			text[i] = TEXT_MASK;
	return text;
}

gsize text_view_offset(const TextView *view, gsize utf8_offset)
{
	if (!view->by_chars)
		return utf8_offset;
	return (gsize)g_utf8_strlen(view->utf8, (gssize)utf8_offset);
}
