/*
 * A look at markup before gumbo reads it: what would cost it its stack or a long time is told by a
 * scan that is linear itself. Never fails. No shared state.
 */
#include "mime/html.h"

#include <string.h>

static gboolean is_space(guint8 c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

/* The element's name at p in lower case, cut at 11 letters. */
static void tag_name(const guint8 *p, const guint8 *end, char name[12])
{
	gsize length = 0;

	while (p < end && g_ascii_isalnum(*p) && length < 11)
		name[length++] = g_ascii_tolower((char)*p++);
	name[length] = '\0';
}

/* Elements that hold nothing, or that the next one of their kind ends. */
static gboolean may_nest(const char *name, gboolean foreign)
{
	static const char *const flat[] = {
		"br", "img", "hr", "meta", "link", "input", "col", "p", "li"};
	static const char *const cells[] = {"td", "tr", "th"};

	for (size_t i = 0; i < G_N_ELEMENTS(flat); i++)
		if (strcmp(name, flat[i]) == 0)
			return FALSE;
	/* In SVG and MathML a cell is an element like any other. */
	for (size_t i = 0; !foreign && i < G_N_ELEMENTS(cells); i++)
		if (strcmp(name, cells[i]) == 0)
			return FALSE;
	return TRUE;
}

static const guint8 *skip_attribute_value(const guint8 *p, const guint8 *end)
{
	while (p < end && is_space(*p))
		p++;
	if (p < end && (*p == '"' || *p == '\'')) {
		const guint8 *close = memchr(p + 1, *p, (gsize)(end - p) - 1);

		return close ? close + 1 : end;
	}
	while (p < end && !is_space(*p) && *p != '>')
		p++;
	return p;
}

/* Counts the attributes of the tag whose name begins at p (HTML 13.2.5.32 on); *past is its end. */
static guint count_attributes(const guint8 *p, const guint8 *end, const guint8 **past)
{
	guint count = 0;

	while (p < end && !is_space(*p) && *p != '/' && *p != '>')
		p++;
	while (p < end && *p != '>' && count <= HTML_MAX_ATTRIBUTES) {
		if (is_space(*p) || *p == '/') {
			p++;
			continue;
		}
		count++;
		do {
			p++;
		} while (p < end && !is_space(*p) && *p != '/' && *p != '>' && *p != '=');
		while (p < end && is_space(*p))
			p++;
		if (p < end && *p == '=')
			p = skip_attribute_value(p + 1, end);
	}
	*past = p;
	return count;
}

gboolean html_within_limits(const guint8 *bytes, gsize size)
{
	g_autofree char *lower = g_ascii_strdown(size ? (const char *)bytes : "", (gssize)size);
	gboolean foreign = g_strstr_len(lower, (gssize)size, "<svg") ||
			   g_strstr_len(lower, (gssize)size, "<math");
	const guint8 *p = bytes, *end = bytes + size, *past;
	guint64 nesting = 0;
	gsize scanned = 0;

	if (size > HTML_MAX_BYTES)
		return FALSE;
	/* Tags in comments and scripts count too: a limit may be too strict, never too lax. */
	while (p < end && (p = memchr(p, '<', (gsize)(end - p)))) {
		char name[12];

		p++;
		if (p == end || !(g_ascii_isalpha(*p) || *p == '/'))
			continue;
		if (count_attributes(p + (*p == '/'), end, &past) > HTML_MAX_ATTRIBUTES)
			return FALSE;
		scanned += (gsize)(past - p);
		tag_name(p, end, name);
		nesting += *p != '/' && may_nest(name, foreign);
		if (nesting > HTML_MAX_OPEN_TAGS || scanned > (gsize)16 * HTML_MAX_BYTES)
			return FALSE;
	}
	return TRUE;
}
