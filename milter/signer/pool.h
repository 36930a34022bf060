/*
 * All tokens of the gateway: those of the bindings and the seal's. Never blocks.
 */
#ifndef ACUSE_SIGNER_POOL_H
#define ACUSE_SIGNER_POOL_H

#include <glib.h>
#include <sys/types.h>

#include "signer/place.h"

typedef struct _Pool Pool;

/* Both are borrowed, the strings of options too. */
Pool *pool_new(const PoolOptions *options, Bindings *bindings);
void pool_free(Pool *pool);

/* After the bindings changed: locks what is not active any more, starts what has a credential. */
void pool_sync(Pool *pool);

/* As token_sign, with the least busy of the tokens of these bindings; NO_BINDING when the only one
 * is the seal's. */
gboolean pool_sign(Pool *pool, const GPtrArray *bindings, const TokenWork *work, TokenDone done,
	gpointer data, GError **error);
/* NO_BINDING when there is no seal token. */
gboolean pool_seal(Pool *pool, int content_fd, TokenDone done, gpointer data, GError **error);

/* A PIN typed by a person: NOT_FOUND, CONFLICT (unlocked already, or its binding is not active),
 * FORBIDDEN (a person's token, and those are off), INVALID (too long); the PIN is not tried then.
 * despite_low: as in slot_open. */
gboolean pool_unlock(Pool *pool, const char *label, const char *pin, gboolean despite_low,
	TokenDone done, gpointer data, GError **error);
/* Locks until a person types the PIN, also across restarts. NOT_FOUND. */
gboolean pool_lock(Pool *pool, const char *label, GError **error);

/* tokens aa{sv}, version t, signatures t. */
GVariant *pool_status(const Pool *pool);
/* chains aaay of a token: none while it is locked. NOT_FOUND. */
GVariant *pool_chains(const Pool *pool, const char *label, GError **error);
void pool_child_exited(Pool *pool, pid_t pid);

#endif
