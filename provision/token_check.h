/*
 * The certificates of tokens: read from the signer, judged by lib/cms, their revocation asked for
 * over HTTP from here, since the signer has no network. At activation, once a day, and on request.
 */
#ifndef ACUSE_PROVISION_TOKEN_CHECK_H
#define ACUSE_PROVISION_TOKEN_CHECK_H

#include "provision/tokens.h"

/*
 * The certificates of the row's token as they are now, or as they were last seen when it is locked;
 * a new reference: {"sha256","subject","not_before","not_after","chains":[[base64]],"problems":
 * [text],"bar":ERROR NAME|null,"revocation":"good|revoked|unknown|off","checked":time}. fresh: what
 * was learned before about revocation is asked again. Blocks on responders; not in a change.
 * TOKEN_LOCKED when the certificates were never seen.
 */
json_t *token_check(Service *service, const json_t *row, gboolean fresh, GError **error);

/* Inside a change: keeps the result in the row; revoked and expired ones take their step. */
gboolean token_check_keep(StoreTxn *txn, const Service *service, const char *label, json_t *result,
	json_t **row, GError **error);

/* Once a day, of all that may sign; arm: at each start. */
gboolean token_check_due(Service *service, const char *subject, const json_t *body, GError **error);
gboolean token_check_arm(Service *service, GError **error);

#endif
