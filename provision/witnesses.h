/*
 * Heads of the ledger in other hands (DESIGN 4, RFC 6962 2.1): once a day each address of [ledger]
 * witnesses gets the signed head by mail, and at once when the ledger was restored. Who keeps them
 * can show that the ledger was cut, replaced or made anew (acusectl ledger verify --head).
 */
#ifndef ACUSE_PROVISION_WITNESSES_H
#define ACUSE_PROVISION_WITNESSES_H

#include "provision/service.h"

/*
 * Queues today's mails, once a day; head is what heads_current gave, and one that is not signed is
 * not told. FALSE: not on record, to be tried again.
 */
gboolean witnesses_tell(Service *service, const char *head, GError **error);

#endif
