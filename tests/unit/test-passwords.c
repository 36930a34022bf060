/* Passwords over a real slapd: the rule holds whoever writes and however; forced changes; an
 * exposed password; a person locked by wrong tries gets in again by a reset. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "directory/change.h"
#include "provision/due.h"
#include "provision/people.h"
#include "provision/row.h"
#include "provision/self.h"
#include "tests/unit/accounts_fixture.h"

#define WRONG_TRIES 10 /* pwdMaxFailure */

static json_t *form_of(const char *dni, const char *given)
{
	json_t *filled = form(dni);

	json_object_set_new(filled, "given_names", json_string(given));
	return filled;
}

/* A person who has changed the first password to that one. */
static char *new_person(const char *dni, const char *given, const char *password)
{
	const ApiRequest owner = {
		.service = &service, .roles = ROLE_PUBLIC, .actor = "public:127.0.0.1"};
	g_autofree char *first = NULL;
	char *uid = make_person(form_of(dni, given), &first);

	assert_true(self_change_password(&owner, uid, first, password, NULL));
	return uid;
}

/* ldappasswd as the person: what a client does that knows nothing of us. Its exit code. */
static int change_by_ldap(const char *uid, const char *old_password, const char *new_password)
{
	g_autofree char *dn = g_strdup_printf("uid=%s,ou=people,dc=muni,dc=test", uid);
	const char *argv[] = {"ldappasswd", "-x", "-H",
		settings_string(service.settings, "directory", "uri"), "-D", dn, "-w", old_password,
		"-s", new_password, NULL};
	int status = 0;

	assert_true(g_spawn_sync(NULL, (char **)argv, NULL,
		G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL, NULL,
		NULL, NULL, NULL, &status, NULL));
	return status;
}

static void test_rule_in_the_directory(void **state)
{
	static const char *const weak[] = {
		"sololetras", "12345678", "letras123", "letras---", "aB1-", "--------"};
	g_autofree char *uid = new_person("71000001", "Ana", "Clave-buena-1");
	g_autoptr(Directory) directory = directory_new(service.settings);

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(weak); i++) {
		g_autoptr(GError) error = NULL;

		print_message("%s\n", weak[i]);
		assert_int_not_equal(change_by_ldap(uid, "Clave-buena-1", weak[i]), 0);
		assert_false(directory_set_first_password(directory, uid, weak[i], &error));
		assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_INVALID));
	}
	assert_int_equal(change_by_ldap(uid, "Clave-buena-1", "Clave-buena-2"), 0);
	/* The last ones not again. */
	assert_int_not_equal(change_by_ldap(uid, "Clave-buena-2", "Clave-buena-1"), 0);
}

static gboolean must_change(const char *uid)
{
	g_autoptr(Account) account = live_directory_by_uid(service.live, uid);

	return account != NULL && account->must_change_password;
}

static json_t *because(const char *reason)
{
	return json_pack("{s:s}", "reason", reason);
}

static void test_forced_change(void **state)
{
	g_autofree char *first = new_person("71000002", "Eva", "Clave-buena-1");
	g_autofree char *second = new_person("71000003", "Ida", "Clave-buena-1");
	g_autofree char *gone = new_person("71000004", "Noe", "Clave-buena-1");
	json_auto_t *ceased = must(routes_people, "/v1/people/{dni}/cease", "71000004",
		json_pack("{s:s}", "document", "Memo 1"));
	json_auto_t *one = NULL, *all = NULL;
	const ApiRequest owner = {
		.service = &service, .roles = ROLE_PUBLIC, .actor = "public:127.0.0.1"};

	(void)state;
	eventually(live_has(gone, ACCOUNT_CEASED) && !must_change(first));
	one = must(routes_accounts, "/v1/accounts/{uid}/force-change", first, because("Art. 8.7"));
	assert_int_equal(json_integer_value(json_object_get(one, "accounts")), 1);
	eventually(must_change(first));
	assert_false(must_change(second));
	/* The old password is still what proves the owner. */
	assert_true(self_change_password(&owner, first, "Clave-buena-1", "Clave-buena-3", NULL));
	eventually(!must_change(first));
	assert_fails(routes_accounts, "/v1/accounts/{uid}/force-change", gone, because("x"),
		ACUSE_ERROR_CONFLICT);
	assert_fails(routes_accounts, "/v1/accounts/{uid}/force-change", "nadie", because("x"),
		ACUSE_ERROR_NOT_FOUND);
	assert_fails(routes_accounts, "/v1/passwords/force-change", NULL, json_object(),
		ACUSE_ERROR_INVALID);
	all = must(routes_accounts, "/v1/passwords/force-change", NULL, because("Incidente 7"));
	assert_true(json_integer_value(json_object_get(all, "accounts")) >= 2);
	eventually(must_change(first) && must_change(second));
	assert_false(must_change(gone));
}

static void test_exposed(void **state)
{
	g_autofree char *uid = new_person("71000005", "Lia", "Clave-buena-1");
	json_auto_t *reset = must(routes_accounts, "/v1/accounts/{uid}/reset-password", uid,
		json_pack("{s:s, s:b}", "reason", "Clave expuesta", "exposed", TRUE));

	(void)state;
	assert_true(json_is_true(json_object_get(reset, "sessions_ended")));
	assert_true(no_leaf_has(row_text(reset, "password")));
	assert_int_not_equal(change_by_ldap(uid, "Clave-buena-1", "Clave-buena-9"), 0);
	eventually(must_change(uid));
	assert_fails(routes_accounts, "/v1/accounts/{uid}/reset-password", uid,
		json_pack("{s:s, s:s}", "reason", "x", "exposed", "yes"), ACUSE_ERROR_INVALID);
}

static void test_locked_out(void **state)
{
	g_autofree char *uid = new_person("71000006", "Mia", "Clave-buena-1");
	json_auto_t *reset = NULL;

	(void)state;
	for (int i = 0; i < WRONG_TRIES; i++)
		assert_int_not_equal(change_by_ldap(uid, "Mala-clave-1", "Clave-buena-2"), 0);
	assert_int_not_equal(change_by_ldap(uid, "Clave-buena-1", "Clave-buena-2"), 0);
	reset = must(routes_accounts, "/v1/accounts/{uid}/reset-password", uid, because("Olvido"));
	assert_int_equal(change_by_ldap(uid, row_text(reset, "password"), "Clave-buena-2"), 0);
}

static gint64 changed_at(const char *uid)
{
	g_autoptr(Account) account = live_directory_by_uid(service.live, uid);

	return account != NULL ? account->password_changed : 0;
}

/* Told 15, 7 and 1 days before the end, once each, and not when it must be changed anyway. */
static void test_expiry_warnings(void **state)
{
	static const DueKind *const tables[] = {due_kinds_people, NULL};
	static const struct {
		int day;
		guint told;
	} days[] = {{0, 0}, {74, 0}, {75, 1}, {76, 1}, {83, 2}, {89, 3}, {90, 3}, {91, 3}};
	g_autofree char *uid = new_person("71000007", "Sol", "Clave-buena-1");
	g_autofree char *text = g_strdup_printf("\"to\":\"%s@muni.test\"", uid);
	gint64 before = accounts_now_s;

	(void)state;
	eventually(!must_change(uid) && changed_at(uid) != 0);
	accounts_now_s = changed_at(uid);
	assert_true(password_expiry_arm(&service, NULL));
	assert_true(password_expiry_arm(&service, NULL));
	for (size_t i = 0; i < G_N_ELEMENTS(days); i++) {
		accounts_now_s = changed_at(uid) + days[i].day * 86400;
		assert_int_equal(due_run(&service, tables), 1);
		assert_int_equal(due_run(&service, tables), 0);
		if (count_outbox(text) != days[i].told)
			fail_msg("day %d: %u", days[i].day, count_outbox(text));
	}
	accounts_now_s = before;
}

static int start(void **state)
{
	(void)state;
	return accounts_start(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rule_in_the_directory),
		cmocka_unit_test(test_forced_change),
		cmocka_unit_test(test_exposed),
		cmocka_unit_test(test_locked_out),
		cmocka_unit_test(test_expiry_warnings),
	};
	return cmocka_run_group_tests(tests, start, accounts_end);
}
