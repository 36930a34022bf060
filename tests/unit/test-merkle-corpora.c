/*
 * Proofs of RFC 6962 made by others, good and spoiled, from ../shared/corpora/merkle beside the
 * source tree; skipped when that folder is absent.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/merkle.h"

/*
 * Some roots are words in base64 ("dont care 1"): padded, they are different hashes still. FALSE:
 * too long, or no text.
 */
static gboolean read_hash(const json_t *value, MerkleHash *hash)
{
	const char *text = json_string_value(value);
	g_autofree guchar *bytes = NULL;
	gsize size = 0;

	memset(hash, 0, sizeof(*hash));
	if (text == NULL || *text == '\0')
		return FALSE;
	bytes = g_base64_decode(text, &size);
	if (size > MERKLE_HASH_BYTES)
		return FALSE;
	memcpy(hash->bytes, bytes, size);
	return TRUE;
}

/* Some numbers are 2^64 - 1, which jansson has only as a real. */
static guint64 read_number(const json_t *json, const char *name)
{
	double number = json_real_value(json_object_get(json, name));

	return number < 9007199254740992.0 ? (guint64)number : G_MAXUINT64;
}

static GArray *read_proof(const json_t *value)
{
	g_autoptr(GArray) proof = g_array_new(FALSE, FALSE, sizeof(MerkleHash));

	for (size_t i = 0; i < json_array_size(value); i++) {
		MerkleHash hash;

		if (!read_hash(json_array_get(value, i), &hash))
			return NULL;
		g_array_append_val(proof, hash);
	}
	return g_steal_pointer(&proof);
}

static gboolean check_inclusion(const json_t *json)
{
	g_autoptr(GArray) proof = read_proof(json_object_get(json, "proof"));
	MerkleHash leaf, root;

	return proof != NULL && read_hash(json_object_get(json, "leafHash"), &leaf) &&
	       read_hash(json_object_get(json, "root"), &root) &&
	       merkle_verify_inclusion(&leaf, read_number(json, "leafIdx"),
		       read_number(json, "treeSize"), proof, &root);
}

static gboolean check_consistency(const json_t *json)
{
	g_autoptr(GArray) proof = read_proof(json_object_get(json, "proof"));
	MerkleHash first, second;

	return proof != NULL && read_hash(json_object_get(json, "root1"), &first) &&
	       read_hash(json_object_get(json, "root2"), &second) &&
	       merkle_verify_consistency(read_number(json, "size1"), read_number(json, "size2"),
		       &first, &second, proof);
}

static guint check_folder(const char *folder, gboolean (*check)(const json_t *json))
{
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *name;
	guint count = 0;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *path = g_build_filename(folder, name, NULL);
		json_t *json;

		if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
			count += check_folder(path, check);
			continue;
		}
		json = json_load_file(path, JSON_DECODE_INT_AS_REAL, NULL);
		assert_non_null(json);
		if (check(json) == json_is_true(json_object_get(json, "wantErr")))
			fail_msg("%s: %s", path, json_string_value(json_object_get(json, "desc")));
		json_decref(json);
		count++;
	}
	return count;
}

static void test_folder(const char *name, gboolean (*check)(const json_t *json))
{
	const char *given = g_getenv("ACUSE_CORPORA"), *source = g_getenv("srcdir");
	g_autofree char *beside =
		g_build_filename(source != NULL ? source : ".", "..", "shared", "corpora", NULL);
	g_autofree char *folder =
		g_build_filename(given != NULL ? given : beside, "merkle", name, NULL);

	if (!g_file_test(folder, G_FILE_TEST_IS_DIR)) {
		printf("%s is absent: skipped\n", folder);
		/* skip() jumps over the end of this block. */
		g_clear_pointer(&folder, g_free);
		g_clear_pointer(&beside, g_free);
		skip();
	}
	assert_true(check_folder(folder, check) > 50);
}

static void test_inclusion(void **state)
{
	(void)state;
	test_folder("inclusion", check_inclusion);
}

static void test_consistency(void **state)
{
	(void)state;
	test_folder("consistency", check_consistency);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inclusion),
		cmocka_unit_test(test_consistency),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
