/* Signatures of PDFs: what pdfsig says, as texts; then the real one, with keys and PDFs made here,
 * and stand-ins that hang or say too much. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <glib/gstdio.h>
#include <string.h>

#include "cms/cms.h"
#include "inspect/pdf_signature.h"
#include "inspect/pdf_signed.h"
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

static void test_times(void **state)
{
#define AT(time) ONE(WHOLE "  - Signing Time: " time "\n", GOOD, TRUSTED)
	static const struct {
		const char *name, *text;
		gint64 time_s;
	} cases[] = {
		{"one", HEAD AT("Nov 20 2026 20:53:56"), 1795208036},
		{"the last of two", HEAD AT("Nov 20 2026 20:53:56") AT("Nov 19 2026 20:53:56"),
			1795208036},
		{"one of two does not say",
			HEAD AT("Nov 20 2026 20:53:56") ONE(WHOLE, GOOD, TRUSTED), 0},
		{"two of one, the other in its name",
			HEAD AT("Nov 20 2026 20:53:56\n  - Signing Time: Nov 21 2026 20:53:56"), 0},
		{"none", HEAD ONE(WHOLE, GOOD, TRUSTED), 0},
		{"no such day", HEAD AT("Nov 31 2026 20:53:56"), 0},
		{"no such month", HEAD AT("ovD 20 2026 20:53:56"), 0},
		{"another form", HEAD AT("2026-11-20 20:53:56"), 0},
		{"more behind it", HEAD AT("Nov 20 2026 20:53:56 x"), 0},
		{"before all time", HEAD AT("Jan 01 1970 00:00:00"), 0},
		{"nothing", "", 0},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		gint64 time_s = pdf_signature_time_s(cases[i].text);

		if (time_s != cases[i].time_s)
			fail_msg("%s: %" G_GINT64_FORMAT, cases[i].name, time_s);
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

/* Zeros behind a CMS are dropped; what else is there makes it none. */
static void assert_padding(GBytes *cms)
{
	gsize size = g_bytes_get_size(cms);
	g_autofree guint8 *longer = g_malloc0(size + 9);
	g_autoptr(GBytes) zeros = NULL, other = NULL, bare = NULL;

	memcpy(longer, g_bytes_get_data(cms, NULL), size);
	zeros = g_bytes_new(longer, size + 9);
	bare = cms_without_padding(zeros);
	assert_true(bare != NULL && g_bytes_equal(bare, cms));
	longer[size + 8] = 1;
	other = g_bytes_new(longer, size + 9);
	assert_null(cms_without_padding(other));
}

/* Who signed is in the CMS that the ranges leave out, whatever NSS database there is. */
static void test_signer(void **state)
{
	g_autofree char *folder = temporary_folder();
	g_autofree char *trust = g_build_filename(folder, "ca.pem", NULL);
	g_autofree char *path = g_build_filename(folder, "signed.pdf", NULL);
	g_autofree char *bytes = NULL, *detail = NULL, *said = NULL;
	PdfChecker *checker = pdf_checker_new("/usr/bin/pdfsig", NULL, MEMORY, 60000, 2);
	g_autoptr(GBytes) pdf = NULL, padded = NULL, content = NULL, cms = NULL;
	g_autoptr(CmsSigner) signer = NULL;
	g_autoptr(GError) error = NULL;
	gsize size;

	(void)state;
	make_files(folder);
	assert_true(g_file_get_contents(path, &bytes, &size, NULL));
	assert_int_equal(pdf_checker_look_said(checker, bytes, size, pdf_checker_deadline(checker),
				 &detail, &said),
		PDF_UNTRUSTED);
	pdf = g_bytes_new(bytes, size);
	if (!pdf_signed_split(pdf, said, &padded, &content, &error))
		fail_msg("%s", error->message);
	cms = cms_without_padding(padded);
	assert_non_null(cms);
	assert_padding(cms);
	signer = cms_verify_detached(cms, content, trust, &error);
	if (signer == NULL)
		fail_msg("%s", error->message);
	assert_string_equal(signer->signer_email, "rmoralesa@muni.test");
	pdf_checker_free(checker);
	temporary_remove(folder);
}

#define SAID(ranges) "Signature #1:\n  - Signed Ranges: " ranges "\n" WHOLE

static void test_ranges(void **state)
{
	static const struct {
		const char *name, *said, *pdf;
		gboolean split;
	} cases[] = {
		{"all but the digits", SAID("[0 - 4], [12 - 16]"), "%PDF<300105>tail", TRUE},
		{"zeros behind", SAID("[0 - 4], [16 - 20]"), "%PDF<3001050000>tail", TRUE},
		{"the last of two",
			"Signature #1:\n  - Signed Ranges: [0 - 1], [2 - 3]\n" PARTLY SAID(
				"[0 - 4], [12 - 16]"),
			"%PDF<300105>tail", TRUE},
		{"not from the start", SAID("[1 - 4], [12 - 16]"), "%PDF<300105>tail", FALSE},
		{"not to the end", SAID("[0 - 4], [12 - 15]"), "%PDF<300105>tail", FALSE},
		{"behind the end", SAID("[0 - 4], [12 - 17]"), "%PDF<300105>tail", FALSE},
		{"more than the digits left out", SAID("[0 - 3], [12 - 16]"), "%PDF<300105>tail",
			FALSE},
		{"no digits", SAID("[0 - 4], [12 - 16]"), "%PDF<30010x>tail", FALSE},
		{"an odd digit", SAID("[0 - 4], [13 - 17]"), "%PDF<3001050>tail", FALSE},
		{"crossed", SAID("[0 - 12], [4 - 16]"), "%PDF<300105>tail", FALSE},
		{"huge", SAID("[0 - 18446744073709551615], [12 - 16]"), "%PDF<300105>tail", FALSE},
		{"a forged line",
			"Signature #1:\n  - Signed Ranges: [0 - 1], [2 - 3]\n"
			"  - Signed Ranges: [0 - 4], [12 - 16]\n" WHOLE,
			"%PDF<300105>tail", FALSE},
		{"of a part alone", "Signature #1:\n  - Signed Ranges: [0 - 4], [12 - 16]\n" PARTLY,
			"%PDF<300105>tail", FALSE},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GBytes) pdf = g_bytes_new(cases[i].pdf, strlen(cases[i].pdf));
		g_autoptr(GBytes) cms = NULL, content = NULL;
		gboolean split = pdf_signed_split(pdf, cases[i].said, &cms, &content, NULL);

		if (split != cases[i].split)
			fail_msg("%s: %d", cases[i].name, split);
		if (split && g_bytes_get_size(content) != 8)
			fail_msg("%s: %zu bytes", cases[i].name, g_bytes_get_size(content));
	}
}

/* A CMS at the limit, and one byte over it. */
static void test_largest(void **state)
{
	(void)state;
	for (gsize over = 0; over <= 1; over++) {
		gsize bytes = PDF_SIGNED_CMS_BYTES_MAX + over;
		g_autofree char *zeros = g_strnfill(2 * bytes - 6, '0');
		g_autofree char *text = g_strdup_printf("%%PDF<300105%s>", zeros);
		gsize size = strlen(text);
		g_autofree char *said =
			g_strdup_printf("Signature #1:\n  - Signed Ranges: [0 - 4], "
					"[%zu - %zu]\n" WHOLE,
				size, size + 4);
		g_autofree char *whole = g_strconcat(text, "tail", NULL);
		g_autoptr(GBytes) pdf = g_bytes_new(whole, size + 4);
		g_autoptr(GBytes) cms = NULL, content = NULL;

		assert_int_equal(pdf_signed_split(pdf, said, &cms, &content, NULL), over == 0);
	}
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
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_real),
		cmocka_unit_test(test_signer),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_largest),
		cmocka_unit_test(test_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
