/*
 * Message store: files named by their SHA-256 under two-character folders, zstd-compressed,
 * written to a temporary name, fsynced, renamed, folder fsynced; then recorded (DESIGN 4). A
 * message that comes with its record (blobs_pack) stands in the store instead and is durable with
 * it: one fsync, not three. Thread-safe.
 */
#ifndef ACUSE_PROVISION_BLOBS_H
#define ACUSE_PROVISION_BLOBS_H

#include <glib.h>

#include "provision/store.h"

typedef struct _Blobs Blobs;

Blobs *blobs_open(const char *folder, guint64 floor_bytes, GError **error);
void blobs_close(Blobs *blobs);
/* Where what blobs_pack made is found again. Before the first call of the others; it outlives them.
 */
void blobs_use_store(Blobs *blobs, Store *store);

/* Durable on TRUE. INVALID: the digest does not match; NO_SPACE: below the floor or disk full. */
gboolean blobs_put(Blobs *blobs, const char *sha256, GBytes *bytes, GError **error);
/* What store_put_blob takes, within a change; errors of blobs_put. */
GBytes *blobs_pack(Blobs *blobs, const char *sha256, GBytes *bytes, GError **error);
/*
 * Also makes its file young again (blobs_put and blobs_size do too): what was found is not
 * collected for a day.
 */
gboolean blobs_has(Blobs *blobs, const char *sha256);
/* The size in bytes that the blob says it has; it is not read whole. NOT_FOUND or DAMAGED. */
gboolean blobs_size(Blobs *blobs, const char *sha256, guint64 *size, GError **error);
/* The bytes, digest checked. NOT_FOUND or DAMAGED. */
GBytes *blobs_get(Blobs *blobs, const char *sha256, GError **error);

/*
 * Copies each file of the store in folder `from` that the one in folder `to` lacks, durably; both
 * were opened once. *copied: how many.
 */
gboolean blobs_copy(const char *from, const char *to, guint64 *copied, GError **error);

/*
 * For the collection (collect.h). The digests of the files of one of the 256 folders that were last
 * put or asked for before that time (Unix, seconds).
 */
GPtrArray *blobs_old(Blobs *blobs, guint part, gint64 before_s, GError **error);
/* Removes the file when it is that old still. *absent: there is none any more. */
gboolean blobs_remove_old(
	Blobs *blobs, const char *sha256, gint64 before_s, gboolean *absent, GError **error);

#endif
