/*
 * SHA-256 of bytes in several pieces, for tree and commitments. GLib's own unless a program that
 * has a faster one gives it: a ledger of a million entries is ten million blocks. Pure.
 */
#ifndef ACUSE_CORE_SHA256_H
#define ACUSE_CORE_SHA256_H

#include <glib.h>

#define SHA256_BYTES 32

typedef struct {
	const void *bytes;
	gsize size;
} Sha256Part;

typedef void (*Sha256)(const Sha256Part *parts, guint n_parts, guint8 digest[SHA256_BYTES]);

/* Of all parts, one behind the other; none: of nothing. */
void sha256_of(const Sha256Part *parts, guint n_parts, guint8 digest[SHA256_BYTES]);
/* For the whole process; before its first thread. NULL: GLib's. */
void sha256_use(Sha256 function);

#endif
