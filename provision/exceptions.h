/*
 * Declared exceptions to the signed PDF (P11; Directiva 001-2020, art. 8.15): who may send a scan
 * that was signed by hand from which mailbox, why, and how long. A row of TABLE_EXCEPTIONS, under
 * "MAILBOX/ID", is {"id","mailbox","expediente"|null,"until":TIME|null,"reason","urgency",
 * "document","actor","time","send":SEND_ID|null,"withdrawn":null|{"document","actor","time"}}. One
 * without expediente and until is for one message, which is its send.
 */
#ifndef ACUSE_PROVISION_EXCEPTIONS_H
#define ACUSE_PROVISION_EXCEPTIONS_H

#include "provision/service.h"

/*
 * Inside the change of an intent: the exception that it names ("exception_id") is there and still
 * holds for it; it goes into the send as "exception_declared", and one for a single message becomes
 * this send's. None is named: nothing. UNAVAILABLE when it no longer holds: asked again, the policy
 * says so.
 */
gboolean exception_take(StoreTxn *txn, json_t *send, gint64 now_s, GError **error);

/* Whether the one for a single message is still this send's, when it is to be final. UNAVAILABLE.
 */
gboolean exception_check(StoreTxn *txn, const json_t *send, GError **error);

#endif
