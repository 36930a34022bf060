/* print_text: objects, tables, cursors, and what a stranger may have put into a value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "ctl/print.h"

static const struct {
	const char *name, *json, *text, *columns;
} cases[] = {
	{"empty object", "{}", "Hecho.\n"},
	{"empty list", "{\"items\":[],\"next\":null}", "No hay nada que mostrar.\n"},
	{"scalars", "{\"uid\":\"rmoralesa\",\"size\":3,\"counts\":true,\"owner\":null}",
		"cuenta: rmoralesa\ntamano: 3\nvale: si\nresponsable: -\n"},
	{"list of words", "{\"recipients\":[\"a@b.test\",\"c@d.test\"]}",
		"destinatarios: a@b.test, c@d.test\n"},
	{"table",
		"{\"items\":[{\"uid\":\"x\",\"mail\":\"x@muni.test\"},{\"uid\":\"long\",\"mail\":"
		"\"y\"}],\"next\":null}",
		"cuenta  correo\nx       x@muni.test\nlong    y\n"},
	{"chosen columns",
		"{\"items\":[{\"uid\":\"x\",\"token\":\"t\",\"mail\":\"m\"}],\"next\":null}",
		"correo  cuenta\nm       x\n", "mail uid"},
	{"escape codes are shown, not obeyed", "{\"subject\":\"a\\u001b[2Jb\"}",
		"asunto: a\\x1b[2Jb\n"},
	{"right-to-left override is shown", "{\"subject\":\"a\\u202eb\"}", "asunto: a\\x202eb\n"},
	{"times of a token",
		"{\"items\":[{\"label\":\"x\",\"not_after\":1795435200},{\"label\":\"y\","
		"\"not_after\":0}],\"next\":null}",
		"etiqueta  vence (UTC)\nx         2026-11-23T12:00:00Z\ny         -\n"},
	{"more pages", "{\"items\":[{\"uid\":\"x\"}],\"next\":\"7\"}",
		"cuenta\nx\nHay mas: repita con --after 7\n"},
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		json_t *answer = json_loads(cases[i].json, 0, NULL);
		g_autofree char *text = print_text(answer, cases[i].columns);

		if (strcmp(text, cases[i].text) != 0)
			fail_msg("%s: got [%s]", cases[i].name, text);
		json_decref(answer);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
