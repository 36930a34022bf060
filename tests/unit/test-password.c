/* The rule of passwords (DI-002 art. 10.1), and the module that slapd asks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "core/password.h"

static const struct {
	const char *password;
	PasswordFault fault;
} cases[] = {
	{"Lima-2026", PASSWORD_GOOD},
	{"lima 202", PASSWORD_GOOD},
	{"ñandú-9x", PASSWORD_GOOD},
	{"a1-a1-a1", PASSWORD_GOOD},
	{"a1-a1-a", PASSWORD_LENGTH},
	{"ñ1-ñ1-ñ", PASSWORD_LENGTH},
	{"", PASSWORD_LENGTH},
	{"abcdefgh", PASSWORD_KINDS},
	{"abcdefg1", PASSWORD_KINDS},
	{"abcdefg-", PASSWORD_KINDS},
	{"1234567-", PASSWORD_KINDS},
	{"--------", PASSWORD_KINDS},
	{"Lima-2026\n", PASSWORD_UNREADABLE},
	{"Lima-2026\xff", PASSWORD_UNREADABLE},
};

static void test_rule(void **state)
{
	g_autofree char *limit = g_strnfill(PASSWORD_MAX_BYTES, 'x');
	g_autofree char *over = g_strnfill(PASSWORD_MAX_BYTES + 1, 'x');

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		if (password_fault(cases[i].password) != cases[i].fault)
			fail_msg("%s", cases[i].password);
	memcpy(limit, "a1-", 3);
	memcpy(over, "a1-", 3);
	assert_int_equal(password_fault(limit), PASSWORD_GOOD);
	assert_int_equal(password_fault(over), PASSWORD_LENGTH);
}

/* As slapd calls it: 0 is good, else a text that slapd frees. */
static void test_module(void **state)
{
	void *module = dlopen("./contrib/slapd/acuse-password.so", RTLD_NOW);
	int (*check)(char *password, char **text, void *entry, void *argument);

	(void)state;
	if (module == NULL)
		fail_msg("%s", dlerror());
	*(void **)&check = dlsym(module, "check_password");
	assert_non_null(check);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *password = g_strdup(cases[i].password);
		char *text = NULL;
		int code = check(password, &text, NULL, NULL);

		assert_int_equal(code == 0, cases[i].fault == PASSWORD_GOOD);
		assert_int_equal(text == NULL, code == 0);
		free(text);
		assert_int_equal(check(password, NULL, NULL, NULL), code);
	}
	dlclose(module);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rule),
		cmocka_unit_test(test_module),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
