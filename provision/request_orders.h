/* What an approved FORM-01 orders of an account that needs no credentials for it: its end, a later
 * end; and the mailbox of an office, which has no password. */
#ifndef ACUSE_PROVISION_REQUEST_ORDERS_H
#define ACUSE_PROVISION_REQUEST_ORDERS_H

#include "provision/request_step.h"

/* Inside the change of the step, change->row as it is; change->number: the entry to wait for.
 * CONFLICT: the account has ended already. */
gboolean request_order(StoreTxn *txn, RequestChange *change, GError **error);

#endif
