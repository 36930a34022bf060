/* Where the text that a mail answers or forwards begins: separators of Outlook, Gmail, Thunderbird
 * and the like, in Spanish and English. Internal to lib/mime. */
#ifndef ACUSE_MIME_QUOTE_H
#define ACUSE_MIME_QUOTE_H

#include <glib.h>

/*
 * The offset at which the quote that ends the text begins, with its line of attribution; `size`
 * when the text ends with the author's own words. *open: the quote has no marks, all that follows
 * belongs to it. The text may be in any charset that extends ASCII.
 */
gsize quote_start(const char *text, gsize size, gboolean *open);

/* Whether one line (any charset that extends ASCII) says who wrote what follows: "El ...
 * escribió:". */
gboolean quote_is_attribution(const char *line, gsize size);

#endif
