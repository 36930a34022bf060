/*
 * RFC 6962 Merkle tree over node hashes that a callback reads (merkle.h). Roots and proofs follow
 * the recursive definitions of section 2.1; a read that fails ends the work with its error. The
 * checks of proofs are the iterative ones of RFC 9162 2.1.3.2 and 2.1.4.2. Pure; recursion is at
 * most 64 deep.
 */
#include "core/merkle.h"

#include <string.h>

#include "base/error.h"
#include "base/hex.h"
#include "core/sha256.h"

void merkle_leaf_hash(const void *leaf, gsize size, MerkleHash *hash)
{
	static const guint8 prefix = 0;
	const Sha256Part parts[] = {{&prefix, 1}, {leaf, size}};

	sha256_of(parts, G_N_ELEMENTS(parts), hash->bytes);
}

/* The result may be one of its parts. */
static void hash_node(const MerkleHash *left, const MerkleHash *right, MerkleHash *node)
{
	static const guint8 prefix = 1;
	const Sha256Part parts[] = {
		{&prefix, 1}, {left->bytes, MERKLE_HASH_BYTES}, {right->bytes, MERKLE_HASH_BYTES}};

	sha256_of(parts, G_N_ELEMENTS(parts), node->bytes);
}

gboolean merkle_append(guint64 size, const MerkleHash *leaf, MerkleRead read, MerkleWrite write,
	gpointer data, GError **error)
{
	MerkleHash node = *leaf;
	guint64 index = size;

	if (!write(data, 0, index, &node, error))
		return FALSE;
	for (guint level = 0; index & 1; level++) {
		MerkleHash left;

		if (!read(data, level, index - 1, &left, error))
			return FALSE;
		hash_node(&left, &node, &node);
		index >>= 1;
		if (!write(data, level + 1, index, &node, error))
			return FALSE;
	}
	return TRUE;
}

/* The largest power of two below count (count > 1), as its exponent. */
static guint split_level(guint64 count)
{
	guint level = 0;

	while ((count - 1) >> level > 1)
		level++;
	return level;
}

/* Root of `count` leaves (at least one) from `begin`, which is where RFC 6962 splits a tree. */
static gboolean range_root(guint64 begin, guint64 count, MerkleRead read, gpointer data,
	MerkleHash *root, GError **error)
{
	MerkleHash left, right;
	guint level;

	if (count == 1)
		return read(data, 0, begin, root, error);
	level = split_level(count);
	if (count == G_GUINT64_CONSTANT(2) << level)
		return read(data, level + 1, begin >> (level + 1), root, error);
	if (!read(data, level, begin >> level, &left, error) ||
		!range_root(begin + (G_GUINT64_CONSTANT(1) << level),
			count - (G_GUINT64_CONSTANT(1) << level), read, data, &right, error))
		return FALSE;
	hash_node(&left, &right, root);
	return TRUE;
}

gboolean merkle_root(guint64 size, MerkleRead read, gpointer data, MerkleHash *root, GError **error)
{
	if (size > 0)
		return range_root(0, size, read, data, root, error);
	sha256_of(NULL, 0, root->bytes);
	return TRUE;
}

static gboolean prepend_range(
	GArray *proof, guint64 begin, guint64 count, MerkleRead read, gpointer data, GError **error)
{
	MerkleHash hash;

	if (!range_root(begin, count, read, data, &hash, error))
		return FALSE;
	g_array_prepend_val(proof, hash);
	return TRUE;
}

GArray *merkle_inclusion_proof(
	guint64 leaf, guint64 size, MerkleRead read, gpointer data, GError **error)
{
	g_autoptr(GArray) proof = g_array_new(FALSE, FALSE, sizeof(MerkleHash));
	guint64 begin = 0, count = size;

	if (leaf >= size) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID,
			"leaf %" G_GUINT64_FORMAT " is not in a tree of %" G_GUINT64_FORMAT, leaf,
			size);
		return NULL;
	}
	while (count > 1) {
		guint64 half = G_GUINT64_CONSTANT(1) << split_level(count);
		gboolean in_left = leaf - begin < half;

		if (!prepend_range(proof, in_left ? begin + half : begin,
			    in_left ? count - half : half, read, data, error))
			return NULL;
		begin += in_left ? 0 : half;
		count = in_left ? half : count - half;
	}
	return g_steal_pointer(&proof);
}

GArray *merkle_consistency_proof(
	guint64 old_size, guint64 new_size, MerkleRead read, gpointer data, GError **error)
{
	g_autoptr(GArray) proof = g_array_new(FALSE, FALSE, sizeof(MerkleHash));
	guint64 begin = 0, count = new_size, old = old_size;

	if (old_size > new_size) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID,
			"the old size %" G_GUINT64_FORMAT " is over the new one %" G_GUINT64_FORMAT,
			old_size, new_size);
		return NULL;
	}
	if (old_size == 0 || old_size == new_size)
		return g_steal_pointer(&proof);
	while (old < count) {
		guint64 half = G_GUINT64_CONSTANT(1) << split_level(count);
		gboolean in_left = old <= half;

		if (!prepend_range(proof, in_left ? begin + half : begin,
			    in_left ? count - half : half, read, data, error))
			return NULL;
		begin += in_left ? 0 : half;
		old -= in_left ? 0 : half;
		count = in_left ? half : count - half;
	}
	/* The verifier has the old root itself when the old tree is a full left subtree. */
	if (begin != 0 && !prepend_range(proof, begin, count, read, data, error))
		return NULL;
	return g_steal_pointer(&proof);
}

static gboolean hash_equal(const MerkleHash *left, const MerkleHash *right)
{
	return memcmp(left->bytes, right->bytes, MERKLE_HASH_BYTES) == 0;
}

gboolean merkle_verify_inclusion(const MerkleHash *leaf_hash, guint64 leaf, guint64 size,
	const GArray *proof, const MerkleHash *root)
{
	guint64 node = leaf, last = size - 1;
	MerkleHash hash = *leaf_hash;

	if (size == 0 || leaf >= size || proof == NULL)
		return FALSE;
	for (guint i = 0; i < proof->len; i++) {
		const MerkleHash *step = &g_array_index(proof, MerkleHash, i);

		if (last == 0)
			return FALSE;
		if ((node & 1) || node == last) {
			hash_node(step, &hash, &hash);
			while (!(node & 1) && node != 0) {
				node >>= 1;
				last >>= 1;
			}
		} else {
			hash_node(&hash, step, &hash);
		}
		node >>= 1;
		last >>= 1;
	}
	return last == 0 && hash_equal(&hash, root);
}

/* Both sizes over zero and different. */
static gboolean verify_growth(guint64 old_size, guint64 new_size, const MerkleHash *old_root,
	const MerkleHash *new_root, const GArray *proof)
{
	guint64 node = old_size - 1, last = new_size - 1;
	gboolean full = (old_size & (old_size - 1)) == 0;
	MerkleHash old_hash, new_hash;

	if (!full && proof->len == 0)
		return FALSE;
	while (node & 1) {
		node >>= 1;
		last >>= 1;
	}
	old_hash = new_hash = full ? *old_root : g_array_index(proof, MerkleHash, 0);
	for (guint i = full ? 0 : 1; i < proof->len; i++) {
		const MerkleHash *step = &g_array_index(proof, MerkleHash, i);

		if (last == 0)
			return FALSE;
		if ((node & 1) || node == last) {
			hash_node(step, &old_hash, &old_hash);
			hash_node(step, &new_hash, &new_hash);
			while (!(node & 1) && node != 0) {
				node >>= 1;
				last >>= 1;
			}
		} else {
			hash_node(&new_hash, step, &new_hash);
		}
		node >>= 1;
		last >>= 1;
	}
	return last == 0 && hash_equal(&old_hash, old_root) && hash_equal(&new_hash, new_root);
}

gboolean merkle_verify_consistency(guint64 old_size, guint64 new_size, const MerkleHash *old_root,
	const MerkleHash *new_root, const GArray *proof)
{
	/* Every tree extends the empty one: such a proof would say nothing. */
	if (proof == NULL || old_size > new_size || old_size == 0)
		return FALSE;
	if (old_size == new_size)
		return proof->len == 0 && hash_equal(old_root, new_root);
	return verify_growth(old_size, new_size, old_root, new_root, proof);
}

char *merkle_hash_to_hex(const MerkleHash *hash)
{
	return hex_of_bytes(hash->bytes, MERKLE_HASH_BYTES);
}

gboolean merkle_hash_from_hex(const char *hex, MerkleHash *hash)
{
	return hex != NULL && strlen(hex) == 2 * MERKLE_HASH_BYTES &&
	       hex_to_bytes(hex, hash->bytes, MERKLE_HASH_BYTES);
}
