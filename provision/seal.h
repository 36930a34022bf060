/* Signatures by the seal token through the signer: heads of the ledger, proof bundles; no mail. */
#ifndef ACUSE_PROVISION_SEAL_H
#define ACUSE_PROVISION_SEAL_H

#include "provision/service.h"

/*
 * A detached CMS (DER, a new buffer) over the bytes; *certificate_sha256 (may be NULL): a new
 * string. NULL with NO_BINDING when there is no seal token, TOKEN_TROUBLE when what the token made
 * does not verify, or as the signer answers. Blocks up to 10 s; any thread.
 */
GBytes *seal_sign(
	Service *service, const void *bytes, gsize size, char **certificate_sha256, GError **error);

#endif
