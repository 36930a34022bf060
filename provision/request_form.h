/* FORM-01 (DI-002, Anexo 1) as it is filed: checked, tidied, and as the row of TABLE_REQUESTS.
 * Pure. */
#ifndef ACUSE_PROVISION_REQUEST_FORM_H
#define ACUSE_PROVISION_REQUEST_FORM_H

#include "core/account.h"
#include "provision/service.h"

#define REQUEST_TRAMITE_MAX 64

/*
 * The row without id, state and time; a new reference. Its action is create, annul, extend or
 * password (also of a form "create" with a reason of a password). NULL with INVALID: which member
 * and why.
 */
json_t *request_form_read(const json_t *body, GError **error);

/*
 * What keeps it observed, as a list of words: "tramite" and "scan" (of a form that no head has
 * signed; not the scan of a row with "scan_optional"), "name", "terms", "answer". A new reference.
 */
json_t *request_form_lacks(const json_t *row);
/* Whether its account has no name that a rule can write, and no operator has given one. */
gboolean request_form_needs_name(const json_t *row);
/* Whether the rule of people's names names it; the others have a name that an operator confirms. */
gboolean request_form_by_rule(const json_t *row);

gboolean request_form_is(const json_t *row, const char *action);
/* Whether it asks for the one personal account that a DNI may have. */
gboolean request_form_takes_dni(const json_t *row);

/* The pending account that a row asks for; uid from the row or, when that has none yet, the
 * argument. */
Account *request_form_account(const json_t *row, const char *uid, const char *domain);

/* Whether the form's names are the account's. */
gboolean request_form_same_person(const json_t *row, const Account *account);

/* Whether what was signed says the same as the row; *other: the first member that does not. What
 * speaks of the paper itself (tramite, scan, signature) is not compared. */
gboolean request_form_same_form(const json_t *row, const json_t *signed_row, const char **other);

#endif
