/* Numbers of the DNI: what is taken, and the check character. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/dni.h"

static void test_numbers(void **state)
{
	static const struct {
		const char *text;
		const char *number; /* NULL: refused */
	} cases[] = {
		{"17801146", "17801146"},
		{"17801146-0", "17801146"},
		{"17801146-D", "17801146"},
		{"17801146-d", "17801146"},
		{"17801146-1", NULL},
		{"17801146-E", NULL},
		{"17801146-", NULL},
		{"17801146-00", NULL},
		{"17801146 0", NULL},
		{"178011460", NULL},
		{"1780114", NULL},
		{"1780114-0", NULL},
		{"", NULL},
		{NULL, NULL},
		{" 17801146", NULL},
		{"17801146\n", NULL},
		{"1780114a", NULL},
		{"١٢٣٤٥٦٧٨", NULL},
		{"00000000", "00000000"},
		{"00000000-6", "00000000"}, /* the rest of the sum is 0 */
		{"00000000-K", "00000000"},
		{"00000000-5", NULL},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		char number[DNI_DIGITS + 1] = "before";

		if (dni_parse(cases[i].text, number) != (cases[i].number != NULL))
			fail_msg("%s", cases[i].text);
		assert_string_equal(number, cases[i].number != NULL ? cases[i].number : "before");
	}
}

/* Each number has one check digit and one check letter. */
static void test_one_of_each(void **state)
{
	(void)state;
	for (int n = 0; n < 2000; n++) {
		char number[DNI_DIGITS + 1];
		int digits = 0, letters = 0;

		for (char c = '0'; c <= '9'; c++) {
			g_autofree char *text = g_strdup_printf("%08d-%c", n * 49999, c);

			digits += dni_parse(text, number);
		}
		for (char c = 'A'; c <= 'Z'; c++) {
			g_autofree char *text = g_strdup_printf("%08d-%c", n * 49999, c);

			letters += dni_parse(text, number);
		}
		assert_int_equal(digits, 1);
		assert_int_equal(letters, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_one_of_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
