/* Which held mail Postfix should bring again now, since its token signs again. */
#ifndef ACUSE_PROVISION_SEND_HOLD_WAKE_H
#define ACUSE_PROVISION_SEND_HOLD_WAKE_H

#include "provision/service.h"

#define SEND_HOLD_WAKE_MAX 200 /* at one look at the queue */

/*
 * Queue ids (char *) of held sends that are in `deferred` and for whose mailbox a token is
 * unlocked. The signer is asked only when something is held. NULL with the store's or the signer's
 * error.
 */
GPtrArray *send_hold_wake(Service *service, GHashTable *deferred, GError **error);

#endif
