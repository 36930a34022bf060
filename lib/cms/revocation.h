/*
 * Whether a certificate was revoked, by what its issuer publishes: answers of a responder (RFC
 * 6960) and lists (RFC 5280, 5). Only the judging; whoever calls fetches them. Certificates are
 * DER.
 */
#ifndef ACUSE_CMS_REVOCATION_H
#define ACUSE_CMS_REVOCATION_H

#include <glib.h>

#define REVOCATION_MAX_OCSP_BYTES (64 * 1024)
#define REVOCATION_MAX_CRL_BYTES (16 * 1024 * 1024)

typedef struct {
	gboolean revoked;
	gint64 since_s; /* of a revoked one */
	gint64 until_s; /* when the issuer says it again; 0: it does not tell */
} Revocation;

/* The question to a responder; NULL with INVALID. */
GBytes *ocsp_request(GBytes *certificate, GBytes *issuer, GError **error);

/*
 * Each checks the issuer's signature, that it speaks of this certificate and is of now. FALSE with
 * INVALID (not one, or too large) or CERTIFICATE_UNCHECKED (old, of somebody else, unknown).
 */
gboolean ocsp_judge(GBytes *response, GBytes *certificate, GBytes *issuer, gint64 now_s,
	Revocation *revocation, GError **error);
gboolean crl_judge(GBytes *crl, GBytes *certificate, GBytes *issuer, gint64 now_s,
	Revocation *revocation, GError **error);

#endif
