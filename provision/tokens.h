/*
 * Tokens of the signer as provisiond knows them: whose each is, which mailboxes it signs for, and
 * where it is in its life (token_life.h). TABLE_TOKENS has a row for each label, TABLE_INDEX
 * "token-address/ADDRESS" -> {"labels":[...]} those that sign for the address or whose holder has
 * it. What changes is a record and, where the signer has to know, an outbox entry "bindings" that
 * pushes all of them.
 */
#ifndef ACUSE_PROVISION_TOKENS_H
#define ACUSE_PROVISION_TOKENS_H

#include "provision/outbox.h"
#include "provision/token_life.h"

/* Who does it, on which paper. */
typedef struct {
	const Service *service;
	const char *actor, *document;
	const char *date;     /* YYYY-MM-DD of what happened; NULL: today */
	const char *denuncia; /* of a loss; else NULL */
	guint64 number;	      /* result: the entry that tells the signer; 0: none */
} TokenAct;

/*
 * Inside a change: the row of a token takes a step of its life, with its record and its effects;
 * the row is saved. A step that begins anew (new, returned ...) puts the token into the index.
 */
gboolean tokens_take_step(
	StoreTxn *txn, json_t *row, const TokenStep *step, TokenAct *act, GError **error);

/* Inside a change: the signer is to have the bindings as they are then; *number: the entry of it.
 */
gboolean tokens_queue_bindings(StoreTxn *txn, guint64 *number, GError **error);

/*
 * Inside a change: whether an active token with a fit certificate is bound to the mailbox (lower
 * case). Its dates and PIN are the signer's. NO_BINDING, CERTIFICATE, CERTIFICATE_REVOKED,
 * CERTIFICATE_EXPIRED, CERTIFICATE_UNCHECKED.
 */
gboolean tokens_mailbox_ready(StoreTxn *txn, const char *mailbox, gint64 now_s, GError **error);

/*
 * Inside a change: the person or office with this address ceased. Tokens whose holder has it, and
 * those that sign for no other mailbox, cease; others lose the mailbox. The bindings are queued
 * when there is any.
 */
gboolean tokens_cease(StoreTxn *txn, const char *address, TokenAct *act, GError **error);

/* Whether the mailbox is one of the row's. */
gboolean token_has_mailbox(const json_t *row, const char *mailbox);

extern const Route routes_tokens[];
/* The signer's status of all its tokens, aa{sv}; NULL with error. */
GVariant *token_signer_status(const Service *service, GError **error);
/* That of one of them, a new reference; NULL: none has the label, or tokens is NULL. */
GVariant *token_status_of(GVariant *tokens, const char *label);
/* Adds what the signer says of the row's token; tokens NULL: error says why it does not. */
void token_add_status(json_t *row, GVariant *tokens, const GError *error);

#endif
