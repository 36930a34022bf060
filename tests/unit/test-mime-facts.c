/* What is read of an outgoing message: addresses, subject, protection, lines, limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/error.h"
#include "mime/facts.h"

static MailMessage *parse(const char *text)
{
	return mail_message_parse(text, strlen(text));
}

static MessageFacts *facts_of(const char *text)
{
	g_autoptr(MailMessage) message = parse(text);
	MessageFacts *facts = mime_facts(message, NULL);

	assert_non_null(facts);
	return facts;
}

static void test_from(void **state)
{
	static const struct {
		const char *name, *header, *from; /* from NULL: unreadable */
	} cases[] = {
		{"plain", "From: rmoralesa@Muni.TEST\n", "rmoralesa@muni.test"},
		{"name", "From: Rosa Morales <rmoralesa@muni.test>\n", "rmoralesa@muni.test"},
		{"quoted name with an at", "From: \"a@b.test\" <c@muni.test>\n", "c@muni.test"},
		{"encoded name", "From: =?utf-8?q?Mu=C3=B1oz=40x?= <c@muni.test>\n", "c@muni.test"},
		{"folded", "From: Rosa\n <c@muni.test>\n", "c@muni.test"},
		{"comment", "From: c@muni.test (Rosa)\n", "c@muni.test"},
		{"comment that is no simple one", "From: c@muni.test (a@b.test)\n", NULL},
		{"comment in front", "From: (Rosa) c@muni.test\n", NULL},
		{"dot behind the domain", "From: Rosa <c@muni.test.>\n", NULL},
		{"bracket in a quoted name", "From: \"(Rosa\" <c@muni.test>\n", "c@muni.test"},
		{"bare at in the name", "From: a@b.test <c@muni.test>\n", NULL},
		{"group", "From: all: a@muni.test, b@muni.test;\n", NULL},
		{"empty group", "From: undisclosed:;\n", NULL},
		{"encoded word as address", "From: =?utf-8?q?a=40muni.test?=\n", NULL},
		{"encoded word within", "From: <=?utf-8?q?a?=@muni.test>\n", NULL},
		{"route", "From: <@x.test,@y.test:c@muni.test>\n", NULL},
		{"two without comma", "From: <a@muni.test> <b@muni.test>\n", NULL},
		{"no domain", "From: rosa\n", NULL},
		{"empty", "From: \n", NULL},
		{"open quote", "From: \"Rosa <c@muni.test>\n", NULL},
		{"two headers", "From: c@muni.test\nFrom: c@muni.test\n", NULL},
		{"raw 8-bit, not UTF-8", "From: Mu\xf1oz <c@muni.test>\n", "c@muni.test"},
		{"raw 8-bit in the address", "From: <mu\xf1oz@muni.test>\n", NULL},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strconcat(cases[i].header, "\nx\n", NULL);
		g_autoptr(MessageFacts) facts = facts_of(text);

		if (facts->from_unreadable != (cases[i].from == NULL))
			fail_msg("%s", cases[i].name);
		if (cases[i].from) {
			assert_int_equal(facts->from->len, 1);
			assert_string_equal(g_ptr_array_index(facts->from, 0), cases[i].from);
		}
	}
}

static void test_two_from_addresses_are_both_told(void **state)
{
	g_autoptr(MessageFacts) facts = facts_of("From: a@muni.test, B <b@muni.test>\n\nx");

	(void)state;
	assert_false(facts->from_unreadable);
	assert_int_equal(facts->from->len, 2);
	assert_string_equal(g_ptr_array_index(facts->from, 1), "b@muni.test");
}

static void test_subject(void **state)
{
	static const struct {
		const char *name, *raw, *subject;
		gboolean undecodable;
	} cases[] = {
		{"plain", "Hola", "Hola", FALSE},
		{"two base64 words", "=?utf-8?b?Tm90aWZpY2FjacOz?= =?utf-8?b?biBkZSBjb2Jybw==?=",
			"Notificación de cobro", FALSE},
		{"a letter cut in two",
			"=?utf-8?b?Tm90aWZpY2FjacM=?=\n =?utf-8?b?s24=?=", "Notificación", FALSE},
		{"latin-1 Q", "=?iso-8859-1?Q?Resoluci=F3n_N=BA_1?=", "Resolución Nº 1", FALSE},
		{"word and text", "Re: =?utf-8?q?a=C3=B1o?= 2026", "Re: año 2026", FALSE},
		{"language", "=?utf-8*es?q?a=C3=B1o?=", "año", FALSE},
		{"raw UTF-8", "A\xc3\xb1o", "Año", FALSE},
		{"no padding", "=?utf-8?b?QW5vIA?=", "Ano", FALSE},
		{"folded", "uno\n dos", "uno dos", FALSE},
		{"line end inside", "=?utf-8?q?a=0Ab?=", "a b", FALSE},
		{"unknown charset", "=?x-none?q?a=F1o?=", NULL, TRUE},
		{"broken base64", "=?utf-8?b?Q!?=", NULL, TRUE},
		{"not the charset's bytes", "=?utf-8?q?a=F1o?=", NULL, TRUE},
		{"raw latin-1", "A\xf1o", "Año", FALSE},
		{"raw, in no charset", "A\x81o", NULL, TRUE},
		{"not a word", "=?utf-8?q?open", "=?utf-8?q?open", FALSE},
		{"empty", "", "", FALSE},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strconcat("Subject: ", cases[i].raw, "\n\nx", NULL);
		g_autoptr(MessageFacts) facts = facts_of(text);

		if (facts->subject_undecodable != cases[i].undecodable)
			fail_msg("%s", cases[i].name);
		if (cases[i].subject)
			assert_string_equal(facts->subject, cases[i].subject);
	}
}

static void test_protection(void **state)
{
	static const struct {
		const char *name, *text;
		Protection protection;
	} cases[] = {
		{"none", "Content-Type: text/plain\n\nx", PROTECTION_NONE},
		{"S/MIME",
			"Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; "
			"boundary=b\n\n--b\n\nx\n--b--\n",
			PROTECTION_SMIME_SIGNED},
		{"PGP",
			"Content-Type: multipart/signed; protocol=\"application/pgp-signature\"; "
			"boundary=b\n\n--b\n\nx\n--b--\n",
			PROTECTION_PGP_SIGNED},
		{"PGP encrypted",
			"Content-Type: multipart/encrypted; boundary=b\n\n--b\n\nx\n--b--\n",
			PROTECTION_PGP_ENCRYPTED},
		{"opaque signed",
			"Content-Type: application/pkcs7-mime; smime-type=signed-data\n\nx",
			PROTECTION_SMIME_SIGNED},
		{"enveloped",
			"Content-Type: application/x-pkcs7-mime; smime-type=enveloped-data\n\nx",
			PROTECTION_SMIME_ENCRYPTED},
		{"signed, without smime-type",
			"Content-Type: application/pkcs7-mime\n"
			"Content-Transfer-Encoding: base64\n\nMIAGCSqGSIb3DQEHAqCA\n",
			PROTECTION_SMIME_SIGNED},
		{"inside mixed",
			"Content-Type: multipart/mixed; boundary=m\n\n--m\n"
			"Content-Type: multipart/signed; boundary=b\n\n--b\n\nx\n--b--\n--m--\n",
			PROTECTION_SMIME_SIGNED},
		{"of an attached message",
			"Content-Type: multipart/mixed; boundary=m\n\n--m\n\nhi\n--m\n"
			"Content-Type: message/rfc822\n\nContent-Type: multipart/signed; "
			"boundary=b\n\n"
			"--b\n\nx\n--b--\n--m--\n",
			PROTECTION_NONE},
		{"PGP in the text", "\nhi\n-----BEGIN PGP SIGNED MESSAGE-----\n",
			PROTECTION_PGP_INLINE},
		{"quoted PGP", "\n> -----BEGIN PGP MESSAGE-----\n", PROTECTION_NONE},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(MessageFacts) facts = facts_of(cases[i].text);

		if (facts->protection != cases[i].protection)
			fail_msg("%s: %d", cases[i].name, facts->protection);
	}
}

static void test_sender(void **state)
{
	static const struct {
		const char *header, *sender;
	} cases[] = {
		{"Sender: Rosa <s@muni.test>\n", "s@muni.test"},
		{"Sender: s@muni.test\nSender: a@muni.test\n", ""},
		{"Sender: s@muni.test, a@muni.test\n", ""},
		{"Sender: g:;\n", ""},
		{"Sender: =?utf-8?q?a=40muni.test?=\n", ""},
		{"Sender:\n", ""},
		{"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strconcat(cases[i].header, "X: y\n\nx\n", NULL);
		g_autoptr(MessageFacts) facts = facts_of(text);

		if (g_strcmp0(facts->sender, cases[i].sender) != 0)
			fail_msg("%s: %s", cases[i].header, facts->sender);
	}
}

#define PLAIN "Content-Type: text/plain; charset=utf-8\n\n"
#define HTML "Content-Type: text/html; charset=utf-8\n\n"
#define MIXED                                                                                      \
	"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nVa.\n--b\n"

static void test_forwards(void **state)
{
	static const struct {
		const char *name, *text;
		gboolean forwards, has_original;
	} cases[] = {
		{"not a forward", "Subject: Re: x\n" PLAIN "> a\n", FALSE, FALSE},
		{"of an answer", "Subject: RV: Re: x\n" PLAIN "a\n", TRUE, FALSE},
		{"answer to a forward", "Subject: Re: RV: x\nIn-Reply-To: <a@b>\n" PLAIN "a\n",
			FALSE, FALSE},
		{"answer by References", "Subject: Re: RV: x\nReferences: <a@b>\n" PLAIN "a\n",
			FALSE, FALSE},
		{"answers nothing", "Subject: Re: RV: x\n" PLAIN "a\n", TRUE, FALSE},
		{"References alone", "Subject: x\nReferences: <a@b>\n" PLAIN "a\n", TRUE, FALSE},
		{"References of a program",
			"Subject: x\nReferences: <a@b>\nAuto-Submitted: auto-generated\n" PLAIN
			"a\n",
			FALSE, FALSE},
		{"another subject in a thread",
			"Subject: x\nReferences: <a@b>\nIn-Reply-To: <a@b>\n" PLAIN "a\n", FALSE,
			FALSE},
		{"in brackets", "Subject: [RV] x\n" PLAIN "a\n", TRUE, FALSE},
		{"in round ones", "Subject: (Fwd: x)\n" PLAIN "a\n", TRUE, FALSE},
		{"behind a tag", "Subject: [OTIC] RV: x\n" PLAIN "a\n", TRUE, FALSE},
		{"behind tags and an answer", "Subject: [A] Re: [B] Fwd: x\n" PLAIN "a\n", TRUE,
			FALSE},
		{"behind haste", "Subject: URGENTE RV: x\n" PLAIN "a\n", TRUE, FALSE},
		{"behind haste and a colon", "Subject: Muy Urgente!: Fwd: x\n" PLAIN "a\n", TRUE,
			FALSE},
		{"haste alone", "Subject: URGENTE x RV: y\n" PLAIN "a\n", FALSE, FALSE},
		{"haste and an answer",
			"Subject: URGENTE - Re: x\nIn-Reply-To: <a@b>\n" PLAIN "a\n", FALSE, FALSE},
		{"a tag alone", "Subject: [OTIC] x [RV]\n" PLAIN "a\n", FALSE, FALSE},
		{"a tag without end", "Subject: [OTIC RV: x\n" PLAIN "a\n", FALSE, FALSE},
		{"other brackets", "Subject: [Mesa] x\n" PLAIN "a\n", FALSE, FALSE},
		{"TR", "Subject: TR: x\n" PLAIN "a\n", TRUE, FALSE},
		{"Reenvío", "Subject: =?utf-8?q?Reenv=C3=ADo=3A?= x\n" PLAIN "a\n", TRUE, FALSE},
		{"look-alikes", "Subject: =?utf-8?b?xqZWOg==?= x\n" PLAIN "a\n", TRUE, FALSE},
		{"capitals and blanks", "Subject:  fWd : x\n" PLAIN "a\n", TRUE, FALSE},
		{"FW", "Subject: FW: x\n" PLAIN "a\n", TRUE, FALSE},
		{"Reenv", "Subject: Reenv: x\n" PLAIN "a\n", TRUE, FALSE},
		{"by field", "Subject: x\nX-Forwarded-Message-Id: <a@b>\n" PLAIN "a\n", TRUE,
			FALSE},
		{"no body", "Subject: RV: x\n\n", TRUE, FALSE},
		{"marks", "Subject: RV: x\n" PLAIN "Va:\n> a\nSaludos\n", TRUE, TRUE},
		{"forward of a forward",
			"Subject: RV: RV: x\n" PLAIN
			"-----Mensaje original-----\nDe: A <a@b.test>\n"
			"Asunto: RV: x\n\n> De: B\n> a\n",
			TRUE, TRUE},
		{"marks without text", "Subject: RV: x\n" PLAIN "Va:\n>\n> \nSaludos\n", TRUE,
			FALSE},
		{"only who wrote it", "Subject: RV: x\n" PLAIN "Va.\n\n> De: A <a@b.test>\n> \n",
			TRUE, FALSE},
		{"only its fields",
			"Subject: RV: x\n" PLAIN "Va.\n\n-------- Mensaje reenviado --------\n"
			"Asunto: x\nDe: A <a@b.test>\n\n",
			TRUE, FALSE},
		{"empty quote of HTML",
			"Subject: RV: x\n" HTML "<p>Va.</p><blockquote> &nbsp;</blockquote>", TRUE,
			FALSE},
		{"an empty message",
			"Subject: RV: x\n" MIXED "Content-Type: message/rfc822\n\n\n--b--\n", TRUE,
			FALSE},
		{"a file of Outlook",
			"Subject: RV: x\n" MIXED
			"Content-Type: application/vnd.ms-outlook; name=\"x.msg\"\n"
			"Content-Disposition: attachment; filename=\"x.msg\"\n\nAAAA\n--b--\n",
			TRUE, TRUE},
		{"marks first", "Subject: RV: x\n" PLAIN "> a\nSaludos\n", TRUE, TRUE},
		{"Thunderbird",
			"Subject: RV: x\n" PLAIN "Va.\n\n-------- Mensaje reenviado --------\n"
			"Asunto: x\nDe: A <a@b.test>\n\na\n",
			TRUE, TRUE},
		{"HTML", "Subject: RV: x\n" HTML "<p>Va.</p><blockquote>a</blockquote>", TRUE,
			TRUE},
		{"HTML without", "Subject: RV: x\n" HTML "<p>Va.</p>", TRUE, FALSE},
		{"attached",
			"Subject: RV: x\n" MIXED
			"Content-Type: message/rfc822\n\nSubject: x\n\na\n--b--\n",
			TRUE, TRUE},
		{"a file is no message",
			"Subject: RV: x\n" MIXED
			"Content-Type: text/plain\nContent-Disposition: attachment\n\n> a\n--b--\n",
			TRUE, FALSE},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(MessageFacts) facts = facts_of(cases[i].text);

		if (facts->forwards != cases[i].forwards ||
			facts->has_original != cases[i].has_original)
			fail_msg("%s: %d %d", cases[i].name, facts->forwards, facts->has_original);
	}
}

static void test_the_rest(void **state)
{
	g_autoptr(MessageFacts) facts =
		facts_of("To: A <a@x.test>, g: b@x.test;\nCc: c@X.test\nSender: s@muni.test\n"
			 "Message-ID: <1@muni.test>\nIn-Reply-To: <2@x.test> <3@x.test>\n"
			 "Date: Sat, 21 Nov 2026 10:00:00 -0500\nX-Acuse-Class: Notification\n"
			 "Disposition-Notification-To: s@muni.test\n\nabc\r\nabcde\r\n\xc3\xb1");

	(void)state;
	assert_int_equal(facts->to->len, 2);
	assert_string_equal(g_ptr_array_index(facts->to, 1), "b@x.test");
	assert_string_equal(g_ptr_array_index(facts->cc, 0), "c@x.test");
	assert_string_equal(facts->sender, "s@muni.test");
	assert_string_equal(facts->message_id, "1@muni.test");
	assert_string_equal(facts->in_reply_to, "2@x.test");
	assert_string_equal(facts->date, "Sat, 21 Nov 2026 10:00:00 -0500");
	assert_true(facts->marked_notification);
	assert_true(facts->asks_read_receipt);
	assert_true(facts->has_8bit);
	assert_int_equal(facts->longest_line_bytes, 5);
	assert_null(facts->subject);
}

static void test_fields_of_odd_clients(void **state)
{
	g_autoptr(MessageFacts) facts = facts_of(
		"Message-ID: <1 <2\xf1@muni.test>\nIn-Reply-To: \xf1 <\xf1>\nDate: \xf1\n\nx");

	(void)state;
	assert_string_equal(facts->message_id, "2\xef\xbf\xbd@muni.test");
	assert_string_equal(facts->in_reply_to, "\xef\xbf\xbd");
	assert_string_equal(facts->date, "\xef\xbf\xbd");
}

/* Every address that any reader could take for a recipient is one: else it would seem hidden
 * (P14). */
static void test_recipients(void **state)
{
	static const struct {
		const char *name, *fields, *found;
	} cases[] = {
		{"plain", "To: a@x.test\n", "a@x.test"},
		{"group", "To: Vecinos: a@x.test, B <b@x.test>;\n", "a@x.test b@x.test"},
		{"nested names", "To: \"Perez, Ana\" <a@x.test>, (b@y.test) c@x.test (d)\n",
			"a@x.test c@x.test"},
		{"encoded names",
			"To: =?utf-8?b?w5FhbmRvLA==?= <a@x.test>,\n =?utf-8?q?B=2C?= <b@x.test>\n",
			"a@x.test b@x.test"},
		{"several fields", "To: a@x.test\nTo: b@x.test\nCc: c@x.test\n",
			"a@x.test b@x.test | c@x.test"},
		{"empty group", "To: undisclosed-recipients:;\nCc: C@X.TEST\n", " | C@x.test"},
		{"groups and people", "To: A: a@x.test;, b@x.test, C: c@x.test;\n",
			"a@x.test b@x.test c@x.test"},
		{"comment inside", "To: a (uno) @ (dos) x.test\n", "a@x.test"},
		{"folded", "To: a@x.test,\n\tb@x.test\n", "a@x.test b@x.test"},
		{"quoted local part", "To: \"a b\"@x.test\n", "\"a b\"@x.test"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strconcat(cases[i].fields, "\n", NULL);
		g_autoptr(MailMessage) message = mail_message_parse(text, strlen(text));
		g_autoptr(MessageFacts) facts = mime_facts(message, NULL);
		g_autoptr(GString) found = g_string_new(NULL);

		for (guint j = 0; j < facts->to->len; j++)
			g_string_append_printf(
				found, "%s%s", j > 0 ? " " : "", (char *)facts->to->pdata[j]);
		for (guint j = 0; j < facts->cc->len; j++)
			g_string_append_printf(
				found, "%s%s", j > 0 ? " " : " | ", (char *)facts->cc->pdata[j]);
		if (strcmp(found->str, cases[i].found) != 0)
			fail_msg("%s: %s", cases[i].name, found->str);
	}
}

/* Postfix hands over a field whose name has a blank before its colon. */
static void test_odd_fields(void **state)
{
	static const struct {
		const char *name;
		gboolean odd;
	} cases[] = {{"From", FALSE}, {"X-Any_thing.1", FALSE}, {"From ", TRUE}, {"From\t", TRUE},
		{"Fr\xc3\xb3m", TRUE}, {"Fr\xff", TRUE}, {"", TRUE}};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(MailMessage) message = mail_message_new();
		g_autoptr(MessageFacts) facts = NULL;

		mail_message_add_field(message, cases[i].name, " a@x.test");
		facts = mime_facts(message, NULL);
		if ((facts->odd_field != NULL) != cases[i].odd)
			fail_msg("\"%s\"", cases[i].name);
		if (facts->odd_field != NULL)
			assert_true(g_utf8_validate(facts->odd_field, -1, NULL));
	}
}

static char *nested(guint levels)
{
	GString *text = g_string_new("Content-Type: multipart/mixed; boundary=b0\n\n");

	for (guint i = 1; i < levels; i++)
		g_string_append_printf(
			text, "--b%u\nContent-Type: multipart/mixed; boundary=b%u\n\n", i - 1, i);
	return g_string_free(text, FALSE);
}

static char *many(const char *head, const char *item, guint count)
{
	GString *text = g_string_new(head);

	for (guint i = 0; i < count; i++)
		g_string_append(text, item);
	return g_string_free(text, FALSE);
}

static void test_limits(void **state)
{
	const char *mixed = "Content-Type: multipart/mixed; boundary=b\n\n";
	g_autofree char *wide = g_strnfill(MIME_MAX_HEADER_BYTES - 6, 'x');
	g_autofree char *name = g_strnfill(MIME_MAX_ADDRESS_BYTES - 6, 'x');
	const struct {
		const char *name;
		char *text;
		gboolean fits;
	} cases[] = {
		{"address bytes", g_strconcat("To: ", name, " <a@b>\n\n", NULL), FALSE},
		{"groups", many("To: ", "a:", MIME_MAX_GROUPS), TRUE},
		{"groups + 1", many("To: ", "a:", MIME_MAX_GROUPS + 1), FALSE},
		{"depth", nested(MIME_MAX_DEPTH), TRUE},
		{"depth + 1", nested(MIME_MAX_DEPTH + 1), FALSE},
		{"parts", many(mixed, "--b\n\nx\n", MIME_MAX_PARTS - 1), TRUE},
		{"parts + 1", many(mixed, "--b\n\nx\n", MIME_MAX_PARTS), FALSE},
		{"fields", many("", "A: b\n", MIME_MAX_FIELDS), TRUE},
		{"fields + 1", many("", "A: b\n", MIME_MAX_FIELDS + 1), FALSE},
		{"parameters", many("Content-Type: a/b", ";x=y", MIME_MAX_PARAMETERS), TRUE},
		{"parameters + 1", many("Content-Type: a/b", ";x=y", MIME_MAX_PARAMETERS + 1),
			FALSE},
		{"header bytes", g_strconcat("A: ", wide, "x\n\n", NULL), TRUE},
		{"header bytes + 1", g_strconcat("A: ", wide, "xx\n\n", NULL), FALSE},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(MailMessage) message = parse(cases[i].text);
		g_autoptr(GError) error = NULL;
		g_autoptr(MessageFacts) facts = mime_facts(message, &error);

		if ((facts != NULL) != cases[i].fits)
			fail_msg("%s", cases[i].name);
		if (!facts)
			assert_int_equal(error->code, ACUSE_ERROR_TOO_COMPLEX);
		g_free(cases[i].text);
	}
}

static void test_message_keeps_bytes(void **state)
{
	static const char text[] = "A:  b\r\n\tc\r\nB:\r\n\r\nbody\0 \r\nend";
	g_autoptr(MailMessage) message = mail_message_parse(text, sizeof(text) - 1);
	g_autoptr(MailMessage) copy = mail_message_copy(message);
	g_autoptr(GBytes) bytes = mail_message_to_bytes(copy);

	(void)state;
	assert_string_equal(mail_message_field(message, "a"), "  b\n\tc");
	assert_int_equal(g_bytes_get_size(bytes), sizeof(text) - 1);
	assert_memory_equal(g_bytes_get_data(bytes, NULL), text, sizeof(text) - 1);
	mail_message_delete_fields(copy, "A");
	assert_null(mail_message_field(copy, "A"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_from),
		cmocka_unit_test(test_two_from_addresses_are_both_told),
		cmocka_unit_test(test_recipients),
		cmocka_unit_test(test_odd_fields),
		cmocka_unit_test(test_subject),
		cmocka_unit_test(test_protection),
		cmocka_unit_test(test_sender),
		cmocka_unit_test(test_forwards),
		cmocka_unit_test(test_the_rest),
		cmocka_unit_test(test_fields_of_odd_clients),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_message_keeps_bytes),
	};

	mime_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
