/* Which leaves are files, how they are called whatever reader asks, and what they decode to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "mime/attachments.h"
#include "mime/facts.h"
#include "mime/uuencode.h"

static MailMessage *with_part(const char *fields, const char *content)
{
	g_autofree char *text = g_strdup_printf("From: a@muni.test\r\nMIME-Version: 1.0\r\n"
						"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
						"--b\r\n\r\nHola\r\n--b\r\n%s\r\n%s\r\n--b--\r\n",
		fields, content);

	return mail_message_parse(text, strlen(text));
}

static GPtrArray *list(const MailMessage *message)
{
	GPtrArray *found = g_ptr_array_new_with_free_func((GDestroyNotify)attachment_facts_free);

	assert_true(mime_attachments(message, found, NULL));
	return found;
}

static gboolean has_name(const AttachmentFacts *attachment, const char *name)
{
	return g_strv_contains((const char *const *)attachment->names, name);
}

static void test_names(void **state)
{
	static const struct {
		const char *name, *fields, *expected;
	} cases[] = {
		{"plain", "Content-Disposition: attachment; filename=\"a.exe\"\r\n", "a.exe"},
		{"token", "Content-Disposition: attachment; filename=a.exe\r\n", "a.exe"},
		{"blank in a token", "Content-Disposition: attachment; filename=a b.exe\r\n",
			"a b.exe"},
		{"type's name", "Content-Type: application/pdf; name=\"a.exe\"\r\n", "a.exe"},
		{"two names, first",
			"Content-Type: application/pdf; name=a.exe\r\n"
			"Content-Disposition: attachment; filename=a.pdf\r\n",
			"a.exe"},
		{"two names, second",
			"Content-Type: application/pdf; name=a.pdf\r\n"
			"Content-Disposition: attachment; filename=a.exe\r\n",
			"a.exe"},
		{"twice, the first",
			"Content-Disposition: attachment; filename=a.exe; filename=a.pdf\r\n",
			"a.exe"},
		{"twice, the second",
			"Content-Disposition: attachment; filename=a.pdf; filename=a.exe\r\n",
			"a.exe"},
		{"two fields",
			"Content-Disposition: attachment; filename=a.pdf\r\n"
			"Content-Disposition: attachment; filename=a.exe\r\n",
			"a.exe"},
		{"continued",
			"Content-Disposition: attachment; filename*0=\"a.e\"; "
			"filename*1=\"xe\"\r\n",
			"a.exe"},
		{"continued and encoded",
			"Content-Disposition: attachment; filename*0*=UTF-8''%C3%B1.e;\r\n"
			" filename*1*=%78e\r\n",
			"ñ.exe"},
		{"RFC 2231", "Content-Disposition: attachment; filename*=utf-8''a%2Eexe\r\n",
			"a.exe"},
		{"RFC 2231 latin",
			"Content-Disposition: attachment; filename*=iso-8859-1''%F1.exe\r\n",
			"ñ.exe"},
		{"encoded word",
			"Content-Disposition: attachment; filename=\"=?utf-8?B?YS5leGU=?=\"\r\n",
			"a.exe"},
		{"two encoded words",
			"Content-Disposition: attachment;\r\n"
			" filename=\"=?utf-8?B?w7EuZXg=?= =?utf-8?B?ZQ==?=\"\r\n",
			"ñ.exe"},
		{"upper case", "CONTENT-DISPOSITION: ATTACHMENT; FILENAME=A.EXE\r\n", "A.EXE"},
		{"folded", "Content-Disposition: attachment;\r\n\tfilename=\"a.exe\"\r\n", "a.exe"},
		{"inline", "Content-Disposition: inline; filename=a.exe\r\n", "a.exe"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(MailMessage) message = with_part(cases[i].fields, "x");
		g_autoptr(GPtrArray) found = list(message);

		if (found->len != 1 || !has_name(found->pdata[0], cases[i].expected))
			fail_msg("%s: %u, %s", cases[i].name, found->len,
				found->len ? attachment_name(found->pdata[0]) : "none");
	}
}

static void test_files(void **state)
{
	static const struct {
		const char *fields;
		guint files;
	} cases[] = {
		{"", 0},
		{"\r\nbegin 644 a\r\nend\r\n", 1},
		{"Content-Transfer-Encoding: quoted-printable\r\n\r\n=62egin 644 a\r\n", 1},
		{"Content-Transfer-Encoding: base64\r\n\r\nYmVnaW4gNjQ0IGEK\r\n", 1},
		{"Content-Type: text/html\r\n\r\nbegin 644 a\r\n", 0},
		{"Content-Type: text/html\r\n", 0},
		{"Content-Type: text/plain\r\nContent-Disposition: inline\r\n", 0},
		{"Content-Disposition: attachment\r\n", 1},
		{"Content-Type: text/plain; name=a.txt\r\n", 1},
		{"Content-Type: text/calendar\r\n", 1},
		{"Content-Type: application/pdf\r\n", 1},
		{"Content-Type: image/png\r\n", 1},
		{"Content-Transfer-Encoding: x-uuencode\r\n", 1},
		{"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n", 1},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(MailMessage) message = with_part(cases[i].fields, "x");
		g_autoptr(GPtrArray) found = list(message);

		if (found->len != cases[i].files)
			fail_msg("%s: %u", cases[i].fields, found->len);
	}
}

static void test_nested(void **state)
{
	g_autoptr(MailMessage) message = with_part("Content-Type: message/rfc822\r\n",
		"Subject: x\r\nContent-Type: application/zip; name=a.zip\r\n\r\nPK");
	g_autoptr(GPtrArray) found = list(message);
	AttachmentFacts *attachment;

	(void)state;
	assert_int_equal(found->len, 1);
	attachment = found->pdata[0];
	assert_true(attachment->nested);
	assert_false(attachment->embedded);
	assert_int_equal(attachment->part, 3);
	assert_string_equal(attachment->type, "application/zip");
}

static void test_bytes(void **state)
{
	static const struct {
		const char *encoding, *content, *expected;
	} cases[] = {
		{"7bit", "hola", "hola"},
		{"quoted-printable", "ho=6Ca=\r\n!", "hola!"},
		{"base64", "aG9s\r\nYQ==", "hola"},
		{"base64", "aG9sYQ==aG9sYQ==", "holahola"},
		{"base64", "aG9sYQ==\r\naG9sYQ==", "holahola"},
		{"base64", "a!G9?s*YQ==", "hola"},
		{"base64", "", ""},
		{"x-uuencode", "begin", "begin"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *fields = g_strdup_printf(
			"Content-Type: application/pdf\r\nContent-Transfer-Encoding: %s\r\n",
			cases[i].encoding);
		g_autoptr(MailMessage) message = with_part(fields, cases[i].content);
		g_autoptr(GPtrArray) found = list(message);
		g_autoptr(GByteArray) bytes =
			mime_attachment_bytes(message, found->pdata[0], G_MAXSIZE);

		if (bytes->len != strlen(cases[i].expected) ||
			memcmp(bytes->data, cases[i].expected, bytes->len) != 0)
			fail_msg(
				"%s %s: %u bytes", cases[i].encoding, cases[i].content, bytes->len);
	}
}

static void test_first_bytes(void **state)
{
	g_autoptr(GString) content = g_string_new(NULL);
	g_autoptr(MailMessage) message = NULL;
	g_autoptr(GPtrArray) found = NULL;
	g_autoptr(GByteArray) head = NULL;

	(void)state;
	for (guint i = 0; i < 10000; i++)
		g_string_append(content, "YWJj\r\n");
	message = with_part("Content-Disposition: attachment\r\n"
			    "Content-Transfer-Encoding: base64\r\n",
		content->str);
	found = list(message);
	head = mime_attachment_bytes(message, found->pdata[0], 600);
	assert_true(head->len >= 600 && head->len < 10000);
	assert_memory_equal(head->data, "abcabc", 6);
}

static void test_long_name(void **state)
{
	g_autofree char *dots = g_strnfill(MIME_MAX_NAME_BYTES, 'x');
	g_autofree char *fields =
		g_strdup_printf("Content-Disposition: attachment; filename=\"%s.exe\"\r\n", dots);
	g_autoptr(MailMessage) message = with_part(fields, "x");
	g_autoptr(GPtrArray) found = list(message);
	const char *name = attachment_name(found->pdata[0]);

	(void)state;
	assert_int_equal(strlen(name), MIME_MAX_NAME_BYTES);
	assert_true(g_str_has_suffix(name, ".exe"));
}

static void test_uuencoded(void **state)
{
	static const struct {
		const char *what, *text, *name, *bytes;
	} cases[] = {
		{"first line", "begin 644 a.exe\r\n$:&]L80``\r\n`\r\nend\r\n", "a.exe", "hola"},
		{"behind a text", "Va:\n\nbegin 0755 a b.exe\n$:&]L80\n \nend\nFin\n", "a b.exe",
			"hola"},
		{"Mac's lines", "Va:\rbegin 644 a.exe\r$:&]L80``\rend", "a.exe", "hola"},
		{"two lines", "begin 644 a\n#:&]L\n#:&]L\nend", "a", "holhol"},
		{"a sum behind each line", "begin 644 a\n#:&]LX\n#:&]LY\nend", "a", "holhol"},
		{"an empty line", "begin 644 a\n\n#:&]L\n\n#:&]L\nend", "a", "holhol"},
		{"no end", "begin 644 a\n#:&]L", "a", "hol"},
		{"another begins", "begin 644 a\n#:&]L\nbegin 644 b\n#:&]L\nend", "a", "hol"},
		{"two blanks and no mode", "begin  a.exe\n#:&]L\nend", "a.exe", "hol"},
		{"no name", "begin 644 \n#:&]L\nend", "", "hol"},
		{"nothing in it", "begin 644 a\nend", "a", ""},
		{"words", "begin\nbegin a b\nbegin 64 a\nbegin 644a\nbegin 644", NULL, NULL},
		{"inside a line", "Va: begin 644 a\n#:&]L\nend", NULL, NULL},
		{"upper case", "BEGIN 644 a\n#:&]L\nend", NULL, NULL},
		{"nothing", "", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		gsize size = strlen(cases[i].text), at = 0;
		/* A copy of its own size: reading past it is seen. */
		g_autofree guint8 *copy = g_memdup2(cases[i].text, size);
		g_autoptr(UuFile) file = uuencode_next(copy, size, &at);

		if ((file == NULL) != (cases[i].name == NULL))
			fail_msg("%s: found or not", cases[i].what);
		if (file == NULL)
			continue;
		g_byte_array_append(file->bytes, (const guint8 *)"", 1);
		if (strcmp(file->name, cases[i].name) != 0 || !file->whole ||
			strlen(cases[i].bytes) + 1 != file->bytes->len ||
			memcmp(file->bytes->data, cases[i].bytes, file->bytes->len) != 0)
			fail_msg("%s: '%s', %u bytes", cases[i].what, file->name, file->bytes->len);
	}
}

static void test_uuencoded_limits(void **state)
{
	g_autofree char *name = g_strnfill(MIME_MAX_NAME_BYTES, 'x');
	g_autofree char *fits = g_strdup_printf("begin 644 %s\n", name),
			*longer = g_strdup_printf("begin 644 y%s\n", name);
	const char *names[] = {fits, longer};
	/* Lines without their blanks, 45 bytes in two: the second is as large as all of it. */
	g_autoptr(GString) blanks = g_string_new("begin 644 a");
	gsize at = 0;

	(void)state;
	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autoptr(UuFile) file = NULL;

		at = 0;
		file = uuencode_next((const guint8 *)names[i], strlen(names[i]), &at);
		assert_string_equal(file->name, name);
	}
	for (guint i = 0; i < 2; i++) {
		g_autoptr(UuFile) file = NULL;

		g_string_append(blanks, "\nM");
		at = 0;
		file = uuencode_next((const guint8 *)blanks->str, blanks->len, &at);
		assert_int_equal(file->whole, i == 0);
		assert_int_equal(file->bytes->len, 45);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_first_bytes),
		cmocka_unit_test(test_long_name),
		cmocka_unit_test(test_uuencoded),
		cmocka_unit_test(test_uuencoded_limits),
	};

	mime_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
