/* Where the quoted text begins, and when a block counts as written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "mime/facts.h"
#include "mime/html.h"
#include "mime/present.h"
#include "mime/quote.h"

typedef struct {
	const char *name, *own, *quote;
	gboolean open;
} QuoteCase;

static void test_text(void **state)
{
	static const QuoteCase cases[] = {
		{"nothing", "", "", FALSE},
		{"no quote", "Hola\nrow > x\n", "", FALSE},
		{"marks", "Hola\n", "> x\n>\n> y\n", FALSE},
		{"Thunderbird", "Hola\n\n", "El 20/11/26 a las 16:00, Ana escribió:\n> x\n", FALSE},
		{"Thunderbird in English", "Hola\n\n", "On 11/20/26 16:00, Ana wrote:\n\n> x\n",
			FALSE},
		{"Gmail, two lines", "Hola\n",
			"El vie, 20 nov 2026 a las 16:00, Ana Pérez (<\nana@x.test>) escribió:\n> "
			"x\n",
			FALSE},
		{"latin-1", "Hola\n", "El 20/11/26 a las 16:00, Ana escribi\xf3:\n> x\n", FALSE},
		{"mutt", "Hola\n", "Ana <ana@x.test> wrote:\n> x\n", FALSE},
		{"without marks", "Hola\n", "El 20/11/26, Ana escribió:\n\nx\n", TRUE},
		{"Outlook", "Hola\n", "-----Mensaje original-----\nDe: x\n", TRUE},
		{"Outlook in English", "Hola\n", "-----Original Message-----\nx\n", TRUE},
		{"header block", "Hola\n", "De: Ana\nEnviado: hoy\nPara: Rosa\nAsunto: x\n\nx\n",
			TRUE},
		{"header block in English", "Hola\n", "From: Ana\r\nSent: today\r\nTo: Rosa\r\nx",
			TRUE},
		{"line above, bold", "Hola\n",
			"________________________________\n*De:* Ana\n*Enviado el:* x\n*Para:* y\n",
			TRUE},
		{"forwarded", "Vea\n", "---------- Forwarded message ---------\nx\n", TRUE},
		{"answered below", "El 20/11/26, Ana escribió:\n> x\n\nHola\n", "", FALSE},
		{"answered between", "> x\nsi\n", "> y\n", FALSE},
		{"De: alone", "De: verdad\nno hay cita\n", "", FALSE},
		{"wrote: alone", "He said and wrote:\nnothing\n", "", FALSE},
		{"a dashed line", "Hola\n-- \nRosa\n", "", FALSE},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strconcat(cases[i].own, cases[i].quote, NULL);
		gboolean open;
		gsize at = quote_start(text, strlen(text), &open);

		if (at != strlen(cases[i].own) || open != cases[i].open)
			fail_msg("%s: %zu, %d", cases[i].name, at, open);
	}
}

static void test_html(void **state)
{
	static const QuoteCase cases[] = {
		{"none", "<p>Hola</p>", "", FALSE},
		{"Gmail", "<div>Hola</div>",
			"<div class=\"gmail_quote x\">El 1, A "
			"escribió:<blockquote>x</blockquote></div>",
			FALSE},
		{"Thunderbird", "<p>Hola</p>",
			"<div class=\"moz-cite-prefix\">A:</div><blockquote "
			"type=\"cite\">x</blockquote>",
			FALSE},
		{"Roundcube", "<p>Hola</p>",
			"<p id=\"reply-intro\">El 1 escribió:</p><blockquote>x</blockquote>",
			FALSE},
		{"attribution without mark", "<p>Hola</p>",
			"<p>El 20/11/26, Ana escribió:</p><blockquote>x</blockquote>", FALSE},
		{"Outlook on the web", "<div>Hola</div>",
			"<div id=\"appendonsend\"></div><hr><div id=\"divRplyFwdMsg\">De: x</div>y",
			TRUE},
		{"Outlook on the desktop", "<p>Hola</p>",
			"<div style='border:none;border-top:solid #E1E1E1 "
			"1.0pt'><p><b>De:</b>x</p></div>y",
			TRUE},
		{"text alone", "<p>Hola</p>", "<p>-----Mensaje original-----</p><p>x</p>", TRUE},
		{"answered below", "<blockquote>x</blockquote><p>Hola</p>", "", FALSE},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text =
			g_strconcat("<body>", cases[i].own, cases[i].quote, "</body>", NULL);
		g_auto(HtmlView) view = {0};

		assert_true(html_read(text, strlen(text), &view));
		if (view.quote != strlen("<body>") + strlen(cases[i].own) ||
			view.open != cases[i].open)
			fail_msg("%s: %zu, %d", cases[i].name, view.quote, view.open);
	}
}

static void test_present(void **state)
{
	static const char *const items[] = {
		"Rosa Núñez", "Jefa", "Muni de Ñuño", "042-123 456", NULL};
	static const struct {
		const char *name, *text;
		gboolean present;
	} cases[] = {
		{"as it is", "Hola\nRosa Núñez\nJefa\nMuni de Ñuño\nTel. 042-123 456", TRUE},
		{"white space", "Rosa   Núñez\n\n  Jefa\tMuni\nde Ñuño\n042 123456  \n\n", TRUE},
		{"case and signs", "-- \n*ROSA NÚÑEZ* | Jefa | muni de ñuño | (042) 123-456", TRUE},
		{"composed otherwise",
			"Rosa Nu\xcc\x81n\xcc\x83"
			"ez\nJefa\nMuni de Ñuño\n042123456",
			TRUE},
		{"labels and addresses",
			"Rosa Núñez\nJefa\nMuni de Ñuño\nTeléfono: 042123456\nCorreo: r@m.test "
			"www.m.test",
			TRUE},
		{"after a text",
			"Rosa Núñez\nvino.\n\nJefa\n\nRosa Núñez\nJefa\nMuni de Ñuño\n042123456",
			TRUE},
		{"after a quote", "> Rosa Núñez\nRosa Núñez\nJefa\nMuni de Ñuño\n042123456", TRUE},
		{"in one line", "Hola\r\nRosa Núñez, Jefa, Muni de Ñuño, 042123456\r\n", TRUE},
		{"a word within", "Rosa Núñez\nJefa\nayer\nMuni de Ñuño\n042123456", FALSE},
		{"another order", "Jefa\nRosa Núñez\nMuni de Ñuño\n042123456", FALSE},
		{"outdated", "Rosa Núñez\nSubjefa\nMuni de Ñuño\n042123456", FALSE},
		{"a byte that means nothing",
			"Rosa Núñez\nJefa\nMuni de Ñuño\n042123\xff"
			"456",
			FALSE},
		{"masked",
			"Rosa Núñez\nJe\x7f"
			"fa\nMuni de Ñuño\n042123456",
			FALSE},
		{"masked by another program", "Rosa Núñez\nJe?fa\nMuni de Ñuño\n042123456", FALSE},
		{"masked before a sign", "Rosa Núñez\nJefa\nMuni de Ñuño\n042?-123456", FALSE},
		{"decoded wrongly", "Rosa Núñez\nJefa\nMuni de Ñu=ño\n042123456", FALSE},
		{"a question before", "¿Conforme?\nRosa Núñez\nJefa\nMuni de Ñuño\n042123456",
			TRUE},
		{"another phone", "Rosa Núñez\nJefa\nMuni de Ñuño\n0421234567", FALSE},
		{"incomplete", "Rosa Núñez\nJefa\nMuni de Ñuño", FALSE},
		{"not at the end", "Rosa Núñez\nJefa\nMuni de Ñuño\n042123456\nOtra cosa", FALSE},
		{"not a line of its own", "Dijo Rosa Núñez\nJefa\nMuni de Ñuño\n042123456", FALSE},
		{"quoted", "> Rosa Núñez\n> Jefa\n> Muni de Ñuño\n> 042123456", FALSE},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		if (present_at_end(cases[i].text, strlen(cases[i].text), items, "Tel.") !=
			cases[i].present)
			fail_msg("%s", cases[i].name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_html),
		cmocka_unit_test(test_present),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
