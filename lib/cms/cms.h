/*
 * CMS SignedData (RFC 5652) with CAdES-BES attributes: detached, SHA-256, RSA PKCS#1 v1.5 or ECDSA
 * (FACTS 23). OpenSSL types appear only here and in milter/signer.
 */
#ifndef ACUSE_CMS_CMS_H
#define ACUSE_CMS_CMS_H

#include <glib.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

/* chain: STACK_OF(X509) without the leaf, or NULL. Returns DER, or NULL with
 * ACUSE_ERROR_TOKEN_TROUBLE; then OpenSSL's queue of errors still has what a token's module said.
 */
GBytes *cms_sign_detached(
	EVP_PKEY *key, X509 *certificate, STACK_OF(X509) * chain, GBytes *content, GError **error);

typedef struct {
	char *signer_subject;	  /* RFC 2253 */
	char *signer_email;	  /* rfc822Name or emailAddress; NULL */
	char **signer_emails;	  /* all of them, as cms_certificate_emails */
	char *certificate_sha256; /* hex of the DER */
	gint64 signing_time_s;	  /* 0: absent */
} CmsSigner;

void cms_signer_free(CmsSigner *signer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmsSigner, cms_signer_free)

/*
 * Verifies a detached CMS over content against the certificates in trust_pem (a PEM file) or, when
 * trust_pem is NULL, the signature alone without its chain. NULL with ACUSE_ERROR_DAMAGED and the
 * reason. Purpose is any.
 */
CmsSigner *cms_verify_detached(
	GBytes *cms_der, GBytes *content, const char *trust_pem, GError **error);

/*
 * The same, with certificates that are good at that time (0: now). trust may also be a folder, of
 * which every *.pem and *.crt is read; it may hold the signer's own certificate.
 */
CmsSigner *cms_verify_detached_at(
	GBytes *cms_der, GBytes *content, const char *trust, gint64 at_s, GError **error);

/* Whether one of the signer's addresses is at the domain or below it; TRUE also when it has none,
 * which says nothing. */
gboolean cms_signer_is_of(const CmsSigner *signer, const char *domain);

/*
 * The signature alone, without its chain, of one who signs again and again (our own tokens):
 * certificates that came with a good signature before are not decoded anew. NULL as above.
 */
CmsSigner *cms_verify_repeated(GBytes *cms_der, GBytes *content, GError **error);

/* The CMS, in DER or BER, without the zeros behind it, with which a PDF fills its place; a new
 * buffer, NULL when there is no CMS or something else behind it. */
GBytes *cms_without_padding(GBytes *padded);

/* Lower-case e-mail addresses of a certificate (subjectAltName and subject), NULL-terminated; those
 * with bytes over 127 are left out. */
char **cms_certificate_emails(X509 *certificate);
char *cms_certificate_sha256(X509 *certificate);
char *cms_certificate_subject(X509 *certificate); /* RFC 2253, UTF-8 */

/*
 * What a trust of the checks above is made of, as a new store; at_s 0: now. NULL: a file cannot be
 * read.
 */
X509_STORE *cms_trust_store(const char *trust, gint64 at_s);

#endif
