/*
 * Merkle tree of RFC 6962 section 2.1: SHA-256, leaf prefix 0x00, node prefix 0x01. The tree is
 * kept as the roots of its full subtrees ("frontier"); proofs read node hashes through a callback,
 * so that this file does no I/O.
 */
#ifndef ACUSE_CORE_MERKLE_H
#define ACUSE_CORE_MERKLE_H

#include <glib.h>

#define MERKLE_HASH_BYTES 32

typedef struct {
	guint8 bytes[MERKLE_HASH_BYTES];
} MerkleHash;

/*
 * Reads the root of the full subtree of 2^level leaves that begins at leaf index << level.
 * FALSE with error when it is not stored.
 */
typedef gboolean (*MerkleRead)(
	gpointer data, guint level, guint64 index, MerkleHash *hash, GError **error);
/* Stores one such root; called for each node that an append completes, leaves (level 0) included.
 */
typedef gboolean (*MerkleWrite)(
	gpointer data, guint level, guint64 index, const MerkleHash *hash, GError **error);

/* SHA-256(0x00 || leaf), RFC 6962 2.1. */
void merkle_leaf_hash(const void *leaf, gsize size, MerkleHash *hash);

/* Adds leaf number `size` to a tree of `size` leaves; the new size is size + 1. */
gboolean merkle_append(guint64 size, const MerkleHash *leaf, MerkleRead read, MerkleWrite write,
	gpointer data, GError **error);

/* Root of the first `size` leaves; size 0: SHA-256 of nothing. */
gboolean merkle_root(
	guint64 size, MerkleRead read, gpointer data, MerkleHash *root, GError **error);

/* Audit path of a leaf (RFC 6962 2.1.1): GArray of MerkleHash, leaf side first. NULL with error. */
GArray *merkle_inclusion_proof(
	guint64 leaf, guint64 size, MerkleRead read, gpointer data, GError **error);

/* Consistency proof between two sizes (RFC 6962 2.1.2): GArray of MerkleHash. */
GArray *merkle_consistency_proof(
	guint64 old_size, guint64 new_size, MerkleRead read, gpointer data, GError **error);

/* Pure checks; FALSE for anything malformed. */
gboolean merkle_verify_inclusion(const MerkleHash *leaf_hash, guint64 leaf, guint64 size,
	const GArray *proof, const MerkleHash *root);
gboolean merkle_verify_consistency(guint64 old_size, guint64 new_size, const MerkleHash *old_root,
	const MerkleHash *new_root, const GArray *proof);

/* Hex in lower case, a new string; and back: FALSE when it is not 64 hexadecimal digits. */
char *merkle_hash_to_hex(const MerkleHash *hash);
gboolean merkle_hash_from_hex(const char *hex, MerkleHash *hash);

#endif
