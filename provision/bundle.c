/*
 * Makes the proof bundle of a send (bundle.h): a zip in memory by libarchive. Reads what is
 * committed; leaves are immutable, so a head that is newer than the list of leaves is right for
 * them. Fails as bundle.h says. Any thread.
 */
#include "provision/bundle.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

#include "base/error.h"
#include "provision/bundle_format.h"
#include "provision/heads.h"
#include "provision/send_record.h"

typedef struct archive Zip;

static void zip_free(Zip *zip)
{
	archive_write_free(zip);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Zip, zip_free)

typedef struct {
	Service *service;
	Zip *zip;
	json_t *send;
	GPtrArray *leaves; /* BundleLeaf * */
	guint64 size;	   /* of the tree under the head */
} Bundle;

static la_ssize_t write_block(Zip *zip, void *data, const void *block, size_t size)
{
	(void)zip;
	g_byte_array_append(data, block, (guint)size);
	return (la_ssize_t)size;
}

static gboolean zip_failed(Zip *zip, GError **error)
{
	g_set_error(
		error, ACUSE_ERROR, ACUSE_ERROR_INTERNAL, "bundle: %s", archive_error_string(zip));
	return FALSE;
}

static gboolean add_bytes(
	Bundle *bundle, const char *name, const void *data, gsize size, GError **error)
{
	struct archive_entry *entry = archive_entry_new();
	gboolean added;

	archive_entry_set_pathname(entry, name);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	archive_entry_set_size(entry, (la_int64_t)size);
	archive_entry_set_mtime(entry, (time_t)bundle->service->now_s(), 0);
	added = archive_write_header(bundle->zip, entry) == ARCHIVE_OK &&
		archive_write_data(bundle->zip, data, size) == (la_ssize_t)size &&
		archive_write_finish_entry(bundle->zip) == ARCHIVE_OK;
	archive_entry_free(entry);
	return added || zip_failed(bundle->zip, error);
}

static gboolean add_text(Bundle *bundle, const char *name, const char *text, GError **error)
{
	return add_bytes(bundle, name, text, strlen(text), error);
}

static gboolean add_blob(Bundle *bundle, const char *name, const char *sha256, GError **error)
{
	g_autoptr(GBytes) bytes = blobs_get(bundle->service->blobs, sha256, error);
	gsize size;
	const void *data;

	if (bytes == NULL)
		return FALSE;
	data = g_bytes_get_data(bytes, &size);
	return add_bytes(bundle, name, data, size, error);
}

/* mimetype stands first and stored: readers of ASiC find it at a fixed place. */
static gboolean add_opening_files(Bundle *bundle, GError **error)
{
	if (archive_write_zip_set_compression_store(bundle->zip) != ARCHIVE_OK ||
		!add_text(bundle, "mimetype", BUNDLE_MIMETYPE, error))
		return FALSE;
	if (archive_write_zip_set_compression_deflate(bundle->zip) != ARCHIVE_OK)
		return zip_failed(bundle->zip, error);
	return add_text(bundle, "LEEME.txt", bundle_readme(), error);
}

/* Why the head could not be signed, as the signer said. */
static gboolean refuse_unsigned(const json_t *current, GError **error)
{
	const json_t *trouble = json_object_get(current, "trouble");
	const char *code = json_string_value(json_object_get(trouble, "code"));
	const char *detail = json_string_value(json_object_get(trouble, "detail"));
	const AcuseErrorRow *row = acuse_error_by_name(code);

	g_set_error(error, ACUSE_ERROR, row == NULL ? ACUSE_ERROR_UNAVAILABLE : row->code,
		"the head of the ledger is not signed: %s",
		detail == NULL ? "no reason given" : detail);
	return FALSE;
}

static gboolean add_head(Bundle *bundle, GError **error)
{
	g_autofree char *text = heads_current(bundle->service, error);
	json_auto_t *current = NULL, *head = NULL;
	g_autofree guint8 *cms = NULL;
	const char *exact, *base64;
	gsize size;

	if (text == NULL)
		return FALSE;
	current = json_loads(text, 0, NULL);
	exact = current == NULL ? NULL : row_text(current, "head");
	head = exact == NULL ? NULL : json_loads(exact, 0, NULL);
	base64 = current == NULL ? NULL : row_text(current, "cms");
	if (head == NULL || base64 == NULL)
		return refuse_unsigned(current, error);
	bundle->size = (guint64)json_integer_value(json_object_get(head, "size"));
	cms = g_base64_decode(base64, &size);
	return add_text(bundle, "head.json", exact, error) &&
	       add_bytes(bundle, "head.p7s", cms, size, error);
}

static char *proof_text(const Bundle *bundle, guint64 index, GError **error)
{
	g_autoptr(GArray) proof =
		store_inclusion_proof(bundle->service->store, index, bundle->size, error);
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
		(json_int_t)bundle->size, "proof", list);
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

static gboolean add_leaf(Bundle *bundle, guint64 index, GError **error)
{
	g_autofree char *leaf = store_leaf(bundle->service->store, index, error);
	g_autofree char *opening = NULL, *proof = NULL;
	g_autoptr(GError) local = NULL;
	BundleLeaf *parsed;

	if (leaf == NULL)
		return FALSE;
	opening = store_opening(bundle->service->store, index, &local);
	if (local != NULL) {
		g_propagate_error(error, g_steal_pointer(&local));
		return FALSE;
	}
	parsed = bundle_leaf_new(index, leaf, opening, error);
	if (parsed == NULL)
		return FALSE;
	g_ptr_array_add(bundle->leaves, parsed);
	proof = proof_text(bundle, index, error);
	return proof != NULL && add_numbered(bundle, "leaves", index, leaf, error) &&
	       (opening == NULL || add_numbered(bundle, "openings", index, opening, error)) &&
	       add_numbered(bundle, "proofs", index, proof, error);
}

static gboolean add_leaves(Bundle *bundle, GError **error)
{
	json_t *index;
	size_t i;

	json_array_foreach(json_object_get(bundle->send, "leaves"), i, index)
		if (!add_leaf(bundle, (guint64)json_integer_value(index), error))
			return FALSE;
	return TRUE;
}

static gboolean add_reports(Bundle *bundle, GError **error)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < bundle->leaves->len; i++) {
		const char *digest = bundle_leaf_text(bundle->leaves->pdata[i], "original_sha256");
		g_autofree char *name = NULL;

		if (digest == NULL || !g_hash_table_add(seen, (gpointer)digest))
			continue;
		name = g_strdup_printf("reports/%s.eml", digest);
		if (!add_blob(bundle, name, digest, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean add_all(Bundle *bundle, GError **error)
{
	const char *message = row_text(bundle->send, "message_sha256");
	g_autofree char *summary = NULL;

	if (!add_opening_files(bundle, error) || !add_head(bundle, error) ||
		!add_leaves(bundle, error))
		return FALSE;
	summary = bundle_summary(bundle->leaves);
	return add_text(bundle, "send.json", summary, error) &&
	       (message == NULL || add_blob(bundle, "message.eml", message, error)) &&
	       add_reports(bundle, error);
}

GBytes *bundle_make(Service *service, const char *send_id, GError **error)
{
	/* Freed after the zip, which writes its rest into it. */
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	g_autoptr(Zip) zip = archive_write_new();
	g_autoptr(GPtrArray) leaves =
		g_ptr_array_new_with_free_func((GDestroyNotify)bundle_leaf_free);
	json_auto_t *send = send_record_read(service->store, send_id, error);
	Bundle bundle = {service, zip, send, leaves, 0};

	if (send == NULL)
		return NULL;
	if (archive_write_set_format_zip(zip) != ARCHIVE_OK ||
		archive_write_set_bytes_in_last_block(zip, 1) != ARCHIVE_OK ||
		archive_write_open(zip, bytes, NULL, write_block, NULL) != ARCHIVE_OK) {
		zip_failed(zip, error);
		return NULL;
	}
	if (!add_all(&bundle, error))
		return NULL;
	if (archive_write_close(zip) != ARCHIVE_OK) {
		zip_failed(zip, error);
		return NULL;
	}
	return g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
}
