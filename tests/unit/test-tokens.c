/*
 * The tokens of provisiond against a real store, outbox and signer: an enrolment reaches the
 * signer, which then signs; a lock too; a mailbox that ceased loses its signature; wrong bodies
 * change nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/error.h"
#include "provision/outbox.h"
#include "provision/token_life.h"
#include "provision/tokens.h"
#include "signer_fixture.h"
#include "tests/unit/route.h"

static const OutboxKind *const kinds[] = {outbox_kinds_tokens, NULL};
static Fixture *fixture;
static Service service;
static Settings *settings;

static gint64 clock_s(void)
{
	return g_get_real_time() / G_USEC_PER_SEC;
}

static int set_up(void **state)
{
	g_autofree char *conf = NULL;
	g_autofree char *folder = NULL;

	(void)state;
	fixture = fixture_new();
	fixture_start(fixture);
	conf = g_build_filename(fixture->folder, "acuse.conf", NULL);
	folder = g_build_filename(fixture->folder, "ledger", NULL);
	assert_int_equal(g_mkdir_with_parents(folder, 0700), 0);
	settings = settings_load(conf, NULL);
	assert_non_null(settings);
	service.settings = settings;
	service.now_s = clock_s;
	service.store = store_open(folder, NULL);
	assert_non_null(service.store);
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

/* The answer, or NULL with the code of the error. */
static json_t *call(const char *method, const char *path, const char *argument,
	const char *body_text, int *code)
{
	json_t *body = body_text != NULL ? json_loads(body_text, 0, NULL) : NULL;
	g_autoptr(GError) error = NULL;
	ApiResponse response;
	gboolean ok = route_call(
		&service, routes_tokens, method, path, argument, NULL, body, &response, &error);

	*code = ok ? -1 : error->code;
	return ok ? response.json : NULL;
}

static json_t *enrol(const char *body)
{
	int code;
	json_t *token = call("POST", "/v1/tokens", NULL, body, &code);

	assert_non_null(token);
	return token;
}

static void assert_sign_code(const char *mailbox, int code)
{
	g_autofree char *entity = fixture_entity(mailbox);
	g_autofree char *permit = fixture_permit(fixture, mailbox, entity);
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = fixture_sign(fixture, permit, entity, &error);

	assert_int_equal(answer != NULL ? -1 : error->code, code);
}

static void test_wrong_bodies(void **state)
{
	static const char *const bodies[] = {
		"{}",
		"{\"label\":\"oficina\",\"mailboxes\":[],\"document\":\"M-1\"}",
		"{\"label\":\"oficina\",\"mailboxes\":[\"no address\"],\"document\":\"M-1\"}",
		"{\"label\":\"oficina\",\"mailboxes\":[\"a@muni.test\"]}",
		"{\"label\":\"oficina\",\"mailboxes\":[\"a@muni.test\"],\"document\":\"\"}",
		"{\"label\":\"a/b\",\"mailboxes\":[\"a@muni.test\"],\"document\":\"M-1\"}",
		"{\"label\":\"123456789012345678901234567890123\",\"mailboxes\":[\"a@muni.test\"],"
		"\"document\":\"M-1\"}",
		"{\"label\":\"sello\",\"mailboxes\":[\"a@muni.test\"],\"document\":\"M-1\"}",
		"{\"label\":\"oficina\",\"mailboxes\":[\"a@muni.test\"],\"document\":\"M-1\","
		"\"until\":\"tomorrow\"}",
		"{\"label\":\"oficina\",\"mailboxes\":[\"a@muni.test\"],\"document\":\"M-1\","
		"\"pin\":\"1\"}",
	};
	int code;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(bodies); i++) {
		assert_null(call("POST", "/v1/tokens", NULL, bodies[i], &code));
		assert_int_equal(code, ACUSE_ERROR_INVALID);
	}
	assert_int_equal(store_tree_size(service.store), 0);
	assert_null(call(
		"POST", "/v1/tokens/{label}/lock", "ninguno", "{\"document\":\"M-1\"}", &code));
	assert_int_equal(code, ACUSE_ERROR_NOT_FOUND);
	assert_int_equal(store_tree_size(service.store), 0);
}

static gboolean ask_bound(StoreTxn *txn, gpointer data, GError **error)
{
	(void)error;
	*(gboolean *)data = tokens_mailbox_bound(txn, FIXTURE_OFFICE);
	return TRUE;
}

static gboolean is_bound(void)
{
	gboolean bound = FALSE;

	assert_true(store_run(service.store, ask_bound, &bound, NULL));
	return bound;
}

static gboolean cease(StoreTxn *txn, gpointer data, GError **error)
{
	return tokens_cease_mailbox(txn, data, error);
}

static void test_life_of_a_token(void **state)
{
	json_t *token, *list;
	int code;

	(void)state;
	assert_false(is_bound());
	token = enrol("{\"label\":\"oficina\",\"mailboxes\":[\"Secretaria.General@muni.test\"],"
		      "\"document\":\"M-1\"}");
	assert_true(json_is_false(json_object_get(token, "unlocked")));
	json_decref(token);
	assert_true(is_bound());
	assert_int_equal(store_tree_size(service.store), 1);
	assert_sign_code(FIXTURE_OFFICE, ACUSE_ERROR_TOKEN_LOCKED);
	assert_true(fixture_unlock(fixture, "oficina", FIXTURE_PIN, NULL));
	assert_sign_code(FIXTURE_OFFICE, -1);
	list = call("GET", "/v1/tokens", NULL, NULL, &code);
	token = json_array_get(json_object_get(list, "items"), 0);
	assert_string_equal(json_string_value(json_object_get(token, "label")), "oficina");
	assert_true(json_is_true(json_object_get(token, "unlocked")));
	assert_int_equal(json_integer_value(json_object_get(token, "signatures")), 1);
	json_decref(list);

	token = call("POST", "/v1/tokens/{label}/lock", "oficina", "{\"document\":\"M-2\"}", &code);
	assert_non_null(token);
	assert_true(json_is_false(json_object_get(token, "unlocked")));
	json_decref(token);
	assert_sign_code(FIXTURE_OFFICE, ACUSE_ERROR_TOKEN_LOCKED);
	assert_true(fixture_unlock(fixture, "oficina", FIXTURE_PIN, NULL));
	assert_sign_code(FIXTURE_OFFICE, -1);

	assert_true(store_run(service.store, cease, FIXTURE_OFFICE, NULL));
	assert_false(is_bound());
	fixture_await(fixture, "oficina", "state", "'ceased'");
	assert_sign_code(FIXTURE_OFFICE, ACUSE_ERROR_NO_BINDING);
}

static void test_renewed_token_takes_over(void **state)
{
	(void)state;
	json_decref(enrol("{\"label\":\"oficina\",\"mailboxes\":[\"secretaria.general@muni.test\"],"
			  "\"document\":\"M-3\"}"));
	json_decref(enrol("{\"label\":\"errado\",\"mailboxes\":[\"secretaria.general@muni.test\"],"
			  "\"document\":\"M-4\","
			  "\"until\":\"2099-01-01T05:00:00Z\"}"));
	assert_true(is_bound());
	fixture_await(fixture, "oficina", "state", "'suspended'");
	fixture_await(fixture, "errado", "trouble", "'pin-wrong'");
	assert_true(fixture_unlock_despite_low(fixture, "errado", FIXTURE_PIN, NULL));
	assert_sign_code(FIXTURE_OFFICE, -1);
}

static int step(const char *verb, const char *body)
{
	g_autofree char *path = g_strconcat("/v1/tokens/{label}/", verb, NULL);
	int code;

	json_decref(call("POST", path, "oficina", body, &code));
	return code;
}

static char *state_of_office(void)
{
	return fixture_status(fixture, "oficina", "state");
}

/* Every pair of state and event. */
static void test_life(void **state)
{
	static const char *const names[] = {
		"active", "suspended", "lost", "returned", "revoked", "ceased"};
	static const char *const events[] = {"suspend", "lose", "return", "revoke"};
	static const char *const next[][G_N_ELEMENTS(events)] = {
		{"suspended", "lost", "returned", "revoked"}, {NULL, "lost", "returned", "revoked"},
		{NULL, NULL, "returned", "revoked"}, {NULL, NULL, NULL, "revoked"},
		{NULL, NULL, NULL, NULL}, {NULL, "lost", "returned", "revoked"}};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		for (gsize k = 0; k < G_N_ELEMENTS(events); k++) {
			g_autoptr(GError) error = NULL;
			const TokenStep *taken = token_step(names[i], events[k], &error);

			assert_string_equal(taken != NULL ? taken->next : "none",
				next[i][k] != NULL ? next[i][k] : "none");
			assert_true(taken != NULL ||
				    g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT));
		}
}

static void test_lost(void **state)
{
	g_autofree char *lost = NULL;
	g_autofree char *returned = NULL;
	guint64 before;
	gint64 begun;

	(void)state;
	json_decref(enrol("{\"label\":\"oficina\",\"mailboxes\":[\"secretaria.general@muni.test\"],"
			  "\"document\":\"M-6\"}"));
	assert_true(fixture_unlock(fixture, "oficina", FIXTURE_PIN, NULL));
	assert_sign_code(FIXTURE_OFFICE, -1);
	before = store_tree_size(service.store);
	assert_int_equal(step("lose", "{\"document\":\"M-7\"}"), ACUSE_ERROR_INVALID);
	assert_int_equal(
		step("lose", "{\"document\":\"M-7\",\"denuncia\":\"\"}"), ACUSE_ERROR_INVALID);
	assert_int_equal(store_tree_size(service.store), before);
	begun = g_get_monotonic_time();
	assert_int_equal(step("lose", "{\"document\":\"M-7\",\"denuncia\":\"D-123\"}"), -1);
	lost = state_of_office();
	assert_string_equal(lost, "'lost'");
	assert_sign_code(FIXTURE_OFFICE, ACUSE_ERROR_NO_BINDING);
	assert_true(g_get_monotonic_time() - begun < G_USEC_PER_SEC);
	assert_false(is_bound());
	assert_int_equal(step("suspend", "{\"document\":\"M-8\"}"), ACUSE_ERROR_CONFLICT);
	assert_int_equal(store_tree_size(service.store), before + 1);
	assert_int_equal(step("return", "{\"document\":\"M-8\"}"), -1);
	returned = state_of_office();
	assert_string_equal(returned, "'returned'");
	/* Enrolled again: not without the PIN. */
	json_decref(enrol("{\"label\":\"oficina\",\"mailboxes\":[\"secretaria.general@muni.test\"],"
			  "\"document\":\"M-9\"}"));
	assert_sign_code(FIXTURE_OFFICE, ACUSE_ERROR_TOKEN_LOCKED);
}

static void test_signer_down(void **state)
{
	json_t *token, *list;
	int code;

	(void)state;
	assert_int_equal(fixture_stop(fixture), 0);
	token = enrol("{\"label\":\"mesa\",\"mailboxes\":[\"mesa.partes@muni.test\"],\"document\":"
		      "\"M-5\"}");
	assert_true(json_is_null(json_object_get(token, "unlocked")));
	json_decref(token);
	list = call("GET", "/v1/tokens", NULL, NULL, &code);
	assert_int_equal(json_array_size(json_object_get(list, "items")), 3);
	json_decref(list);
	/* The push is repeated until the signer has it. */
	fixture_start(fixture);
	fixture_await(fixture, "mesa", "unlocked", "true");
	assert_sign_code(FIXTURE_DESK, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong_bodies),
		cmocka_unit_test(test_life_of_a_token),
		cmocka_unit_test(test_renewed_token_takes_over),
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_signer_down),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
