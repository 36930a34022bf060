/*
 * Once a day: the signer's own count of signed mails against the ledger (DESIGN 4). What differs is
 * mailed to the IT office and logged: a signature of a send that is not on record, one whose mail
 * was never prepared, or prepared with fewer signatures than were made; a prepared mail whose
 * signature the signer did not make.
 */
#ifndef ACUSE_PROVISION_TOKEN_COUNT_H
#define ACUSE_PROVISION_TOKEN_COUNT_H

#include <jansson.h>

#include "provision/service.h"

#define TOKEN_COUNT_KIND "signature-count"
#define TOKEN_COUNT_NAMED 20 /* send ids that a notice names of each kind */

/* Every day (UTC) that is over and was not compared yet, and orders the next time. FALSE: the
 * signer or the store does not answer; done again later. */
gboolean token_count_due(Service *service, const char *subject, const json_t *body, GError **error);
/* At each start. */
gboolean token_count_arm(Service *service, GError **error);

#endif
