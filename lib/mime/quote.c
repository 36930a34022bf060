/*
 * quote.h: one pass over lines. Letters over 127 are stepped over, so that one table serves every
 * charset. Pure functions, never fail.
 */
#include "mime/quote.h"

#include <string.h>

#define MAX_LINE 400	    /* of a line that is looked at closely */
#define ATTRIBUTION_LINES 3 /* clients wrap "El ..., Rosa <rosa@...> escribió:" */
#define HEADER_LINES 6	    /* of "De: Enviado: Para: Asunto:" */

typedef struct {
	const char *text;
	gsize size;
} Lines;

static gsize next_line(const Lines *lines, gsize pos)
{
	const char *lf = memchr(lines->text + pos, '\n', lines->size - pos);

	return lf ? (gsize)(lf - lines->text) + 1 : lines->size;
}

/* The line in lower case, without '*' of bold text, non-breaking blanks and blanks at both ends;
 * cut at MAX_LINE. */
static char *simple(const char *line, gsize size)
{
	g_autoptr(GString) out = g_string_sized_new(MIN(size, MAX_LINE));

	for (gsize i = 0; i < size && out->len < MAX_LINE; i++)
		if (line[i] != '*' && line[i] != '\r' && line[i] != '\n' && line[i] != '\0')
			g_string_append_c(out, g_ascii_tolower(line[i]));
	return g_strdup(g_strstrip(out->str));
}

static char *line_at(const Lines *lines, gsize pos)
{
	return simple(lines->text + pos, next_line(lines, pos) - pos);
}

static gboolean starts_with_any(const char *line, const char *const *words)
{
	for (; *words; words++)
		if (g_str_has_prefix(line, *words))
			return TRUE;
	return FALSE;
}

/* "escribió:", in any charset. */
static gboolean ends_with_wrote(const char *line)
{
	static const char *const ends[] = {"wrote:", "writes:", "ha escrito:", "escribio:", NULL};
	const char *stem = g_strrstr(line, "escribi");

	for (const char *const *end = ends; *end; end++)
		if (g_str_has_suffix(line, *end))
			return TRUE;
	/* One letter of one or two bytes, or of its decomposed form, and perhaps a blank. */
	if (!stem || !g_str_has_suffix(line, ":"))
		return FALSE;
	for (stem += strlen("escribi"); *stem && *stem != ':'; stem++)
		if (!((guchar)*stem > 127 || *stem == 'o' || *stem == ' '))
			return FALSE;
	return strcmp(stem, ":") == 0;
}

static gboolean has_digit(const char *line)
{
	return strpbrk(line, "0123456789") != NULL;
}

static gboolean begins_attribution(const char *line)
{
	static const char *const words[] = {"el ", "on ", "en fecha ", NULL};

	return starts_with_any(line, words) && has_digit(line);
}

gboolean quote_is_attribution(const char *line, gsize size)
{
	g_autofree char *text = simple(line, size);

	return ends_with_wrote(text) && (begins_attribution(text) || strchr(text, '@'));
}

/* "----- Mensaje original -----" */
static gboolean is_dashed(const char *line)
{
	static const char *const words[] = {"mensaje original", "original message",
		"mensaje reenviado", "forwarded message", "mensaje original:", "correo original",
		"reenviado por", "forwarded by", NULL};
	const char *p = line;

	if (starts_with_any(line, (const char *const[]){"begin forwarded message:",
					  "inicio del mensaje reenviado:",
					  "comienzo del mensaje reenviado:", NULL}))
		return TRUE;
	while (*p == '-' || *p == '_')
		p++;
	if (p - line < 2)
		return FALSE;
	while (*p == ' ')
		p++;
	return starts_with_any(p, words);
}

/* "De: / Enviado: / Para: / Asunto:" of Outlook. */
static gboolean is_header_block(const Lines *lines, gsize pos, const char *first)
{
	static const char *const from[] = {"de:", "from:", NULL};
	static const char *const when[] = {
		"enviado:", "enviado el:", "enviados:", "sent:", "fecha:", "date:", NULL};
	static const char *const to[] = {"para:", "to:", "asunto:", "subject:", NULL};
	gboolean has_when = FALSE, has_to = FALSE;

	if (!starts_with_any(first, from))
		return FALSE;
	pos = next_line(lines, pos);
	for (guint i = 0; i < HEADER_LINES && pos < lines->size; i++, pos = next_line(lines, pos)) {
		g_autofree char *line = line_at(lines, pos);

		has_when |= starts_with_any(line, when);
		has_to |= starts_with_any(line, to);
	}
	return has_when && has_to;
}

/* The place behind an attribution that begins at pos, or pos. */
static gsize skip_attribution(const Lines *lines, gsize pos, const char *first)
{
	g_autoptr(GString) joined = g_string_new(NULL);
	gboolean dated = begins_attribution(first);
	gsize at = pos;

	for (guint i = 0; i < (dated ? ATTRIBUTION_LINES : 1) && at < lines->size; i++) {
		g_autofree char *line = line_at(lines, at);

		if (*line == '\0' || *line == '>')
			break;
		g_string_append_printf(joined, "%s%s", i > 0 ? " " : "", line);
		at = next_line(lines, at);
		if (ends_with_wrote(joined->str))
			return at;
	}
	return pos;
}

static gboolean is_rule(const char *line)
{
	return strlen(line) >= 10 && line[strspn(line, "_")] == '\0';
}

/* The first byte of the next line that is not empty, '\0' at the end. */
static char next_mark(const Lines *lines, gsize pos)
{
	while (pos < lines->size && strchr(" \t\r\n", lines->text[pos]) && lines->text[pos])
		pos++;
	return pos < lines->size ? lines->text[pos] : '\0';
}

typedef struct {
	gsize tail; /* where the quote begins that ends what was read; G_MAXSIZE: none */
	gsize rule; /* a line of underscores just before; G_MAXSIZE: none */
	gboolean open;
} Scan;

/* Most lines: they neither begin nor end as separators do. */
static gboolean is_plain_line(const char *line, gsize size)
{
	static const char *const words[] = {"el ", "on ", "en fecha", "de:", "from:"};
	gsize i = 0;

	while (size > 0 && strchr(" \t\r\n*", line[size - 1]) && line[size - 1])
		size--;
	while (i < size && strchr(" \t*", line[i]) && line[i])
		i++;
	if (i == size || line[size - 1] == ':' || strchr(">-_", line[i]))
		return FALSE;
	for (size_t j = 0; j < G_N_ELEMENTS(words); j++)
		if (size - i >= strlen(words[j]) &&
			g_ascii_strncasecmp(line + i, words[j], strlen(words[j])) == 0)
			return FALSE;
	return TRUE;
}

/* Goes over one line or attribution; returns the place behind it. */
static gsize step(const Lines *lines, gsize pos, Scan *scan)
{
	gsize next = next_line(lines, pos), after,
	      begin = scan->rule != G_MAXSIZE ? scan->rule : pos;
	gboolean plain = is_plain_line(lines->text + pos, next - pos);
	g_autofree char *line = plain ? NULL : line_at(lines, pos);

	if (plain) {
		scan->tail = scan->rule = G_MAXSIZE;
		return next;
	}

	if (*line == '\0')
		return next;
	if (*line == '>') {
		scan->tail = MIN(scan->tail, begin);
		return next;
	}
	scan->rule = G_MAXSIZE;
	if (is_dashed(line) || is_header_block(lines, pos, line)) {
		scan->tail = MIN(scan->tail, begin);
		scan->open = TRUE;
		return next;
	}
	after = skip_attribution(lines, pos, line);
	if (after > pos && (next_mark(lines, after) == '>' || begins_attribution(line))) {
		scan->open = next_mark(lines, after) != '>';
		scan->tail = MIN(scan->tail, begin);
		return after;
	}
	if (is_rule(line)) {
		scan->rule = pos;
		return next;
	}
	scan->tail = G_MAXSIZE;
	return next;
}

gsize quote_start(const char *text, gsize size, gboolean *open)
{
	Lines lines = {text, size};
	Scan scan = {G_MAXSIZE, G_MAXSIZE, FALSE};
	gsize pos = 0;

	while (pos < size && !scan.open)
		pos = step(&lines, pos, &scan);
	*open = scan.open;
	return MIN(scan.tail, size);
}
