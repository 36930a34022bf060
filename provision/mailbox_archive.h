/*
 * What becomes of a closed mailbox (A10, DI-002 art. 2.7, 9.2): a compressed copy that the mail
 * server makes and keeps, whose digest and count of messages are in the ledger, and which can be
 * put back into another mailbox; and where mail goes that still comes for it.
 */
#ifndef ACUSE_PROVISION_MAILBOX_ARCHIVE_H
#define ACUSE_PROVISION_MAILBOX_ARCHIVE_H

#include "provision/people.h"

/* Outbox, {"uid"}: the copy of a closed account's mailbox, once its logins have ended. */
gboolean mailbox_archive(Service *service, const json_t *body, GError **error);

/* GET /v1/accounts/{uid}/archives, POST /v1/accounts/{uid}/restore */
gboolean mailbox_archives(const ApiRequest *request, ApiResponse *response, GError **error);
gboolean mailbox_restore(const ApiRequest *request, ApiResponse *response, GError **error);

/*
 * Inside the change of an end: with [mailboxes] after_close office, mail goes to the office that
 * has the name of the person's unit, for after_close_days. Without such an office it is refused.
 */
gboolean closed_mail_order(StoreTxn *txn, const PersonAct *act, GError **error);
/* Outbox, {"uid","on":bool}; and the due kind that ends it. */
gboolean closed_mail_forward(Service *service, const json_t *body, GError **error);
gboolean closed_mail_due(Service *service, const char *subject, const json_t *body, GError **error);

#endif
