/*
 * The signature of a unit's head under a FORM-01 (A1, DI-002 art. 2.1): a detached CMS over the
 * form, or a signed PDF. Who signed has to be an active person of the unit that asks, or the
 * responsible of the office that has its name.
 */
#ifndef ACUSE_PROVISION_REQUEST_SIGNATURE_H
#define ACUSE_PROVISION_REQUEST_SIGNATURE_H

#include "provision/service.h"

/*
 * Looks at the documents that the row names, and puts "signer" {"uid","name","post","unit",
 * "subject","certificate_sha256","time"} into it when the signature counts, or else
 * "signature_problem", why it does not. FALSE with INVALID when one of them was not stored.
 */
gboolean request_signature_check(Service *service, json_t *row, GError **error);

#endif
