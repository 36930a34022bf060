/*
 * The outbox (DESIGN 3): changes outside the ledger (directory, signer bindings, notices) are committed together with
 * the record that orders them and repeated until done. One thread carries them out in order; each kind is idempotent.
 */
#ifndef ACUSE_PROVISION_OUTBOX_H
#define ACUSE_PROVISION_OUTBOX_H

#include "provision/service.h"

/* Inside a change: queues {"kind":..., ...}. Its number is put into *number (may be NULL). body is not consumed. */
gboolean outbox_add(StoreTxn *txn, const char *kind, const json_t *body, guint64 *number, GError **error);

Outbox *outbox_start(Service *service, GError **error);
void outbox_stop(Outbox *outbox);

/* Wakes the thread and waits until entry `number` is done, at most timeout_ms. FALSE: not yet (it goes on). */
gboolean outbox_wait(Outbox *outbox, guint64 number, guint timeout_ms);

/*
 * One kind of change. TRUE: done, the entry is removed (in the same transaction as `finish`, if any). FALSE: a
 * retryable error is tried again with growing pauses; another goes to the entry's "trouble" and is retried slowly.
 */
typedef struct {
	const char *kind;
	gboolean (*carry_out)(Service *service, const json_t *body, GError **error);
} OutboxKind;

extern const OutboxKind outbox_kinds_accounts[], outbox_kinds_tokens[]; /* end with kind NULL */

#endif
