/* Where a block goes into an HTML text, and what its reader sees. Internal to lib/mime; gumbo only
 * in html.c. */
#ifndef ACUSE_MIME_HTML_H
#define ACUSE_MIME_HTML_H

#include <glib.h>

#define HTML_MAX_BYTES (4 * 1024 * 1024)
/* Of the tree, which gumbo keeps in memory whole: room for HTML_MAX_OPEN_TAGS with a text in each
 * and one behind it. */
#define HTML_MAX_TREE_BYTES (26 * 1024 * 1024)
/* That may nest: gumbo walks the open ones at each tag. */
#define HTML_MAX_OPEN_TAGS 50000
/* Of processor time for one reading: gumbo 0.10 needs quadratic time on markup made for that. */
#define HTML_MAX_TIME_MS 500
/* Of one tag: gumbo compares each with all others. */
#define HTML_MAX_ATTRIBUTES 500

/* Whether it is within the limits above but for the tree and the time. To be asked before
 * html_read. */
gboolean html_within_limits(const guint8 *bytes, gsize size);

/* What a reader sees, and where things stand in the source. */
typedef struct {
	char *text;	/* UTF-8, in lines, white space collapsed */
	gsize own_size; /* of it what comes before the quote that ends it */
	gsize end; /* offset before the last real </body>, else before </html>, else the size */
	gsize safe_end; /* the end of what is surely no open comment, script or tag */
	gsize quote; /* offset of the quote that ends the text, with its attribution; `end`: none */
	gboolean open; /* nothing marks where that quote ends */
} HtmlView;

/* utf8: `size` bytes. FALSE, with nothing in the view, over HTML_MAX_TREE_BYTES or
 * HTML_MAX_TIME_MS. */
gboolean html_read(const char *utf8, gsize size, HtmlView *view);
/* Where the end tags of body and html begin with which it ends, whatever gumbo makes of them (in an
 * open table they mean nothing, but some readers show nothing behind them); size: it does not. */
gsize html_last_tags(const char *utf8, gsize size);

void html_view_clear(HtmlView *view);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HtmlView, html_view_clear)

/* Non-ASCII letters as &#N;. */
char *html_to_ascii(const char *utf8);

#endif
