/* What the callbacks collect, and the order fields will have in Postfix. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "milter/outcome.h"
#include "milter/session.h"

static void test_notify(void **state)
{
	static const struct {
		const char *parameters;
		gboolean missing;
	} cases[] = {
		{"NOTIFY=SUCCESS,FAILURE,DELAY", FALSE},
		{"ORCPT=rfc822;a@b.test notify=failure,success", FALSE},
		{"NOTIFY=FAILURE", TRUE},
		{"NOTIFY=NEVER", TRUE},
		{"ORCPT=rfc822;success@b.test", TRUE},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Session) session = session_new();
		g_autofree char *line = g_strconcat("<a@b.test> ", cases[i].parameters, NULL);
		g_auto(GStrv) words = g_strsplit(line, " ", -1);
		char sender[] = "<x@b.test>";
		char *mail[] = {sender, NULL};

		session_begin(session, "SUBMISSION", "Rosa", mail);
		session_add_recipient(session, words, "muni.test");
		if ((session->envelope->unconfirmed->len > 0) != cases[i].missing)
			fail_msg("%s", cases[i].parameters);
		assert_string_equal(session->envelope->login, "rosa");
		assert_string_equal(session->envelope->sender, "x@b.test");
		assert_string_equal(
			g_ptr_array_index(session->envelope->recipients, 0), "a@b.test");
	}
}

static void test_limit(void **state)
{
	g_autoptr(Session) session = session_new();
	char sender[] = "";
	char *mail[] = {sender, NULL};

	(void)state;
	session_begin(session, "INTERNAL", NULL, mail);
	assert_string_equal(session->envelope->sender, "");
	session_add_field(session, "A", " b", 10); /* 1 + 2 + 3 bytes */
	session_add_body(session, "1234", 4, 10);
	assert_false(session->too_large);
	session_add_body(session, "5", 1, 10);
	assert_true(session->too_large);
	session_add_body(session, "", 0, 10);
	assert_int_equal(session->message->body->len, 4);
	session_begin(session, "INTERNAL", NULL, mail);
	assert_false(session->too_large);
}

static MailMessage *message_of(const char *names)
{
	MailMessage *message = mail_message_new();
	g_auto(GStrv) words = g_strsplit(names, " ", -1);

	for (char **word = words; *word != NULL; word++) {
		g_auto(GStrv) pair = g_strsplit(*word, "=", 2);

		mail_message_add_field(message, pair[0], pair[1]);
	}
	return message;
}

static void test_recipients(void **state)
{
	static const struct {
		const char *daemon, *given, *kept;
	} cases[] = {
		{"SUBMISSION", "<a@b.test>", "a@b.test"},
		{"SUBMISSION", "<a@b.test.>", "a@b.test"},
		{"SUBMISSION", "<rosa>", "rosa@muni.test"},
		{"SUBMISSION", "<a%b.test>", "a%b.test@muni.test"},
		{"SUBMISSION", "<\"a.b\"@b.test>", "a.b@b.test"},
		{"SUBMISSION", "<\"a b\"@b.test>", "\"a b\"@b.test"},
		{"SUBMISSION", "<\"a@x\"@b.test>", "\"a@x\"@b.test"},
		{"SUBMISSION", "<\"\"@b.test>", "\"\"@b.test"},
		{"INBOUND", "<a@b.test.>", "a@b.test"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Session) session = session_new();
		g_autofree char *given = g_strdup(cases[i].given);
		char sender[] = "<x@b.test>";
		char *mail[] = {sender, NULL}, *rcpt[] = {given, NULL};

		session_begin(session, cases[i].daemon, "Rosa", mail);
		session_add_recipient(session, rcpt, "muni.test");
		assert_string_equal(
			g_ptr_array_index(session->envelope->recipients, 0), cases[i].kept);
	}
}

static void test_arrange(void **state)
{
	static const struct {
		const char *name, *original, *final, *arranged;
	} cases[] = {
		{"nothing", "A=1 B=2", "A=1 B=2", "A=1 B=2"},
		{"changed in place", "A=1 B=2 C=3", "A=9 B=2 C=3", "B=2 C=3 A=9"},
		{"added in front", "A=1 B=2", "X=7 A=1 B=2", "A=1 B=2 X=7"},
		{"deleted", "A=1 B=2", "B=2", "B=2"},
		{"one of two deleted", "A=1 B=2 a=3", "B=2 a=3", "B=2 a=3"},
		{"doubles kept", "A=1 B=2 A=3", "A=1 A=3 B=2", "A=1 B=2 A=3"},
		{"doubles in another order", "A=1 B=2 A=3", "A=3 B=2 A=1", "B=2 A=3 A=1"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(MailMessage) original = message_of(cases[i].original);
		g_autoptr(MailMessage) final = message_of(cases[i].final);
		g_autoptr(GString) text = g_string_new(NULL);

		outcome_arrange(original, final);
		for (guint k = 0; k < final->fields->len; k++) {
			const MailField *field = g_ptr_array_index(final->fields, k);

			g_string_append_printf(
				text, "%s%s=%s", k > 0 ? " " : "", field->name, field->value);
		}
		if (strcmp(text->str, cases[i].arranged) != 0)
			fail_msg("%s: %s", cases[i].name, text->str);
	}
}

static void test_addresses(void **state)
{
	(void)state;
	assert_true(address_in_domain("a@MUNI.test", "muni.test"));
	assert_false(address_in_domain("a@x.muni.test", "muni.test"));
	assert_false(address_in_domain("", "muni.test"));
	assert_true(address_in_domain("\"a@otra.test\"@muni.test", "muni.test"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_notify),
		cmocka_unit_test(test_recipients),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_arrange),
		cmocka_unit_test(test_addresses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
