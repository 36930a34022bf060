/*
 * Idempotency-Key: the same key of the same caller gives the same answer (TABLE_REPLIES, kept two
 * days). Only what succeeded is kept: a failure changed nothing and may be tried again. An answer
 * with a password is never kept, only that it was given; its repeat is a CONFLICT. That the key is
 * in use is written with the first change of the call: when the process ends before the answer is
 * kept, a repeat is a CONFLICT too, and never doubles what was done. Thread-safe.
 */
#ifndef ACUSE_PROVISION_REPLIES_H
#define ACUSE_PROVISION_REPLIES_H

#include "provision/service.h"

#define REPLY_KEY_CHARS_MAX 128

typedef struct _Replies Replies;

Replies *replies_new(Service *service);
void replies_free(Replies *replies);

/*
 * Waits while another thread works on the same key. *answered TRUE: response is filled, do not
 * call replies_end. FALSE return: CONFLICT (other request under the same key, or a secret answer),
 * INVALID (key), store errors. After TRUE with *answered FALSE the caller owns the key until
 * replies_end, to be called by the same thread.
 */
gboolean replies_begin(Replies *replies, const char *caller, const char *key,
	const char *fingerprint, ApiResponse *response, gboolean *answered, GError **error);
/* response NULL: the call failed. FALSE: the answer stands, but could not be kept. */
gboolean replies_end(Replies *replies, const char *caller, const char *key, const char *fingerprint,
	const ApiResponse *response, GError **error);

/* Forgets answers older than two days. */
gboolean replies_purge(Service *service, GError **error);

#endif
