/* What a file is by its name and by its bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/attachment_policy.h"
#include "core/content.h"

static const char *const extensions[] = {"exe", "com", "js", "ps1", NULL};

static void test_names(void **state)
{
	static const struct {
		const char *name;
		gboolean blocked;
	} cases[] = {
		{"a.exe", TRUE},
		{"A.EXE", TRUE},
		{"factura.pdf.exe", TRUE},
		{"factura.pdf                         .exe", TRUE},
		{"a.exe.", TRUE},
		{"a.exe...", TRUE},
		{"a.exe ", TRUE},
		{"a.exe\u00a0", TRUE},
		{"a.exe . .", TRUE},
		{"a.exe\"", TRUE},
		{"a.exe\t", TRUE},
		{"a.e\u200bxe", TRUE},
		{"a.exe\ufeff", TRUE},
		{"a\uff0eexe", TRUE},
		{"a.\uff45\uff58\uff45", TRUE},
		{"a\u2024exe", TRUE},
		{"factura\u202efdp.exe", TRUE},
		{"factura\u202eexe.pdf", TRUE},
		{"factura\u202dexe.pdf", TRUE},
		{"factura\u2067exe\u2069.exe", TRUE},
		{"nota.pdf.e\u2066x\u2069e", TRUE},
		{"a.exe:Zone.Identifier", TRUE},
		{"a.exe::$DATA", TRUE},
		{"a.txt:b.exe", TRUE},
		{"carpeta/a.exe", TRUE},
		{"carpeta\\a.exe", TRUE},
		{"a.{3050F4D8-98B5-11CF-BB82-00AA00BDCE0B}", TRUE},
		{".exe", TRUE},
		{"a.Ps1", TRUE},
		{"a\xff.exe", TRUE},
		{"", FALSE},
		{"exe", FALSE},
		{"a.pdf", FALSE},
		{"a.exe.pdf", FALSE},
		{"a.exec", FALSE},
		{"js", FALSE},
		{"nodejs", FALSE},
		{"a.json", FALSE},
		{"a.exe/b.txt", FALSE},
		{"informe n\u00ba 3.docx", FALSE},
		{"a.", FALSE},
		{"...", FALSE},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		if (content_name_is_blocked(cases[i].name, extensions) != cases[i].blocked)
			fail_msg("'%s'", cases[i].name);
}

static void test_kinds(void **state)
{
#define CASE(name, bytes, kind)                                                                    \
	{                                                                                          \
		name, bytes, sizeof(bytes) - 1, kind                                               \
	}
	static const struct {
		const char *name, *bytes;
		gsize size;
		ContentKind kind;
	} cases[] = {
		CASE("ELF", "\177ELF\2\1\1", CONTENT_PROGRAM),
		CASE("Mach-O", "\xcf\xfa\xed\xfe\7", CONTENT_PROGRAM),
		CASE("Java class", "\xca\xfe\xba\xbe\0\0\0\x34", CONTENT_PROGRAM),
		CASE("shell", "#!/bin/sh\nrm\n", CONTENT_PROGRAM),
		CASE("shell, blank", "#! /bin/sh\n", CONTENT_PROGRAM),
		CASE("shell, byte order mark", "\xef\xbb\xbf#!/bin/sh\n", CONTENT_PROGRAM),
		CASE("no interpreter", "#!hola", CONTENT_OTHER),
		CASE("batch", "\r\n@ECHO OFF\r\ndel", CONTENT_PROGRAM),
		CASE("HTA", "<html><head><HTA:APPLICATION ID=x>", CONTENT_PROGRAM),
		CASE("shortcut to a page", "[InternetShortcut]\r\nURL=", CONTENT_PROGRAM),
		CASE("registry", "Windows Registry Editor Version 5.00", CONTENT_PROGRAM),
		CASE("shortcut", "\x4c\0\0\0\1\x14\2\0\0\0\0\0\xc0", CONTENT_PROGRAM),
		CASE("OneNote", "\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1", CONTENT_PROGRAM),
		CASE("OneNote's contents", "\xa1\x2f\xff\x43\xd9\xef\x76\x4c\x9e\xe2",
			CONTENT_PROGRAM),
		CASE("drawing with a script", "<svg><script>a()</script></svg>", CONTENT_PROGRAM),
		CASE("drawing with a script of a name space",
			"<?xml version='1.0'?><!-- <html> --><s:svg "
			"xmlns:s='http://www.w3.org/2000/svg'>"
			"<s:SCRIPT\n/>",
			CONTENT_PROGRAM),
		CASE("drawing that acts", "<svg onload = 'a()'/>", CONTENT_PROGRAM),
		CASE("drawing that acts, no blank", "<svg x=\"1\"onload=\"a()\"/>",
			CONTENT_PROGRAM),
		CASE("drawing with a page inside", "<svg><foreignObject>", CONTENT_PROGRAM),
		CASE("drawing with a link that acts", "<svg><a href=\"javascript:a()\">",
			CONTENT_PROGRAM),
		CASE("drawing with a script in an entity",
			"<!DOCTYPE svg [<!ENTITY s '&#60;script'>]><svg>&s;", CONTENT_PROGRAM),
		CASE("drawing in UTF-16", "\xff\xfe<\0s\0v\0g\0>\0<\0s\0c\0r\0i\0p\0t\0>\0",
			CONTENT_PROGRAM),
		CASE("drawing", "<svg><text>son = on, description</text><path d='M1'/></svg>",
			CONTENT_OTHER),
		CASE("page with a script", "<html><svg><script>a()</script></html>", CONTENT_OTHER),
		CASE("open comment", "<!-- <svg><script>", CONTENT_OTHER),
		CASE("text with MZ",
			"MZ fue el autor de este informe, que es largo y no tiene nada de raro. "
			"Fin.",
			CONTENT_OTHER),
		CASE("MZ alone", "MZ", CONTENT_OTHER),
		CASE("zip", "PK\3\4....", CONTENT_ZIP),
		CASE("7z", "7z\xbc\xaf\x27\x1c\0\4", CONTENT_ARCHIVE),
		CASE("rar 4", "Rar!\x1a\7\0", CONTENT_ARCHIVE),
		CASE("rar 5", "Rar!\x1a\7\1\0", CONTENT_ARCHIVE),
		CASE("gzip", "\x1f\x8b\x08", CONTENT_COMPRESSED),
		CASE("xz",
			"\xfd"
			"7zXZ\0",
			CONTENT_COMPRESSED),
		CASE("lzh", "#\x1f-lh5-", CONTENT_FOREIGN_ARCHIVE),
		CASE("arj", "\x60\xea\x28\0\x1e\x06\1\0\x10\0\2\0", CONTENT_FOREIGN_ARCHIVE),
		CASE("two bytes of arj", "\x60\xea..............", CONTENT_OTHER),
		CASE("bzip2", "BZh91AY&SY", CONTENT_COMPRESSED),
		CASE("words that only begin like marks", "BZhang, CWS y ZOO de Lima",
			CONTENT_OTHER),
		CASE("XML", "<jobs><job/></jobs>", CONTENT_OTHER),
		CASE("OLE", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", CONTENT_OLE),
		CASE("winmail.dat", "\x78\x9f\x3e\x22\1\2", CONTENT_TNEF),
		CASE("PDF", "%PDF-1.7\n", CONTENT_PDF),
		CASE("PDF behind a line", "\r\nx\n%PDF-1.4", CONTENT_PDF),
		CASE("text", "hola", CONTENT_OTHER),
		CASE("nothing", "", CONTENT_OTHER),
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		/* A copy of its own size: reading past it is seen. */
		g_autofree guint8 *copy = g_memdup2(cases[i].bytes, cases[i].size);
		ContentKind kind = content_kind(copy, cases[i].size);

		if (kind != cases[i].kind)
			fail_msg("%s: %d", cases[i].name, kind);
	}
#undef CASE
}

static void test_places(void **state)
{
	static const struct {
		const char *name;
		gsize size, offset;
		const char *mark;
		gsize mark_size;
		ContentKind kind;
	} cases[] = {
		{"program", 400, 0, "MZ\x90", 3, CONTENT_PROGRAM},
		{"program, short", 64, 0, "MZ\x90", 3, CONTENT_OTHER},
		{"ISO", 40000, 32769, "CD001", 5, CONTENT_PROGRAM},
		{"ISO, cut", 32773, 32769, "CD00", 4, CONTENT_OTHER},
		{"VHD", 2048, 2048 - 512, "conectix", 8, CONTENT_PROGRAM},
		{"DMG", 2048, 2048 - 512, "koly\0\0\0\4", 8, CONTENT_PROGRAM},
		{"tar", 1024, 257, "ustar", 5, CONTENT_ARCHIVE},
		{"zip behind an image", 5000, 4978, "PK\5\6", 4, CONTENT_ZIP},
		{"zip end, too short a record", 5000, 4979, "PK\5\6", 4, CONTENT_ZIP},
		{"PDF at the limit", 2000, 1019, "%PDF-", 5, CONTENT_PDF},
		{"PDF one over", 2000, 1020, "%PDF-", 5, CONTENT_OTHER},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree guint8 *bytes = g_malloc0(cases[i].size);
		ContentKind kind;

		memcpy(bytes + cases[i].offset, cases[i].mark, cases[i].mark_size);
		kind = content_kind(bytes, cases[i].size);
		if (kind != cases[i].kind)
			fail_msg("%s: %d", cases[i].name, kind);
	}
}

/* A compound file of a header, a directory sector and some content. */
static guint8 *ole_new(gsize size)
{
	guint8 *bytes = g_malloc0(size);

	memcpy(bytes, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8);
	bytes[30] = 9;
	return bytes;
}

static void write_wide(guint8 *at, const char *name)
{
	for (; *name != '\0'; name++, at += 2)
		*at = (guint8)*name;
}

static void test_ole(void **state)
{
	static const guint8 installer[] = {
		0x84, 0x10, 0x0c, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46};
	g_autofree guint8 *plain = ole_new(1024), *macros = ole_new(1024), *locked = ole_new(1024),
			  *msi = ole_new(1024), *far = ole_new(1024);

	(void)state;
	write_wide(macros + 512, "_VBA_PROJECT");
	write_wide(locked + 512, "EncryptedPackage");
	memcpy(msi + 512 + 80, installer, sizeof installer);
	memset(far + 48, 0xff, 4);
	assert_int_equal(content_ole_traits(plain, 1024), 0);
	assert_int_equal(content_ole_traits(macros, 1024), OLE_MACROS);
	assert_int_equal(content_ole_traits(locked, 1024), OLE_ENCRYPTED);
	assert_int_equal(content_ole_traits(msi, 1024), OLE_INSTALLER);
	assert_int_equal(content_ole_traits(msi, 512 + 80 + sizeof installer), 0);
	assert_int_equal(content_ole_traits(far, 1024), 0);
	assert_int_equal(content_ole_traits(plain, 8), 0);
}

static void test_advice(void **state)
{
	g_autoptr(AttachmentFacts) attachment = attachment_facts_new();
	g_autofree char *long_path = g_strnfill(300, 'x');

	(void)state;
	for (guint reason = 0; reason < BLOCKED_N; reason++) {
		g_autofree char *advice = NULL;

		attachment_block(attachment, (BlockedReason)reason, "a%s\r\n.exe");
		attachment_block(attachment, (BlockedReason)reason, "second");
		advice = attachment_advice(attachment, (BlockedReason)reason);
		assert_non_null(strstr(advice, "El archivo a%s  .exe "));
	}
	g_free(attachment->blocked[0]);
	attachment->blocked[0] = g_strconcat(long_path, "ñ", long_path + 201, ".exe", NULL);
	{
		g_autofree char *advice = attachment_advice(attachment, BLOCKED_EXTENSION);

		assert_true(g_utf8_validate(advice, -1, NULL));
		assert_true(strlen(advice) < 250);
		assert_non_null(strstr(advice, ".exe"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_ole),
		cmocka_unit_test(test_advice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
