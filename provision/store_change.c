/*
 * store.h inside a change: puts, deletes, leaves and numbers of one nested transaction. A change
 * remembers its first failure, so that one that passes over it fails all the same. In the
 * committer's thread only.
 */
#include "provision/store.h"

#include <string.h>

#include "api/record_json.h"
#include "base/error.h"
#include "provision/store_engine.h"

#define KEY_BYTES_MAX 1024

static gboolean keep_failure(StoreTxn *txn, GError *failure, GError **error)
{
	if (txn->failure == NULL)
		txn->failure = g_error_copy(failure);
	g_propagate_error(error, failure);
	return FALSE;
}

static gboolean check_key(const char *key, GError **error)
{
	if (key != NULL && *key != '\0' && strlen(key) <= KEY_BYTES_MAX)
		return TRUE;
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "store: a key is empty or too long");
	return FALSE;
}

gboolean store_put(
	StoreTxn *txn, StoreTable table, const char *key, const char *value, GError **error)
{
	GError *failure = NULL;

	if (!check_key(key, &failure) ||
		!engine_put(txn->txn, table, key, strlen(key), value, strlen(value), &failure))
		return keep_failure(txn, failure, error);
	txn->heard = txn->heard || table == txn->listened;
	return TRUE;
}

gboolean store_delete(StoreTxn *txn, StoreTable table, const char *key, GError **error)
{
	GError *failure = NULL;

	if (!check_key(key, &failure) ||
		!engine_delete(txn->txn, table, key, strlen(key), &failure))
		return keep_failure(txn, failure, error);
	return TRUE;
}

gboolean store_put_blob(StoreTxn *txn, const char *sha256, GBytes *packed, GError **error)
{
	GError *failure = NULL;
	gsize size;
	const void *bytes = g_bytes_get_data(packed, &size);

	if (!check_key(sha256, &failure) ||
		!engine_put(txn->txn, ENGINE_BLOBS, sha256, strlen(sha256), bytes, size, &failure))
		return keep_failure(txn, failure, error);
	return TRUE;
}

gboolean store_drop_blob(StoreTxn *txn, const char *sha256, GError **error)
{
	GError *failure = NULL;

	if (!check_key(sha256, &failure) ||
		!engine_delete(txn->txn, ENGINE_BLOBS, sha256, strlen(sha256), &failure))
		return keep_failure(txn, failure, error);
	return TRUE;
}

gboolean store_drop_opening(StoreTxn *txn, guint64 leaf_index, GError **error)
{
	GError *failure = NULL;
	guint8 key[8];

	engine_index_key(leaf_index, key);
	if (!engine_delete(txn->txn, ENGINE_OPENINGS, key, sizeof key, &failure))
		return keep_failure(txn, failure, error);
	return TRUE;
}

char *store_get_txn(StoreTxn *txn, StoreTable table, const char *key, GError **error)
{
	GError *failure = NULL;
	char *value = engine_get(txn->txn, table, key, strlen(key), NULL, &failure);

	if (failure != NULL)
		keep_failure(txn, failure, error);
	return value;
}

static gboolean read_node(
	gpointer data, guint level, guint64 index, MerkleHash *hash, GError **error)
{
	StoreTxn *txn = data;
	const FrontierNode *node = &txn->frontier->levels[level];

	if (!node->known || node->index != index)
		return engine_read_node(txn->txn, level, index, hash, error);
	*hash = node->hash;
	return TRUE;
}

static gboolean write_node(
	gpointer data, guint level, guint64 index, const MerkleHash *hash, GError **error)
{
	StoreTxn *txn = data;
	guint8 key[9];

	if ((index & 1) == 0)
		txn->frontier->levels[level] = (FrontierNode){index, *hash, TRUE};
	engine_node_key(level, index, key);
	return engine_put(
		txn->txn, ENGINE_NODES, key, sizeof key, hash->bytes, MERKLE_HASH_BYTES, error);
}

gboolean store_append(StoreTxn *txn, const Record *record, guint64 *leaf_index, GError **error)
{
	g_autofree char *leaf = record_to_leaf(record);
	g_autofree char *opening = record_to_opening(record);
	GError *failure = NULL;
	MerkleHash hash;
	guint8 key[8];

	engine_index_key(txn->tree_size, key);
	merkle_leaf_hash(leaf, strlen(leaf), &hash);
	if (!engine_put(txn->txn, ENGINE_LEAVES, key, sizeof key, leaf, strlen(leaf), &failure) ||
		(opening != NULL && !engine_put(txn->txn, ENGINE_OPENINGS, key, sizeof key, opening,
					    strlen(opening), &failure)) ||
		!merkle_append(txn->tree_size, &hash, read_node, write_node, txn, &failure))
		return keep_failure(txn, failure, error);
	if (leaf_index != NULL)
		*leaf_index = txn->tree_size;
	txn->tree_size++;
	return TRUE;
}

gboolean store_next(StoreTxn *txn, const char *sequence, guint64 *number, GError **error)
{
	GError *failure = NULL;
	g_autofree char *last =
		engine_get(txn->txn, ENGINE_SEQUENCES, sequence, strlen(sequence), NULL, &failure);
	g_autofree char *next = NULL;
	guint64 value = last == NULL ? 1 : g_ascii_strtoull(last, NULL, 10) + 1;

	next = g_strdup_printf("%" G_GUINT64_FORMAT, value);
	if (failure != NULL || !engine_put(txn->txn, ENGINE_SEQUENCES, sequence, strlen(sequence),
				       next, strlen(next), &failure))
		return keep_failure(txn, failure, error);
	*number = value;
	return TRUE;
}

gboolean store_raise(StoreTxn *txn, const char *sequence, guint64 number, GError **error)
{
	GError *failure = NULL;
	g_autofree char *last =
		engine_get(txn->txn, ENGINE_SEQUENCES, sequence, strlen(sequence), NULL, &failure);
	g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, number);

	if (failure == NULL && last != NULL && g_ascii_strtoull(last, NULL, 10) >= number)
		return TRUE;
	if (failure != NULL || !engine_put(txn->txn, ENGINE_SEQUENCES, sequence, strlen(sequence),
				       text, strlen(text), &failure))
		return keep_failure(txn, failure, error);
	return TRUE;
}
