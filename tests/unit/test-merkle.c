/* Merkle tree: RFC 6962 vectors, and every size up to 70 against the recursive definition written
 * plainly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/error.h"
#include "core/merkle.h"

#define MAX_SIZE 70
#define LEVELS 8

typedef struct {
	MerkleHash nodes[LEVELS][MAX_SIZE + 1];
	gboolean stored[LEVELS][MAX_SIZE + 1];
	gboolean broken;
} Nodes;

static gboolean read_node(
	gpointer data, guint level, guint64 index, MerkleHash *hash, GError **error)
{
	const Nodes *nodes = data;

	if (nodes->broken || level >= LEVELS || index > MAX_SIZE || !nodes->stored[level][index]) {
		g_set_error(
			error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED, "node %u/%u", level, (guint)index);
		return FALSE;
	}
	*hash = nodes->nodes[level][index];
	return TRUE;
}

static gboolean write_node(
	gpointer data, guint level, guint64 index, const MerkleHash *hash, GError **error)
{
	Nodes *nodes = data;

	(void)error;
	assert_true(level < LEVELS && index <= MAX_SIZE);
	assert_false(nodes->stored[level][index]);
	nodes->nodes[level][index] = *hash;
	nodes->stored[level][index] = TRUE;
	return TRUE;
}

/* RFC 6962 2.1, as it is written there. */
static void naive_root(const MerkleHash *leaves, guint count, MerkleHash *root)
{
	g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
	guint k = 1;
	gsize size = MERKLE_HASH_BYTES;
	MerkleHash left, right;

	if (count == 1) {
		*root = leaves[0];
		return;
	}
	while (2 * k < count)
		k *= 2;
	naive_root(leaves, k, &left);
	naive_root(leaves + k, count - k, &right);
	g_checksum_update(checksum, (const guchar *)"\001", 1);
	g_checksum_update(checksum, left.bytes, MERKLE_HASH_BYTES);
	g_checksum_update(checksum, right.bytes, MERKLE_HASH_BYTES);
	g_checksum_get_digest(checksum, root->bytes, &size);
}

/* 2.1.1: PATH(m, D[n]). */
static void naive_path(guint m, const MerkleHash *leaves, guint count, GArray *path)
{
	guint k = 1;
	MerkleHash hash;

	if (count == 1)
		return;
	while (2 * k < count)
		k *= 2;
	if (m < k) {
		naive_path(m, leaves, k, path);
		naive_root(leaves + k, count - k, &hash);
	} else {
		naive_path(m - k, leaves + k, count - k, path);
		naive_root(leaves, k, &hash);
	}
	g_array_append_val(path, hash);
}

/* 2.1.2: SUBPROOF(m, D[n], b). */
static void naive_subproof(
	guint m, const MerkleHash *leaves, guint count, gboolean whole, GArray *proof)
{
	guint k = 1;
	MerkleHash hash;

	if (m == count) {
		if (whole)
			return;
		naive_root(leaves, count, &hash);
		g_array_append_val(proof, hash);
		return;
	}
	while (2 * k < count)
		k *= 2;
	if (m <= k) {
		naive_subproof(m, leaves, k, whole, proof);
		naive_root(leaves + k, count - k, &hash);
	} else {
		naive_subproof(m - k, leaves + k, count - k, FALSE, proof);
		naive_root(leaves, k, &hash);
	}
	g_array_append_val(proof, hash);
}

static void assert_same_proof(const GArray *left, const GArray *right)
{
	assert_non_null(left);
	assert_int_equal(left->len, right->len);
	if (left->len > 0)
		assert_memory_equal(left->data, right->data, left->len * sizeof(MerkleHash));
}

static void check_inclusion(
	Nodes *nodes, const MerkleHash *leaves, guint size, const MerkleHash *root)
{
	for (guint leaf = 0; leaf < size; leaf++) {
		g_autoptr(GArray) naive = g_array_new(FALSE, FALSE, sizeof(MerkleHash));
		g_autoptr(GArray) proof =
			merkle_inclusion_proof(leaf, size, read_node, nodes, NULL);

		naive_path(leaf, leaves, size, naive);
		assert_same_proof(proof, naive);
		assert_true(merkle_verify_inclusion(&leaves[leaf], leaf, size, proof, root));
		assert_false(merkle_verify_inclusion(&leaves[leaf + 1], leaf, size, proof, root));
		if (size > 1)
			assert_false(merkle_verify_inclusion(
				&leaves[leaf], (leaf + 1) % size, size, proof, root));
		if (proof->len > 0) {
			g_array_index(proof, MerkleHash, proof->len / 2).bytes[7] ^= 1;
			assert_false(
				merkle_verify_inclusion(&leaves[leaf], leaf, size, proof, root));
			g_array_set_size(proof, proof->len - 1);
			assert_false(
				merkle_verify_inclusion(&leaves[leaf], leaf, size, proof, root));
		}
	}
}

static void check_consistency(
	Nodes *nodes, const MerkleHash *leaves, guint size, const MerkleHash *roots)
{
	for (guint old = 1; old <= size; old++) {
		g_autoptr(GArray) naive = g_array_new(FALSE, FALSE, sizeof(MerkleHash));
		g_autoptr(GArray) proof =
			merkle_consistency_proof(old, size, read_node, nodes, NULL);

		naive_subproof(old, leaves, size, TRUE, naive);
		assert_same_proof(proof, naive);
		assert_true(merkle_verify_consistency(old, size, &roots[old], &roots[size], proof));
		assert_false(
			merkle_verify_consistency(old, size, &roots[old - 1], &roots[size], proof));
		g_array_append_val(proof, roots[1]);
		assert_false(
			merkle_verify_consistency(old, size, &roots[old], &roots[size], proof));
	}
}

static void test_every_size(void **state)
{
	g_autofree Nodes *nodes = g_new0(Nodes, 1);
	MerkleHash leaves[MAX_SIZE + 1], roots[MAX_SIZE + 1];

	(void)state;
	for (guint i = 0; i <= MAX_SIZE; i++)
		merkle_leaf_hash(&i, sizeof(i), &leaves[i]);
	assert_true(merkle_root(0, read_node, nodes, &roots[0], NULL));
	for (guint size = 1; size <= MAX_SIZE; size++) {
		MerkleHash naive;

		assert_true(merkle_append(
			size - 1, &leaves[size - 1], read_node, write_node, nodes, NULL));
		assert_true(merkle_root(size, read_node, nodes, &roots[size], NULL));
		naive_root(leaves, size, &naive);
		assert_memory_equal(&naive, &roots[size], sizeof(naive));
		check_inclusion(nodes, leaves, size, &roots[size]);
		check_consistency(nodes, leaves, size, roots);
	}
}

/* The eight leaves that Certificate Transparency's own tests use. */
static void test_known_roots(void **state)
{
	static const struct {
		gsize size;
		const char *leaf, *root;
	} cases[] = {
		{0, "", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
		{1, "\x00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
		{1, "\x10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
		{2, "\x20\x21", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
		{2, "\x30\x31", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
		{4, "\x40\x41\x42\x43",
			"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
		{8, "\x50\x51\x52\x53\x54\x55\x56\x57",
			"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
		{16, "\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
			"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
	};
	g_autofree Nodes *nodes = g_new0(Nodes, 1);
	g_autofree char *empty = NULL;
	MerkleHash root;

	(void)state;
	assert_true(merkle_root(0, read_node, nodes, &root, NULL));
	empty = merkle_hash_to_hex(&root);
	assert_string_equal(
		empty, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *hex = NULL;
		MerkleHash leaf, parsed;

		merkle_leaf_hash(cases[i].leaf, cases[i].size, &leaf);
		assert_true(merkle_append(i, &leaf, read_node, write_node, nodes, NULL));
		assert_true(merkle_root(i + 1, read_node, nodes, &root, NULL));
		hex = merkle_hash_to_hex(&root);
		assert_string_equal(hex, cases[i].root);
		assert_true(merkle_hash_from_hex(hex, &parsed));
		assert_memory_equal(&parsed, &root, sizeof(root));
	}
}

static void test_faults(void **state)
{
	g_autofree Nodes *nodes = g_new0(Nodes, 1);
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray) proof = g_array_new(FALSE, FALSE, sizeof(MerkleHash));
	MerkleHash hash = {{0}};

	(void)state;
	assert_null(merkle_inclusion_proof(3, 3, read_node, nodes, &error));
	assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_INVALID));
	g_clear_error(&error);
	assert_null(merkle_consistency_proof(4, 3, read_node, nodes, &error));
	assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_INVALID));
	g_clear_error(&error);
	nodes->broken = TRUE;
	assert_false(merkle_root(3, read_node, nodes, &hash, &error));
	assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED));
	assert_false(merkle_verify_inclusion(&hash, 0, 0, proof, &hash));
	assert_false(merkle_verify_inclusion(&hash, 0, 2, NULL, &hash));
	assert_false(merkle_verify_consistency(0, 0, &hash, &hash, proof));
	assert_false(merkle_verify_consistency(0, 5, &hash, &hash, proof));
	assert_false(merkle_verify_consistency(3, 5, &hash, &hash, proof));
	assert_false(merkle_hash_from_hex("00", &hash));
	assert_false(merkle_hash_from_hex(NULL, &hash));
	assert_false(merkle_hash_from_hex(
		"g3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", &hash));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_size),
		cmocka_unit_test(test_known_roots),
		cmocka_unit_test(test_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
