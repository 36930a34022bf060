/* Where a block goes into an HTML text, and what its reader sees. Internal to lib/mime; gumbo only
 * in html.c. */
#ifndef ACUSE_MIME_HTML_H
#define ACUSE_MIME_HTML_H

#include <glib.h>

/* gumbo keeps the whole tree in memory. */
#define HTML_MAX_BYTES (4 * 1024 * 1024)
/* That may nest; gumbo recurses when it frees the tree. */
#define HTML_MAX_OPEN_TAGS 20000
/* Nesting tags times all tags: gumbo walks the open ones at each. */
#define HTML_MAX_TAG_WORK 500000000
/* Of one tag: gumbo compares each with all others. */
#define HTML_MAX_ATTRIBUTES 500

/*
 * Whether gumbo can read it in reasonable time and stack. To be asked before any other function:
 * gumbo 0.10 needs quadratic time or overflows the stack on markup made for that.
 */
gboolean html_within_limits(const guint8 *bytes, gsize size);

/*
 * Offset before the last real </body>, else before </html>, else `size`. Bytes over 127 may be of
 * any charset that extends ASCII.
 */
gsize html_block_offset(const guint8 *bytes, gsize size);

/* The text a reader sees, UTF-8, white space collapsed to single blanks. */
char *html_text(const char *utf8);

/* Non-ASCII letters as &#N;. */
char *html_to_ascii(const char *utf8);

#endif
