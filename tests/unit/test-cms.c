/* Detached CMS with keys made here: RSA and P-256, with and without a chain; damage and strangers
 * are noticed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <glib/gstdio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/error.h"
#include "base/hex.h"
#include "cms/certificate_set.h"
#include "cms/cms.h"
#include "cms/digest.h"
#include "core/sha256.h"

#define CONTENT "From: secretaria.general@muni.test\r\n\r\nHola\r\n"

typedef struct {
	EVP_PKEY *key;
	X509 *certificate;
} Pair;

static void extend(X509 *certificate, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	assert_non_null(extension);
	X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
}

static Pair make_pair(EVP_PKEY *key, const char *name, const Pair *issuer)
{
	static long serial;
	Pair pair = {key, X509_new()};
	X509_NAME *subject = X509_get_subject_name(pair.certificate);

	assert_non_null(key);
	X509_set_version(pair.certificate, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(pair.certificate), ++serial);
	X509_gmtime_adj(X509_getm_notBefore(pair.certificate), -60);
	X509_gmtime_adj(X509_getm_notAfter(pair.certificate), 3600);
	X509_NAME_add_entry_by_txt(
		subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(pair.certificate,
		issuer != NULL ? X509_get_subject_name(issuer->certificate) : subject);
	X509_set_pubkey(pair.certificate, key);
	extend(pair.certificate, NID_basic_constraints,
		issuer == NULL ? "critical,CA:TRUE" : "CA:FALSE");
	if (issuer != NULL)
		extend(pair.certificate, NID_subject_alt_name,
			"email:Secretaria.General@muni.test");
	assert_true(
		X509_sign(pair.certificate, issuer != NULL ? issuer->key : key, EVP_sha256()) > 0);
	return pair;
}

static void free_pair(Pair *pair)
{
	EVP_PKEY_free(pair->key);
	X509_free(pair->certificate);
}

static char *write_pem(X509 *certificate)
{
	char *path = NULL;
	int fd = g_file_open_tmp("acuse-ca-XXXXXX", &path, NULL);
	FILE *file = fdopen(fd, "w");

	assert_true(PEM_write_X509(file, certificate));
	fclose(file);
	return path;
}

static void check_key(EVP_PKEY *key, const Pair *ca, const char *trust, const char *strangers)
{
	Pair leaf = make_pair(key, "Municipalidad \xc3\x91", ca);
	STACK_OF(X509) *chain = sk_X509_new_null();
	g_autoptr(GBytes) content = g_bytes_new_static(CONTENT, strlen(CONTENT));
	g_autoptr(GBytes) other = g_bytes_new_static(CONTENT, strlen(CONTENT) - 1);
	g_autofree char *sha256 = cms_certificate_sha256(leaf.certificate);
	g_autoptr(GBytes) cms = NULL;
	g_autoptr(CmsSigner) signer = NULL;
	g_autoptr(GError) error = NULL;

	/* The leaf among the others must do no harm. */
	sk_X509_push(chain, ca->certificate);
	sk_X509_push(chain, leaf.certificate);
	cms = cms_sign_detached(leaf.key, leaf.certificate, chain, content, NULL);
	assert_non_null(cms);
	signer = cms_verify_detached(cms, content, trust, NULL);
	assert_non_null(signer);
	assert_string_equal(signer->signer_subject, "CN=Municipalidad \xc3\x91");
	assert_string_equal(signer->signer_email, "secretaria.general@muni.test");
	assert_string_equal(signer->certificate_sha256, sha256);
	assert_true(signer->signing_time_s > 0);
	assert_null(cms_verify_detached(cms, other, trust, &error));
	assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED));
	assert_null(cms_verify_detached(cms, content, strangers, NULL));
	assert_null(cms_verify_detached(cms, other, NULL, NULL));
	g_clear_pointer(&signer, cms_signer_free);
	signer = cms_verify_detached(cms, content, NULL, NULL);
	assert_non_null(signer);
	sk_X509_free(chain);
	free_pair(&leaf);
}

static void test_sign_and_verify(void **state)
{
	Pair ca = make_pair(EVP_RSA_gen(2048), "CA", NULL);
	Pair stranger = make_pair(EVP_EC_gen("P-256"), "CA", NULL);
	g_autofree char *trust = write_pem(ca.certificate);
	g_autofree char *strangers = write_pem(stranger.certificate);

	(void)state;
	check_key(EVP_RSA_gen(2048), &ca, trust, strangers);
	check_key(EVP_EC_gen("P-256"), &ca, trust, strangers);
	g_unlink(trust);
	g_unlink(strangers);
	free_pair(&ca);
	free_pair(&stranger);
}

static GBytes *sign_with(const Pair *leaf, const Pair *ca, GBytes *content)
{
	STACK_OF(X509) *chain = sk_X509_new_null();
	GBytes *cms;

	sk_X509_push(chain, ca->certificate);
	cms = cms_sign_detached(leaf->key, leaf->certificate, chain, content, NULL);
	sk_X509_free(chain);
	assert_non_null(cms);
	return cms;
}

/* A bit of each third byte turned: what the plain check refuses, the one with known certificates
 * does too. */
static void check_damage(GBytes *cms, GBytes *content)
{
	gsize size;
	const guint8 *data = g_bytes_get_data(cms, &size);

	for (gsize i = 0; i < size; i += 3) {
		g_autofree guint8 *copy = g_memdup2(data, size);
		g_autoptr(GBytes) damaged = g_bytes_new_static(copy, size);
		g_autoptr(CmsSigner) plain = NULL;
		g_autoptr(CmsSigner) repeated = NULL;

		copy[i] ^= (guint8)(1 << i % 8);
		plain = cms_verify_detached(damaged, content, NULL, NULL);
		repeated = cms_verify_repeated(damaged, content, NULL);
		assert_true(plain != NULL || repeated == NULL);
	}
}

/* The certificates of the first signature serve the next ones, and only those. */
static void test_verify_repeated(void **state)
{
	Pair ca = make_pair(EVP_RSA_gen(2048), "CA", NULL);
	Pair leaf = make_pair(EVP_EC_gen("P-256"), "Una", &ca);
	Pair renewed = make_pair(EVP_EC_gen("P-256"), "Una", &ca);
	/* Another key under the same issuer and serial: its own certificates have to be read. */
	Pair impostor = make_pair(EVP_EC_gen("P-256"), "Una", &ca);
	const Pair *pairs[] = {&leaf, &leaf, &renewed, &leaf, &impostor};
	g_autoptr(GBytes) other = g_bytes_new_static("otro", 4);

	(void)state;
	ASN1_INTEGER_set(X509_get_serialNumber(impostor.certificate),
		ASN1_INTEGER_get(X509_get0_serialNumber(leaf.certificate)));
	assert_true(X509_sign(impostor.certificate, ca.key, EVP_sha256()) > 0);
	for (guint i = 0; i < CERTIFICATE_SET_MAX + 2; i++) {
		const Pair *pair = pairs[i % G_N_ELEMENTS(pairs)];
		g_autofree char *text = g_strdup_printf("contenido %u", i);
		g_autoptr(GBytes) content = g_bytes_new_static(text, strlen(text));
		g_autoptr(GBytes) cms = sign_with(pair, &ca, content);
		g_autofree char *sha256 = cms_certificate_sha256(pair->certificate);
		g_autoptr(CmsSigner) signer = cms_verify_repeated(cms, content, NULL);
		g_autoptr(GError) error = NULL;

		assert_non_null(signer);
		assert_string_equal(signer->certificate_sha256, sha256);
		assert_null(cms_verify_repeated(cms, other, &error));
		assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED));
		if (i == 1)
			check_damage(cms, content);
	}
	free_pair(&impostor);
	free_pair(&renewed);
	free_pair(&leaf);
	free_pair(&ca);
}

/* More signers than are remembered, each twice. */
static void test_many_signers(void **state)
{
	Pair ca = make_pair(EVP_EC_gen("P-256"), "CA", NULL);
	g_autoptr(GBytes) content = g_bytes_new_static(CONTENT, strlen(CONTENT));

	(void)state;
	for (guint i = 0; i <= CERTIFICATE_SET_MAX; i++) {
		Pair leaf = make_pair(EVP_EC_gen("P-256"), "Una de muchas", &ca);
		g_autoptr(GBytes) cms = sign_with(&leaf, &ca, content);

		for (guint turn = 0; turn < 2; turn++) {
			g_autoptr(CmsSigner) signer = cms_verify_repeated(cms, content, NULL);

			assert_non_null(signer);
		}
		free_pair(&leaf);
	}
	free_pair(&ca);
}

/* What has no certificates, or is not cut as DER says, is left to the plain check. */
static void test_split(void **state)
{
	static const struct {
		const char *name, *bytes;
		gsize size;
	} cases[] = {
		{"empty", "", 0},
		{"no SEQUENCE", "\x02\x01\x01", 3},
		{"length not said",
			"\x30\x80\x06\x01\x2a\xa0\x80\x30\x80\x02\x01\x01\x02\x01\x01\x02\x01\x01"
			"\xa0\x00\x00\x00\x00\x00\x00\x00",
			26},
		{"more behind it",
			"\x30\x15\x06\x01\x2a\xa0\x10\x30\x0e\x02\x01\x01\x02\x01\x01\x02\x01\x01"
			"\xa0\x00\x02\x01\x01\x00",
			24},
		{"cut",
			"\x30\x15\x06\x01\x2a\xa0\x10\x30\x0e\x02\x01\x01\x02\x01\x01\x02\x01\x01"
			"\xa0\x00\x02\x01",
			22},
		{"none",
			"\x30\x13\x06\x01\x2a\xa0\x0e\x30\x0c\x02\x01\x01\x02\x01\x01\x02\x01\x01"
			"\x02\x01\x01",
			21},
		{"early",
			"\x30\x12\x06\x01\x2a\xa0\x0d\x30\x0b\x02\x01\x01\x02\x01\x01\xa0\x00\x02"
			"\x01\x01",
			20},
		{"late",
			"\x30\x15\x06\x01\x2a\xa0\x10\x30\x0e\x02\x01\x01\x02\x01\x01\x02\x01\x01"
			"\x02\x01\x01\xa0\x00",
			23},
		{"twice",
			"\x30\x17\x06\x01\x2a\xa0\x12\x30\x10\x02\x01\x01\x02\x01\x01\x02\x01\x01"
			"\xa0\x00\xa0\x00\x02\x01\x01",
			25},
		{"a SET",
			"\x30\x15\x06\x01\x2a\xa0\x10\x31\x0e\x02\x01\x01\x02\x01\x01\x02\x01\x01"
			"\xa0\x00\x02\x01\x01",
			23},
	};
	static const char whole[] = "\x30\x15\x06\x01\x2a\xa0\x10\x30\x0e\x02\x01\x01\x02\x01\x01"
				    "\x02\x01\x01\xa0\x00\x02\x01\x01";
	static const char bare[] = "\x30\x13\x06\x01\x2a\xa0\x0e\x30\x0c\x02\x01\x01\x02\x01\x01"
				   "\x02\x01\x01\x02\x01\x01";
	g_autoptr(GBytes) der = g_bytes_new_static(whole, sizeof whole - 1);
	g_autoptr(GBytes) set = NULL;
	g_autoptr(GBytes) rest = certificate_set_split(der, &set);
	gsize size;

	(void)state;
	assert_non_null(rest);
	assert_int_equal(g_bytes_get_size(set), 2);
	assert_memory_equal(g_bytes_get_data(rest, &size), bare, sizeof bare - 1);
	assert_int_equal(size, sizeof bare - 1);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GBytes) one = g_bytes_new_static(cases[i].bytes, cases[i].size);
		GBytes *found = NULL;

		if (certificate_set_split(one, &found) != NULL || found != NULL)
			fail_msg("%s", cases[i].name);
	}
}

static void test_wrong_key(void **state)
{
	Pair ca = make_pair(EVP_EC_gen("P-256"), "CA", NULL);
	EVP_PKEY *other = EVP_EC_gen("P-256");
	g_autoptr(GBytes) content = g_bytes_new_static("x", 1);
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_null(cms_sign_detached(other, ca.certificate, NULL, content, &error));
	assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_TOKEN_TROUBLE));
	EVP_PKEY_free(other);
	free_pair(&ca);
}

static void test_not_cms(void **state)
{
	static const char *const cases[] = {"", "x", "0\x80", "\x30\x03\x02\x01\x01"};
	g_autoptr(GBytes) content = g_bytes_new_static("x", 1);

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GBytes) cms = g_bytes_new_static(cases[i], strlen(cases[i]));
		g_autoptr(GError) error = NULL;

		assert_null(cms_verify_detached(cms, content, NULL, &error));
		assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED));
	}
}

static void test_digest(void **state)
{
	g_autofree char *empty = digest_sha256_hex("", 0);
	guint8 bytes[16] = {0};
	static const guint8 zero[16] = {0};

	(void)state;
	assert_string_equal(
		empty, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_true(hex_is_sha256(empty));
	empty[0] = 'E';
	assert_false(hex_is_sha256(empty));
	assert_false(hex_is_sha256("e3"));
	assert_false(hex_is_sha256(NULL));
	random_bytes(bytes, sizeof bytes);
	assert_memory_not_equal(bytes, zero, sizeof bytes);
}

/* What lib/core is given digests as GLib's does, however the bytes are cut, one after the other. */
static void test_sha256_of_core(void **state)
{
	guint8 bytes[200];

	(void)state;
	for (guint i = 0; i < sizeof bytes; i++)
		bytes[i] = (guint8)(i * 7);
	for (gsize size = 0; size <= sizeof bytes; size++) {
		const Sha256Part parts[] = {
			{bytes, size / 3}, {bytes, 0}, {bytes + size / 3, size - size / 3}};
		guint8 plain[SHA256_BYTES], served[SHA256_BYTES];

		sha256_of(parts, G_N_ELEMENTS(parts), plain);
		digest_serve_core();
		sha256_of(parts, G_N_ELEMENTS(parts), served);
		sha256_use(NULL);
		assert_memory_equal(served, plain, sizeof plain);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sha256_of_core),
		cmocka_unit_test(test_sign_and_verify),
		cmocka_unit_test(test_verify_repeated),
		cmocka_unit_test(test_many_signers),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_wrong_key),
		cmocka_unit_test(test_not_cms),
		cmocka_unit_test(test_digest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
