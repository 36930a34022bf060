/*
 * The tokens of provisiond against a real store, outbox and signer, whose module is slow on demand:
 * nothing signs before it was asked for, authorised, enrolled and active; loss and cessation stop a
 * signature under way; reminders and notices; wrong bodies change nothing. tests/golden/states.txt
 * has every pair of state and event.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/error.h"
#include "provision/outbox.h"
#include "provision/token_alarm.h"
#include "provision/token_reminders.h"
#include "provision/tokens.h"
#include "signer_fixture.h"
#include "tests/unit/route.h"

static Fixture *fixture;
static Service service;
static Settings *settings;
static gint64 days_later;   /* of the clock */
static GHashTable *notices; /* "KIND/ADDRESS" -> how many; under the lock */
static GMutex lock;

static gint64 clock_s(void)
{
	return g_get_real_time() / G_USEC_PER_SEC + days_later * 86400;
}

/* In place of the mail. */
static gboolean count_notice(Service *unused, const json_t *body, GError **error)
{
	char *key = g_strdup_printf("%s/%s", json_string_value(json_object_get(body, "kind")),
		json_string_value(json_object_get(body, "to")));
	guint count;

	(void)unused;
	(void)error;
	g_mutex_lock(&lock);
	count = GPOINTER_TO_UINT(g_hash_table_lookup(notices, key)) + 1;
	g_hash_table_insert(notices, key, GUINT_TO_POINTER(count));
	g_mutex_unlock(&lock);
	return TRUE;
}

static guint count_notices(const char *kind, const char *to)
{
	g_autofree char *wanted = g_strdup_printf("%s/%s", kind, to);
	guint count;

	g_mutex_lock(&lock);
	count = GPOINTER_TO_UINT(g_hash_table_lookup(notices, wanted));
	g_mutex_unlock(&lock);
	return count;
}

static void await_notices(const char *kind, const char *to, guint count)
{
	for (int i = 0; i < 400 && count_notices(kind, to) < count; i++)
		g_usleep(25000);
	assert_int_equal(count_notices(kind, to), count);
}

static const OutboxKind notice_kinds[] = {{"notice", count_notice, OUTBOX_ORDERED}, {NULL}};
static const OutboxKind *const kinds[] = {outbox_kinds_tokens, notice_kinds, NULL};

static int set_up(void **state)
{
	g_autofree char *conf = NULL;
	g_autofree char *folder = NULL;

	(void)state;
	notices = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	fixture = fixture_new_faulty();
	fixture_configure(fixture, "return_reminder_days=3\n[notices]\notic=otic@muni.test\n"
				   "gerencia=gerencia@muni.test\n");
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
	g_hash_table_unref(notices);
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

/* -1, or the code of the error. */
static int step_of(const char *label, const char *verb, const char *body)
{
	g_autofree char *path = g_strconcat("/v1/tokens/{label}/", verb, NULL);
	int code;

	json_decref(call("POST", path, label, body, &code));
	return code;
}

static int ask_for(const char *label, const char *mailbox, const char *holder)
{
	g_autofree char *body = g_strdup_printf(
		"{\"label\":\"%s\",\"mailboxes\":[\"%s\"],\"holder\":%s,\"unit\":\"Secretaria\","
		"\"reasons\":\"Notificar\",\"document\":\"Informe 1\"}",
		label, mailbox, holder);
	int code;

	json_decref(call("POST", "/v1/tokens", NULL, body, &code));
	return code;
}

/* From what a unit asks for to a token that the signer knows. */
static void enrol(const char *label, const char *mailbox, const char *holder)
{
	assert_int_equal(ask_for(label, mailbox, holder), -1);
	assert_int_equal(step_of(label, "evaluate", "{\"document\":\"Informe 2\"}"), -1);
	assert_int_equal(step_of(label, "authorise", "{\"document\":\"Memorando 3\"}"), -1);
	assert_int_equal(step_of(label, "enrol", "{\"document\":\"Acta 4\"}"), -1);
}

static void activate(const char *label)
{
	assert_int_equal(step_of(label, "activate", "{\"document\":\"Cargo 5\"}"), -1);
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
#define REST ",\"unit\":\"U\",\"reasons\":\"R\",\"document\":\"M-1\""
#define BOX ",\"mailboxes\":[\"a@muni.test\"]"
	static const char *const bodies[] = {
		"{}",
		"{\"label\":\"oficina\",\"mailboxes\":[]" REST "}",
		"{\"label\":\"oficina\",\"mailboxes\":[\"no address\"]" REST "}",
		"{\"label\":\"oficina\"" BOX "}",
		"{\"label\":\"oficina\"" BOX ",\"unit\":\"U\",\"reasons\":\"\",\"document\":\"M\"}",
		"{\"label\":\"oficina\"" BOX ",\"unit\":\"\",\"reasons\":\"R\",\"document\":\"M\"}",
		"{\"label\":\"oficina\"" BOX ",\"unit\":\"U\",\"reasons\":\"R\",\"document\":\"\"}",
		"{\"label\":\"a/b\"" BOX REST "}",
		"{\"label\":\"123456789012345678901234567890123\"" BOX REST "}",
		"{\"label\":\"sello\"" BOX REST "}",
		"{\"label\":\"oficina\"" BOX REST ",\"holder\":\"nobody\"}",
		"{\"label\":\"oficina\"" BOX REST ",\"date\":\"2026-02-30\"}",
		"{\"label\":\"oficina\"" BOX REST ",\"pin\":\"1\"}",
	};
	int code;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(bodies); i++) {
		assert_null(call("POST", "/v1/tokens", NULL, bodies[i], &code));
		assert_int_equal(code, ACUSE_ERROR_INVALID);
	}
	assert_int_equal(
		step_of("ninguno", "lock", "{\"document\":\"M-1\"}"), ACUSE_ERROR_NOT_FOUND);
	assert_int_equal(
		step_of("ninguno", "evaluate", "{\"document\":\"M-1\"}"), ACUSE_ERROR_NOT_FOUND);
	assert_int_equal(store_tree_size(service.store), 0);
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

static gboolean cease(StoreTxn *txn, gpointer data, GError **error)
{
	TokenAct act = {.service = &service, .actor = "rrhh", .document = "Res. 9"};

	return tokens_cease(txn, data, &act, error);
}

/* S9: in no other order, and nothing signs before the end. */
static void test_asked_evaluated_authorised(void **state)
{
	json_t *token, *steps;
	int code;

	(void)state;
	assert_int_equal(ready(), ACUSE_ERROR_NO_BINDING);
	assert_int_equal(ask_for("oficina", "Secretaria.General@muni.test", "null"), -1);
	assert_int_equal(step_of("oficina", "enrol", "{\"document\":\"A\"}"), ACUSE_ERROR_CONFLICT);
	assert_int_equal(
		step_of("oficina", "authorise", "{\"document\":\"A\"}"), ACUSE_ERROR_CONFLICT);
	assert_int_equal(ask_for("oficina", FIXTURE_OFFICE, "null"), ACUSE_ERROR_CONFLICT);
	assert_int_equal(step_of("oficina", "evaluate", "{\"document\":\"I-1\"}"), -1);
	assert_int_equal(
		step_of("oficina", "activate", "{\"document\":\"A\"}"), ACUSE_ERROR_CONFLICT);
	assert_int_equal(step_of("oficina", "authorise", "{\"document\":\"M-2\"}"), -1);
	assert_int_equal(ready(), ACUSE_ERROR_NO_BINDING);
	/* The signer does not know it before it is enrolled, and its PIN cannot be typed. */
	assert_false(fixture_unlock(fixture, "oficina", FIXTURE_PIN, NULL));
	assert_int_equal(
		step_of("oficina", "enrol", "{\"document\":\"A-3\",\"date\":\"2026-01-05\"}"), -1);
	assert_true(fixture_unlock(fixture, "oficina", FIXTURE_PIN, NULL));
	assert_int_equal(ready(), ACUSE_ERROR_NO_BINDING);
	assert_sign_code(FIXTURE_OFFICE, ACUSE_ERROR_NO_BINDING);
	activate("oficina");
	assert_int_equal(ready(), -1);
	assert_sign_code(FIXTURE_OFFICE, -1);
	assert_int_equal(store_tree_size(service.store), 5);
	token = call("GET", "/v1/tokens/{label}", "oficina", NULL, &code);
	steps = json_object_get(token, "steps");
	assert_int_equal(json_array_size(steps), 5);
	assert_string_equal(json_string_value(json_object_get(token, "memorandum")), "M-2");
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(steps, 3), "date")), "2026-01-05");
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(steps, 4), "document")),
		"Cargo 5");
	assert_non_null(json_object_get(json_array_get(steps, 4), "actor"));
	json_decref(token);
}

static void test_lock(void **state)
{
	json_t *token, *list;
	int code;

	(void)state;
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
}

static void test_suspended(void **state)
{
	(void)state;
	assert_int_equal(step_of("oficina", "suspend", "{\"document\":\"M\"}"), -1);
	assert_int_equal(ready(), ACUSE_ERROR_NO_BINDING);
	assert_sign_code(FIXTURE_OFFICE, ACUSE_ERROR_NO_BINDING);
	activate("oficina");
	assert_sign_code(FIXTURE_OFFICE, ACUSE_ERROR_TOKEN_LOCKED);
	assert_int_equal(step_of("oficina", "extend",
				 "{\"document\":\"M\",\"until\":\"2026-01-01T05:00:00Z\"}"),
		-1);
	assert_sign_code(FIXTURE_OFFICE, ACUSE_ERROR_NO_BINDING);
	assert_int_equal(step_of("oficina", "extend", "{\"document\":\"M\"}"), -1);
	assert_true(fixture_unlock(fixture, "oficina", FIXTURE_PIN, NULL));
	assert_sign_code(FIXTURE_OFFICE, -1);
}

static void run_due(void)
{
	static const DueKind *const tables[] = {due_kinds_tokens, NULL};

	due_run(&service, tables);
}

/* Reminders begin with the cessation and end with the return. */
static void test_ceased(void **state)
{
	(void)state;
	assert_true(store_run(service.store, cease, FIXTURE_OFFICE, NULL));
	assert_int_equal(ready(), ACUSE_ERROR_NO_BINDING);
	fixture_await(fixture, "oficina", "state", "'ceased'");
	assert_sign_code(FIXTURE_OFFICE, ACUSE_ERROR_NO_BINDING);
	assert_int_equal(ask_for("oficina", FIXTURE_OFFICE, "null"), ACUSE_ERROR_CONFLICT);
	await_notices("token-return", "otic@muni.test", 1);
	run_due();
	assert_int_equal(count_notices("token-return", "otic@muni.test"), 1);
	for (guint i = 2; i < 4; i++) {
		days_later += 3;
		run_due();
		await_notices("token-return", "otic@muni.test", i);
	}
	/* Revoked, and still with who had it. */
	assert_int_equal(step_of("oficina", "revoke", "{\"document\":\"M\"}"), -1);
	assert_int_equal(ready(), ACUSE_ERROR_CERTIFICATE_REVOKED);
	assert_int_equal(ask_for("oficina", FIXTURE_OFFICE, "null"), ACUSE_ERROR_CONFLICT);
	days_later += 3;
	run_due();
	await_notices("token-return", "otic@muni.test", 4);
	assert_int_equal(step_of("oficina", "return", "{\"document\":\"Acta\"}"), -1);
	days_later += 30;
	run_due();
	g_usleep(100000);
	assert_int_equal(count_notices("token-return", "otic@muni.test"), 4);
	days_later = 0;
}

static gint64 ms_since(gint64 begun_us)
{
	return (g_get_monotonic_time() - begun_us) / 1000;
}

static gpointer sign_in_thread(gpointer data)
{
	g_autofree char *entity = fixture_entity(FIXTURE_OFFICE);
	g_autofree char *permit = fixture_permit(fixture, FIXTURE_OFFICE, entity);
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = fixture_sign(fixture, permit, entity, &error);

	*(gint64 *)data = g_get_monotonic_time();
	return GINT_TO_POINTER(answer != NULL ? -1 : error->code);
}

/* A USB token takes 600 ms for a signature; one is under way when the word comes. */
static void assert_stops_in_flight(void (*stop)(void), const char *state_after)
{
	gint64 answered = 0, begun;
	g_autofree char *after = NULL;
	GThread *signature;
	int code;

	fixture_fault(fixture, "delay C_Sign 600\n");
	signature = g_thread_new("sign", sign_in_thread, &answered);
	g_usleep(200000);
	begun = g_get_monotonic_time();
	stop();
	code = GPOINTER_TO_INT(g_thread_join(signature));
	print_message("stopped after %d ms\n", (int)((answered - begun) / 1000));
	assert_int_equal(code, ACUSE_ERROR_TOKEN_LOCKED);
	assert_true(answered - begun < G_USEC_PER_SEC);
	assert_sign_code(FIXTURE_OFFICE, ACUSE_ERROR_NO_BINDING);
	assert_true(ms_since(begun) < 1000);
	after = fixture_status(fixture, "oficina", "state");
	assert_string_equal(after, state_after);
	fixture_fault(fixture, "");
}

static void lose_office(void)
{
	assert_int_equal(
		step_of("oficina", "lose", "{\"document\":\"M-7\",\"denuncia\":\"D-123\"}"), -1);
}

static void cease_holder(void)
{
	assert_true(store_run(service.store, cease, "jquispe@muni.test", NULL));
}

static void test_lost(void **state)
{
	json_t *token;
	int code;

	(void)state;
	enrol("oficina", FIXTURE_OFFICE, "\"jquispe@muni.test\"");
	assert_true(fixture_unlock(fixture, "oficina", FIXTURE_PIN, NULL));
	activate("oficina");
	assert_sign_code(FIXTURE_OFFICE, -1);
	assert_int_equal(step_of("oficina", "lose", "{\"document\":\"M-7\"}"), ACUSE_ERROR_INVALID);
	assert_int_equal(step_of("oficina", "lose", "{\"document\":\"M-7\",\"denuncia\":\"\"}"),
		ACUSE_ERROR_INVALID);
	assert_stops_in_flight(lose_office, "'lost'");
	assert_int_equal(ready(), ACUSE_ERROR_NO_BINDING);
	await_notices("token-lost", "gerencia@muni.test", 1);
	await_notices("token-lost", "otic@muni.test", 1);
	token = call("GET", "/v1/tokens/{label}", "oficina", NULL, &code);
	assert_string_equal(json_string_value(json_object_get(token, "denuncia")), "D-123");
	json_decref(token);
	assert_int_equal(
		step_of("oficina", "suspend", "{\"document\":\"M-8\"}"), ACUSE_ERROR_CONFLICT);
	assert_int_equal(step_of("oficina", "return", "{\"document\":\"M-8\"}"), -1);
}

/* The holder's, though the mailbox is an office's; and not without the PIN afterwards. */
static void test_holder_ceases(void **state)
{
	(void)state;
	enrol("oficina", FIXTURE_OFFICE, "\"jquispe@muni.test\"");
	assert_true(fixture_unlock(fixture, "oficina", FIXTURE_PIN, NULL));
	activate("oficina");
	assert_stops_in_flight(cease_holder, "'ceased'");
	await_notices("token-return", FIXTURE_OFFICE, 1);
	assert_int_equal(step_of("oficina", "return", "{\"document\":\"M-8\"}"), -1);
	enrol("oficina", FIXTURE_OFFICE, "null");
	assert_true(fixture_unlock(fixture, "oficina", FIXTURE_PIN, NULL));
	activate("oficina");
	assert_sign_code(FIXTURE_OFFICE, -1);
}

static void assert_alarms(const char *faults, int answer, guint told)
{
	fixture_fault(fixture, faults);
	assert_sign_code(FIXTURE_OFFICE, answer);
	for (int i = 0; i < 3; i++)
		assert_true(token_alarm_look(&service, NULL));
	await_notices("token-trouble", "otic@muni.test", told);
	fixture_fault(fixture, "");
	assert_true(fixture_unlock(fixture, "oficina", FIXTURE_PIN, NULL));
	assert_true(token_alarm_look(&service, NULL));
}

/* Not again when it works for a moment only; another trouble, and the same one on another day, are
 * news. */
static void test_trouble_is_told_once(void **state)
{
	static const char broken[] = "only oficina\nfail C_Sign 0x30\n";

	(void)state;
	assert_alarms(broken, ACUSE_ERROR_TOKEN_TROUBLE, 1);
	assert_alarms(broken, ACUSE_ERROR_TOKEN_TROUBLE, 1);
	assert_alarms("only oficina\ncrash C_Sign\n", ACUSE_ERROR_TOKEN_TROUBLE, 1);
	assert_alarms("only oficina\nfail C_Sign 0xa4\n", ACUSE_ERROR_TOKEN_LOCKED, 2);
	assert_alarms("absent oficina\n", ACUSE_ERROR_TOKEN_ABSENT, 3);
	days_later++;
	assert_true(token_alarm_look(&service, NULL));
	assert_alarms("absent oficina\n", ACUSE_ERROR_TOKEN_ABSENT, 4);
}

static void test_signer_down(void **state)
{
	json_t *token, *list;
	int code;

	(void)state;
	assert_int_equal(fixture_stop(fixture), 0);
	enrol("mesa", FIXTURE_DESK, "null");
	token = call("GET", "/v1/tokens/{label}", "mesa", NULL, &code);
	assert_true(json_is_null(json_object_get(token, "unlocked")));
	json_decref(token);
	list = call("GET", "/v1/tokens", NULL, NULL, &code);
	assert_int_equal(json_array_size(json_object_get(list, "items")), 2);
	json_decref(list);
	/* The push is repeated until the signer has it. */
	fixture_start(fixture);
	fixture_await(fixture, "mesa", "unlocked", "true");
	activate("mesa");
	assert_sign_code(FIXTURE_DESK, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong_bodies),
		cmocka_unit_test(test_asked_evaluated_authorised),
		cmocka_unit_test(test_lock),
		cmocka_unit_test(test_suspended),
		cmocka_unit_test(test_ceased),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_holder_ceases),
		cmocka_unit_test(test_trouble_is_told_once),
		cmocka_unit_test(test_signer_down),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
