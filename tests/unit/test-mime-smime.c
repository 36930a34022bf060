/* The signed entity, the multipart/signed around it, and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/error.h"
#include "mime/facts.h"
#include "mime/smime.h"

static char *entity_of(const char *text, GError **error)
{
	g_autoptr(MailMessage) message = mail_message_parse(text, strlen(text));
	g_autoptr(GBytes) entity = smime_entity(message, error);

	return entity ? g_strndup(g_bytes_get_data(entity, NULL), g_bytes_get_size(entity)) : NULL;
}

static void test_entity(void **state)
{
	static const struct {
		const char *name, *text, *entity;
	} cases[] = {
		{"copies in order",
			"Date: d\nTo: b@x.test\nX-Other: no\nMIME-Version: 1.0\n"
			"From: a@muni.test\nMessage-ID: <1@muni.test>\nSubject: "
			"=?utf-8?q?a=C3=B1o?=\n"
			"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: "
			"7bit\n\nx\r\n",
			"From: a@muni.test\r\nTo: b@x.test\r\nSubject: "
			"=?utf-8?q?a=C3=B1o?=\r\nDate: d\r\n"
			"Message-ID: <1@muni.test>\r\nContent-Type: text/plain; charset=utf-8; "
			"hp=\"clear\"\r\n"
			"Content-Transfer-Encoding: 7bit\r\n\r\nx\r\n"},
		{"no Content-Type", "From: a@muni.test\n\nx\n",
			"From: a@muni.test\r\nContent-Type: text/plain; charset=us-ascii; "
			"hp=\"clear\"\r\n\r\nx\r\n"},
		{"last semicolon", "Content-Type: text/html;\n\nx",
			"Content-Type: text/html; hp=\"clear\"\r\n\r\nx"},
		{"hp of the author", "Content-Type: text/html; hp=cipher\n\nx",
			"Content-Type: text/html; hp=\"clear\"\r\n\r\nx"},
		{"folded at what is there",
			"Subject: aaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbb  "
			"cccccccccccccccccccccccc ddd\n"
			"Content-Type: text/html\n\nx",
			"Subject: aaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbb\r\n"
			"  cccccccccccccccccccccccc ddd\r\n"
			"Content-Type: text/html; hp=\"clear\"\r\n\r\nx"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *entity = entity_of(cases[i].text, &error);

		if (g_strcmp0(entity, cases[i].entity) != 0)
			fail_msg("%s: %s", cases[i].name, entity ? entity : error->message);
	}
}

/* What cannot be spliced is wrapped, whole and unchanged. */
static void test_malformed_type_is_wrapped(void **state)
{
	static const char *const types[] = {"text/plain; charset", "text", "text/plain; a=b c=d",
		"text/plain; =x", "text/plain; a=\"open"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
		g_autofree char *text =
			g_strdup_printf("From: a@muni.test\nContent-Type: %s\n\nx\r\n", types[i]);
		g_autofree char *inner =
			g_strdup_printf("\r\nContent-Type: %s\r\n\r\nx\r\n", types[i]);
		g_autofree char *entity = entity_of(text, NULL);

		assert_non_null(entity);
		assert_true(
			g_str_has_prefix(entity, "From: a@muni.test\r\nContent-Type: "
						 "multipart/mixed; hp=\"clear\";\r\n boundary="));
		if (!strstr(entity, inner))
			fail_msg("%s: %s", types[i], entity);
	}
}

static void test_refusals(void **state)
{
	g_autofree char *x998 = g_strnfill(998, 'x');
	const struct {
		const char *name;
		char *text;
		gboolean fits;
	} cases[] = {
		{"line of 998", g_strconcat("A: b\n\n", x998, "\r\n", NULL), TRUE},
		{"line of 999", g_strconcat("A: b\n\n", x998, "x\r\n", NULL), FALSE},
		{"8-bit body", g_strdup("A: b\n\n\xc3\xb1"), FALSE},
		{"8-bit subject", g_strdup("Subject: \xc3\xb1\n\nx"), FALSE},
		{"8-bit elsewhere", g_strdup("X-Other: \xc3\xb1\n\nx"), TRUE},
		{"bare CR", g_strdup("A: b\n\nx\ry"), FALSE},
		{"word of 999", g_strconcat("Subject: ", x998, "x\n\nx", NULL), FALSE},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *entity = entity_of(cases[i].text, &error);

		if ((entity != NULL) != cases[i].fits)
			fail_msg("%s", cases[i].name);
		if (!entity)
			assert_int_equal(error->code, ACUSE_ERROR_UNSIGNABLE);
		g_free(cases[i].text);
	}
}

static void test_wrap_and_split(void **state)
{
	static const char *const bodies[] = {"x\r\n", "x", "", "\r\n", "--b\r\n", "x\r\n\r\n"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(bodies); i++) {
		g_autofree char *text =
			g_strconcat("From: a@muni.test\nSubject: s\nmime-version: 1.0\n"
				    "Content-Language: es\nContent-Type: text/plain\n\n",
				bodies[i], NULL);
		g_autoptr(MailMessage) message = mail_message_parse(text, strlen(text));
		g_autoptr(GBytes) entity = smime_entity(message, NULL), kept = g_bytes_ref(entity);
		g_autoptr(GBytes) cms = g_bytes_new_static("\x30\x03\x02\x01\x05", 5);
		g_autoptr(GBytes) whole = NULL, entity_back = NULL, cms_back = NULL;
		g_autoptr(GError) error = NULL;

		assert_false(smime_wrap(message, &entity, cms, "From", &error));
		assert_int_equal(error->code, ACUSE_ERROR_INVALID);
		assert_int_equal(message->body->len, 0);
		assert_true(smime_wrap(message, &entity, cms, "acuse-1", NULL));
		assert_null(entity);
		assert_int_equal(message->fields->len, 4);
		assert_string_equal(mail_message_field(message, "Content-Type"),
			" multipart/signed; protocol=\"application/pkcs7-signature\";\n"
			" micalg=\"sha-256\"; boundary=\"acuse-1\"");
		whole = mail_message_to_bytes(message);
		assert_true(smime_split(g_bytes_get_data(whole, NULL), g_bytes_get_size(whole),
			&entity_back, &cms_back));
		assert_true(g_bytes_equal(kept, entity_back));
		assert_true(g_bytes_equal(cms, cms_back));
	}
}

static void test_split_refuses(void **state)
{
	static const char *const texts[] = {"", "Content-Type: text/plain\n\nx",
		"Content-Type: multipart/signed; boundary=b\n\n--b\n\nx\n--b--\n",
		"Content-Type: multipart/signed; boundary=b\n\n--b\n\nx\n--b\n"
		"Content-Type: application/pgp-signature\n\nx\n--b--\n",
		"Content-Type: multipart/signed; boundary=b\n\n--b\n\nx\n--b\n"
		"Content-Type: application/pkcs7-signature\nContent-Transfer-Encoding: "
		"base64\n\n!\n--b--\n"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(GBytes) entity = NULL, cms = NULL;

		assert_false(smime_split(texts[i], strlen(texts[i]), &entity, &cms));
		assert_null(entity);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entity),
		cmocka_unit_test(test_malformed_type_is_wrapped),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_wrap_and_split),
		cmocka_unit_test(test_split_refuses),
	};

	mime_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
