/* ledger_check: who signed a head, and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "cms/cms.h"
#include "provision/ctl/ledger_check.h"
#include "tests/unit/temporary.h"

static X509 *make_certificate(EVP_PKEY *key)
{
	X509 *certificate = X509_new();
	X509_NAME *subject = X509_get_subject_name(certificate);

	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	ASN1_TIME_set_string(X509_getm_notBefore(certificate), "20190101000000Z");
	ASN1_TIME_set_string(X509_getm_notAfter(certificate), "20210101000000Z");
	X509_set_pubkey(certificate, key);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const guchar *)"Sello", -1, -1, 0);
	X509_NAME_add_entry_by_NID(subject, NID_pkcs9_emailAddress, MBSTRING_ASC,
		(const guchar *)"sello@muni.test", -1, -1, 0);
	X509_set_issuer_name(certificate, subject);
	X509_sign(certificate, key, EVP_sha256());
	return certificate;
}

/* A head outlives the certificate that signed it, which was good then, and says whose it is. */
static void test_years_later(void **state)
{
	static const struct {
		const char *name, *origin, *time;
		gboolean good;
	} heads[] = {{"within its time", "muni.test", "2020-06-01T12:00:00Z", TRUE},
		{"before it", "muni.test", "2018-06-01T12:00:00Z", FALSE},
		{"after it", "muni.test", "2021-06-01T12:00:00Z", FALSE},
		{"of another institution", "otra.test", "2020-06-01T12:00:00Z", FALSE},
		{"without a time", "muni.test", "hoy", FALSE}};
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = make_certificate(key);
	g_autofree char *folder = temporary_folder(),
			*trust = g_build_filename(folder, "trust.pem", NULL);
	FILE *file = g_fopen(trust, "w");

	(void)state;
	PEM_write_X509(file, certificate);
	fclose(file);
	for (gsize i = 0; i < G_N_ELEMENTS(heads); i++) {
		g_autoptr(LedgerCheck) check = ledger_check_new(trust);
		g_autofree char *text =
			g_strdup_printf("{\"v\":1,\"origin\":\"%s\",\"size\":4,\"root\":\"%064d\","
					"\"time\":\"%s\"}",
				heads[i].origin, 0, heads[i].time);
		g_autoptr(GBytes) content = g_bytes_new(text, strlen(text));
		g_autoptr(GBytes) cms = cms_sign_detached(key, certificate, NULL, content, NULL);
		g_autoptr(GError) error = NULL;

		if (ledger_check_add_head(check, text, cms, "witness", &error) != heads[i].good)
			fail_msg("%s: %s", heads[i].name, error != NULL ? error->message : "good");
	}
	X509_free(certificate);
	EVP_PKEY_free(key);
	temporary_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_years_later)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
