/* Zips of one file, for heavy attachments (P8). The same input makes the same bytes. */
#ifndef ACUSE_ARCHIVE_ZIP_H
#define ACUSE_ARCHIVE_ZIP_H

#include <glib.h>

/* How large the file would be in a zip, by samples of it; at least 1 for a file with bytes. */
gsize zip_estimate(const guint8 *bytes, gsize size);

/*
 * A zip with the file alone, called `name` (UTF-8, one path element), its time always the same.
 * NULL when it would be larger than max_bytes: it is given up there. The caller owns the result.
 */
GByteArray *zip_one(const char *name, const guint8 *bytes, gsize size, gsize max_bytes);

#endif
