/*
 * What is asked of a signing certificate (RFC 5280, RFC 8550): who it is for, until when, whether
 * its key and its own signature are strong enough, and its way up to a root.
 */
#ifndef ACUSE_CMS_CERTIFICATE_H
#define ACUSE_CMS_CERTIFICATE_H

#include <glib.h>
#include <openssl/x509.h>

#define CERTIFICATE_MAX_BYTES (64 * 1024)
#define CERTIFICATE_MAX_CHAIN 8
#define CERTIFICATE_MAX_TRUSTED 1000 /* certificates of a trust folder */

typedef struct {
	char *sha256, *subject; /* hex of the DER; RFC 2253 */
	char **emails;		/* as cms_certificate_emails */
	gint64 not_before_s, not_after_s;
	gboolean may_sign;    /* key usage: digitalSignature or nonRepudiation, or none said */
	gboolean is_for_mail; /* extended key usage: emailProtection or any, or none said */
	const char *weakness; /* static; NULL: none */
	char **ocsp_urls, **crl_urls;
} CertificateFacts;

/* INVALID when it is no certificate, or too large. */
CertificateFacts *certificate_read(GBytes *der, GError **error);
void certificate_facts_free(CertificateFacts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CertificateFacts, certificate_facts_free)

/*
 * Why nothing may be signed with it: RSA under 2048 or over 4096 bits, RSA-PSS (gpgsm aborts on it,
 * GnuTLS and s-nail refuse it), another curve than P-256 and P-384, signed itself with MD5 or
 * SHA-1. A static string; NULL: nothing is wrong.
 */
const char *certificate_weakness(X509 *certificate);

/*
 * Why mail may not be signed with it: its weakness, or what it was made for (key usage, extended
 * key usage). A static string; NULL: it may.
 */
const char *certificate_unfitness(X509 *certificate);

/*
 * Leaf first, then its issuers as far as they are among `others` (may be NULL) and the PEM files of
 * the folder ("" or absent: none): DER each. Of several issuers with one key, which were renewed,
 * the one that is valid longest. *complete: it ends in a root. Never fails.
 */
GPtrArray *certificate_chain(
	X509 *leaf, STACK_OF(X509) * others, const char *folder, gboolean *complete);

/*
 * Whether the chain (DER, leaf first) leads to a root of the folder at that time, for mail. folder
 * "": to any root. CERTIFICATE with the reason; INVALID.
 */
gboolean certificate_chain_check(
	const GPtrArray *chain, const char *folder, gint64 now_s, GError **error);

/* Before it is relied on. INVALID with the reason: it cannot be read, has no certificate, or a file
 * that should be one and is none. "" passes. */
gboolean certificate_folder_check(const char *folder, GError **error);

/* The certificates of the folder as trusted ones; a new store. */
X509_STORE *certificate_folder_store(const char *folder);

/* NULL with INVALID. */
X509 *certificate_parse(GBytes *der, GError **error);

#endif
