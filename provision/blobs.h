/*
 * Message store: files named by their SHA-256 under two-character folders, zstd-compressed,
 * written to a temporary name, fsynced, renamed, folder fsynced; then recorded (DESIGN 4).
 * Thread-safe.
 */
#ifndef ACUSE_PROVISION_BLOBS_H
#define ACUSE_PROVISION_BLOBS_H

#include <glib.h>

typedef struct _Blobs Blobs;

Blobs *blobs_open(const char *folder, guint64 floor_bytes, GError **error);
void blobs_close(Blobs *blobs);

/* Durable on TRUE. INVALID: the digest does not match; NO_SPACE: below the floor or disk full. */
gboolean blobs_put(Blobs *blobs, const char *sha256, GBytes *bytes, GError **error);
gboolean blobs_has(Blobs *blobs, const char *sha256);
/* The bytes, digest checked. NOT_FOUND or DAMAGED. */
GBytes *blobs_get(Blobs *blobs, const char *sha256, GError **error);

#endif
