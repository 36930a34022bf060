/*
 * Header values: encoded words, ids, and changing one parameter in place. Internal to
 * lib/mime.
 */
#ifndef ACUSE_MIME_HEADER_H
#define ACUSE_MIME_HEADER_H

#include <glib.h>

#define HEADER_CHARSET "windows-1252" /* of raw letters that are no UTF-8 */

/* Folds and line ends gone, blanks at both ends gone. */
char *header_unfold(const char *value);

/*
 * RFC 2047, word by word (FACTS 17a); one line of UTF-8. *sure is FALSE when a word or a raw byte
 * cannot be decoded: the text is then as near as can be.
 */
char *header_decode(const char *value, gboolean *sure);

/* A Date (RFC 5322 3.3) in Unix seconds; FALSE when it cannot be read. */
gboolean header_date(const char *value, gint64 *seconds);
/* A time as the value of a Date field, in UTC; a new string. */
char *header_date_text(gint64 time_s);

/* The ids between < and >, in order. NULL-terminated. */
char **header_ids(const char *value);

#define HEADER_THREAD_IDS_MAX 200
/* Those of In-Reply-To and References (each may be NULL), each id once. NULL-terminated. */
char **header_thread_ids(const char *in_reply_to, const char *references);

/*
 * A Content-Type value with parameter name=value: replaced where it stands, else added at the end.
 * NULL when the value does not follow RFC 2045's grammar.
 */
char *header_set_parameter(const char *raw, const char *name, const char *value);

/* How many ';' stand outside quoted strings. */
guint header_count_parameters(const char *value);

#endif
