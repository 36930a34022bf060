/* Secrets that a person types: never arguments, not shown, in memory of the caller's. */
#ifndef ACUSE_CTL_TYPED_H
#define ACUSE_CTL_TYPED_H

#include <glib.h>

/*
 * One line from the terminal without echo, after the prompt, or of standard input when that is
 * none. INVALID: empty, longer than size - 2 bytes, not in UTF-8, or with a control character, NUL
 * too, so that nothing else than what was typed is tried. The caller wipes secret in any case.
 */
gboolean typed_secret(const char *prompt, char *secret, gsize size, GError **error);

#endif
