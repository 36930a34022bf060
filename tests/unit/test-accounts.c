/* Accounts from FORM-01 to cessation over a real store, outbox and slapd: what is answered, kept,
 * and in the directory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "directory/change.h"
#include "provision/accounts.h"
#include "provision/row.h"
#include "provision/self.h"
#include "tests/unit/accounts_fixture.h"

static gpointer approve_in_thread(gpointer id)
{
	json_t *approved =
		call(routes_requests, "POST", "/v1/requests/{id}/approve", id, json_object(), NULL);
	char *uid = approved != NULL ? g_strdup(row_text(approved, "uid")) : NULL;

	json_decref(approved);
	return uid;
}

/* Two requests of one name approved at once become two accounts, by the naming rule. */
static void test_two_of_one_name(void **state)
{
	g_autofree char *first = file_form(form("40000001"));
	g_autofree char *second = file_form(form("40000002"));
	GThread *thread = g_thread_new("approve", approve_in_thread, first);
	g_autofree char *second_uid = approve_in_thread(second);
	g_autofree char *first_uid = g_thread_join(thread);

	(void)state;
	assert_non_null(first_uid);
	assert_non_null(second_uid);
	assert_string_not_equal(first_uid, second_uid);
	assert_true(strcmp(first_uid, "rmoralesa") == 0 || strcmp(second_uid, "rmoralesa") == 0);
	assert_true(strcmp(first_uid, "rmoralesar") == 0 || strcmp(second_uid, "rmoralesar") == 0);
	assert_fails(routes_requests, "/v1/requests/{id}/approve", first, json_object(),
		ACUSE_ERROR_CONFLICT);
	assert_fails(routes_requests, "/v1/requests", NULL, form("40000001"), ACUSE_ERROR_CONFLICT);
}

static void test_observed_and_denied(void **state)
{
	json_t *body = form("40000003"), *filed;
	g_autofree char *id = NULL;

	(void)state;
	json_object_del(body, "tramite");
	filed = call(routes_requests, "POST", "/v1/requests", NULL, body, NULL);
	assert_string_equal(row_text(filed, "state"), "observed");
	id = g_strdup(row_text(filed, "id"));
	json_decref(filed);
	assert_fails(routes_requests, "/v1/requests/{id}/approve", id, json_object(),
		ACUSE_ERROR_CONFLICT);
	assert_fails(routes_requests, "/v1/requests/{id}/deny", id,
		json_pack("{s:s}", "reasons", "  "), ACUSE_ERROR_INVALID);
	filed = call(routes_requests, "POST", "/v1/requests/{id}/deny", id,
		json_pack("{s:s}", "reasons", "Falta firma"), NULL);
	assert_string_equal(row_text(filed, "state"), "denied");
	assert_string_equal(row_text(filed, "reasons"), "Falta firma");
	json_decref(filed);
	assert_fails(routes_requests, "/v1/requests/{id}/deliver", id, json_object(),
		ACUSE_ERROR_CONFLICT);
}

static void test_password_of_the_owner(void **state)
{
	g_autofree char *first = NULL;
	g_autofree char *uid = make_person(form("40000004"), &first);
	g_autofree char *typed = g_strdup_printf(" %s@MUNI.test ", uid);
	const ApiRequest public = {
		.service = &service, .roles = ROLE_PUBLIC, .actor = "public:127.0.0.1"};
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_false(self_change_password(&public, uid, "Mala-clave-1", "Nueva-clave-1", &error));
	assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_UNAUTHENTICATED));
	assert_true(self_change_password(&public, typed, first, "Nueva-clave-1", NULL));
	assert_true(no_leaf_has(first));
	assert_true(no_leaf_has("Nueva-clave-1"));
	assert_true(no_leaf_has("127.0.0.1"));
	for (int i = 0; i < 20 && !g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_FORBIDDEN);
		i++) {
		g_clear_error(&error);
		self_change_password(&public, "nadie", "Mala-clave-1", "Nueva-clave-2", &error);
	}
	assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_FORBIDDEN));
}

static json_t *office(const char *local_part, const char *responsible)
{
	return json_pack("{s:s, s:s, s:s, s:[], s:s}", "local_part", local_part, "name",
		"Mesa de Partes", "responsible", responsible, "delegates", "document",
		"Resolución 7");
}

#define PEOPLE "/v1/offices/{uid}/people"

static json_t *handover(json_t *delegate)
{
	return json_pack(
		"{s:n, s:[o], s:s}", "responsible", "delegates", delegate, "document", "Memo 9");
}

/* A delegate with dates, as the directory has him and as the API shows him. */
static void check_terms(const char *uid)
{
	static const struct {
		const char *from, *until;
	} wrong[] = {{"ayer", NULL}, {"2026-12-31T05:00:00Z", "2026-12-01T05:00:00Z"},
		{"2026-12-01T05:00:00Z", "2026-12-01T05:00:00Z"}};
	json_t *made, *one;

	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++)
		assert_fails(routes_offices, PEOPLE, "mesa.partes",
			handover(json_pack("{s:s, s:s, s:s?}", "uid", uid, "from", wrong[i].from,
				"until", wrong[i].until)),
			ACUSE_ERROR_INVALID);
	assert_fails(routes_offices, PEOPLE, "mesa.partes",
		handover(json_pack("{s:s, s:s}", "uid", uid, "since", "2026-12-01T05:00:00Z")),
		ACUSE_ERROR_INVALID);
	made = call(routes_offices, "POST", PEOPLE, "mesa.partes",
		handover(json_pack(
			"{s:s, s:s, s:n}", "uid", uid, "from", "2026-12-01T05:00:00Z", "until")),
		NULL);
	json_decref(made);
	made = call(routes_accounts, "GET", "/v1/accounts/{uid}", "mesa.partes", NULL, NULL);
	one = json_array_get(json_object_get(made, "delegates"), 0);
	assert_string_equal(row_text(one, "uid"), uid);
	assert_string_equal(row_text(one, "from"), "2026-12-01T05:00:00Z");
	assert_true(json_is_null(json_object_get(one, "until")));
	json_decref(made);
}

static void test_office(void **state)
{
	g_autofree char *uid = make_person(form("40000005"), NULL);
	json_t *made;

	(void)state;
	eventually(live_has(uid, ACCOUNT_ACTIVE));
	assert_fails(routes_offices, "/v1/offices", NULL, office("Mesa Partes", uid),
		ACUSE_ERROR_INVALID);
	assert_fails(routes_offices, "/v1/offices", NULL, office("postmaster", uid),
		ACUSE_ERROR_INVALID);
	assert_fails(routes_offices, "/v1/offices", NULL, office("mesa.partes", "nadie"),
		ACUSE_ERROR_INVALID);
	assert_fails(routes_offices, "/v1/offices", NULL, office(uid, uid), ACUSE_ERROR_CONFLICT);
	made = call(routes_offices, "POST", "/v1/offices", NULL, office("mesa.partes", uid), NULL);
	assert_string_equal(row_text(made, "mail"), "mesa.partes@muni.test");
	assert_string_equal(row_text(made, "owner"), uid);
	json_decref(made);
	assert_fails(routes_offices, "/v1/offices", NULL, office("mesa.partes", uid),
		ACUSE_ERROR_CONFLICT);
	made = call(routes_offices, "POST", "/v1/offices/{uid}/people", "mesa.partes",
		json_pack("{s:n, s:[s], s:s}", "responsible", "delegates", uid, "document",
			"Resolución 8"),
		NULL);
	assert_true(json_is_null(json_object_get(made, "owner")));
	json_decref(made);
	made = call(routes_accounts, "GET", "/v1/accounts/{uid}", "mesa.partes", NULL, NULL);
	assert_true(json_is_null(json_object_get(made, "owner")));
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(made, "delegates"), 0)), uid);
	json_decref(made);
	check_terms(uid);
}

static void test_cease(void **state)
{
	g_autofree char *uid = make_person(form("40000006"), NULL);
	g_autofree char *again = NULL;
	json_t *ceased;

	(void)state;
	eventually(live_has(uid, ACCOUNT_ACTIVE));
	assert_fails(routes_people, "/v1/people/{dni}/cease", "4000000",
		json_pack("{s:s}", "document", "Memo 1"), ACUSE_ERROR_INVALID);
	assert_fails(routes_people, "/v1/people/{dni}/cease", "40000099",
		json_pack("{s:s}", "document", "Memo 1"), ACUSE_ERROR_NOT_FOUND);
	assert_fails(routes_people, "/v1/people/{dni}/cease", "40000006",
		json_pack("{s:s, s:s}", "document", "Memo 1", "date", "2026-02-30"),
		ACUSE_ERROR_INVALID);
	ceased = call(routes_people, "POST", "/v1/people/{dni}/cease", "40000006",
		json_pack("{s:s, s:s}", "document", "Memo 1", "date", "2026-11-20"), NULL);
	assert_string_equal(row_text(ceased, "state"), "ceased");
	assert_null(json_object_get(ceased, "pending"));
	json_decref(ceased);
	eventually(live_has(uid, ACCOUNT_CEASED));
	assert_fails(routes_accounts, "/v1/accounts/{uid}/reset-password", uid,
		json_pack("{s:s}", "reason", "olvido"), ACUSE_ERROR_CONFLICT);
	/* Back in office: another name, for a name is never given twice. */
	again = make_person(form("40000006"), NULL);
	assert_string_not_equal(again, uid);
}

/* slapd is down: the approval and the cessation are ordered, and carried out when it is back. */
static void test_directory_down(void **state)
{
	g_autofree char *id = file_form(form("40000007"));
	g_autofree char *uid = make_person(form("40000008"), NULL);
	g_autoptr(Directory) directory = directory_new(service.settings);
	json_t *approved, *ceased;

	(void)state;
	test_slapd_stop(slapd);
	approved =
		call(routes_requests, "POST", "/v1/requests/{id}/approve", id, json_object(), NULL);
	assert_string_equal(row_text(approved, "state"), "approved");
	assert_null(row_text(approved, "uid"));
	json_decref(approved);
	assert_fails(routes_requests, "/v1/requests/{id}/deliver", id, json_object(),
		ACUSE_ERROR_UNAVAILABLE);
	ceased = call(routes_people, "POST", "/v1/people/{dni}/cease", "40000008",
		json_pack("{s:s}", "document", "Memo 2"), NULL);
	assert_true(json_is_true(json_object_get(ceased, "pending")));
	json_decref(ceased);
	test_slapd_continue(slapd);
	eventually(live_has(uid, ACCOUNT_CEASED));
	/* The cessation overtakes it. */
	eventually(request_has_uid(id));
}

static char *post_page(const char *body, unsigned *status)
{
	g_autoptr(GBytes) raw = g_bytes_new_static(body, strlen(body));
	const ApiRequest request = {
		.service = &service, .roles = ROLE_PUBLIC, .actor = "public:127.0.0.2", .raw = raw};
	ApiResponse response = {.status = 200};
	char *page;

	assert_true(page_post(&request, &response, NULL));
	page = g_strndup(g_bytes_get_data(response.bytes, NULL), g_bytes_get_size(response.bytes));
	g_bytes_unref(response.bytes);
	*status = response.status;
	return page;
}

static void test_page(void **state)
{
	static const struct {
		const char *name, *body;
		unsigned status;
		const char *has, *has_not;
	} cases[] = {
		{"empty", "", 400, "<form", "role=\"status\""},
		{"markup in the name", "usuario=%22%3E%3Cscript%3E&actual=a&nueva=b&repetida=c",
			400, "&quot;&gt;&lt;script&gt;", "<script"},
		{"not twice the same",
			"usuario=ana&actual=Una-clave-1&nueva=Otra-clave-1&repetida=x", 400,
			"role=\"alert\"", "Otra-clave-1"},
		{"wrong", "usuario=ana&actual=Una-clave-1&nueva=Otra-clave-1&repetida=Otra-clave-1",
			401, "role=\"alert\"", "Una-clave-1"},
		{"weak", "usuario=ana&actual=Una-clave-1&nueva=corta&repetida=corta", 422, "8",
			"corta"},
		{"bad escape", "usuario=%zz", 400, "<form", "%zz"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		unsigned status;
		g_autofree char *page = post_page(cases[i].body, &status);

		print_message("%s\n", cases[i].name);
		assert_int_equal(status, cases[i].status);
		assert_non_null(strstr(page, cases[i].has));
		assert_null(strstr(page, cases[i].has_not));
	}
}

static int start(void **state)
{
	(void)state;
	return accounts_start(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_of_one_name),
		cmocka_unit_test(test_observed_and_denied),
		cmocka_unit_test(test_password_of_the_owner),
		cmocka_unit_test(test_office),
		cmocka_unit_test(test_cease),
		cmocka_unit_test(test_page),
		cmocka_unit_test(test_directory_down),
	};
	return cmocka_run_group_tests(tests, start, accounts_end);
}
