/*
 * A proof bundle whose head is signed and covers its leaves, so that what stands in leaves,
 * openings and the other files is read to the end. The input is text: "@leaf", "@opening" (of the
 * leaf before) and "@file NAME" begin a file each.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>
#include <unistd.h>

#include "cms/cms.h"
#include "core/merkle.h"
#include "provision/bundle_container.h"
#include "provision/bundle_format.h"
#include "provision/proof_check.h"

#define MAX_LEAVES 32

static EVP_PKEY *key;
static X509 *certificate;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	key = EVP_EC_gen("P-256");
	certificate = X509_new();
	X509_set_version(certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
	X509_set_pubkey(certificate, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
		(const guchar *)"Sello", -1, -1, 0);
	X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
	X509_sign(certificate, key, EVP_sha256());
	return 0;
}

static gint64 *node_key(guint level, guint64 index)
{
	gint64 *node = g_new(gint64, 1);

	*node = (gint64)level << 32 | (gint64)index;
	return node;
}

static gboolean read_node(
	gpointer nodes, guint level, guint64 index, MerkleHash *hash, GError **error)
{
	g_autofree gint64 *node = node_key(level, index);
	const MerkleHash *found = g_hash_table_lookup(nodes, node);

	(void)error;
	FUZZ_PROMISE(found != NULL, "the tree asks for a node it did not write");
	*hash = *found;
	return TRUE;
}

static gboolean write_node(
	gpointer nodes, guint level, guint64 index, const MerkleHash *hash, GError **error)
{
	(void)error;
	g_hash_table_insert(nodes, node_key(level, index), g_memdup2(hash, sizeof *hash));
	return TRUE;
}

static void add_file(GHashTable *files, char *name, const char *text)
{
	g_hash_table_insert(files, name, g_strdup(text));
}

/* The files that the leaves alone decide: proofs, head and its signature. */
static void add_head(GHashTable *files, const GPtrArray *leaves, GBytes **cms)
{
	g_autoptr(GHashTable) nodes =
		g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
	g_autofree char *root_hex = NULL, *head = NULL;
	g_autoptr(GBytes) content = NULL;
	MerkleHash hash;

	for (guint i = 0; i < leaves->len; i++) {
		const char *leaf = leaves->pdata[i];

		merkle_leaf_hash(leaf, strlen(leaf), &hash);
		merkle_append(i, &hash, read_node, write_node, nodes, NULL);
	}
	for (guint i = 0; i < leaves->len; i++) {
		g_autoptr(GArray) proof =
			merkle_inclusion_proof(i, leaves->len, read_node, nodes, NULL);
		g_autoptr(GString) text = g_string_new(NULL);

		g_string_printf(text, "{\"leaf\":%u,\"size\":%u,\"proof\":[", i, leaves->len);
		for (guint j = 0; j < proof->len; j++) {
			g_autofree char *hex =
				merkle_hash_to_hex(&g_array_index(proof, MerkleHash, j));

			g_string_append_printf(text, "%s\"%s\"", j > 0 ? "," : "", hex);
		}
		g_string_append(text, "]}");
		add_file(files, g_strdup_printf("proofs/%u.json", i), text->str);
	}
	merkle_root(leaves->len, read_node, nodes, &hash, NULL);
	root_hex = merkle_hash_to_hex(&hash);
	head = g_strdup_printf("{\"v\":1,\"origin\":\"muni.test\",\"size\":%u,\"root\":\"%s\","
			       "\"time\":\"2026-11-21T20:53:56Z\"}",
		leaves->len, root_hex);
	add_file(files, g_strdup("head.json"), head);
	content = g_bytes_new(head, strlen(head));
	*cms = cms_sign_detached(key, certificate, NULL, content, NULL);
}

/* send.json as it has to be, if the leaves can be read. */
static void add_summary(GHashTable *files, const GPtrArray *leaves)
{
	g_autoptr(GPtrArray) parsed =
		g_ptr_array_new_with_free_func((GDestroyNotify)bundle_leaf_free);
	g_autofree char *summary = NULL;

	for (guint i = 0; i < leaves->len; i++) {
		g_autofree char *name = g_strdup_printf("openings/%u.json", i);
		BundleLeaf *leaf = bundle_leaf_new(
			i, leaves->pdata[i], g_hash_table_lookup(files, name), NULL);

		if (leaf == NULL)
			return;
		g_ptr_array_add(parsed, leaf);
	}
	summary = bundle_summary(parsed);
	add_file(files, g_strdup("send.json"), summary);
}

/* Takes the input apart; NULL when it has no leaf. */
static GHashTable *make_files(const uint8_t *data, size_t size, GBytes **cms)
{
	g_autofree char *text = fuzz_take_rest(data, size);
	g_auto(GStrv) parts = g_strsplit(text, "\n@", -1);
	g_autoptr(GHashTable) files =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_autoptr(GPtrArray) leaves = g_ptr_array_new();

	for (guint i = 0; parts[i] != NULL && leaves->len < MAX_LEAVES; i++) {
		char *body = strchr(parts[i], '\n');
		const char *what = parts[i] + (i == 0 && parts[i][0] == '@');

		if (body == NULL)
			continue;
		*body++ = '\0';
		if (strcmp(what, "leaf") == 0) {
			add_file(files, g_strdup_printf("leaves/%u.json", leaves->len), body);
			g_ptr_array_add(leaves, body);
		} else if (strcmp(what, "opening") == 0 && leaves->len > 0) {
			add_file(files, g_strdup_printf("openings/%u.json", leaves->len - 1), body);
		} else if (g_str_has_prefix(what, "file ") && what[5] != '\0') {
			add_file(files, g_strdup(what + 5), body);
		}
	}
	if (leaves->len == 0)
		return NULL;
	add_file(files, g_strdup("LEEME.txt"), bundle_readme());
	add_head(files, leaves, cms);
	add_summary(files, leaves);
	return g_steal_pointer(&files);
}

/* Signed, and packed as it has to be. */
static void write_zip(GHashTable *texts, GBytes *cms, int fd)
{
	g_autoptr(GHashTable) files =
		g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_bytes_unref);
	g_autofree char *manifest = NULL;
	g_autoptr(GBytes) content = NULL, zip = NULL;
	GHashTableIter iter;
	gpointer name, text;
	gsize size;
	const guint8 *data;

	g_hash_table_iter_init(&iter, texts);
	while (g_hash_table_iter_next(&iter, &name, &text))
		g_hash_table_insert(files, name, g_bytes_new(text, strlen(text)));
	g_hash_table_insert(files, "mimetype", g_bytes_new_static(BUNDLE_MIMETYPE, 31));
	g_hash_table_insert(files, "head.p7s", g_bytes_ref(cms));
	manifest = bundle_manifest(files);
	content = g_bytes_new(manifest, strlen(manifest));
	g_hash_table_insert(files, BUNDLE_MANIFEST, g_bytes_ref(content));
	g_hash_table_insert(
		files, BUNDLE_SIGNATURE, cms_sign_detached(key, certificate, NULL, content, NULL));
	zip = bundle_zip(files);
	data = g_bytes_get_data(zip, &size);
	FUZZ_PROMISE(write(fd, data, size) == (ssize_t)size, "the zip was not written");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) cms = NULL;
	g_autoptr(GHashTable) files = make_files(data, size, &cms);
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) error = NULL;
	g_autofree char *path = NULL;
	gboolean proved;
	int fd;

	if (files == NULL)
		return 0;
	fd = fuzz_file_new(NULL, 0, &path);
	write_zip(files, cms, fd);
	proved = proof_check(path, NULL, NULL, lines, &error);
	close(fd);
	fuzz_check_error(proved, error, "proof_check");
	for (guint i = 0; i < lines->len; i++)
		fuzz_check_utf8(lines->pdata[i], "a line for people");
	FUZZ_PROMISE(!proved || lines->len > 1, "proved and said nothing");
	return 0;
}
