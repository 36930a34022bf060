/* Return tokens: form, MAC, and which addresses carry one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/return_token.h"

static GBytes *make_key(char fill)
{
	char key[32];

	memset(key, fill, sizeof(key));
	return g_bytes_new(key, sizeof(key));
}

static char *make_token(GBytes *key, guint8 first)
{
	guint8 random[RETURN_TOKEN_RANDOM_BYTES];

	for (guint i = 0; i < sizeof(random); i++)
		random[i] = (guint8)(first + 37 * i);
	return return_token_make(key, random);
}

/* Made with Python: base64.b32encode(r + hmac(key, b"acuse-token-1" + r)[:4]), r =
 * bytes(range(16)). */
static void test_known_token(void **state)
{
	static const guint8 random[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
	g_autoptr(GBytes) key = make_key('k');
	g_autofree char *token = return_token_make(key, random);

	(void)state;
	assert_string_equal(token, "aaaqeayeaudaocajbifqydiob4kbna4p");
}

static void test_check(void **state)
{
	g_autoptr(GBytes) key = make_key('k'), other = make_key('o');

	(void)state;
	for (guint i = 0; i < 256; i++) {
		g_autofree char *token = make_token(key, (guint8)i);

		assert_int_equal(strlen(token), RETURN_TOKEN_CHARS);
		assert_true(return_token_check(key, token));
		assert_false(return_token_check(other, token));
	}
}

/* One changed character anywhere is noticed. */
static void test_changed(void **state)
{
	g_autoptr(GBytes) key = make_key('k');
	g_autofree char *token = make_token(key, 1);

	(void)state;
	for (guint i = 0; i < RETURN_TOKEN_CHARS; i++) {
		char was = token[i];

		token[i] = was == 'a' ? 'b' : 'a';
		assert_false(return_token_check(key, token));
		token[i] = (char)g_ascii_toupper(was);
		if (token[i] != was)
			assert_false(return_token_check(key, token));
		token[i] = '1';
		assert_false(return_token_check(key, token));
		token[i] = was;
	}
	assert_true(return_token_check(key, token));
	token[RETURN_TOKEN_CHARS - 1] = '\0';
	assert_false(return_token_check(key, token));
	assert_false(return_token_check(key, ""));
	assert_false(return_token_check(key, NULL));
}

static void test_addresses(void **state)
{
	static const struct {
		const char *address;
		gboolean found;
	} cases[] = {
		{"acuse+aaaaaaaaaaaaaaaaaaaaaaaaaaaaa234@muni.test", TRUE},
		{"ACUSE+AAAAAAAAAAAAAAAAAAAAAAAAAAAAA234@Muni.Test", TRUE},
		{"acuse+aaaaaaaaaaaaaaaaaaaaaaaaaaaaa234@muni.tes", FALSE},
		{"acuse+aaaaaaaaaaaaaaaaaaaaaaaaaaaaa234@muni.testx", FALSE},
		{"acuse+aaaaaaaaaaaaaaaaaaaaaaaaaaaaa234@other.tes", FALSE},
		{"acuse+aaaaaaaaaaaaaaaaaaaaaaaaaaaaa23@muni.test", FALSE},
		{"acuse+aaaaaaaaaaaaaaaaaaaaaaaaaaaaa2344@muni.test", FALSE},
		{"acuse+aaaaaaaaaaaaaaaaaaaaaaaaaaaaa210@muni.test", FALSE},
		{"acuse-aaaaaaaaaaaaaaaaaaaaaaaaaaaaa234@muni.test", FALSE},
		{"xacuse+aaaaaaaaaaaaaaaaaaaaaaaaaaaa234@muni.test", FALSE},
		{"<acuse+aaaaaaaaaaaaaaaaaaaaaaaaaaaaa234@muni.test>", FALSE},
		{"acuse@muni.test", FALSE},
		{"", FALSE},
		{NULL, FALSE},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *token = return_token_of_address(cases[i].address, "muni.test");

		if ((token != NULL) != cases[i].found)
			fail_msg("%s", cases[i].address);
		if (token != NULL)
			assert_string_equal(token, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaa234");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_token),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_changed),
		cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
