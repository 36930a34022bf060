/* The rules that refuse: one good mail, and each way to spoil it; classes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "policy-fixture.h"

/* "" means accepted. */
static void assert_refusal(const char *name, const Fixture *fixture, const char *expected)
{
	g_autoptr(Plan) plan = policy_decide(&fixture->input);
	const char *refusal = plan->refusal != NULL ? plan->refusal : "";

	if (*expected == '\0' ? *refusal != '\0' : strstr(refusal, expected) == NULL)
		fail_msg("%s: %s", name, refusal);
	for (const char *at = refusal, *line = refusal; *at != '\0'; at++) {
		assert_true(g_ascii_isprint(*at) || *at == '\n');
		assert_true(at - line < 500);
		if (*at == '\n')
			line = at + 1;
	}
}

static void spoil_nothing(Fixture *f)
{
	(void)f;
}
static void no_login(Fixture *f)
{
	fixture_set(&f->envelope->login, NULL);
	f->input.login = NULL;
}
static void unknown_login(Fixture *f)
{
	f->input.login = NULL;
}
static void two_from_headers(Fixture *f)
{
	f->facts->from_headers = 2;
}
static void no_from(Fixture *f)
{
	f->facts->from_headers = 0;
	g_ptr_array_set_size(f->facts->from, 0);
	f->input.mailbox = NULL;
}
static void two_from_addresses(Fixture *f)
{
	g_ptr_array_add(f->facts->from, g_strdup("otic@muni.test"));
}
static void unreadable_from(Fixture *f)
{
	f->facts->from_unreadable = TRUE;
}
static void foreign_from(Fixture *f)
{
	fixture_set((char **)&f->facts->from->pdata[0], "rmoralesa@gmail.test");
	f->input.mailbox = NULL;
}
static void unknown_from(Fixture *f)
{
	fixture_set((char **)&f->facts->from->pdata[0], "nadie@muni.test");
	f->input.mailbox = NULL;
}
static void office(Fixture *f)
{
	fixture_send_as_office(f);
}
static void office_of_another(Fixture *f)
{
	fixture_send_as_office(f);
	fixture_set(&f->office->owner, "jperezs");
}
static void delegate(Fixture *f)
{
	office_of_another(f);
	f->office->delegates = g_strsplit("rmoralesa", ";", -1);
}
static void another_person(Fixture *f)
{
	fixture_send_as_office(f);
	f->office->kind = ACCOUNT_PERSON;
}
static void from_in_capitals(Fixture *f)
{
	fixture_set((char **)&f->facts->from->pdata[0], "RMoralesA@muni.test");
}
static void own_sender_field(Fixture *f)
{
	fixture_send_as_office(f);
	fixture_set(&f->facts->sender, "rmoralesa@muni.test");
}
static void foreign_sender_field(Fixture *f)
{
	fixture_set(&f->facts->sender, "alcalde@muni.test");
}
static void office_envelope(Fixture *f)
{
	fixture_send_as_office(f);
	fixture_set(&f->envelope->sender, "otic@muni.test");
}
static void foreign_envelope(Fixture *f)
{
	fixture_set(&f->envelope->sender, "alcalde@muni.test");
}
static void null_envelope(Fixture *f)
{
	fixture_set(&f->envelope->sender, "");
}
static void ceased(Fixture *f)
{
	f->login->state = ACCOUNT_CEASED;
}
static void suspended(Fixture *f)
{
	f->login->state = ACCOUNT_SUSPENDED;
}
static void pending(Fixture *f)
{
	f->login->state = ACCOUNT_PENDING;
}
static void expired(Fixture *f)
{
	f->login->valid_until = FIXTURE_NOW;
}
static void must_change(Fixture *f)
{
	f->login->must_change_password = TRUE;
}
static void office_ceased(Fixture *f)
{
	fixture_send_as_office(f);
	f->office->state = ACCOUNT_CEASED;
}
static void long_lines(Fixture *f)
{
	f->facts->longest_line_bytes = 5000;
}
static void signed_at_limit(Fixture *f)
{
	f->facts->protection = PROTECTION_SMIME_SIGNED;
	f->facts->longest_line_bytes = 998;
}
static void signed_over_limit(Fixture *f)
{
	signed_at_limit(f);
	f->facts->longest_line_bytes = 999;
}
static void no_expediente(Fixture *f)
{
	fixture_set(&f->facts->subject, "Carta N° 12-2026");
}
static void marked_no_expediente(Fixture *f)
{
	fixture_set(&f->facts->subject, "Aviso");
	f->facts->marked_notification = TRUE;
}
static void inside_no_expediente(Fixture *f)
{
	no_expediente(f);
	fixture_send_to(f, "jperezs@muni.test");
}
static void two_citizens(Fixture *f)
{
	g_ptr_array_add(f->envelope->recipients, g_strdup("otro@ciudadano.test"));
	g_ptr_array_add(f->facts->cc, g_strdup("otro@ciudadano.test"));
}
static void citizen_twice(Fixture *f)
{
	g_ptr_array_add(f->envelope->recipients, g_strdup("ciudadano@Ciudadano.test"));
}
static void hidden_citizen(Fixture *f)
{
	g_ptr_array_set_size(f->facts->to, 0);
}
static void citizen_in_cc(Fixture *f)
{
	hidden_citizen(f);
	g_ptr_array_add(f->facts->cc, g_strdup("Ciudadano@ciudadano.test"));
}
static void hidden_colleague(Fixture *f)
{
	g_ptr_array_add(f->envelope->recipients, g_strdup("jperezs@muni.test"));
}
static void two_outside_no_notification(Fixture *f)
{
	two_citizens(f);
	fixture_set(&f->facts->subject, "Saludo");
}

static void test_refusals(void **state)
{
	static const struct {
		const char *name;
		void (*spoil)(Fixture *fixture);
		const char *expected;
	} cases[] = {
#define CASE(spoil, expected) {#spoil, spoil, expected}
		CASE(spoil_nothing, ""),
		CASE(no_login, "530 5.7.0 [P1] "),
		CASE(unknown_login, "550 5.7.1 [P1] "),
		CASE(two_from_headers, "[P1]"),
		CASE(no_from, "[P1]"),
		CASE(two_from_addresses, "[P1]"),
		CASE(unreadable_from, "[P1]"),
		CASE(foreign_from, "otro dominio"),
		CASE(unknown_from, "no es una cuenta"),
		CASE(office, ""),
		CASE(office_of_another, "de otra persona u oficina"),
		CASE(delegate, ""),
		CASE(another_person, "de otra persona u oficina"),
		CASE(from_in_capitals, ""),
		CASE(own_sender_field, ""),
		CASE(foreign_sender_field, "campo Sender"),
		CASE(office_envelope, ""),
		CASE(foreign_envelope, "MAIL FROM"),
		CASE(null_envelope, "MAIL FROM"),
		CASE(ceased, "521 5.7.1 [P2] "),
		CASE(suspended, "521 5.7.1 [P2] "),
		CASE(pending, "[P2]"),
		CASE(expired, "[P2]"),
		CASE(must_change, "[P2] Cambie su clave"),
		CASE(office_ceased, "[P2] El buzon"),
		CASE(long_lines, ""),
		CASE(signed_at_limit, ""),
		CASE(signed_over_limit, "550 5.6.0 [S7] "),
		CASE(no_expediente, "[P10]"),
		CASE(marked_no_expediente, "[P10]"),
		CASE(inside_no_expediente, ""),
		CASE(two_citizens, "[P14]"),
		CASE(citizen_twice, ""),
		CASE(hidden_citizen, "[P14] Ponga al destinatario"),
		CASE(citizen_in_cc, ""),
		CASE(hidden_colleague, ""),
		CASE(two_outside_no_notification, ""),
#undef CASE
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Fixture) fixture = fixture_new();

		cases[i].spoil(fixture);
		assert_refusal(cases[i].name, fixture, cases[i].expected);
	}
}

static void test_subjects(void **state)
{
	static const struct {
		const char *subject;
		gboolean good;
	} cases[] = {
		{"Informe", TRUE},
		{"Re: Informe", TRUE},
		{"1", TRUE},
		{"Reunión", TRUE},
		{"Re", TRUE},
		{"Encuesta: hoy", TRUE},
		{"fwd informe", TRUE},
		{"📄", TRUE},
		{"Re: Re", TRUE},
		{"RE:RV", TRUE},
		{"Enc. Exp. 2026-001234", TRUE},
		{NULL, FALSE},
		{"", FALSE},
		{"   \t ", FALSE},
		{"Re:", FALSE},
		{"RE: ", FALSE},
		{"RV:", FALSE},
		{"Fwd:", FALSE},
		{"FW:", FALSE},
		{"Reenv:", FALSE},
		{"Enc:", FALSE},
		{"Re: RV: Fwd: re:", FALSE},
		{"Re : ", FALSE},
		{"RE[2]:", FALSE},
		{"Re(3): ", FALSE},
		{"Re：", FALSE},
		{"\u200b", FALSE},
		{"Re: \u200b\u200d\ufeff", FALSE},
		{"R\u200be:", FALSE},
		{"\u00a0\u3000\u2003", FALSE},
		{"\u00ad", FALSE},
		{"\u2800", FALSE},
		{"\u3164", FALSE},
		{"\u202e", FALSE},
		{"\ufffd\ufffd", FALSE},
		{"\xff\xfe", FALSE},
		{"\x01\x02", FALSE},
		{"\u0301", FALSE},
		{"\ufe0f", FALSE},
		{"...", FALSE},
		{"-", FALSE},
		{"Re: .", FALSE},
		{"[] _ *", FALSE},
		{"\ue000", FALSE},
		{"Reenvío:", FALSE},
		{"¿?", FALSE},
		{"+1", TRUE},
		{"C", TRUE},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Fixture) fixture = fixture_new();

		fixture_set(&fixture->facts->subject, cases[i].subject);
		fixture_send_to(fixture, "jperezs@muni.test");
		assert_refusal(cases[i].subject != NULL ? cases[i].subject : "none", fixture,
			cases[i].good ? "" : "550 5.7.1 [P3] ");
	}
}

static void test_subject_headers(void **state)
{
	g_autoptr(Fixture) twice = fixture_new(), undecodable = fixture_new(),
			   missing = fixture_new();
	g_autoptr(Plan) plan = NULL;

	(void)state;
	twice->facts->subject_headers = 2;
	assert_refusal("twice", twice, "[P3] El mensaje tiene mas de un asunto");
	undecodable->facts->subject_undecodable = TRUE;
	assert_refusal("undecodable", undecodable, "[P3] El asunto no se puede leer");
	fixture_set(&missing->facts->subject, NULL);
	plan = policy_decide(&missing->input);
	assert_string_equal(plan->refusal,
		"550 5.7.1 [P3] Falta el asunto. Escribalo y reenvie (DI-002, art. 4.6)");
}

static void test_classes(void **state)
{
	static const struct {
		const char *subject, *recipient;
		gboolean marked;
		const char *send_class, *type, *expediente;
		const char *answers;
	} cases[] = {
		{FIXTURE_SUBJECT, "c@ciudadano.test", FALSE, "notification", "NOTIFICACION",
			"2026-001234"},
		{"notificacio\u0301n 12 exp 2026-123", "c@ciudadano.test", FALSE, "notification",
			"NOTIFICACION", "2026-123"},
		{"  Cédula  de notificación", "c@ciudadano.test", FALSE, "notification", "CEDULA",
			NULL},
		{"NOTIFI\u200bCACIÓN 1", "c@ciudadano.test", FALSE, "notification", "NOTIFICACION",
			NULL},
		{"Resolución de  Gerencia 3", "c@ciudadano.test", FALSE, "notification",
			"RESOLUCION DE GERENCIA", NULL},
		{"RESOLUCION N°3", "c@ciudadano.test", FALSE, "notification", "RESOLUCION", NULL},
		{"CARTA", "c@ciudadano.test", FALSE, "notification", "CARTA", NULL},
		{"Cartagena", "c@ciudadano.test", FALSE, "external", NULL, NULL},
		{"NOTIFICACIÓN2", "c@ciudadano.test", FALSE, "notification", "NOTIFICACION", NULL},
		{"NOTIFICACIÓNAL", "c@ciudadano.test", FALSE, "external", NULL, NULL},
		{"Re: NOTIFICACIÓN 12", "c@ciudadano.test", FALSE, "external", NULL, NULL,
			"1@ciudadano.test"},
		{"Re: NOTIFICACIÓN 12", "c@ciudadano.test", FALSE, "notification", "NOTIFICACION",
			NULL, NULL},
		{"Saludo", "c@ciudadano.test", FALSE, "external", NULL, NULL},
		{"Saludo Exp. N° 2026-00012", "c@ciudadano.test", TRUE, "notification", NULL,
			"2026-00012"},
		{FIXTURE_SUBJECT, "jperezs@muni.test", FALSE, "internal", "NOTIFICACION",
			"2026-001234"},
		{"Saludo", "jperezs@MUNI.test", TRUE, "internal", NULL, NULL},
		{"Saludo", "postmaster", FALSE, "internal", NULL, NULL},
		{"Saludo", "x@sub.muni.test", FALSE, "external", NULL, NULL},
		{"Saludo", "\"x@muni.test\"@ciudadano.test", FALSE, "external", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Fixture) fixture = fixture_new();
		g_autoptr(Plan) plan = NULL;

		fixture_set(&fixture->facts->subject, cases[i].subject);
		fixture_send_to(fixture, cases[i].recipient);
		fixture->facts->marked_notification = cases[i].marked;
		fixture_set(&fixture->facts->in_reply_to, cases[i].answers);
		plan = policy_decide(&fixture->input);
		if (strcmp(send_class_name(plan->send_class), cases[i].send_class) != 0 ||
			g_strcmp0(plan->document_type, cases[i].type) != 0 ||
			g_strcmp0(plan->expediente, cases[i].expediente) != 0)
			fail_msg("%s: %s %s %s", cases[i].subject,
				send_class_name(plan->send_class), plan->document_type,
				plan->expediente);
	}
}

static void test_words(void **state)
{
	RuleMode mode;
	SendClass send_class;

	(void)state;
	assert_true(rule_mode_parse("warn", &mode));
	assert_int_equal(mode, MODE_WARN);
	assert_false(rule_mode_parse("Warn", &mode));
	assert_false(rule_mode_parse(NULL, &mode));
	for (guint i = CLASS_INTERNAL; i <= CLASS_NOTIFICATION; i++) {
		assert_true(send_class_parse(send_class_name((SendClass)i), &send_class));
		assert_int_equal(send_class, i);
	}
	assert_false(send_class_parse("urgent", &send_class));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_subjects),
		cmocka_unit_test(test_subject_headers),
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
