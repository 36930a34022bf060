/*
 * The outgoing decision with the real policy, MIME and CMS: what is asked of whom in which order,
 * what each failure becomes, and that the recorded bytes are the bytes that Postfix gets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/error.h"
#include "cms/cms.h"
#include "cms/digest.h"
#include "core/return_token.h"
#include "milter/outgoing.h"
#include "mime/smime.h"
#include "tests/unit/outgoing-mail.h"

static void test_notification(void **state)
{
	FakeWorld *world = fake_world_new();
	g_autoptr(Outcome) outcome = run_notification(world);
	g_autoptr(GBytes) bytes = NULL;
	g_autoptr(GBytes) entity = NULL;
	g_autoptr(GBytes) cms = NULL;
	g_autoptr(CmsSigner) signer = NULL;
	g_autofree char *sha256 = NULL;
	g_autofree char *entity_sha256 = NULL;
	g_autofree char *token = NULL;

	(void)state;
	assert_null(outcome->reply);
	assert_int_equal(outcome->action, ACTION_ACCEPT);
	assert_string_equal(world->calls->str, "intent sign message+prepared ");
	assert_string_equal(outcome->class_name, "notification");
	bytes = mail_message_to_bytes(outcome->final);
	sha256 = digest_sha256_hex(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	assert_string_equal(
		json_string_value(json_object_get(world->prepared, "message_sha256")), sha256);
	assert_true(g_hash_table_contains(world->blobs, sha256));
	assert_int_equal(json_integer_value(json_object_get(world->prepared, "size")),
		g_bytes_get_size(bytes));
	assert_true(
		smime_split(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), &entity, &cms));
	signer = cms_verify_detached(cms, entity, NULL, NULL);
	assert_non_null(signer);
	entity_sha256 = digest_sha256_hex(g_bytes_get_data(entity, NULL), g_bytes_get_size(entity));
	assert_string_equal(
		json_string_value(json_object_get(world->intent, "entity_sha256")), entity_sha256);
	assert_string_equal(g_strchug((char *)mail_message_field(outcome->final, "Acuse-Id")),
		outcome->send_id);
	token = return_token_of_address(outcome->sender, "muni.test");
	assert_non_null(token);
	assert_true(return_token_check(world->options->token_key, token));
	assert_true(g_str_has_prefix(outcome->sender_parameters, "ENVID="));
	fake_world_free(world);
}

static void test_internal(void **state)
{
	FakeWorld *world = fake_world_new();
	g_autoptr(Outcome) outcome =
		run(world, "SUBMISSION", "rmoralesa", "rmoralesa@muni.test", OFFICE, INTERNAL);
	g_autofree char *content = digest_sha256_hex("Hola.\r\n", 7);

	(void)state;
	assert_null(outcome->reply);
	assert_int_equal(outcome->action, ACTION_ACCEPT);
	assert_string_equal(world->calls->str, "message+intent ");
	assert_true(json_is_null(json_object_get(world->intent, "entity_sha256")));
	assert_string_equal(
		json_string_value(json_object_get(world->intent, "content_sha256")), content);
	assert_true(json_is_null(
		json_object_get(json_object_get(world->intent, "prepared"), "cms_sha256")));
	fake_world_free(world);
}

static const char *intent_text(const FakeWorld *world, const char *name)
{
	return json_string_value(json_object_get(world->intent, name));
}

/* What is signed has the Date of its signature; the client's own stays on record. */
static void test_dates(void **state)
{
	static const struct {
		const char *name, *date;
		gboolean kept;
	} cases[] = {
		{"on time", "Fri, 20 Nov 2026 16:00:00 -0500", TRUE},
		{"ten minutes late", "Fri, 20 Nov 2026 16:10:00 -0500", TRUE},
		{"a second more", "Fri, 20 Nov 2026 16:10:01 -0500", FALSE},
		{"an hour early", "Fri, 20 Nov 2026 16:00:00 -0400", FALSE},
		{"no date", "ayer por la tarde", FALSE},
		{"two", "Fri, 20 Nov 2026 16:00:00 -0500\nDate: Fri, 20 Nov 2026 16:00:00 -0500",
			FALSE},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		FakeWorld *world = fake_world_new();
		g_auto(GStrv) pieces =
			g_strsplit(NOTIFICATION, "Fri, 20 Nov 2026 16:00:00 -0500", -1);
		g_autofree char *text = g_strjoinv(cases[i].date, pieces);
		g_autoptr(Outcome) outcome =
			run(world, "SUBMISSION", "rmoralesa", OFFICE, CITIZEN, text);

		assert_null(outcome->reply);
		if ((intent_text(world, "date_original") == NULL) != cases[i].kept)
			fail_msg("%s", cases[i].name);
		if (!cases[i].kept) {
			assert_string_equal(
				intent_text(world, "date"), "Fri, 20 Nov 2026 21:00:00 +0000");
			assert_string_equal(mail_message_field(outcome->final, "Date"),
				" Fri, 20 Nov 2026 21:00:00 +0000");
		}
		fake_world_free(world);
	}
}

/* The record says what became of the block. */
static void test_block_word(void **state)
{
	static const struct {
		const char *name, *body, *word;
	} cases[] = {
		{"added", "Hola.\n", "added"},
		{"present",
			"Hola.\n\nRosa Morales Aranda\nSecretaria General\nSecretar\xc3\xad"
			"a General\nMunicipalidad de Prueba\n042 000000\n",
			"present"},
		{"protected", "-----BEGIN PGP MESSAGE-----\n", "protected"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		FakeWorld *world = fake_world_new();
		g_auto(GStrv) pieces = g_strsplit(INTERNAL, "\n\n", 2);
		g_autofree char *text = g_strconcat(pieces[0], "\n\n", cases[i].body, NULL);
		g_autoptr(Outcome) outcome =
			run(world, "SUBMISSION", "rmoralesa", "rmoralesa@muni.test", OFFICE, text);

		assert_null(outcome->reply);
		if (g_strcmp0(intent_text(world, "block"), cases[i].word) != 0)
			fail_msg("%s: %s", cases[i].name, intent_text(world, "block"));
		assert_int_equal(outcome->body_changed, i == 0);
		fake_world_free(world);
	}
}

static void test_refusals(void **state)
{
	static const struct {
		const char *name, *stream, *login, *sender, *text, *reply;
		gint64 age_s;
	} cases[] = {
		{"old directory", "SUBMISSION", "rmoralesa", OFFICE, NOTIFICATION, "451 4.3.0 ",
			901},
		{"never a directory", "LOCAL", NULL, "root@host.test",
			"From: root@host.test\n\nx\n", "451 4.3.0 ", G_MAXINT64},
		{"unset stream", "UNSET", "rmoralesa", OFFICE, NOTIFICATION, "451 4.7.1 ", 0},
		{"no stream", NULL, "rmoralesa", OFFICE, NOTIFICATION, "451 4.7.1 ", 0},
		{"inbound at outgoing", "INBOUND", NULL, CITIZEN, NOTIFICATION, "451 4.7.1 ", 0},
		{"borrowed sender", "LOCAL", NULL, OFFICE, "From: root@host.test\n\nx\n",
			"550 5.7.1 [P1]", 0},
		{"borrowed From", "LOCAL", NULL, "root@host.test", NOTIFICATION, "550 5.7.1 [P1]",
			0},
		{"no subject", "SUBMISSION", "rmoralesa", "rmoralesa@muni.test",
			"From: rmoralesa@muni.test\nTo: " CITIZEN "\n\nHola\n", "550 5.7.1 [P3]",
			0},
		{"somebody else", "SUBMISSION", "rmoralesa", "rmoralesa@muni.test",
			"From: alcalde@muni.test\nTo: " CITIZEN "\nSubject: x y\n\nHola\n",
			"550 5.7.1 [P1]", 0},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		FakeWorld *world = fake_world_new();
		g_autoptr(Outcome) outcome = NULL;

		world->age_s = cases[i].age_s;
		outcome = run(world, cases[i].stream, cases[i].login, cases[i].sender, CITIZEN,
			cases[i].text);
		if (outcome->action != ACTION_REPLY ||
			!g_str_has_prefix(outcome->reply, cases[i].reply))
			fail_msg("%s: %s", cases[i].name, outcome->reply);
		assert_string_equal(world->calls->str, "");
		fake_world_free(world);
	}
}

static void test_passes(void **state)
{
	static const struct {
		const char *name, *stream, *sender;
	} cases[] = {
		{"own reports", "INTERNAL", ""},
		{"cron", "LOCAL", "root@host.test"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		FakeWorld *world = fake_world_new();
		g_autoptr(Outcome) outcome = run(world, cases[i].stream, NULL, cases[i].sender,
			CITIZEN, "From: root@host.test\nSubject: x\n\nx\n");

		if (outcome->action != ACTION_ACCEPT || outcome->final != NULL)
			fail_msg("%s: %s", cases[i].name, outcome->reply);
		assert_string_equal(world->calls->str, "");
		fake_world_free(world);
	}
}

static guint count_lines(const char *text, const char *name)
{
	g_auto(GStrv) lines = g_strsplit(text, "\r\n", -1);
	guint count = 0;

	for (char **line = lines; *line != NULL && **line != '\0'; line++)
		count += g_ascii_strncasecmp(*line, name, strlen(name)) == 0;
	return count;
}

/* What the citizen's client sees has to be what is on record, and nothing of it a claim of ours. */
static void test_foreign_fields(void **state)
{
	static const struct {
		const char *name, *fields, *field;
		guint left;
		const char *id; /* NULL: one of ours */
	} cases[] = {
		{"two ids", "Message-ID: <a@x>\nmessage-id: <b@x>\n", "Message-ID:", 1, "a@x"},
		{"an unusable id", "Message-ID: nothing\n", "Message-ID:", 1, NULL},
		{"an unusable id first", "Message-ID:\nMessage-ID: <b@x>\n", "Message-ID:", 1,
			NULL},
		{"two ids in a field", "Message-ID: <a@x> <b@x>\n", "Message-ID:", 1, "a@x"},
		{"checks of ours", "authentication-results: muni.test; dmarc=pass\n",
			"Authentication-Results:", 0, NULL},
		{"receipts forbidden", "Disposition-Notification-Options: x=required,y\n",
			"Disposition-Notification-Options:", 0, NULL},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		FakeWorld *world = fake_world_new();
		g_autofree char *text =
			g_strdup_printf("From: %s\nTo: %s\n"
					"Subject: CARTA 1 Exp. 2026-001234\n%s\nHola.\n",
				OFFICE, CITIZEN, cases[i].fields);
		g_autoptr(Outcome) outcome =
			run(world, "SUBMISSION", "rmoralesa", OFFICE, CITIZEN, text);
		g_autoptr(GBytes) bytes = NULL;
		g_autofree char *sent = NULL;
		const char *id = json_string_value(json_object_get(world->intent, "message_id"));

		if (outcome->final == NULL || id == NULL)
			fail_msg("%s: %s", cases[i].name, outcome->reply);
		bytes = mail_message_to_bytes(outcome->final);
		sent = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
		if (count_lines(sent, cases[i].field) != cases[i].left)
			fail_msg("%s: %s", cases[i].name, sent);
		g_free(text);
		text = g_strdup_printf("Message-ID: <%s>\r\n", id);
		if (strstr(sent, text) == NULL ||
			(cases[i].id != NULL && strcmp(id, cases[i].id) != 0))
			fail_msg("%s: recorded %s\n%s", cases[i].name, id, sent);
		fake_world_free(world);
	}
}

static void test_missing_notify(void **state)
{
	FakeWorld *world = fake_world_new();
	g_autoptr(Session) session =
		fake_session("SUBMISSION", "rmoralesa", OFFICE, CITIZEN, NOTIFICATION);
	g_autoptr(Outcome) outcome = NULL;
	char address[] = "<otro@ciudadano.test>", notify[] = "NOTIFY=FAILURE";
	char *rcpt[] = {address, notify, NULL};

	(void)state;
	session_add_recipient(session, rcpt, "muni.test");
	g_ptr_array_set_size(session->envelope->recipients, 1);
	outcome = outgoing_decide(session, &world->services);
	assert_string_equal(outcome->decision, "policy");
	assert_non_null(strstr(outcome->reply, "[P6]"));
	assert_true(g_str_has_prefix(outcome->reply, "451 4.3.5 "));
	assert_string_equal(world->calls->str, "");
	fake_world_free(world);
}

static void test_size_limit(void **state)
{
	FakeWorld *world = fake_world_new();
	g_autoptr(GString) text = g_string_new(NOTIFICATION);
	g_autoptr(Outcome) outcome = NULL;

	(void)state;
	/* Fits as it came, but not with a signature. */
	while (text->len < 262144 - 32768)
		g_string_append(text, "linea de relleno\n");
	outcome = run(world, "SUBMISSION", "rmoralesa", OFFICE, CITIZEN, text->str);
	assert_int_equal(outcome->action, ACTION_REPLY);
	assert_true(g_str_has_prefix(outcome->reply, "552 5.3.4 "));
	assert_string_equal(world->calls->str, "");
	fake_world_free(world);
}

#define SCAN                                                                                       \
	"From: <" OFFICE ">\nTo: <" CITIZEN ">\nSubject: %sNOTIFICACION 12 - Exp. 2026-001234\n"   \
	"Date: Fri, 20 Nov 2026 16:00:00 -0500\nMessage-ID: <n12@pc.muni.test>\nMIME-Version: "    \
	"1.0\n"                                                                                    \
	"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nHola.\n"    \
	"%s--b--\n"
#define IMAGE "--b\nContent-Type: image/png\n\nimagen\n"

/* A declared exception is asked for when it is needed, and named when it helped. */
static void test_declared_exception(void **state)
{
	static const struct {
		const char *name, *subject, *attachment;
		RuleMode mode;
		gboolean declared;
		int error; /* of the question; -1: none */
		gboolean asked;
		const char *reply, *reason; /* on record; NULL: none */
	} cases[] = {
		{"none was declared", "", IMAGE, MODE_ENFORCE, FALSE, -1, TRUE, "550 5.7.1 [P11]",
			NULL},
		{"one was", "", IMAGE, MODE_ENFORCE, TRUE, -1, TRUE, NULL, "token vencido"},
		{"one was, in mode warn", "", IMAGE, MODE_WARN, TRUE, -1, TRUE, NULL,
			"token vencido"},
		{"it does not help where there is no scan", "", "", MODE_ENFORCE, TRUE, -1, FALSE,
			"550 5.7.1 [P11]", NULL},
		{"it is not used up by what has none", "", "", MODE_WARN, TRUE, -1, FALSE, NULL,
			NULL},
		{"the subject's own comes first", "[URGENTE: corte de luz] ", IMAGE, MODE_ENFORCE,
			TRUE, -1, FALSE, NULL, "corte de luz"},
		{"off: nobody asks", "", IMAGE, MODE_OFF, TRUE, -1, FALSE, NULL, NULL},
		{"nobody answers", "", IMAGE, MODE_ENFORCE, TRUE, ACUSE_ERROR_UNAVAILABLE, TRUE,
			"451 4.3.0", NULL},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		FakeWorld *world = fake_world_new();
		g_autofree char *text =
			g_strdup_printf(SCAN, cases[i].subject, cases[i].attachment);
		g_autoptr(Outcome) outcome = NULL;
		gboolean declared;

		print_message("%s\n", cases[i].name);
		g_hash_table_replace(world->options->policy->modes, g_strdup("p11"),
			GUINT_TO_POINTER(cases[i].mode));
		if (cases[i].declared)
			world->exception = json_pack(
				"{s:s, s:s}", "id", "000000000007", "reason", "token vencido");
		world->exception_error = cases[i].error;
		outcome = run(world, "SUBMISSION", "rmoralesa", OFFICE, CITIZEN, text);
		assert_int_equal(world->exception_asked != NULL, cases[i].asked);
		assert_true(cases[i].reply == NULL
				    ? outcome->reply == NULL
				    : g_str_has_prefix(outcome->reply, cases[i].reply));
		if (cases[i].reply == NULL) {
			declared = g_strcmp0(cases[i].reason, "token vencido") == 0;
			assert_true(
				g_strcmp0(intent_text(world, "exception"), cases[i].reason) == 0);
			assert_true(g_strcmp0(intent_text(world, "exception_id"),
					    declared ? "000000000007" : NULL) == 0);
		}
		fake_world_free(world);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_notification),
		cmocka_unit_test(test_internal),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_block_word),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_passes),
		cmocka_unit_test(test_foreign_fields),
		cmocka_unit_test(test_missing_notify),
		cmocka_unit_test(test_size_limit),
		cmocka_unit_test(test_declared_exception),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
