/*
 * bundle.h: collects the files of a point, signs their manifest, and packs them. TABLE_INDEX
 * "proof-seal/SHA256 of the manifest" keeps the signature. Reads what is committed. Any thread.
 */
#include "provision/bundle.h"

#include <string.h>

#include "base/error.h"
#include "cms/digest.h"
#include "provision/bundle_container.h"
#include "provision/bundle_format.h"
#include "provision/constancia.h"
#include "provision/purge.h"
#include "provision/row.h"
#include "provision/seal.h"

typedef struct {
	Service *service;
	const ProofPoint *point;
	GHashTable *files; /* name -> GBytes */
	gsize left;
} Bundle;

static gboolean add_bytes(Bundle *bundle, const char *name, GBytes *bytes, GError **error)
{
	if (bytes == NULL)
		return FALSE;
	if (g_bytes_get_size(bytes) > bundle->left ||
		g_hash_table_size(bundle->files) >= BUNDLE_MAX_FILES) {
		g_bytes_unref(bytes);
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_TOO_LARGE, "bundle: too large");
		return FALSE;
	}
	bundle->left -= g_bytes_get_size(bytes);
	g_hash_table_insert(bundle->files, g_strdup(name), bytes);
	return TRUE;
}

static gboolean add_text(Bundle *bundle, const char *name, const char *text, GError **error)
{
	return add_bytes(bundle, name, g_bytes_new(text, strlen(text)), error);
}

static gboolean add_blob(Bundle *bundle, const char *name, const char *sha256, GError **error)
{
	return add_bytes(bundle, name, blobs_get(bundle->service->blobs, sha256, error), error);
}

static char *proof_text(const Bundle *bundle, guint64 index, GError **error)
{
	g_autoptr(GArray) proof = store_inclusion_proof(
		bundle->service->store, index, bundle->point->head_size, error);
	json_t *list = json_array();
	char *text, *copy;

	if (proof == NULL) {
		json_decref(list);
		return NULL;
	}
	for (guint i = 0; i < proof->len; i++) {
		g_autofree char *hex = merkle_hash_to_hex(&g_array_index(proof, MerkleHash, i));

		json_array_append_new(list, json_string(hex));
	}
	list = json_pack("{s:I, s:I, s:o}", "leaf", (json_int_t)index, "size",
		(json_int_t)bundle->point->head_size, "proof", list);
	text = json_dumps(list, JSON_COMPACT);
	json_decref(list);
	copy = g_strdup(text);
	free(text);
	return copy;
}

static gboolean add_numbered(
	Bundle *bundle, const char *folder, guint64 index, const char *text, GError **error)
{
	g_autofree char *name = g_strdup_printf("%s/%" G_GUINT64_FORMAT ".json", folder, index);

	return add_text(bundle, name, text, error);
}

static gboolean add_leaf(Bundle *bundle, const BundleLeaf *leaf, GError **error)
{
	g_autofree char *proof = proof_text(bundle, leaf->index, error);

	return proof != NULL && add_numbered(bundle, "leaves", leaf->index, leaf->text, error) &&
	       (leaf->opening_text == NULL ||
		       add_numbered(bundle, "openings", leaf->index, leaf->opening_text, error)) &&
	       add_numbered(bundle, "proofs", leaf->index, proof, error);
}

static gboolean add_leaves(Bundle *bundle, GError **error)
{
	for (guint i = 0; i < bundle->point->leaves->len; i++)
		if (!add_leaf(bundle, bundle->point->leaves->pdata[i], error))
			return FALSE;
	return TRUE;
}

/* A report that speaks of another recipient too would show his address. */
static gboolean add_reports(Bundle *bundle, GError **error)
{
	g_autoptr(GPtrArray) digests = bundle_reports(bundle->point->leaves);

	for (guint i = 0; i < digests->len; i++) {
		g_autofree char *name =
			g_strdup_printf("reports/%s.eml", (char *)digests->pdata[i]);

		if (!add_blob(bundle, name, digests->pdata[i], error))
			return FALSE;
	}
	return TRUE;
}

static gboolean add_constancia(Bundle *bundle, GError **error)
{
	if (bundle->point->recipient == NULL)
		return TRUE;
	return add_bytes(bundle, "constancia.pdf",
		       constancia_make(bundle->service, bundle->point, CONSTANCIA_PDF, error),
		       error) &&
	       add_bytes(bundle, "constancia.png",
		       constancia_make(bundle->service, bundle->point, CONSTANCIA_PNG, error),
		       error);
}

static gboolean add_content(Bundle *bundle, GError **error)
{
	const ProofPoint *point = bundle->point;
	const BundleLeaf *prepared = bundle_find(point->leaves, "send.prepared");
	g_autofree char *summary = bundle_summary(point->leaves);

	return add_text(bundle, "mimetype", BUNDLE_MIMETYPE, error) &&
	       add_text(bundle, "LEEME.txt", bundle_readme(), error) &&
	       add_text(bundle, "head.json", point->head, error) &&
	       add_bytes(bundle, "head.p7s", g_bytes_ref(point->head_cms), error) &&
	       (point->head_tsr == NULL ||
		       add_bytes(bundle, "head.tsr", g_bytes_ref(point->head_tsr), error)) &&
	       add_leaves(bundle, error) && add_text(bundle, "send.json", summary, error) &&
	       (prepared == NULL || add_blob(bundle, "message.eml",
					    bundle_leaf_text(prepared, "message_sha256"), error)) &&
	       add_reports(bundle, error) && add_constancia(bundle, error);
}

static GBytes *sign_manifest(Bundle *bundle, const char *manifest, GError **error)
{
	Store *store = bundle->service->store;
	g_autofree char *digest = digest_sha256_hex(manifest, strlen(manifest));
	g_autofree char *key = g_strconcat("proof-seal/", digest, NULL);
	g_autofree char *signature = NULL; /* base64 */
	g_autoptr(GBytes) cms = NULL;
	guchar *der;
	gsize size;

	if (!row_read_text(store, TABLE_INDEX, key, &signature, error))
		return NULL;
	if (signature == NULL) {
		cms = seal_sign(bundle->service, manifest, strlen(manifest), NULL, error);
		if (cms == NULL)
			return NULL;
		signature = g_base64_encode(g_bytes_get_data(cms, NULL), g_bytes_get_size(cms));
		if (!row_keep_text(store, TABLE_INDEX, key, &signature, error))
			return NULL;
	}
	der = g_base64_decode(signature, &size);
	return g_bytes_new_take(der, size);
}

GBytes *bundle_make(Service *service, const ProofPoint *point, GError **error)
{
	g_autoptr(GHashTable) files = g_hash_table_new_full(
		g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_bytes_unref);
	Bundle bundle = {service, point, files, BUNDLE_MAX_BYTES};
	g_autofree char *manifest = NULL;

	if (!purge_check_kept(point->send, FALSE, error) || !add_content(&bundle, error))
		return NULL;
	manifest = bundle_manifest(files);
	if (!add_text(&bundle, BUNDLE_MANIFEST, manifest, error) ||
		!add_bytes(
			&bundle, BUNDLE_SIGNATURE, sign_manifest(&bundle, manifest, error), error))
		return NULL;
	return bundle_zip(files);
}
