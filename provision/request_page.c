/*
 * request_page.h: the row of a request to the lines of lib/render's page. A field that the form has
 * and nobody filled in is there, empty, so that it can be written by hand. The text is the
 * directive's, so it is not translated. Fails as render_pdf. Any thread.
 */
#include "provision/request_page.h"

#include <string.h>

#include "api/record_json.h"
#include "core/constancia.h"
#include "provision/request_form.h"
#include "provision/request_step.h"
#include "provision/row.h"
#include "render/page.h"

typedef struct {
	const char *name, *text;
} Word;

static const Word kinds[] = {{"person", "Personal"}, {"office", "De oficina"},
	{"activity", "De actividad o comisión"}, {"third-party", "De locador o tercero"}};
static const Word actions[] = {{"create", "Creación"}, {"annul", "Anulación"},
	{"extend", "Prórroga"}, {"password", "Cambio de contraseña"}};
static const Word reasons[] = {{"joining", "Ingreso a la entidad"}, {"encargatura", "Encargatura"},
	{"specific-activity", "Actividad específica"},
	{"forgotten-password", "Olvido de la contraseña"},
	{"exposed-password", "Contraseña expuesta"}, {"other", "Otro"}};

typedef struct {
	const char *label, *member;
	gboolean always; /* a field of Anexo 1; the others are there when they are filled in */
} Field;

static const Field person[] = {{"Nombres", "given_names", TRUE},
	{"Apellido paterno", "paternal_surname", TRUE},
	{"Apellido materno", "maternal_surname", TRUE}, {"DNI", "dni", TRUE},
	{"Teléfono", "phone", TRUE}, {"Cargo", "post", TRUE}, {"Unidad orgánica", "unit", TRUE},
	{"Resolución o contrato", "document", TRUE}};
static const Field account[] = {{"Nombre de la cuenta", "title", FALSE},
	{"Cuenta", "account", FALSE}, {"Vigente hasta", "until", FALSE},
	{"Fecha de anulación", "date", FALSE}};
static const Field paper[] = {{"N.º de trámite", "tramite", TRUE}};

/* Every box of the form, a line each, with a cross in the one that was chosen. */
static void add_boxes(
	Constancia *page, const char *label, const Word *words, gsize n, const char *chosen)
{
	for (gsize i = 0; i < n; i++) {
		gboolean chosen_here = g_strcmp0(words[i].name, chosen) == 0;
		g_autofree char *box =
			g_strdup_printf("[%s] %s", chosen_here ? "X" : " ", words[i].text);

		constancia_page_add(page, CONSTANCIA_FIELD, i == 0 ? label : "", box);
	}
}

static void add_fields(Constancia *page, const Field *fields, gsize n, const json_t *row)
{
	for (gsize i = 0; i < n; i++) {
		const char *text = row_text(row, fields[i].member);

		if (text != NULL || fields[i].always)
			constancia_page_add(page, CONSTANCIA_FIELD, fields[i].label, text);
	}
}

static void add_signer(Constancia *page, const json_t *row)
{
	const json_t *signer = json_object_get(row, "signer");
	g_autofree char *text = NULL;

	if (!json_is_object(signer)) {
		constancia_page_add(page, CONSTANCIA_SIGNATURE, NULL,
			"Firma y sello del jefe de la unidad orgánica solicitante");
		constancia_page_add(page, CONSTANCIA_FIELD, "Nombres y apellidos", NULL);
		constancia_page_add(page, CONSTANCIA_FIELD, "Cargo", NULL);
		constancia_page_add(page, CONSTANCIA_FIELD, "Fecha", NULL);
		return;
	}
	text = g_strdup_printf("Firmado digitalmente por %s, %s, %s. Certificado (SHA-256): %s",
		row_text(signer, "name"), row_text(signer, "post"), row_text(signer, "unit"),
		row_text(signer, "certificate_sha256"));
	constancia_page_add(page, CONSTANCIA_PARAGRAPH, NULL, text);
}

static Constancia *page_of(const Service *service, const json_t *row, const char *day)
{
	const char *id = row_text(row, "id");
	g_autofree char *footer = g_strdup_printf("FORM-01, solicitud %s", id);
	Constancia *page = constancia_page_new(
		settings_string(service->settings, "institution", "name"), footer);

	constancia_page_add(page, CONSTANCIA_TITLE, NULL,
		"FORM-01: Solicitud de cuenta de correo electrónico institucional");
	constancia_page_add(page, CONSTANCIA_FIELD, "Solicitud", id);
	constancia_page_add(page, CONSTANCIA_FIELD, "Fecha de registro", day);
	add_fields(page, paper, G_N_ELEMENTS(paper), row);
	constancia_page_add(page, CONSTANCIA_SECTION, NULL, "Lo que se solicita");
	add_boxes(page, "Acción", actions, G_N_ELEMENTS(actions), row_text(row, "action"));
	add_boxes(page, "Tipo de cuenta", kinds, G_N_ELEMENTS(kinds), row_text(row, "kind"));
	add_fields(page, account, G_N_ELEMENTS(account), row);
	constancia_page_add(page, CONSTANCIA_SECTION, NULL,
		row_text(row, "title") != NULL ? "Responsable de la cuenta" : "Datos del usuario");
	add_fields(page, person, G_N_ELEMENTS(person), row);
	constancia_page_add(page, CONSTANCIA_SECTION, NULL, "Motivo");
	add_boxes(page, "Motivo", reasons, G_N_ELEMENTS(reasons), row_text(row, "reason"));
	constancia_page_add(page, CONSTANCIA_SECTION, NULL, "Autorización");
	add_signer(page, row);
	return page;
}

gboolean request_page(const ApiRequest *request, ApiResponse *response, GError **error)
{
	json_auto_t *row = request_row_read(request, request->arguments[0], error);
	g_autoptr(Constancia) page = NULL;
	g_autofree char *day = NULL;
	gint64 time_s = 0;

	if (row == NULL)
		return FALSE;
	time_from_rfc3339(row_text(row, "time"), &time_s);
	day = service_day(request->service, time_s);
	page = page_of(request->service, row, day);
	page->time_s = time_s;
	response->bytes = render_pdf(page, NULL, error);
	response->content_type = "application/pdf";
	return response->bytes != NULL;
}
