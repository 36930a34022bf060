/*
 * A token with several certificates, as citizens' and officials' tokens are: one to sign, one to
 * log in, one to decrypt, or one for each mailbox. What provisiond judges is what the signer signs
 * with.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/error.h"
#include "cms/digest.h"
#include "provision/outbox.h"
#include "signer_fixture.h"
#include "tests/unit/route.h"

#define USE "keyUsage=digitalSignature,nonRepudiation\\n"
#define MAIL "extendedKeyUsage=emailProtection\\n"
#define OFFICE "subjectAltName=email:" FIXTURE_OFFICE "\\n"
#define DESK "subjectAltName=email:" FIXTURE_DESK "\\n"
#define PAPER "{\"document\":\"D-1\"}"

static Fixture *fixture;
static Service service;
static Settings *settings;
static gint64 days_later;

/* $2: bits of the key; $3: extensions of the second certificate. The first is signer_fixture.c's.
 */
static const char put_second[] =
	"cd \"$1\"; export SOFTHSM2_CONF=$1/softhsm2.conf\n"
	"P11=\"pkcs11-tool --module /usr/lib/softhsm/libsofthsm2.so --token-label oficina --login "
	"--pin 246810 --id 02\"\n"
	"for type in cert privkey pubkey; do $P11 --type $type --delete-object || :; done\n"
	"openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:$2 -out second.key\n"
	"openssl req -new -key second.key -subj /CN=Segundo -out second.csr\n"
	"printf \"$3\" >second.ext\n"
	"openssl x509 -req -in second.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 400 "
	"-extfile second.ext -outform DER -out second.der\n"
	"softhsm2-util --import second.key --token oficina --label segundo --id 02 --pin 246810\n"
	"$P11 --type cert --label segundo --write-object second.der\n";

static void put(const char *bits, const char *extensions)
{
	const char *argv[] = {
		"sh", "-ec", put_second, "sh", fixture->folder, bits, extensions, NULL};
	g_autofree char *out = NULL, *err = NULL;
	int status = -1;

	assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out,
		&err, &status, NULL));
	if (status != 0)
		fail_msg("%s%s", out, err);
}

static int step(const char *verb, const char *body_text)
{
	g_autofree char *path =
		g_strconcat("/v1/tokens", *verb != '\0' ? "/{label}/" : "", verb, NULL);
	json_t *body = json_loads(body_text, 0, NULL);
	g_autoptr(GError) error = NULL;
	ApiResponse response;
	gboolean ok = route_call(&service, routes_tokens, "POST", path,
		*verb != '\0' ? "oficina" : NULL, NULL, body, &response, &error);

	if (ok)
		json_decref(response.json);
	else
		print_message("%s: %s\n", verb, error->message);
	return ok ? -1 : error->code;
}

static void enrol(const char *mailboxes)
{
	g_autofree char *request =
		g_strdup_printf("{\"label\":\"oficina\",\"mailboxes\":[%s],\"unit\":\"U\","
				"\"reasons\":\"R\",\"document\":\"D\"}",
			mailboxes);

	assert_int_equal(step("", request), -1);
	assert_int_equal(step("evaluate", PAPER), -1);
	assert_int_equal(step("authorise", PAPER), -1);
	assert_int_equal(step("enrol", PAPER), -1);
	assert_true(fixture_unlock(fixture, "oficina", FIXTURE_PIN, NULL));
}

static void assert_signs_with(const char *name, const char *mailbox, const char *file)
{
	g_autofree char *path = g_build_filename(fixture->folder, file, NULL);
	g_autofree char *entity = fixture_entity(mailbox);
	g_autofree char *permit = fixture_permit(fixture, mailbox, entity);
	g_autofree char *der = NULL, *sha256 = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = fixture_sign(fixture, permit, entity, &error);
	const char *used = "";
	gsize size;

	if (answer == NULL)
		fail_msg("%s: %s", name, error->message);
	assert_true(g_file_get_contents(path, &der, &size, NULL));
	sha256 = digest_sha256_hex(der, size);
	g_variant_lookup(answer, "certificate_sha256", "&s", &used);
	if (strcmp(used, sha256) != 0)
		fail_msg("%s: %s is not signed with %s", name, mailbox, file);
	assert_true(fixture_openssl_verifies(fixture, answer, entity));
}

/* The second one is valid longer than the first, which is made to sign mail. */
static const struct {
	const char *name, *bits, *extensions, *mailboxes;
	int activates;
	const char *office, *desk; /* what each is signed with; NULL: it has no mailbox there */
} cases[] = {
	{"one to decrypt", "2048", "keyUsage=keyEncipherment\\n" MAIL OFFICE,
		"\"" FIXTURE_OFFICE "\"", -1, "oficina.der", NULL},
	{"one to log in", "2048", USE "extendedKeyUsage=clientAuth\\n" OFFICE,
		"\"" FIXTURE_OFFICE "\"", -1, "oficina.der", NULL},
	{"a weak one", "1024", USE MAIL OFFICE, "\"" FIXTURE_OFFICE "\"", -1, "oficina.der", NULL},
	{"its successor", "2048", USE MAIL OFFICE, "\"" FIXTURE_OFFICE "\"", -1, "second.der",
		NULL},
	{"one for each mailbox", "2048", USE MAIL DESK,
		"\"" FIXTURE_OFFICE "\",\"" FIXTURE_DESK "\"", -1, "oficina.der", "second.der"},
	{"one mailbox without a fit one", "2048", "keyUsage=keyEncipherment\\n" MAIL DESK,
		"\"" FIXTURE_OFFICE "\",\"" FIXTURE_DESK "\"", ACUSE_ERROR_CERTIFICATE, NULL, NULL},
};

static void test_choice(void **state)
{
	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		print_message("%s\n", cases[i].name);
		put(cases[i].bits, cases[i].extensions);
		enrol(cases[i].mailboxes);
		assert_int_equal(step("activate", PAPER), cases[i].activates);
		if (cases[i].office != NULL)
			assert_signs_with(cases[i].name, FIXTURE_OFFICE, cases[i].office);
		if (cases[i].desk != NULL)
			assert_signs_with(cases[i].name, FIXTURE_DESK, cases[i].desk);
		assert_int_equal(step("return", PAPER), -1);
	}
}

/* What was given back is the signer's for a month. */
static void test_what_ended(void **state)
{
	static const struct {
		gint64 days;
		const char *known;
	} months[] = {{29, "'returned'"}, {31, "absent"}};
	json_auto_t *body = json_object();

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(months); i++) {
		g_autofree char *known = NULL;

		days_later = months[i].days;
		assert_true(outbox_kinds_tokens[0].carry_out(&service, body, NULL));
		known = fixture_status(fixture, "oficina", "state");
		assert_string_equal(known, months[i].known);
	}
	days_later = 0;
}

static const OutboxKind *const kinds[] = {outbox_kinds_tokens, NULL};

static gint64 clock_s(void)
{
	return g_get_real_time() / G_USEC_PER_SEC + days_later * 86400;
}

static int set_up(void **state)
{
	g_autofree char *folder = NULL, *path = NULL;

	(void)state;
	fixture = fixture_new();
	fixture_configure(fixture, "revocation=off\n");
	path = g_build_filename(fixture->folder, "acuse.conf", NULL);
	service.settings = settings = settings_load(path, NULL);
	assert_non_null(settings);
	folder = g_build_filename(fixture->folder, "ledger", NULL);
	assert_int_equal(g_mkdir_with_parents(folder, 0700), 0);
	service.now_s = clock_s;
	service.store = store_open(folder, NULL);
	assert_non_null(service.store);
	fixture_start(fixture);
	service.outbox = outbox_start_with(&service, kinds, NULL);
	assert_non_null(service.outbox);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	outbox_stop(service.outbox);
	store_close(service.store);
	settings_free(settings);
	fixture_free(fixture);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_what_ended),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
