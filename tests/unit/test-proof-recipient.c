/*
 * Constancia and bundle for one recipient: he is named when there are several, nothing of the
 * others is in them, both rest on a signed head and stay the same while nothing more happens.
 */
#include "route.h"
#include "sends_fixture.h"

#include <string.h>

#include "api/record_json.h"
#include "base/error.h"
#include "provision/proof_check.h"

#define OTHER "oculto@otro.test"

static GBytes *get(Fixture *fixture, const char *path, const char *recipient, GError **error)
{
	g_autofree char *query =
		recipient != NULL ? g_strconcat("recipient=", recipient, NULL) : NULL;
	ApiResponse response;

	if (!route_call(&fixture->service, routes_sends, "GET", path, "s-1", query, NULL, &response,
		    error))
		return NULL;
	return response.bytes;
}

static void post_to_two(Fixture *fixture)
{
	json_t *intent = fixture_intent("s-1", NULL);

	json_array_append_new(json_object_get(intent, "recipients"), json_string(OTHER));
	json_decref(
		fixture_call(fixture, routes_sends, "POST", "/v1/sends", NULL, NULL, intent, NULL));
}

static gboolean shows(GBytes *bytes, const char *text)
{
	return memmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), text, strlen(text)) !=
	       NULL;
}

/* A bundle is stored, not packed, so what is in it can be seen from outside. */
static void test_bundle_of_one(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GBytes) one = NULL, all = NULL;

	post_to_two(fixture);
	one = get(fixture, "/v1/sends/{id}/proof", FIXTURE_CITIZEN, &error);
	assert_null(error);
	assert_true(shows(one, FIXTURE_CITIZEN));
	assert_true(shows(one, "%PDF-"));
	assert_false(shows(one, OTHER));
	assert_true(g_file_set_contents(
		fixture->bundle, g_bytes_get_data(one, NULL), (gssize)g_bytes_get_size(one), NULL));
	if (!proof_check(fixture->bundle, fixture->trust_pem, NULL, lines, &error))
		fail_msg("%s", error->message);
	all = get(fixture, "/v1/sends/{id}/proof", NULL, &error);
	assert_null(error);
	assert_true(shows(all, FIXTURE_CITIZEN) && shows(all, OTHER));
	assert_false(shows(all, "%PDF-"));
}

static void post_report(Fixture *fixture, const char *bytes, ReportKind kind, const char *from,
	const char *final_recipient)
{
	g_autoptr(ReportFacts) report = report_facts_new();
	ReportRecipient *line = report_recipient_new();

	report->kind = kind;
	report->stream = STREAM_INBOUND;
	report->queue_id = g_strdup("R1");
	report->envelope_sender = g_strdup("");
	report->from = g_strdup(from);
	report->original_message_id = g_strdup("m1@muni.test");
	report->original_sha256 = fixture_put_blob(fixture, bytes, strlen(bytes));
	line->final_recipient = g_strdup(final_recipient);
	line->action = g_strdup("failed");
	line->remote_mta = final_recipient != NULL
				   ? g_strconcat("dns; mx.", strchr(final_recipient, '@') + 1, NULL)
				   : NULL;
	g_ptr_array_add(report->recipients, line);
	json_decref(fixture_call(fixture, routes_events, "POST", "/v1/events", NULL, NULL,
		report_facts_to_json(report), NULL));
}

/* What came back from where a hidden recipient's mail goes on to shows nothing of him. */
static void test_other_addresses_of_others(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GBytes) one = NULL, all = NULL;

	post_to_two(fixture);
	post_report(fixture, "away, says casilla@otro.test", REPORT_AUTOMATIC, "casilla@otro.test",
		NULL);
	post_report(
		fixture, "no such user: reenvio@otro.test", REPORT_DSN, NULL, "reenvio@otro.test");
	post_report(fixture, "no such user: oculto@otro.test", REPORT_DSN, NULL, OTHER);
	post_report(fixture, "no such user: ciudadano", REPORT_DSN, NULL, FIXTURE_CITIZEN);
	one = get(fixture, "/v1/sends/{id}/proof", FIXTURE_CITIZEN, &error);
	assert_null(error);
	assert_false(shows(one, "otro.test"));
	assert_true(shows(one, "no such user: ciudadano"));
	assert_true(g_file_set_contents(
		fixture->bundle, g_bytes_get_data(one, NULL), (gssize)g_bytes_get_size(one), NULL));
	if (!proof_check(fixture->bundle, fixture->trust_pem, NULL, lines, &error))
		fail_msg("%s", error->message);
	all = get(fixture, "/v1/sends/{id}/proof", NULL, &error);
	assert_null(error);
	assert_true(shows(all, "away, says") && shows(all, "reenvio@otro.test"));
}

/* Two that differ by nothing but case are two. */
static void test_of_the_same_letters(void **state)
{
	Fixture *fixture = *state;
	json_t *intent = fixture_intent("s-1", NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bundle = NULL;

	json_array_append_new(json_object_get(intent, "recipients"), json_string("Ana@otro.test"));
	json_array_append_new(json_object_get(intent, "recipients"), json_string("ana@otro.test"));
	json_decref(
		fixture_call(fixture, routes_sends, "POST", "/v1/sends", NULL, NULL, intent, NULL));
	bundle = get(fixture, "/v1/sends/{id}/proof", "ana@otro.test", &error);
	assert_null(error);
	assert_true(shows(bundle, "ana@otro.test"));
	assert_false(shows(bundle, "Ana@otro.test"));
}

static void test_constancia_of_one(void **state)
{
	static const char *const paths[] = {
		"/v1/sends/{id}/constancia.pdf", "/v1/sends/{id}/constancia.png"};
	Fixture *fixture = *state;

	post_to_two(fixture);
	for (guint i = 0; i < G_N_ELEMENTS(paths); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GBytes) first = get(fixture, paths[i], FIXTURE_CITIZEN, &error);
		g_autoptr(GBytes) second = NULL, other = NULL;

		assert_null(error);
		fixture_now_s += 1000;
		second = get(fixture, paths[i], "CIUDADANO@ciudadano.test", &error);
		assert_null(error);
		assert_true(g_bytes_equal(first, second));
		other = get(fixture, paths[i], OTHER, &error);
		assert_null(error);
		assert_false(g_bytes_equal(first, other));
		assert_null(get(fixture, paths[i], NULL, &error));
		assert_error(error, ACUSE_ERROR_INVALID);
		g_clear_error(&error);
		assert_null(get(fixture, paths[i], "nadie@otro.test", &error));
		assert_error(error, ACUSE_ERROR_NOT_FOUND);
	}
	/* Who read is on record; the two that were refused read nothing. */
	assert_int_equal(fixture_count_leaves(fixture, "send.read"), 6);
}

static void test_no_signed_head(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) later = NULL;

	post_to_two(fixture);
	fixture_sealed = FALSE;
	assert_null(get(fixture, "/v1/sends/{id}/constancia.pdf", FIXTURE_CITIZEN, &error));
	assert_error(error, ACUSE_ERROR_TOKEN_LOCKED);
	g_clear_error(&error);
	fixture_sealed = TRUE;
	later = get(fixture, "/v1/sends/{id}/constancia.pdf", FIXTURE_CITIZEN, &error);
	assert_non_null(later);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(test_bundle_of_one),
		WITH(test_other_addresses_of_others),
		WITH(test_of_the_same_letters),
		WITH(test_constancia_of_one),
		WITH(test_no_signed_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
