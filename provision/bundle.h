/* The proof bundle of one send (HACKING.md "Proof bundle"), made of what is stored. Thread-safe. */
#ifndef ACUSE_PROVISION_BUNDLE_H
#define ACUSE_PROVISION_BUNDLE_H

#include "provision/service.h"

#define BUNDLE_CONTENT_TYPE "application/vnd.etsi.asic-e+zip"

/*
 * The zip's bytes, or NULL: NOT_FOUND, DAMAGED (something recorded is not stored), or why the head
 * could not be signed (UNAVAILABLE, TOKEN_LOCKED, ...): an unsigned bundle would prove nothing.
 */
GBytes *bundle_make(Service *service, const char *send_id, GError **error);

#endif
