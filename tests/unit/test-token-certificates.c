/*
 * Certificates of tokens: lib/cms against what openssl(1) makes, then provisiond and a real signer
 * with a responder (openssl ocsp) and a list behind a web server, on loopback: activation, the
 * daily check, warnings before the end, revocation that stops signing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/error.h"
#include "cms/certificate.h"
#include "provision/outbox.h"
#include "provision/token_check.h"
#include "provision/token_reminders.h"
#include "loopback.h"
#include "signer_fixture.h"
#include "tests/unit/route.h"

#define DAY_S 86400

static Fixture *fixture;
static Service service;
static Settings *settings;
static gint64 days_later;
static guint notices_of_expiry, notices_of_certificates;
static GMutex lock;
static guint ocsp_port, web_port;
static GPid responder, web;

/* In the fixture's folder. $2: key algorithm and option, or the token's own key; $3: extensions. */
static const char helpers[] =
	"cd \"$1\"; export SOFTHSM2_CONF=$1/softhsm2.conf\n"
	"P11=\"pkcs11-tool --module /usr/lib/softhsm/libsofthsm2.so --token-label oficina --login "
	"--pin 246810 --type cert --id 01\"\n"
	"cert() {\n" /* NAME KEY DIGEST DAYS EXTENSIONS */
	"  openssl req -new -key $2 -subj \"/CN=Prueba $1\" -out $1.csr\n"
	"  printf \"$5\" >$1.ext\n"
	"  openssl x509 -req -in $1.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days $4 -$3 "
	"-extfile $1.ext -out $1.pem\n"
	"  openssl x509 -in $1.pem -outform DER -out $1.der\n"
	"}\n"
	"USE='keyUsage=digitalSignature,nonRepudiation\\n'\n"
	"MAIL='extendedKeyUsage=emailProtection\\n'\n"
	"SAN='subjectAltName=email:Secretaria.General@muni.test\\n'\n"
	"put() { $P11 --delete-object || :; $P11 --label oficina --write-object $1.der; }\n"
	"list() {\n" /* the list of revoked ones, from index.txt */
	"  printf '[ca]\\ndefault_ca=a\\n[a]\\ndatabase=index.txt\\ndefault_md=sha256\\n"
	"default_crl_days=7\\n' >ca.conf\n"
	"  openssl ca -gencrl -config ca.conf -cert ca.pem -keyfile ca.key -out list.pem\n"
	"  openssl crl -in list.pem -outform DER -out www/list.crl\n"
	"}\n"
	"serial() { openssl x509 -in $1.pem -noout -serial | cut -d= -f2; }\n";

static void run(const char *script)
{
	g_autofree char *all = g_strconcat(helpers, script, NULL);
	g_autofree char *ocsp = g_strdup_printf("%u", ocsp_port);
	g_autofree char *http = g_strdup_printf("%u", web_port);
	const char *argv[] = {"sh", "-ec", all, "sh", fixture->folder, ocsp, http, NULL};
	g_autofree char *out = NULL;
	g_autofree char *err = NULL;
	int status = -1;

	assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out,
		&err, &status, NULL));
	if (status != 0)
		fail_msg("%s: %s%s", script, out, err);
}

static GBytes *read_der(const char *name)
{
	g_autofree char *path = g_build_filename(fixture->folder, name, NULL);
	gsize size;
	char *data;

	assert_true(g_file_get_contents(path, &data, &size, NULL));
	return g_bytes_new_take(data, size);
}

static gint64 clock_s(void)
{
	return g_get_real_time() / G_USEC_PER_SEC + days_later * DAY_S;
}

static gboolean count_notice(Service *unused, const json_t *body, GError **error)
{
	const char *kind = json_string_value(json_object_get(body, "kind"));

	(void)unused;
	(void)error;
	g_mutex_lock(&lock);
	notices_of_expiry += strcmp(kind, "token-expiry") == 0;
	notices_of_certificates += strcmp(kind, "token-certificate") == 0;
	g_mutex_unlock(&lock);
	return TRUE;
}

static void await_notices(const guint *counter, guint wanted)
{
	guint count = 0;

	for (int i = 0; i < 200; i++) {
		g_mutex_lock(&lock);
		count = *counter;
		g_mutex_unlock(&lock);
		if (count == wanted)
			return;
		g_usleep(25000);
	}
	assert_int_equal(count, wanted);
}

static const OutboxKind notice_kinds[] = {{"notice", count_notice, OUTBOX_ORDERED}, {NULL}};
static const OutboxKind *const kinds[] = {outbox_kinds_tokens, notice_kinds, NULL};

static void start_responder(void)
{
	g_autofree char *command = g_strdup_printf(
		"openssl ocsp -index index.txt -port %u -rsigner ca.pem -rkey ca.key "
		"-CA ca.pem -ndays 1",
		ocsp_port);

	responder = loopback_serve(fixture->folder, command, ocsp_port);
}

static void start_web(void)
{
	g_autofree char *command = g_strdup_printf(
		"python3 -m http.server %u --bind 127.0.0.1 --directory www", web_port);

	web = loopback_serve(fixture->folder, command, web_port);
}

static void configure(const char *lines)
{
	g_autofree char *path = g_build_filename(fixture->folder, "acuse.conf", NULL);
	g_autofree char *all =
		g_strdup_printf("trust=%s/trust\nrevocation_timeout_ms=2000\n%s[notices]\n"
				"otic=otic@muni.test\n",
			fixture->folder, lines);

	fixture_configure(fixture, all);
	settings_free(settings);
	settings = settings_load(path, NULL);
	assert_non_null(settings);
	service.settings = settings;
}

static int set_up(void **state)
{
	g_autofree char *folder = NULL;

	(void)state;
	fixture = fixture_new();
	ocsp_port = loopback_free_port();
	web_port = loopback_free_port();
	run("mkdir www trust; cp ca.pem trust; : >index.txt; list\n"
	    "REVOKE=\"authorityInfoAccess=OCSP;URI:http://127.0.0.1:$2/\\n"
	    "crlDistributionPoints=URI:http://127.0.0.1:$3/list.crl\\n\"\n"
	    "cert fit oficina.key sha256 400 \"$USE$MAIL$SAN$REVOKE\"\n"
	    "cert listed oficina.key sha256 400 \"$USE$MAIL${SAN}"
	    "crlDistributionPoints=URI:http://127.0.0.1:$3/list.crl\\n\"\n"
	    "cert silent oficina.key sha256 400 \"$USE$MAIL$SAN\"\n"
	    "cert other oficina.key sha256 400 "
	    "\"$USE$MAIL${REVOKE}subjectAltName=email:a@muni.test\\n\"\n"
	    "cert cipher oficina.key sha256 400 \"$MAIL$SAN${REVOKE}keyUsage=keyEncipherment\\n\"\n"
	    "cert server oficina.key sha256 400 "
	    "\"$USE$SAN${REVOKE}extendedKeyUsage=serverAuth\\n\"\n"
	    "cert sha1 oficina.key sha1 400 \"$USE$MAIL$SAN$REVOKE\"\n"
	    "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out small.key\n"
	    "openssl genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -out pss.key\n"
	    "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521 -out p521.key\n"
	    "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out p384.key\n"
	    "openssl genpkey -algorithm ED25519 -out ed.key\n"
	    "for one in small pss p521 p384 ed; do cert $one $one.key sha256 9 \"$USE$MAIL$SAN\"; "
	    "done\n"
	    "openssl req -x509 -newkey rsa:2048 -nodes -keyout stranger.key -out stranger.pem "
	    "-days 9 -subj '/CN=Otra CA'\n"
	    "printf 'V\\t351231235959Z\\t\\t%s\\tunknown\\t/CN=Prueba fit\\n' $(serial fit) "
	    ">>index.txt\n");
	start_responder();
	start_web();
	configure("");
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
	loopback_end(&responder);
	loopback_end(&web);
	outbox_stop(service.outbox);
	store_close(service.store);
	settings_free(settings);
	fixture_free(fixture);
	return 0;
}

static const struct {
	const char *file, *weakness; /* a word of it; NULL: none */
	gboolean may_sign, is_for_mail, has_address;
} read_cases[] = {
	{"fit.der", NULL, TRUE, TRUE, TRUE},
	{"p384.der", NULL, TRUE, TRUE, TRUE},
	{"small.der", "2048", TRUE, TRUE, TRUE},
	{"pss.der", "RSA-PSS", TRUE, TRUE, TRUE},
	{"p521.der", "P-256", TRUE, TRUE, TRUE},
	{"ed.der", "neither", TRUE, TRUE, TRUE},
	{"sha1.der", "SHA-256", TRUE, TRUE, TRUE},
	{"other.der", NULL, TRUE, TRUE, FALSE},
	{"cipher.der", NULL, FALSE, TRUE, TRUE},
	{"server.der", NULL, TRUE, FALSE, TRUE},
};

static void test_read(void **state)
{
	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(read_cases); i++) {
		g_autoptr(GBytes) der = read_der(read_cases[i].file);
		g_autoptr(CertificateFacts) facts = certificate_read(der, NULL);
		const char *weakness = read_cases[i].weakness;

		print_message("%s\n", read_cases[i].file);
		assert_non_null(facts);
		assert_int_equal(facts->weakness != NULL, weakness != NULL);
		if (weakness != NULL)
			assert_non_null(strstr(facts->weakness, weakness));
		assert_int_equal(facts->may_sign, read_cases[i].may_sign);
		assert_int_equal(facts->is_for_mail, read_cases[i].is_for_mail);
		assert_int_equal(
			g_strv_contains((const char *const *)facts->emails, FIXTURE_OFFICE),
			read_cases[i].has_address);
	}
}

static void test_no_certificates(void **state)
{
	g_autoptr(GBytes) der = read_der("fit.der");
	g_autoptr(GBytes) cut = g_bytes_new_from_bytes(der, 0, g_bytes_get_size(der) - 1);
	g_autofree char *large = g_malloc0(CERTIFICATE_MAX_BYTES + 1);
	g_autoptr(GBytes) too_large = g_bytes_new(large, CERTIFICATE_MAX_BYTES + 1);
	g_autoptr(GBytes) empty = g_bytes_new("", 0);
	GBytes *const wrong[] = {cut, too_large, empty};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autoptr(GError) error = NULL;

		assert_null(certificate_read(wrong[i], &error));
		assert_int_equal(error->code, ACUSE_ERROR_INVALID);
	}
}

static int step(const char *verb, const char *body_text, json_t **token)
{
	g_autofree char *path =
		g_strconcat("/v1/tokens", *verb != '\0' ? "/{label}/" : "", verb, NULL);
	json_t *body = json_loads(body_text, 0, NULL);
	g_autoptr(GError) error = NULL;
	ApiResponse response;
	gboolean ok = route_call(&service, routes_tokens, "POST", path,
		*verb != '\0' ? "oficina" : NULL, NULL, body, &response, &error);

	if (!ok)
		print_message("%s: %s\n", verb, error->message);
	if (token != NULL)
		*token = ok ? response.json : NULL;
	else if (ok)
		json_decref(response.json);
	return ok ? -1 : error->code;
}

#define PAPER "{\"document\":\"D-1\"}"

/* Up to the PIN, with that certificate on the token. */
static void enrol(const char *certificate)
{
	g_autofree char *script = g_strconcat("put ", certificate, "\n", NULL);

	run(script);
	assert_int_equal(step("",
				 "{\"label\":\"oficina\",\"mailboxes\":[\"" FIXTURE_OFFICE
				 "\"],\"unit\":\"U\",\"reasons\":\"R\",\"document\":\"D\"}",
				 NULL),
		-1);
	assert_int_equal(step("evaluate", PAPER, NULL), -1);
	assert_int_equal(step("authorise", PAPER, NULL), -1);
	assert_int_equal(step("enrol", PAPER, NULL), -1);
	assert_true(fixture_unlock(fixture, "oficina", FIXTURE_PIN, NULL));
}

static void give_back(void)
{
	assert_int_equal(step("return", PAPER, NULL), -1);
}

static gboolean ask_ready(StoreTxn *txn, gpointer data, GError **error)
{
	g_autoptr(GError) why = NULL;

	(void)error;
	*(int *)data = tokens_mailbox_ready(txn, FIXTURE_OFFICE, clock_s(), &why) ? -1 : why->code;
	return TRUE;
}

static int ready(void)
{
	int code = 0;

	assert_true(store_run(service.store, ask_ready, &code, NULL));
	return code;
}

static const struct {
	const char *certificate, *settings;
	int activates; /* -1, or the code of the error */
	const char *revocation;
} activations[] = {
	{"fit", "", -1, "good"},
	{"listed", "", -1, "good"},
	{"silent", "", -1, "unknown"},
	{"silent", "revocation=off\n", -1, "off"},
	{"silent", "revocation=require\n", ACUSE_ERROR_CERTIFICATE_UNCHECKED, NULL},
	{"other", "", ACUSE_ERROR_CERTIFICATE, NULL},
	/* The responder has not heard of it, the list has not got it. */
	{"other", "certificate_address=warn\n", -1, "good"},
	{"cipher", "", ACUSE_ERROR_CERTIFICATE, NULL},
	{"server", "", ACUSE_ERROR_CERTIFICATE, NULL},
	{"sha1", "", ACUSE_ERROR_CERTIFICATE, NULL},
};

static void test_activation(void **state)
{
	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(activations); i++) {
		json_t *token = NULL;
		int code;

		print_message("%s %s\n", activations[i].certificate, activations[i].settings);
		configure(activations[i].settings);
		enrol(activations[i].certificate);
		code = step("activate", PAPER, &token);
		assert_int_equal(code, activations[i].activates);
		if (code < 0)
			assert_string_equal(
				json_string_value(json_object_get(
					json_object_get(token, "certificate"), "revocation")),
				activations[i].revocation);
		assert_int_equal(ready(), code < 0 ? -1 : ACUSE_ERROR_NO_BINDING);
		json_decref(token);
		give_back();
	}
	configure("");
}

static void test_stranger_as_root(void **state)
{
	(void)state;
	run("cp stranger.pem trust/ca.pem\n");
	enrol("fit");
	assert_int_equal(step("activate", PAPER, NULL), ACUSE_ERROR_CERTIFICATE);
	run("cp ca.pem trust/ca.pem\n");
	assert_int_equal(step("activate", PAPER, NULL), -1);
	give_back();
}

/* What the check found is pushed to the signer. */
static void await_sign_code(int wanted)
{
	for (int i = 0; i < 400 && fixture_sign_code(fixture, FIXTURE_OFFICE) != wanted; i++)
		g_usleep(25000);
	assert_int_equal(fixture_sign_code(fixture, FIXTURE_OFFICE), wanted);
}

/* Nobody answers: what was learned holds until the issuer says it again. */
static void test_cache(void **state)
{
	(void)state;
	configure("revocation=require\n");
	enrol("fit");
	assert_int_equal(step("activate", PAPER, NULL), -1);
	loopback_end(&responder);
	loopback_end(&web);
	assert_int_equal(step("check", "{}", NULL), -1);
	assert_int_equal(ready(), -1);
	days_later = 2;
	assert_int_equal(step("check", "{}", NULL), -1);
	assert_int_equal(ready(), ACUSE_ERROR_CERTIFICATE_UNCHECKED);
	/* Nor as one of several tokens of the mailbox, of which another is fit. */
	await_sign_code(ACUSE_ERROR_NO_BINDING);
	await_notices(&notices_of_certificates, 2);
	days_later = 0;
	start_responder();
	start_web();
	assert_int_equal(step("check", "{}", NULL), -1);
	assert_int_equal(ready(), -1);
	await_sign_code(-1);
	give_back();
	configure("");
}

static void look(void)
{
	static const DueKind *const tables[] = {due_kinds_tokens, NULL};

	assert_true(token_check_arm(&service, NULL));
	assert_true(due_run(&service, tables) > 0);
}

/* To the IT office and the mailbox, each once; then nothing is signed. */
static void test_end(void **state)
{
	static const struct {
		gint64 left_days;
		guint notices;
	} days[] = {{61, 0}, {60, 2}, {59, 2}, {30, 4}, {29, 4}, {7, 6}, {6, 6}, {1, 6}};

	(void)state;
	configure("revocation=off\n");
	enrol("fit");
	assert_int_equal(step("activate", PAPER, NULL), -1);
	for (gsize i = 0; i < G_N_ELEMENTS(days); i++) {
		days_later = 400 - days[i].left_days;
		look();
		await_notices(&notices_of_expiry, days[i].notices);
		assert_int_equal(ready(), -1);
	}
	/* Before the day's check, and after it. */
	days_later = 400;
	assert_int_equal(ready(), ACUSE_ERROR_CERTIFICATE_EXPIRED);
	look();
	assert_int_equal(ready(), ACUSE_ERROR_CERTIFICATE_EXPIRED);
	fixture_await(fixture, "oficina", "state", "'expired'");
	days_later = 0;
	give_back();
	configure("");
}

/* By the responder, and by the list when there is none. */
static void test_revoked(void **state)
{
	static const char *const certificates[] = {"fit", "listed"};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(certificates); i++) {
		g_autofree char *script = g_strdup_printf(
			"grep -v $(serial %s) index.txt >index.new || :; mv index.new index.txt\n"
			"printf 'R\\t351231235959Z\\t261101000000Z\\t%%s\\tunknown\\t/CN=R\\n' "
			"$(serial %s) >>index.txt; list\n",
			certificates[i], certificates[i]);

		enrol(certificates[i]);
		assert_int_equal(step("activate", PAPER, NULL), -1);
		assert_int_equal(fixture_sign_code(fixture, FIXTURE_OFFICE), -1);
		loopback_end(&responder);
		run(script);
		start_responder();
		days_later++;
		look();
		assert_int_equal(ready(), ACUSE_ERROR_CERTIFICATE_REVOKED);
		fixture_await(fixture, "oficina", "state", "'revoked'");
		assert_int_equal(
			fixture_sign_code(fixture, FIXTURE_OFFICE), ACUSE_ERROR_NO_BINDING);
		/* For ever, whatever is asked later. */
		assert_int_equal(step("activate", PAPER, NULL), ACUSE_ERROR_CONFLICT);
		give_back();
	}
	days_later = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_no_certificates),
		cmocka_unit_test(test_activation),
		cmocka_unit_test(test_stranger_as_root),
		cmocka_unit_test(test_cache),
		cmocka_unit_test(test_revoked),
		cmocka_unit_test(test_end),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
