/*
 * forward.h: the part tree for an attached message, then each text for a quote as mail programs
 * write it. Reads only, under the limits of text and HTML. No shared state.
 */
#include "mime/forward.h"

#include <string.h>

#include "mime/html.h"
#include "mime/quote.h"
#include "mime/text.h"

/* A quote at the end, or lines with marks anywhere. */
static gboolean plain_quotes(const char *text, gsize size)
{
	gboolean open;

	return quote_start(text, size, &open) < size || (size > 0 && text[0] == '>') ||
	       memmem(text, size, "\n>", 2) != NULL;
}

static gboolean html_quotes(const char *text, gsize size)
{
	g_auto(HtmlView) view = {0};

	return html_within_limits((const guint8 *)text, size) && html_read(text, size, &view) &&
	       (view.own_size < strlen(view.text) || plain_quotes(view.text, strlen(view.text)));
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

gboolean forward_has_original(const MailMessage *message, MimePart *root)
{
	g_autoptr(GPtrArray) parts = mime_part_list(root);

	for (guint i = 0; i < parts->len; i++) {
		const MimePart *part = g_ptr_array_index(parts, i);

		if (part->parent != NULL && (strcmp(part->type, "message/rfc822") == 0 ||
						    strcmp(part->type, "message/global") == 0))
			return TRUE;
		if (mime_part_is_leaf(part) && part_quotes(part, message))
			return TRUE;
	}
	return FALSE;
}
