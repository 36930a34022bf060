/*
 * Notices: what one looks like whatever stands in its subject, what the server's answers make of
 * it, and that none is lost, nor another one when it is said again.
 */
#include "sends_fixture.h"

#include <string.h>

#include "api/smtp.h"
#include "base/error.h"
#include "mime/notice.h"
#include "provision/notices.h"
#include "eventually.h"
#include "smtp-stub.h"

#define TO "rmoralesa@muni.test"

/* The value of the field, unfolded; NULL: not there once. A new string. */
static char *field(const char *message, const char *name)
{
	const char *end = strstr(message, "\r\n\r\n");
	g_autofree char *header = g_strndup(message, (gsize)(end + 2 - message));
	g_autoptr(GRegex) fold = g_regex_new("\r\n[ \t]", G_REGEX_RAW, 0, NULL);
	g_autofree char *flat = g_regex_replace_literal(fold, header, -1, 0, " ", 0, NULL);
	g_auto(GStrv) lines = g_strsplit(flat, "\r\n", -1);
	char *found = NULL;

	for (char **line = lines; *line != NULL; line++) {
		if (!g_str_has_prefix(*line, name) || (*line)[strlen(name)] != ':')
			continue;
		assert_null(found);
		found = g_strchug(g_strdup(*line + strlen(name) + 1));
	}
	return found;
}

static char *make(const char *subject)
{
	NoticeMail mail = {"Municipalidad \"de\" Prueba", "acuse@muni.test", TO, subject,
		"Estimado usuario:\n\nUn año.\n", "aviso-7-1795208036@muni.test", FIXTURE_NOW};
	g_autoptr(GBytes) bytes = mime_notice(&mail);
	gsize size;
	const char *text = g_bytes_get_data(bytes, &size);

	return g_strndup(text, size);
}

static void test_subjects(void **state)
{
	static const struct {
		const char *name, *subject, *expected;
	} cases[] = {
		{"plain", "Observaciones", "Observaciones"},
		{"empty", "", ""},
		{"a field behind CR LF", "Hola\r\nBcc: otro@ciudadano.test",
			"Hola  Bcc: otro@ciudadano.test"},
		{"a body behind two LF", "Hola\n\nTexto", "Hola  Texto"},
		{"a bare CR", "Hola\rBcc: x@y.test", "Hola Bcc: x@y.test"},
		{"other controls",
			"a\x01\x0b\x7f"
			"b",
			"a   b"},
		{"accents", "Año", "=?utf-8?"},
		{"what looks encoded is not decoded", "=?utf-8?Q?x?=", "=?utf-8?B?"},
		{"bytes that are no text",
			"a\xff"
			"b",
			"=?utf-8?"},
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *message = make(cases[i].subject);
		g_autofree char *subject = field(message, "Subject");
		g_autofree char *bcc = field(message, "Bcc");

		assert_null(bcc);
		if (subject == NULL || !g_str_has_prefix(subject, cases[i].expected))
			fail_msg("%s: %s", cases[i].name, message);
	}
}

static void test_fields(void **state)
{
	static const char *const fields[][2] = {
		{"From", "\"Municipalidad de Prueba\" <acuse@muni.test>"},
		{"To", TO},
		{"Date", "Fri, 20 Nov 2026 "},
		{"Message-ID", "<aviso-7-1795208036@muni.test>"},
		{"Auto-Submitted", "auto-generated"},
		{"Content-Transfer-Encoding", "base64"},
	};
	g_autoptr(GString) long_subject = g_string_new(NULL);
	g_autofree char *message = NULL;

	(void)state;
	for (guint i = 0; i < 500; i++)
		g_string_append(long_subject, "año ");
	message = make(long_subject->str);
	for (gsize i = 0; i < G_N_ELEMENTS(fields); i++) {
		g_autofree char *value = field(message, fields[i][0]);

		if (value == NULL || !g_str_has_prefix(value, fields[i][1]))
			fail_msg("%s: %s", fields[i][0], value);
	}
	for (const char *at = message, *end; *at != '\0'; at = end + 2) {
		end = strstr(at, "\r\n");
		assert_non_null(end);
		assert_true(end - at <= 85); /* a name and one encoded word */
	}
	for (const char *at = message; *at != '\0'; at++)
		assert_true(g_ascii_isprint(*at) || *at == '\r' || *at == '\n');
}

static void test_attachments(void **state)
{
	g_autoptr(GBytes) pdf = g_bytes_new_static("%PDF", 4);
	g_autoptr(GBytes) empty = g_bytes_new_static("", 0);
	const NoticeAttachment attachments[] = {
		{"constancia.pdf", "application/pdf", pdf}, {"nada.txt", "text/plain", empty}};
	NoticeMail mail = {.from_name = "Muni",
		.from = "acuse@muni.test",
		.to = TO,
		.subject = "Aviso",
		.text = "Va adjunto.\n",
		.message_id = "aviso-1-1@muni.test",
		.date_s = FIXTURE_NOW,
		.attachments = attachments,
		.n_attachments = 2};
	g_autoptr(GBytes) bytes = mime_notice(&mail);
	g_autofree char *message =
		g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));

	(void)state;
	assert_non_null(strstr(message,
		"\r\nContent-Type: multipart/mixed; boundary=\"=_acuse_aviso\"\r\n"
		"\r\n--=_acuse_aviso\r\nContent-Type: text/plain; charset=utf-8\r\n"));
	assert_non_null(
		strstr(message, "\r\n--=_acuse_aviso\r\n"
				"Content-Disposition: attachment; filename=\"constancia.pdf\"\r\n"
				"Content-Type: application/pdf; name=\"constancia.pdf\"\r\n"
				"Content-Transfer-Encoding: base64\r\n\r\nJVBERg==\r\n"));
	assert_true(g_str_has_suffix(message, "\r\n--=_acuse_aviso--\r\n"));
}

#define SENT (-1)

/* What each answer of the server means to who sends. */
static void test_answers(void **state)
{
	static const struct {
		SmtpFault fault;
		int code;
	} cases[] = {
		{{SMTP_NOWHERE, NULL}, SENT},
		{{SMTP_GREETING, "421 4.3.2 busy"}, ACUSE_ERROR_UNAVAILABLE},
		{{SMTP_GREETING, NULL}, ACUSE_ERROR_UNAVAILABLE},
		{{SMTP_MAIL, "452 4.3.1 full"}, ACUSE_ERROR_UNAVAILABLE},
		{{SMTP_MAIL, "550 5.7.1 no"}, ACUSE_ERROR_INVALID},
		{{SMTP_RCPT, "450 4.2.1 later"}, ACUSE_ERROR_UNAVAILABLE},
		{{SMTP_RCPT, "550 5.1.1 unknown"}, ACUSE_ERROR_INVALID},
		{{SMTP_DATA, "451 4.3.0 later"}, ACUSE_ERROR_UNAVAILABLE},
		{{SMTP_DATA, "554 5.5.1 none"}, ACUSE_ERROR_INVALID},
		{{SMTP_MESSAGE, "451 4.7.1 later"}, ACUSE_ERROR_UNAVAILABLE},
		{{SMTP_MESSAGE, "552 5.3.4 too large"}, ACUSE_ERROR_INVALID},
		{{SMTP_MESSAGE, NULL}, ACUSE_ERROR_UNAVAILABLE},
	};
	static const char text[] = "Subject: x\r\n\r\n.punto\r\n";

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(SmtpStub) stub = smtp_stub_new(&cases[i].fault, 1);
		g_autoptr(GBytes) bytes = g_bytes_new_static(text, strlen(text));
		SmtpMail mail = {smtp_stub_server(stub), "", TO, bytes, 10000};
		g_autoptr(GError) error = NULL;
		gboolean sent = smtp_send(&mail, &error);

		if (sent != (cases[i].code == SENT) || (!sent && error->code != cases[i].code))
			fail_msg("%s at step %d: %s", cases[i].fault.reply, cases[i].fault.step,
				error != NULL ? error->message : "sent");
	}
}

static void test_envelope(void **state)
{
	static const char text[] = "Subject: x\r\n\r\n.punto\r\n";
	g_autoptr(SmtpStub) stub = smtp_stub_new(NULL, 0);
	g_autoptr(GBytes) bytes = g_bytes_new_static(text, strlen(text));
	SmtpMail mail = {smtp_stub_server(stub), "", TO, bytes, 10000};
	g_autofree char *commands = NULL, *message = NULL;

	(void)state;
	assert_true(smtp_send(&mail, NULL));
	commands = smtp_stub_commands(stub);
	assert_non_null(strstr(commands, "MAIL FROM:<>"));
	assert_non_null(strstr(commands, "RCPT TO:<" TO ">"));
	message = smtp_stub_message(stub, 0);
	assert_string_equal(message, "Subject: x\r\n\r\n..punto\r\n");
}

static void use_server(Fixture *fixture, SmtpStub *stub)
{
	g_autofree char *text =
		g_strdup_printf("p3=enforce\n[notices]\nsmtp=%s\n", smtp_stub_server(stub));

	fixture_settings(fixture, text);
}

static gboolean add(StoreTxn *txn, gpointer data, GError **error)
{
	json_auto_t *facts = json_pack("{s:s, s:[{s:s, s:s, s:s}]}", "subject",
		"Aviso\r\nBcc: otro@ciudadano.test", "findings", "rule", "P7", "text", "Cite",
		"article", "DI-002, art. 4.7");

	(void)data;
	return notice_add(txn, TO, "policy-warning", facts, FIXTURE_NOW, error);
}

static Outbox *start(Fixture *fixture)
{
	static const OutboxKind *const tables[] = {outbox_kinds_notices, NULL};
	Outbox *outbox = outbox_start_with(&fixture->service, tables, NULL);

	assert_non_null(outbox);
	return outbox;
}

/* Until so many notices wait, at most 20 s; a new string: why the first does. */
static char *wait_for(Outbox *outbox, guint waiting, const char *why)
{
	for (guint i = 0; i < 2000; i++) {
		g_autofree char *trouble = NULL;

		if (outbox_waiting(outbox, &trouble) == waiting &&
			(why == NULL || (trouble != NULL && strstr(trouble, why) != NULL)))
			return g_steal_pointer(&trouble);
		g_usleep(10000);
	}
	fail_msg("%u do not wait", waiting);
	return NULL;
}

/* Later, or lost when all of it was said: the same notice comes again until it is taken. */
static void test_said_again(void **state)
{
	static const SmtpFault faults[] = {
		{SMTP_RCPT, "450 4.2.1 later"}, {SMTP_MESSAGE, NULL}, {SMTP_NOWHERE, NULL}};
	Fixture *fixture = *state;
	g_autoptr(SmtpStub) stub = smtp_stub_new(faults, G_N_ELEMENTS(faults));
	g_autofree char *lost = NULL, *taken = NULL, *first = NULL, *second = NULL, *third = NULL;
	Outbox *outbox;

	use_server(fixture, stub);
	assert_true(store_run(fixture->service.store, add, NULL, NULL));
	outbox = start(fixture);
	eventually(smtp_stub_connections(stub) >= 3);
	g_free(wait_for(outbox, 0, NULL));
	outbox_stop(outbox);
	lost = smtp_stub_message(stub, 0);
	taken = smtp_stub_message(stub, 1);
	third = smtp_stub_message(stub, 2);
	assert_non_null(lost);
	assert_non_null(taken);
	assert_null(third);
	first = field(lost, "Message-ID");
	second = field(taken, "Message-ID");
	assert_non_null(first);
	assert_string_equal(first, second);
	assert_string_equal(lost, taken);
}

/* Refused for good: to be seen for three days, also over a restart, then dropped. */
static void test_refused(void **state)
{
	static const SmtpFault faults[] = {
		{SMTP_RCPT, "550 5.1.1 unknown"}, {SMTP_RCPT, "550 5.1.1 unknown"}};
	Fixture *fixture = *state;
	g_autoptr(SmtpStub) stub = smtp_stub_new(faults, G_N_ELEMENTS(faults));
	g_autofree char *message = NULL;
	Outbox *outbox;

	use_server(fixture, stub);
	assert_true(store_run(fixture->service.store, add, NULL, NULL));
	fixture_now_s = FIXTURE_NOW + 3 * 24 * 3600 - 1;
	outbox = start(fixture);
	g_free(wait_for(outbox, 1, "a notice (policy-warning): SMTP"));
	outbox_stop(outbox);
	fixture_now_s++;
	outbox = start(fixture);
	eventually(smtp_stub_connections(stub) >= 2);
	g_free(wait_for(outbox, 0, NULL));
	outbox_stop(outbox);
	message = smtp_stub_message(stub, 0);
	assert_null(message);
	assert_int_equal(smtp_stub_connections(stub), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_subjects),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_attachments),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_envelope),
		cmocka_unit_test_setup_teardown(test_said_again, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_refused, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
