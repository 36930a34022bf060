/* Fields with raw letters, or lines nobody may send, as ASCII that means the same. Internal to
 * lib/mime. */
#ifndef ACUSE_MIME_ENCODE_H
#define ACUSE_MIME_ENCODE_H

#include <glib.h>

/*
 * The value in ASCII, one line without blanks at both ends: parameters in the form of RFC 2231,
 * names beside addresses, comments and other text as encoded words (RFC 2047). Bytes that are not
 * UTF-8 are read as `charset` when it extends ASCII, else as windows-1252. NULL when a letter
 * stands where only ASCII may (in an address, a boundary).
 */
char *encode_field(const char *name, const char *raw, const char *charset);

/* Whether the field is one of addresses. */
gboolean encode_is_address(const char *name);

/*
 * "Name: value" and the line end, folded to 78 where blanks are, outside quoted strings, so that
 * unfolding gives the same value. No line is made of blanks only.
 */
void encode_append_folded(GString *out, const char *name, const char *raw, const char *eol);

#endif
