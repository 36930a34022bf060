/*
 * The key-value engine under store.c: tables of byte strings in one environment, one writer, many
 * readers. The only implementation is store_bdb.c. Values returned are new and end with a NUL that
 * is not counted.
 */
#ifndef ACUSE_PROVISION_STORE_ENGINE_H
#define ACUSE_PROVISION_STORE_ENGINE_H

#include <glib.h>

#include "provision/store.h"

/* Tables of store.h, and those that only store.c writes. */
enum {
	ENGINE_LEAVES = STORE_N_TABLES, /* big-endian index -> exact leaf */
	ENGINE_OPENINGS,		/* big-endian index -> opening */
	ENGINE_NODES,			/* level byte, big-endian index -> 32 bytes */
	ENGINE_SEQUENCES,		/* name -> decimal number */
	ENGINE_BLOBS,			/* SHA-256 in hex -> packed message (blobs.h) */
	ENGINE_N_TABLES
};

typedef struct _Engine Engine;
typedef struct _EngineTxn EngineTxn;

/*
 * The last node of each level that is a left child: all that an append reads of the tree. What is
 * not known yet is read from the table.
 */
typedef struct {
	guint64 index;
	MerkleHash hash;
	gboolean known;
} FrontierNode;

typedef struct {
	FrontierNode levels[64];
} Frontier;

/* What a change has (store.c makes it, store_change.c uses it). */
struct _StoreTxn {
	EngineTxn *txn;
	guint64 tree_size;
	Frontier *frontier; /* of its own: what a change that fails wrote must not stay */
	StoreTable listened;
	gboolean heard;	 /* put into the listened table */
	GError *failure; /* the first */
};

/* One owner: a second opener gets ACUSE_ERROR_CONFLICT. Recovers what a crash left. */
Engine *engine_open(const char *folder, GError **error);
void engine_close(Engine *engine);

/* A transaction of the one writer; parent NULL: a top one, whose commit is durable. */
EngineTxn *engine_begin(Engine *engine, EngineTxn *parent, GError **error);
/*
 * For reading only, in any thread: each row as it was last committed. A row that a batch wrote is
 * waited for until the batch ended, so never in the thread of the writer. The engine's own, not to
 * be ended.
 */
EngineTxn *engine_reader(Engine *engine);
/* Whether it is that, and not a transaction. */
gboolean engine_is_reader(const EngineTxn *txn);
/*
 * Both end and free the transaction. A top commit that fails left nothing, as far as can be known.
 */
gboolean engine_commit(EngineTxn *txn, GError **error);
void engine_abort(EngineTxn *txn);

gboolean engine_put(EngineTxn *txn, guint table, const void *key, gsize key_size, const void *value,
	gsize value_size, GError **error);
/* Deleting what is absent is no failure. */
gboolean engine_delete(
	EngineTxn *txn, guint table, const void *key, gsize key_size, GError **error);
/* NULL without error: absent. size may be NULL. */
char *engine_get(
	EngineTxn *txn, guint table, const void *key, gsize key_size, gsize *size, GError **error);

/*
 * Walks a table from a bound. Forward: keys >= bound; reversed: keys < bound; bound NULL: from
 * that end. visit returns FALSE to stop; its bytes are valid during the call only.
 */
typedef gboolean (*EngineVisit)(
	const char *key, gsize key_size, const char *value, gsize value_size, gpointer data);
gboolean engine_walk(EngineTxn *txn, guint table, const char *bound, gsize bound_size,
	gboolean reversed, EngineVisit visit, gpointer data, GError **error);

/* Now and then, by the writer: lets go of log files that recovery does not need. */
gboolean engine_checkpoint(Engine *engine, gboolean force, GError **error);

/* A copy as of one moment into a folder that is not there yet, while the writer goes on;
 * engine_open recovers it. */
gboolean engine_backup(Engine *engine, const char *folder, GError **error);

/* Whether what failed leaves the engine unusable: the process has to end and start again. */
gboolean engine_is_broken(Engine *engine);

/* Keys of the ledger's tables, and a MerkleRead whose data is an EngineTxn (store_read.c). */
void engine_index_key(guint64 index, guint8 key[8]);
void engine_node_key(guint level, guint64 index, guint8 key[9]);
gboolean engine_read_node(
	gpointer txn, guint level, guint64 index, MerkleHash *hash, GError **error);

/* Nodes that were read lately, for proofs (store_read.c); one a store. */
typedef struct _NodeCache NodeCache;
NodeCache *node_cache_new(void);
void node_cache_free(NodeCache *cache);
/* The store's own. */
NodeCache *store_node_cache(Store *store);

/* For the readers of a store: the engine's reader, or in a change its own transaction. */
EngineTxn *store_reader(Store *store);

/* Checks the structure of each table of a closed environment. ACUSE_ERROR_DAMAGED. */
gboolean engine_verify(const char *folder, GError **error);

#endif
