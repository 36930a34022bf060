/* FORM-01 beyond a person's first account: passwords, annulment, activities and third parties with
 * their ends, offices, the head's signature, many at once; over a real store, outbox and slapd. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <glib/gstdio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "cms/cms.h"
#include "cms/digest.h"
#include "core/naming.h"
#include "provision/accounts.h"
#include "provision/due.h"
#include "provision/row.h"
#include "tests/unit/accounts_fixture.h"

#define ITEM "/v1/requests/{id}"
#define APPROVE "/v1/requests/{id}/approve"
#define DELIVER "/v1/requests/{id}/deliver"
#define DAY_S 86400

static char *trust;
static EVP_PKEY *key;

/* The form with one member otherwise; consumed and returned. */
static json_t *with(json_t *body, const char *name, const char *value)
{
	if (value != NULL)
		json_object_set_new(body, name, json_string(value));
	else
		json_object_del(body, name);
	return body;
}

static json_t *show(const char *id)
{
	return call(routes_requests, "GET", ITEM, id, NULL, NULL);
}

static void assert_state(const char *id, const char *state)
{
	json_auto_t *row = show(id);

	assert_string_equal(row_text(row, "state"), state);
}

/* Filed; a new string: its id. What it lacks is compared. */
static char *file_lacking(json_t *body, const char *first)
{
	json_auto_t *filed = must(routes_requests, "/v1/requests", NULL, body);
	const json_t *lacks = json_object_get(filed, "lacks");

	assert_string_equal(row_text(filed, "state"), first != NULL ? "observed" : "received");
	if (first != NULL)
		assert_string_equal(json_string_value(json_array_get(lacks, 0)), first);
	return g_strdup(row_text(filed, "id"));
}

static void approve(const char *id, const char *state)
{
	json_auto_t *approved = must(routes_requests, APPROVE, id, json_object());

	assert_string_equal(row_text(approved, "state"), state);
}

static void test_passwords(void **state)
{
	static const char *const reasons[] = {"forgotten-password", "exposed-password"};
	g_autofree char *uid = make_person(form("41000001"), NULL);

	(void)state;
	eventually(live_has(uid, ACCOUNT_ACTIVE));
	assert_fails(routes_requests, "/v1/requests", NULL,
		with(with(form("41000001"), "reason", reasons[0]), "given_names", "Luis"),
		ACUSE_ERROR_CONFLICT);
	assert_fails(routes_requests, "/v1/requests", NULL,
		with(form("41000099"), "reason", reasons[0]), ACUSE_ERROR_NOT_FOUND);
	for (size_t i = 0; i < G_N_ELEMENTS(reasons); i++) {
		g_autofree char *id = file_form(with(form("41000001"), "reason", reasons[i]));
		json_auto_t *given = NULL;

		approve(id, "approved");
		given = must(routes_requests, DELIVER, id, json_object());
		assert_string_equal(row_text(given, "uid"), uid);
		assert_int_equal(strlen(row_text(given, "password")), 24);
		assert_true(no_leaf_has(row_text(given, "password")));
		assert_int_equal(json_object_get(given, "sessions_ended") != NULL, i == 1);
		assert_state(id, "executed");
	}
	assert_true(live_has(uid, ACCOUNT_ACTIVE));
}

/* A request for a password that is taken back closes nothing. */
static void test_password_cancelled(void **state)
{
	g_autofree char *uid = make_person(form("41000002"), NULL);
	g_autofree char *id = NULL;
	json_t *done;

	(void)state;
	eventually(live_has(uid, ACCOUNT_ACTIVE));
	id = file_form(with(form("41000002"), "reason", "forgotten-password"));
	approve(id, "approved");
	done = must(routes_requests, "/v1/requests/{id}/cancel", id,
		json_pack("{s:s}", "reasons", "Ya la recordó"));
	json_decref(done);
	assert_true(live_has(uid, ACCOUNT_ACTIVE));
	assert_fails(routes_requests, "/v1/requests", NULL, form("41000002"), ACUSE_ERROR_CONFLICT);
}

static guint run_due(gint64 now)
{
	static const DueKind *const kinds[] = {due_kinds_people, NULL};

	accounts_now_s = now;
	return due_run(&service, kinds);
}

static void test_annulment(void **state)
{
	g_autofree char *uid = make_person(form("41000003"), NULL);
	g_autofree char *later = NULL;

	(void)state;
	eventually(live_has(uid, ACCOUNT_ACTIVE));
	assert_fails(routes_requests, "/v1/requests", NULL,
		with(with(form("41000003"), "action", "annul"), "paternal_surname", "Otro"),
		ACUSE_ERROR_CONFLICT);
	later = file_form(with(with(form("41000003"), "action", "annul"), "date", "2026-11-24"));
	approve(later, "executed");
	assert_true(live_has(uid, ACCOUNT_ACTIVE));
	run_due(ACCOUNTS_NOW_S + 5 * DAY_S);
	accounts_now_s = ACCOUNTS_NOW_S;
	eventually(live_has(uid, ACCOUNT_CEASED));
	assert_fails(routes_requests, APPROVE, later, json_object(), ACUSE_ERROR_CONFLICT);
	assert_fails(routes_requests, "/v1/requests", NULL,
		with(form("41000003"), "action", "annul"), ACUSE_ERROR_NOT_FOUND);
}

static json_t *activity(const char *dni, const char *until)
{
	return with(with(with(form(dni), "kind", "activity"), "title", "Comité de Aniversario"),
		"until", until);
}

static void name(const char *id, const char *local_part)
{
	json_t *done = must(routes_requests, "/v1/requests/{id}/name", id,
		json_pack("{s:s}", "name", local_part));

	json_decref(done);
}

static gint64 valid_until(const char *uid)
{
	g_autoptr(Account) account = live_directory_by_uid(service.live, uid);

	return account->valid_until;
}

/* Filed with an end, reminded 15, 7 and 1 days before, put off by a new request, disabled then. */
static void test_activity(void **state)
{
	/* Days from the fixture's 2026-11-20: the end is 2026-12-31, and later 2027-01-31. */
	static const struct {
		int day;
		guint notices;
	} reminders[] = {{25, 0}, {26, 2}, {27, 2}, {34, 4}, {40, 6}, {41, 6}};
	g_autofree char *responsible = make_person(form("41000004"), NULL);
	g_autofree char *id = NULL, *extension = NULL;
	json_t *done;

	(void)state;
	eventually(live_has(responsible, ACCOUNT_ACTIVE));
	assert_fails(routes_requests, "/v1/requests", NULL, activity("41000004", "2026-11-19"),
		ACUSE_ERROR_INVALID);
	assert_fails(routes_requests, "/v1/requests", NULL, activity("41000098", "2026-12-31"),
		ACUSE_ERROR_NOT_FOUND);
	id = file_lacking(activity("41000004", "2026-12-31"), "name");
	done = show(id);
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(done, "proposals"), 0)), "ca");
	json_decref(done);
	name(id, "comite.aniversario");
	approve(id, "approved");
	eventually(request_has_uid(id));
	done = must(routes_requests, DELIVER, id, json_object());
	assert_string_equal(row_text(done, "mail"), "comite.aniversario@muni.test");
	json_decref(done);
	eventually(live_has("comite.aniversario", ACCOUNT_ACTIVE));
	assert_int_equal(valid_until("comite.aniversario"), 1798779600); /* 2027-01-01, Lima */
	for (size_t i = 0; i < G_N_ELEMENTS(reminders); i++) {
		run_due(ACCOUNTS_NOW_S + reminders[i].day * DAY_S);
		assert_int_equal(count_outbox("account-ending"), reminders[i].notices);
	}
	extension = file_form(
		with(with(with(with(form("41000004"), "kind", "activity"), "action", "extend"),
			     "account", "comite.aniversario"),
			"until", "2027-01-31"));
	approve(extension, "executed");
	eventually(valid_until("comite.aniversario") == 1798779600 + 31 * DAY_S);
	run_due(ACCOUNTS_NOW_S + 45 * DAY_S);
	assert_true(live_has("comite.aniversario", ACCOUNT_ACTIVE));
	run_due(ACCOUNTS_NOW_S + 73 * DAY_S);
	accounts_now_s = ACCOUNTS_NOW_S;
	eventually(live_has("comite.aniversario", ACCOUNT_CEASED));
	assert_true(live_has(responsible, ACCOUNT_ACTIVE));
	assert_int_equal(count_leaves("account.extended"), 1);
}

static void test_third_party(void **state)
{
	g_autofree char *terms = put_document("Términos de referencia");
	g_autofree char *id = NULL, *nothing = digest_sha256_hex("x", 1);
	json_t *body = with(with(form("41000005"), "kind", "third-party"), "until", "2026-12-31");
	json_t *done;

	(void)state;
	assert_fails(routes_requests, "/v1/requests", NULL, with(json_copy(body), "terms", nothing),
		ACUSE_ERROR_INVALID);
	id = file_lacking(body, "terms");
	assert_fails(routes_requests, APPROVE, id, json_object(), ACUSE_ERROR_CONFLICT);
	done = must(
		routes_requests, "/v1/requests/{id}/amend", id, json_pack("{s:s}", "terms", terms));
	assert_string_equal(row_text(done, "state"), "received");
	json_decref(done);
	approve(id, "approved");
	eventually(request_has_uid(id));
	/* One account for a DNI, of whatever kind. */
	assert_fails(routes_requests, "/v1/requests", NULL, form("41000005"), ACUSE_ERROR_CONFLICT);
}

static void test_office(void **state)
{
	g_autofree char *responsible = make_person(form("41000006"), NULL);
	g_autofree char *id = NULL;
	json_t *shown;

	(void)state;
	eventually(live_has(responsible, ACCOUNT_ACTIVE));
	id = file_lacking(with(with(form("41000006"), "kind", "office"), "title",
				  "Oficina de Tecnologías de la Información"),
		"name");
	assert_fails(routes_requests, "/v1/requests/{id}/name", id,
		json_pack("{s:s}", "name", responsible), ACUSE_ERROR_CONFLICT);
	name(id, "oti");
	approve(id, "executed");
	eventually(live_has("oti", ACCOUNT_ACTIVE));
	shown = call(routes_accounts, "GET", "/v1/accounts/{uid}", "oti", NULL, NULL);
	assert_string_equal(row_text(shown, "owner"), responsible);
	json_decref(shown);
}

static void test_proposals(void **state)
{
	static const struct {
		const char *title, *names;
	} cases[] = {
		{"Oficina de Tecnologías de la Información", "oti tecnologias"},
		{"Secretaría General", "sg secretaria"},
		{"OTIC", "otic"},
		{"Sub Gerencia de Educación, Cultura y Deportes", "sgecd educacion"},
		{"Procuraduría", "procuraduria"},
		{"", ""},
		{"市政府", ""},
		{"Root", ""},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(GStrv) names = naming_office_proposals(cases[i].title);
		g_autofree char *found = g_strjoinv(" ", names);

		assert_string_equal(found, cases[i].names);
	}
}

/* ---- the head's signature ---- */

static X509 *make_certificate(const char *subject_dni, const char *email)
{
	static long serial;
	X509 *certificate = X509_new();
	X509_NAME *name_of = X509_get_subject_name(certificate);
	g_autofree char *san = email != NULL ? g_strconcat("email:", email, NULL) : NULL;

	X509_set_version(certificate, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	X509_NAME_add_entry_by_txt(name_of, "CN", MBSTRING_UTF8,
		(const unsigned char *)"Jefe,serialNumber=41000099", -1, -1, 0);
	if (subject_dni != NULL)
		X509_NAME_add_entry_by_txt(name_of, "serialNumber", MBSTRING_UTF8,
			(const unsigned char *)subject_dni, -1, -1, 0);
	X509_set_issuer_name(certificate, name_of);
	X509_set_pubkey(certificate, key);
	if (san != NULL) {
		X509_EXTENSION *extension =
			X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san);

		X509_add_ext(certificate, extension, -1);
		X509_EXTENSION_free(extension);
	}
	assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
	return certificate;
}

/* Trusted are the certificates themselves. */
static void trust_also(X509 *certificate)
{
	FILE *file = fopen(trust, "a");

	assert_true(PEM_write_X509(file, certificate));
	fclose(file);
}

/* The form with "signed_form" and "signature" of what says `content`. */
static json_t *sign(json_t *body, const char *content, X509 *certificate)
{
	g_autofree char *form_sha256 = put_document(content);
	g_autoptr(GBytes) bytes = g_bytes_new(content, strlen(content));
	g_autoptr(GBytes) cms = cms_sign_detached(key, certificate, NULL, bytes, NULL);
	g_autofree char *sha256 =
		digest_sha256_hex(g_bytes_get_data(cms, NULL), g_bytes_get_size(cms));

	assert_true(blobs_put(service.blobs, sha256, cms, NULL));
	with(body, "tramite", NULL);
	with(body, "scan", NULL);
	with(body, "signed_form", form_sha256);
	return with(body, "signature", sha256);
}

static char *text_of(json_t *body)
{
	char *text = json_dumps(body, 0), *copy = g_strdup(text);

	free(text);
	json_decref(body);
	return copy;
}

static void assert_signature(json_t *body, const char *signer, const char *problem)
{
	json_auto_t *filed = must(routes_requests, "/v1/requests", NULL, body);
	const char *said = row_text(filed, "signature_problem");

	assert_string_equal(row_text(filed, "state"), signer != NULL ? "received" : "observed");
	if (signer != NULL)
		assert_string_equal(row_text(json_object_get(filed, "signer"), "uid"), signer);
	else if (strstr(said, problem) == NULL)
		fail_msg("%s, not %s", said, problem);
}

static void test_signature(void **state)
{
	g_autofree char *head = make_person(form("41000010"), NULL);
	g_autofree char *other = make_person(with(form("41000011"), "unit", "Tesorería"), NULL);
	g_autofree char *head_mail = g_strconcat(head, "@muni.test", NULL);
	g_autofree char *right = text_of(form("41000012"));
	g_autofree char *wrong = text_of(form("41000013"));
	X509 *by_mail = make_certificate(NULL, head_mail);
	X509 *by_dni = make_certificate("PNOPE-41000010", NULL);
	X509 *of_other = make_certificate("41000011", NULL);
	X509 *of_nobody = make_certificate("41000099", NULL);
	X509 *untrusted = make_certificate("41000010", "otro@example.org");
	json_t *own;

	(void)state;
	eventually(live_has(head, ACCOUNT_ACTIVE) && live_has(other, ACCOUNT_ACTIVE));
	trust_also(by_mail);
	trust_also(by_dni);
	trust_also(of_other);
	trust_also(of_nobody);
	assert_signature(sign(form("41000012"), right, by_mail), head, NULL);
	assert_signature(sign(form("41000012"), right, by_dni), head, NULL);
	assert_signature(sign(form("41000012"), "%PDF-1.4 formulario", by_dni), head, NULL);
	assert_signature(sign(form("41000012"), wrong, by_dni), NULL, "another dni");
	assert_signature(sign(form("41000012"), "hola", by_dni), NULL, "neither");
	assert_signature(sign(form("41000012"), right, of_other), NULL, "not of that unit");
	assert_signature(sign(form("41000012"), right, of_nobody), NULL, "nobody");
	assert_signature(sign(form("41000012"), right, untrusted), NULL, "verif");
	own = with(with(form("41000010"), "reason", "forgotten-password"), "tramite", NULL);
	assert_signature(sign(json_copy(own), "%PDF-1.4 propio", by_dni), NULL, "whom it is about");
	json_decref(own);
	X509_free(by_mail);
	X509_free(by_dni);
	X509_free(of_other);
	X509_free(of_nobody);
	X509_free(untrusted);
}

/* ---- many at once ---- */

static json_t *row_of(int line, json_t *body)
{
	json_object_set_new(body, "line", json_integer(line));
	return body;
}

static void test_import(void **state)
{
	json_auto_t *right = json_pack("[o, o]", row_of(2, form("41000021")),
		row_of(3, with(form("41000022"), "scan", NULL)));
	json_auto_t *wrong = json_pack("[o, o, o]", row_of(2, form("41000021")),
		row_of(3, form("41000021")), row_of(4, with(form("41000023"), "post", NULL)));
	guint64 before = store_tree_size(service.store);
	json_t *shown;

	(void)state;
	shown = must(
		routes_requests, "/v1/requests/import", NULL, json_pack("{s:O}", "rows", wrong));
	assert_non_null(strstr(
		row_text(json_array_get(json_object_get(shown, "items"), 1), "problem"), "twice"));
	json_decref(shown);
	assert_fails(routes_requests, "/v1/requests/import", NULL,
		json_pack("{s:O, s:b}", "rows", wrong, "apply", TRUE), ACUSE_ERROR_INVALID);
	assert_int_equal(store_tree_size(service.store), before);
	shown = must(routes_requests, "/v1/requests/import", NULL,
		json_pack("{s:O, s:b}", "rows", right, "apply", TRUE));
	assert_string_equal(
		row_text(json_array_get(json_object_get(shown, "items"), 1), "state"), "observed");
	json_decref(shown);
	assert_int_equal(store_tree_size(service.store), before + 2);
}

static int start(void **state)
{
	g_autofree char *settings = NULL;
	int fd = g_file_open_tmp("acuse-heads-XXXXXX", &trust, NULL);

	(void)state;
	g_close(fd, NULL);
	key = EVP_EC_gen("P-256");
	settings = g_strdup_printf("[requests]\nhead_trust=%s\n", trust);
	return accounts_start(settings);
}

static int end(void **state)
{
	EVP_PKEY_free(key);
	g_unlink(trust);
	g_free(trust);
	return accounts_end(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_passwords),
		cmocka_unit_test(test_password_cancelled),
		cmocka_unit_test(test_annulment),
		cmocka_unit_test(test_activity),
		cmocka_unit_test(test_third_party),
		cmocka_unit_test(test_office),
		cmocka_unit_test(test_proposals),
		cmocka_unit_test(test_signature),
		cmocka_unit_test(test_import),
	};
	return cmocka_run_group_tests(tests, start, end);
}
