/* Whether a certificate is revoked: asked of its issuer over HTTP, remembered in the store. */
#ifndef ACUSE_PROVISION_TOKEN_REVOCATION_H
#define ACUSE_PROVISION_TOKEN_REVOCATION_H

#include "cms/certificate.h"
#include "cms/revocation.h"
#include "provision/service.h"

/*
 * By a responder, else by a list. What was learned holds until the issuer says it again; fresh: it
 * is asked all the same, and what was learned counts only when nobody answers. A revoked one stays
 * so. FALSE with CERTIFICATE_UNCHECKED and the reason. Blocks.
 */
gboolean token_revocation(Service *service, const CertificateFacts *facts, GBytes *certificate,
	GBytes *issuer, gboolean fresh, Revocation *revocation, GError **error);

#endif
