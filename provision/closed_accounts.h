/*
 * Which accounts were ended, as the store knows it: from the change that orders the end, before the
 * directory has heard of it. TABLE_INDEX "account-closed/UID".
 */
#ifndef ACUSE_PROVISION_CLOSED_ACCOUNTS_H
#define ACUSE_PROVISION_CLOSED_ACCOUNTS_H

#include "provision/store.h"

/* TRUE also when the store cannot say. */
gboolean account_is_closed(Store *store, const char *uid);

/* Inside a change: FALSE with CONFLICT when it is ended, or with the store's error. */
gboolean account_check_open(StoreTxn *txn, const char *uid, GError **error);
/* Inside a change: that it is ended, or no longer. */
gboolean account_set_closed(StoreTxn *txn, const char *uid, gboolean closed, GError **error);

#endif
