/* Signatures of PDFs: what pdfsig says, as texts; then the real one, with keys and PDFs made here,
 * and stand-ins that hang or say too much. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <glib/gstdio.h>
#include <string.h>

#include "inspect/pdf_signature.h"
#include "tests/unit/temporary.h"

#define MEMORY (512 * 1024 * 1024)
#define HEAD "Digital Signature Info of: documento.pdf\n"
#define ONE(cover, validation, certificate)                                                        \
	"Signature #1:\n  - Signer Certificate Common Name: Rosa Morales Aranda\n" cover           \
		validation certificate
#define WHOLE "  - Total document signed\n"
#define PARTLY "  - Not total document signed\n"
#define GOOD "  - Signature Validation: Signature is Valid.\n"
#define BAD "  - Signature Validation: Digest Mismatch.\n"
#define TRUSTED "  - Certificate Validation: Certificate is Trusted.\n"
#define UNKNOWN "  - Certificate Validation: Certificate issuer is unknown.\n"

static const char *const words[] = {
	[PDF_NOT_CHECKED] = "not checked",
	[PDF_UNSIGNED] = "unsigned",
	[PDF_VALID] = "valid",
	[PDF_BROKEN] = "broken",
	[PDF_UNTRUSTED] = "untrusted",
	[PDF_UNREADABLE] = "unreadable",
};

static void test_texts(void **state)
{
	static const struct {
		const char *name, *text;
		int status;
		PdfSignature signature;
	} cases[] = {
		{"valid", HEAD ONE(WHOLE, GOOD, TRUSTED), 0, PDF_VALID},
		{"two, the last covers all",
			HEAD ONE(PARTLY, GOOD, TRUSTED) ONE(WHOLE, GOOD, TRUSTED), 0, PDF_VALID},
		{"untrusted", HEAD ONE(WHOLE, GOOD, UNKNOWN), 0, PDF_UNTRUSTED},
		{"one of two untrusted", HEAD ONE(PARTLY, GOOD, UNKNOWN) ONE(WHOLE, GOOD, TRUSTED),
			0, PDF_UNTRUSTED},
		{"no word on the certificate", HEAD ONE(WHOLE, GOOD, ""), 0, PDF_UNTRUSTED},
		{"changed", HEAD ONE(WHOLE, BAD, ""), 0, PDF_BROKEN},
		{"added to", HEAD ONE(PARTLY, GOOD, TRUSTED), 0, PDF_BROKEN},
		{"not understood",
			HEAD ONE(WHOLE, "  - Signature Validation: Unknown Validation Failure.\n",
				""),
			0, PDF_UNREADABLE},
		{"a forged line in a name", HEAD ONE(WHOLE GOOD TRUSTED, BAD, ""), 0,
			PDF_UNREADABLE},
		{"a forged cover", HEAD ONE(WHOLE PARTLY, GOOD, TRUSTED), 0, PDF_UNREADABLE},
		{"unsigned", "File 'documento.pdf' does not contain any signatures\n", 2,
			PDF_UNSIGNED},
		{"another end", HEAD ONE(WHOLE, GOOD, TRUSTED), 1, PDF_UNREADABLE},
		{"killed", "", -1, PDF_UNREADABLE},
		{"nothing", "", 0, PDF_UNREADABLE},
		{"nothing and unsigned", "", 2, PDF_UNREADABLE},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *detail = NULL;
		PdfSignature signature =
			pdf_signature_read(cases[i].text, cases[i].status, &detail);

		assert_non_null(detail);
		if (signature != cases[i].signature)
			fail_msg("%s: %s", cases[i].name, words[signature]);
	}
}

/* One empty page. */
static char *make_pdf(void)
{
	static const char *const objects[] = {"<</Type/Catalog/Pages 2 0 R>>",
		"<</Type/Pages/Kids[3 0 R]/Count 1>>",
		"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>"};
	GString *pdf = g_string_new("%PDF-1.4\n");
	g_autoptr(GString) table = g_string_new("xref\n0 4\n0000000000 65535 f \n");
	gsize start;

	for (size_t i = 0; i < G_N_ELEMENTS(objects); i++) {
		g_string_append_printf(table, "%010zu 00000 n \n", pdf->len);
		g_string_append_printf(pdf, "%zu 0 obj\n%s\nendobj\n", i + 1, objects[i]);
	}
	start = pdf->len;
	g_string_append(pdf, table->str);
	g_string_append_printf(
		pdf, "trailer\n<</Size 4/Root 1 0 R>>\nstartxref\n%zu\n%%%%EOF\n", start);
	return g_string_free(pdf, FALSE);
}

static const char script[] =
	"set -e\n"
	"openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 9 -subj "
	"/CN=Raiz "
	"-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign\n"
	"openssl req -newkey rsa:2048 -nodes -keyout s.key -out s.csr -subj '/CN=Rosa Morales "
	"Aranda'\n"
	"printf 'basicConstraints=CA:FALSE\\nkeyUsage=critical,digitalSignature,nonRepudiation\\n"
	"extendedKeyUsage=emailProtection\\nsubjectAltName=email:rmoralesa@muni.test\\n' > ext\n"
	"openssl x509 -req -in s.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 9 -extfile ext "
	"-out s.pem\n"
	"openssl pkcs12 -export -inkey s.key -in s.pem -name signer -out s.p12 -passout pass:\n"
	"mkdir sign trust other\n"
	"for d in sign trust other; do certutil -N -d $d --empty-password; done\n"
	"pk12util -i s.p12 -d sign -W ''\n"
	"for d in sign trust; do certutil -A -d $d -n ca -t CT,C,C -i ca.pem; done\n"
	"pdfsig -nssdir sign -add-signature -nick signer plain.pdf signed.pdf\n"
	"{ cat signed.pdf; echo '% more'; } > added.pdf\n"
	"sed 's/200 200/200 201/' signed.pdf > changed.pdf\n"
	"echo junk > junk.pdf\n";

static void make_files(const char *folder)
{
	g_autofree char *pdf = make_pdf();
	g_autofree char *path = g_build_filename(folder, "plain.pdf", NULL);
	g_autofree char *said = NULL, *complained = NULL;
	g_autoptr(GError) error = NULL;
	char *arguments[] = {"/bin/sh", "-c", (char *)script, NULL};
	int status;

	assert_true(g_file_set_contents(path, pdf, -1, NULL));
	assert_true(g_spawn_sync(
		folder, arguments, NULL, 0, NULL, NULL, &said, &complained, &status, &error));
	if (!g_spawn_check_wait_status(status, &error))
		fail_msg("%s: %s", error->message, complained);
}

static void assert_look(
	const char *folder, const char *trust, const char *name, PdfSignature expected)
{
	g_autofree char *trust_folder = g_build_filename(folder, trust, NULL);
	g_autofree char *path = g_build_filename(folder, name, NULL);
	g_autofree char *bytes = NULL, *detail = NULL;
	PdfChecker *checker = pdf_checker_new("/usr/bin/pdfsig", trust_folder, MEMORY, 60000, 2);
	PdfSignature signature;
	gsize size;

	assert_true(g_file_get_contents(path, &bytes, &size, NULL));
	signature = pdf_checker_look(checker, bytes, size, pdf_checker_deadline(checker), &detail);
	if (signature != expected)
		fail_msg("%s with %s: %s, %s", name, trust, words[signature], detail);
	if (signature == PDF_VALID)
		assert_string_equal(detail, "Rosa Morales Aranda");
	pdf_checker_free(checker);
}

static void test_real(void **state)
{
	g_autofree char *folder = temporary_folder();

	(void)state;
	make_files(folder);
	assert_look(folder, "trust", "plain.pdf", PDF_UNSIGNED);
	assert_look(folder, "trust", "signed.pdf", PDF_VALID);
	assert_look(folder, "other", "signed.pdf", PDF_UNTRUSTED);
	assert_look(folder, "nowhere", "signed.pdf", PDF_UNREADABLE);
	assert_look(folder, "trust", "added.pdf", PDF_BROKEN);
	assert_look(folder, "trust", "changed.pdf", PDF_BROKEN);
	assert_look(folder, "trust", "junk.pdf", PDF_UNREADABLE);
	temporary_remove(folder);
}

/* A pdfsig that hangs, floods, or is not there costs at most the limit. */
static void test_faults(void **state)
{
	static const char *const programs[] = {"#!/bin/sh\nexec sleep 1000\n",
		"#!/bin/sh\nexec >&-\nexec sleep 1000\n", "#!/bin/sh\nexec yes\n",
		"#!/bin/sh\nkill -9 $$\n", NULL};
	g_autofree char *folder = temporary_folder();
	g_autofree char *path = g_build_filename(folder, "pdfsig", NULL);

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(programs); i++) {
		PdfChecker *checker = pdf_checker_new(path, folder, MEMORY, 300, 1);
		gint64 start = g_get_monotonic_time();
		g_autofree char *detail = NULL;

		g_unlink(path);
		if (programs[i] != NULL) {
			assert_true(g_file_set_contents(path, programs[i], -1, NULL));
			assert_int_equal(g_chmod(path, 0755), 0);
		}
		assert_int_equal(pdf_checker_look(checker, "%PDF-", 5,
					 pdf_checker_deadline(checker), &detail),
			PDF_UNREADABLE);
		assert_non_null(detail);
		assert_true(g_get_monotonic_time() - start < 20 * G_USEC_PER_SEC);
		pdf_checker_free(checker);
	}
	temporary_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_real),
		cmocka_unit_test(test_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
