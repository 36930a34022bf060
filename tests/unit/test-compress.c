/* Heavy attachments in zips: names, the very bytes, and nothing else changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "archive/look.h"
#include "milter/compress.h"
#include "mime/attachments.h"
#include "mime/facts.h"
#include "mime/rewrite.h"

#define FILE_BYTES 50000

#define HEAD                                                                                       \
	"From: a@muni.test\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n"  \
	"\r\npreamble\r\n--b \r\n\r\nHola\r\n--b\r\n"
#define TAIL "\r\n--b\r\nContent-Type: image/png; name=z.png\r\n\r\nxyz\r\n--b--\r\nepilogue\r\n"

/* Text that a zip makes smaller, and that base64 has to hold. */
static char *content_new(void)
{
	char *content = g_malloc(FILE_BYTES + 1);

	for (guint i = 0; i < FILE_BYTES; i++)
		content[i] = (char)("municipio\0\xf1"[i % 11] ^ (i / 5000));
	return content;
}

static char *encode(const char *bytes, gsize size)
{
	g_autofree char *digits = g_base64_encode((const guchar *)bytes, size);
	GString *lines = g_string_new(NULL);

	for (gsize i = 0; i < strlen(digits); i += 76)
		g_string_append_printf(lines, "%.76s\r\n", digits + i);
	g_string_truncate(lines, lines->len - 2);
	return g_string_free(lines, FALSE);
}

static MailMessage *mail_with(const char *fields, const char *encoded)
{
	g_autofree char *text = g_strconcat(HEAD, fields, "\r\n", encoded, TAIL, NULL);

	return mail_message_parse(text, strlen(text));
}

static guint compress(MailMessage *message, gboolean *right)
{
	g_autoptr(GPtrArray) found =
		g_ptr_array_new_with_free_func((GDestroyNotify)attachment_facts_free);
	g_autoptr(GArray) parts = g_array_new(FALSE, FALSE, sizeof(guint));
	guint done;

	assert_true(mime_attachments(message, found, NULL));
	for (guint i = 0; i < found->len; i++)
		g_array_append_val(parts, ((AttachmentFacts *)found->pdata[i])->part);
	*right = compress_attachments(message, found, parts, &done, NULL);
	return done;
}

static void take(const ArchiveEntry *entry, gpointer data)
{
	g_string_append_printf(data, "%s:", entry->name);
	g_string_append_len(data, (const char *)entry->bytes, (gssize)entry->size);
}

/* "name:bytes" of the zip in the first attachment, whose facts are *attachment. */
static GString *unzip(const MailMessage *message, AttachmentFacts **attachment)
{
	g_autoptr(GPtrArray) found = g_ptr_array_new();
	g_autoptr(GByteArray) bytes = NULL;
	ArchiveBudget budget = archive_budget_start();
	GString *out = g_string_new(NULL);

	assert_true(mime_attachments(message, found, NULL));
	*attachment = found->pdata[0];
	for (guint i = 1; i < found->len; i++)
		attachment_facts_free(found->pdata[i]);
	bytes = mime_attachment_exact(message, *attachment);
	assert_non_null(bytes);
	assert_int_equal(archive_look(bytes->data, bytes->len, FALSE, "x", &budget, take, out),
		ARCHIVE_LOOK_DONE);
	return out;
}

static void test_names(void **state)
{
	static const struct {
		const char *name, *fields, *inside, *outside;
	} cases[] = {
		{"plain",
			"Content-Type: application/x; name=a.docx\r\n"
			"Content-Disposition: attachment; filename=a.docx\r\n",
			"a.docx", "a.docx.zip"},
		{"type alone", "Content-Type: application/x; name=\"a b.docx\"\r\n", "a b.docx",
			"a b.docx.zip"},
		{"disposition alone", "Content-Disposition: attachment; filename=\"a.txt\"\r\n",
			"a.txt", "a.txt.zip"},
		{"ñ",
			"Content-Type: application/x\r\nContent-Disposition: attachment;\r\n"
			" filename*=UTF-8''informe%20n%C2%BA%203%20a%C3%B1o.docx\r\n",
			"informe nº 3 año.docx", "informe nº 3 año.docx.zip"},
		{"long",
			"Content-Disposition: attachment;\r\n"
			" filename=\"=?utf-8?B?UmVzb2x1Y2nDs24gZGUgR2VyZW5jaWEgTXVuaWNpcGFs?="
			" =?utf-8?B?IGRlIGxhIGFkbWluaXN0cmFjacOzbiB5IGRlbCBhw7FvIDIwMjY=?="
			" =?utf-8?B?IGNvbiBzdXMgYW5leG9zIHkgcGxhbm9zLnBkZg==?=\"\r\n",
			"Resolución de Gerencia Municipal de la administración y del año 2026 con "
			"sus anexos y planos.pdf",
			"Resolución de Gerencia Municipal de la administración y del año 2026 con "
			"sus anexos y planos.pdf.zip"},
		{"quotes", "Content-Disposition: attachment; filename=\"a\\\"b.txt\"\r\n",
			"a_b.txt", "a_b.txt.zip"},
		{"path", "Content-Disposition: attachment; filename=\"../etc/a.txt\"\r\n",
			".._etc_a.txt", ".._etc_a.txt.zip"},
	};
	g_autofree char *content = content_new(), *encoded = encode(content, FILE_BYTES);

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *fields = g_strconcat(cases[i].fields,
			"X-Other: stays\r\nContent-Transfer-Encoding: base64\r\n", NULL);
		g_autoptr(MailMessage) message = mail_with(fields, encoded);
		g_autoptr(AttachmentFacts) attachment = NULL;
		g_autoptr(GString) out = NULL;
		gboolean right;
		guint done = compress(message, &right);
		gsize prefix = strlen(cases[i].inside) + 1;

		if (!right || done != 1)
			fail_msg("%s: %d %u", cases[i].name, right, done);
		out = unzip(message, &attachment);
		if (strcmp(attachment_name(attachment), cases[i].outside) != 0 ||
			strncmp(out->str, cases[i].inside, prefix - 1) != 0)
			fail_msg("%s: %s", cases[i].name, attachment_name(attachment));
		assert_string_equal(attachment->type, "application/zip");
		assert_int_equal(out->len, prefix + FILE_BYTES);
		assert_memory_equal(out->str + prefix, content, FILE_BYTES);
		assert_true(message->body->len < FILE_BYTES);
		assert_memory_equal(
			message->body->data, "preamble\r\n--b \r\n\r\nHola\r\n--b\r\n", 28);
		assert_memory_equal(message->body->data + message->body->len - (sizeof(TAIL) - 1),
			TAIL, sizeof(TAIL) - 1);
		assert_non_null(
			memmem(message->body->data, message->body->len, "X-Other: stays\r\n", 16));
		for (gsize at = 0, line = 0; at < message->body->len; at++) {
			line = message->body->data[at] == '\n' ? 0 : line + 1;
			assert_true(line <= 79 && message->body->data[at] < 128);
		}
	}
}

static void test_left_alone(void **state)
{
	static const struct {
		const char *name, *fields;
		gboolean spoil;
	} cases[] = {
		{"no name", "Content-Type: application/x\r\nContent-Transfer-Encoding: base64\r\n",
			FALSE},
		{"no base64 within",
			"Content-Disposition: attachment; filename=a\r\n"
			"Content-Transfer-Encoding: base64\r\n",
			TRUE},
		{"unknown encoding",
			"Content-Disposition: attachment; filename=a\r\n"
			"Content-Transfer-Encoding: x-uuencode\r\n",
			FALSE},
		{"two types",
			"Content-Type: application/x; name=a\r\nContent-Type: application/y\r\n"
			"Content-Transfer-Encoding: base64\r\n",
			FALSE},
		{"two dispositions",
			"Content-Disposition: attachment; filename=a\r\n"
			"Content-Disposition: attachment; filename=b\r\n"
			"Content-Transfer-Encoding: base64\r\n",
			FALSE},
		{"digest of the content",
			"Content-Disposition: attachment; filename=a\r\nContent-MD5: "
			"Q2hlY2sgSW50ZWdyaXR5IQ==\r\n"
			"Content-Transfer-Encoding: base64\r\n",
			FALSE},
	};
	g_autofree char *content = content_new(), *encoded = encode(content, FILE_BYTES);

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strdup(encoded);
		g_autoptr(MailMessage) message = NULL, before = NULL;
		gboolean right;
		guint done;

		if (cases[i].spoil)
			text[10] = '!';
		message = mail_with(cases[i].fields, text);
		before = mail_with(cases[i].fields, text);
		done = compress(message, &right);
		if (!right || done != 0 || message->body->len != before->body->len ||
			memcmp(message->body->data, before->body->data, before->body->len) != 0)
			fail_msg("%s: %d %u", cases[i].name, right, done);
	}
}

static void test_noise(void **state)
{
	g_autofree char *noise = g_malloc(FILE_BYTES), *encoded = NULL;
	g_autoptr(MailMessage) message = NULL;
	guint32 seed = 7;
	gboolean right;

	(void)state;
	for (guint i = 0; i < FILE_BYTES; i++) {
		seed = seed * 1664525 + 1013904223;
		noise[i] = (char)(seed >> 24);
	}
	encoded = encode(noise, FILE_BYTES);
	message = mail_with("Content-Type: application/x; name=a\r\n"
			    "Content-Transfer-Encoding: base64\r\n",
		encoded);
	assert_int_equal(compress(message, &right), 0);
	assert_true(right);
}

/* The whole mail is the file; then the signature block finds its place. */
static void test_root(void **state)
{
	g_autofree char *content = content_new(), *encoded = encode(content, FILE_BYTES);
	g_autofree char *text = g_strconcat("From: a@muni.test\r\nMIME-Version: 1.0\r\n"
					    "Content-Type: application/x; name=\"a.bin\"\r\n"
					    "Content-Transfer-Encoding: base64\r\n\r\n",
		encoded, "\r\n", NULL);
	g_autoptr(MailMessage) message = mail_message_parse(text, strlen(text));
	g_autoptr(AttachmentFacts) attachment = NULL, again = NULL;
	g_autoptr(GString) out = NULL, with_block = NULL;
	gboolean right;

	(void)state;
	assert_int_equal(compress(message, &right), 1);
	assert_true(right);
	out = unzip(message, &attachment);
	assert_string_equal(attachment_name(attachment), "a.bin.zip");
	assert_memory_equal(out->str + 6, content, FILE_BYTES);
	assert_true(mime_add_block(message, "Rosa", "<p>Rosa</p>", NULL));
	with_block = unzip(message, &again);
	assert_int_equal(with_block->len, out->len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_left_alone),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_root),
	};

	mime_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
