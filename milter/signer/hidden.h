/*
 * Files that a process gives up for good (landlock(7)): a PKCS#11 module runs as the signer's own
 * user, whose files it could otherwise read.
 */
#ifndef ACUSE_SIGNER_HIDDEN_H
#define ACUSE_SIGNER_HIDDEN_H

#include <glib.h>

/* Whether this kernel can do it. */
gboolean hidden_is_possible(void);

/*
 * For this process and those it starts. Of the paths (NULL-terminated; "": none) and what is
 * beneath them nothing is opened, made, moved or removed; what lies in the same folders as they, or
 * in those above, stays reachable if it was there before, and the folders themselves do not change.
 * Nothing happens where the kernel cannot do it. FALSE with UNAVAILABLE.
 */
gboolean hidden_make(const char *const *paths, GError **error);

#endif
