/*
 * The constancia: what each case says and does not say, as text and as pictures that were looked at
 * (tests/golden/constancia; ACUSE_GOLDEN_WRITE=1 writes them anew), and that the same facts give
 * the same bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <cairo.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "core/constancia.h"
#include "render/page.h"

#define NOW 1795208036 /* 2026-11-20T20:53:56Z */
#define DIGEST "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
#define ROOT "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"

static const ConstanciaEvent released = {NOW + 2, "released", TRUE, NULL, NULL};
static const ConstanciaEvent relayed = {
	NOW + 4, "relayed", TRUE, "own-postfix", "smtp; 250 2.0.0 OK 1795208040 k8si268 - gsmtp"};
static const ConstanciaEvent unproved = {NOW + 60, "acknowledged", FALSE, "unproved", NULL};
static const ConstanciaEvent answered = {NOW + 3600, "acknowledged", TRUE, "outside", NULL};
static const ConstanciaEvent failed = {
	NOW + 5, "failed", TRUE, "own-postfix", "smtp; 550 5.1.1 Casilla inexistente: ñandú"};
static const ConstanciaEvent told = {NOW + 7, "failed", TRUE, "outside", "smtp; 552 buzón lleno"};
static const ConstanciaEvent expired = {NOW + 432000, "expired", TRUE, NULL, NULL};
static const ConstanciaEvent late = {NOW + 500000, "late", TRUE, "outside", NULL};
static const ConstanciaEvent read_event = {NOW + 900, "read", TRUE, "outside", NULL};

typedef struct {
	const char *name;
	DeliveryState state;
	gboolean notification, is_signed, is_long;
	const ConstanciaEvent *events[5];
	const char *says[4], *says_not[4];
} Case;

static const Case cases[] = {
	{"notificada", DELIVERY_ACKNOWLEDGED, TRUE, TRUE, FALSE,
		{&released, &relayed, &unproved, &answered},
		{"CONSTANCIA DE NOTIFICACIÓN ELECTRÓNICA",
			"20 de noviembre de 2026, 15:53:56 "
			"(America/Lima, UTC-05:00)",
			"No es la firma de un funcionario", "«smtp; 250 2.0.0 OK"},
		{"NEGATIVA", "cédula", "no repudio"}},
	{"sin-acuse", DELIVERY_RELAYED, TRUE, TRUE, FALSE, {&released, &relayed},
		{"CONSTANCIA DE ENVÍO DE NOTIFICACIÓN", "no está acreditada",
			"No se prueba: que el mensaje esté en su buzón"},
		{"está acreditada en la forma", "NEGATIVA"}},
	{"negativa", DELIVERY_EXPIRED, TRUE, TRUE, FALSE, {&released, &relayed, &expired},
		{"CONSTANCIA NEGATIVA", "Corresponde notificar por cédula",
			"24 de noviembre de 2026"},
		{"está acreditada en la forma"}},
	{"tardia", DELIVERY_LATE, TRUE, TRUE, FALSE, {&released, &relayed, &expired, &late},
		{"CONSTANCIA DE RECEPCIÓN TARDÍA", "después de vencido el plazo"},
		{"está acreditada en la forma"}},
	{"no-entregada", DELIVERY_FAILED, FALSE, FALSE, FALSE, {&released, &failed},
		{"CONSTANCIA DE CORREO NO ENTREGADO", "Casilla inexistente: ñandú",
			"sin firma digital del sistema"},
		{"Base legal", "agente automatizado"}},
	{"aviso", DELIVERY_FAILED, FALSE, FALSE, FALSE, {&released, &told},
		{"CONSTANCIA DE AVISO DE CORREO NO ENTREGADO", "Un aviso recibido de fuera dice",
			"Un aviso dice que no se pudo entregar (aviso recibido",
			"No se prueba: qué servidor hizo ese aviso"},
		{"de origen comprobado", "que el mensaje no pudo entregarse, por la razón",
			"se contradicen"}},
	{"contradicha", DELIVERY_RELAYED, FALSE, FALSE, FALSE, {&released, &relayed, &told},
		{"CONSTANCIA DE ENVÍO DE CORREO", "Hay informes que se contradicen",
			"552 buzón lleno", "su autor no está comprobado"},
		{"NO ENTREGADO", "de origen comprobado"}},
	{"externo", DELIVERY_READ, FALSE, FALSE, FALSE, {&released, &relayed, &read_event},
		{"CONSTANCIA DE ENVÍO DE CORREO", "Mostrado desde la cuenta"},
		{"Base legal", "CONSTANCIA DE NOTIFICACIÓN"}},
	{"larga", DELIVERY_ACKNOWLEDGED, TRUE, TRUE, TRUE, {&released, &relayed, &answered},
		{"güeña-ñandú", "Municipalidad Provincial de Ñahuimpuquio", "…"}, {"\xe2\x80\xae"}},
};

static char *repeat(const char *words, guint n)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < n; i++)
		g_string_append(text, words);
	return g_string_free(text, FALSE);
}

static Constancia *make(const Case *one)
{
	g_autoptr(GTimeZone) zone = g_time_zone_new_identifier("America/Lima");
	g_autoptr(GArray) events = g_array_new(FALSE, FALSE, sizeof(ConstanciaEvent));
	/* A mark that would turn the rest of the line around stands in it. */
	g_autofree char *subject =
		repeat("NOTIFICACIÓN de la Resolución de Gerencia N.° 0123-2026 \xe2\x80\xae"
		       "sobre la pingüinera de Ñaña y otros asuntos del vigésimo año, ",
			20);
	g_autofree char *address = repeat("güeña-ñandú.", 15);
	g_autofree char *institution = repeat("Municipalidad Provincial de Ñahuimpuquio ", 5);
	ConstanciaFacts facts = {.institution = "Municipalidad Distrital de Prueba",
		.domain = "muni.test",
		.legal_ground = "TUO de la Ley N.° 27444, artículo 20, numeral 20.4",
		.zone = zone,
		.zone_name = "America/Lima",
		.notification = one->notification,
		.state = one->state,
		.notified_by = DELIVERY_ACKNOWLEDGED,
		.id = "4f1c7a52-7d0e-4c55-9d2f-3f1c2a9b8e10",
		.mailbox = "secretaria.general@muni.test",
		.login = "rmoralesa",
		.recipient = "ciudadano@ciudadano.test",
		.subject = "NOTIFICACIÓN Exp. 2026-001234",
		.document_type = one->notification ? "NOTIFICACION" : NULL,
		.document_number = one->notification ? "015-2026" : NULL,
		.expediente = "2026-001234",
		.recorded_s = NOW,
		.events = events,
		.term_from = one->notification ? "2026-11-20" : NULL,
		.term_until = one->notification ? "2026-11-24" : NULL,
		.message_sha256 = DIGEST,
		.size = "4567",
		.entity_sha256 = one->is_signed ? ROOT : NULL,
		.certificate_sha256 = one->is_signed ? DIGEST : NULL,
		.leaves = "3, 4, 5, 9",
		.head_size = 10,
		.head_root = ROOT,
		.head_sha256 = DIGEST,
		.head_certificate_sha256 = ROOT,
		.head_time_s = NOW + 600000};

	for (guint i = 0; i < G_N_ELEMENTS(one->events) && one->events[i] != NULL; i++)
		for (guint j = 0; j < (one->is_long ? 18 : 1); j++)
			g_array_append_val(events, *one->events[i]);
	if (one->is_long) {
		facts.subject = subject;
		facts.recipient = address;
		facts.institution = institution;
	}
	return constancia_new(&facts);
}

static void test_text(void **state)
{
	(void)state;
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Constancia) constancia = make(&cases[i]);
		g_autofree char *text = constancia_to_text(constancia);

		for (guint j = 0; j < 4 && cases[i].says[j] != NULL; j++)
			if (strstr(text, cases[i].says[j]) == NULL)
				fail_msg("%s: does not say \"%s\":\n%s", cases[i].name,
					cases[i].says[j], text);
		for (guint j = 0; j < 4 && cases[i].says_not[j] != NULL; j++)
			if (strstr(text, cases[i].says_not[j]) != NULL)
				fail_msg("%s: says \"%s\"", cases[i].name, cases[i].says_not[j]);
	}
}

/* A stranger's subject starts no line of its own and ends at the limit. */
static void test_limits(void **state)
{
	static const struct {
		guint chars;
		gboolean cut;
	} rows[] = {{CONSTANCIA_MAX_TEXT, FALSE}, {CONSTANCIA_MAX_TEXT + 1, TRUE}};
	ConstanciaFacts facts = {.institution = "M",
		.domain = "m",
		.id = "s",
		.zone_name = "UTC",
		.head_root = ROOT,
		.head_sha256 = DIGEST};
	g_autoptr(GTimeZone) zone = g_time_zone_new_utc();

	(void)state;
	facts.zone = zone;
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *subject = repeat("ñ", rows[i].chars);
		g_autoptr(Constancia) constancia = NULL;
		g_autofree char *text = NULL;

		facts.subject = subject;
		constancia = constancia_new(&facts);
		text = constancia_to_text(constancia);
		assert_int_equal(strstr(text, "…") != NULL, rows[i].cut);
	}
	facts.subject = "a\nDestinatario: otro@x.test\r\n\tb\x1b[2J";
	{
		g_autoptr(Constancia) constancia = constancia_new(&facts);
		g_autofree char *text = constancia_to_text(constancia);

		assert_non_null(strstr(text, "Asunto: a Destinatario: otro@x.test b [2J\n"));
	}
}

/* Names keep their accents, however they were typed; heaps of them, and what shows nothing, go. */
static void test_accents(void **state)
{
	static const struct {
		const char *subject, *shown;
	} rows[] = {{"Nu\u0303n\u0303ez Ibáñez", "Nũñez Ibáñez"}, {"A\u0301LVARO", "ÁLVARO"},
		{"p\u0303osho\u0308ll", "p\u0303oshöll"},
		{"x\u0301\u0302\u0303\u0304\u0305y", "x\u0301\u0302y"}, {"\u0301\u0301a", "a"},
		{"a\u034f\u200d\ufe0fb", "ab"}, {"\u202eABC\u202c \u2066d\u2069", "ABC d"}};
	ConstanciaFacts facts = {.institution = "M",
		.domain = "m",
		.id = "s",
		.zone_name = "UTC",
		.head_root = ROOT,
		.head_sha256 = DIGEST};
	g_autoptr(GTimeZone) zone = g_time_zone_new_utc();

	(void)state;
	facts.zone = zone;
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(Constancia) constancia = NULL;
		g_autofree char *text = NULL,
				*wanted = g_strdup_printf("Asunto: %s\n", rows[i].shown);

		facts.subject = rows[i].subject;
		constancia = constancia_new(&facts);
		text = constancia_to_text(constancia);
		if (strstr(text, wanted) == NULL)
			fail_msg("%s in: %s", wanted, text);
	}
}

static cairo_status_t take(void *data, const unsigned char *bytes, unsigned length)
{
	g_byte_array_append(data, bytes, length);
	return CAIRO_STATUS_SUCCESS;
}

static GBytes *make_logo(int side)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, side, side);
	cairo_t *cairo = cairo_create(surface);

	cairo_set_source_rgb(cairo, 0.1, 0.3, 0.6);
	cairo_arc(cairo, side / 2.0, side / 2.0, side / 2.5, 0, 6.28318);
	cairo_fill(cairo);
	cairo_destroy(cairo);
	cairo_surface_write_to_png_stream(surface, take, bytes);
	cairo_surface_destroy(surface);
	return g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
}

/* Half as large: enough to see what changed, and small enough to keep. */
static cairo_surface_t *halve(GBytes *png)
{
	g_autofree char *path = g_strdup("constancia-now.png");
	cairo_surface_t *whole, *half;
	cairo_t *cairo;
	int width, height;

	assert_true(g_file_set_contents(
		path, g_bytes_get_data(png, NULL), (gssize)g_bytes_get_size(png), NULL));
	whole = cairo_image_surface_create_from_png(path);
	width = cairo_image_surface_get_width(whole) / 2;
	height = cairo_image_surface_get_height(whole) / 2;
	half = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
	cairo = cairo_create(half);
	cairo_scale(cairo, 0.5, 0.5);
	cairo_set_source_surface(cairo, whole, 0, 0);
	cairo_paint(cairo);
	cairo_destroy(cairo);
	cairo_surface_destroy(whole);
	return half;
}

/* How many pixels differ by more than an eighth of the way from black to white. */
static void compare_pictures(const char *name, const char *golden, GBytes *now)
{
	cairo_surface_t *right = halve(now), *left;
	int width, height, differ = 0;

	if (g_getenv("ACUSE_GOLDEN_WRITE") != NULL)
		cairo_surface_write_to_png(right, golden);
	left = cairo_image_surface_create_from_png(golden);
	width = cairo_image_surface_get_width(left);
	height = cairo_image_surface_get_height(left);

	if (cairo_surface_status(left) != CAIRO_STATUS_SUCCESS)
		fail_msg("%s: %s cannot be read", name, golden);
	assert_int_equal(width, cairo_image_surface_get_width(right));
	assert_int_equal(height, cairo_image_surface_get_height(right));
	for (int y = 0; y < height; y++) {
		const guint8 *a = cairo_image_surface_get_data(left) +
				  y * cairo_image_surface_get_stride(left),
			     *b = cairo_image_surface_get_data(right) +
				  y * cairo_image_surface_get_stride(right);

		for (int x = 0; x < width; x++)
			differ += abs(a[4 * x + 1] - b[4 * x + 1]) > 32;
	}
	cairo_surface_destroy(left);
	cairo_surface_destroy(right);
	if (differ > width * height / 1000)
		fail_msg("%s: %d pixels are not as they were looked at (%s)", name, differ, golden);
}

static void test_pictures(void **state)
{
	g_autoptr(GBytes) logo = make_logo(120);

	(void)state;
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Constancia) constancia = make(&cases[i]), again = make(&cases[i]);
		g_autoptr(GError) error = NULL;
		g_autoptr(GBytes) png = NULL, png_again = NULL, pdf = NULL, pdf_again = NULL;
		g_autofree char *golden =
			g_strdup_printf("%s/%s.png", GOLDEN_FOLDER, cases[i].name);
		g_autofree char *paper = g_strdup_printf("constancia-%s.pdf", cases[i].name);

		png = render_png(constancia, logo, &error);
		assert_null(error);
		png_again = render_png(again, logo, &error);
		pdf = render_pdf(constancia, logo, &error);
		assert_null(error);
		pdf_again = render_pdf(again, logo, &error);
		assert_true(g_bytes_equal(png, png_again));
		assert_true(g_bytes_equal(pdf, pdf_again));
		assert_true(g_file_set_contents(
			paper, g_bytes_get_data(pdf, NULL), (gssize)g_bytes_get_size(pdf), NULL));
		compare_pictures(cases[i].name, golden, png);
	}
}

/* What the PDF says can be selected and searched, letters with marks too; its date is the head's.
 */
static void test_pdf(void **state)
{
	static const char *const commands[] = {
		"pdftotext -layout constancia-notificada.pdf - | grep -q 'CONSTANCIA DE "
		"NOTIFICACIÓN ELECTRÓNICA'",
		"pdftotext constancia-no-entregada.pdf - | grep -q ñandú",
		"test $(pdfinfo constancia-larga.pdf | sed -n 's/^Pages: *//p') = 3",
		"pdfinfo constancia-notificada.pdf | grep -q 'Page size:.*A4'",
		"pdfinfo -isodates constancia-notificada.pdf | grep '^CreationDate' | grep -q "
		"2026-11-27",
		"pdffonts constancia-notificada.pdf | tail -n +3 | grep -v Liberation; test $? = 1",
	};

	(void)state;
	for (guint i = 0; i < G_N_ELEMENTS(commands); i++)
		if (system(commands[i]) != 0)
			fail_msg("%s", commands[i]);
}

static void test_logo(void **state)
{
	g_autoptr(Constancia) constancia = make(&cases[0]);
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) text = g_bytes_new_static("no picture", 10), huge = make_logo(4097);
	g_autoptr(GBytes) right = make_logo(4096), cut = NULL, done = NULL;

	(void)state;
	assert_null(render_png(constancia, text, &error));
	assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_INVALID));
	g_clear_error(&error);
	assert_null(render_png(constancia, huge, &error));
	assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_INVALID));
	g_clear_error(&error);
	cut = g_bytes_new_from_bytes(right, 0, g_bytes_get_size(right) / 2);
	assert_null(render_png(constancia, cut, &error));
	assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_INVALID));
	g_clear_error(&error);
	done = render_png(constancia, right, &error);
	assert_non_null(done);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_accents),
		cmocka_unit_test(test_pictures),
		cmocka_unit_test(test_pdf),
		cmocka_unit_test(test_logo),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
