/*
 * Header values: encoded words, ids, addresses, and changing one parameter in place. Internal to
 * lib/mime.
 */
#ifndef ACUSE_MIME_HEADER_H
#define ACUSE_MIME_HEADER_H

#include <glib.h>

/* Folds and line ends gone, blanks at both ends gone. */
char *header_unfold(const char *value);

/*
 * RFC 2047, word by word (FACTS 17a); one line of UTF-8. *sure is FALSE when a word or a raw byte
 * cannot be decoded: the text is then as near as can be.
 */
char *header_decode(const char *value, gboolean *sure);

/* A Date (RFC 5322 3.3) in Unix seconds; FALSE when it cannot be read. */
gboolean header_date(const char *value, gint64 *seconds);

/* The ids between < and >, in order. NULL-terminated. */
char **header_ids(const char *value);

/*
 * A Content-Type value with parameter name=value: replaced where it stands, else added at the end.
 * NULL when the value does not follow RFC 2045's grammar.
 */
char *header_set_parameter(const char *raw, const char *name, const char *value);

/* How many ';' stand outside quoted strings. */
guint header_count_parameters(const char *value);

/* Whether an address field is within MIME_MAX_ADDRESS_BYTES and MIME_MAX_GROUPS. */
gboolean header_addresses_within_limits(const char *value);

/* Addresses of the value, groups opened, domain in lower case, appended to `addresses`. None over
 * the limits. */
void header_addresses(const char *value, GPtrArray *addresses);

/* The same, for a From: FALSE when parsers may disagree on it (groups, garbage, encoded words in
 * addresses). */
gboolean header_addresses_strict(const char *value, GPtrArray *addresses);

/*
 * Whether a From has no comment but a simple one at its end ("a@b (Rosa)") and no trailing dot:
 * what the signer, which reads it with its own few lines, takes too.
 */
gboolean header_ends_plainly(const char *value);

#endif
