/*
 * HTML by gumbo, which reads it as browsers do: comments, scripts and a false </body> in them do
 * not mislead it. Never fails. No shared state.
 */
#include "mime/html.h"

#include <gumbo.h>
#include <string.h>

#include "mime/facts.h"
#include "mime/html_arena.h"
#include "mime/quote.h"

#define HTML_MAX_TREE_DEPTH 400 /* our walk recurses */

/* NULL when it takes too long or too much memory. The output is freed with the arena. */
static GumboOutput *parse_bounded(HtmlArena *arena, const char *utf8, gsize size)
{
	GumboOptions options = kGumboDefaultOptions;

	html_arena_init(arena);
	options.max_errors = 0;
	options.allocator = html_arena_allocate;
	options.deallocator = html_arena_free;
	options.userdata = arena;
	if (setjmp(arena->out))
		return NULL;
	return gumbo_parse_with_options(&options, utf8, size);
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

typedef struct {
	gsize text, source;
} HtmlLine;

/* What the walk over the tree collects. */
typedef struct {
	const char *source;
	gsize size;
	gsize limit; /* text from here on stands behind the body */
	GString *text;
	guint quoted;	 /* depth of quotes we are in */
	gsize own;	 /* length of text where the quote that ends it begins; G_MAXSIZE: none */
	gsize quote;	 /* and its place in the source */
	gboolean marked; /* elements said what is quoted */
	gboolean open;	 /* of a quote whose end nothing marks */
	GArray *lines;	 /* HtmlLine: of each line with text */
	gsize block;	 /* source place of the last element that began a line */
	gsize safe;	 /* end of the last token that is whole */
} Walk;

static gsize place(const Walk *walk, const char *data)
{
	return data && data >= walk->source && data <= walk->source + walk->size
		       ? (gsize)(data - walk->source)
		       : G_MAXSIZE;
}

static void mark_safe(Walk *walk, const GumboStringPiece *piece)
{
	gsize at = piece->length > 0 ? place(walk, piece->data) : G_MAXSIZE;

	if (at != G_MAXSIZE)
		walk->safe = MAX(walk->safe, at + piece->length);
}

static void new_line(Walk *walk)
{
	while (walk->text->len > 0 && walk->text->str[walk->text->len - 1] == ' ')
		g_string_truncate(walk->text, walk->text->len - 1);
	if (walk->text->len > 0 && walk->text->str[walk->text->len - 1] != '\n')
		g_string_append_c(walk->text, '\n');
}

static void append_collapsed(Walk *walk, const char *text, gsize source)
{
	GString *out = walk->text;

	if (source != G_MAXSIZE && source >= walk->limit)
		return;
	for (const char *c = text; *c; c = g_utf8_next_char(c)) {
		gunichar letter = g_utf8_get_char(c);

		if (g_unichar_isspace(letter)) {
			if (out->len > 0 && !strchr(" \n", out->str[out->len - 1]))
				g_string_append_c(out, ' ');
			continue;
		}
		if (out->len == 0 || out->str[out->len - 1] == '\n') {
			HtmlLine line = {out->len, walk->block != G_MAXSIZE ? walk->block : source};

			g_array_append_val(walk->lines, line);
		}
		if (walk->quoted == 0 && !walk->open)
			walk->own = walk->quote = G_MAXSIZE;
		g_string_append_unichar(out, letter);
	}
}

static gboolean has_word(const GumboElement *element, const char *name, const char *const *words)
{
	const GumboAttribute *attribute = gumbo_get_attribute(&element->attributes, name);
	g_auto(GStrv) given = NULL;

	if (!attribute)
		return FALSE;
	given = g_strsplit_set(attribute->value, " \t\r\n", -1);
	for (; *words; words++)
		if (g_strv_contains((const char *const *)given, *words))
			return TRUE;
	return FALSE;
}

/* Outlook on the desktop knows only a line above "De:". */
static gboolean is_outlook_rule(const GumboElement *element)
{
	const GumboAttribute *style = gumbo_get_attribute(&element->attributes, "style");
	g_autofree char *lower = style ? g_ascii_strdown(style->value, -1) : NULL;

	return lower && element->tag == GUMBO_TAG_DIV &&
	       (strstr(lower, "border-top:solid #e1e1e1") ||
		       strstr(lower, "border-top:solid #b5c4df"));
}

typedef enum { QUOTE_NONE, QUOTE_CLOSED, QUOTE_OPEN } QuoteKind;

static QuoteKind quote_kind(const GumboElement *element)
{
	static const char *const closed[] = {"gmail_quote", "gmail_quote_container",
		"moz-cite-prefix", "moz-forward-container", "yahoo_quoted", "protonmail_quote",
		"moz-email-headers-table", NULL};
	static const char *const open_ids[] = {"divRplyFwdMsg", "appendonsend", "stopSpelling",
		"mail-editor-reference-message-container", NULL};
	static const char *const reply_intro[] = {"reply-intro", "forwardintro", NULL};

	if (element->tag == GUMBO_TAG_BLOCKQUOTE || has_word(element, "class", closed) ||
		has_word(element, "id", reply_intro))
		return QUOTE_CLOSED;
	return has_word(element, "id", open_ids) || is_outlook_rule(element) ? QUOTE_OPEN
									     : QUOTE_NONE;
}

static void begin_quote(Walk *walk, gsize source, QuoteKind kind)
{
	const HtmlLine *line;

	if (walk->open || walk->quoted > 0 || source == G_MAXSIZE)
		return;
	walk->marked = TRUE;
	walk->open = kind == QUOTE_OPEN;
	if (walk->quote != G_MAXSIZE)
		return;
	walk->own = walk->text->len;
	walk->quote = source;
	/* "El ... escribio:" without a mark of its own goes with the quote. */
	if (walk->lines->len == 0)
		return;
	line = &g_array_index(walk->lines, HtmlLine, walk->lines->len - 1);
	if (line->source != G_MAXSIZE && quote_is_attribution(walk->text->str + line->text,
						 strcspn(walk->text->str + line->text, "\n"))) {
		walk->own = line->text;
		walk->quote = line->source;
	}
}

static gboolean is_inline(GumboTag tag)
{
	static const GumboTag tags[] = {GUMBO_TAG_SPAN, GUMBO_TAG_B, GUMBO_TAG_A, GUMBO_TAG_I,
		GUMBO_TAG_FONT, GUMBO_TAG_STRONG, GUMBO_TAG_EM, GUMBO_TAG_U, GUMBO_TAG_S,
		GUMBO_TAG_SMALL, GUMBO_TAG_BIG, GUMBO_TAG_SUB, GUMBO_TAG_SUP, GUMBO_TAG_IMG,
		GUMBO_TAG_CODE, GUMBO_TAG_TT, GUMBO_TAG_ABBR, GUMBO_TAG_UNKNOWN};

	for (size_t i = 0; i < G_N_ELEMENTS(tags); i++)
		if (tag == tags[i])
			return TRUE;
	return FALSE;
}

/* Whose content is no text of the page, and swallows all when it is not closed. */
static gboolean is_raw(GumboTag tag)
{
	return tag == GUMBO_TAG_SCRIPT || tag == GUMBO_TAG_STYLE || tag == GUMBO_TAG_TEXTAREA ||
	       tag == GUMBO_TAG_TITLE || tag == GUMBO_TAG_XMP || tag == GUMBO_TAG_IFRAME ||
	       tag == GUMBO_TAG_NOEMBED || tag == GUMBO_TAG_NOFRAMES;
}

/* What no reader sees, whatever is in it. */
static gboolean is_hidden(const GumboElement *element)
{
	const GumboAttribute *style = gumbo_get_attribute(&element->attributes, "style");
	g_autofree char *plain = style ? g_ascii_strdown(style->value, -1) : NULL;
	gsize size = 0;

	for (const char *c = plain; c && *c; c++)
		if (!g_ascii_isspace(*c))
			plain[size++] = *c;
	if (plain)
		plain[size] = '\0';
	return (plain && strstr(plain, "display:none")) ||
	       gumbo_get_attribute(&element->attributes, "hidden");
}

static void walk_node(Walk *walk, const GumboNode *node, guint depth);

static void walk_element(Walk *walk, const GumboElement *element, guint depth)
{
	gsize source = place(walk, element->original_tag.data);
	gboolean breaks = !is_inline(element->tag);
	QuoteKind kind = quote_kind(element);

	if (is_raw(element->tag) || is_hidden(element)) {
		if (element->original_end_tag.length > 0)
			mark_safe(walk, &element->original_end_tag);
		return;
	}
	mark_safe(walk, &element->original_tag);
	if (breaks) {
		new_line(walk);
		walk->block = element->tag == GUMBO_TAG_BR ? G_MAXSIZE : source;
	}
	if (kind != QUOTE_NONE)
		begin_quote(walk, source, kind);
	walk->quoted += kind == QUOTE_CLOSED;
	for (unsigned i = 0; i < element->children.length; i++)
		walk_node(walk, element->children.data[i], depth + 1);
	walk->quoted -= kind == QUOTE_CLOSED;
	mark_safe(walk, &element->original_end_tag);
	if (breaks) {
		new_line(walk);
		walk->block = G_MAXSIZE;
	}
}

static void walk_text(Walk *walk, const GumboText *text)
{
	gsize source = place(walk, text->original_text.data);
	g_auto(HtmlView) first = {0};

	mark_safe(walk, &text->original_text);
	/* gumbo makes one text of what stands before </body> and behind it. */
	if (source < walk->limit && walk->limit < source + text->original_text.length) {
		if (html_read(text->original_text.data, walk->limit - source, &first))
			append_collapsed(walk, first.text, source);
		return;
	}
	append_collapsed(walk, text->text, source);
}

static gboolean comment_ends(const GumboStringPiece *piece)
{
	g_autofree char *text = g_strndup(piece->data ? piece->data : "", piece->length);

	if (g_str_has_prefix(text, "<!--"))
		return g_str_has_suffix(text, "-->") || g_str_has_suffix(text, "--!>");
	return g_str_has_suffix(text, ">");
}

static void walk_node(Walk *walk, const GumboNode *node, guint depth)
{
	switch (node->type) {
	case GUMBO_NODE_TEXT:
	case GUMBO_NODE_WHITESPACE:
	case GUMBO_NODE_CDATA:
		walk_text(walk, &node->v.text);
		return;
	case GUMBO_NODE_COMMENT:
		if (comment_ends(&node->v.text.original_text))
			mark_safe(walk, &node->v.text.original_text);
		return;
	case GUMBO_NODE_ELEMENT:
		if (depth <= HTML_MAX_TREE_DEPTH)
			walk_element(walk, &node->v.element, depth);
		return;
	case GUMBO_NODE_DOCUMENT:
	case GUMBO_NODE_TEMPLATE:
		return;
	}
}

static gsize end_offset(const GumboOutput *output, const char *source, gsize size)
{
	const GumboNode *body = child_element(output->root, GUMBO_TAG_BODY);
	const char *end = source + size;

	if (body && body->v.element.original_end_tag.length > 0)
		end = body->v.element.original_end_tag.data;
	else if (output->root->v.element.original_end_tag.length > 0)
		end = output->root->v.element.original_end_tag.data;
	return end >= source && end <= source + size ? (gsize)(end - source) : size;
}

static gsize skip_back_space(const char *utf8, gsize at)
{
	while (at > 0 && g_ascii_isspace(utf8[at - 1]))
		at--;
	return at;
}

gsize html_last_tags(const char *utf8, gsize size)
{
	static const char *const tags[] = {"</html>", "</body>"};
	gsize at = skip_back_space(utf8, size), length = strlen(tags[0]), found = size;

	for (gsize i = 0; i < G_N_ELEMENTS(tags); i++) {
		if (at < length || g_ascii_strncasecmp(utf8 + at - length, tags[i], length) != 0)
			continue;
		found = at - length;
		at = skip_back_space(utf8, found);
	}
	return found;
}

/* Separators that are text only, as Outlook and converters leave them. */
static void find_text_quote(const Walk *walk, HtmlView *view)
{
	gboolean open = FALSE;
	gsize at = quote_start(view->text, view->own_size, &open);

	if (walk->marked || at == view->own_size)
		return;
	for (guint i = 0; i < walk->lines->len; i++) {
		const HtmlLine *line = &g_array_index(walk->lines, HtmlLine, i);

		if (line->text != at || line->source == G_MAXSIZE || line->source > view->end)
			continue;
		view->own_size = at;
		view->quote = line->source;
		view->open |= open;
		return;
	}
}

gboolean html_read(const char *utf8, gsize size, HtmlView *view)
{
	HtmlArena arena;
	GumboOutput *output = parse_bounded(&arena, utf8, size);
	Walk walk = {.source = utf8,
		.size = size,
		.own = G_MAXSIZE,
		.quote = G_MAXSIZE,
		.block = G_MAXSIZE};

	if (!output) {
		html_arena_clear(&arena);
		return FALSE;
	}
	walk.text = g_string_new(NULL);
	walk.lines = g_array_new(FALSE, FALSE, sizeof(HtmlLine));
	view->end = walk.limit = end_offset(output, utf8, size);
	walk_node(&walk, output->root, 0);
	view->safe_end = MIN(walk.safe, view->end);
	view->quote = MIN(walk.quote, view->end);
	view->open = walk.open;
	view->own_size = MIN(walk.own, walk.text->len);
	view->text = g_string_free(walk.text, FALSE);
	find_text_quote(&walk, view);
	g_array_unref(walk.lines);
	/* Faster than gumbo's own way, and not recursive. */
	html_arena_clear(&arena);
	return TRUE;
}

void html_view_clear(HtmlView *view)
{
	g_free(view->text);
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
