/*
 * The files of a zip, unpacked in memory: nothing is written, so no name in it can lead anywhere.
 * Bounded by bundle_format.h; anything but regular files with distinct names is refused.
 */
#ifndef ACUSE_PROVISION_PROOF_FILES_H
#define ACUSE_PROVISION_PROOF_FILES_H

#include <glib.h>

/* name -> GBytes. *first gets the name of the first file, *zip (may be NULL) the bytes of all. NULL
 * with NOT_FOUND, INVALID or TOO_LARGE. */
GHashTable *proof_files_read(const char *path, char **first, GBytes **zip, GError **error);

#endif
