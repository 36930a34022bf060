/* Sends: what an intent must be, repeats, the final bytes, the reconciler, reading. */
#include "sends_fixture.h"

#include <string.h>

#include "base/error.h"
#include "cms/digest.h"
#include "provision/reconcile.h"
#include "signer/permit.h"

#define OTHER_DIGEST "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static json_t *post_intent(Fixture *fixture, json_t *body, GError **error)
{
	return fixture_call(fixture, routes_sends, "POST", "/v1/sends", NULL, NULL, body, error);
}

static void test_wrong_intents(void **state)
{
	static const struct {
		const char *member, *value; /* JSON; NULL: left out */
	} cases[] = {
		{"id", "\"a/b\""},
		{"id", NULL},
		{"token", "\"short\""},
		{"class", "\"secret\""},
		{"login", "\"\""},
		{"mailbox", "\"nobody\""},
		{"mailbox", "\"a b@muni.test\""},
		{"message_id", "7"},
		{"subject", "7"},
		{"recipients", "[]"},
		{"recipients", "[\"\"]"},
		{"recipients", "[1]"},
		{"recipients", NULL},
		{"queue_id", "\"4f/..\""},
		{"content_sha256", "\"abc\""},
		{"entity_sha256", "\"abc\""},
		{"entity_sha256", "null"},
		{"sign", "\"yes\""},
		{"expediente", "\"a b\""},
		{"surplus", "1"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		json_t *body = fixture_intent("s-1", DIGEST);

		if (cases[i].value == NULL)
			json_object_del(body, cases[i].member);
		else
			json_object_set_new(body, cases[i].member,
				json_loads(cases[i].value, JSON_DECODE_ANY, NULL));
		assert_null(post_intent(*state, body, &error));
		assert_error(error, ACUSE_ERROR_INVALID);
		assert_non_null(strstr(error->message, cases[i].member));
	}
	assert_int_equal(store_tree_size(((Fixture *)*state)->service.store), 0);
}

static void test_refused_intents(void **state)
{
	static const struct {
		const char *member, *value;
		AccountState login_state;
		gint64 age_s;
		gboolean bound;
		int code;
	} cases[] = {
		{NULL, NULL, ACCOUNT_ACTIVE, 901, TRUE, ACUSE_ERROR_STALE_DIRECTORY},
		{NULL, NULL, ACCOUNT_SUSPENDED, 0, TRUE, ACUSE_ERROR_ACCOUNT_INACTIVE},
		{NULL, NULL, ACCOUNT_CEASED, 0, TRUE, ACUSE_ERROR_ACCOUNT_INACTIVE},
		{"login", "nobody", ACCOUNT_ACTIVE, 0, TRUE, ACUSE_ERROR_ACCOUNT_INACTIVE},
		{"mailbox", "alcaldia@muni.test", ACCOUNT_ACTIVE, 0, TRUE,
			ACUSE_ERROR_NOT_AUTHORISED},
		{"mailbox", "other@muni.test", ACCOUNT_ACTIVE, 0, TRUE, ACUSE_ERROR_NOT_AUTHORISED},
		{NULL, NULL, ACCOUNT_ACTIVE, 0, FALSE, ACUSE_ERROR_NO_BINDING},
		{"expediente", "2026-999999", ACCOUNT_ACTIVE, 0, TRUE,
			ACUSE_ERROR_EXPEDIENTE_UNKNOWN},
		{"expediente", NULL, ACCOUNT_ACTIVE, 0, TRUE, ACUSE_ERROR_EXPEDIENTE_UNKNOWN},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		json_t *body = fixture_intent("s-1", DIGEST);

		if (cases[i].member != NULL)
			json_object_set_new(body, cases[i].member,
				cases[i].value == NULL ? json_null() : json_string(cases[i].value));
		fixture_login_state = cases[i].login_state;
		fixture_directory_age_s = cases[i].age_s;
		fixture_bound = cases[i].bound;
		assert_null(post_intent(*state, body, &error));
		assert_error(error, cases[i].code);
	}
	assert_int_equal(store_tree_size(((Fixture *)*state)->service.store), 0);
}

static void test_intent(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	json_t *answer = post_intent(fixture, fixture_intent("s-1", DIGEST), &error);
	g_autoptr(Permit) permit = NULL;

	assert_null(error);
	permit = permit_check(fixture->service.permit_key,
		json_string_value(json_object_get(answer, "permit")), FIXTURE_NOW, &error);
	assert_non_null(permit);
	assert_string_equal(permit->send_id, "s-1");
	assert_string_equal(permit->entity_sha256, DIGEST);
	json_decref(answer);
	assert_int_equal(store_tree_size(fixture->service.store), 2);
	for (guint64 i = 0; i < 2; i++) {
		g_autofree char *leaf = store_leaf(fixture->service.store, i, NULL);

		assert_null(strstr(leaf, FIXTURE_CITIZEN));
		assert_null(strstr(leaf, FIXTURE_MAILBOX));
		assert_null(strstr(leaf, "NOTIFICACION Exp"));
	}
	fixture_assert_state(fixture, "s-1", "intent");
	/* Asked again by a client that got no answer; then with other content under the same id. */
	answer = post_intent(fixture, fixture_intent("s-1", DIGEST), &error);
	assert_null(error);
	assert_true(json_is_string(json_object_get(answer, "permit")));
	json_decref(answer);
	assert_int_equal(store_tree_size(fixture->service.store), 2);
	assert_null(post_intent(fixture, fixture_intent("s-1", OTHER_DIGEST), &error));
	assert_error(error, ACUSE_ERROR_CONFLICT);
}

/* What clients write may be odd and is taken all the same: a tab, no Message-ID, a recipient twice.
 */
static void test_odd_intents(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(GError) error = NULL;

	for (int i = 0; i < 2; i++) {
		g_autofree char *id = g_strdup_printf("s-%d", i);
		json_t *body = fixture_intent(id, NULL), *send;

		json_object_set_new(body, "message_id", json_null());
		json_object_set_new(body, "subject", json_string("a\tb"));
		json_object_set_new(
			body, "recipients", json_pack("[s, s, s]", "root", "a@b.test", "a@b.test"));
		json_decref(post_intent(fixture, body, &error));
		assert_null(error);
		send = fixture_send(fixture, id);
		assert_int_equal(json_array_size(json_object_get(send, "recipients")), 2);
		assert_string_equal(json_string_value(json_object_get(send, "state")), "intent");
		json_decref(send);
	}
	/* Without Message-ID nothing is a repeat. */
	fixture_assert_state(fixture, "s-0", "intent");
}

/* What leads a report to a send cannot be taken over by a later one. */
static void test_claimed_ids(void **state)
{
	static const char *const members[] = {"token", "queue_id"};
	Fixture *fixture = *state;
	json_t *first = fixture_intent("s-first", NULL);
	g_autoptr(GError) none = NULL;

	json_decref(post_intent(fixture, json_incref(first), &none));
	assert_null(none);
	for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
		json_t *other = fixture_intent("s-other", NULL);
		g_autoptr(GError) error = NULL;

		json_object_set_new(other, "message_id", json_string("other@muni.test"));
		json_object_set(other, members[i], json_object_get(first, members[i]));
		assert_null(post_intent(fixture, other, &error));
		assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT));
	}
	json_decref(first);
	assert_int_equal(fixture_count_leaves(fixture, "send.intent"), 1);
}

static void test_unsigned_has_no_permit(void **state)
{
	g_autoptr(GError) error = NULL;
	json_t *answer;

	fixture_bound = FALSE;
	answer = post_intent(*state, fixture_intent("s-1", NULL), &error);
	assert_null(error);
	assert_true(json_is_null(json_object_get(answer, "permit")));
	json_decref(answer);
}

static json_t *prepared_body(const char *digest)
{
	return json_pack("{s:s, s:i, s:s, s:n, s:n}", "message_sha256", digest, "size", 5,
		"queue_id", "sQ1", "certificate_sha256", "cms_sha256");
}

static json_t *post_prepared(Fixture *fixture, const char *id, const char *digest, GError **error)
{
	json_t *body = prepared_body(digest);
	g_autofree char *queue_id = g_strdelimit(g_strdup(id), "-", 'P');

	json_object_set_new(body, "queue_id", json_string(queue_id));
	return fixture_call(
		fixture, routes_sends, "POST", "/v1/sends/{id}/prepared", id, NULL, body, error);
}

static json_t *intent_with_prepared(const char *id, const char *entity, const char *digest)
{
	json_t *body = fixture_intent(id, entity);

	json_object_set_new(body, "prepared", prepared_body(digest));
	return body;
}

/* What is not signed: both in one call, which may be asked again. */
static void test_prepared_with_intent(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	g_autofree char *digest = fixture_put_blob(fixture, "bytes", 5);
	g_autofree char *other = fixture_put_blob(fixture, "other", 5);

	assert_null(post_intent(fixture, intent_with_prepared("s-1", DIGEST, digest), &error));
	assert_error(error, ACUSE_ERROR_INVALID);
	g_clear_error(&error);
	assert_null(post_intent(fixture, intent_with_prepared("s-1", NULL, OTHER_DIGEST), &error));
	assert_error(error, ACUSE_ERROR_INVALID);
	g_clear_error(&error);
	assert_int_equal(store_tree_size(fixture->service.store), 0);
	for (int i = 0; i < 2; i++) {
		json_decref(
			post_intent(fixture, intent_with_prepared("s-1", NULL, digest), &error));
		assert_null(error);
	}
	fixture_assert_state(fixture, "s-1", "prepared");
	assert_int_equal(fixture_count_leaves(fixture, "send.intent"), 1);
	assert_int_equal(fixture_count_leaves(fixture, "send.prepared"), 1);
	assert_null(post_intent(fixture, intent_with_prepared("s-1", NULL, other), &error));
	assert_error(error, ACUSE_ERROR_CONFLICT);
	g_clear_error(&error);
	assert_null(post_intent(fixture, fixture_intent("s-1", NULL), &error));
	assert_error(error, ACUSE_ERROR_CONFLICT);
}

static void test_superseded(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	g_autofree char *digest = fixture_put_blob(fixture, "bytes", 5);

	json_decref(post_intent(fixture, fixture_intent("s-1", NULL), &error));
	json_decref(post_intent(fixture, fixture_intent("s-2", NULL), &error));
	assert_null(error);
	fixture_assert_state(fixture, "s-1", "not_released");
	fixture_assert_state(fixture, "s-2", "intent");
	assert_int_equal(fixture_count_leaves(fixture, "send.not_released"), 1);
	/* The first client comes back too late: only one of them leaves. */
	assert_null(post_prepared(fixture, "s-1", digest, &error));
	assert_error(error, ACUSE_ERROR_CONFLICT);
}

static void test_other_mail_is_no_repeat(void **state)
{
	static const struct {
		const char *member, *value;
	} cases[] = {
		{"message_id", "\"m2@muni.test\""},
		{"content_sha256", "\"" DIGEST "\""},
		{"recipients", "[\"otra@ciudadano.test\"]"},
		{"mailbox", "\"rmoralesa@muni.test\""},
	};
	Fixture *fixture = *state;

	fixture_prepare(fixture, "s-1", "bytes");
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *id = g_strdup_printf("t-%zu", i);
		json_t *body = fixture_intent(id, NULL);

		json_object_set_new(
			body, cases[i].member, json_loads(cases[i].value, JSON_DECODE_ANY, NULL));
		json_decref(post_intent(fixture, body, &error));
		assert_null(error);
	}
}

static void test_repeats(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	json_t *body = fixture_intent("s-2", NULL);

	fixture_prepare(fixture, "s-1", "bytes");
	assert_null(post_intent(fixture, json_deep_copy(body), &error));
	assert_error(error, ACUSE_ERROR_REPEAT_UNDECIDED);
	g_clear_error(&error);
	fixture_settle(fixture, "other");
	fixture_assert_state(fixture, "s-1", "prepared");
	fixture_settle(fixture, "sQ1");
	fixture_assert_state(fixture, "s-1", "released");
	assert_int_equal(fixture_count_leaves(fixture, "send.released"), 1);
	/* Order and case of recipients make no other mail. */
	json_object_set_new(body, "recipients", json_pack("[s]", "Ciudadano@CIUDADANO.test"));
	assert_null(post_intent(fixture, body, &error));
	assert_error(error, ACUSE_ERROR_REPEAT_RELEASED);
	assert_int_equal(fixture_count_leaves(fixture, "send.repeated"), 1);
	assert_int_equal(fixture_count_leaves(fixture, "send.intent"), 1);
}

static void test_not_released(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(GError) error = NULL;

	fixture_prepare(fixture, "s-1", "bytes");
	fixture_now_s += 900;
	fixture_settle(fixture, NULL);
	fixture_assert_state(fixture, "s-1", "prepared");
	fixture_now_s += 1;
	fixture_settle(fixture, NULL);
	fixture_assert_state(fixture, "s-1", "not_released");
	json_decref(post_intent(fixture, fixture_intent("s-2", NULL), &error));
	assert_null(error);
	fixture_assert_state(fixture, "s-2", "intent");
}

static void test_prepared(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	g_autofree char *digest = NULL, *other = NULL;

	json_decref(post_intent(fixture, fixture_intent("s-1", NULL), &error));
	assert_null(post_prepared(fixture, "s-1", DIGEST, &error));
	assert_error(error, ACUSE_ERROR_INVALID);
	g_clear_error(&error);
	fixture_assert_state(fixture, "s-1", "intent");
	digest = fixture_put_blob(fixture, "bytes", 5);
	other = fixture_put_blob(fixture, "other", 5);
	assert_null(post_prepared(fixture, "none", digest, &error));
	assert_error(error, ACUSE_ERROR_NOT_FOUND);
	g_clear_error(&error);
	for (int i = 0; i < 2; i++) {
		json_decref(post_prepared(fixture, "s-1", digest, &error));
		assert_null(error);
	}
	assert_int_equal(fixture_count_leaves(fixture, "send.prepared"), 1);
	assert_null(post_prepared(fixture, "s-1", other, &error));
	assert_error(error, ACUSE_ERROR_CONFLICT);
}

static void test_signed_needs_certificate(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	g_autofree char *digest = fixture_put_blob(fixture, "bytes", 5);

	json_decref(post_intent(fixture, fixture_intent("s-1", DIGEST), &error));
	assert_null(post_prepared(fixture, "s-1", digest, &error));
	assert_error(error, ACUSE_ERROR_INVALID);
	fixture_assert_state(fixture, "s-1", "intent");
}

static void test_reading(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes = NULL;

	json_decref(post_intent(fixture, fixture_intent("s-0", NULL), &error));
	assert_null(fixture_read(fixture, "/v1/sends/{id}/message", "s-0", &error));
	assert_error(error, ACUSE_ERROR_NOT_FOUND);
	g_clear_error(&error);
	fixture_prepare(fixture, "s-1", "bytes");
	bytes = fixture_read(fixture, "/v1/sends/{id}/message", "s-1", &error);
	assert_int_equal(g_bytes_get_size(bytes), 5);
	assert_memory_equal(g_bytes_get_data(bytes, NULL), "bytes", 5);
	assert_int_equal(fixture_count_leaves(fixture, "send.read"), 1);
}

static void test_list(void **state)
{
	static const struct {
		const char *query, *ids; /* newest first; NULL: refused */
	} cases[] = {
		{NULL, "s-3 s-2 s-1 "},
		{"state=prepared", "s-3 s-2 s-1 "},
		{"state=released", ""},
		{"state=lost", NULL},
		{"mailbox=secretaria.general@muni.test", "s-3 s-2 s-1 "},
		{"mailbox=other@muni.test", ""},
		{"message_id=m2@muni.test", "s-2 "},
		{"message_id=m2", ""},
		{"expediente=" FIXTURE_EXPEDIENTE, "s-3 s-2 s-1 "},
		{"limit=2", "s-3 s-2 "},
		{"limit=0", NULL},
		{"after=00000000000000000002", "s-1 "},
		{"after=2", NULL},
	};
	Fixture *fixture = *state;
	g_autofree char *digest = fixture_put_blob(fixture, "bytes", 5);

	for (int i = 1; i <= 3; i++) {
		g_autofree char *id = g_strdup_printf("s-%d", i),
				*message_id = g_strdup_printf("m%d@muni.test", i);
		json_t *body = fixture_intent(id, NULL);

		json_object_set_new(body, "message_id", json_string(message_id));
		json_decref(post_intent(fixture, body, NULL));
		json_decref(post_prepared(fixture, id, digest, NULL));
	}
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GString) ids = g_string_new(NULL);
		json_t *list = fixture_call(fixture, routes_sends, "GET", "/v1/sends", NULL,
			cases[i].query, NULL, &error);
		json_t *send;
		size_t j;

		json_array_foreach(json_object_get(list, "items"), j, send)
			g_string_append_printf(
				ids, "%s ", json_string_value(json_object_get(send, "id")));
		if (cases[i].ids == NULL)
			assert_error(error, ACUSE_ERROR_INVALID);
		else
			assert_string_equal(ids->str, cases[i].ids);
		json_decref(list);
	}
}

static void test_queue_ids(void **state)
{
	static const struct {
		const char *output;
		int count; /* -1: refused */
	} cases[] = {
		{"", 0},
		{"{\"queue_name\": \"deferred\", \"queue_id\": \"4XyZ\", \"recipients\": []}\n", 1},
		{"{\"queue_id\": \"A1\"}\n{\"queue_id\": \"A2\"}\n", 2},
		{"postqueue: fatal: mail system is down\n", -1},
		{"{\"queue_name\": \"active\"}\n", -1},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GHashTable) ids = reconcile_queue_ids(cases[i].output, NULL);

		assert_int_equal(ids == NULL ? -1 : (int)g_hash_table_size(ids), cases[i].count);
	}
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(test_wrong_intents),
		WITH(test_refused_intents),
		WITH(test_intent),
		WITH(test_odd_intents),
		WITH(test_claimed_ids),
		WITH(test_unsigned_has_no_permit),
		WITH(test_prepared_with_intent),
		WITH(test_superseded),
		WITH(test_other_mail_is_no_repeat),
		WITH(test_repeats),
		WITH(test_not_released),
		WITH(test_prepared),
		WITH(test_signed_needs_certificate),
		WITH(test_reading),
		WITH(test_list),
		cmocka_unit_test(test_queue_ids),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
