/* Further addresses of accounts over a real slapd: given, removed, and never somebody else's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/account.h"
#include "directory/change.h"
#include "provision/accounts.h"
#include "provision/row.h"
#include "tests/unit/accounts_fixture.h"

#define ALIAS "/v1/accounts/{uid}/aliases/{address}"
#define REMOVE "/v1/accounts/{uid}/aliases/{address}/remove"
#define ALIASES_MAX 32

static json_t *give(const char *uid, const char *address, GError **error)
{
	g_autofree char *arguments = g_strdup_printf("%s %s", uid, address);

	return call(routes_aliases, "PUT", ALIAS, arguments, json_pack("{s:s}", "document", "R 1"),
		error);
}

static json_t *take_away(const char *uid, const char *address, GError **error)
{
	g_autofree char *arguments = g_strdup_printf("%s %s", uid, address);

	return call(routes_aliases, "POST", REMOVE, arguments,
		json_pack("{s:s}", "document", "R 2"), error);
}

static void assert_refused(json_t *answer, GError *error, int code)
{
	assert_null(answer);
	assert_non_null(error);
	if (error->code != code)
		fail_msg("%s", error->message);
	g_error_free(error);
}

static void assert_not_given(const char *uid, const char *address, int code)
{
	GError *error = NULL;
	json_t *answer = give(uid, address, &error);

	assert_refused(answer, error, code);
}

/* Whose mailbox the copy of the accounts says it is; "": nobody's. */
static gboolean is_of(const char *address, const char *uid)
{
	g_autoptr(Account) account = live_directory_by_mail(service.live, address);

	return g_strcmp0(account != NULL ? account->uid : "", uid) == 0;
}

static void add_office(const char *uid)
{
	g_autoptr(Directory) directory = directory_new(service.settings);
	g_autoptr(Account) office = account_new();

	office->uid = g_strdup(uid);
	office->mail = g_strconcat(uid, "@muni.test", NULL);
	office->kind = ACCOUNT_OFFICE;
	office->state = ACCOUNT_ACTIVE;
	office->display_name = g_strdup(uid);
	assert_true(directory_add_account(directory, office, NULL));
}

static void test_life(void **state)
{
	g_autofree char *uid = make_person(form("40000041"), NULL);
	json_auto_t *given = NULL, *again = NULL, *removed = NULL, *back = NULL, *found = NULL;
	GError *error = NULL;

	(void)state;
	add_office("sistemas");
	eventually(live_has(uid, ACCOUNT_ACTIVE));
	given = give(uid, "R.Morales@muni.test", &error);
	assert_null(error);
	assert_string_equal(json_string_value(json_array_get(json_object_get(given, "aliases"), 0)),
		"r.morales@muni.test");
	eventually(is_of("R.Morales@muni.test", uid));
	found = call(
		routes_accounts, "GET", "/v1/accounts/{uid}", "r.morales@muni.test", NULL, NULL);
	assert_string_equal(row_text(found, "uid"), uid);
	again = give(uid, "r.morales@muni.test", NULL);
	assert_non_null(again);
	assert_int_equal(count_leaves("account.alias-given"), 1);
	assert_true(no_leaf_has("\"alias\":\"r.morales"));
	assert_not_given("sistemas", "r.morales@muni.test", ACUSE_ERROR_CONFLICT);
	removed = take_away(uid, "r.morales@muni.test", &error);
	assert_null(error);
	assert_int_equal(json_array_size(json_object_get(removed, "aliases")), 0);
	eventually(is_of("r.morales@muni.test", ""));
	assert_int_equal(count_leaves("account.alias-removed"), 1);
	/* It was somebody's: it is nobody else's, as an alias or as the name of an office. */
	assert_not_given("sistemas", "r.morales@muni.test", ACUSE_ERROR_CONFLICT);
	assert_fails(routes_offices, "/v1/offices", NULL,
		json_pack("{s:s, s:s, s:s, s:s}", "local_part", "r.morales", "name", "R",
			"responsible", uid, "document", "R 3"),
		ACUSE_ERROR_CONFLICT);
	back = give(uid, "r.morales@muni.test", &error);
	assert_null(error);
	eventually(is_of("r.morales@muni.test", uid));
}

static void test_refused(void **state)
{
	static const struct {
		const char *name, *address;
		int code;
	} cases[] = {
		{"no address", "rentas", ACUSE_ERROR_INVALID},
		{"another domain", "rentas@example.net", ACUSE_ERROR_INVALID},
		{"a subdomain", "rentas@x.muni.test", ACUSE_ERROR_INVALID},
		{"with a detail", "rentas+x@muni.test", ACUSE_ERROR_INVALID},
		{"two dots", "ren..tas@muni.test", ACUSE_ERROR_INVALID},
		{"reserved", "postmaster@muni.test", ACUSE_ERROR_INVALID},
		{"the return addresses'", "acuse@muni.test", ACUSE_ERROR_INVALID},
		{"an office's own", "tesoreria@muni.test", ACUSE_ERROR_CONFLICT},
		{"its own", "caja@muni.test", ACUSE_ERROR_CONFLICT},
	};
	g_autoptr(Directory) directory = directory_new(service.settings);
	GError *error = NULL;
	json_t *answer;

	(void)state;
	add_office("caja");
	add_office("tesoreria");
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		print_message("%s\n", cases[i].name);
		assert_not_given("caja", cases[i].address, cases[i].code);
	}
	assert_not_given("nadie", "rentas@muni.test", ACUSE_ERROR_NOT_FOUND);
	answer = take_away("caja", "tesoreria@muni.test", &error);
	assert_refused(answer, error, ACUSE_ERROR_NOT_FOUND);
	assert_true(directory_set_state(directory, "tesoreria", ACCOUNT_CEASED, NULL));
	assert_not_given("tesoreria", "rentas@muni.test", ACUSE_ERROR_CONFLICT);
}

/* As many as it may have, and one more. */
static void test_limit(void **state)
{
	(void)state;
	add_office("archivo");
	for (int i = 1; i <= ALIASES_MAX + 1; i++) {
		g_autofree char *address = g_strdup_printf("archivo%d@muni.test", i);
		json_auto_t *given = NULL;

		if (i > ALIASES_MAX) {
			assert_not_given("archivo", address, ACUSE_ERROR_CONFLICT);
			continue;
		}
		given = give("archivo", address, NULL);
		assert_int_equal(json_array_size(json_object_get(given, "aliases")), (size_t)i);
	}
}

/* Who was given that name as an alias keeps it: the next person gets another account name. */
static void test_names_skip_aliases(void **state)
{
	json_auto_t *given = NULL;
	g_autofree char *first = make_person(form("40000042"), NULL);
	g_autofree char *second = NULL, *alias = NULL;
	guint number;

	(void)state;
	/* rmoralesaN: the next name of the rule becomes an alias of the first person. */
	number = (guint)g_ascii_strtoull(first + strcspn(first, "0123456789"), NULL, 10);
	alias = g_strdup_printf("rmoralesa%u@muni.test", number + 1);
	given = give(first, alias, NULL);
	assert_non_null(given);
	second = make_person(form("40000043"), NULL);
	assert_true(!g_str_has_prefix(alias, second) || alias[strlen(second)] != '@');
}

static int start(void **state)
{
	(void)state;
	return accounts_start(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_names_skip_aliases),
	};
	return cmocka_run_group_tests(tests, start, accounts_end);
}
