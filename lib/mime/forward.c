/*
 * forward.h: the part tree for an attached message, then each text for a quote as mail programs
 * write it. Reads only, under the limits of text and HTML. No shared state.
 */
#include "mime/forward.h"

#include <string.h>

#include "mime/html.h"
#include "mime/quote.h"
#include "mime/text.h"

/* What stands above a quoted text, and is not the text. */
static const char *const above[] = {"de", "from", "para", "to", "cc", "cco", "bcc", "asunto",
	"subject", "fecha", "date", "enviado", "enviado el", "sent", "responder a", "reply-to"};

static gboolean is_above(const char *line, gsize size)
{
	const char *colon = memchr(line, ':', size);

	if (quote_is_attribution(line, size))
		return TRUE;
	for (guint i = 0; colon != NULL && i < G_N_ELEMENTS(above); i++)
		if ((gsize)(colon - line) == strlen(above[i]) &&
			g_ascii_strncasecmp(line, above[i], (gsize)(colon - line)) == 0)
			return TRUE;
	return FALSE;
}

static gboolean says_something(const char *line, gsize size)
{
	for (gsize i = 0; i < size; i++)
		if (g_ascii_isalnum(line[i]) || (line[i] & 0x80) != 0)
			return TRUE;
	return FALSE;
}

/* Whether there is a text below marks, fields and separators; `marked`: in lines with marks. */
static gboolean has_text(const char *text, gsize size, gboolean marked)
{
	const char *limit = text + size, *next;

	for (const char *at = text; at < limit; at = next) {
		const char *end = memchr(at, '\n', (gsize)(limit - at));
		gboolean skip = marked && *at != '>';

		if (end == NULL)
			end = limit;
		next = end < limit ? end + 1 : limit;
		while (at < end && strchr("> \t*|", *at) != NULL && *at != '\0')
			at++;
		if (!skip && at < end && *at != '-' && *at != '_' &&
			!is_above(at, (gsize)(end - at)) && says_something(at, (gsize)(end - at)))
			return TRUE;
	}
	return FALSE;
}

/* A quote at the end, or lines with marks anywhere. */
static gboolean plain_quotes(const char *text, gsize size)
{
	gboolean open = FALSE;
	gsize start = quote_start(text, size, &open);

	return (start < size && open && has_text(text + start, size - start, FALSE)) ||
	       has_text(text, size, TRUE);
}

static gboolean html_quotes(const char *text, gsize size)
{
	g_auto(HtmlView) view = {0};

	if (!html_within_limits((const guint8 *)text, size) || !html_read(text, size, &view))
		return FALSE;
	size = strlen(view.text);
	return (view.own_size < size &&
		       has_text(view.text + view.own_size, size - view.own_size, FALSE)) ||
	       plain_quotes(view.text, size);
}

static gboolean part_quotes(const MimePart *part, const MailMessage *message)
{
	gboolean html = strcmp(part->type, "text/html") == 0;
	g_auto(TextView) view = {0};

	if (part->attachment || (!html && strcmp(part->type, "text/plain") != 0) ||
		!text_view_read(part, message, &view, NULL))
		return FALSE;
	return html ? html_quotes(view.utf8, view.utf8_size)
		    : plain_quotes(view.utf8, view.utf8_size);
}

/* A message, or a file of a mail program that is one, with something in it. */
static gboolean is_message(const MimePart *part, const MailMessage *message)
{
	gboolean file =
		part->attachment && part->name != NULL &&
		(g_str_has_suffix(part->name, ".eml") || g_str_has_suffix(part->name, ".msg"));

	return part->parent != NULL &&
	       (strcmp(part->type, "message/rfc822") == 0 ||
		       strcmp(part->type, "message/global") == 0 || file) &&
	       says_something((const char *)message->body->data + part->content,
		       part->end - part->content);
}

gboolean forward_has_original(const MailMessage *message, MimePart *root)
{
	g_autoptr(GPtrArray) parts = mime_part_list(root);

	for (guint i = 0; i < parts->len; i++) {
		const MimePart *part = g_ptr_array_index(parts, i);

		if (is_message(part, message))
			return TRUE;
		if (mime_part_is_leaf(part) && part_quotes(part, message))
			return TRUE;
	}
	return FALSE;
}
