/*
 * Late, repeated and contradicting reports, in the order in which they come: what each sequence
 * leads to, what the sender is told, and that the constancia says no more than is so. The evidence
 * of each step alone is test-evidence, every pair of states test-send.
 */
#include "sends_fixture.h"

#include <stdio.h>
#include <string.h>

#include "api/record_json.h"
#include "base/error.h"
#include "provision/deadlines.h"
#include "provision/reconcile.h"

#define DAY_S 86400
#define PASS "mx.muni.test; dmarc=pass header.from=ciudadano.test"

static const DueKind *const due_tables[] = {due_kinds_sends, NULL};

/* Own reports: "relayed" and such; from outside, to the return address: "!failed"; of the citizen:
 * "?displayed", "?answer"; "term" is over; "lost": the queue never had it. */
typedef struct {
	const char *name;
	const char *steps;
	const char *state, *delivery;
	const char *told; /* kinds of notices in their order */
	const char *says[4], *says_not[3];
} Case;

static const Case cases[] = {
	{"relayed, then a foreign failure", "relayed !failed", "released", "relayed", "",
		{"se contradicen", "El servidor del destinatario lo aceptó",
			"su autor no está comprobado",
			"No se prueba: que el mensaje esté en su buzón"},
		{"NO ENTREGADO", "de origen comprobado"}},
	{"a foreign failure, then relayed", "queue !failed relayed", "released", "relayed",
		"failed corrected", {"se contradicen", "no está acreditada su recepción"},
		{"NO ENTREGADO"}},
	{"a foreign failure alone", "queue !failed", "released", "failed", "failed",
		{"AVISO DE CORREO NO ENTREGADO", "qué servidor hizo ese aviso"},
		{"se contradicen", "de origen comprobado"}},
	{"own failure after a foreign one", "queue !failed failed", "released", "failed", "failed",
		{"CONSTANCIA DE CORREO NO ENTREGADO", "por la razón que se indica"},
		{"qué servidor hizo ese aviso"}},
	{"own failure, then own success", "failed relayed", "released", "relayed",
		"failed corrected", {"se contradicen"}, {"NO ENTREGADO"}},
	{"and failure again", "failed relayed failed", "released", "relayed", "failed corrected",
		{"se contradicen"}, {"NO ENTREGADO"}},
	{"delivered, then failed", "delivered failed", "released", "delivered", "",
		{"fue depositado en el buzón", "se contradicen"}, {"NO ENTREGADO"}},
	{"relayed, then a foreign success", "relayed !delivered", "released", "relayed", "",
		{"Un aviso dice que fue depositado", "origen no comprobado"},
		{"el mensaje fue depositado en el buzón", "se contradicen"}},
	{"delayed after relayed", "relayed delayed !delayed", "released", "relayed", "",
		{"aceptó el mensaje", "Entrega demorada"}, {"siguió intentando la entrega"}},
	{"relayed twice", "relayed relayed", "released", "relayed", "", {"aceptó el mensaje"},
		{"se contradicen"}},
	{"failed twice", "failed failed", "released", "failed", "failed", {"NO ENTREGADO"},
		{"se contradicen"}},
	{"expanded, then failed further on", "expanded !failed", "released", "failed", "failed",
		{"AVISO DE CORREO NO ENTREGADO"}, {"aceptó el mensaje"}},
	{"expanded alone", "expanded", "released", "pending", "",
		{"no está acreditada su recepción", "nada prueba de la entrega"},
		{"aceptó el mensaje"}},
	{"two different receipts", "relayed ?displayed ?displayed", "released", "read", "",
		{"se mostró el mensaje", "no está acreditada su recepción"},
		{"La recepción está acreditada"}},
	{"displayed, then deleted unread", "relayed ?displayed ?deleted", "released", "read", "",
		{"se mostró el mensaje"}, {"La recepción está acreditada"}},
	{"deleted unread, then displayed", "relayed ?deleted ?displayed", "released", "read", "",
		{"se mostró el mensaje"}, {"La recepción está acreditada"}},
	{"answered, then failed", "relayed ?answer failed !failed", "released", "acknowledged",
		"notified", {"La recepción está acreditada", "se contradicen"}, {"NO ENTREGADO"}},
	{"failed, then answered", "failed ?answer", "released", "acknowledged", "failed notified",
		{"La recepción está acreditada", "se contradicen"}, {"NO ENTREGADO"}},
	{"two answers", "?answer ?answer", "released", "acknowledged", "notified",
		{"La recepción está acreditada"}, {"se contradicen"}},
	{"relayed after the negative one", "queue term relayed", "released", "expired", "by-cedula",
		{"CONSTANCIA NEGATIVA", "hasta el vencimiento del plazo no se recibió"},
		{"está acreditada en la forma", "TARDÍA"}},
	{"failed after the negative one", "relayed term failed", "released", "expired", "by-cedula",
		{"CONSTANCIA NEGATIVA", "se contradicen"}, {"NO ENTREGADO"}},
	{"read after the negative one", "relayed term ?displayed", "released", "expired",
		"by-cedula", {"CONSTANCIA NEGATIVA"}, {"TARDÍA", "está acreditada en la forma"}},
	{"answered after the negative one, and failed", "relayed term ?answer failed", "released",
		"late", "by-cedula late", {"CONSTANCIA DE RECEPCIÓN TARDÍA", "se contradicen"},
		{"está acreditada en la forma", "NEGATIVA"}},
	{"answered twice after it", "relayed term ?answer ?answer", "released", "late",
		"by-cedula late", {"CONSTANCIA DE RECEPCIÓN TARDÍA"},
		{"está acreditada en la forma"}},
	{"reported long after it was given up", "lost relayed", "released", "relayed", "",
		{"aceptó el mensaje", "No consta que el servidor de correo lo haya tomado"},
		{"NO ENTREGADO"}},
};

static guint number;

static void post(Fixture *fixture, ReportFacts *report)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *bytes = g_strdup_printf("report %u", number++);

	report->queue_id = g_strdup_printf("R%u", number);
	report->original_sha256 = fixture_put_blob(fixture, bytes, strlen(bytes));
	json_decref(fixture_call(fixture, routes_events, "POST", "/v1/events", NULL, NULL,
		report_facts_to_json(report), &error));
	if (error != NULL)
		fail_msg("%s", error->message);
	report_facts_free(report);
}

static char *token_of(Fixture *fixture)
{
	json_auto_t *send = fixture_send(fixture, "s-1");

	return g_strdup(json_string_value(json_object_get(send, "token")));
}

static void delivery_report(Fixture *fixture, const char *action, gboolean foreign)
{
	ReportFacts *report = report_facts_new();
	ReportRecipient *line = report_recipient_new();

	report->kind = REPORT_DSN;
	report->stream = foreign ? STREAM_INBOUND : STREAM_INTERNAL;
	report->envelope_sender = g_strdup("");
	report->postfix_queue_id = g_strdup(foreign ? "4Foreign" : "sQ1");
	report->token = foreign ? token_of(fixture) : NULL;
	line->final_recipient = g_strdup(FIXTURE_CITIZEN);
	line->action = g_strdup(action);
	line->diagnostic = g_strdup("smtp; texto del otro servidor");
	g_ptr_array_add(report->recipients, line);
	post(fixture, report);
}

static void of_citizen(Fixture *fixture, const char *what)
{
	ReportFacts *report = report_facts_new();
	gboolean answer = strcmp(what, "answer") == 0;

	report->kind = answer ? REPORT_ANSWER : REPORT_MDN;
	report->disposition = answer ? NULL : g_strdup(what);
	report->stream = STREAM_INBOUND;
	report->envelope_sender = g_strdup(FIXTURE_CITIZEN);
	report->from = g_strdup(FIXTURE_CITIZEN);
	report->message_id = g_strdup_printf("citizen-%u@ciudadano.test", number);
	report->authentication_results = g_strdup(PASS);
	report->references = g_strsplit("m1@muni.test", " ", -1);
	report->written = time_to_rfc3339(fixture_now_s);
	post(fixture, report);
}

static void look(Fixture *fixture, const char *queue_id)
{
	g_autoptr(GHashTable) ids = g_hash_table_new(g_str_hash, g_str_equal);

	g_hash_table_add(ids, (gpointer)queue_id);
	assert_true(reconcile_settle(&fixture->service, ids, NULL));
}

static void step(Fixture *fixture, const char *what)
{
	fixture_now_s += 60;
	if (strcmp(what, "queue") == 0) {
		look(fixture, "sQ1");
	} else if (strcmp(what, "lost") == 0) {
		fixture_now_s += DAY_S / 2;
		look(fixture, "none");
		fixture_assert_state(fixture, "s-1", "not_released");
	} else if (g_str_has_prefix(what, "term")) {
		look(fixture, "sQ1");
		fixture_now_s += 6 * DAY_S;
		assert_int_equal(due_run(&fixture->service, due_tables), 1);
	} else if (*what == '?') {
		of_citizen(fixture, what + 1);
	} else {
		delivery_report(fixture, what + (*what == '!'), *what == '!');
	}
}

static gboolean add_notice(const char *key, const char *value, gpointer data)
{
	json_auto_t *entry = json_loads(value, 0, NULL);
	const char *kind =
		json_string_value(json_object_get(json_object_get(entry, "body"), "kind"));
	GString *told = data;

	(void)key;
	if (kind != NULL &&
		g_strcmp0(json_string_value(json_object_get(entry, "kind")), "notice") == 0)
		g_string_append_printf(told, "%s%s", told->len > 0 ? " " : "", kind);
	return TRUE;
}

static void check_told(Fixture *fixture, const Case *one)
{
	g_autoptr(GString) told = g_string_new(NULL);

	assert_true(store_scan(
		fixture->service.store, TABLE_OUTBOX, "", NULL, FALSE, add_notice, told, NULL));
	if (strcmp(told->str, one->told) != 0)
		fail_msg("%s: told \"%s\"", one->name, told->str);
}

/* As it is read on the page, in one line. */
static char *constancia_text(Fixture *fixture, const char *name)
{
	g_autofree char *path = g_build_filename(fixture->folder, "constancia.pdf", NULL);
	g_autofree char *command = g_strdup_printf("pdftotext -raw %s -", path);
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) pdf =
		fixture_read(fixture, "/v1/sends/{id}/constancia.pdf", "s-1", &error);
	g_auto(GStrv) words = NULL;

	if (pdf == NULL)
		fail_msg("%s: %s", name, error->message);
	assert_true(g_file_set_contents(
		path, g_bytes_get_data(pdf, NULL), (gssize)g_bytes_get_size(pdf), NULL));
	if (!g_spawn_command_line_sync(command, &text, NULL, NULL, &error))
		fail_msg("%s", error->message);
	words = g_strsplit_set(text, " \n\f", -1);
	return g_strjoinv(" ", words);
}

static void check_page(Fixture *fixture, const Case *one)
{
	g_autofree char *text = constancia_text(fixture, one->name);

	for (guint i = 0; i < G_N_ELEMENTS(one->says) && one->says[i] != NULL; i++)
		if (strstr(text, one->says[i]) == NULL)
			fail_msg("%s: does not say \"%s\":\n%s", one->name, one->says[i], text);
	for (guint i = 0; i < G_N_ELEMENTS(one->says_not) && one->says_not[i] != NULL; i++)
		if (strstr(text, one->says_not[i]) != NULL)
			fail_msg("%s: says \"%s\":\n%s", one->name, one->says_not[i], text);
}

static void run(Fixture *fixture, const Case *one)
{
	g_auto(GStrv) steps = g_strsplit(one->steps, " ", -1);
	g_autofree char *ends = NULL;
	json_auto_t *send = NULL;

	g_bytes_unref(fixture_prepare_signed(fixture, "s-1"));
	for (char **what = steps; *what != NULL; what++)
		step(fixture, *what);
	send = fixture_send(fixture, "s-1");
	ends = g_strdup_printf("%s %s", json_string_value(json_object_get(send, "state")),
		json_string_value(json_object_get(
			json_array_get(json_object_get(send, "deliveries"), 0), "state")));
	if (!g_str_has_prefix(ends, one->state) || !g_str_has_suffix(ends, one->delivery))
		fail_msg("%s: %s", one->name, ends);
	check_told(fixture, one);
	check_page(fixture, one);
}

static void test_sequences(void **state)
{
	(void)state;
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		void *fixture = NULL;

		fixture_setup(&fixture);
		run(fixture, &cases[i]);
		fixture_teardown(&fixture);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_sequences)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
