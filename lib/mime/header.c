/* Header values: unfolding, encoded words, ids, dates, parameters. Pure functions. */
#include "mime/header.h"

#include <gmime/gmime.h>
#include <string.h>

#include "mime/codec.h"
#include "mime/facts.h"

char *header_unfold(const char *value)
{
	char *copy = g_strdup(value), *to = copy;

	for (const char *c = copy; *c; c++)
		if (*c != '\r' && *c != '\n')
			*to++ = *c;
	*to = '\0';
	return g_strstrip(copy);
}

/* "Q" of RFC 2047 4.2. */
static GByteArray *decode_q(const char *text, gsize length)
{
	g_autoptr(GByteArray) out = g_byte_array_new();

	for (gsize i = 0; i < length; i++) {
		guint8 byte = (guint8)text[i];

		if (text[i] == '_') {
			byte = ' ';
		} else if (text[i] == '=') {
			int high = i + 2 < length ? g_ascii_xdigit_value(text[i + 1]) : -1;
			int low = i + 2 < length ? g_ascii_xdigit_value(text[i + 2]) : -1;

			if (high < 0 || low < 0)
				return NULL;
			byte = (guint8)(high * 16 + low);
			i += 2;
		}
		g_byte_array_append(out, &byte, 1);
	}
	return g_steal_pointer(&out);
}

static GByteArray *decode_b(const char *text, gsize length)
{
	g_autoptr(GString) padded = g_string_new_len(text, (gssize)length);

	while (padded->len % 4 != 0 && padded->len % 4 != 1)
		g_string_append_c(padded, '=');
	return codec_base64_decode((const guint8 *)padded->str, padded->len);
}

/* Bytes of adjacent words of one charset, not converted yet: a letter may be cut between two words.
 */
typedef struct {
	GString *out;
	char *charset;
	GByteArray *bytes;
	gboolean sure;
} Words;

static void words_flush(Words *words)
{
	g_autofree char *text = NULL;

	if (!words->charset)
		return;
	text = codec_to_utf8(words->bytes->data, words->bytes->len, words->charset, NULL);
	if (!text) {
		words->sure = FALSE;
		text = g_utf8_make_valid((const char *)words->bytes->data, words->bytes->len);
	}
	g_string_append(words->out, text);
	g_clear_pointer(&words->charset, g_free);
	g_byte_array_set_size(words->bytes, 0);
}

static void words_add(Words *words, const GMatchInfo *match)
{
	g_autofree char *charset = g_match_info_fetch(match, 1),
			*kind = g_match_info_fetch(match, 2);
	g_autofree char *text = g_match_info_fetch(match, 3), *lower = g_ascii_strdown(charset, -1);
	g_autoptr(GByteArray) bytes = g_ascii_tolower(kind[0]) == 'b'
					      ? decode_b(text, strlen(text))
					      : decode_q(text, strlen(text));
	char *language = strchr(lower, '*');

	if (language)
		*language = '\0';
	if (g_strcmp0(lower, words->charset) != 0)
		words_flush(words);
	if (!words->charset)
		words->charset = g_strdup(lower);
	if (bytes)
		g_byte_array_append(words->bytes, bytes->data, bytes->len);
	else
		words->sure = FALSE;
}

static gboolean only_blanks(const char *text, gsize length)
{
	for (gsize i = 0; i < length; i++)
		if (text[i] != ' ' && text[i] != '\t')
			return FALSE;
	return TRUE;
}

static void words_add_plain(Words *words, const char *text, gsize length)
{
	g_autofree char *valid = NULL;

	words_flush(words);
	if (!g_utf8_validate(text, (gssize)length, NULL))
		valid = codec_to_utf8((const guint8 *)text, length, HEADER_CHARSET, NULL);
	if (!valid) {
		words->sure &= g_utf8_validate(text, (gssize)length, NULL);
		valid = g_utf8_make_valid(text, (gssize)length);
	}
	g_string_append(words->out, valid);
}

static char *one_line(const char *text)
{
	GString *line = g_string_new(NULL);

	for (const char *c = text; *c; c = g_utf8_next_char(c)) {
		gunichar letter = g_utf8_get_char(c);

		g_string_append_unichar(line, g_unichar_iscntrl(letter) ? ' ' : letter);
	}
	return g_strstrip(g_string_free(line, FALSE));
}

/* Compiled once, for ever. */
static const GRegex *word_regex(void)
{
	static gsize once;
	static GRegex *regex;

	if (g_once_init_enter(&once)) {
		regex = g_regex_new("=\\?([^?\\s]+)\\?([BbQq])\\?([^?\\s]*)\\?=",
			G_REGEX_RAW | G_REGEX_OPTIMIZE, (GRegexMatchFlags)0, NULL);
		g_once_init_leave(&once, 1);
	}
	return regex;
}

char *header_decode(const char *value, gboolean *sure)
{
	g_autofree char *text = header_unfold(value), *decoded = NULL;
	const GRegex *regex = word_regex();
	g_autoptr(GMatchInfo) match = NULL;
	Words words = {g_string_new(NULL), NULL, g_byte_array_new(), TRUE};
	gsize done = 0;
	gboolean more = g_regex_match(regex, text, (GRegexMatchFlags)0, &match);

	while (more) {
		int start = 0, end = 0;

		g_match_info_fetch_pos(match, 0, &start, &end);
		if (!words.charset || !only_blanks(text + done, (gsize)start - done))
			words_add_plain(&words, text + done, (gsize)start - done);
		words_add(&words, match);
		done = (gsize)end;
		more = g_match_info_next(match, NULL);
	}
	words_add_plain(&words, text + done, strlen(text) - done);
	decoded = one_line(words.out->str);
	*sure = words.sure;
	g_string_free(words.out, TRUE);
	g_byte_array_unref(words.bytes);
	g_free(words.charset);
	return g_steal_pointer(&decoded);
}

gboolean header_date(const char *value, gint64 *seconds)
{
	g_autoptr(GDateTime) date = NULL;

	/* GMime reads a time of day out of anything; a time needs a year and a colon. */
	if (strlen(value) > 100 || !strchr(value, ':') ||
		!codec_is_ascii((const guint8 *)value, strlen(value)))
		return FALSE;
	date = g_mime_utils_header_decode_date(value);
	if (!date || g_date_time_get_year(date) < 1990)
		return FALSE;
	*seconds = g_date_time_to_unix(date);
	return TRUE;
}

char **header_ids(const char *value)
{
	g_autoptr(GStrvBuilder) ids = g_strv_builder_new();
	g_autofree char *text = header_unfold(value ? value : "");
	const char *open = strchr(text, '<');

	while (open) {
		const char *close = strchr(open, '>');
		g_autofree char *id = NULL;

		if (!close)
			break;
		/* An opened one that is never closed is no part of the next. */
		open = g_strrstr_len(open, close - open, "<");
		id = g_strstrip(g_strndup(open + 1, (gsize)(close - open) - 1));
		if (id[0])
			g_strv_builder_add(ids, id);
		open = strchr(close, '<');
	}
	return g_strv_builder_end(ids);
}

char **header_thread_ids(const char *in_reply_to, const char *references)
{
	const char *const values[] = {in_reply_to, references};
	g_autoptr(GStrvBuilder) ids = g_strv_builder_new();
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (gsize i = 0; i < G_N_ELEMENTS(values); i++) {
		g_auto(GStrv) found = header_ids(values[i]);

		for (guint j = 0; found[j] && g_hash_table_size(seen) < HEADER_THREAD_IDS_MAX; j++)
			if (g_hash_table_add(seen, g_strdup(found[j])))
				g_strv_builder_add(ids, found[j]);
	}
	return g_strv_builder_end(ids);
}

static gboolean is_token_char(char c)
{
	return c > ' ' && c < 127 && !strchr("()<>@,;:\\\"/[]?=", c);
}

/* Past a comment (RFC 5322 3.2.2), or to the end of the text when it is not closed. */
static const char *skip_comment(const char *p)
{
	guint depth = 0;

	do {
		depth += *p == '(';
		depth -= *p == ')';
		if (*p == '\\' && p[1])
			p++;
		p++;
	} while (depth > 0 && *p);
	return p;
}

/* Blanks, folds and comments. */
static const char *skip_blanks(const char *p)
{
	for (;;) {
		while (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n')
			p++;
		if (*p != '(')
			return p;
		p = skip_comment(p);
	}
}

static const char *skip_token(const char *p)
{
	while (is_token_char(*p))
		p++;
	return p;
}

/* Past a token or quoted string, or NULL. */
static const char *skip_value(const char *p)
{
	const char *start = p;

	if (*p != '"') {
		p = skip_token(p);
		return p > start ? p : NULL;
	}
	for (p++; *p && *p != '"'; p++)
		if (*p == '\\' && p[1])
			p++;
	return *p == '"' ? p + 1 : NULL;
}

char *header_set_parameter(const char *raw, const char *name, const char *value)
{
	const char *p = skip_token(skip_blanks(raw)), *kept = p;
	const char *found = NULL, *found_end = NULL;

	if (*p != '/' || skip_token(p + 1) == p + 1)
		return NULL;
	kept = p = skip_token(p + 1);
	while (*(p = skip_blanks(p)) == ';') {
		const char *key = skip_blanks(p + 1), *key_end = skip_token(key);
		const char *start = skip_blanks(key_end);

		p = key;
		if (key == key_end && *key == '\0')
			break; /* a last ';' without parameter */
		if (key == key_end || *start != '=')
			return NULL;
		start = skip_blanks(start + 1);
		p = skip_value(start);
		if (!p)
			return NULL;
		if ((gsize)(key_end - key) >= strlen(name) &&
			g_ascii_strncasecmp(key, name, strlen(name)) == 0 &&
			(key[strlen(name)] == '*' || key + strlen(name) == key_end)) {
			/* Given twice or in the form of RFC 2231: no place to put the value. */
			if (found || key + strlen(name) != key_end)
				return NULL;
			found = start;
			found_end = p;
		}
		kept = p;
	}
	if (*p != '\0')
		return NULL;
	if (found)
		return g_strdup_printf("%.*s%s%s", (int)(found - raw), raw, value, found_end);
	return g_strdup_printf("%.*s; %s=%s", (int)(kept - raw), raw, name, value);
}

guint header_count_parameters(const char *value)
{
	gboolean quoted = FALSE;
	guint count = 0;

	for (const char *c = value; *c; c++) {
		if (*c == '\\' && c[1])
			c++;
		else if (*c == '"')
			quoted = !quoted;
		count += *c == ';' && !quoted;
	}
	return count;
}

/* Not g_date_time_format: its names of days and months follow the locale. */
char *header_date_text(gint64 time_s)
{
	g_autoptr(GDateTime) now = g_date_time_new_from_unix_utc(time_s);

	return g_strdup_printf("%.3s, %d %.3s %d %02d:%02d:%02d +0000",
		&"MonTueWedThuFriSatSun"[3 * (g_date_time_get_day_of_week(now) - 1)],
		g_date_time_get_day_of_month(now),
		&"JanFebMarAprMayJunJulAugSepOctNovDec"[3 * (g_date_time_get_month(now) - 1)],
		g_date_time_get_year(now), g_date_time_get_hour(now), g_date_time_get_minute(now),
		g_date_time_get_second(now));
}
