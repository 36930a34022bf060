/*
 * encode.h: one pass over the value, by the kind of field. Pure functions; what cannot be said in
 * ASCII gives NULL.
 */
#include "mime/encode.h"

#include <string.h>

#include "base/error.h"
#include "mime/codec.h"
#include "mime/header.h"
#include "mime/rewrite.h"

#define FOLD_COLUMN 78
#define WORD_BYTES 45 /* of UTF-8: 60 letters of base64 in a word of 75 at most */
#define MAX_WORD 900  /* that stands on a line of its own */

static gboolean is_ascii(const char *text, gsize size)
{
	return codec_is_ascii((const guint8 *)text, size);
}

static char *to_utf8(const char *raw, const char *charset)
{
	g_autofree char *value = header_unfold(raw);

	if (g_utf8_validate(value, -1, NULL))
		return g_steal_pointer(&value);
	if (!charset || !codec_charset_extends_ascii(charset) || codec_charset_is_utf8(charset) ||
		codec_charset_is_ascii(charset))
		charset = "windows-1252";
	return codec_to_utf8_lossy((const guint8 *)value, strlen(value), charset, NULL);
}

/* UTF-8 as encoded words with blanks between them, none with half a letter. */
static void append_words(GString *out, const char *text, gsize size)
{
	const char *end = text + size;

	while (text < end) {
		const char *cut = text;
		g_autofree char *base64 = NULL;

		while (cut < end && g_utf8_next_char(cut) - text <= WORD_BYTES)
			cut = g_utf8_next_char(cut);
		base64 = g_base64_encode((const guchar *)text, (gsize)(cut - text));
		g_string_append_printf(out, "=?utf-8?B?%s?=%s", base64, cut < end ? " " : "");
		text = cut;
	}
}

static char *encode_text(const char *utf8)
{
	gboolean sure;
	g_autofree char *plain = header_decode(utf8, &sure);
	GString *out = g_string_new(NULL);

	append_words(out, plain, strlen(plain));
	return g_string_free(out, FALSE);
}

/* "key=value" as "key*=utf-8''%XX...". value may be quoted. */
static void append_extended(
	GString *out, const char *key, gsize key_length, const char *value, const char *end)
{
	gboolean quoted = *value == '"' && end - value > 1 && end[-1] == '"';

	g_string_append_len(out, key, (gssize)key_length);
	if (key_length > 0 && key[key_length - 1] == '*') {
		/* Of that form already, with raw letters in it. */
		g_string_append_c(out, '=');
	} else {
		g_string_append(out, "*=utf-8''");
	}
	for (const char *c = value + quoted; c < end - quoted; c++) {
		if (quoted && *c == '\\' && c + 1 < end - 1)
			c++;
		if (g_ascii_isalnum(*c) || *c == '.' || *c == '-' || *c == '_' ||
			(key[key_length - 1] == '*' && strchr("%'", *c)))
			g_string_append_c(out, *c);
		else
			g_string_append_printf(out, "%%%02X", (guint8)*c);
	}
}

/* The end of the parameter that begins at p: the next ';' outside quotes. */
static const char *parameter_end(const char *p)
{
	gboolean quoted = FALSE;

	for (; *p && (quoted || *p != ';'); p++) {
		if (*p == '\\' && quoted && p[1])
			p++;
		else if (*p == '"')
			quoted = !quoted;
	}
	return p;
}

static const char *trim_end(const char *start, const char *end)
{
	while (end > start && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	return end;
}

/* One parameter; FALSE when letters stand where none may. */
static gboolean append_parameter(GString *out, const char *p, const char *end)
{
	const char *key, *key_end, *value;

	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	end = trim_end(p, end);
	if (p == end)
		return TRUE;
	g_string_append(out, "; ");
	if (is_ascii(p, (gsize)(end - p))) {
		g_string_append_len(out, p, end - p);
		return TRUE;
	}
	key = p;
	value = memchr(p, '=', (gsize)(end - p));
	key_end = value ? trim_end(key, value) : key;
	if (!value || key_end == key || !is_ascii(key, (gsize)(key_end - key)) ||
		((gsize)(key_end - key) == 8 && g_ascii_strncasecmp(key, "boundary", 8) == 0))
		return FALSE;
	for (value++; value < end && (*value == ' ' || *value == '\t'); value++)
		;
	append_extended(out, key, (gsize)(key_end - key), value, end);
	return TRUE;
}

static char *encode_parameters(const char *value)
{
	g_autoptr(GString) out = g_string_new(NULL);
	const char *p = value + strcspn(value, ";");

	if (!is_ascii(value, (gsize)(p - value)))
		return NULL;
	g_string_append_len(out, value, trim_end(value, p) - value);
	while (*p == ';') {
		const char *end = parameter_end(p + 1);

		if (!append_parameter(out, p + 1, end))
			return NULL;
		p = end;
	}
	return g_strdup(out->str);
}

/* A value of addresses being written anew. */
typedef struct {
	GString *out;
	gboolean encoded; /* the last piece was an encoded word */
	gboolean possible;
} Addresses;

/* Two encoded words with a blank between them are read as one: the blank goes into the second. */
static void put_words(Addresses *a, const char *text, gsize size)
{
	g_autofree char *given = g_strndup(text, size);
	gboolean sure;
	g_autofree char *plain = header_decode(given, &sure);
	g_autofree char *whole = g_strconcat(a->encoded ? " " : "", plain, NULL);

	append_words(a->out, whole, strlen(whole));
	a->encoded = TRUE;
}

/* Of a quoted string: what it stands for. */
static const char *put_quoted(Addresses *a, const char *p)
{
	g_autoptr(GString) content = g_string_new(NULL);
	const char *end = p + 1;

	for (; *end && *end != '"'; end++) {
		if (*end == '\\' && end[1])
			end++;
		g_string_append_c(content, *end);
	}
	end += *end == '"';
	if (is_ascii(p, (gsize)(end - p))) {
		g_string_append_len(a->out, p, end - p);
		a->encoded = FALSE;
	} else {
		put_words(a, content->str, content->len);
	}
	return end;
}

static const char *put_comment(Addresses *a, const char *p)
{
	const char *end = p;
	guint depth = 0;

	do {
		depth += *end == '(';
		depth -= *end == ')';
		end += *end == '\\' && end[1] ? 2 : 1;
	} while (depth > 0 && *end);
	if (is_ascii(p, (gsize)(end - p))) {
		g_string_append_len(a->out, p, end - p);
	} else if (depth > 0) {
		a->possible = FALSE;
	} else {
		g_string_append_c(a->out, '(');
		append_words(a->out, p + 1, (gsize)(end - p) - 2);
		g_string_append_c(a->out, ')');
	}
	a->encoded = FALSE;
	return end;
}

/* An address whose domain alone has letters, which then has a form in ASCII (RFC 5890). */
static void put_address(Addresses *a, const char *address, gsize size)
{
	const char *at = memrchr(address, '@', size), *end = address + size;
	g_autofree char *domain = at ? g_strndup(at + 1, (gsize)(end - at - 1)) : NULL;
	g_autofree char *ascii = domain ? g_hostname_to_ascii(domain) : NULL;

	if (!ascii || !is_ascii(address, (gsize)(at - address)) || strpbrk(ascii, " \t<>(),;:")) {
		a->possible = FALSE;
		return;
	}
	g_string_append_len(a->out, address, at + 1 - address);
	g_string_append(a->out, ascii);
}

/* Atoms and blanks. */
static const char *put_phrase(Addresses *a, const char *p)
{
	const char *end = p + strcspn(p, "\"(<,;:>"), *last = trim_end(p, end), *first = p;

	if (is_ascii(p, (gsize)(end - p))) {
		g_string_append_len(a->out, p, end - p);
		a->encoded = a->encoded && first == last;
		return end;
	}
	while (first < last && (*first == ' ' || *first == '\t'))
		first++;
	g_string_append_len(a->out, p, first - p);
	if (memchr(first, '@', (gsize)(last - first)))
		put_address(a, first, (gsize)(last - first));
	else
		put_words(a, first, (gsize)(last - first));
	g_string_append_len(a->out, last, end - last);
	return end;
}

static const char *put_bracketed(Addresses *a, const char *p)
{
	const char *close = strchr(p, '>'), *end = close ? close : p + strlen(p);

	if (is_ascii(p, (gsize)(end - p)))
		g_string_append_len(a->out, p, end - p);
	else
		put_address(a, p, (gsize)(end - p));
	if (close)
		g_string_append_c(a->out, '>');
	a->encoded = FALSE;
	return close ? close + 1 : end;
}

static char *encode_addresses(const char *value)
{
	g_autoptr(GString) out = g_string_new(NULL);
	Addresses a = {out, FALSE, TRUE};

	for (const char *p = value; *p && a.possible;) {
		if (*p == '"') {
			p = put_quoted(&a, p);
		} else if (*p == '(') {
			p = put_comment(&a, p);
		} else if (*p == '<') {
			p = put_bracketed(&a, p);
		} else if (strchr(",;:>", *p)) {
			g_string_append_c(out, *p);
			/* A list without blanks could not be folded. */
			if (*p++ == ',' && *p && *p != ' ' && *p != '\t')
				g_string_append_c(out, ' ');
			a.encoded = FALSE;
		} else {
			p = put_phrase(&a, p);
		}
	}
	return a.possible ? g_strdup(out->str) : NULL;
}

static gboolean is_one_of(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (g_ascii_strcasecmp(name, *names) == 0)
			return TRUE;
	return FALSE;
}

gboolean encode_is_address(const char *name)
{
	static const char *const names[] = {"From", "Sender", "Reply-To", "To", "Cc", "Bcc",
		"Resent-From", "Resent-To", "Resent-Cc", "Resent-Sender", "Return-Path",
		"Disposition-Notification-To", NULL};

	return is_one_of(name, names);
}

char *encode_field(const char *name, const char *raw, const char *charset)
{
	static const char *const parameters[] = {"Content-Type", "Content-Disposition", NULL};
	static const char *const ids[] = {"Message-ID", "In-Reply-To", "References", "Content-ID",
		"Date", "MIME-Version", "Content-Transfer-Encoding", NULL};
	g_autofree char *value = to_utf8(raw, charset);

	for (char *c = value; *c; c++)
		if (*c == '\r' || *c == '\n')
			*c = ' ';
	if (is_one_of(name, parameters))
		return encode_parameters(value);
	if (encode_is_address(name))
		return encode_addresses(value);
	if (is_one_of(name, ids))
		return is_ascii(value, strlen(value)) ? g_steal_pointer(&value) : NULL;
	return encode_text(value);
}

/* Bytes up to the next blank that a line may be broken at. */
static gsize word_length(const char *p, gboolean structured)
{
	gboolean quoted = FALSE;
	gsize n = 0;

	for (; p[n] && (quoted || (p[n] != ' ' && p[n] != '\t')); n++) {
		if (structured && p[n] == '\\' && quoted && p[n + 1])
			n++;
		else if (structured && p[n] == '"')
			quoted = !quoted;
	}
	return quoted || n > MAX_WORD ? strcspn(p, " \t") : n;
}

void encode_append_folded(GString *out, const char *name, const char *raw, const char *eol)
{
	g_autofree char *value = header_unfold(raw);
	gboolean structured = g_ascii_strcasecmp(name, "Subject") != 0;
	gsize column = strlen(name) + 1;

	g_string_append_printf(out, "%s:", name);
	for (const char *p = value; *p;) {
		gsize blanks = strspn(p, " \t"), word = word_length(p + blanks, structured);

		if (p == value)
			g_string_append_c(out, ' '), column++;
		else if (column + blanks + word > FOLD_COLUMN)
			g_string_append(out, eol), column = 0;
		g_string_append_len(out, p, (gssize)(blanks + word));
		column += blanks + word;
		p += blanks + word;
	}
	g_string_append(out, eol);
}

/* As it would be sent, without the name, the colon and the line end: folds are LF. */
static char *folded_value(const char *name, const char *value)
{
	g_autoptr(GString) line = g_string_new(NULL);

	encode_append_folded(line, name, value, "\n");
	return g_strndup(line->str + strlen(name) + 1, line->len - strlen(name) - 2);
}

gboolean mime_set_field(MailMessage *message, const char *name, const char *value, GError **error)
{
	g_autofree char *encoded = NULL, *folded = NULL;

	if (value != NULL && is_ascii(value, strlen(value))) {
		folded = g_strconcat(" ", value, NULL);
	} else if (value != NULL) {
		encoded = encode_field(name, value, "utf-8");
		if (encoded == NULL) {
			g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID,
				"the field %s cannot be written in ASCII", name);
			return FALSE;
		}
		folded = folded_value(name, encoded);
	}
	mail_message_delete_fields(message, name);
	if (folded != NULL)
		mail_message_add_field(message, name, folded);
	return TRUE;
}
