/*
 * Mails about tokens that wait for something to happen: one that was not given back after its
 * holder ceased (again and again until it is), and a loss, of which the Gerencia is told (Directiva
 * 001-2020, art. 8.11 and 8.12).
 */
#ifndef ACUSE_PROVISION_TOKEN_REMINDERS_H
#define ACUSE_PROVISION_TOKEN_REMINDERS_H

#include "provision/due.h"
#include "provision/tokens.h"

/* Inside a change, of a row that is saved afterwards: marks it as owed, mails at once and orders
 * the next reminder. */
gboolean token_reminders_begin(StoreTxn *txn, json_t *row, const TokenAct *act, GError **error);
/* It came back, or never will. */
gboolean token_reminders_end(StoreTxn *txn, json_t *row, GError **error);

/* Inside a change: to the address of [notices] gerencia, and to the IT office. */
gboolean token_tell_loss(StoreTxn *txn, const json_t *row, const TokenAct *act, GError **error);

extern const DueKind due_kinds_tokens[]; /* ends with kind NULL */

#endif
