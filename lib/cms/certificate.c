/*
 * certificate.h over OpenSSL. Sizes, chain and trust folder are bounded; OpenSSL's queue of errors
 * is left empty. Reads files of the trust folder only. Safe in every thread.
 */
#include "cms/certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "cms/cms.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509, X509_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509_STORE, X509_STORE_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509_STORE_CTX, X509_STORE_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free_all)

X509 *certificate_parse(GBytes *der, GError **error)
{
	gsize size;
	const unsigned char *data = g_bytes_get_data(der, &size), *end = data;
	X509 *certificate = NULL;

	if (size > 0 && size <= CERTIFICATE_MAX_BYTES)
		certificate = d2i_X509(NULL, &end, (long)size);
	ERR_clear_error();
	if (certificate != NULL && end == data + size)
		return certificate;
	X509_free(certificate);
	g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "not a certificate");
	return NULL;
}

static GBytes *der_of(X509 *certificate)
{
	unsigned char *der = NULL;
	int length = i2d_X509(certificate, &der);
	GBytes *bytes = g_bytes_new(der, length > 0 ? (gsize)length : 0);

	OPENSSL_free(der);
	return bytes;
}

static gint64 seconds_of(const ASN1_TIME *time)
{
	struct tm parts;

	return ASN1_TIME_to_tm(time, &parts) == 1 ? (gint64)timegm(&parts) : 0;
}

static const char *key_weakness(EVP_PKEY *key)
{
	char curve[32] = "";

	switch (key != NULL ? EVP_PKEY_get_base_id(key) : EVP_PKEY_NONE) {
	case EVP_PKEY_RSA:
		if (EVP_PKEY_get_bits(key) < 2048)
			return "its RSA key has less than 2048 bits";
		return EVP_PKEY_get_bits(key) > 4096 ? "its RSA key has more than 4096 bits" : NULL;
	case EVP_PKEY_EC:
		EVP_PKEY_get_group_name(key, curve, sizeof curve, NULL);
		return strcmp(curve, SN_X9_62_prime256v1) == 0 || strcmp(curve, SN_secp384r1) == 0
			       ? NULL
			       : "its key is on another curve than P-256 and P-384";
	case EVP_PKEY_RSA_PSS:
		return "its key is for RSA-PSS, which mail programs do not know";
	default:
		return "its key is neither RSA nor ECDSA";
	}
}

const char *certificate_weakness(X509 *certificate)
{
	const char *weakness = key_weakness(X509_get0_pubkey(certificate));
	int digest = NID_undef;

	if (weakness != NULL)
		return weakness;
	if (X509_get_signature_nid(certificate) == NID_rsassaPss)
		return "it is signed with RSA-PSS, which mail programs do not know";
	if (X509_get_signature_info(certificate, &digest, NULL, NULL, NULL) != 1)
		digest = NID_undef;
	ERR_clear_error();
	if (digest == NID_sha256 || digest == NID_sha384 || digest == NID_sha512)
		return NULL;
	return "it is signed with a digest weaker than SHA-256";
}

/* Of both usages all bits are set when the extension is absent. */
static gboolean may_sign(X509 *certificate)
{
	return (X509_get_key_usage(certificate) & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) != 0;
}

static gboolean is_for_mail(X509 *certificate)
{
	return (X509_get_extended_key_usage(certificate) & (XKU_SMIME | XKU_ANYEKU)) != 0;
}

const char *certificate_unfitness(X509 *certificate)
{
	const char *weakness = certificate_weakness(certificate);

	if (weakness == NULL && !may_sign(certificate))
		weakness = "its key usage has neither digitalSignature nor nonRepudiation";
	if (weakness == NULL && !is_for_mail(certificate))
		weakness = "its extended key usage lacks emailProtection";
	ERR_clear_error();
	return weakness;
}

static char **ocsp_urls_of(X509 *certificate)
{
	g_autoptr(GStrvBuilder) urls = g_strv_builder_new();
	STACK_OF(OPENSSL_STRING) *found = X509_get1_ocsp(certificate);

	for (int i = 0; i < sk_OPENSSL_STRING_num(found); i++)
		g_strv_builder_add(urls, sk_OPENSSL_STRING_value(found, i));
	X509_email_free(found);
	return g_strv_builder_end(urls);
}

static void add_crl_urls(GStrvBuilder *urls, const DIST_POINT *point)
{
	const GENERAL_NAMES *names = point->distpoint != NULL && point->distpoint->type == 0
					     ? point->distpoint->name.fullname
					     : NULL;

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		int type;
		const ASN1_STRING *text =
			GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);
		g_autofree char *url = NULL;

		if (type != GEN_URI)
			continue;
		url = g_strndup(
			(const char *)ASN1_STRING_get0_data(text), (gsize)ASN1_STRING_length(text));
		if (g_str_is_ascii(url))
			g_strv_builder_add(urls, url);
	}
}

static char **crl_urls_of(X509 *certificate)
{
	g_autoptr(GStrvBuilder) urls = g_strv_builder_new();
	CRL_DIST_POINTS *points =
		X509_get_ext_d2i(certificate, NID_crl_distribution_points, NULL, NULL);

	for (int i = 0; i < sk_DIST_POINT_num(points); i++)
		add_crl_urls(urls, sk_DIST_POINT_value(points, i));
	CRL_DIST_POINTS_free(points);
	return g_strv_builder_end(urls);
}

CertificateFacts *certificate_read(GBytes *der, GError **error)
{
	g_autoptr(X509) certificate = certificate_parse(der, error);
	CertificateFacts *facts;

	if (certificate == NULL)
		return NULL;
	facts = g_new0(CertificateFacts, 1);
	facts->sha256 = cms_certificate_sha256(certificate);
	facts->subject = cms_certificate_subject(certificate);
	facts->emails = cms_certificate_emails(certificate);
	facts->not_before_s = seconds_of(X509_get0_notBefore(certificate));
	facts->not_after_s = seconds_of(X509_get0_notAfter(certificate));
	facts->may_sign = may_sign(certificate);
	facts->is_for_mail = is_for_mail(certificate);
	facts->weakness = certificate_weakness(certificate);
	facts->ocsp_urls = ocsp_urls_of(certificate);
	facts->crl_urls = crl_urls_of(certificate);
	ERR_clear_error();
	return facts;
}

void certificate_facts_free(CertificateFacts *facts)
{
	if (facts == NULL)
		return;
	g_free(facts->sha256);
	g_free(facts->subject);
	g_strfreev(facts->emails);
	g_strfreev(facts->ocsp_urls);
	g_strfreev(facts->crl_urls);
	g_free(facts);
}

static void read_pem(const char *path, STACK_OF(X509) * into)
{
	g_autoptr(BIO) file = BIO_new_file(path, "r");
	X509 *certificate;

	while (file != NULL && sk_X509_num(into) < CERTIFICATE_MAX_TRUSTED &&
		(certificate = PEM_read_bio_X509(file, NULL, NULL, NULL)) != NULL)
		sk_X509_push(into, certificate);
	ERR_clear_error();
}

static gboolean is_pem_name(const char *name)
{
	return g_str_has_suffix(name, ".pem") || g_str_has_suffix(name, ".crt");
}

static STACK_OF(X509) * read_folder(const char *folder)
{
	g_autoptr(GDir) dir =
		folder != NULL && *folder != '\0' ? g_dir_open(folder, 0, NULL) : NULL;
	STACK_OF(X509) *found = sk_X509_new_null();
	const char *name;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *path = g_build_filename(folder, name, NULL);

		if (is_pem_name(name))
			read_pem(path, found);
	}
	return found;
}

static gboolean is_certificate_file(const char *path)
{
	STACK_OF(X509) *found = sk_X509_new_null();
	gboolean ok;

	read_pem(path, found);
	ok = sk_X509_num(found) > 0;
	sk_X509_pop_free(found, X509_free);
	return ok;
}

gboolean certificate_folder_check(const char *folder, GError **error)
{
	g_autoptr(GError) cause = NULL;
	g_autoptr(GDir) dir = *folder != '\0' ? g_dir_open(folder, 0, &cause) : NULL;
	const char *name;
	guint n = 0;

	if (cause != NULL) {
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, cause->message);
		return FALSE;
	}
	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *path = g_build_filename(folder, name, NULL);

		if (!is_pem_name(name))
			continue;
		n++;
		if (!is_certificate_file(path)) {
			g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID,
				"%s cannot be read, or has no certificate in PEM", path);
			return FALSE;
		}
	}
	if (dir == NULL || n > 0)
		return TRUE;
	g_set_error(
		error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "%s has no file *.pem or *.crt", folder);
	return FALSE;
}

static X509 *find_issuer(X509 *certificate, STACK_OF(X509) * among)
{
	X509 *best = NULL;

	for (int i = 0; i < sk_X509_num(among); i++) {
		X509 *issuer = sk_X509_value(among, i);

		if (X509_check_issued(issuer, certificate) == X509_V_OK &&
			X509_verify(certificate, X509_get0_pubkey(issuer)) == 1 &&
			(best == NULL || seconds_of(X509_get0_notAfter(issuer)) >
						 seconds_of(X509_get0_notAfter(best))))
			best = issuer;
	}
	return best;
}

GPtrArray *certificate_chain(
	X509 *leaf, STACK_OF(X509) * others, const char *folder, gboolean *complete)
{
	GPtrArray *chain = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	STACK_OF(X509) *trusted = read_folder(folder);
	X509 *at = leaf, *issuer = NULL;

	*complete = FALSE;
	while (at != NULL && chain->len < CERTIFICATE_MAX_CHAIN && !*complete) {
		g_ptr_array_add(chain, der_of(at));
		issuer = find_issuer(at, trusted);
		if (issuer == NULL)
			issuer = find_issuer(at, others);
		*complete = issuer != NULL && X509_cmp(issuer, at) == 0;
		at = issuer;
	}
	sk_X509_pop_free(trusted, X509_free);
	ERR_clear_error();
	return chain;
}

static X509_STORE *roots_store(STACK_OF(X509) * roots, gint64 now_s)
{
	g_autoptr(X509_STORE) store = X509_STORE_new();

	for (int i = 0; i < sk_X509_num(roots); i++)
		X509_STORE_add_cert(store, sk_X509_value(roots, i));
	X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), (time_t)now_s);
	return g_steal_pointer(&store);
}

X509_STORE *certificate_folder_store(const char *folder)
{
	STACK_OF(X509) *found = read_folder(folder);
	X509_STORE *store = X509_STORE_new();

	for (int i = 0; i < sk_X509_num(found); i++)
		X509_STORE_add_cert(store, sk_X509_value(found, i));
	sk_X509_pop_free(found, X509_free);
	return store;
}

static gboolean verify(
	X509 *leaf, STACK_OF(X509) * rest, STACK_OF(X509) * roots, gint64 now_s, GError **error)
{
	g_autoptr(X509_STORE) store = roots_store(roots, now_s);
	g_autoptr(X509_STORE_CTX) context = X509_STORE_CTX_new();
	int result = -1;

	if (X509_STORE_CTX_init(context, store, leaf, rest) == 1 &&
		X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SMIME_SIGN) == 1)
		result = X509_verify_cert(context);
	if (result != 1)
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CERTIFICATE, "its chain: %s",
			X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
	ERR_clear_error();
	return result == 1;
}

gboolean certificate_chain_check(
	const GPtrArray *chain, const char *folder, gint64 now_s, GError **error)
{
	STACK_OF(X509) *all = sk_X509_new_null();
	STACK_OF(X509) *roots = folder != NULL && *folder != '\0' ? read_folder(folder) : NULL;
	gboolean ok = chain->len > 0;

	for (guint i = 0; i < chain->len && ok; i++) {
		X509 *one = certificate_parse(chain->pdata[i], error);

		ok = one != NULL;
		if (ok)
			sk_X509_push(all, one);
	}
	if (ok)
		ok = verify(sk_X509_value(all, 0), all, roots != NULL ? roots : all, now_s, error);
	sk_X509_pop_free(all, X509_free);
	sk_X509_pop_free(roots, X509_free);
	return ok;
}
