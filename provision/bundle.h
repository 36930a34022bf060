/*
 * The proof bundle of one send (HACKING.md "Proof bundle"), made of what is stored: an ASiC-E whose
 * manifest is signed by the seal. Thread-safe.
 */
#ifndef ACUSE_PROVISION_BUNDLE_H
#define ACUSE_PROVISION_BUNDLE_H

#include "provision/proof_point.h"

#define BUNDLE_CONTENT_TYPE "application/vnd.etsi.asic-e+zip"

/*
 * The zip's bytes; the same for the same point, since its signature is kept. NULL with PURGED,
 * NOT_FOUND, DAMAGED (something recorded is not stored), TOO_LARGE, as constancia_make, or why the
 * manifest could not be signed (UNAVAILABLE, TOKEN_LOCKED, ...): an unsigned bundle would prove
 * nothing. A point of one recipient has his constancia in it.
 */
GBytes *bundle_make(Service *service, const ProofPoint *point, GError **error);

#endif
