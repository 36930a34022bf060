/* FORM-01 (DI-002, Anexo 1) as it is filed: checked, tidied, and as the row of TABLE_REQUESTS.
 * Pure. */
#ifndef ACUSE_PROVISION_REQUEST_FORM_H
#define ACUSE_PROVISION_REQUEST_FORM_H

#include "core/account.h"
#include "provision/service.h"

#define REQUEST_TRAMITE_MAX 64

/* The row without id, state and time; a new reference. NULL with INVALID (which member and why) or
 * NOT_BUILT. */
json_t *request_form_read(const json_t *body, GError **error);

/* What keeps it observed, as a list of words: "tramite", "name", "answer". A new reference. */
json_t *request_form_lacks(const json_t *row);
/* Whether no rule can write the person's name and no operator has given one. */
gboolean request_form_needs_name(const json_t *row);

/* The pending account that a row asks for; uid from the row or, when that has none yet, the
 * argument. */
Account *request_form_account(const json_t *row, const char *uid, const char *domain);

#endif
