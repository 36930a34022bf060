/* Facts of a report as JSON: round trips, strict reading, limits at and one over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "api/record_json.h"
#include "base/error.h"

#define MAX_STRING (256 * 1024)
#define SHA "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static ReportFacts *make_full(void)
{
	ReportFacts *report = report_facts_new();
	ReportRecipient *recipient = report_recipient_new();

	report->kind = REPORT_DSN;
	report->stream = STREAM_INTERNAL;
	report->client_address = g_strdup("192.0.2.1");
	report->queue_id = g_strdup("4Report");
	report->token = g_strdup("aaaaaaaaaaaaaaaaaaaaaaaaaaaaa234");
	report->envelope_sender = g_strdup("");
	report->from = g_strdup("mailer-daemon@muni.test");
	report->authentication_results = g_strdup("m; dmarc=pass\nm; spf=\"ñ\"");
	report->message_id = g_strdup("r@muni.test");
	report->date = g_strdup("Sat, 21 Nov 2026 20:53:56 +0000");
	report->envid = g_strdup("e");
	report->postfix_queue_id = g_strdup("4First");
	report->reporting_mta = g_strdup("mail.muni.test");
	report->original_message_id = g_strdup("1@muni.test");
	report->references = g_strsplit("a@b c@d", " ", -1);
	report->disposition = g_strdup("displayed");
	report->original_sha256 = g_strdup(SHA);
	recipient->final_recipient = g_strdup("ciudadano@ciudadano.test");
	recipient->original_recipient = g_strdup("x@ciudadano.test");
	recipient->action = g_strdup("relayed");
	recipient->status = g_strdup("2.0.0");
	recipient->diagnostic = g_strdup("250 2.0.0 OK \x01 \"gsmtp\"");
	recipient->remote_mta = g_strdup("mx.ciudadano.test");
	g_ptr_array_add(report->recipients, recipient);
	g_ptr_array_add(report->recipients, report_recipient_new());
	return report;
}

/* Every member is there, and the same text comes out after a round trip. */
static void test_round_trip(void **state)
{
	g_autoptr(ReportFacts) report = make_full(), copy = NULL;
	g_autoptr(GError) error = NULL;
	json_t *json = report_facts_to_json(report), *again;
	const ReportRecipient *recipient;

	(void)state;
	assert_int_equal(json_object_size(json), 18);
	assert_int_equal(
		json_object_size(json_array_get(json_object_get(json, "recipients"), 0)), 6);
	copy = report_facts_from_json(json, &error);
	assert_null(error);
	assert_non_null(copy);
	again = report_facts_to_json(copy);
	assert_true(json_equal(json, again));
	assert_int_equal(copy->kind, REPORT_DSN);
	assert_int_equal(copy->stream, STREAM_INTERNAL);
	assert_string_equal(copy->envelope_sender, "");
	assert_string_equal(copy->references[1], "c@d");
	assert_null(copy->references[2]);
	recipient = copy->recipients->pdata[0];
	assert_string_equal(recipient->diagnostic, "250 2.0.0 OK \x01 \"gsmtp\"");
	recipient = copy->recipients->pdata[1];
	assert_null(recipient->final_recipient);
	json_decref(json);
	json_decref(again);
}

static void test_empty(void **state)
{
	g_autoptr(ReportFacts) report = report_facts_new(), copy = NULL;
	json_t *json = report_facts_to_json(report);

	(void)state;
	copy = report_facts_from_json(json, NULL);
	assert_non_null(copy);
	assert_int_equal(copy->kind, REPORT_NONE);
	assert_int_equal(copy->stream, STREAM_UNKNOWN);
	assert_null(copy->token);
	json_decref(json);
}

static void test_strict(void **state)
{
	static const struct {
		const char *text;
		gboolean good;
	} cases[] = {
		{"{\"kind\":\"dsn\",\"stream\":\"INBOUND\"}", TRUE},
		{"{\"kind\":\"dsn\",\"stream\":\"INBOUND\",\"token\":null,\"references\":null}",
			TRUE},
		{"{\"kind\":\"mdn\",\"stream\":\"LOCAL\",\"recipients\":[{}]}", TRUE},
		{"{\"kind\":\"mdn\",\"stream\":\"LOCAL\",\"original_sha256\":\"" SHA "\"}", TRUE},
		{"[]", FALSE},
		{"{}", FALSE},
		{"{\"kind\":\"dsn\"}", FALSE},
		{"{\"stream\":\"INBOUND\"}", FALSE},
		{"{\"kind\":\"DSN\",\"stream\":\"INBOUND\"}", FALSE},
		{"{\"kind\":1,\"stream\":\"INBOUND\"}", FALSE},
		{"{\"kind\":null,\"stream\":\"INBOUND\"}", FALSE},
		{"{\"kind\":\"dsn\",\"stream\":\"OUTBOUND\"}", FALSE},
		{"{\"kind\":\"dsn\",\"stream\":7}", FALSE},
		{"{\"kind\":\"dsn\",\"stream\":\"INBOUND\",\"counts\":true}", FALSE},
		{"{\"kind\":\"dsn\",\"stream\":\"INBOUND\",\"token\":7}", FALSE},
		{"{\"kind\":\"dsn\",\"stream\":\"INBOUND\",\"token\":[]}", FALSE},
		{"{\"kind\":\"dsn\",\"stream\":\"INBOUND\",\"references\":\"a\"}", FALSE},
		{"{\"kind\":\"dsn\",\"stream\":\"INBOUND\",\"references\":[1]}", FALSE},
		{"{\"kind\":\"dsn\",\"stream\":\"INBOUND\",\"references\":[\"a\",null]}", FALSE},
		{"{\"kind\":\"dsn\",\"stream\":\"INBOUND\",\"recipients\":{}}", FALSE},
		{"{\"kind\":\"dsn\",\"stream\":\"INBOUND\",\"recipients\":[1]}", FALSE},
		{"{\"kind\":\"dsn\",\"stream\":\"INBOUND\",\"recipients\":[{\"x\":\"y\"}]}", FALSE},
		{"{\"kind\":\"dsn\",\"stream\":\"INBOUND\",\"recipients\":[{\"action\":1}]}",
			FALSE},
		{"{\"kind\":\"dsn\",\"stream\":\"INBOUND\",\"original_sha256\":\"00\"}", FALSE},
		{"{\"kind\":\"dsn\",\"stream\":\"INBOUND\",\"original_sha256\":\"../../etc/"
		 "passwd\"}",
			FALSE},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(ReportFacts) report = NULL;
		json_t *json = json_loads(cases[i].text, 0, NULL);

		assert_non_null(json);
		report = report_facts_from_json(json, &error);
		if ((report != NULL) != cases[i].good)
			fail_msg("%s: %s", cases[i].text, error != NULL ? error->message : "taken");
		if (report == NULL)
			assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_INVALID));
		json_decref(json);
	}
}

static gboolean takes_string(gsize size)
{
	g_autofree char *text = g_strnfill(size, 'x');
	g_autoptr(ReportFacts) report = NULL;
	json_t *json =
		json_pack("{s:s,s:s,s:s}", "kind", "dsn", "stream", "INBOUND", "envid", text);

	report = report_facts_from_json(json, NULL);
	json_decref(json);
	return report != NULL;
}

/* A list of count copies of item (consumed) as the named member. */
static gboolean takes_list(const char *name, json_t *item, gsize count)
{
	json_t *list = json_array();
	g_autoptr(ReportFacts) report = NULL;
	json_t *json = json_pack("{s:s,s:s,s:o}", "kind", "dsn", "stream", "INBOUND", name, list);

	for (gsize i = 0; i < count; i++)
		json_array_append(list, item);
	report = report_facts_from_json(json, NULL);
	json_decref(item);
	json_decref(json);
	return report != NULL;
}

static void test_limits(void **state)
{
	(void)state;
	assert_true(takes_string(MAX_STRING));
	assert_false(takes_string(MAX_STRING + 1));
	assert_true(takes_list("references", json_string("a"), 10000));
	assert_false(takes_list("references", json_string("a"), 10001));
	assert_true(takes_list("recipients", json_object(), 10000));
	assert_false(takes_list("recipients", json_object(), 10001));
}

/* What strangers made too large or not UTF-8 is cut, not refused: the evidence itself is kept as a
 * blob. */
static void test_oversized_report(void **state)
{
	g_autoptr(ReportFacts) report = report_facts_new(), copy = NULL;
	g_autofree char *wide = g_strnfill(MAX_STRING - 1, 'x');
	json_t *json;

	(void)state;
	report->envid = g_strconcat(wide, "ñ", NULL);
	report->date = g_strdup("\xff\xfe");
	report->references = g_new0(char *, 10003);
	for (guint i = 0; i < 10002; i++) {
		report->references[i] = g_strdup("a@b");
		g_ptr_array_add(report->recipients, report_recipient_new());
	}
	json = report_facts_to_json(report);
	copy = report_facts_from_json(json, NULL);
	assert_non_null(copy);
	assert_string_equal(copy->envid, wide);
	assert_true(g_utf8_validate(copy->date, -1, NULL));
	assert_int_equal(g_strv_length(copy->references), 10000);
	assert_int_equal(copy->recipients->len, 10000);
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_strict),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_oversized_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
