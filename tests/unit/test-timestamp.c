/*
 * timestamp_verify against an authority that stamps what, and as of when, the test likes: only a
 * stamp over these very bytes, by a believed authority, about the time that they give, will do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/error.h"
#include "cms/timestamp.h"
#include "tests/unit/temporary.h"

#define THEN_S 1590998400 /* 2020-06-01T08:00:00Z */
#define POLICY "1.2.3.4.1"
#define TEXT "{\"v\":1}"

typedef struct {
	EVP_PKEY *key;
	X509 *certificate;
	char *pem; /* path */
} Authority;

static void add_extension(X509 *certificate, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
}

static void authority_init(Authority *authority, const char *folder, const char *name)
{
	X509 *certificate = X509_new();
	X509_NAME *subject = X509_get_subject_name(certificate);
	g_autofree char *file_name = g_strconcat(name, ".pem", NULL);
	FILE *file;

	authority->key = EVP_EC_gen("P-256");
	authority->certificate = certificate;
	authority->pem = g_build_filename(folder, file_name, NULL);
	X509_set_version(certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	ASN1_TIME_set_string(X509_getm_notBefore(certificate), "20190101000000Z");
	ASN1_TIME_set_string(X509_getm_notAfter(certificate), "20210101000000Z");
	X509_set_pubkey(certificate, authority->key);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const guchar *)name, -1, -1, 0);
	X509_set_issuer_name(certificate, subject);
	add_extension(certificate, NID_key_usage, "critical,digitalSignature");
	add_extension(certificate, NID_ext_key_usage, "critical,timeStamping");
	X509_sign(certificate, authority->key, EVP_sha256());
	file = g_fopen(authority->pem, "w");
	PEM_write_X509(file, certificate);
	fclose(file);
}

static void authority_clear(Authority *authority)
{
	X509_free(authority->certificate);
	EVP_PKEY_free(authority->key);
	g_free(authority->pem);
}

static int set_time(TS_RESP_CTX *context, void *data, long *sec, long *usec)
{
	(void)context;
	*sec = *(const long *)data;
	*usec = 0;
	return 1;
}

static ASN1_INTEGER *set_serial(TS_RESP_CTX *context, void *data)
{
	ASN1_INTEGER *serial = ASN1_INTEGER_new();

	(void)context;
	(void)data;
	ASN1_INTEGER_set(serial, 1);
	return serial;
}

static GBytes *stamp(const Authority *authority, const char *text, gint64 time_s)
{
	g_autoptr(GBytes) data = g_bytes_new(text, strlen(text));
	g_autoptr(TimestampRequest) request = timestamp_request_for_data(data, NULL);
	GBytes *der = timestamp_request_bytes(request);
	BIO *asked = BIO_new_mem_buf(g_bytes_get_data(der, NULL), (int)g_bytes_get_size(der));
	TS_RESP_CTX *context = TS_RESP_CTX_new();
	ASN1_OBJECT *policy = OBJ_txt2obj(POLICY, 1);
	long seconds = (long)time_s;
	unsigned char *bytes = NULL;
	TS_RESP *answer;
	GBytes *result;
	int size;

	TS_RESP_CTX_set_signer_cert(context, authority->certificate);
	TS_RESP_CTX_set_signer_key(context, authority->key);
	TS_RESP_CTX_set_signer_digest(context, EVP_sha256());
	TS_RESP_CTX_set_def_policy(context, policy);
	TS_RESP_CTX_add_md(context, EVP_sha256());
	TS_RESP_CTX_set_serial_cb(context, set_serial, NULL);
	TS_RESP_CTX_set_time_cb(context, set_time, &seconds);
	answer = TS_RESP_create_response(context, asked);
	size = i2d_TS_RESP(answer, &bytes);
	result = g_bytes_new(bytes, (gsize)size);
	OPENSSL_free(bytes);
	TS_RESP_free(answer);
	ASN1_OBJECT_free(policy);
	TS_RESP_CTX_free(context);
	BIO_free(asked);
	return result;
}

static void test_stamps(void **state)
{
	static const struct {
		const char *name, *stamped;
		gint64 apart_s, at_s; /* at_s: what the text gives; apart_s: behind it */
		gboolean other, trusts, good;
	} cases[] = {
		{"right", TEXT, 2, THEN_S, FALSE, TRUE, TRUE},
		{"right, whoever", TEXT, 2, THEN_S, FALSE, FALSE, TRUE},
		{"over other bytes", TEXT " ", 2, THEN_S, FALSE, TRUE, FALSE},
		{"over other bytes, whoever", TEXT " ", 2, THEN_S, FALSE, FALSE, FALSE},
		{"of another authority", TEXT, 2, THEN_S, TRUE, TRUE, FALSE},
		{"of another authority, whoever", TEXT, 2, THEN_S, TRUE, FALSE, TRUE},
		{"an hour later", TEXT, TIMESTAMP_APART_MAX_S, THEN_S, FALSE, TRUE, TRUE},
		{"more", TEXT, TIMESTAMP_APART_MAX_S + 1, THEN_S, FALSE, TRUE, FALSE},
		{"dated back, whoever", TEXT, 86400, THEN_S, FALSE, FALSE, FALSE},
		{"an hour before", TEXT, -TIMESTAMP_APART_MAX_S, THEN_S, FALSE, TRUE, TRUE},
		{"more before", TEXT, -TIMESTAMP_APART_MAX_S - 1, THEN_S, FALSE, TRUE, FALSE},
		{"of a certificate that was over", TEXT, 2, THEN_S + 400 * 86400, FALSE, TRUE,
			FALSE},
	};
	g_autofree char *folder = temporary_folder();
	g_autoptr(GBytes) data = g_bytes_new_static(TEXT, strlen(TEXT));
	Authority one, other;

	(void)state;
	authority_init(&one, folder, "una");
	authority_init(&other, folder, "otra");
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		gint64 at_s = cases[i].at_s, seen_s = 0;
		g_autoptr(GBytes) answer = stamp(
			cases[i].other ? &other : &one, cases[i].stamped, at_s + cases[i].apart_s);
		g_autoptr(GError) error = NULL;

		if (timestamp_verify(answer, data, cases[i].trusts ? one.pem : NULL, at_s, &seen_s,
			    &error) != cases[i].good)
			fail_msg("%s: %s", cases[i].name, error != NULL ? error->message : "good");
		if (cases[i].good)
			assert_true(seen_s == at_s + cases[i].apart_s);
		else
			assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED));
	}
	authority_clear(&one);
	authority_clear(&other);
	temporary_remove(folder);
}

static void test_none(void **state)
{
	g_autoptr(GBytes) data = g_bytes_new_static(TEXT, strlen(TEXT));
	g_autoptr(GBytes) nothing = g_bytes_new_static("", 0);
	gint64 seen_s;

	(void)state;
	assert_false(timestamp_verify(data, data, NULL, THEN_S, &seen_s, NULL));
	assert_false(timestamp_verify(nothing, data, NULL, THEN_S, &seen_s, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stamps),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
