/*
 * Tokens of the signer as provisiond knows them: which mailboxes each signs for (TABLE_TOKENS;
 * TABLE_INDEX "token-mailbox/ADDRESS" -> label). What changes is a record and an outbox entry
 * "bindings" that pushes all of them.
 */
#ifndef ACUSE_PROVISION_TOKENS_H
#define ACUSE_PROVISION_TOKENS_H

#include "provision/outbox.h"

/* Inside a change: queues a push of all bindings. */
gboolean tokens_queue_bindings(StoreTxn *txn, GError **error);

/* Inside a change: whether an active token is bound to the mailbox (lower case). Its dates and PIN
 * are the signer's. */
gboolean tokens_mailbox_bound(StoreTxn *txn, const char *mailbox);

/*
 * Inside a change: the mailbox's person or office ceased. Its token, if any, becomes "ceased" when
 * it signs for no other mailbox, else it loses that one; the bindings are queued. TRUE also when
 * there is none.
 */
gboolean tokens_cease_mailbox(StoreTxn *txn, const char *mailbox, GError **error);

#endif
