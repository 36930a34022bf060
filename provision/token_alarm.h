/*
 * Word to the IT office of a token that stopped signing by itself: its process died, it was pulled
 * or another one is in its place, its PIN is locked, it failed or did not answer (the trouble of
 * the signer's status). One notice for each trouble.
 */
#ifndef ACUSE_PROVISION_TOKEN_ALARM_H
#define ACUSE_PROVISION_TOKEN_ALARM_H

#include <jansson.h>

#include "provision/service.h"
#include "provision/store.h"

/* The same trouble of a token that comes back sooner than that is the same trouble. */
#define TOKEN_ALARM_QUIET_S 3600

/* Asks the signer once. FALSE: it does not answer, or the store's error; what was told stays told.
 * Blocks for two seconds at most; not in the committer. */
gboolean token_alarm_look(Service *service, GError **error);

/* Inside a change: one notice to the IT office; nothing when [notices] otic is empty. */
gboolean token_tell_otic(StoreTxn *txn, const Service *service, const char *kind,
	const json_t *facts, GError **error);

#endif
