/*
 * cms.h: signs and verifies with OpenSSL's CMS. Input and output are whole buffers; each failure
 * carries OpenSSL's last reason and leaves its error queue empty. Safe in every thread as long as a
 * key is used by one at a time.
 */
#include "cms/cms.h"
#include "base/error.h"
#include "cms/certificate_set.h"
#include "cms/digest.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#define MAX_CMS_BYTES (1024 * 1024)

G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free_all)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CMS_ContentInfo, CMS_ContentInfo_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509_STORE, X509_STORE_free)

static void tell_openssl_error(GError **error, AcuseErrorCode code, const char *what)
{
	unsigned long last = ERR_peek_last_error();
	const char *reason = last != 0 ? ERR_reason_error_string(last) : NULL;

	g_set_error(error, ACUSE_ERROR, code, "%s: %s", what,
		reason != NULL ? reason : "no reason given");
}

static void set_openssl_error(GError **error, AcuseErrorCode code, const char *what)
{
	tell_openssl_error(error, code, what);
	ERR_clear_error();
}

static BIO *bio_of(GBytes *bytes)
{
	gsize size;
	gconstpointer data = g_bytes_get_data(bytes, &size);

	if (size > G_MAXINT)
		return NULL;
	return BIO_new_mem_buf(size > 0 ? data : "", (int)size);
}

static gboolean add_chain(CMS_ContentInfo *cms, X509 *leaf, STACK_OF(X509) * chain)
{
	for (int i = 0; i < sk_X509_num(chain); i++) {
		X509 *certificate = sk_X509_value(chain, i);

		/* OpenSSL adds the leaf itself and fails when it comes twice. */
		if (X509_cmp(certificate, leaf) != 0 && CMS_add1_cert(cms, certificate) != 1)
			return FALSE;
	}
	return TRUE;
}

static GBytes *cms_to_der(CMS_ContentInfo *cms)
{
	unsigned char *der = NULL;
	int length = i2d_CMS_ContentInfo(cms, &der);
	GBytes *bytes;

	if (length <= 0)
		return NULL;
	bytes = g_bytes_new(der, (gsize)length);
	OPENSSL_free(der);
	return bytes;
}

GBytes *cms_sign_detached(
	EVP_PKEY *key, X509 *certificate, STACK_OF(X509) * chain, GBytes *content, GError **error)
{
	const unsigned flags = CMS_PARTIAL | CMS_DETACHED | CMS_BINARY | CMS_CADES | CMS_NOSMIMECAP;
	g_autoptr(CMS_ContentInfo) cms = NULL;
	g_autoptr(BIO) input = bio_of(content);
	GBytes *der = NULL;

	ERR_clear_error();
	if (input != NULL)
		cms = CMS_sign(NULL, NULL, NULL, NULL, flags);
	if (cms != NULL && CMS_add1_signer(cms, certificate, key, EVP_sha256(), flags) != NULL &&
		add_chain(cms, certificate, chain) && CMS_final(cms, input, NULL, flags) == 1)
		der = cms_to_der(cms);
	if (der == NULL)
		tell_openssl_error(error, ACUSE_ERROR_TOKEN_TROUBLE, "sign");
	return der;
}

void cms_signer_free(CmsSigner *signer)
{
	if (signer == NULL)
		return;
	g_free(signer->signer_subject);
	g_free(signer->signer_email);
	g_strfreev(signer->signer_emails);
	g_free(signer->certificate_sha256);
	g_free(signer);
}

char **cms_certificate_emails(X509 *certificate)
{
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
	STACK_OF(OPENSSL_STRING) *emails = X509_get1_email(certificate);

	for (int i = 0; i < sk_OPENSSL_STRING_num(emails); i++) {
		const char *email = sk_OPENSSL_STRING_value(emails, i);
		g_autofree char *lower = g_ascii_strdown(email, -1);

		/* RFC 5280, 4.2.1.6: an IA5String. Others are nobody's address. */
		if (g_str_is_ascii(email))
			g_strv_builder_add(builder, lower);
	}
	X509_email_free(emails);
	return g_strv_builder_end(builder);
}

char *cms_certificate_sha256(X509 *certificate)
{
	unsigned char *der = NULL;
	int length = i2d_X509(certificate, &der);
	char *hex;

	if (length <= 0)
		return NULL;
	hex = digest_sha256_hex(der, (gsize)length);
	OPENSSL_free(der);
	return hex;
}

char *cms_certificate_subject(X509 *certificate)
{
	g_autoptr(BIO) out = BIO_new(BIO_s_mem());
	char *text = NULL;
	long length;

	if (out == NULL || X509_NAME_print_ex(out, X509_get_subject_name(certificate), 0,
				   XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) < 0)
		return g_strdup("");
	length = BIO_get_mem_data(out, &text);
	return g_utf8_make_valid(length > 0 ? text : "", length > 0 ? length : 0);
}

static gint64 signing_time(CMS_SignerInfo *info)
{
	const ASN1_TIME *time = CMS_signed_get0_data_by_OBJ(
		info, OBJ_nid2obj(NID_pkcs9_signingTime), -3, V_ASN1_UTCTIME);
	struct tm parts;

	if (time == NULL)
		time = CMS_signed_get0_data_by_OBJ(
			info, OBJ_nid2obj(NID_pkcs9_signingTime), -3, V_ASN1_GENERALIZEDTIME);
	ERR_clear_error();
	if (time == NULL || ASN1_TIME_to_tm(time, &parts) != 1)
		return 0;
	return (gint64)timegm(&parts);
}

static CmsSigner *signer_of(CMS_SignerInfo *info, X509 *certificate)
{
	CmsSigner *signer = g_new0(CmsSigner, 1);

	signer->signer_subject = cms_certificate_subject(certificate);
	signer->signer_emails = cms_certificate_emails(certificate);
	signer->signer_email = g_strdup(signer->signer_emails[0]);
	signer->certificate_sha256 = cms_certificate_sha256(certificate);
	signer->signing_time_s = signing_time(info);
	return signer;
}

gboolean cms_signer_is_of(const CmsSigner *signer, const char *domain)
{
	for (char **email = signer->signer_emails; *email != NULL; email++) {
		const char *at = strrchr(*email, '@');
		gsize size = strlen(domain), found = at != NULL ? strlen(at + 1) : 0;

		if (found >= size && g_ascii_strcasecmp(at + 1 + found - size, domain) == 0 &&
			(found == size || at[found - size] == '.'))
			return TRUE;
	}
	return signer->signer_emails[0] == NULL;
}

static CMS_ContentInfo *cms_from_der(GBytes *der)
{
	gsize size;
	const unsigned char *data = g_bytes_get_data(der, &size);
	const unsigned char *end = data;
	CMS_ContentInfo *cms;

	if (size == 0 || size > MAX_CMS_BYTES)
		return NULL;
	cms = d2i_CMS_ContentInfo(NULL, &end, (long)size);
	if (cms != NULL &&
		(end != data + size || OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed)) {
		CMS_ContentInfo_free(cms);
		return NULL;
	}
	return cms;
}

GBytes *cms_without_padding(GBytes *padded)
{
	gsize size;
	const unsigned char *data = g_bytes_get_data(padded, &size);
	const unsigned char *end = data;
	CMS_ContentInfo *cms = NULL;

	if (size > 0 && size <= MAX_CMS_BYTES)
		cms = d2i_CMS_ContentInfo(NULL, &end, (long)size);
	if (cms == NULL) {
		ERR_clear_error();
		return NULL;
	}
	CMS_ContentInfo_free(cms);
	for (const unsigned char *at = end; at < data + size; at++)
		if (*at != 0)
			return NULL;
	return g_bytes_new(data, (gsize)(end - data));
}

static gboolean load_folder(X509_STORE *store, const char *folder)
{
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *name;
	guint n = 0;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *path = g_build_filename(folder, name, NULL);

		if (!g_str_has_suffix(name, ".pem") && !g_str_has_suffix(name, ".crt"))
			continue;
		if (X509_STORE_load_file(store, path) != 1)
			return FALSE;
		n++;
	}
	return n > 0;
}

/* Purpose is any, so that a seal's or a time-stamp's certificate passes as well as one for mail. */
X509_STORE *cms_trust_store(const char *trust, gint64 at_s)
{
	g_autoptr(X509_STORE) store = X509_STORE_new();
	gboolean folder = g_file_test(trust, G_FILE_TEST_IS_DIR);

	if (store == NULL ||
		!(folder ? load_folder(store, trust) : X509_STORE_load_file(store, trust) == 1) ||
		X509_STORE_set_purpose(store, X509_PURPOSE_ANY) != 1 ||
		X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) != 1)
		return NULL;
	if (at_s != 0)
		X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), (time_t)at_s);
	return g_steal_pointer(&store);
}

CmsSigner *cms_verify_detached(
	GBytes *cms_der, GBytes *content, const char *trust_pem, GError **error)
{
	return cms_verify_detached_at(cms_der, content, trust_pem, 0, error);
}

/* known: certificates besides those in the CMS, or NULL. */
static CmsSigner *verify(CMS_ContentInfo *cms, STACK_OF(X509) * known, GBytes *content,
	X509_STORE *store, GError **error)
{
	const unsigned flags = CMS_BINARY | (store == NULL ? CMS_NO_SIGNER_CERT_VERIFY : 0);
	STACK_OF(CMS_SignerInfo) *infos = CMS_get0_SignerInfos(cms);
	g_autoptr(BIO) input = bio_of(content);
	X509 *certificate = NULL;

	if (sk_CMS_SignerInfo_num(infos) != 1) {
		g_set_error_literal(
			error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED, "not exactly one signer");
		return NULL;
	}
	if (input == NULL || CMS_verify(cms, known, store, input, NULL, flags) != 1) {
		set_openssl_error(error, ACUSE_ERROR_DAMAGED, "the signature does not verify");
		return NULL;
	}
	CMS_SignerInfo_get0_algs(sk_CMS_SignerInfo_value(infos, 0), NULL, &certificate, NULL, NULL);
	return signer_of(sk_CMS_SignerInfo_value(infos, 0), certificate);
}

CmsSigner *cms_verify_detached_at(
	GBytes *cms_der, GBytes *content, const char *trust, gint64 at_s, GError **error)
{
	g_autoptr(CMS_ContentInfo) cms = NULL;
	g_autoptr(X509_STORE) store = NULL;

	ERR_clear_error();
	cms = cms_from_der(cms_der);
	if (trust != NULL)
		store = cms_trust_store(trust, at_s);
	if (cms == NULL || (trust != NULL && store == NULL)) {
		set_openssl_error(error, ACUSE_ERROR_DAMAGED,
			cms == NULL ? "not a CMS signature" : "trusted certificates");
		return NULL;
	}
	return verify(cms, NULL, content, store, error);
}

CmsSigner *cms_verify_repeated(GBytes *cms_der, GBytes *content, GError **error)
{
	g_autoptr(CMS_ContentInfo) cms = NULL;
	g_autoptr(GBytes) set = NULL;
	g_autoptr(GBytes) rest = certificate_set_split(cms_der, &set);
	STACK_OF(X509) *certificates = rest != NULL ? certificate_set_find(set) : NULL;
	gboolean known = certificates != NULL;
	CmsSigner *signer = NULL;

	ERR_clear_error();
	cms = cms_from_der(known ? rest : cms_der);
	if (cms != NULL) {
		signer = verify(cms, certificates, content, NULL, error);
	} else {
		set_openssl_error(error, ACUSE_ERROR_DAMAGED, "not a CMS signature");
	}
	if (signer != NULL && rest != NULL && !known) {
		certificates = CMS_get1_certs(cms);
		certificate_set_keep(set, certificates);
	}
	sk_X509_pop_free(certificates, X509_free);
	return signer;
}
