/* What the look into attachments finds: by name, by content, packed, locked, damaged, too much. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "archive/look.h"
#include "archives.h"
#include "core/content.h"
#include "inspect/inspect.h"
#include "mime/attachments.h"
#include "mime/facts.h"
#include "mime/uuencode.h"

static const char *const extensions[] = {"exe", "js", NULL};
/* Archives are looked into by acuse-look, as the milter has it done. */
static const InspectOptions blocked = {.blocked = TRUE, .extensions = extensions, .looker = LOOKER};

static const Member program = {"setup.bin", PROGRAM, sizeof(PROGRAM)};
static const Member letter = TEXT_MEMBER("carta.txt", "hola");

static MailMessage *mail_with(const char *type, const char *name, const void *bytes, gsize size)
{
	g_autofree char *digits = g_base64_encode(bytes, size);
	g_autoptr(GString) text = g_string_new(NULL);

	g_string_printf(text,
		"From: a@muni.test\r\nMIME-Version: 1.0\r\n"
		"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHola\r\n--b\r\n"
		"Content-Type: %s\r\nContent-Transfer-Encoding: base64\r\n"
		"Content-Disposition: attachment; filename=\"%s\"\r\n\r\n",
		type, name);
	g_string_append(text, digits);
	g_string_append(text, "\r\n--b--\r\n");
	return mail_message_parse(text->str, text->len);
}

static AttachmentFacts *inspect_mail(const MailMessage *message, const InspectOptions *options)
{
	g_autoptr(GPtrArray) found = g_ptr_array_new();

	assert_true(mime_attachments(message, found, NULL));
	assert_int_equal(found->len, 1);
	assert_true(inspect_attachments(message, found, options, NULL));
	return found->pdata[0];
}

static AttachmentFacts *inspect(const char *name, const void *bytes, gsize size)
{
	g_autoptr(MailMessage) message = mail_with("application/octet-stream", name, bytes, size);

	return inspect_mail(message, &blocked);
}

/* The findings as "EXTENSION a.exe; CONTENT a.zip/b". */
static char *findings(const AttachmentFacts *attachment)
{
	static const char *const names[BLOCKED_N] = {
		"EXTENSION", "CONTENT", "MACROS", "ENCRYPTED", "UNREADABLE", "TOO_MUCH"};
	g_autoptr(GString) out = g_string_new(NULL);

	for (guint i = 0; i < BLOCKED_N; i++)
		if (attachment->blocked[i] != NULL)
			g_string_append_printf(out, "%s%s %s", out->len > 0 ? "; " : "", names[i],
				attachment->blocked[i]);
	return g_strdup(out->str);
}

static void assert_found(
	const char *what, const char *name, const void *bytes, gsize size, const char *expected)
{
	g_autoptr(AttachmentFacts) attachment = inspect(name, bytes, size);
	g_autofree char *said = findings(attachment);

	if (strcmp(said, expected) != 0)
		fail_msg("%s: '%s', not '%s'", what, said, expected);
}

static void test_plain(void **state)
{
	(void)state;
	assert_found("text", "a.txt", "hola", 4, "");
	assert_found("name", "a.exe", "hola", 4, "EXTENSION a.exe");
	assert_found("content", "a.pdf", PROGRAM, sizeof(PROGRAM), "CONTENT a.pdf");
	assert_found("foreign archive", "a.lzh", "#\x1f-lh5-.", 8, "UNREADABLE a.lzh");
	assert_found("damaged zip", "a.zip", "PK\3\4....", 8, "UNREADABLE a.zip");
	assert_found("a zip's end by chance", "a.jpg",
		"xxxxxxxxxxxxxxxxxxxxxxPK\5\6xxxxxxxxxxxxxxxxxx", 44, "");
}

/* Lines of 45 bytes, as uuencode(1) writes them. */
static char *uuencoded(const char *name, const guint8 *bytes, gsize size)
{
	GString *out = g_string_new(NULL);

	g_string_printf(out, "begin 644 %s\r\n", name);
	for (gsize at = 0; at < size; at += 45) {
		gsize n = MIN(45, size - at);

		g_string_append_c(out, (char)(' ' + n));
		for (gsize i = at; i < at + n; i += 3) {
			guint32 three = (guint32)bytes[i] << 16;

			three |= i + 1 < size ? (guint32)bytes[i + 1] << 8 : 0;
			three |= i + 2 < size ? bytes[i + 2] : 0;
			for (gint shift = 18; shift >= 0; shift -= 6)
				g_string_append_c(out, (char)(' ' + ((three >> shift) & 63)));
		}
		g_string_append(out, "\r\n");
	}
	g_string_append(out, "`\r\nend\r\n");
	return g_string_free(out, FALSE);
}

static void test_uuencoded(void **state)
{
	const Member members[] = {program};
	g_autoptr(GByteArray) zip = archive_make("zip", members, 1);
	g_autofree char *code = uuencoded("a.txt", (const guint8 *)PROGRAM, sizeof(PROGRAM)),
			*named = uuencoded("a.exe", (const guint8 *)"hola", 4),
			*good = uuencoded("a.txt", (const guint8 *)"hola", 4),
			*packed = uuencoded("a.zip", zip->data, zip->len),
			*twice = uuencoded("b.txt", (const guint8 *)code, strlen(code)),
			*hidden = g_strconcat("begin 644 b\r\n", named, NULL);
	const struct {
		const char *name, *fields, *content, *expected;
	} cases[] = {
		{"by content", "", code, "CONTENT text/plain/a.txt"},
		{"by name", "", named, "EXTENSION text/plain/a.exe"},
		{"harmless", "", good, ""},
		{"a zip", "", packed, "CONTENT text/plain/a.zip/setup.bin"},
		{"twice", "", twice, "CONTENT text/plain/b.txt/a.txt"},
		{"behind one without end", "", hidden, "EXTENSION text/plain/a.exe"},
		{"its own encoding", "Content-Transfer-Encoding: x-uuencode\r\n", code,
			"CONTENT text/plain/a.txt"},
		{"in a file", "Content-Disposition: attachment; filename=\"c.txt\"\r\n", code,
			"CONTENT c.txt/a.txt"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strdup_printf("From: a@muni.test\r\nMIME-Version: 1.0\r\n"
							"%s\r\nVa.\r\n\r\n%s\r\n",
			cases[i].fields, cases[i].content);
		g_autoptr(MailMessage) message = mail_message_parse(text, strlen(text));
		g_autoptr(AttachmentFacts) found = inspect_mail(message, &blocked);
		g_autofree char *said = findings(found);

		if (strcmp(said, cases[i].expected) != 0)
			fail_msg("%s: '%s'", cases[i].name, said);
	}
}

static void test_uuencoded_files(void **state)
{
	g_autoptr(GString) text = g_string_new(NULL);

	(void)state;
	for (guint i = 0; i < UUENCODE_MAX_FILES; i++)
		g_string_append(text, "begin 644 a\n#:&]L\nend\n");
	assert_found("at the limit", "a.txt", text->str, text->len, "");
	g_string_append(text, "begin 644 b\n");
	assert_found("one over", "a.txt", text->str, text->len, "TOO_MUCH a.txt/b");
}

static void test_packed(void **state)
{
	static const char *const formats[] = {
		"zip", "zip-stored", "7z", "tar", "tar.gz", "rar4", "rar5"};
	const Member members[] = {letter, {"x/a.js", "1", 1}, program};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
		g_autoptr(GByteArray) all = archive_make(formats[i], members, 3);
		g_autoptr(GByteArray) good = archive_make(formats[i], members, 1);

		assert_found(formats[i], "a.dat", all->data, all->len,
			"EXTENSION a.dat/x/a.js; CONTENT a.dat/setup.bin");
		assert_found(formats[i], "a.dat", good->data, good->len, "");
	}
}

static void test_stream(void **state)
{
	g_autoptr(GByteArray) gz = archive_make("gz", &program, 1);
	g_autoptr(GByteArray) text = archive_make("gz", &letter, 1);

	(void)state;
	assert_found("gz", "a.gz", gz->data, gz->len, "CONTENT a.gz/a");
	assert_found("gz, name", "a.exe.gz", text->data, text->len, "EXTENSION a.exe.gz/a.exe");
	assert_found("gz, good", "a.txt.gz", text->data, text->len, "");
}

static void test_locked(void **state)
{
	const Member members[] = {letter, {"a.exe", "x", 1}};
	g_autoptr(GByteArray) zip = archive_make("zip-locked", members, 2);

	(void)state;
	assert_found("locked", "a.zip", zip->data, zip->len,
		"EXTENSION a.zip/a.exe; ENCRYPTED a.zip/carta.txt");
}

static void test_office(void **state)
{
	static const Member macros[] = {TEXT_MEMBER("[Content_Types].xml", "<x/>"),
		TEXT_MEMBER("word/vbaProject.bin", "x")};
	static const Member basic[] = {TEXT_MEMBER("Basic/script-lc.xml", "<x/>")};
	static const Member jar[] = {TEXT_MEMBER("META-INF/MANIFEST.MF", "Main-Class: x")};
	g_autoptr(GByteArray) docm = archive_make("zip", macros, 2);
	g_autoptr(GByteArray) docx = archive_make("zip", macros, 1);
	g_autoptr(GByteArray) odt = archive_make("zip", basic, 1);
	g_autoptr(GByteArray) java = archive_make("zip", jar, 1);
	guint8 ole[1024] = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

	(void)state;
	assert_found("docm", "a.docx", docm->data, docm->len, "MACROS a.docx");
	assert_found("docx", "a.docx", docx->data, docx->len, "");
	assert_found("odt", "a.odt", odt->data, odt->len, "MACROS a.odt");
	assert_found("jar", "a.zip", java->data, java->len, "CONTENT a.zip");
	assert_found("doc", "a.doc", ole, sizeof ole, "");
	memcpy(ole + 512, "_\0V\0B\0A\0_\0P\0R\0O\0J\0E\0C\0T\0", 24);
	assert_found("doc with macros", "a.doc", ole, sizeof ole, "MACROS a.doc");
}

/* zip(zip(...(inner))), so many of them. */
static GByteArray *nest(const Member *inner, guint levels)
{
	GByteArray *zip = archive_make("zip", inner, 1);

	for (guint i = 1; i < levels; i++) {
		const Member member = {"z.zip", zip->data, zip->len};
		GByteArray *outer = archive_make("zip", &member, 1);

		g_byte_array_unref(zip);
		zip = outer;
	}
	return zip;
}

static void test_depth(void **state)
{
	g_autoptr(GByteArray) at = nest(&program, ARCHIVE_MAX_DEPTH);
	g_autoptr(GByteArray) over = nest(&letter, ARCHIVE_MAX_DEPTH + 1);

	(void)state;
	assert_found("at", "a.zip", at->data, at->len, "CONTENT a.zip/z.zip/z.zip/z.zip/setup.bin");
	assert_found(
		"over", "a.zip", over->data, over->len, "TOO_MUCH a.zip/z.zip/z.zip/z.zip/z.zip");
}

static void test_bomb(void **state)
{
	gsize size = ARCHIVE_RATIO_FLOOR + 1;
	g_autofree guint8 *zeros = g_malloc0(size);
	const Member member = {"0", zeros, size};
	g_autoptr(GByteArray) zip = archive_make("zip", &member, 1);
	const Member copies[] = {{"1.zip", zip->data, zip->len}, program};
	g_autoptr(GByteArray) outer = archive_make("zip", copies, 2);

	(void)state;
	assert_found("bomb", "a.zip", zip->data, zip->len, "TOO_MUCH a.zip");
	assert_found("bomb in a zip", "a.zip", outer->data, outer->len,
		"CONTENT a.zip/setup.bin; TOO_MUCH a.zip/1.zip");
}

static void test_mails(void **state)
{
	g_autoptr(MailMessage) inner =
		mail_with("application/pdf", "a.pdf", PROGRAM, sizeof(PROGRAM));
	g_autoptr(GBytes) bytes = mail_message_to_bytes(inner);
	gsize size;
	const guint8 *data = g_bytes_get_data(bytes, &size);
	const Member member = {"carta.eml", data, size};
	g_autoptr(GByteArray) zip = archive_make("zip", &member, 1);
	g_autoptr(MailMessage) encoded = mail_with("message/rfc822", "x", data, size);
	g_autoptr(AttachmentFacts) attachment = inspect_mail(encoded, &blocked);
	g_autofree char *said = findings(attachment);

	(void)state;
	assert_string_equal(said, "CONTENT x/a.pdf");
	assert_found("eml", "a.eml", data, size, "CONTENT a.eml/a.pdf");
	assert_found("eml in a zip", "a.zip", zip->data, zip->len, "CONTENT a.zip/carta.eml/a.pdf");
}

static void test_nothing_asked(void **state)
{
	static const InspectOptions none = {.extensions = extensions};
	g_autoptr(MailMessage) message = mail_with("application/pdf", "a.exe", "%PDF-", 5);
	g_autoptr(AttachmentFacts) attachment = inspect_mail(message, &none);
	g_autofree char *said = findings(attachment);

	(void)state;
	assert_string_equal(said, "");
	assert_false(attachment->inspected);
}

static void test_pdf(void **state)
{
	static const InspectOptions pdf = {.pdf = TRUE, .extensions = extensions};
	g_autoptr(MailMessage) message =
		mail_with("application/octet-stream", "a.exe", "%PDF-1.7", 8);
	g_autoptr(AttachmentFacts) attachment = inspect_mail(message, &pdf);
	g_autofree char *said = findings(attachment),
			*sha = g_compute_checksum_for_string(G_CHECKSUM_SHA256, "%PDF-1.7", 8);

	(void)state;
	assert_true(attachment->is_pdf);
	assert_int_equal(attachment->size_bytes, 8);
	assert_string_equal(attachment->sha256, sha);
	assert_string_equal(said, "");
}

static void test_heavy(void **state)
{
	static const InspectOptions heavy = {.heavy_bytes = 2000, .extensions = extensions};
	g_autofree guint8 *zeros = g_malloc0(2001);
	g_autoptr(MailMessage) at_mail = mail_with("application/x", "a", zeros, 2000);
	g_autoptr(MailMessage) over_mail = mail_with("application/x", "a", zeros, 2001);
	g_autoptr(AttachmentFacts) at = inspect_mail(at_mail, &heavy);
	g_autoptr(AttachmentFacts) over = inspect_mail(over_mail, &heavy);

	(void)state;
	assert_int_equal(at->compressed_bytes, 0);
	assert_int_equal(over->size_bytes, 2001);
	assert_in_range(over->compressed_bytes, 1, 500);
}

/* A process that fails, hangs or lies: the mail is not judged, and nothing is believed. */
static void test_looker_fails(void **state)
{
	static const struct {
		const char *name, *script;
		const char *why; /* NULL: taken */
	} cases[] = {
		{"crash", "kill -SEGV $$", "crashed"},
		{"fails", "exit 1", "crashed"},
		{"says nothing", "exit 0", "not whole"},
		{"half an answer", "printf '1 a.zip/b\\000'", "not whole"},
		{"no such reason", "printf '99 a\\000done 1 1\\000'", "not whole"},
		{"no end of line", "printf 'done 1 1'", "not whole"},
		{"no end", "yes", "too much"},
		{"an answer", "printf '1 a.zip/b\\000done 1 1\\000'", NULL},
	};
	g_autoptr(GByteArray) zip = archive_make("zip", &letter, 1);

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(MailMessage) message =
			mail_with("application/octet-stream", "a.zip", zip->data, zip->len);
		g_autoptr(GPtrArray) found =
			g_ptr_array_new_with_free_func((GDestroyNotify)attachment_facts_free);
		g_autofree char *folder = g_dir_make_tmp("acuse-look-XXXXXX", NULL);
		g_autofree char *path = g_build_filename(folder, "look", NULL);
		g_autofree char *text = g_strdup_printf("#!/bin/sh\n%s\n", cases[i].script);
		g_autoptr(GError) error = NULL;
		InspectOptions options = blocked;
		gboolean done;

		print_message("%s\n", cases[i].name);
		assert_true(g_file_set_contents_full(
			path, text, -1, G_FILE_SET_CONTENTS_NONE, 0700, NULL));
		options.looker = path;
		assert_true(mime_attachments(message, found, NULL));
		done = inspect_attachments(message, found, &options, &error);
		assert_int_equal(done, cases[i].why == NULL);
		if (!done && strstr(error->message, cases[i].why) == NULL)
			fail_msg("%s", error->message);
		assert_int_equal(unlink(path), 0);
		assert_int_equal(rmdir(folder), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_packed),
		cmocka_unit_test(test_uuencoded),
		cmocka_unit_test(test_uuencoded_files),
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_locked),
		cmocka_unit_test(test_office),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_bomb),
		cmocka_unit_test(test_mails),
		cmocka_unit_test(test_nothing_asked),
		cmocka_unit_test(test_pdf),
		cmocka_unit_test(test_heavy),
		cmocka_unit_test(test_looker_fails),
	};

	mime_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
