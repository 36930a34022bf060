/*
 * Which certificate acuse-signer signs with, and what travels with the signature (S3): an issuer
 * between from the token or from the trust folder; nothing with a certificate that is over, of
 * another address, or weak, whatever provisiond thinks of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/error.h"
#include "signer_fixture.h"

#define SIGNED (-1)

static Fixture *fixture;

/* In the fixture's folder: a certificate NAME of token oficina's key, issued by $1; which one the
 * token has; an issuer between on the token. */
static const char helpers[] =
	"cd \"$1\"; export SOFTHSM2_CONF=$1/softhsm2.conf\n"
	"p11() { pkcs11-tool --module /usr/lib/softhsm/libsofthsm2.so --token-label oficina "
	"--login --pin 246810 --type cert \"$@\"; }\n"
	"cert() {\n" /* ISSUER NAME KEY DIGEST DAYS EXTENSIONS */
	"  openssl req -new -key $3 -subj \"/CN=Prueba $2\" -out $2.csr\n"
	"  printf \"$6\" >$2.ext\n"
	"  openssl x509 -req -in $2.csr -CA $1.pem -CAkey $1.key -CAcreateserial -days $5 -$4 "
	"-extfile $2.ext -out $2.pem\n"
	"  openssl x509 -in $2.pem -outform DER -out $2.der\n"
	"}\n"
	"put() { p11 --id 01 --delete-object || :; p11 --id 01 --label $1 --write-object $1.der; "
	"}\n"
	"MAIL='keyUsage=digitalSignature\\nextendedKeyUsage=emailProtection\\n'\n"
	"SAN='subjectAltName=email:" FIXTURE_OFFICE "\\n'\n";

static const char certificates[] =
	"mkdir trust; cp ca.pem trust\n"
	"openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out sub.key\n"
	"cert ca sub sub.key sha256 9 "
	"'basicConstraints=critical,CA:TRUE\\nkeyUsage=keyCertSign\\n'\n"
	"cert sub deep oficina.key sha256 9 \"$MAIL$SAN\"\n"
	"cert ca over oficina.key sha256 -1 \"$MAIL$SAN\"\n"
	"cert ca other oficina.key sha256 9 \"${MAIL}subjectAltName=email:a@muni.test\\n\"\n"
	"cert ca sha1 oficina.key sha1 9 \"$MAIL$SAN\"\n";

static const struct {
	const char *name, *script, *setting;
	int code;	   /* SIGNED, or the error */
	gboolean verifies; /* by the root alone */
} cases[] = {
	{"the issuer between is in the folder", "put deep; cp sub.pem trust\n", "", SIGNED, TRUE},
	{"it is on the token", "rm trust/sub.pem; p11 --id 02 --label sub --write-object sub.der\n",
		"", SIGNED, TRUE},
	/* provisiond does not activate such a token. */
	{"it is nowhere", "p11 --id 02 --delete-object\n", "", SIGNED, FALSE},
	{"over", "put over\n", "", ACUSE_ERROR_CERTIFICATE, FALSE},
	{"of another address", "put other\n", "", ACUSE_ERROR_CERTIFICATE, FALSE},
	{"of another address, which is only told", "", "certificate_address=warn\n", SIGNED, TRUE},
	{"issued with SHA-1", "put sha1\n", "", ACUSE_ERROR_CERTIFICATE, FALSE},
};

static void run(const char *script)
{
	g_autofree char *all = g_strconcat(helpers, script, NULL);
	const char *argv[] = {"sh", "-ec", all, "sh", fixture->folder, NULL};
	g_autofree char *out = NULL;
	g_autofree char *err = NULL;
	int status = -1;

	assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out,
		&err, &status, NULL));
	if (status != 0)
		fail_msg("%s: %s%s", script, out, err);
}

static void unlocked_with(const char *setting)
{
	static const char *const bound[] = {"oficina " FIXTURE_OFFICE " active", NULL};
	g_autofree char *lines = g_strdup_printf("trust=%s/trust\n%s", fixture->folder, setting);
	g_autoptr(GError) error = NULL;

	if (fixture->daemon != 0)
		assert_int_equal(fixture_stop(fixture), 0);
	fixture_configure(fixture, lines);
	fixture_start(fixture);
	if (!fixture_bind(fixture, ++fixture->version, bound, &error) ||
		!fixture_unlock(fixture, "oficina", FIXTURE_PIN, &error))
		fail_msg("%s", error->message);
}

static void test_certificates(void **state)
{
	g_autofree char *entity = fixture_entity(FIXTURE_OFFICE);

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *permit = fixture_permit(fixture, FIXTURE_OFFICE, entity);
		g_autoptr(GError) error = NULL;
		g_autoptr(GVariant) answer = NULL;

		print_message("%s\n", cases[i].name);
		run(cases[i].script);
		unlocked_with(cases[i].setting);
		answer = fixture_sign(fixture, permit, entity, &error);
		assert_int_equal(answer != NULL ? SIGNED : error->code, cases[i].code);
		if (answer != NULL)
			assert_int_equal(fixture_openssl_verifies(fixture, answer, entity),
				cases[i].verifies);
	}
}

static int set_up(void **state)
{
	*state = fixture = fixture_new();
	run(certificates);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_certificates)};

	return cmocka_run_group_tests(tests, set_up, fixture_tear_down);
}
