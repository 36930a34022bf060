/* Looking into archives: every format, every limit at it and one over, damage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "archive/look.h"
#include "archive/tnef.h"
#include "archive/zip.h"
#include "archives.h"

/* "name=size;" of each file, "!" when it is locked, "~" when it is not whole. */
static void write_down(const ArchiveEntry *entry, gpointer data)
{
	g_string_append_printf(data, "%s%s%s=%" G_GSIZE_FORMAT ";", entry->encrypted ? "!" : "",
		entry->whole || entry->encrypted ? "" : "~", entry->name, entry->size);
}

static const Member two[] = {TEXT_MEMBER("uno.txt", "hola"), TEXT_MEMBER("d/dos.txt", "adiós")};

static void test_formats(void **state)
{
	static const struct {
		const char *format;
		gboolean stream;
		const char *expected;
	} cases[] = {
		{"zip", FALSE, "uno.txt=4;d/dos.txt=6;"},
		{"zip-stored", FALSE, "uno.txt=4;d/dos.txt=6;"},
		{"zip-locked", FALSE, "!uno.txt=0;!d/dos.txt=0;"},
		{"7z", FALSE, "uno.txt=4;d/dos.txt=6;"},
		{"tar", FALSE, "uno.txt=4;d/dos.txt=6;"},
		{"tar.gz", TRUE, "uno.txt=4;d/dos.txt=6;"},
		{"rar4", FALSE, "uno.txt=4;d/dos.txt=6;"},
		{"rar5", FALSE, "uno.txt=4;d/dos.txt=6;"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GByteArray) bytes = archive_make(cases[i].format, two, 2);
		g_autoptr(GString) seen = g_string_new(NULL);
		ArchiveBudget budget = archive_budget_start();
		ArchiveLook look = archive_look(
			bytes->data, bytes->len, cases[i].stream, "x", &budget, write_down, seen);

		if (look != ARCHIVE_LOOK_DONE || strcmp(seen->str, cases[i].expected) != 0)
			fail_msg("%s: %d %s", cases[i].format, look, seen->str);
		assert_int_equal(budget.entries, ARCHIVE_MAX_ENTRIES - 2);
	}
}

static void test_stream(void **state)
{
	g_autoptr(GByteArray) bytes = archive_make("gz", two, 1);
	g_autoptr(GString) seen = g_string_new(NULL);
	ArchiveBudget budget = archive_budget_start();

	(void)state;
	assert_int_equal(
		archive_look(bytes->data, bytes->len, TRUE, "x", &budget, write_down, seen),
		ARCHIVE_LOOK_DONE);
	assert_string_equal(seen->str, "x=4;");
}

static void test_damage(void **state)
{
	static const char *const formats[] = {"zip", "7z", "tar.gz", "rar4", "rar5"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
		g_autoptr(GByteArray) bytes = archive_make(formats[i], two, 2);

		/* Cut anywhere, and read as something: never a crash, never a hang. */
		for (guint cut = 0; cut < bytes->len; cut++) {
			g_autofree guint8 *copy = g_memdup2(bytes->data, cut);
			g_autoptr(GString) seen = g_string_new(NULL);
			ArchiveBudget budget = archive_budget_start();
			ArchiveLook look = archive_look(copy, cut,
				strcmp(formats[i], "tar.gz") == 0, "x", &budget, write_down, seen);

			if (cut < 10 && i != 2 &&
				(look != ARCHIVE_LOOK_UNREADABLE || seen->len > 0))
				fail_msg("%s cut at %u: %d %s", formats[i], cut, look, seen->str);
		}
	}
}

static void test_entry_limit(void **state)
{
	g_autofree Member *members = g_new0(Member, ARCHIVE_MAX_ENTRIES + 1);

	(void)state;
	for (guint i = 0; i <= ARCHIVE_MAX_ENTRIES; i++)
		members[i] = (Member)TEXT_MEMBER("a", "x");
	for (guint over = 0; over < 2; over++) {
		g_autoptr(GByteArray) bytes =
			archive_make("tar", members, ARCHIVE_MAX_ENTRIES + over);
		g_autoptr(GString) seen = g_string_new(NULL);
		ArchiveBudget budget = archive_budget_start();

		assert_int_equal(archive_look(bytes->data, bytes->len, FALSE, "x", &budget,
					 write_down, seen),
			over ? ARCHIVE_LOOK_TOO_MUCH : ARCHIVE_LOOK_DONE);
		assert_int_equal(budget.entries, 0);
	}
}

static ArchiveLook look_at_random(
	const char *format, gsize size, ArchiveBudget *budget, char **seen)
{
	g_autofree guint8 *content = g_malloc0(size);
	g_autoptr(GByteArray) bytes = NULL;
	g_autoptr(GString) names = g_string_new(NULL);
	Member member = {"a", content, size};
	ArchiveLook look;

	bytes = archive_make(format, &member, 1);
	look = archive_look(bytes->data, bytes->len, FALSE, "x", budget, write_down, names);
	if (seen != NULL)
		*seen = g_strdup(names->str);
	return look;
}

static void test_byte_limit(void **state)
{
	ArchiveBudget at = archive_budget_start(), over = archive_budget_start();

	(void)state;
	at.bytes = over.bytes = 100000;
	assert_int_equal(look_at_random("zip", 100000, &at, NULL), ARCHIVE_LOOK_DONE);
	assert_int_equal(at.bytes, 0);
	assert_int_equal(look_at_random("zip", 100001, &over, NULL), ARCHIVE_LOOK_TOO_MUCH);
}

static void test_ratio_limit(void **state)
{
	ArchiveBudget at = archive_budget_start(), over = archive_budget_start(),
		      stored = archive_budget_start();

	(void)state;
	assert_int_equal(look_at_random("zip", ARCHIVE_RATIO_FLOOR, &at, NULL), ARCHIVE_LOOK_DONE);
	assert_int_equal(
		look_at_random("zip", ARCHIVE_RATIO_FLOOR + 1, &over, NULL), ARCHIVE_LOOK_TOO_MUCH);
	assert_int_equal(look_at_random("zip-stored", ARCHIVE_RATIO_FLOOR + 1, &stored, NULL),
		ARCHIVE_LOOK_DONE);
}

static void test_time_limit(void **state)
{
	ArchiveBudget budget = archive_budget_start();

	(void)state;
	budget.until_us = g_get_monotonic_time() - 1;
	assert_int_equal(look_at_random("zip", 10, &budget, NULL), ARCHIVE_LOOK_TOO_MUCH);
}

static void test_kept_limit(void **state)
{
	ArchiveBudget at = archive_budget_start(), over = archive_budget_start();
	g_autofree char *whole = NULL, *cut = NULL;
	g_autofree char *at_limit =
		g_strdup_printf("a=%" G_GSIZE_FORMAT ";", ARCHIVE_MAX_KEPT_BYTES);
	g_autofree char *over_limit =
		g_strdup_printf("~a=%" G_GSIZE_FORMAT ";", ARCHIVE_MAX_KEPT_BYTES);

	(void)state;
	look_at_random("zip-stored", ARCHIVE_MAX_KEPT_BYTES, &at, &whole);
	look_at_random("zip-stored", ARCHIVE_MAX_KEPT_BYTES + 1, &over, &cut);
	assert_string_equal(whole, at_limit);
	assert_string_equal(cut, over_limit);
}

static const guint8 tnef[] = {0x78, 0x9f, 0x3e, 0x22, 1, 0,
	/* title */ 2, 0x10, 0x80, 1, 0, 6, 0, 0, 0, 'a', '.', 'e', 'x', 'e', 0, 0, 0,
	/* content */ 2, 0x0f, 0x80, 6, 0, 3, 0, 0, 0, 'x', 'y', 'z', 0, 0};

static void test_tnef(void **state)
{
	g_autoptr(GString) seen = g_string_new(NULL);
	ArchiveBudget budget = archive_budget_start(), none = {0};

	(void)state;
	assert_int_equal(
		tnef_look(tnef, sizeof tnef, &budget, write_down, seen), ARCHIVE_LOOK_DONE);
	assert_string_equal(seen->str, "a.exe=3;");
	assert_int_equal(
		tnef_look(tnef, sizeof tnef, &none, write_down, seen), ARCHIVE_LOOK_TOO_MUCH);
	for (gsize cut = 7; cut < sizeof tnef; cut++) {
		g_autofree guint8 *copy = g_memdup2(tnef, cut);
		g_autoptr(GString) some = g_string_new(NULL);

		if (cut == 23) /* between two records */
			continue;
		assert_int_equal(
			tnef_look(copy, cut, &budget, write_down, some), ARCHIVE_LOOK_UNREADABLE);
	}
}

static void test_zip(void **state)
{
	g_autofree guint8 *content = g_malloc0(300000);
	g_autoptr(GByteArray) zip = zip_one("informe ñ.docx", content, 300000, 300000),
			      again = zip_one("informe ñ.docx", content, 300000, 300000), at = NULL,
			      over = NULL;
	g_autoptr(GString) seen = g_string_new(NULL);
	ArchiveBudget budget = archive_budget_start();

	(void)state;
	assert_non_null(zip);
	assert_int_equal(zip->len, again->len);
	assert_memory_equal(zip->data, again->data, zip->len);
	assert_int_equal(archive_look(zip->data, zip->len, FALSE, "x", &budget, write_down, seen),
		ARCHIVE_LOOK_DONE);
	assert_string_equal(seen->str, "informe ñ.docx=300000;");
	at = zip_one("informe ñ.docx", content, 300000, zip->len);
	over = zip_one("informe ñ.docx", content, 300000, zip->len - 1);
	assert_non_null(at);
	assert_null(over);
}

static void test_estimate(void **state)
{
	gsize size = 3000000;
	g_autofree guint8 *content = g_malloc0(size);
	guint32 seed = 1;

	(void)state;
	assert_true(zip_estimate(content, size) < size / 100);
	assert_true(zip_estimate(content, 10) > 0);
	for (gsize i = 0; i < size; i++) {
		seed = seed * 1664525 + 1013904223;
		content[i] = (guint8)(seed >> 24);
	}
	assert_true(zip_estimate(content, size) > size / 10 * 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_entry_limit),
		cmocka_unit_test(test_byte_limit),
		cmocka_unit_test(test_ratio_limit),
		cmocka_unit_test(test_time_limit),
		cmocka_unit_test(test_kept_limit),
		cmocka_unit_test(test_tnef),
		cmocka_unit_test(test_zip),
		cmocka_unit_test(test_estimate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
