/*
 * What the parts about accounts share (requests, accounts, offices, people, self): an account as
 * JSON, first passwords, and the changes of the directory that the outbox
 * carries out. Any thread unless said otherwise.
 */
#ifndef ACUSE_PROVISION_ACCOUNTS_H
#define ACUSE_PROVISION_ACCOUNTS_H

#include "core/account.h"
#include "core/record.h"
#include "provision/service.h"

#define ACCOUNT_DOCUMENT_MAX 200
#define ACCOUNT_NAME_MAX 120
#define ACCOUNT_WAIT_MS 3000 /* for the directory, before a call answers without it */

/* The account as the API shows it; a new reference. */
json_t *account_to_json(const Account *account);

/* A readable first password, 100 random bits: letters, digits and signs. */
char *account_password_new(void);

/* The text trimmed and with single blanks between its words; NULL when nothing is left. */
char *account_text_tidy(const char *text);

/* The number of a DNI, 8 digits, a new string; NULL with INVALID naming "dni". core/dni.h */
char *account_dni_read(const char *text, GError **error);

/* Sets CONFLICT, that the DNI has an account; FALSE. */
gboolean account_dni_conflict(GError **error);

/* The address of an account of the institution, a new string. */
char *account_mail(const Service *service, const char *uid);

/* "TABLE_INDEX key" under which a DNI's active or pending account stands: -> request id, or the
 * mark of an account that no request made. */
char *account_dni_key(const char *dni);
#define ACCOUNT_UID_MARK "uid:"
char *account_uid_mark(const char *uid);

/* Appends "account.password" {uid, reason, actor}. */
gboolean account_record_password(
	const ApiRequest *request, const char *uid, const char *reason, GError **error);

/*
 * Reserves a name for ever for `holder`, if it is nobody's (account_creation.c). CONFLICT: taken;
 * UNAVAILABLE.
 */
gboolean account_name_take(Service *service, const char *name, const char *holder, GError **error);

/* A paged list of the directory's accounts, in the order of their keys. */
typedef struct {
	const char *(*key)(const Account *account); /* the cursor */
	gboolean (*has)(const Account *account);    /* NULL: all */
	json_t *(*to_json)(const Account *account); /* a new reference */
} AccountList;

gboolean account_list_answer(
	const ApiRequest *request, const AccountList *list, ApiResponse *response, GError **error);

/*
 * The account of that uid: by the live copy or, when it is not there yet, by the directory itself.
 * NULL with NOT_FOUND or the directory's trouble. Not inside a change.
 */
Account *account_get(Service *service, const char *uid, GError **error);

/* account_history.c */
gboolean account_history(const ApiRequest *request, ApiResponse *response, GError **error);
/* passwords.c */
gboolean passwords_reset(const ApiRequest *request, ApiResponse *response, GError **error);
gboolean passwords_force(const ApiRequest *request, ApiResponse *response, GError **error);
gboolean passwords_force_all(const ApiRequest *request, ApiResponse *response, GError **error);

/* directory_reconcile.c: the route, and the outbox's {"uid","request","state"}. */
gboolean directory_reconcile(const ApiRequest *request, ApiResponse *response, GError **error);
gboolean account_mend(Service *service, const json_t *body, GError **error);

/* The old password opens nothing now: what it had opened ends; "sessions_ended" of the answer. */
void passwords_end_sessions(const ApiRequest *request, const char *uid, ApiResponse *response);

/* What the outbox carries out; each may be done twice. */
gboolean account_create(Service *service, const json_t *body, GError **error); /* {"request"} */
gboolean account_cease(Service *service, const json_t *body, GError **error);  /* {"uid"} */
gboolean account_end_sessions(Service *service, const json_t *body, GError **error);  /* {"uid"} */
gboolean account_force_change(Service *service, const json_t *body, GError **error);  /* {"uid"} */
gboolean account_leave_offices(Service *service, const json_t *body, GError **error); /* {"uid"} */
gboolean account_set_post(
	Service *service, const json_t *body, GError **error); /* {"uid","post","unit"} */
/* {"uid","kind","area","level"}: of the list of mailboxes that may notify */
gboolean account_set_notifier_entry(Service *service, const json_t *body, GError **error);
/* {"uid","kind","address","given"}: a further address */
gboolean account_set_alias_entry(Service *service, const json_t *body, GError **error);
gboolean office_create(
	Service *service, const json_t *body, GError **error); /* {"uid","name",...} */
gboolean office_set_people(Service *service, const json_t *body, GError **error); /* the same */

#endif
