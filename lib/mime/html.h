/* Where a block goes into an HTML text, and what its reader sees. Internal to lib/mime; gumbo only in html.c. */
#ifndef ACUSE_MIME_HTML_H
#define ACUSE_MIME_HTML_H

#include <glib.h>

/*
 * Offset before the last real </body>, else before </html>, else `size`. Bytes over 127 may be of any
 * charset that extends ASCII.
 */
gsize html_block_offset(const guint8 *bytes, gsize size);

/* The text a reader sees, UTF-8, white space collapsed to single blanks. */
char *html_text(const char *utf8);

/* Non-ASCII letters as &#N;. */
char *html_to_ascii(const char *utf8);

#endif
