/*
 * HTML by gumbo, which reads it as browsers do: comments, scripts and a false </body> in them do
 * not mislead it. Never fails. No shared state.
 */
#include "mime/html.h"

#include <gumbo.h>
#include <string.h>

#include "mime/facts.h"

#define HTML_MAX_TREE_DEPTH 400 /* gumbo_destroy_output and our walk recurse */

static const GumboOptions *options_limited(GumboOptions *options)
{
	*options = kGumboDefaultOptions;
	options->max_errors = 0;
	return options;
}

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
	guint64 nesting = 0, tags = 0;
	gsize scanned = 0;

	if (size > HTML_MAX_BYTES)
		return FALSE;
	/* Tags in comments and scripts count too: a limit may be too strict, never too lax. */
	while (p < end && (p = memchr(p, '<', (gsize)(end - p)))) {
		char name[12];

		p++;
		if (p == end || !(g_ascii_isalpha(*p) || *p == '/'))
			continue;
		tags++;
		if (count_attributes(p + (*p == '/'), end, &past) > HTML_MAX_ATTRIBUTES)
			return FALSE;
		scanned += (gsize)(past - p);
		tag_name(p, end, name);
		nesting += *p != '/' && may_nest(name, foreign);
		if (nesting > HTML_MAX_OPEN_TAGS || nesting * tags > HTML_MAX_TAG_WORK ||
			scanned > (gsize)16 * HTML_MAX_BYTES)
			return FALSE;
	}
	return TRUE;
}

static const GumboNode *child_element(const GumboNode *node, GumboTag tag)
{
	for (unsigned i = 0; i < node->v.element.children.length; i++) {
		const GumboNode *child = node->v.element.children.data[i];

		if (child->type == GUMBO_NODE_ELEMENT && child->v.element.tag == tag)
			return child;
	}
	return NULL;
}

gsize html_block_offset(const guint8 *bytes, gsize size)
{
	/* One byte for one byte, so that gumbo's offsets hold whatever the charset is. */
	g_autofree char *masked = g_malloc(size + 1);
	GumboOptions options;
	GumboOutput *output;
	const GumboNode *body;
	gsize offset = size;

	for (gsize i = 0; i < size; i++)
		masked[i] = bytes[i] > 127 || bytes[i] == 0 ? 'x' : (char)bytes[i];
	masked[size] = '\0';
	output = gumbo_parse_with_options(options_limited(&options), masked, size);
	body = child_element(output->root, GUMBO_TAG_BODY);
	if (body && body->v.element.original_end_tag.length > 0)
		offset = (gsize)(body->v.element.original_end_tag.data - masked);
	else if (output->root->v.element.original_end_tag.length > 0)
		offset = (gsize)(output->root->v.element.original_end_tag.data - masked);
	gumbo_destroy_output(&options, output);
	return MIN(offset, size);
}

static void append_collapsed(GString *out, const char *text)
{
	for (const char *c = text; *c; c = g_utf8_next_char(c)) {
		gunichar letter = g_utf8_get_char(c);

		if (!g_unichar_isspace(letter))
			g_string_append_unichar(out, letter);
		else if (out->len > 0 && out->str[out->len - 1] != ' ')
			g_string_append_c(out, ' ');
	}
}

static void append_text(GString *out, const GumboNode *node, guint depth)
{
	if (node->type == GUMBO_NODE_TEXT || node->type == GUMBO_NODE_WHITESPACE ||
		node->type == GUMBO_NODE_CDATA) {
		append_collapsed(out, node->v.text.text);
		return;
	}
	if (node->type != GUMBO_NODE_ELEMENT || depth > HTML_MAX_TREE_DEPTH ||
		node->v.element.tag == GUMBO_TAG_SCRIPT || node->v.element.tag == GUMBO_TAG_STYLE ||
		node->v.element.tag == GUMBO_TAG_TEXTAREA || node->v.element.tag == GUMBO_TAG_TITLE)
		return;
	for (unsigned i = 0; i < node->v.element.children.length; i++)
		append_text(out, node->v.element.children.data[i], depth + 1);
	/* A cell, a paragraph, a <br> part words. */
	if (node->v.element.tag != GUMBO_TAG_SPAN && node->v.element.tag != GUMBO_TAG_B &&
		node->v.element.tag != GUMBO_TAG_A && node->v.element.tag != GUMBO_TAG_I)
		append_collapsed(out, " ");
}

char *html_text(const char *utf8)
{
	GString *out = g_string_new(NULL);
	GumboOptions options;
	GumboOutput *output =
		gumbo_parse_with_options(options_limited(&options), utf8, strlen(utf8));

	append_text(out, output->root, 0);
	gumbo_destroy_output(&options, output);
	return g_strstrip(g_string_free(out, FALSE));
}

char *html_to_ascii(const char *utf8)
{
	GString *out = g_string_new(NULL);

	for (const char *c = utf8; *c; c = g_utf8_next_char(c)) {
		gunichar letter = g_utf8_get_char(c);

		if (letter < 128)
			g_string_append_c(out, (char)letter);
		else
			g_string_append_printf(out, "&#%u;", letter);
	}
	return g_string_free(out, FALSE);
}
