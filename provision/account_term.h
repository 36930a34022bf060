/*
 * Accounts with an end: of activities and of third parties (A6, A7, DI-002 art. 2.5, 3.2). Its
 * owner and who answers for it are told on the days of [accounts] remind_days before; the day
 * after its last the account is closed as a cessation closes one, unless a new request has put the
 * end off.
 */
#ifndef ACUSE_PROVISION_ACCOUNT_TERM_H
#define ACUSE_PROVISION_ACCOUNT_TERM_H

#include "provision/service.h"

typedef struct {
	const char *uid, *until; /* the last day, YYYY-MM-DD */
	const char *dni;	 /* of a third party, whose only account it is; or NULL */
	const char *document, *actor;
} AccountTerm;

/* Inside a change: orders end and reminders in place of those before, and the change of the
 * directory (*number, may be NULL). */
gboolean account_term_set(
	StoreTxn *txn, Service *service, const AccountTerm *term, guint64 *number, GError **error);
/* Inside a change: it has ended otherwise. */
gboolean account_term_clear(StoreTxn *txn, const char *uid, GError **error);

/* The first second that is too late, where the institution is. */
gint64 account_term_end_s(const Service *service, const char *until);

/* Due kinds and the outbox's; may be done twice. */
gboolean account_end_due(Service *service, const char *uid, const json_t *body, GError **error);
gboolean account_remind_due(Service *service, const char *uid, const json_t *body, GError **error);
gboolean account_set_until(
	Service *service, const json_t *body, GError **error); /* {"uid","until"} */

#endif
