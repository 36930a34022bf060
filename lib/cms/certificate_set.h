/*
 * The certificates of a CMS SignedData (RFC 5652, 5.1), apart from the rest. A token's signatures
 * bring the same ones every time, and OpenSSL takes longer to decode their keys than to verify.
 */
#ifndef ACUSE_CMS_CERTIFICATE_SET_H
#define ACUSE_CMS_CERTIFICATE_SET_H

#include <glib.h>
#include <openssl/x509.h>

/* That many sets are remembered; one more, and all are forgotten. */
#define CERTIFICATE_SET_MAX 64

/*
 * The same CMS without its certificates, a new buffer, and *set, what was left out (with its tag
 * and length). NULL: it has none, or is not DER that can be taken apart; *set is NULL then.
 */
GBytes *certificate_set_split(GBytes *der, GBytes **set);

/* What was remembered for the very bytes of the set: the caller's, freed with sk_X509_pop_free;
 * NULL: nothing. */
STACK_OF(X509) * certificate_set_find(GBytes *set);

/* Remembers decoded certificates for the set; both are copied by reference. */
void certificate_set_keep(GBytes *set, STACK_OF(X509) * certificates);

#endif
