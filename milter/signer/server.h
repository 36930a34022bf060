/* The three sockets of the signer: who may connect, how many, and for how long. What they may ask
 * is request.h's. Never blocks on a client. */
#ifndef ACUSE_SIGNER_SERVER_H
#define ACUSE_SIGNER_SERVER_H

#include <glib.h>

#include "base/settings.h"
#include "signer/request.h"

/* Connections of each socket at the same time. Whoever the socket is for has places of his own,
 * which others that reach it cannot take; the unlock socket is for nobody in particular. */
#define SERVER_MAX_CLIENTS 128
#define SERVER_MAX_OTHERS 32
#define SERVER_MAX_OTHER 4 /* of one user */
/* Of a client that asks nothing. */
#define SERVER_IDLE_TIMEOUT_S 30
#define SERVER_OTHER_IDLE_TIMEOUT_S 5

typedef struct _Server Server;

/* Listens. What is on the desk is borrowed. NULL with error. */
Server *server_start(const Settings *settings, const Desk *desk, GError **error);
/* Closes the sockets and removes their files. */
void server_stop(Server *server);

#endif
