/* What the script of Dovecot writes (core/reading.h), at its limits and one over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/error.h"
#include "core/reading.h"

static char *text_of(const char *user, const char *folder, const char *id, const char *message)
{
	return g_strdup_printf("1 read\n%s\n%s\n%s\n%s\n", user, folder, id, message);
}

static void good(void **state)
{
	static const struct {
		const char *text, *user, *owner, *message_id;
		gboolean repair;
	} cases[] = {
		{"1 read\nana\nINBOX\nabc-1\n<a@b>\n", "ana", "ana", "a@b", FALSE},
		{"1 repair\nana\nINBOX\nabc-1\na@b\n", "ana", "ana", "a@b", TRUE},
		{"1 read\nANA\noficinas/otic/INBOX\nabc-1\n\n", "ana", "otic", NULL, FALSE},
		{"1 read\nana\noficinas/otic\nabc-1\n<>\n", "ana", "otic", "<>", FALSE},
		{"1 read\nana\noficina/otic\nabc-1\nñ\n", "ana", "ana", "ñ", FALSE},
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(Reading) reading =
			reading_parse(cases[i].text, strlen(cases[i].text), &error);

		assert_non_null(reading);
		assert_string_equal(reading->user, cases[i].user);
		assert_string_equal(reading->owner, cases[i].owner);
		assert_int_equal(reading->repair, cases[i].repair);
		assert_true(g_strcmp0(reading->message_id, cases[i].message_id) == 0);
	}
}

static void bad(void **state)
{
	static const char *const cases[] = {
		"",
		"\n",
		"1 read\nana\nINBOX\nabc\n<a@b>",
		"1 read\nana\nINBOX\nabc\n",
		"1 read\nana\nINBOX\nabc\na\nb\n",
		"2 read\nana\nINBOX\nabc\na\n",
		"1 read\n\nINBOX\nabc\na\n",
		"1 read\n../ana\nINBOX\nabc\na\n",
		"1 read\n.ana\nINBOX\nabc\na\n",
		"1 read\n-ana\nINBOX\nabc\na\n",
		"1 read\nana\noficinas/\nabc\na\n",
		"1 read\nana\noficinas/../x\nabc\na\n",
		"1 read\nana\nINBOX\n\na\n",
		"1 read\nana\nINBOX\na/b\na\n",
		"1 read\nana\nIN\tBOX\nabc\na\n",
		"1 read\nana\nIN\xffOX\nabc\na\n",
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		assert_null(reading_parse(cases[i], strlen(cases[i]), &error));
		assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_INVALID));
	}
	assert_null(reading_parse("1 read\nana\nIN\0BOX\nabc\na\n", 25, NULL));
}

static void limits(void **state)
{
	g_autofree char *uid = g_strnfill(READING_MAX_UID + 1, 'a');
	g_autofree char *id = g_strnfill(READING_MAX_ID + 1, 'a');
	g_autofree char *folder = g_strnfill(READING_MAX_BYTES + 1, 'a');

	(void)state;
	for (int over = 1; over >= 0; over--) {
		g_autofree char *a = NULL, *b = NULL, *c = NULL;
		g_autoptr(Reading) ra = NULL, rb = NULL, rc = NULL;

		uid[READING_MAX_UID + over] = id[READING_MAX_ID + over] = '\0';
		/* What the other lines take. */
		folder[READING_MAX_BYTES - strlen("1 read\na\n\nb\nc\n") + (gsize)over] = '\0';
		a = text_of(uid, "INBOX", "b", "c");
		b = text_of("a", "INBOX", id, "c");
		c = text_of("a", folder, "b", "c");
		ra = reading_parse(a, strlen(a), NULL);
		rb = reading_parse(b, strlen(b), NULL);
		rc = reading_parse(c, strlen(c), NULL);
		assert_true((ra == NULL) == over);
		assert_true((rb == NULL) == over);
		assert_true((rc == NULL) == over);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),
		cmocka_unit_test(bad),
		cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
