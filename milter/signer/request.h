/* What may be asked through the three sockets of the signer (signer/protocol.h), and the checks
 * before a signature. Every refused signature is logged. */
#ifndef ACUSE_SIGNER_REQUEST_H
#define ACUSE_SIGNER_REQUEST_H

#include <glib.h>

#include "signer/afar.h"
#include "signer/bindings.h"
#include "signer/permit_uses.h"
#include "signer/pool.h"
#include "signer/tally.h"

#define REQUEST_MAX_WAIT_MS 600000 /* that a client may ask for */

typedef enum { DOOR_SIGN, DOOR_CONTROL, DOOR_UNLOCK, N_DOORS } DoorKind;

/* What the requests work on; all of it is borrowed. */
typedef struct {
	GBytes *permit_key;
	PermitUses *permit_uses;
	Bindings *bindings;
	Pool *pool;
	Tally *tally;
	Afar *afar; /* NULL: nothing is unlocked from afar */
} Desk;

/* word "ok" or the error's name; answer a{sv} is consumed, NULL: an empty one. */
typedef void (*RequestAnswer)(const char *word, GVariant *answer, gpointer data);

/* Calls answer exactly once, now or later. parameters and content_fd (-1: none) are the caller's.
 */
void request_handle(const Desk *desk, DoorKind door, const char *operation, GVariant *parameters,
	int content_fd, RequestAnswer answer, gpointer data);
/* Answers with the error at once: who asks may not, or it is no request. */
void request_refuse(DoorKind door, const GError *error, RequestAnswer answer, gpointer data);

#endif
