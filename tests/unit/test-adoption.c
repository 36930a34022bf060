/* People who were in the directory before Acuse become accounts, over a real store, outbox and
 * slapd: what is refused, what is added, and that nothing else of the entry changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "directory/change.h"
#include "provision/accounts.h"
#include "provision/people.h"
#include "provision/row.h"
#include "tests/unit/accounts_fixture.h"

#define ADOPT "/v1/accounts/adopt"
#define RECONCILE "/v1/directory/reconcile"

/* As another program made them. */
static const char entries[] =
	"dn: uid=ana,ou=people,dc=muni,dc=test\nchangetype: add\nobjectClass: inetOrgPerson\n"
	"uid: ana\ncn: Ana Quispe Mamani\nsn: Quispe Mamani\ngivenName: Ana\nmail: ana@muni.test\n"
	"title: Cajera\nou: Tesoreria\nuserPassword: Vieja-clave-1\nroomNumber: 204\n\n"
	"dn: uid=beto,ou=people,dc=muni,dc=test\nchangetype: add\nobjectClass: inetOrgPerson\n"
	"uid: beto\ncn: Beto\nsn: Wang\ngivenName: Beto\nmail: Beto@muni.test\n\n"
	"dn: uid=celia,ou=people,dc=muni,dc=test\nchangetype: add\nobjectClass: inetOrgPerson\n"
	"uid: celia\ncn: Celia\nsn: Rojas\ngivenName: Celia\n\n"
	"dn: uid=dario,ou=people,dc=muni,dc=test\nchangetype: add\nobjectClass: inetOrgPerson\n"
	"uid: dario\ncn: Dario\nsn: Rojas\ngivenName: Dario\nmail: dario@muni.test\n"
	"mail: d.rojas@muni.test\n\n"
	"dn: uid=elena,ou=people,dc=muni,dc=test\nchangetype: add\nobjectClass: inetOrgPerson\n"
	"uid: elena\ncn: Elena\nsn: Rojas\nmail: elena@muni.test\n\n"
	"dn: uid=fabio,ou=people,dc=muni,dc=test\nchangetype: add\nobjectClass: inetOrgPerson\n"
	"uid: fabio\ncn: Fabio\nsn: Rojas\ngivenName: Fabio\nmail: f.rojas@muni.test\n\n"
	"dn: uid=gina,ou=people,dc=muni,dc=test\nchangetype: add\nobjectClass: inetOrgPerson\n"
	"uid: gina\ncn: Gina\nsn: Rojas\ngivenName: Gina\nmail: gina@muni.test\n\n"
	"dn: uid=hugo,ou=people,dc=muni,dc=test\nchangetype: add\nobjectClass: account\n"
	"uid: hugo\n\n"
	"dn: uid=ines,ou=people,dc=muni,dc=test\nchangetype: add\nobjectClass: inetOrgPerson\n"
	"uid: ines\ncn: Ines\nsn: Rojas\ngivenName: Ines\nmail: ines@muni.test\n\n";

static json_t *row(const char *uid, const char *dni, const char *maternal)
{
	return json_pack("{s:s, s:s, s:s*}", "uid", uid, "dni", dni, "maternal_surname", maternal);
}

/* row is consumed. */
static json_t *body(json_t *one, gboolean dry_run)
{
	return json_pack(
		"{s:s, s:[o], s:b}", "document", "Acta 1", "rows", one, "dry_run", (int)dry_run);
}

static const char *problem_of(const json_t *answer)
{
	return row_text(json_array_get(json_object_get(answer, "items"), 0), "problem");
}

static void test_refused(void **state)
{
	static const struct {
		const char *name, *uid, *dni, *problem;
	} cases[] = {
		{"no entry", "nadie", "50000001", "no entry of that uid"},
		{"no address", "celia", "50000001", "has no mail"},
		{"two addresses", "dario", "50000001", "more than one mail"},
		{"no given name", "elena", "50000001", "has no givenName"},
		{"another address", "fabio", "50000001", "the address is f.rojas@muni.test"},
		{"no person", "hugo", "50000001", "no inetOrgPerson"},
		{"no DNI", "ana", "5000000", "dni"},
		{"wrong check digit", "ana", "17801146-1", "dni"},
		{"DNI in use", "ana", "50000000", "DNI has a personal account"},
		{"an account already", "rmoralesa", "50000001", "account of Acuse already"},
		{"reserved by rule", "postmaster", "50000001", "reserved name"},
		{"a filter", "*", "50000001", "uid"},
		{"a DN", "ana,ou=people", "50000001", "uid"},
		{"capitals", "ANA", "50000001", "uid"},
	};
	guint64 size = store_tree_size(service.store);

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		json_auto_t *answer = must(routes_accounts, ADOPT, NULL,
			body(row(cases[i].uid, cases[i].dni, "Mamani"), TRUE));
		const char *problem = problem_of(answer);
		g_autoptr(GError) error = NULL;

		if (problem == NULL || strstr(problem, cases[i].problem) == NULL)
			fail_msg("%s: %s", cases[i].name, problem != NULL ? problem : "taken");
		assert_null(call(routes_accounts, "POST", ADOPT, NULL,
			body(row(cases[i].uid, cases[i].dni, "Mamani"), FALSE), &error));
		assert_non_null(strstr(error->message, cases[i].problem));
	}
	assert_int_equal(store_tree_size(service.store), size);
	assert_int_equal(count_outbox("account.adopt"), 0);
}

/* One of two cannot be: none is; a name that was somebody's is refused. */
static void test_all_or_none(void **state)
{
	g_autoptr(Directory) directory = directory_new(slapd->settings);
	json_t *twice = json_pack("{s:s, s:[o,o]}", "document", "Acta 1", "rows",
		row("ana", "50000002", "Mamani"), row("ines", "50000002", ""));
	json_t *given = json_pack("{s:s, s:[o,o]}", "document", "Acta 1", "rows",
		row("ines", "50000003", ""), row("gina", "50000004", ""));

	(void)state;
	assert_true(directory_reserve_name(directory, "gina", "request-of-another", NULL));
	assert_fails(routes_accounts, ADOPT, NULL, twice, ACUSE_ERROR_INVALID);
	assert_fails(routes_accounts, ADOPT, NULL, given, ACUSE_ERROR_CONFLICT);
	assert_null(directory_get(directory, "ines", NULL));
	assert_null(directory_get(directory, "gina", NULL));
	assert_int_equal(count_leaves("account.adopted"), 0);
}

/* What ldapsearch says of the entry, without what slapd itself keeps. */
static char *entry_text(const char *uid)
{
	g_autofree char *base = g_strdup_printf("uid=%s,ou=people,dc=muni,dc=test", uid);
	const char *uri = settings_string(slapd->settings, "directory", "uri");
	char *argv[] = {(char *)"ldapsearch", (char *)"-Q", (char *)"-LLL", (char *)"-o",
		(char *)"ldif-wrap=no", (char *)"-Y", (char *)"EXTERNAL", (char *)"-H", (char *)uri,
		(char *)"-s", (char *)"base", (char *)"-b", base, NULL};
	char *text = NULL;

	assert_true(g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL,
		NULL, NULL, &text, NULL, NULL, NULL));
	return text;
}

static gboolean is_ours(const char *line)
{
	return g_str_has_prefix(line, "acuse") || strcmp(line, "objectClass: acuseAccount") == 0;
}

static void assert_only_ours_added(const char *before, const char *after)
{
	g_auto(GStrv) old = g_strsplit(before, "\n", -1), new = g_strsplit(after, "\n", -1);

	assert_true(g_strv_length(old) > 5);
	for (guint i = 0; old[i] != NULL; i++)
		if (!g_strv_contains((const char *const *)new, old[i]))
			fail_msg("gone: %s", old[i]);
	for (guint i = 0; new[i] != NULL; i++)
		if (!g_strv_contains((const char *const *)old, new[i]) && !is_ours(new[i]))
			fail_msg("added: %s", new[i]);
}

static void test_adopted(void **state)
{
	g_autoptr(Directory) directory = directory_new(slapd->settings);
	g_autofree char *before = entry_text("ana");
	g_autoptr(Account) account = NULL;
	json_auto_t *shown =
		must(routes_accounts, ADOPT, NULL, body(row("ana", "50000005", "MAMANI"), TRUE));
	json_auto_t *done = NULL;

	(void)state;
	assert_null(problem_of(shown));
	assert_null(directory_get(directory, "ana", NULL));
	assert_int_equal(count_leaves("account.adopted"), 0);
	done = must(routes_accounts, ADOPT, NULL, body(row("ana", "50000005", "Mamani"), FALSE));
	eventually(live_has("ana", ACCOUNT_ACTIVE));
	{
		g_autofree char *after = entry_text("ana");

		assert_only_ours_added(before, after);
	}
	account = directory_get(directory, "ana", NULL);
	assert_string_equal(account->paternal_surname, "Quispe");
	assert_string_equal(account->maternal_surname, "Mamani");
	assert_string_equal(account->dni, "50000005");
	assert_false(account->must_change_password);
	assert_int_equal(count_leaves("account.adopted"), 1);
	assert_true(no_leaf_has("\"dni\":\"50000005\""));
	assert_fails(routes_accounts, ADOPT, NULL, body(row("ana", "50000005", "Mamani"), FALSE),
		ACUSE_ERROR_CONFLICT);
	/* Nobody else gets the name, and its owner's password goes on. */
	assert_false(directory_reserve_name(directory, "ana", "request-of-another", NULL));
	assert_true(directory_change_own_password(
		directory, "ana", "Vieja-clave-1", "Nueva-clave-2", NULL));
}

static json_t *differences(const char *uid)
{
	json_auto_t *answer =
		must(routes_accounts, RECONCILE, NULL, json_pack("{s:b}", "dry_run", 0));
	const json_t *items = json_object_get(answer, "items");

	for (size_t i = 0; i < json_array_size(items); i++)
		if (g_strcmp0(row_text(json_array_get(items, i), "uid"), uid) == 0)
			return json_incref(json_array_get(items, i));
	return NULL;
}

/* From then on it lives as any other: rotation, cessation, reconciliation. */
static void test_life_after(void **state)
{
	g_autoptr(Directory) directory = directory_new(slapd->settings);
	g_autoptr(Account) account = NULL;
	json_auto_t *adopted =
		must(routes_accounts, ADOPT, NULL, body(row("beto", "50000006", NULL), FALSE));
	json_auto_t *none = NULL, *mended = NULL, *rotated = NULL, *ceased = NULL;

	(void)state;
	eventually(live_has("beto", ACCOUNT_ACTIVE));
	account = directory_get(directory, "beto", NULL);
	assert_string_equal(account->paternal_surname, "Wang");
	none = differences("beto");
	assert_null(none);
	assert_true(directory_set_state(directory, "beto", ACCOUNT_PENDING, NULL));
	mended = differences("beto");
	assert_string_equal(row_text(mended, "what"), "state");
	assert_string_equal(row_text(mended, "repair"), "ordered");
	eventually(live_has("beto", ACCOUNT_ACTIVE));
	rotated = must(routes_people, "/v1/people/{dni}/rotate", "50000006",
		json_pack("{s:s, s:s, s:s}", "post", "Jefe", "unit", "Rentas", "document", "R 1"));
	ceased = must(routes_people, "/v1/people/{dni}/cease", "50000006",
		json_pack("{s:s}", "document", "Memo 1"));
	assert_string_equal(row_text(ceased, "uid"), "beto");
	eventually(live_has("beto", ACCOUNT_CEASED));
}

/* Nothing is half done when the directory does not answer. */
static void test_slapd_goes(void **state)
{
	(void)state;
	test_slapd_stop(slapd);
	assert_fails(routes_accounts, ADOPT, NULL, body(row("ines", "50000007", ""), FALSE),
		ACUSE_ERROR_UNAVAILABLE);
	test_slapd_continue(slapd);
}

static int start(void **state)
{
	g_autofree char *uid = NULL;

	(void)state;
	accounts_start(NULL);
	test_slapd_stop(slapd);
	test_slapd_modify(slapd, entries);
	test_slapd_continue(slapd);
	uid = make_person(form("50000000"), NULL);
	assert_string_equal(uid, "rmoralesa");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_all_or_none),
		cmocka_unit_test(test_adopted),
		cmocka_unit_test(test_life_after),
		cmocka_unit_test(test_slapd_goes),
	};
	return cmocka_run_group_tests(tests, start, accounts_end);
}
