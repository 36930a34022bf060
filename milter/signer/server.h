/* The three sockets of the signer: who may ask what, and the checks before a signature. Never
 * blocks on a client. */
#ifndef ACUSE_SIGNER_SERVER_H
#define ACUSE_SIGNER_SERVER_H

#include <glib.h>

#include "base/settings.h"
#include "signer/bindings.h"
#include "signer/pool.h"

#define SERVER_MAX_CLIENTS 128	 /* of each socket */
#define SERVER_IDLE_TIMEOUT_S 30 /* of a client that asks nothing */

typedef struct _Server Server;

/* Listens. permit_key, bindings and pool are borrowed. NULL with error. */
Server *server_start(const Settings *settings, GBytes *permit_key, Bindings *bindings, Pool *pool,
	GError **error);
/* Closes the sockets and removes their files. */
void server_stop(Server *server);

#endif
