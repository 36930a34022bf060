/*
 * lib/cms/revocation.c against answers and lists that are well signed and yet say nothing of this
 * certificate, or nothing of today. They are made here, since openssl(1) makes only good ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

#include "base/error.h"
#include "cms/revocation.h"

#define NOW_S 1795435200
#define DAY_S 86400
#define NEVER INT64_MIN
#define LIST_URL "http://ac.test/lista.crl"
#define JUDGED_GOOD (-1)
#define JUDGED_REVOKED (-2)

static EVP_PKEY *root_key;
static X509 *root, *leaf;
static GBytes *root_der, *leaf_der;

static void add_extension(X509 *certificate, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	assert_non_null(extension);
	assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

static X509 *make_certificate(const char *name, EVP_PKEY *key, long serial, gboolean is_root)
{
	X509 *certificate = X509_new();
	X509_NAME *subject = X509_get_subject_name(certificate);

	X509_set_version(certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial);
	ASN1_TIME_set(X509_getm_notBefore(certificate), NOW_S - 300 * DAY_S);
	ASN1_TIME_set(X509_getm_notAfter(certificate), NOW_S + 300 * DAY_S);
	X509_NAME_add_entry_by_txt(
		subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(certificate, is_root ? subject : X509_get_subject_name(root));
	X509_set_pubkey(certificate, key);
	add_extension(certificate, NID_basic_constraints, is_root ? "CA:TRUE" : "CA:FALSE");
	if (is_root)
		add_extension(certificate, NID_key_usage, "keyCertSign,cRLSign");
	else
		add_extension(certificate, NID_crl_distribution_points, "URI:" LIST_URL);
	assert_true(X509_sign(certificate, root_key, EVP_sha256()) > 0);
	return certificate;
}

#define DER(type, object)                                                                          \
	({                                                                                         \
		unsigned char *made = NULL, *copy;                                                 \
		int size = i2d_##type(object, &made);                                              \
		copy = g_memdup2(made, (gsize)MAX(size, 0));                                       \
		OPENSSL_free(made);                                                                \
		g_bytes_new_take(copy, (gsize)MAX(size, 0));                                       \
	})

typedef struct {
	const char *name;
	gint64 from_s, until_s; /* of NOW_S; NEVER: it does not tell */
	gboolean listed;
	gboolean delta;
	const char *scope; /* issuingDistributionPoint; NULL: none */
	int judged;
} ListCase;

static const ListCase lists[] = {
	{"a good one", -DAY_S, DAY_S, FALSE, FALSE, NULL, JUDGED_GOOD},
	{"it stands in it", -DAY_S, DAY_S, TRUE, FALSE, NULL, JUDGED_REVOKED},
	{"old", -9 * DAY_S, -DAY_S, FALSE, FALSE, NULL, ACUSE_ERROR_CERTIFICATE_UNCHECKED},
	{"of tomorrow", DAY_S, 2 * DAY_S, FALSE, FALSE, NULL, ACUSE_ERROR_CERTIFICATE_UNCHECKED},
	{"without an end, of today", -60, NEVER, FALSE, FALSE, NULL, JUDGED_GOOD},
	{"without an end, of last year", -300 * DAY_S, NEVER, FALSE, FALSE, NULL,
		ACUSE_ERROR_CERTIFICATE_UNCHECKED},
	{"what changed since another list", -DAY_S, DAY_S, FALSE, TRUE, NULL,
		ACUSE_ERROR_CERTIFICATE_UNCHECKED},
	{"of issuers alone", -DAY_S, DAY_S, FALSE, FALSE, "onlyCA:TRUE",
		ACUSE_ERROR_CERTIFICATE_UNCHECKED},
	{"of some reasons alone", -DAY_S, DAY_S, FALSE, FALSE, "onlysomereasons:keyCompromise",
		ACUSE_ERROR_CERTIFICATE_UNCHECKED},
	{"of other certificates", -DAY_S, DAY_S, FALSE, FALSE, "fullname:URI:http://ac.test/2.crl",
		ACUSE_ERROR_CERTIFICATE_UNCHECKED},
	{"of certificates like it", -DAY_S, DAY_S, FALSE, FALSE, "fullname:URI:" LIST_URL,
		JUDGED_GOOD},
	{"of certificates like it, and it stands in it", -DAY_S, DAY_S, TRUE, FALSE,
		"fullname:URI:" LIST_URL, JUDGED_REVOKED},
};

static void scope_list(X509_CRL *list, const char *scope)
{
	g_auto(GStrv) words = g_strsplit(scope, ":", 2);
	g_autofree char *text = g_strdup_printf("[idp]\n%s=%s\n", words[0], words[1]);
	BIO *file = BIO_new_mem_buf(text, -1);
	CONF *conf = NCONF_new(NULL);
	X509_EXTENSION *extension;
	X509V3_CTX context;
	long line;

	assert_int_equal(NCONF_load_bio(conf, file, &line), 1);
	X509V3_set_ctx(&context, NULL, NULL, NULL, NULL, 0);
	X509V3_set_nconf(&context, conf);
	extension = X509V3_EXT_nconf_nid(
		conf, &context, NID_issuing_distribution_point, "critical,@idp");
	assert_non_null(extension);
	X509_CRL_add_ext(list, extension, -1);
	X509_EXTENSION_free(extension);
	NCONF_free(conf);
	BIO_free(file);
}

static GBytes *make_list(const ListCase *item)
{
	X509_CRL *list = X509_CRL_new();
	ASN1_TIME *time = ASN1_TIME_set(NULL, NOW_S + item->from_s);
	ASN1_INTEGER *number = ASN1_INTEGER_new();
	GBytes *der;

	ASN1_INTEGER_set(number, 7);
	X509_CRL_set_version(list, X509_CRL_VERSION_2);
	X509_CRL_set_issuer_name(list, X509_get_subject_name(root));
	X509_CRL_set1_lastUpdate(list, time);
	if (item->until_s != NEVER)
		X509_CRL_set1_nextUpdate(list, ASN1_TIME_set(time, NOW_S + item->until_s));
	if (item->listed) {
		X509_REVOKED *entry = X509_REVOKED_new();

		X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(leaf));
		X509_REVOKED_set_revocationDate(entry, ASN1_TIME_set(time, NOW_S + item->from_s));
		X509_CRL_add0_revoked(list, entry);
	}
	if (item->delta)
		X509_CRL_add1_ext_i2d(list, NID_delta_crl, number, 1, 0);
	if (item->scope != NULL)
		scope_list(list, item->scope);
	assert_true(X509_CRL_sign(list, root_key, EVP_sha256()) > 0);
	der = DER(X509_CRL, list);
	ASN1_TIME_free(time);
	ASN1_INTEGER_free(number);
	X509_CRL_free(list);
	return der;
}

static int outcome(gboolean known, const Revocation *revocation, const GError *error)
{
	if (!known)
		return error->code;
	return revocation->revoked ? JUDGED_REVOKED : JUDGED_GOOD;
}

static void test_lists(void **state)
{
	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(lists); i++) {
		g_autoptr(GBytes) list = make_list(&lists[i]);
		g_autoptr(GError) error = NULL;
		Revocation revocation = {0};
		gboolean known = crl_judge(list, leaf_der, root_der, NOW_S, &revocation, &error);
		int judged = outcome(known, &revocation, error);

		if (judged != lists[i].judged)
			fail_msg("%s: %d instead of %d (%s)", lists[i].name, judged,
				lists[i].judged, error != NULL ? error->message : "");
	}
}

typedef struct {
	const char *name;
	int status;
	gint64 from_s, until_s;
	gboolean of_another;
	int judged;
} AnswerCase;

static const AnswerCase answers[] = {
	{"good", V_OCSP_CERTSTATUS_GOOD, -60, DAY_S, FALSE, JUDGED_GOOD},
	{"revoked", V_OCSP_CERTSTATUS_REVOKED, -60, DAY_S, FALSE, JUDGED_REVOKED},
	{"unknown", V_OCSP_CERTSTATUS_UNKNOWN, -60, DAY_S, FALSE,
		ACUSE_ERROR_CERTIFICATE_UNCHECKED},
	{"of another certificate", V_OCSP_CERTSTATUS_GOOD, -60, DAY_S, TRUE,
		ACUSE_ERROR_CERTIFICATE_UNCHECKED},
	{"over", V_OCSP_CERTSTATUS_GOOD, -9 * DAY_S, -DAY_S, FALSE,
		ACUSE_ERROR_CERTIFICATE_UNCHECKED},
	{"without an end, of today", V_OCSP_CERTSTATUS_GOOD, -60, NEVER, FALSE, JUDGED_GOOD},
	{"without an end, played back", V_OCSP_CERTSTATUS_GOOD, -300 * DAY_S, NEVER, FALSE,
		ACUSE_ERROR_CERTIFICATE_UNCHECKED},
};

static GBytes *make_answer(const AnswerCase *item)
{
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	OCSP_CERTID *id = OCSP_cert_to_id(NULL, item->of_another ? root : leaf, root);
	ASN1_TIME *from = ASN1_GENERALIZEDTIME_set(NULL, NOW_S + item->from_s);
	ASN1_TIME *until = item->until_s != NEVER
				   ? ASN1_GENERALIZEDTIME_set(NULL, NOW_S + item->until_s)
				   : NULL;
	OCSP_RESPONSE *response;
	GBytes *der;

	assert_non_null(
		OCSP_basic_add1_status(basic, id, item->status, OCSP_REVOKED_STATUS_NOSTATUS,
			item->status == V_OCSP_CERTSTATUS_REVOKED ? from : NULL, from, until));
	assert_int_equal(OCSP_basic_sign(basic, root, root_key, EVP_sha256(), NULL, 0), 1);
	response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
	der = DER(OCSP_RESPONSE, response);
	OCSP_RESPONSE_free(response);
	OCSP_BASICRESP_free(basic);
	OCSP_CERTID_free(id);
	ASN1_TIME_free(from);
	ASN1_TIME_free(until);
	return der;
}

static void test_answers(void **state)
{
	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(answers); i++) {
		g_autoptr(GBytes) answer = make_answer(&answers[i]);
		g_autoptr(GError) error = NULL;
		Revocation revocation = {0};
		gboolean known = ocsp_judge(answer, leaf_der, root_der, NOW_S, &revocation, &error);
		int judged = outcome(known, &revocation, error);

		if (judged != answers[i].judged)
			fail_msg("%s: %d instead of %d (%s)", answers[i].name, judged,
				answers[i].judged, error != NULL ? error->message : "");
	}
}

static int set_up(void **state)
{
	EVP_PKEY *leaf_key = EVP_EC_gen("P-256");

	(void)state;
	root_key = EVP_EC_gen("P-256");
	root = make_certificate("Raiz de prueba", root_key, 1, TRUE);
	leaf = make_certificate("Buzon de prueba", leaf_key, 2, FALSE);
	root_der = DER(X509, root);
	leaf_der = DER(X509, leaf);
	EVP_PKEY_free(leaf_key);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	EVP_PKEY_free(root_key);
	X509_free(root);
	X509_free(leaf);
	g_bytes_unref(root_der);
	g_bytes_unref(leaf_der);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_answers),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
