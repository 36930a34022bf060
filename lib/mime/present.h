/* Whether a text ends with the block that its author, or an earlier passage, wrote. Internal to
 * lib/mime. */
#ifndef ACUSE_MIME_PRESENT_H
#define ACUSE_MIME_PRESENT_H

#include <glib.h>

/*
 * items: the data of the block in order (UTF-8, NULL-terminated); rendered: the block's text. The
 * text (UTF-8, lines) ends with it when the data stand at its end in that order, the first at the
 * beginning of a line, with nothing between and behind but punctuation, the block's own words, and
 * labels and addresses as clients' signatures have them. Case and white space do not count.
 */
gboolean present_at_end(
	const char *text, gsize size, const char *const *items, const char *rendered);

#endif
