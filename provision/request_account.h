/* The account that a FORM-01 is about, when there has to be one already; and whose DNI it has. */
#ifndef ACUSE_PROVISION_REQUEST_ACCOUNT_H
#define ACUSE_PROVISION_REQUEST_ACCOUNT_H

#include "provision/service.h"

/*
 * *uid: a new string: the account to be ended, extended, or given a password; of a new office its
 * responsible; NULL of one that is to be made. CONFLICT: the DNI has one already, or is that of
 * somebody else; NOT_FOUND: there is no such account; INVALID: a date is over.
 */
gboolean request_account_find(Service *service, const json_t *row, char **uid, GError **error);

#endif
