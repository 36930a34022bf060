/* The block's templates: what they must have, how they are filled, and the files of the settings.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/error.h"
#include "mime/signature_files.h"
#include "tests/unit/temporary.h"

#define WHOLE "{name}\n{unit}\n{institution}\n{phone}\n"

static void test_check(void **state)
{
	static const struct {
		const char *name, *text;
		gboolean html;
		const char *reason; /* NULL: good */
	} cases[] = {
		{"whole", WHOLE, FALSE, NULL},
		{"post for unit, extension for phone", "{name} {post} {institution} {extension}",
			FALSE, NULL},
		{"other braces", WHOLE "p { color: red } {} {x", FALSE, NULL},
		{"logo in HTML", WHOLE "{logo}", TRUE, NULL},
		{"logo in text", WHOLE "{logo}", FALSE, "no such variable: {logo}"},
		{"unknown", WHOLE "{fax}", FALSE, "no such variable: {fax}"},
		{"no name", "{unit}{institution}{phone}", FALSE, "{name} is missing"},
		{"no unit", "{name}{institution}{phone}", FALSE, "{post} or {unit} is missing"},
		{"no institution", "{name}{unit}{phone}", FALSE, "{institution} is missing"},
		{"no phone", "{name}{unit}{institution}", FALSE,
			"{extension} or {phone} is missing"},
		{"another order", "{unit}{name}{institution}{phone}", FALSE,
			"the order is name, post, unit, institution, extension, phone"},
		{"not UTF-8", WHOLE "\xf1", FALSE, "the template is not UTF-8"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		gboolean good = signature_check_template(cases[i].text, cases[i].html, &error);

		if (good != (cases[i].reason == NULL))
			fail_msg("%s: %s", cases[i].name, good ? "taken" : error->message);
		if (!good)
			assert_string_equal(error->message, cases[i].reason);
	}
}

static void test_template_limit(void **state)
{
	(void)state;
	for (gsize over = 0; over < 2; over++) {
		g_autofree char *filler =
			g_strnfill(SIGNATURE_MAX_TEMPLATE_BYTES - strlen(WHOLE) + over, 'x');
		g_autofree char *text = g_strconcat(WHOLE, filler, NULL);

		assert_int_equal(signature_check_template(text, FALSE, NULL), over == 0);
	}
}

static void test_fill(void **state)
{
	static const struct {
		const char *name;
		SignatureValues values;
		const char *text;
	} cases[] = {
		{"all", {"Rosa", "Jefa", "OTIC", "Muni", "12", "042"},
			"Sra. Rosa\nJefa, OTIC\nMuni\nAnexo 12 / 042\nLima"},
		{"one of a line", {"Rosa", NULL, "OTIC", "Muni", "", "042"},
			"Sra. Rosa\n, OTIC\nMuni\nAnexo  / 042\nLima"},
		{"empty lines go", {"Rosa", "", NULL, "Muni", NULL, ""}, "Sra. Rosa\nMuni\nLima"},
		{"nothing at all", {NULL, NULL, NULL, NULL, NULL, NULL}, ""},
		{"one line each", {"Ro\r\nsa", "Je\tfa", "\x01", "Muni", NULL, NULL},
			"Sra. Ro sa\nJe fa,\nMuni\nLima"},
		{"a value is no template", {"{phone}", NULL, NULL, "Muni", NULL, "9"},
			"Sra. {phone}\nMuni\nAnexo  / 9\nLima"},
	};
	g_autoptr(SignatureSettings) settings = signature_settings_new();

	(void)state;
	g_free(settings->text_template);
	settings->text_template = g_strdup(
		"Sra. {name}\n{post}, {unit}\n{institution}\nAnexo {extension} / {phone}\nLima\n");
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = signature_text(settings, &cases[i].values);

		if (strcmp(text, cases[i].text) != 0)
			fail_msg("%s: %s", cases[i].name, text);
	}
}

static void test_html_and_logo(void **state)
{
	static const SignatureValues values = {"<Rosa> & Ana", "Jefa", NULL, "Muni", NULL, "1"};
	g_autoptr(SignatureSettings) settings = signature_settings_new();
	g_autoptr(GBytes) logo = g_bytes_new_static("abc", 3);
	g_autofree char *without = signature_html(settings, &values), *with = NULL;
	g_auto(GStrv) items = signature_items(settings, &values);

	(void)state;
	assert_string_equal(without,
		"<div>\n<strong>&lt;Rosa&gt; &amp; Ana</strong><br>\nJefa<br>\n"
		"Muni<br>\nTel. 1<br>\n</div>");
	signature_set_logo(settings, logo, "image/png");
	with = signature_html(settings, &values);
	assert_non_null(
		strstr(with, "<br>\n<img src=\"cid:acuse-logo-ba7816bf8f01cfea414140de5dae2223"
			     "@signature.invalid\" alt=\"\">\n</div>"));
	assert_int_equal(g_strv_length(items), 4);
	assert_string_equal(items[3], "1");
}

typedef struct {
	const char *name, *key, *content;
	gsize size;
	const char *reason; /* NULL: good */
} FileCase;

static void check_file(const char *folder, const FileCase *c)
{
	g_autofree char *file = g_build_filename(folder, "file", NULL);
	g_autofree char *conf = g_build_filename(folder, "acuse.conf", NULL), *text = NULL;
	g_autoptr(Settings) settings = NULL;
	g_autoptr(SignatureSettings) signature = NULL;
	g_autoptr(GError) error = NULL;

	assert_true(g_file_set_contents(file, c->content, (gssize)c->size, NULL));
	text = g_strdup_printf(
		"[signature]\n%s=%s\nposition=before_quote\nprotected=refuse\n", c->key, file);
	assert_true(g_file_set_contents(conf, text, -1, NULL));
	settings = settings_load(conf, NULL);
	assert_non_null(settings);
	signature = signature_files_load(settings, &error);
	if ((signature != NULL) != (c->reason == NULL))
		fail_msg("%s: %s", c->name, signature ? "taken" : error->message);
	if (!signature) {
		assert_int_equal(error->code, ACUSE_ERROR_INVALID);
		/* FILE:LINE: before it */
		assert_true(g_str_has_suffix(error->message, c->reason));
		assert_non_null(strstr(error->message, ".conf:2: [signature] "));
		return;
	}
	assert_int_equal(signature->position, SIGNATURE_BEFORE_QUOTE);
	assert_true(signature->refuse_protected);
}

static void test_files(void **state)
{
	static const char png[SIGNATURE_MAX_LOGO_BYTES + 1] = "\x89PNG\r\n\x1a\nx";
	static const FileCase cases[] = {
		{"text", "text_template", WHOLE, sizeof(WHOLE) - 1, NULL},
		{"HTML", "html_template", WHOLE, sizeof(WHOLE) - 1, NULL},
		{"an item missing", "html_template", "{name}", 6,
			"[signature] html_template: {post} or {unit} is missing"},
		{"NUL", "text_template", WHOLE "\0x", sizeof(WHOLE) + 1,
			"[signature] text_template: the template has NUL bytes"},
		{"largest logo", "logo", png, SIGNATURE_MAX_LOGO_BYTES, NULL},
		{"logo too large", "logo", png, SIGNATURE_MAX_LOGO_BYTES + 1,
			"[signature] logo: over 64 KiB"},
		{"JPEG", "logo", "\xff\xd8\xff\xe0", 4, NULL},
		{"no image", "logo", "GIF89a", 6, "[signature] logo: neither PNG nor JPEG"},
	};
	g_autofree char *folder = temporary_folder();

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		check_file(folder, &cases[i]);
	temporary_remove(folder);
}

static void test_request(void **state)
{
	g_autoptr(SignatureSettings) settings = signature_settings_new();
	g_autofree char *text = NULL, *html = NULL;

	(void)state;
	assert_null(signature_request_text(settings, "acuse+t@muni.test"));
	settings->acknowledge = g_strdup("Responda <ya> para\nconfirmar");
	assert_null(signature_request_text(settings, NULL));
	assert_null(signature_request_html(settings, NULL, "2026-1"));
	text = signature_request_text(settings, "acuse+t@muni.test");
	assert_string_equal(text, "Responda <ya> para confirmar:\nacuse+t@muni.test");
	html = signature_request_html(settings, "acuse+t@muni.test", "2026-1&2");
	assert_string_equal(html,
		"<p>Responda &lt;ya&gt; para confirmar:<br>\n"
		"<a href=\"mailto:acuse+t@muni.test?subject=Confirmo%20la%20recepci%C3%B3n.%20"
		"Exp.%202026-1%262&amp;body=Confirmo%20la%20recepci%C3%B3n%20de%20la%20"
		"notificaci%C3%B3n.\">acuse+t@muni.test</a></p>");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_template_limit),
		cmocka_unit_test(test_fill),
		cmocka_unit_test(test_html_and_logo),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
