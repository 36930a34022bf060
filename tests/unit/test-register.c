/* The register: what is kept and what was replaced, lists taken whole or not at all, and what it
 * says to an intent in each mode (P10, S10, D9). */
#include "sends_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "provision/row.h"

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ADDRESS "/v1/expedientes/{number}/authorisations/{address}"
#define IMPORT "/v1/expedientes/import"
#define IMPORT_AUTHORISATIONS "/v1/expedientes/import-authorisations"
#define WITHDRAW ADDRESS "/withdraw"

static json_t *call(Fixture *fixture, const char *method, const char *path, const char *argument,
	json_t *body, GError **error)
{
	return fixture_call(fixture, routes_expedientes, method, path, argument, NULL, body, error);
}

/* The answer as text; "" after an error, which must be of this code (0: none). */
static char *say(Fixture *fixture, const char *method, const char *path, const char *argument,
	json_t *body, int code)
{
	g_autoptr(GError) error = NULL;
	json_auto_t *answer = call(fixture, method, path, argument, body, &error);
	char *text, *copy;

	if (error != NULL && error->code != code)
		fail_msg("%s %s: %s", path, argument, error->message);
	if (error == NULL && code != 0)
		fail_msg("%s %s: no error", path, argument);
	if (error != NULL)
		return g_strdup("");
	text = json_dumps(answer, JSON_COMPACT);
	copy = g_strdup(text);
	free(text);
	return copy;
}

static void put(Fixture *fixture, const char *number, const char *subject)
{
	g_autofree char *text = say(fixture, "PUT", "/v1/expedientes/{number}", number,
		json_pack("{s:s}", "subject", subject), 0);
}

static void authorise(Fixture *fixture, const char *argument, const char *date, int code)
{
	g_autofree char *text = say(fixture, "PUT", ADDRESS, argument,
		json_pack("{s:s, s:s, s:s, s:s}", "document", "Solicitud f. 3", "date", date,
			"holder", "Juan Quispe", "holder_document", "40000009"),
		code);
}

static void withdraw(Fixture *fixture, const char *argument, const char *date, int code)
{
	g_autofree char *text = say(fixture, "POST", WITHDRAW, argument,
		json_pack("{s:s, s:s}", "document", "Carta f. 9", "date", date), code);
}

static json_t *show(Fixture *fixture, const char *number)
{
	g_autoptr(GError) error = NULL;
	json_t *row = call(fixture, "GET", "/v1/expedientes/{number}", number, NULL, &error);

	assert_null(error);
	return row;
}

static void test_history(void **state)
{
	Fixture *fixture = *state;
	guint64 before;
	json_t *row, *history, *known;

	put(fixture, "2026-000001", "Licencia");
	put(fixture, "2026-000001", "Licencia de obra");
	authorise(fixture, "2026-000001 Juan@Correo.TEST", "2026-01-05", 0);
	authorise(fixture, "2026-000001 Juan@correo.test", "2026-02-05", 0);
	withdraw(fixture, "2026-000001 Juan@correo.test", "2026-03-05", 0);
	before = store_tree_size(fixture->service.store);
	assert_int_equal(before, 5);
	/* The same again is nothing new. */
	put(fixture, "2026-000001", "Licencia de obra");
	withdraw(fixture, "2026-000001 Juan@correo.test", "2026-03-05", 0);
	assert_int_equal(store_tree_size(fixture->service.store), before);

	row = show(fixture, "2026-000001");
	history = json_object_get(row, "history");
	assert_int_equal(json_array_size(history), 5);
	assert_true(json_is_null(json_object_get(json_array_get(history, 0), "before")));
	assert_string_equal(
		row_text(json_object_get(json_array_get(history, 1), "before"), "subject"),
		"Licencia");
	assert_string_equal(row_text(json_object_get(json_array_get(history, 3), "before"), "date"),
		"2026-01-05");
	assert_string_equal(row_text(json_array_get(history, 4), "event"), "withdrawn");
	known = json_object_get(json_object_get(row, "authorisations"), "Juan@correo.test");
	assert_string_equal(row_text(known, "date"), "2026-02-05");
	assert_string_equal(row_text(json_object_get(known, "withdrawn"), "date"), "2026-03-05");
	json_decref(row);
	for (guint64 i = 0; i < before; i++) {
		g_autofree char *leaf = store_leaf(fixture->service.store, i, NULL);

		assert_null(strstr(leaf, "correo.test"));
		assert_null(strstr(leaf, "Quispe"));
		assert_null(strstr(leaf, "40000009"));
		assert_null(strstr(leaf, "Licencia"));
	}
}

static void test_refused_entries(void **state)
{
	Fixture *fixture = *state;

	put(fixture, "2026-000001", "Licencia");
	authorise(fixture, "2026-1 a@b.test", "2026-01-05", ACUSE_ERROR_INVALID);
	authorise(fixture, "2026-000001 nobody", "2026-01-05", ACUSE_ERROR_INVALID);
	authorise(fixture, "2026-000001 a@b.test", "2026-02-30", ACUSE_ERROR_INVALID);
	authorise(fixture, "2026-000002 a@b.test", "2026-01-05", ACUSE_ERROR_NOT_FOUND);
	withdraw(fixture, "2026-000001 a@b.test", "2026-01-05", ACUSE_ERROR_NOT_FOUND);
	authorise(fixture, "2026-000001 a@b.test", "2026-01-05", 0);
	withdraw(fixture, "2026-000001 a@b.test", "2026-01-04", ACUSE_ERROR_CONFLICT);
	assert_int_equal(store_tree_size(fixture->service.store), 2);
}

static json_t *list_of(gboolean dry_run, const char *rows)
{
	return json_pack("{s:b, s:o}", "dry_run", dry_run, "rows", json_loads(rows, 0, NULL));
}

static void test_import(void **state)
{
	static const char rows[] =
		"[{\"line\":2,\"number\":\"2026-000001\",\"subject\":\"Licencia\"},"
		"{\"line\":3,\"number\":\"2026-000002\",\"subject\":\"Otro\",\"matter\":\"obra\"},"
		"{\"line\":4,\"number\":\"2026-000003\",\"subject\":\"Igual\"}]";
	Fixture *fixture = *state;
	g_autofree char *dry = NULL, *done = NULL, *authorised = NULL, *listed = NULL;

	put(fixture, "2026-000002", "Antes");
	put(fixture, "2026-000003", "Igual");
	dry = say(fixture, "POST", IMPORT, NULL, list_of(TRUE, rows), 0);
	assert_non_null(strstr(dry, "\"dry_run\":true,\"new\":1,\"changed\":1,\"same\":1"));
	assert_int_equal(store_tree_size(fixture->service.store), 2);
	done = say(fixture, "POST", IMPORT, NULL, list_of(FALSE, rows), 0);
	assert_non_null(
		strstr(done, "{\"line\":3,\"number\":\"2026-000002\",\"outcome\":\"changed\"}"));
	assert_int_equal(store_tree_size(fixture->service.store), 4);
	authorised = say(fixture, "POST", IMPORT_AUTHORISATIONS, NULL,
		list_of(FALSE,
			"[{\"number\":\"2026-000001\",\"address\":\"a@b.test\",\"document\":\"d\","
			"\"date\":\"2026-01-05\",\"holder\":\"h\"}]"),
		0);
	assert_non_null(strstr(authorised, "\"address\":\"a@b.test\""));
	listed = say(fixture, "GET", "/v1/expedientes", NULL, NULL, 0);
	assert_non_null(strstr(listed, "\"number\":\"2026-000001\",\"subject\":\"Licencia\""));
	assert_non_null(strstr(listed, "\"authorisations\":1"));
}

/* All or nothing, and the line. */
static void test_import_refused(void **state)
{
	static const struct {
		const char *path, *rows, *why;
	} cases[] = {
		{IMPORT,
			"[{\"line\":2,\"number\":\"2026-000009\",\"subject\":\"a\"},"
			"{\"line\":3,\"number\":\"9\",\"subject\":\"a\"}]",
			"line 3: number:"},
		{IMPORT,
			"[{\"line\":2,\"number\":\"2026-000009\",\"subject\":\"a\"},"
			"{\"line\":7,\"number\":\"2026-000009\",\"subject\":\"b\"}]",
			"line 7: 2026-000009: stands in line 2 too"},
		{IMPORT, "[{\"line\":2,\"number\":\"2026-000009\"}]",
			"line 2: subject: is missing"},
		{IMPORT, "[{\"number\":\"2026-000009\",\"colour\":\"a\"}]", "line 1: colour:"},
		{IMPORT, "[7]", "line 1: number: is missing"},
		{IMPORT_AUTHORISATIONS,
			"[{\"line\":2,\"number\":\"2026-001234\",\"address\":\"a@b.test\","
			"\"document\":\"d\",\"date\":\"2026-01-05\",\"holder\":\"h\"},"
			"{\"line\":3,\"number\":\"2026-777777\",\"address\":\"a@b.test\","
			"\"document\":\"d\",\"date\":\"2026-01-05\",\"holder\":\"h\"}]",
			"line 3: expediente 2026-777777 is not registered"},
	};
	Fixture *fixture = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		for (int dry_run = 0; dry_run < 2; dry_run++) {
			g_autoptr(GError) error = NULL;

			assert_null(call(fixture, "POST", cases[i].path, NULL,
				list_of(dry_run != 0, cases[i].rows), &error));
			if (strstr(error->message, cases[i].why) == NULL)
				fail_msg("%zu: %s", i, error->message);
			assert_int_equal(store_tree_size(fixture->service.store), 0);
		}
	}
}

static json_t *post_intent(Fixture *fixture, const char *class_name, const char *expediente,
	const char *recipient, GError **error)
{
	gboolean sign = strcmp(class_name, "notification") == 0;
	json_t *body = fixture_intent("s-1", sign ? DIGEST : NULL);

	json_object_set_new(body, "class", json_string(class_name));
	json_object_set_new(body, "expediente", json_pack("s?", expediente));
	json_object_set_new(body, "recipients", json_pack("[s, s]", "jefe@muni.test", recipient));
	return fixture_call(fixture, routes_sends, "POST", "/v1/sends", NULL, NULL, body, error);
}

/* FIXTURE_NOW is 2026-11-20 in Lima. */
static void test_intents(void **state)
{
	static const struct {
		const char *name, *settings, *class_name, *expediente, *recipient;
		int code;		  /* 0: taken */
		const char *check, *word; /* on record; NULL: not asked */
		const char *said;	  /* what the sender is told; NULL: nothing */
	} cases[] = {
#define GOOD FIXTURE_EXPEDIENTE, FIXTURE_CITIZEN
		{"good", "", "notification", GOOD, 0, "registered", "valid", NULL},
		{"case of the domain", "", "notification", FIXTURE_EXPEDIENTE,
			"ciudadano@CIUDADANO.test", 0, "registered", "valid", NULL},
		{"case of the local part", "", "notification", FIXTURE_EXPEDIENTE,
			"Ciudadano@ciudadano.test", ACUSE_ERROR_NOT_NOTIFIABLE, NULL, NULL, NULL},
		{"another address", "", "notification", FIXTURE_EXPEDIENTE, "otro@ciudadano.test",
			ACUSE_ERROR_NOT_NOTIFIABLE, NULL, NULL, NULL},
		{"plus address", "", "notification", FIXTURE_EXPEDIENTE,
			"ciudadano+otro@ciudadano.test", ACUSE_ERROR_NOT_NOTIFIABLE, NULL, NULL,
			NULL},
		{"of another expediente", "", "notification", FIXTURE_EXPEDIENTE,
			"vecino@ciudadano.test", ACUSE_ERROR_NOT_NOTIFIABLE, NULL, NULL, NULL},
		{"its own expediente", "", "notification", "2026-000077", "vecino@ciudadano.test",
			0, "registered", "valid", NULL},
		{"warned", "d9=warn", "notification", FIXTURE_EXPEDIENTE, "otro@ciudadano.test", 0,
			"registered", "absent", "warn [D9]"},
		{"logged", "d9=log", "notification", FIXTURE_EXPEDIENTE, "otro@ciudadano.test", 0,
			"registered", "absent", "log [D9]"},
		{"of another mailbox", "[policy mailbox:otro@muni.test]\nd9=off", "notification",
			FIXTURE_EXPEDIENTE, "otro@ciudadano.test", ACUSE_ERROR_NOT_NOTIFIABLE, NULL,
			NULL, NULL},
		{"of this mailbox", "[policy mailbox:" FIXTURE_MAILBOX "]\nd9=log", "notification",
			FIXTURE_EXPEDIENTE, "otro@ciudadano.test", 0, "registered", "absent",
			"log [D9]"},
		{"off", "d9=off", "notification", FIXTURE_EXPEDIENTE, "otro@ciudadano.test", 0,
			"registered", NULL, NULL},
		{"from tomorrow", "d9=warn", "notification", FIXTURE_EXPEDIENTE,
			"early@ciudadano.test", 0, "registered", "early", "warn [D9]"},
		{"from today", "", "notification", FIXTURE_EXPEDIENTE, "today@ciudadano.test", 0,
			"registered", "valid", NULL},
		{"withdrawn today", "", "notification", FIXTURE_EXPEDIENTE, "gone@ciudadano.test",
			ACUSE_ERROR_NOT_NOTIFIABLE, NULL, NULL, NULL},
		{"withdrawn today, on record", "d9=log", "notification", FIXTURE_EXPEDIENTE,
			"gone@ciudadano.test", 0, "registered", "withdrawn", "log [D9]"},
		{"withdrawn tomorrow", "", "notification", FIXTURE_EXPEDIENTE,
			"going@ciudadano.test", 0, "registered", "valid", NULL},
		{"unknown", "", "notification", "2026-999999", FIXTURE_CITIZEN,
			ACUSE_ERROR_EXPEDIENTE_UNKNOWN, NULL, NULL, NULL},
		{"unknown, signed as an exception", "p10=warn\nd9=off", "notification",
			"2026-999999", FIXTURE_CITIZEN, 0, "unknown", NULL, "warn [P10]"},
		{"absent, signed as an exception", "p10=off\nd9=off", "notification", NULL,
			FIXTURE_CITIZEN, 0, "absent", NULL, NULL},
		{"only the form", "expediente_check=syntax\nd9=off", "notification", "2026-999999",
			FIXTURE_CITIZEN, 0, "syntax", NULL, NULL},
		{"only the form, and none", "expediente_check=syntax", "notification", NULL,
			FIXTURE_CITIZEN, ACUSE_ERROR_EXPEDIENTE_UNKNOWN, NULL, NULL, NULL},
		{"a document to the outside", "", "external", "2026-999999", FIXTURE_CITIZEN,
			ACUSE_ERROR_EXPEDIENTE_UNKNOWN, NULL, NULL, NULL},
		{"no authorisation for what is no notification", "", "external", FIXTURE_EXPEDIENTE,
			"otro@ciudadano.test", 0, "registered", NULL, NULL},
		{"inside", "", "internal", "2026-999999", "otro@muni.test", 0, "unknown", NULL,
			"warn [P10]"},
		{"inside, enforced", "p10_inside=enforce", "internal", "2026-999999",
			"otro@muni.test", ACUSE_ERROR_EXPEDIENTE_UNKNOWN, NULL, NULL, NULL},
		{"inside is never stronger", "p10=log\np10_inside=enforce", "internal",
			"2026-999999", "otro@muni.test", 0, "unknown", NULL, "log [P10]"},
#undef GOOD
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		void *data;
		json_t *answer, *send, *finding;
		g_autofree char *said = NULL, *leaf = NULL;
		guint64 size;

		fixture_setup(&data);
		fixture_settings(data, cases[i].settings);
		put(data, "2026-000077", "Licencia");
		authorise(data, "2026-000077 vecino@ciudadano.test", "2026-01-05", 0);
		authorise(data, FIXTURE_EXPEDIENTE " early@ciudadano.test", "2026-11-21", 0);
		authorise(data, FIXTURE_EXPEDIENTE " today@ciudadano.test", "2026-11-20", 0);
		authorise(data, FIXTURE_EXPEDIENTE " gone@ciudadano.test", "2026-01-05", 0);
		withdraw(data, FIXTURE_EXPEDIENTE " gone@ciudadano.test", "2026-11-20", 0);
		authorise(data, FIXTURE_EXPEDIENTE " going@ciudadano.test", "2026-01-05", 0);
		withdraw(data, FIXTURE_EXPEDIENTE " going@ciudadano.test", "2026-11-21", 0);
		size = store_tree_size(((Fixture *)data)->service.store);
		answer = post_intent(
			data, cases[i].class_name, cases[i].expediente, cases[i].recipient, &error);
		if ((error == NULL ? 0 : error->code) != cases[i].code)
			fail_msg("%s: %s", cases[i].name,
				error == NULL ? "no error" : error->message);
		if (error == NULL) {
			send = fixture_send(data, "s-1");
			if (g_strcmp0(row_text(send, "expediente_check"), cases[i].check) != 0 ||
				g_strcmp0(row_text(send, "authorisation"), cases[i].word) != 0)
				fail_msg("%s: %s %s", cases[i].name,
					row_text(send, "expediente_check"),
					row_text(send, "authorisation"));
			leaf = store_leaf(((Fixture *)data)->service.store, size, NULL);
			assert_true(cases[i].check == NULL || strstr(leaf, cases[i].check) != NULL);
			finding = json_array_get(json_object_get(answer, "findings"), 0);
			said = g_strdup_printf(
				"%s %s", row_text(finding, "mode"), row_text(finding, "line"));
			if (cases[i].said == NULL ? finding != NULL
						  : !g_str_has_prefix(said, cases[i].said))
				fail_msg("%s: %s", cases[i].name, said);
			json_decref(send);
		} else {
			assert_int_equal(size, store_tree_size(((Fixture *)data)->service.store));
		}
		json_decref(answer);
		fixture_teardown(&data);
	}
}

/* D5: FIXTURE_NOW is the fifth business day after Friday, 13 November, in Lima. */
static void test_act(void **state)
{
	static const struct {
		const char *name, *settings, *class_name, *matter, *signed_at;
		int code;
		const char *until, *said;
	} cases[] = {
		{"the last day", "d5=enforce", "notification", NULL, "2026-11-13T20:00:00Z", 0,
			"2026-11-20", NULL},
		{"a day later", "", "notification", NULL, "2026-11-12T20:00:00Z", 0, "2026-11-19",
			"warn [D5]"},
		{"its day in Lima", "", "notification", NULL, "2026-11-13T04:59:00Z", 0,
			"2026-11-19", "warn [D5]"},
		{"logged", "d5=log", "notification", NULL, "2026-10-01T20:00:00Z", 0, "2026-10-08",
			"log [D5]"},
		{"refused", "d5=enforce", "notification", NULL, "2026-11-12T20:00:00Z",
			ACUSE_ERROR_ACT_LATE, NULL, NULL},
		{"off", "d5=off", "notification", NULL, "2026-11-12T20:00:00Z", 0, NULL, NULL},
		{"not known", "d5=enforce", "notification", NULL, NULL, 0, NULL, NULL},
		{"a clock that is fast", "d5=enforce", "notification", NULL, "2026-11-23T20:00:00Z",
			0, "2026-11-30", NULL},
		{"no notification", "d5=enforce", "external", NULL, "2026-11-12T20:00:00Z", 0, NULL,
			NULL},
		{"of taxes", "d5=enforce", "notification", "Tributos", "2026-11-12T20:00:00Z", 0,
			NULL, NULL},
		{"no time", "", "notification", NULL, "ayer", ACUSE_ERROR_INVALID, NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *settings = g_strdup_printf("d9=off\n%s", cases[i].settings);
		g_autoptr(GError) error = NULL;
		json_auto_t *answer = NULL, *send = NULL;
		json_t *body = fixture_intent(
			"s-1", strcmp(cases[i].class_name, "notification") == 0 ? DIGEST : NULL);
		g_autofree char *said = NULL;
		json_t *finding;
		void *data;

		fixture_setup(&data);
		fixture_settings(data, settings);
		if (cases[i].matter != NULL)
			g_free(say(data, "PUT", "/v1/expedientes/{number}", FIXTURE_EXPEDIENTE,
				json_pack("{s:s, s:s}", "subject", "Arbitrios", "matter",
					cases[i].matter),
				0));
		json_object_set_new(body, "document_signed", json_pack("s?", cases[i].signed_at));
		answer = fixture_call(
			data, routes_sends, "POST", "/v1/sends", NULL, NULL, body, &error);
		if ((error == NULL ? 0 : error->code) != cases[i].code)
			fail_msg("%s: %s", cases[i].name,
				error == NULL ? "no error" : error->message);
		finding = json_array_get(json_object_get(answer, "findings"), 0);
		said = g_strdup_printf(
			"%s %s", row_text(finding, "mode"), row_text(finding, "line"));
		if (cases[i].said == NULL ? finding != NULL
					  : !g_str_has_prefix(said, cases[i].said))
			fail_msg("%s: %s", cases[i].name, said);
		send = error == NULL ? fixture_send(data, "s-1") : NULL;
		if (g_strcmp0(row_text(send, "act_until"), cases[i].until) != 0)
			fail_msg("%s: %s", cases[i].name, row_text(send, "act_until"));
		fixture_teardown(&data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)
		TEST(test_history),
		TEST(test_refused_entries),
		TEST(test_import),
		TEST(test_import_refused),
		cmocka_unit_test(test_intents),
		cmocka_unit_test(test_act),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
