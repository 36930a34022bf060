/*
 * The part of a worker that outlives a failure of its token. It holds the PIN in locked memory and
 * never loads the module; each session with the token runs in a process of its own, since libp11
 * recovers from nothing (FACTS 20). A session that ended cleanly may be opened anew in a fresh
 * process, with the same token and the PIN that was right before; one that crashed may not.
 */
#ifndef ACUSE_SIGNER_KEEPER_H
#define ACUSE_SIGNER_KEEPER_H

#include <glib.h>

#define KEEPER_MAX_PIN 255
#define KEEPER_MAX_SERIAL 16 /* PKCS#11 */

/* Locked memory that the keeper and its sessions share. */
typedef struct {
	char pin[KEEPER_MAX_PIN + 1];
	char serial[KEEPER_MAX_SERIAL + 1]; /* of the token that took the PIN */
	gboolean opened;		    /* a session took the PIN */
} KeeperMemory;

/* NULL with ACUSE_ERROR_UNAVAILABLE when it cannot be locked. */
KeeperMemory *keeper_memory_new(GError **error);
/* Wipes it for the keeper and every session. */
void keeper_memory_free(KeeperMemory *memory);
/* Of a session that needs it no more: the keeper's stays. */
void keeper_memory_leave(KeeperMemory *memory);

/* TRUE: it may be opened anew. Runs in a process of its own. */
typedef gboolean (*KeeperSession)(KeeperMemory *memory, gpointer data);

/* Returns when a session ended for good or died. */
void keeper_run(KeeperMemory *memory, KeeperSession session, gpointer data);

#endif
