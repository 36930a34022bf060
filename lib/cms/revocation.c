/*
 * revocation.h over OpenSSL. Nothing is believed that the issuer, or a responder that it certified
 * for this, did not sign. OpenSSL's queue of errors is left empty. Safe in every thread.
 */
#include "cms/revocation.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "base/error.h"
#include "cms/certificate.h"

#define SKEW_S 300 /* between clocks */
/* Of what tells no end: an answer of last year could be played back for ever. */
#define MAX_AGE_S (7 * 86400)

G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509, X509_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509_CRL, X509_CRL_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509_STORE, X509_STORE_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509_STORE_CTX, X509_STORE_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OCSP_REQUEST, OCSP_REQUEST_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OCSP_RESPONSE, OCSP_RESPONSE_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OCSP_BASICRESP, OCSP_BASICRESP_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OCSP_CERTID, OCSP_CERTID_free)

static gboolean fail(GError **error, AcuseErrorCode code, const char *why)
{
	ERR_clear_error();
	g_set_error_literal(error, ACUSE_ERROR, (gint)code, why);
	return FALSE;
}

static gint64 seconds_of(const ASN1_TIME *time)
{
	struct tm parts;

	return time != NULL && ASN1_TIME_to_tm(time, &parts) == 1 ? (gint64)timegm(&parts) : 0;
}

static gboolean is_of_now(
	const ASN1_TIME *from, const ASN1_TIME *until, gint64 now_s, GError **error)
{
	gint64 from_s = seconds_of(from);
	gint64 until_s = until != NULL ? seconds_of(until) : from_s + MAX_AGE_S;

	if (from_s <= now_s + SKEW_S && until_s + SKEW_S >= now_s)
		return TRUE;
	return fail(error, ACUSE_ERROR_CERTIFICATE_UNCHECKED, "what the issuer says is not of now");
}

GBytes *ocsp_request(GBytes *certificate, GBytes *issuer, GError **error)
{
	g_autoptr(X509) subject = certificate_parse(certificate, error);
	g_autoptr(X509) above = subject != NULL ? certificate_parse(issuer, error) : NULL;
	g_autoptr(OCSP_REQUEST) request = OCSP_REQUEST_new();
	OCSP_CERTID *id;
	unsigned char *der = NULL;
	GBytes *bytes;
	int length;

	if (above == NULL)
		return NULL;
	id = OCSP_cert_to_id(EVP_sha1(), subject, above); /* what every responder knows */
	if (id == NULL || OCSP_request_add0_id(request, id) == NULL ||
		(length = i2d_OCSP_REQUEST(request, &der)) <= 0) {
		fail(error, ACUSE_ERROR_INVALID, "no question to a responder");
		return NULL;
	}
	bytes = g_bytes_new(der, (gsize)length);
	OPENSSL_free(der);
	return bytes;
}

/* The issuer itself, or whom it certified for OCSP. */
static gboolean is_signed_for(OCSP_BASICRESP *basic, X509 *issuer, gint64 now_s)
{
	g_autoptr(X509_STORE) store = X509_STORE_new();
	STACK_OF(X509) *known = sk_X509_new_null();
	gboolean ok;

	X509_STORE_add_cert(store, issuer);
	X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
	X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), (time_t)now_s);
	sk_X509_push(known, issuer);
	ok = OCSP_basic_verify(basic, known, store, 0) == 1;
	sk_X509_free(known);
	return ok;
}

static OCSP_BASICRESP *basic_of(GBytes *response)
{
	gsize size;
	const unsigned char *data = g_bytes_get_data(response, &size), *end = data;
	g_autoptr(OCSP_RESPONSE) parsed = NULL;

	if (size == 0 || size > REVOCATION_MAX_OCSP_BYTES)
		return NULL;
	parsed = d2i_OCSP_RESPONSE(NULL, &end, (long)size);
	return parsed != NULL && OCSP_response_status(parsed) == OCSP_RESPONSE_STATUS_SUCCESSFUL
		       ? OCSP_response_get1_basic(parsed)
		       : NULL;
}

gboolean ocsp_judge(GBytes *response, GBytes *certificate, GBytes *issuer, gint64 now_s,
	Revocation *revocation, GError **error)
{
	g_autoptr(X509) subject = certificate_parse(certificate, error);
	g_autoptr(X509) above = subject != NULL ? certificate_parse(issuer, error) : NULL;
	g_autoptr(OCSP_BASICRESP) basic = above != NULL ? basic_of(response) : NULL;
	g_autoptr(OCSP_CERTID) id = above != NULL ? OCSP_cert_to_id(NULL, subject, above) : NULL;
	ASN1_GENERALIZEDTIME *revoked = NULL, *from = NULL, *until = NULL;
	int status = -1;

	if (above == NULL)
		return FALSE;
	if (basic == NULL)
		return fail(error, ACUSE_ERROR_INVALID, "not an answer of a responder");
	if (!is_signed_for(basic, above, now_s))
		return fail(error, ACUSE_ERROR_CERTIFICATE_UNCHECKED,
			"the issuer did not sign the responder's answer");
	if (OCSP_resp_find_status(basic, id, &status, NULL, &revoked, &from, &until) != 1)
		return fail(error, ACUSE_ERROR_CERTIFICATE_UNCHECKED,
			"the responder speaks of another certificate");
	if (!is_of_now(from, until, now_s, error))
		return FALSE;
	if (status != V_OCSP_CERTSTATUS_GOOD && status != V_OCSP_CERTSTATUS_REVOKED)
		return fail(error, ACUSE_ERROR_CERTIFICATE_UNCHECKED,
			"the responder does not know the certificate");
	*revocation = (Revocation){
		status == V_OCSP_CERTSTATUS_REVOKED, seconds_of(revoked), seconds_of(until)};
	return TRUE;
}

static X509_CRL *crl_of(GBytes *bytes)
{
	gsize size;
	const unsigned char *data = g_bytes_get_data(bytes, &size), *end = data;

	if (size == 0 || size > REVOCATION_MAX_CRL_BYTES)
		return NULL;
	return d2i_X509_CRL(NULL, &end, (long)size);
}

/* Dates are looked at elsewhere. */
static int judge_error(int ok, X509_STORE_CTX *context)
{
	switch (X509_STORE_CTX_get_error(context)) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID:
	case X509_V_ERR_CRL_HAS_EXPIRED:
	case X509_V_ERR_CRL_NOT_YET_VALID:
		return 1;
	default:
		return ok;
	}
}

/*
 * What OpenSSL makes of the list for this certificate: whether its issuer signed it and may,
 * whether it is about certificates like this one (RFC 5280, 5.2.5), and whether it has it.
 */
static int judge_list(X509_CRL *list, X509 *subject, X509 *issuer)
{
	g_autoptr(X509_STORE) store = X509_STORE_new();
	g_autoptr(X509_STORE_CTX) context = X509_STORE_CTX_new();
	STACK_OF(X509_CRL) *lists = sk_X509_CRL_new_null();
	int result = X509_V_ERR_UNSPECIFIED;

	sk_X509_CRL_push(lists, list);
	X509_STORE_add_cert(store, issuer);
	if (X509_STORE_CTX_init(context, store, subject, NULL) == 1) {
		X509_STORE_CTX_set_flags(
			context, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_PARTIAL_CHAIN);
		X509_STORE_CTX_set0_crls(context, lists);
		X509_STORE_CTX_set_verify_cb(context, judge_error);
		if (X509_verify_cert(context) == 1)
			result = X509_V_OK;
		else
			result = X509_STORE_CTX_get_error(context);
	}
	sk_X509_CRL_free(lists);
	return result;
}

static gint64 revoked_since(X509_CRL *list, X509 *subject)
{
	X509_REVOKED *entry = NULL;

	return X509_CRL_get0_by_cert(list, &entry, subject) == 1
		       ? seconds_of(X509_REVOKED_get0_revocationDate(entry))
		       : 0;
}

gboolean crl_judge(GBytes *crl, GBytes *certificate, GBytes *issuer, gint64 now_s,
	Revocation *revocation, GError **error)
{
	g_autoptr(X509) subject = certificate_parse(certificate, error);
	g_autoptr(X509) above = subject != NULL ? certificate_parse(issuer, error) : NULL;
	g_autoptr(X509_CRL) list = above != NULL ? crl_of(crl) : NULL;
	int judged;

	if (above == NULL)
		return FALSE;
	if (list == NULL)
		return fail(error, ACUSE_ERROR_INVALID, "not a list of revoked certificates");
	if (X509_NAME_cmp(X509_CRL_get_issuer(list), X509_get_subject_name(above)) != 0 ||
		X509_CRL_verify(list, X509_get0_pubkey(above)) != 1)
		return fail(error, ACUSE_ERROR_CERTIFICATE_UNCHECKED,
			"the issuer did not sign the list");
	if (!is_of_now(
		    X509_CRL_get0_lastUpdate(list), X509_CRL_get0_nextUpdate(list), now_s, error))
		return FALSE;
	judged = judge_list(list, subject, above);
	if (X509_CRL_get_ext_by_NID(list, NID_delta_crl, -1) >= 0 ||
		(judged != X509_V_OK && judged != X509_V_ERR_CERT_REVOKED))
		return fail(error, ACUSE_ERROR_CERTIFICATE_UNCHECKED,
			"the list is not about certificates like this one");
	*revocation =
		(Revocation){judged != X509_V_OK, 0, seconds_of(X509_CRL_get0_nextUpdate(list))};
	if (revocation->revoked)
		revocation->since_s = revoked_since(list, subject);
	ERR_clear_error();
	return TRUE;
}
