/*
 * The outbox (DESIGN 3): changes outside the ledger (directory, signer bindings, notices) are
 * committed together with the record that orders them and repeated until done. One thread carries
 * them out in order, others those that may not wait; each kind is idempotent.
 */
#ifndef ACUSE_PROVISION_OUTBOX_H
#define ACUSE_PROVISION_OUTBOX_H

#include "provision/service.h"

/*
 * Order: entries of one table of kinds are carried out in the order they were added, so a slapd
 * that is down holds back the directory's changes and not the signer's. An entry in trouble lets
 * others pass, except those of the same subject: "uid", "label" or "form" in their body. An urgent
 * kind waits for no other entry and holds none back.
 */

/*
 * Inside a change: queues body under its kind. Its number is put into *number (may be NULL). body
 * is not consumed.
 */
gboolean outbox_add(
	StoreTxn *txn, const char *kind, const json_t *body, guint64 *number, GError **error);

/* Over the tables of kinds that routes.c lists. */
Outbox *outbox_start(Service *service, GError **error);
void outbox_stop(Outbox *outbox);

/*
 * Wakes the thread and waits until entry `number` is done, at most timeout_ms. FALSE: not yet (it
 * goes on).
 */
gboolean outbox_wait(Outbox *outbox, guint64 number, guint timeout_ms);

typedef enum {
	OUTBOX_ORDERED,
	OUTBOX_URGENT,	/* of accounts: login, sessions */
	OUTBOX_SIGNER,	/* urgent too; waits for nobody else's server */
	OUTBOX_TRAMITE, /* ordered as the first; a server that hangs holds up nothing else */
	OUTBOX_SLOW,	/* minutes, and nothing waits for it: copies of mailboxes */
	OUTBOX_MAKING,	/* ordered within a subject alone: by several threads at a time */
	OUTBOX_N_THREADS
} OutboxThread;

/* Ends the pauses of all that waits: everything is tried again now. Any thread. */
void outbox_retry(Outbox *outbox);

/*
 * One kind of change. TRUE: done, the entry is removed. FALSE: a retryable error is tried again
 * with growing pauses; another goes to the entry's "trouble" and is retried slowly.
 */
typedef struct {
	const char *kind;
	gboolean (*carry_out)(Service *service, const json_t *body, GError **error);
	OutboxThread thread;
} OutboxKind;

/* outbox_start over these tables (NULL-terminated array). */
Outbox *outbox_start_with(Service *service, const OutboxKind *const *tables, GError **error);

/* How many entries wait, and a new string that says why the first in trouble does, or NULL. */
guint outbox_waiting(Outbox *outbox, char **trouble);

extern const OutboxKind outbox_kinds_accounts[], outbox_kinds_tokens[], outbox_kinds_notices[],
	outbox_kinds_tramite_folder[], outbox_kinds_tramite_webhook[]; /* end with kind NULL */

#endif
