/*
 * Quoted-printable (RFC 2045 6.7), base64 (6.8) and charsets. Pure functions; a decoder that is not
 * certain returns NULL.
 */
#include "mime/codec.h"

#include <string.h>

#define QP_PIECE_BYTES (64 * 1024)   /* decoded at a time where the outcome is not kept */
#define READABLE_BYTES (1024 * 1024) /* of a text that is worth being read without a decoder */

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

static int base64_digit(guint8 c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Four characters, padding among them, to at most three bytes; -1 unless an encoder writes them so.
 */
static int decode_base64_group(const guint8 group[4], guint8 bytes[3])
{
	guint padding = group[3] != '=' ? 0 : group[2] != '=' ? 1 : 2;
	guint32 value = 0;

	for (guint i = 0; i < 4; i++) {
		int digit = i < 4 - padding ? base64_digit(group[i]) : 0;

		if (digit < 0)
			return -1;
		value = value << 6 | (guint32)digit;
	}
	if (value & ((1U << (8 * padding)) - 1))
		return -1;
	bytes[0] = (guint8)(value >> 16);
	bytes[1] = (guint8)(value >> 8);
	bytes[2] = (guint8)value;
	return (int)(3 - padding);
}

/* Blanks go. The bytes are put into out, or into the print, whichever is there. */
static gboolean decode_base64(const guint8 *bytes, gsize size, GByteArray *out, Print *print)
{
	guint8 group[4], decoded[3];
	guint filled = 0;

	for (gsize i = 0; i < size; i++) {
		int count;

		if (bytes[i] == ' ' || bytes[i] == '\t' || bytes[i] == '\r' || bytes[i] == '\n')
			continue;
		group[filled++] = bytes[i];
		if (filled < 4)
			continue;
		filled = 0;
		count = decode_base64_group(group, decoded);
		if (count < 0)
			return FALSE;
		if (out)
			g_byte_array_append(out, decoded, (guint)count);
		if (print)
			codec_print(print, decoded, (gsize)count);
	}
	return filled == 0;
}

GByteArray *codec_base64_decode(const guint8 *bytes, gsize size)
{
	g_autoptr(GByteArray) out = g_byte_array_sized_new((guint)(size / 4 * 3 + 3));

	return decode_base64(bytes, size, out, NULL) ? g_steal_pointer(&out) : NULL;
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

#define PRINT_BASE G_GUINT64_CONSTANT(0x9e3779b97f4a7c15)
#define PRINT_BASE_2 (PRINT_BASE * PRINT_BASE)
#define PRINT_BASE_4 (PRINT_BASE_2 * PRINT_BASE_2)

static guint64 print_pair(const guint8 *bytes)
{
	return bytes[0] * PRINT_BASE + bytes[1];
}

static guint64 print_four(const guint8 *bytes)
{
	return print_pair(bytes) * PRINT_BASE_2 + print_pair(bytes + 2);
}

/* A polynomial of the bytes, so that it does not matter in which pieces they come. Eight at a time:
 * their products do not wait for each other. */
void codec_print(Print *print, const guint8 *bytes, gsize size)
{
	guint64 hash = print->hash;
	gsize i = 0;

	for (; size - i >= 8; i += 8)
		hash = hash * (PRINT_BASE_4 * PRINT_BASE_4) + print_four(bytes + i) * PRINT_BASE_4 +
		       print_four(bytes + i + 4);
	for (; i < size; i++)
		hash = hash * PRINT_BASE + bytes[i];
	print->hash = hash;
	print->size += size;
}

/* By whole lines, since each is decoded by itself. */
static void print_qp(const guint8 *bytes, gsize size, Print *print)
{
	for (gsize pos = 0, end; pos < size; pos = end) {
		g_autoptr(GByteArray) piece = NULL;
		const guint8 *lf;

		end = MIN(size, pos + QP_PIECE_BYTES);
		lf = memchr(bytes + end - 1, '\n', size - end + 1);
		end = lf ? (gsize)(lf - bytes) + 1 : size;
		piece = decode_qp(bytes + pos, end - pos, NULL);
		codec_print(print, piece->data, piece->len);
	}
}

gboolean codec_print_decoded(MimeEncoding encoding, const guint8 *bytes, gsize size, Print *print)
{
	if (encoding == ENCODING_UNKNOWN)
		return FALSE;
	if (encoding == ENCODING_BASE64)
		return decode_base64(bytes, size, NULL, print);
	if (encoding == ENCODING_QP)
		print_qp(bytes, size, print);
	else
		codec_print(print, bytes, size);
	return TRUE;
}

#define QP_LINE 76
#define BASE64_LINE_BYTES 57 /* 76 characters */

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

/* Without out the bytes are only counted. */
static inline void put(guint8 *out, gsize *length, const void *bytes, gsize size)
{
	if (out)
		memcpy(out + *length, bytes, size);
	*length += size;
}

gsize codec_write_qp(guint8 *out, const guint8 *bytes, gsize size, const char *eol)
{
	gsize eol_size = strlen(eol), column = 0, i = 0, written = 0;

	while (i < size) {
		gboolean last;
		guint8 token[3];
		gsize length;

		if (is_line_end(bytes, i, size, eol, eol_size)) {
			put(out, &written, eol, eol_size);
			column = 0;
			i += eol_size;
			continue;
		}
		last = i + 1 == size || is_line_end(bytes, i + 1, size, eol, eol_size);
		length = qp_token(bytes, i, size, column, last, token);
		if (column + length > QP_LINE - (last ? 0 : 1)) {
			column = 0;
			length = qp_token(bytes, i, size, column, last, token);
			put(out, &written, "=", 1);
			put(out, &written, eol, eol_size);
		}
		put(out, &written, token, length);
		column += length;
		i++;
	}
	return written;
}

void codec_append_qp(GByteArray *out, const guint8 *bytes, gsize size, const char *eol)
{
	guint start = out->len;

	g_byte_array_set_size(out, start + (guint)codec_write_qp(NULL, bytes, size, eol));
	if (out->len > start)
		codec_write_qp(out->data + start, bytes, size, eol);
}

gsize codec_write_base64(guint8 *out, const guint8 *bytes, gsize size, const char *eol)
{
	gsize written = 0;

	for (gsize i = 0; i < size; i += BASE64_LINE_BYTES) {
		gint state = 0, save = 0;
		char line[BASE64_LINE_BYTES * 2];
		gsize length = MIN(size - i, (gsize)BASE64_LINE_BYTES);

		length = out ? g_base64_encode_step(bytes + i, length, FALSE, line, &state, &save)
			     : (length + 2) / 3 * 4;
		if (out)
			length += g_base64_encode_close(FALSE, line + length, &state, &save);
		put(out, &written, line, length);
		put(out, &written, eol, strlen(eol));
	}
	return written;
}

gboolean codec_text_wants_base64(const guint8 *bytes, gsize size)
{
	gsize escaped = 0;

	for (gsize i = 0; size > READABLE_BYTES && i < size; i++)
		escaped += bytes[i] > 126 || bytes[i] == '=';
	return escaped > size / 6;
}

char *codec_base64(const guint8 *bytes, gsize size, const char *eol)
{
	gsize length = codec_write_base64(NULL, bytes, size, eol);
	char *text = g_malloc(length + 1);

	codec_write_base64((guint8 *)text, bytes, size, eol);
	text[length] = '\0';
	return text;
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

char *codec_to_utf8(const guint8 *bytes, gsize size, const char *charset, gsize *length)
{
	const char *from = charset ? charset : "us-ascii";
	g_autofree char *text = NULL;
	gsize written = size;

	if (size == 0) {
		text = g_strdup("");
	} else if (codec_charset_is_utf8(charset) || codec_charset_is_ascii(charset)) {
		if (!g_utf8_validate((const char *)bytes, (gssize)size, NULL) ||
			(codec_charset_is_ascii(charset) && !codec_is_ascii(bytes, size)))
			return NULL;
		text = g_strndup((const char *)bytes, size);
	} else {
		/* What is labelled iso-8859-1 and has bytes of 0x80-0x9f is windows-1252. */
		if (strcmp(from, "iso-8859-1") == 0)
			for (gsize i = 0; i < size; i++)
				if (bytes[i] >= 0x80 && bytes[i] <= 0x9f)
					from = "windows-1252";
		text = g_convert(
			(const char *)bytes, (gssize)size, "UTF-8", from, NULL, &written, NULL);
	}
	if (!text || (!length && memchr(text, '\0', written)))
		return NULL;
	if (length)
		*length = written;
	return g_steal_pointer(&text);
}

/* Each byte by itself, U+FFFD where it means nothing. */
static GString *single_bytes_to_utf8(const guint8 *bytes, gsize size, const char *charset)
{
	GString *out = g_string_sized_new(size);
	char *letters[256] = {NULL};

	for (gsize i = 0; i < size; i++) {
		if (bytes[i] == 0) {
			g_string_append_c(out, '\0');
			continue;
		}
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
	return out;
}

char *codec_to_utf8_lossy(const guint8 *bytes, gsize size, const char *charset, gsize *length)
{
	char *text = codec_to_utf8(bytes, size, charset, length);

	if (text)
		return text;
	if (codec_charset_extends_ascii(charset) && !codec_charset_is_ascii(charset) &&
		!codec_charset_is_utf8(charset)) {
		GString *out = single_bytes_to_utf8(bytes, size, charset);

		if (length)
			*length = out->len;
		return g_string_free(out, FALSE);
	}
	text = g_utf8_make_valid((const char *)bytes, (gssize)size);
	if (length)
		*length = strlen(text);
	return text;
}
