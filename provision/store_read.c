/*
 * store.h beside the committer: reads, scans, roots and proofs, from rows as they were last
 * committed; leaves and nodes never change. The upper nodes that proofs read again and again are
 * kept; a root is computed from nodes each time. Fails with UNAVAILABLE, NOT_FOUND, INVALID or
 * DAMAGED. Any thread.
 */
#include "provision/store.h"

#include <string.h>

#include "base/error.h"
#include "provision/store_engine.h"

/* Rows that one walk of a scan gives, and how many bytes they may take together. */
#define SCAN_ROWS 200
#define SCAN_BYTES (1024 * 1024)

void engine_index_key(guint64 index, guint8 key[8])
{
	guint64 big = GUINT64_TO_BE(index);

	memcpy(key, &big, 8);
}

void engine_node_key(guint level, guint64 index, guint8 key[9])
{
	key[0] = (guint8)level;
	engine_index_key(index, key + 1);
}

gboolean engine_read_node(
	gpointer txn, guint level, guint64 index, MerkleHash *hash, GError **error)
{
	guint8 key[9];
	gsize size = 0;
	GError *failure = NULL;
	g_autofree char *value = NULL;

	engine_node_key(level, index, key);
	value = engine_get(txn, ENGINE_NODES, key, sizeof key, &size, &failure);
	if (failure != NULL) {
		g_propagate_error(error, failure);
		return FALSE;
	}
	if (value == NULL || size != MERKLE_HASH_BYTES) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED,
			"ledger: node %u/%" G_GUINT64_FORMAT " is missing", level, index);
		return FALSE;
	}
	memcpy(hash->bytes, value, MERKLE_HASH_BYTES);
	return TRUE;
}

/* ---- nodes for proofs ---- */

/* Below it there are too many, and each is in few proofs. */
#define CACHED_LEVEL 7
/* All from that level on of two million leaves; of more, the last that were read. */
#define CACHE_SLOTS G_GUINT64_CONSTANT(32768)

typedef struct {
	guint64 index;
	guint level; /* 0: the slot is free */
	MerkleHash hash;
} CachedNode;

struct _NodeCache {
	GMutex lock;
	CachedNode slots[CACHE_SLOTS];
};

NodeCache *node_cache_new(void)
{
	NodeCache *cache = g_new0(NodeCache, 1);

	g_mutex_init(&cache->lock);
	return cache;
}

void node_cache_free(NodeCache *cache)
{
	g_mutex_clear(&cache->lock);
	g_free(cache);
}

/* Each level has half as many slots as the one below it, as it has nodes. */
static CachedNode *slot_of(NodeCache *cache, guint level, guint64 index)
{
	guint64 width = MAX(1, CACHE_SLOTS >> (level - CACHED_LEVEL + 1));

	return &cache->slots[width + index % width];
}

/* A MerkleRead whose data is the store: what was committed, or what the change that asks wrote. */
static gboolean read_node(
	gpointer data, guint level, guint64 index, MerkleHash *hash, GError **error)
{
	Store *store = data;
	EngineTxn *reader = store_reader(store);
	NodeCache *cache = store_node_cache(store);
	CachedNode *slot;
	gboolean found;

	if (level < CACHED_LEVEL || !engine_is_reader(reader))
		return engine_read_node(reader, level, index, hash, error);
	slot = slot_of(cache, level, index);
	g_mutex_lock(&cache->lock);
	found = slot->level == level && slot->index == index;
	if (found)
		*hash = slot->hash;
	g_mutex_unlock(&cache->lock);
	if (found)
		return TRUE;
	if (!engine_read_node(reader, level, index, hash, error))
		return FALSE;
	g_mutex_lock(&cache->lock);
	*slot = (CachedNode){index, level, *hash};
	g_mutex_unlock(&cache->lock);
	return TRUE;
}

static char *get_bytes(
	Store *store, guint table, const void *key, gsize key_size, gsize *size, GError **error)
{
	return engine_get(store_reader(store), table, key, key_size, size, error);
}

char *store_get(Store *store, StoreTable table, const char *key, GError **error)
{
	return get_bytes(store, table, key, strlen(key), NULL, error);
}

GBytes *store_blob(Store *store, const char *sha256, GError **error)
{
	gsize size = 0;
	char *packed = get_bytes(store, ENGINE_BLOBS, sha256, strlen(sha256), &size, error);

	return packed != NULL ? g_bytes_new_take(packed, size) : NULL;
}

char *store_leaf(Store *store, guint64 index, GError **error)
{
	GError *failure = NULL;
	guint8 key[8];
	char *leaf;

	engine_index_key(index, key);
	leaf = get_bytes(store, ENGINE_LEAVES, key, sizeof key, NULL, &failure);
	if (leaf == NULL && failure == NULL)
		g_set_error(&failure, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND,
			"ledger: no leaf %" G_GUINT64_FORMAT, index);
	if (failure != NULL)
		g_propagate_error(error, failure);
	return leaf;
}

gboolean store_leaf_hash(Store *store, guint64 index, MerkleHash *hash, GError **error)
{
	return engine_read_node(store_reader(store), 0, index, hash, error);
}

char *store_opening(Store *store, guint64 index, GError **error)
{
	guint8 key[8];

	engine_index_key(index, key);
	return get_bytes(store, ENGINE_OPENINGS, key, sizeof key, NULL, error);
}

/* ---- scans ---- */

typedef struct {
	const char *prefix, *after;
	gboolean reversed, ended;
	GPtrArray *rows; /* key, value, key, value ... */
	gsize bytes;
} Chunk;

static gboolean take_row(
	const char *key, gsize key_size, const char *value, gsize value_size, gpointer data)
{
	Chunk *chunk = data;
	gsize prefix_size = strlen(chunk->prefix);

	if (key_size < prefix_size || memcmp(key, chunk->prefix, prefix_size) != 0) {
		chunk->ended = TRUE;
		return FALSE;
	}
	/* Forward, the walk begins at `after` itself. */
	if (!chunk->reversed && chunk->after != NULL && key_size == strlen(chunk->after) &&
		memcmp(key, chunk->after, key_size) == 0)
		return TRUE;
	g_ptr_array_add(chunk->rows, g_strndup(key, key_size));
	g_ptr_array_add(chunk->rows, g_strndup(value, value_size));
	chunk->bytes += key_size + value_size;
	return chunk->rows->len < 2 * SCAN_ROWS && chunk->bytes < SCAN_BYTES;
}

/* The least key over all that begin with the prefix; NULL: there is none. */
static char *prefix_end(const char *prefix)
{
	char *end = g_strdup(prefix);

	for (gsize size = strlen(end); size > 0; size--) {
		if ((guint8)end[size - 1] != 0xff) {
			end[size - 1]++;
			end[size] = '\0';
			return end;
		}
	}
	g_free(end);
	return NULL;
}

static gboolean read_chunk(Store *store, StoreTable table, Chunk *chunk, GError **error)
{
	g_autofree char *end = NULL;
	const char *bound = *chunk->prefix == '\0' ? NULL : chunk->prefix;

	if (chunk->reversed) {
		end = prefix_end(chunk->prefix);
		bound = end;
		if (chunk->after != NULL && (end == NULL || strcmp(chunk->after, end) < 0))
			bound = chunk->after;
	} else if (chunk->after != NULL && strcmp(chunk->after, chunk->prefix) > 0) {
		bound = chunk->after;
	}
	return engine_walk(store_reader(store), table, bound, bound == NULL ? 0 : strlen(bound),
		chunk->reversed, take_row, chunk, error);
}

gboolean store_scan(Store *store, StoreTable table, const char *prefix, const char *after,
	gboolean reversed, StoreVisit visit, gpointer data, GError **error)
{
	g_autofree char *last = g_strdup(after);

	for (;;) {
		g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(g_free);
		Chunk chunk = {.prefix = prefix == NULL ? "" : prefix,
			.after = last,
			.reversed = reversed,
			.rows = rows};

		if (!read_chunk(store, table, &chunk, error))
			return FALSE;
		for (guint i = 0; i < rows->len; i += 2)
			if (!visit(rows->pdata[i], rows->pdata[i + 1], data))
				return TRUE;
		if (chunk.ended || (rows->len < 2 * SCAN_ROWS && chunk.bytes < SCAN_BYTES))
			return TRUE;
		g_free(last);
		last = g_strdup(rows->pdata[rows->len - 2]);
	}
}

/* ---- the tree ---- */

static gboolean check_size(Store *store, guint64 size, GError **error)
{
	guint64 now = store_tree_size(store);

	if (size <= now)
		return TRUE;
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID,
		"ledger: the tree has %" G_GUINT64_FORMAT " leaves, not %" G_GUINT64_FORMAT, now,
		size);
	return FALSE;
}

gboolean store_root(Store *store, guint64 size, MerkleHash *root, GError **error)
{
	return check_size(store, size, error) && merkle_root(size, read_node, store, root, error);
}

GArray *store_inclusion_proof(Store *store, guint64 leaf, guint64 size, GError **error)
{
	if (!check_size(store, size, error))
		return NULL;
	if (leaf >= size) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID,
			"ledger: leaf %" G_GUINT64_FORMAT " is not in a tree of %" G_GUINT64_FORMAT,
			leaf, size);
		return NULL;
	}
	return merkle_inclusion_proof(leaf, size, read_node, store, error);
}

GArray *store_consistency_proof(Store *store, guint64 old_size, guint64 new_size, GError **error)
{
	if (!check_size(store, new_size, error))
		return NULL;
	if (old_size > new_size) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID,
			"ledger: the first size is over the second");
		return NULL;
	}
	return merkle_consistency_proof(old_size, new_size, read_node, store, error);
}

/* ---- verification ---- */

/* Appends to a tree of its own, kept in memory, and compares each node with the stored one. */
typedef struct {
	EngineTxn *txn;
	guint64 size;
	GError *failure;
} Recount;

static gboolean compare_node(
	gpointer data, guint level, guint64 index, const MerkleHash *hash, GError **error)
{
	MerkleHash stored;

	if (!engine_read_node(data, level, index, &stored, error))
		return FALSE;
	if (memcmp(&stored, hash, sizeof stored) == 0)
		return TRUE;
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED,
		"ledger: node %u/%" G_GUINT64_FORMAT " does not match its leaves", level, index);
	return FALSE;
}

static gboolean recount_leaf(
	const char *key, gsize key_size, const char *value, gsize value_size, gpointer data)
{
	Recount *recount = data;
	guint8 expected[8];
	MerkleHash hash;

	engine_index_key(recount->size, expected);
	if (key_size != sizeof expected || memcmp(key, expected, sizeof expected) != 0) {
		g_set_error(&recount->failure, ACUSE_ERROR, ACUSE_ERROR_DAMAGED,
			"ledger: leaf %" G_GUINT64_FORMAT " is missing", recount->size);
		return FALSE;
	}
	merkle_leaf_hash(value, value_size, &hash);
	if (!merkle_append(recount->size, &hash, engine_read_node, compare_node, recount->txn,
		    &recount->failure))
		return FALSE;
	recount->size++;
	return TRUE;
}

static gboolean verify_tree(Engine *engine, GError **error)
{
	Recount recount = {.txn = engine_reader(engine)};
	gboolean ok;

	ok = engine_walk(recount.txn, ENGINE_LEAVES, NULL, 0, FALSE, recount_leaf, &recount, error);
	if (recount.failure == NULL)
		return ok;
	if (ok)
		g_propagate_error(error, recount.failure);
	else
		g_error_free(recount.failure);
	return FALSE;
}

gboolean store_verify(const char *folder, GError **error)
{
	Engine *engine = engine_open(folder, error);
	gboolean ok;

	if (engine == NULL)
		return FALSE;
	/* Pages in the files before the files are looked at. */
	ok = verify_tree(engine, error) && engine_checkpoint(engine, TRUE, error);
	engine_close(engine);
	return ok && engine_verify(folder, error);
}
