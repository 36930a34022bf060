/*
 * What provisiond keeps, behind one interface: Berkeley DB is the embedded engine
 * (provision/store_bdb.c, the only file that knows it, under store_engine.h). One process owns the
 * folder (flock); one committer thread runs every change, several in a batch, one fsync a batch;
 * readers run beside it (FACTS 24). DESIGN 4.
 *
 * Tables: a key is a byte string; values are UTF-8 JSON unless said otherwise. The ledger's
 * leaves, their openings and the Merkle nodes are tables too, written by store_append only.
 */
#ifndef ACUSE_PROVISION_STORE_H
#define ACUSE_PROVISION_STORE_H

#include <glib.h>

#include "core/merkle.h"
#include "core/record.h"

typedef enum {
	TABLE_SENDS,	   /* send id -> current state of the send */
	TABLE_REQUESTS,	   /* request id -> FORM-01 and its state */
	TABLE_TOKENS,	   /* token label -> enrolment, bindings, state */
	TABLE_EXPEDIENTES, /* number -> expediente, authorisations */
	TABLE_OUTBOX, /* zero-padded sequence -> change still to be made in the directory, signer or
			 tramite */
	TABLE_EVENTS, /* zero-padded sequence -> event as received, its judgement, matched or not */
	TABLE_INDEX,  /* "kind/key[/more]" -> id, plain text */
	TABLE_HEADS,  /* zero-padded tree size -> signed head (JSON with base64 CMS) */
	TABLE_REPLIES, /* Idempotency-Key -> answer given */
	TABLE_LIMITS,  /* "account/UID", "office/ADDRESS", "gateway/all" -> what it sent in the last
			  hour, plain text (provision/send_limits.c) */
	TABLE_EXCEPTIONS, /* "MAILBOX/ID" -> declared exception to P11 (provision/exceptions.h) */
	TABLE_INCOMING,	  /* number -> mail from outside to an official mailbox
			     (provision/incoming.h) */
	STORE_N_TABLES
} StoreTable;

typedef struct _Store Store;
typedef struct _StoreTxn StoreTxn;

/* Opens, recovers after a crash, starts the committer. NULL with error (another owner, damage). */
Store *store_open(const char *folder, GError **error);
void store_close(Store *store);
/* Free bytes of the disk below which changes fail with NO_SPACE; 64 MiB unless set. */
void store_set_floor(Store *store, guint64 floor_bytes);
/*
 * Calls `listener` in the committer thread after each durable batch that put something into the
 * table. One listener; set before the first change. It must not block or call the store.
 */
typedef void (*StoreListener)(gpointer data);
void store_listen(Store *store, StoreTable table, StoreListener listener, gpointer data);
/*
 * A consistent copy into a folder that is not there yet, while changes go on; store_open opens it.
 * Messages that are files (blobs.h) are not in it.
 */
gboolean store_backup(Store *store, const char *folder, GError **error);
/*
 * For tests and checks, on a folder that nobody has open: the structure of each table, and the
 * root recomputed from the leaves against the stored nodes. ACUSE_ERROR_DAMAGED.
 */
gboolean store_verify(const char *folder, GError **error);

/*
 * Runs `change` in the committer thread and returns when its effects are durable, or with its
 * error and no effect. Changes run one at a time, in order: what one reads is current. It must not
 * block.
 */
typedef gboolean (*StoreChange)(StoreTxn *txn, gpointer data, GError **error);
gboolean store_run(Store *store, StoreChange change, gpointer data, GError **error);

/*
 * The next change of this thread brings `companion` with it, run after it in the same transaction:
 * both are durable, or none is. NULL: none, any more.
 */
void store_accompany(StoreChange companion, gpointer data);

/* Inside a change. */
gboolean store_put(
	StoreTxn *txn, StoreTable table, const char *key, const char *value, GError **error);
gboolean store_delete(StoreTxn *txn, StoreTable table, const char *key, GError **error);
/* A new string, or NULL: absent (no error) or failed (error). */
char *store_get_txn(StoreTxn *txn, StoreTable table, const char *key, GError **error);
/* Appends the record as the next leaf (and its opening); *leaf_index may be NULL. */
gboolean store_append(StoreTxn *txn, const Record *record, guint64 *leaf_index, GError **error);
/* A small message as blobs_pack gives it, durable with the record that names it; again is harmless.
 */
gboolean store_put_blob(StoreTxn *txn, const char *sha256, GBytes *packed, GError **error);
/* Takes it away; TRUE also when there is none. */
gboolean store_drop_blob(StoreTxn *txn, const char *sha256, GError **error);
/* Values and salts of a leaf go for good; leaf and tree stay. TRUE also when there are none. */
gboolean store_drop_opening(StoreTxn *txn, guint64 leaf_index, GError **error);
/* Next number of a named sequence, from 1. */
gboolean store_next(StoreTxn *txn, const char *sequence, guint64 *number, GError **error);

/* The next number of the sequence is over this one. */
gboolean store_raise(StoreTxn *txn, const char *sequence, guint64 number, GError **error);

/* Beside the committer: what was last committed. */
char *store_get(Store *store, StoreTable table, const char *key, GError **error);
/* What store_put_blob put; NULL without error: none. */
GBytes *store_blob(Store *store, const char *sha256, GError **error);
/*
 * Calls visit for keys that begin with prefix, from `after` (exclusive; NULL: the first) in order,
 * reversed when asked (then from keys below `after`); visit returns FALSE to stop. It may call
 * other functions of the store. Rows are read in parts, before any of a part is visited: a slow
 * visit never holds the committer back.
 */
typedef gboolean (*StoreVisit)(const char *key, const char *value, gpointer data);
gboolean store_scan(Store *store, StoreTable table, const char *prefix, const char *after,
	gboolean reversed, StoreVisit visit, gpointer data, GError **error);

guint64 store_tree_size(Store *store);
char *store_leaf(Store *store, guint64 index, GError **error);
/* Its digest (RFC 6962) as it was stored with it. */
gboolean store_leaf_hash(Store *store, guint64 index, MerkleHash *hash, GError **error);
char *store_opening(
	Store *store, guint64 index, GError **error); /* NULL without error: none or purged */
gboolean store_root(Store *store, guint64 size, MerkleHash *root, GError **error);
GArray *store_inclusion_proof(Store *store, guint64 leaf, guint64 size, GError **error);
GArray *store_consistency_proof(Store *store, guint64 old_size, guint64 new_size, GError **error);

#endif
