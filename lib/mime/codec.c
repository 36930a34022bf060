/*
 * Quoted-printable (RFC 2045 6.7), base64 (6.8) and charsets. Pure functions; a decoder that is not
 * certain returns NULL.
 */
#include "mime/codec.h"

#include <string.h>

gboolean codec_is_ascii(const guint8 *bytes, gsize size)
{
	for (gsize i = 0; i < size; i++)
		if (bytes[i] > 127)
			return FALSE;
	return TRUE;
}

/* out has room: what is decoded is never longer than what was encoded. */
static inline void push(GByteArray *out, GArray *map, guint8 byte, gsize offset)
{
	out->data[out->len++] = byte;
	if (map)
		g_array_append_val(map, offset);
}

/* One line without its end, trailing blanks gone. TRUE when a soft break ends it. */
static gboolean decode_qp_line(
	GByteArray *out, GArray *map, const guint8 *bytes, gsize start, gsize end)
{
	gsize i = start;

	while (i < end) {
		int high, low;

		if (bytes[i] != '=') {
			push(out, map, bytes[i], i);
			i++;
			continue;
		}
		if (i + 1 == end)
			return TRUE;
		high = i + 2 < end ? g_ascii_xdigit_value((char)bytes[i + 1]) : -1;
		low = i + 2 < end ? g_ascii_xdigit_value((char)bytes[i + 2]) : -1;
		if (high < 0 || low < 0) {
			push(out, map, '=', i);
			i++;
			continue;
		}
		push(out, map, (guint8)(high * 16 + low), i);
		i += 3;
	}
	return FALSE;
}

static GByteArray *decode_qp(const guint8 *bytes, gsize size, GArray *map)
{
	GByteArray *out = g_byte_array_sized_new((guint)size);
	gsize pos = 0;

	while (pos < size) {
		const guint8 *lf = memchr(bytes + pos, '\n', size - pos);
		gsize next = lf ? (gsize)(lf - bytes) + 1 : size;
		gsize eol = lf ? next - 1 : size, end;

		if (lf && eol > pos && bytes[eol - 1] == '\r')
			eol--;
		end = eol;
		while (end > pos && (bytes[end - 1] == ' ' || bytes[end - 1] == '\t'))
			end--;
		if (!decode_qp_line(out, map, bytes, pos, end))
			for (gsize i = eol; i < next; i++)
				push(out, map, bytes[i], i);
		pos = next;
	}
	return out;
}

/* One run of base64 digits with its padding, blanks already gone. */
static gboolean decode_base64_run(GByteArray *out, const char *run, gsize length)
{
	g_autofree char *copy = g_strndup(run, length), *again = NULL;
	gsize size = 0;
	g_autofree guchar *bytes = NULL;

	if (length % 4 != 0)
		return FALSE;
	bytes = g_base64_decode(copy, &size);
	again = g_base64_encode(bytes, size);
	if (strcmp(again, copy) != 0)
		return FALSE;
	g_byte_array_append(out, bytes, (guint)size);
	return TRUE;
}

GByteArray *codec_base64_decode(const guint8 *bytes, gsize size)
{
	g_autoptr(GString) digits = g_string_sized_new(size);
	g_autoptr(GByteArray) out = g_byte_array_sized_new((guint)(size / 4 * 3 + 3));
	gsize start = 0;

	for (gsize i = 0; i < size; i++) {
		char c = (char)bytes[i];

		if (g_ascii_isalnum(c) || c == '+' || c == '/' || c == '=')
			g_string_append_c(digits, c);
		else if (c != ' ' && c != '\t' && c != '\r' && c != '\n')
			return NULL;
	}
	for (gsize i = 0; i < digits->len; i++) {
		if (digits->str[i] != '=' || digits->str[i + 1] == '=')
			continue;
		if (!decode_base64_run(out, digits->str + start, i + 1 - start))
			return NULL;
		start = i + 1;
	}
	if (start < digits->len &&
		!decode_base64_run(out, digits->str + start, digits->len - start))
		return NULL;
	return g_steal_pointer(&out);
}

GByteArray *codec_decode(MimeEncoding encoding, const guint8 *bytes, gsize size, GArray *map)
{
	GByteArray *out;

	if (encoding == ENCODING_UNKNOWN)
		return NULL;
	if (encoding == ENCODING_BASE64)
		return codec_base64_decode(bytes, size);
	if (encoding == ENCODING_QP)
		return decode_qp(bytes, size, map);
	out = g_byte_array_sized_new((guint)size);
	g_byte_array_append(out, bytes, (guint)size);
	for (gsize i = 0; map && i < size; i++)
		g_array_append_val(map, i);
	return out;
}

#define QP_LINE 76

/* The encoded form of bytes[i], at column `column` of its line, and its length; last: nothing
 * follows on the line. */
static gsize qp_token(
	const guint8 *bytes, gsize i, gsize size, gsize column, gboolean last, guint8 token[3])
{
	static const char hex[] = "0123456789ABCDEF";
	guint8 c = bytes[i];
	gboolean blank = c == ' ' || c == '\t';
	gboolean plain = blank ? !last : c > 32 && c < 127 && c != '=';

	/* A line that begins with "From " or is a lone dot is altered by some servers on the way.
	 */
	if (column == 0 &&
		(c == '.' || (c == 'F' && size - i >= 5 && !memcmp(bytes + i, "From ", 5))))
		plain = FALSE;
	token[0] = plain ? c : '=';
	token[1] = (guint8)hex[c >> 4];
	token[2] = (guint8)hex[c & 15];
	return plain ? 1 : 3;
}

static gboolean is_line_end(
	const guint8 *bytes, gsize i, gsize size, const char *eol, gsize eol_size)
{
	return i < size && bytes[i] == (guint8)eol[0] && size - i >= eol_size &&
	       memcmp(bytes + i, eol, eol_size) == 0;
}

void codec_append_qp(GByteArray *out, const guint8 *bytes, gsize size, const char *eol)
{
	gsize eol_size = strlen(eol), column = 0, i = 0;

	while (i < size) {
		gboolean last;
		guint8 token[3];
		gsize length;

		if (is_line_end(bytes, i, size, eol, eol_size)) {
			g_byte_array_append(out, (const guint8 *)eol, (guint)eol_size);
			column = 0;
			i += eol_size;
			continue;
		}
		last = i + 1 == size || is_line_end(bytes, i + 1, size, eol, eol_size);
		length = qp_token(bytes, i, size, column, last, token);
		if (column + length > QP_LINE - (last ? 0 : 1)) {
			g_byte_array_append(out, (const guint8 *)"=", 1);
			g_byte_array_append(out, (const guint8 *)eol, (guint)eol_size);
			column = 0;
			length = qp_token(bytes, i, size, column, last, token);
		}
		g_byte_array_append(out, token, (guint)length);
		column += length;
		i++;
	}
}

char *codec_base64(const guint8 *bytes, gsize size, const char *eol)
{
	g_autofree char *digits = g_base64_encode(bytes, size);
	gsize length = strlen(digits);
	GString *out = g_string_sized_new(length + length / 38 + 4);

	for (gsize i = 0; i < length; i += 76) {
		g_string_append_len(out, digits + i, (gssize)MIN((gsize)76, length - i));
		g_string_append(out, eol);
	}
	return g_string_free(out, FALSE);
}

gboolean codec_charset_is_utf8(const char *charset)
{
	return charset && (strcmp(charset, "utf-8") == 0 || strcmp(charset, "utf8") == 0);
}

gboolean codec_charset_is_ascii(const char *charset)
{
	return !charset || strcmp(charset, "us-ascii") == 0 || strcmp(charset, "ascii") == 0 ||
	       strcmp(charset, "ansi_x3.4-1968") == 0;
}

/* "iso-8859-0" looks like one, and is none. */
static gboolean is_known(const char *charset)
{
	g_autofree char *letter = g_convert("A", 1, "UTF-8", charset, NULL, NULL, NULL);

	return g_strcmp0(letter, "A") == 0;
}

gboolean codec_charset_extends_ascii(const char *charset)
{
	static const char *const prefixes[] = {
		"iso-8859-", "iso8859-", "windows-125", "cp125", "koi8-", "latin"};

	if (codec_charset_is_ascii(charset) || codec_charset_is_utf8(charset))
		return TRUE;
	for (size_t i = 0; i < G_N_ELEMENTS(prefixes); i++)
		if (g_str_has_prefix(charset, prefixes[i]))
			return is_known(charset);
	return FALSE;
}

char *codec_to_utf8(const guint8 *bytes, gsize size, const char *charset)
{
	const char *from = charset ? charset : "us-ascii";
	g_autofree char *text = NULL;
	gsize written = 0;

	if (size == 0)
		return g_strdup("");
	if (codec_charset_is_utf8(charset) || codec_charset_is_ascii(charset)) {
		if (memchr(bytes, '\0', size) ||
			!g_utf8_validate((const char *)bytes, (gssize)size, NULL) ||
			(codec_charset_is_ascii(charset) && !codec_is_ascii(bytes, size)))
			return NULL;
		return g_strndup((const char *)bytes, size);
	}
	/* What is labelled iso-8859-1 and has bytes of 0x80-0x9f is windows-1252. */
	if (strcmp(from, "iso-8859-1") == 0)
		for (gsize i = 0; i < size; i++)
			if (bytes[i] >= 0x80 && bytes[i] <= 0x9f)
				from = "windows-1252";
	text = g_convert((const char *)bytes, (gssize)size, "UTF-8", from, NULL, &written, NULL);
	if (!text || memchr(text, '\0', written))
		return NULL;
	return g_steal_pointer(&text);
}

/* Each byte by itself, U+FFFD where it means nothing. */
static char *single_bytes_to_utf8(const guint8 *bytes, gsize size, const char *charset)
{
	GString *out = g_string_sized_new(size);
	char *letters[256] = {NULL};

	for (gsize i = 0; i < size; i++) {
		if (!letters[bytes[i]]) {
			letters[bytes[i]] = g_convert(
				(const char *)bytes + i, 1, "UTF-8", charset, NULL, NULL, NULL);
			if (!letters[bytes[i]])
				letters[bytes[i]] = g_strdup("\xef\xbf\xbd");
		}
		g_string_append(out, letters[bytes[i]]);
	}
	for (guint i = 0; i < G_N_ELEMENTS(letters); i++)
		g_free(letters[i]);
	return g_string_free(out, FALSE);
}

char *codec_to_utf8_lossy(const guint8 *bytes, gsize size, const char *charset)
{
	char *text = codec_to_utf8(bytes, size, charset);

	if (text)
		return text;
	if (codec_charset_extends_ascii(charset) && !codec_charset_is_ascii(charset) &&
		!codec_charset_is_utf8(charset))
		return single_bytes_to_utf8(bytes, size, charset);
	return g_utf8_make_valid((const char *)bytes, (gssize)size);
}
