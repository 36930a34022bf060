/* What the parts about people share: whose account a DNI is, cessation, posts, reports of HR. */
#ifndef ACUSE_PROVISION_PEOPLE_H
#define ACUSE_PROVISION_PEOPLE_H

#include "provision/accounts.h"

#define PEOPLE_WORKING_DAYS_TO_REPORT 1 /* DI-002 2.6 */

/*
 * The uid of the active or pending personal account of a DNI, a new string; by the requests, which
 * need no slapd, then by the directory. NULL with NOT_FOUND or UNAVAILABLE.
 */
char *people_find_uid(Service *service, const char *dni, GError **error);

/* One act on a person as HR reports it. */
typedef struct {
	Service *service;
	const char *actor, *dni, *uid, *document; /* dni NULL: it is nobody's only account */
	const char *date;			  /* of the act; NULL: today */
	const char *reason;			  /* of an end that is no cessation; or NULL */
	const char *post, *unit;		  /* of a rotation */
	const Account *known; /* of a rotation within a change: the account as it is */
	guint64 number;	      /* result: the outbox entry to wait for; 0: none */
} PersonAct;

/*
 * Ends everything of the account now, or on act->date when that is to come: record, tokens, outbox.
 * The store's error.
 */
gboolean people_cease(PersonAct *act, GError **error);
/* The same inside a change. */
gboolean people_cease_within(StoreTxn *txn, PersonAct *act, GError **error);

/* Another post and unit, now or on act->date. */
gboolean people_rotate(PersonAct *act, GError **error);
/* The same inside a change, with act->known. */
gboolean people_rotate_within(StoreTxn *txn, PersonAct *act, GError **error);

/* Inside a change: that an act was reported later than DI-002 2.6 allows, if it was. */
gboolean people_note_delay(
	StoreTxn *txn, const PersonAct *act, Record *record, const char *action, GError **error);

/* Business days from the act to today; 0 for one to come. */
guint people_delay_days(const Service *service, const char *date);

/* A date member that may be absent (NULL) and must be one; name: of the member. */
gboolean people_read_date(const json_t *body, const char *name, const char **date, GError **error);

/* What the directory has to say today of post and unit, {"uid","post","unit"}: a new reference, or
 * NULL of a person who never moved (posts.c). */
json_t *posts_recorded(Service *service, const char *uid);

/* posts.c and people_report.c */
gboolean person_rotate(const ApiRequest *request, ApiResponse *response, GError **error);
gboolean person_act(const ApiRequest *request, ApiResponse *response, GError **error);
gboolean people_report(const ApiRequest *request, ApiResponse *response, GError **error);
/* password_expiry.c; arm: at each start. */
gboolean password_expiry_due(
	Service *service, const char *subject, const json_t *body, GError **error);
gboolean password_expiry_arm(Service *service, GError **error);
gboolean posts_due(Service *service, const char *subject, const json_t *body, GError **error);

#endif
