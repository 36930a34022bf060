/* Account names over a real slapd (A4): the order of the directive among fifty of one name at once,
 * names that are somebody's elsewhere, and names that no rule can write. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <glib/gstdio.h>
#include <string.h>

#include "core/naming.h"
#include "directory/change.h"
#include "provision/accounts.h"
#include "provision/row.h"
#include "tests/unit/accounts_fixture.h"

#define AT_ONCE 50

static json_t *form_of(const char *dni, const char *given, const char *paternal)
{
	json_t *filled = form(dni);

	json_object_set_new(filled, "given_names", json_string(given));
	json_object_set_new(filled, "paternal_surname", json_string(paternal));
	return filled;
}

static gpointer make_one(gpointer number)
{
	g_autofree char *dni = g_strdup_printf("5%07d", GPOINTER_TO_INT(number));
	g_autofree char *id = file_form(form(dni));
	json_auto_t *approved =
		must(routes_requests, "/v1/requests/{id}/approve", id, json_object());

	(void)approved;
	return g_steal_pointer(&id);
}

/* Fifty at once are the base form, the letter, and forty-eight numbers without a gap. */
static void test_fifty_at_once(void **state)
{
	g_autoptr(GHashTable) uids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(Directory) directory = directory_new(service.settings);
	GThread *threads[AT_ONCE];

	(void)state;
	for (int i = 0; i < AT_ONCE; i++)
		threads[i] = g_thread_new("make", make_one, GINT_TO_POINTER(i));
	for (int i = 0; i < AT_ONCE; i++) {
		g_autofree char *id = g_thread_join(threads[i]);
		json_auto_t *row = NULL;

		eventually(request_has_uid(id));
		row = call(routes_requests, "GET", "/v1/requests/{id}", id, NULL, NULL);
		g_hash_table_add(uids, g_strdup(row_text(row, "uid")));
	}
	assert_int_equal(g_hash_table_size(uids), AT_ONCE);
	for (guint n = 0; n < AT_ONCE; n++) {
		g_autofree char *name = naming_candidate("Rosa", "Morales", "Aranda", n, 1, NULL);
		g_autoptr(Account) account = directory_get(directory, name, NULL);

		if (account == NULL || !g_hash_table_contains(uids, name))
			fail_msg("%s is missing", name);
	}
}

/* The name that a form gets, a new string. */
static char *name_of(json_t *filled)
{
	g_autofree char *id = file_form(filled);
	json_auto_t *approved =
		must(routes_requests, "/v1/requests/{id}/approve", id, json_object());

	return g_strdup(row_text(approved, "uid"));
}

/* A name of an alias, of an office, of a reserved word, or once given, goes to nobody. */
static void test_taken_elsewhere(void **state)
{
	g_autoptr(Directory) directory = directory_new(service.settings);
	g_autoptr(Account) office = account_new();
	static const struct {
		const char *what, *dni, *given, *paternal, *expected;
	} cases[] = {
		{"list of aliases", "60000001", "Luz", "Alias", "laliasar"},
		{"alias with our domain", "60000002", "Luz", "Virtual", "lvirtualar"},
		{"alias of another domain", "60000003", "Luz", "Fuera", "lfueraa"},
		{"word that begins so", "60000004", "Luz", "Ali", "lalia"},
		{"office", "60000005", "Luz", "Oficin", "loficinar"},
		{"reserved for somebody", "60000006", "Luz", "Antes", "lantesar"},
		{"an address of an entry that is no account", "60000007", "Luz", "Entrad",
			"lentradar"},
		{"reserved by rule (noc)", "60000008", "N", "Oc", "noca"},
	};

	(void)state;
	office->uid = g_strdup("loficina");
	office->mail = g_strdup("loficina@muni.test");
	office->kind = ACCOUNT_OFFICE;
	office->state = ACCOUNT_ACTIVE;
	office->display_name = g_strdup("Oficina");
	assert_true(directory_add_account(directory, office, NULL));
	assert_true(directory_reserve_name(directory, "lantesa", "00000999", NULL));
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *name =
			name_of(form_of(cases[i].dni, cases[i].given, cases[i].paternal));

		print_message("%s\n", cases[i].what);
		assert_string_equal(name, cases[i].expected);
	}
}

static const char *lacking(const json_t *row)
{
	const json_t *lacks = json_object_get(row, "lacks");

	return json_array_size(lacks) == 1 ? json_string_value(json_array_get(lacks, 0)) : NULL;
}

/* A name that no rule can write: observed, an operator gives it, and it is nobody else's. */
static void test_operator(void **state)
{
	static const char *const refused[] = {"Iivanov", "i", "i.ivanov", "root", "1ivanov", ""};
	json_t *filled = form_of("60000010", "Иван", "Петров");
	json_auto_t *filed = NULL, *named = NULL, *approved = NULL, *second = NULL;
	const char *id;

	(void)state;
	json_object_set_new(filled, "dni", json_string("17801146-0"));
	filed = must(routes_requests, "/v1/requests", NULL, filled);
	id = row_text(filed, "id");
	assert_string_equal(row_text(filed, "state"), "observed");
	assert_string_equal(lacking(filed), "name");
	assert_string_equal(row_text(filed, "dni"), "17801146");
	assert_fails(routes_requests, "/v1/requests/{id}/approve", id, json_object(),
		ACUSE_ERROR_CONFLICT);
	for (size_t i = 0; i < G_N_ELEMENTS(refused); i++)
		assert_fails(routes_requests, "/v1/requests/{id}/name", id,
			json_pack("{s:s}", "name", refused[i]), ACUSE_ERROR_INVALID);
	assert_fails(routes_requests, "/v1/requests/{id}/name", id,
		json_pack("{s:s}", "name", "rmoralesa"), ACUSE_ERROR_CONFLICT);
	named = must(routes_requests, "/v1/requests/{id}/name", id,
		json_pack("{s:s}", "name", "ipetrov"));
	assert_string_equal(row_text(named, "state"), "received");
	assert_int_equal(json_array_size(json_object_get(named, "lacks")), 0);
	assert_fails(routes_requests, "/v1/requests/{id}/name", id,
		json_pack("{s:s}", "name", "ipetrov2"), ACUSE_ERROR_CONFLICT);
	approved = must(routes_requests, "/v1/requests/{id}/approve", id, json_object());
	assert_string_equal(row_text(approved, "uid"), "ipetrov");
	second = must(routes_requests, "/v1/requests", NULL, form_of("60000011", "Иван", "Петров"));
	assert_fails(routes_requests, "/v1/requests/{id}/name", row_text(second, "id"),
		json_pack("{s:s}", "name", "ipetrov"), ACUSE_ERROR_CONFLICT);
}

/* Killed after the directory was changed and before that was recorded: the same name, once. */
static void test_made_again(void **state)
{
	g_autofree char *id = file_form(form_of("60000040", "Eva", "Corte"));
	g_autoptr(Directory) directory = directory_new(service.settings);
	g_autoptr(Account) half = account_new();
	json_auto_t *approved = NULL;

	(void)state;
	half->uid = g_strdup("ecortea");
	half->mail = g_strdup("ecortea@muni.test");
	half->kind = ACCOUNT_PERSON;
	half->state = ACCOUNT_PENDING;
	half->dni = g_strdup("60000040");
	half->display_name = g_strdup("Eva Corte Aranda");
	assert_true(directory_reserve_name(directory, "ecortea", id, NULL));
	/* Approval looks for an account of the DNI: what the killed run left comes after that. */
	test_slapd_stop(slapd);
	approved = must(routes_requests, "/v1/requests/{id}/approve", id, json_object());
	test_slapd_continue(slapd);
	assert_true(directory_add_account(directory, half, NULL));
	eventually(request_has_uid(id));
	json_decref(approved);
	approved = call(routes_requests, "GET", "/v1/requests/{id}", id, NULL, NULL);
	assert_string_equal(row_text(approved, "uid"), "ecortea");
}

/* Observed by the office, answered, and cancelled after the account was made. */
static void test_observed_and_cancelled(void **state)
{
	g_autofree char *id = file_form(form_of("60000020", "Eva", "Ramos"));
	json_auto_t *observed = must(routes_requests, "/v1/requests/{id}/observe", id,
		json_pack("{s:s}", "reasons", "Falta el contrato"));
	json_auto_t *answered = NULL, *approved = NULL, *cancelled = NULL;
	g_autofree char *again = NULL;

	(void)state;
	assert_string_equal(row_text(observed, "state"), "observed");
	assert_string_equal(lacking(observed), "answer");
	assert_string_equal(row_text(observed, "observation"), "Falta el contrato");
	assert_fails(
		routes_requests, "/v1/requests/{id}/amend", id, json_object(), ACUSE_ERROR_INVALID);
	answered = must(routes_requests, "/v1/requests/{id}/amend", id,
		json_pack("{s:s}", "answer", "Contrato 9-2026"));
	assert_string_equal(row_text(answered, "state"), "received");
	approved = must(routes_requests, "/v1/requests/{id}/approve", id, json_object());
	assert_string_equal(row_text(approved, "uid"), "eramosa");
	eventually(live_has("eramosa", ACCOUNT_PENDING));
	cancelled = must(routes_requests, "/v1/requests/{id}/cancel", id,
		json_pack("{s:s}", "reasons", "No se presento"));
	assert_string_equal(row_text(cancelled, "state"), "cancelled");
	eventually(live_has("eramosa", ACCOUNT_CEASED));
	assert_fails(routes_requests, "/v1/requests/{id}/deliver", id, json_object(),
		ACUSE_ERROR_CONFLICT);
	/* The DNI is free, the name is not. */
	again = name_of(form_of("60000020", "Eva", "Ramos"));
	assert_string_equal(again, "eramosar");
}

/* Cancelled before slapd could make the account: none is made, and the outbox is empty. */
static void test_cancelled_before_it_was_made(void **state)
{
	g_autofree char *id = file_form(form_of("60000021", "Eva", "Nunca"));
	g_autofree char *later = file_form(form_of("60000022", "Eva", "Luego"));
	g_autoptr(Directory) directory = directory_new(service.settings);
	json_auto_t *approved = NULL, *cancelled = NULL, *row = NULL, *second = NULL;
	g_autoptr(Account) none = NULL;

	(void)state;
	test_slapd_stop(slapd);
	approved = must(routes_requests, "/v1/requests/{id}/approve", id, json_object());
	assert_null(row_text(approved, "uid"));
	cancelled = must(routes_requests, "/v1/requests/{id}/cancel", id,
		json_pack("{s:s}", "reasons", "Error"));
	second = must(routes_requests, "/v1/requests/{id}/approve", later, json_object());
	test_slapd_continue(slapd);
	eventually(request_has_uid(later));
	row = call(routes_requests, "GET", "/v1/requests/{id}", id, NULL, NULL);
	assert_null(row_text(row, "uid"));
	none = directory_get(directory, "enuncaa", NULL);
	assert_null(none);
}

/* A head sees and amends the own requests alone. */
static void test_of_a_head(void **state)
{
	g_autofree char *id = file_form(form_of("60000030", "Eva", "Jefe"));
	char *const arguments[] = {id, NULL};
	const ApiRequest stranger = {
		.service = &service, .roles = ROLE_HEAD, .actor = "uid:77", .arguments = arguments};
	ApiRequest owner = stranger;
	g_autoptr(GError) error = NULL;
	ApiResponse response = {.status = 200};
	const Route *get = routes_requests;

	(void)state;
	while (strcmp(get->path, "/v1/requests/{id}") != 0)
		get++;
	assert_false(get->handle(&stranger, &response, &error));
	assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND));
	owner.actor = "uid:0";
	assert_true(get->handle(&owner, &response, NULL));
	json_decref(response.json);
}

static int start(void **state)
{
	g_autofree char *folder = g_dir_make_tmp("acuse-names-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "aliases", NULL);
	g_autofree char *settings =
		g_strdup_printf("[naming]\ntaken_files=%s;/nowhere/aliases\n", path);

	*state = g_steal_pointer(&folder);
	g_file_set_contents(path,
		"# lfueraa: a comment\nLAliasA: root\nlvirtuala@muni.test rmoralesa\n"
		"lfueraa@otra.test x\nlentrada:|x\nlaliaa: x\n",
		-1, NULL);
	return accounts_start(settings);
}

static int end(void **state)
{
	g_autofree char *folder = *state;
	g_autofree char *path = g_build_filename(folder, "aliases", NULL);

	g_unlink(path);
	g_rmdir(folder);
	return accounts_end(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fifty_at_once),
		cmocka_unit_test(test_taken_elsewhere),
		cmocka_unit_test(test_operator),
		cmocka_unit_test(test_made_again),
		cmocka_unit_test(test_observed_and_cancelled),
		cmocka_unit_test(test_cancelled_before_it_was_made),
		cmocka_unit_test(test_of_a_head),
	};
	return cmocka_run_group_tests(tests, start, end);
}
