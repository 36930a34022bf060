/*
 * timestamp.h over OpenSSL's TS and CMS. Nothing of the signature or its signed attributes changes:
 * an unsigned attribute is added. OpenSSL's queue of errors is left empty. Safe in every thread.
 */
#include "cms/timestamp.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ts.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "cms/certificate.h"
#include "cms/cms.h"

#define NONCE_BYTES 8
#define CMS_MAX_BYTES (1024 * 1024)

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CMS_ContentInfo, CMS_ContentInfo_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TS_RESP, TS_RESP_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TS_VERIFY_CTX, TS_VERIFY_CTX_free)

struct _TimestampRequest {
	TS_REQ *request;
	GBytes *der;
};

static void fail(GError **error, AcuseErrorCode code, const char *what)
{
	unsigned long last = ERR_peek_last_error();
	const char *reason = last != 0 ? ERR_reason_error_string(last) : NULL;

	g_set_error(error, ACUSE_ERROR, (gint)code, "%s: %s", what,
		reason != NULL ? reason : "no reason given");
	ERR_clear_error();
}

static CMS_ContentInfo *parse_cms(GBytes *der)
{
	gsize size;
	const unsigned char *data = g_bytes_get_data(der, &size);

	return size > 0 && size <= CMS_MAX_BYTES ? d2i_CMS_ContentInfo(NULL, &data, (long)size)
						 : NULL;
}

static CMS_SignerInfo *only_signer(CMS_ContentInfo *cms)
{
	STACK_OF(CMS_SignerInfo) *signers = cms != NULL ? CMS_get0_SignerInfos(cms) : NULL;

	return sk_CMS_SignerInfo_num(signers) == 1 ? sk_CMS_SignerInfo_value(signers, 0) : NULL;
}

static gboolean set_imprint(TS_REQ *request, const void *data, gsize data_size)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int size = 0;
	TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
	X509_ALGOR *algorithm = X509_ALGOR_new();
	gboolean ok = EVP_Digest(data, data_size, digest, &size, EVP_sha256(), NULL) == 1;

	X509_ALGOR_set_md(algorithm, EVP_sha256());
	ok = ok && TS_MSG_IMPRINT_set_algo(imprint, algorithm) == 1 &&
	     TS_MSG_IMPRINT_set_msg(imprint, digest, (int)size) == 1 &&
	     TS_REQ_set_msg_imprint(request, imprint) == 1;
	X509_ALGOR_free(algorithm);
	TS_MSG_IMPRINT_free(imprint);
	return ok;
}

static gboolean set_nonce(TS_REQ *request)
{
	unsigned char random[NONCE_BYTES];
	BIGNUM *number = NULL;
	ASN1_INTEGER *nonce = NULL;
	gboolean ok;

	if (RAND_bytes(random, sizeof random) != 1)
		return FALSE;
	random[0] |= 0x40; /* no leading zeros, no sign */
	random[0] &= 0x7f;
	number = BN_bin2bn(random, sizeof random, NULL);
	nonce = BN_to_ASN1_INTEGER(number, NULL);
	ok = nonce != NULL && TS_REQ_set_nonce(request, nonce) == 1;
	ASN1_INTEGER_free(nonce);
	BN_free(number);
	return ok;
}

static TimestampRequest *request_of(const void *data, gsize size, GError **error)
{
	g_autoptr(TimestampRequest) made = g_new0(TimestampRequest, 1);
	unsigned char *der = NULL;
	int length;

	made->request = TS_REQ_new();
	if (TS_REQ_set_version(made->request, 1) != 1 || !set_imprint(made->request, data, size) ||
		!set_nonce(made->request) || TS_REQ_set_cert_req(made->request, 1) != 1 ||
		(length = i2d_TS_REQ(made->request, &der)) <= 0) {
		fail(error, ACUSE_ERROR_INTERNAL, "ask for a time-stamp");
		return NULL;
	}
	made->der = g_bytes_new(der, (gsize)length);
	OPENSSL_free(der);
	return g_steal_pointer(&made);
}

TimestampRequest *timestamp_request_new(GBytes *cms_der, GError **error)
{
	g_autoptr(CMS_ContentInfo) cms = parse_cms(cms_der);
	CMS_SignerInfo *signer = only_signer(cms);
	const ASN1_OCTET_STRING *signature;

	if (signer == NULL) {
		fail(error, ACUSE_ERROR_DAMAGED, "not a CMS of one signer");
		return NULL;
	}
	signature = CMS_SignerInfo_get0_signature(signer);
	return request_of(
		ASN1_STRING_get0_data(signature), (gsize)ASN1_STRING_length(signature), error);
}

TimestampRequest *timestamp_request_for_data(GBytes *data, GError **error)
{
	gsize size;
	const void *bytes = g_bytes_get_data(data, &size);

	return request_of(bytes, size, error);
}

void timestamp_request_free(TimestampRequest *request)
{
	if (request == NULL)
		return;
	TS_REQ_free(request->request);
	g_clear_pointer(&request->der, g_bytes_unref);
	g_free(request);
}

GBytes *timestamp_request_bytes(const TimestampRequest *request)
{
	return request->der;
}

static TS_RESP *parse_answer(GBytes *answer)
{
	gsize size;
	const unsigned char *data = g_bytes_get_data(answer, &size);

	return size > 0 && size <= TIMESTAMP_MAX_BYTES ? d2i_TS_RESP(NULL, &data, (long)size)
						       : NULL;
}

/* Imprint and nonce are the request's; with a folder the signer is one of its authorities'. */
static gboolean verify(TS_REQ *request, TS_RESP *answer, const char *trust_folder)
{
	g_autoptr(TS_VERIFY_CTX) context = TS_REQ_to_TS_VERIFY_CTX(request, NULL);
	gboolean trusts = trust_folder != NULL && *trust_folder != '\0';

	if (context == NULL)
		return FALSE;
	if (trusts) {
		TS_VERIFY_CTX_set_store(context, certificate_folder_store(trust_folder));
		TS_VERIFY_CTX_add_flags(context, TS_VFY_SIGNATURE);
	} else {
		TS_VERIFY_CTX_set_flags(context, TS_VFY_VERSION | TS_VFY_IMPRINT | TS_VFY_NONCE);
	}
	return TS_RESP_verify_response(context, answer) == 1;
}

static gint64 time_of(TS_RESP *answer)
{
	struct tm parts;
	TS_TST_INFO *info = TS_RESP_get_tst_info(answer);

	return ASN1_TIME_to_tm(TS_TST_INFO_get_time(info), &parts) == 1 ? (gint64)timegm(&parts)
									: 0;
}

static gboolean attach(CMS_SignerInfo *signer, TS_RESP *answer)
{
	unsigned char *der = NULL;
	int length = i2d_PKCS7(TS_RESP_get_token(answer), &der);
	gboolean ok =
		length > 0 && CMS_unsigned_add1_attr_by_NID(signer, NID_id_smime_aa_timeStampToken,
				      V_ASN1_SEQUENCE, der, length) == 1;

	OPENSSL_free(der);
	return ok;
}

GBytes *timestamp_add(const TimestampRequest *request, GBytes *answer, GBytes *cms_der,
	const char *trust_folder, gint64 *time_s, GError **error)
{
	g_autoptr(CMS_ContentInfo) cms = parse_cms(cms_der);
	CMS_SignerInfo *signer = only_signer(cms);
	g_autoptr(TS_RESP) parsed = parse_answer(answer);
	unsigned char *der = NULL;
	GBytes *bytes;
	int length;

	if (signer == NULL || parsed == NULL || !verify(request->request, parsed, trust_folder) ||
		!attach(signer, parsed) || (length = i2d_CMS_ContentInfo(cms, &der)) <= 0) {
		fail(error, ACUSE_ERROR_DAMAGED, "the time-stamp");
		return NULL;
	}
	*time_s = time_of(parsed);
	bytes = g_bytes_new(der, (gsize)length);
	OPENSSL_free(der);
	return bytes;
}

gboolean timestamp_check(const TimestampRequest *request, GBytes *answer, const char *trust_folder,
	gint64 *time_s, GError **error)
{
	g_autoptr(TS_RESP) parsed = parse_answer(answer);

	if (parsed == NULL || !verify(request->request, parsed, trust_folder)) {
		fail(error, ACUSE_ERROR_DAMAGED, "the time-stamp");
		return FALSE;
	}
	*time_s = time_of(parsed);
	return TRUE;
}

gboolean timestamp_verify(GBytes *answer, GBytes *data, const char *trust, gint64 at_s,
	gint64 *time_s, GError **error)
{
	g_autoptr(TimestampRequest) request = timestamp_request_for_data(data, error);
	g_autoptr(TS_RESP) parsed = parse_answer(answer);
	g_autoptr(TS_VERIFY_CTX) context = NULL;
	int what = TS_VFY_VERSION | TS_VFY_IMPRINT;

	if (request == NULL)
		return FALSE;
	context = TS_REQ_to_TS_VERIFY_CTX(request->request, NULL);
	if (trust != NULL) {
		TS_VERIFY_CTX_set_store(context, cms_trust_store(trust, at_s));
		what |= TS_VFY_SIGNATURE;
	}
	/* The nonce was for who asked. */
	TS_VERIFY_CTX_set_flags(context, what);
	if (parsed == NULL || TS_RESP_verify_response(context, parsed) != 1) {
		fail(error, ACUSE_ERROR_DAMAGED, "the time-stamp");
		return FALSE;
	}
	*time_s = time_of(parsed);
	if (ABS(*time_s - at_s) <= TIMESTAMP_APART_MAX_S)
		return TRUE;
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED,
		"what it stamps is dated %" G_GINT64_FORMAT
		" s %s the authority saw it: back-dated, or a clock was wrong",
		ABS(*time_s - at_s), at_s < *time_s ? "before" : "after");
	return FALSE;
}
