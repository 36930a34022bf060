/*
 * constancia.h: facts to lines. What strangers wrote (subject, diagnostics) is cut, its control and
 * direction marks are dropped, so that it can imitate no line of the page. Pure; never fails.
 */
#include "core/constancia.h"

#include <string.h>

#include "core/constancia_words.h"
#include "core/evidence.h"
#include "core/fold.h"

#define MAX_ACCENTS 2 /* on one letter, beside that which is one with it */

static void line_free(gpointer data)
{
	ConstanciaLine *line = data;

	g_free(line->label);
	g_free(line->text);
	g_free(line);
}

/* Combining marks of Latin letters; the joiner among them shows nothing. */
static gboolean is_accent(gunichar c)
{
	return c >= 0x0300 && c <= 0x036f && c != 0x034f;
}

/*
 * One line of text, without what cannot be seen, cut at CONSTANCIA_MAX_TEXT. A tilde that stands
 * behind its letter belongs to the name; a heap of them would cover other lines.
 */
static char *clean(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	g_autofree char *composed = g_utf8_normalize(valid, -1, G_NORMALIZE_NFC);
	GString *out = g_string_new(NULL);
	guint n = 0, accents = 0;

	for (const char *at = composed; *at != '\0'; at = g_utf8_next_char(at)) {
		gunichar c = g_utf8_get_char(at);
		gboolean blank = g_unichar_isspace(c) || g_unichar_iscntrl(c);

		accents = is_accent(c) ? accents + 1 : 0;
		if (accents > 0 ? accents > MAX_ACCENTS || out->len == 0
				: !blank && text_is_invisible(c))
			continue;
		if (blank && (out->len == 0 || out->str[out->len - 1] == ' '))
			continue;
		if (n++ == CONSTANCIA_MAX_TEXT) {
			g_string_append(out, "…");
			break;
		}
		g_string_append_unichar(out, blank ? ' ' : c);
	}
	return g_strchomp(g_string_free(out, FALSE));
}

void constancia_page_add(
	Constancia *page, ConstanciaLineKind kind, const char *label, const char *text)
{
	ConstanciaLine *line = g_new0(ConstanciaLine, 1);

	line->kind = kind;
	line->label = g_strdup(label);
	line->text = clean(text != NULL ? text : "");
	g_ptr_array_add(page->lines, line);
}

Constancia *constancia_page_new(const char *institution, const char *footer)
{
	Constancia *page = g_new0(Constancia, 1);

	page->institution = clean(institution != NULL ? institution : "");
	page->footer = clean(footer);
	page->lines = g_ptr_array_new_with_free_func(line_free);
	return page;
}

static void add(
	Constancia *constancia, ConstanciaLineKind kind, const char *label, const char *text)
{
	if (text != NULL && *text != '\0')
		constancia_page_add(constancia, kind, label, text);
}

static void add_format(Constancia *constancia, ConstanciaLineKind kind, const char *label,
	const char *format, ...) G_GNUC_PRINTF(4, 5);
static void add_format(
	Constancia *constancia, ConstanciaLineKind kind, const char *label, const char *format, ...)
{
	va_list arguments;
	g_autofree char *text = NULL;

	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	add(constancia, kind, label, text);
}

static const char *month_name(int month)
{
	static const char *const months[] = {"enero", "febrero", "marzo", "abril", "mayo", "junio",
		"julio", "agosto", "setiembre", "octubre", "noviembre", "diciembre"};

	return months[CLAMP(month, 1, 12) - 1];
}

/* The local time, and its distance from UTC as "UTC-05:00" in a new string. */
static GDateTime *local_time(const ConstanciaFacts *facts, gint64 time_s, char **distance)
{
	int interval = g_time_zone_find_interval(facts->zone, G_TIME_TYPE_UNIVERSAL, time_s);
	gint32 offset_s = g_time_zone_get_offset(facts->zone, interval);
	int minutes = ABS(offset_s) / 60;

	*distance = g_strdup_printf(
		"UTC%c%02d:%02d", offset_s < 0 ? '-' : '+', minutes / 60, minutes % 60);
	return g_date_time_new_from_unix_utc(time_s + offset_s);
}

/* "20 de noviembre de 2026, 15:53:56 (America/Lima, UTC-05:00)"; a new string. */
static char *time_text(const ConstanciaFacts *facts, gint64 time_s)
{
	g_autofree char *distance = NULL;
	g_autoptr(GDateTime) local = local_time(facts, time_s, &distance);

	if (local == NULL)
		return g_strdup("");
	return g_strdup_printf("%d de %s de %d, %02d:%02d:%02d (%s, %s)",
		g_date_time_get_day_of_month(local), month_name(g_date_time_get_month(local)),
		g_date_time_get_year(local), g_date_time_get_hour(local),
		g_date_time_get_minute(local), g_date_time_get_second(local), facts->zone_name,
		distance);
}

/* "20/11/2026 15:53:56 UTC-05:00"; a new string. */
static char *short_time_text(const ConstanciaFacts *facts, gint64 time_s)
{
	g_autofree char *distance = NULL;
	g_autoptr(GDateTime) local = local_time(facts, time_s, &distance);

	if (local == NULL)
		return g_strdup("");
	return g_strdup_printf("%02d/%02d/%d %02d:%02d:%02d %s",
		g_date_time_get_day_of_month(local), g_date_time_get_month(local),
		g_date_time_get_year(local), g_date_time_get_hour(local),
		g_date_time_get_minute(local), g_date_time_get_second(local), distance);
}

/* "2026-11-24" as "24 de noviembre de 2026"; a new string, other text as it is. */
static char *day_text(const char *date)
{
	if (strlen(date) != 10 || date[4] != '-' || date[7] != '-')
		return g_strdup(date);
	return g_strdup_printf("%d de %s de %.4s", (int)g_ascii_strtoull(date + 8, NULL, 10),
		month_name((int)g_ascii_strtoull(date + 5, NULL, 10)), date);
}

static DeliveryOutcome outcome_of(const ConstanciaFacts *facts)
{
	return delivery_outcome(facts->state, facts->notification, facts->notified_by);
}

/* A counting event of that name and, unless NULL, of that trust. */
static gboolean has_event(const ConstanciaFacts *facts, DeliveryState state, const char *trust)
{
	for (guint i = 0; facts->events != NULL && i < facts->events->len; i++) {
		const ConstanciaEvent *event = &g_array_index(facts->events, ConstanciaEvent, i);

		if (event->counts && g_strcmp0(event->event, delivery_state_name(state)) == 0 &&
			(trust == NULL || g_strcmp0(event->trust, trust) == 0))
			return TRUE;
	}
	return FALSE;
}

/* That it failed rests on what came from outside alone. */
static gboolean is_told(const ConstanciaFacts *facts)
{
	return facts->state == DELIVERY_FAILED &&
	       has_event(facts, DELIVERY_FAILED, trust_name(TRUST_OUTSIDE)) &&
	       !has_event(facts, DELIVERY_FAILED, trust_name(TRUST_OWN_POSTFIX));
}

static gboolean is_contradicted(const ConstanciaFacts *facts)
{
	static const DeliveryState stronger[] = {DELIVERY_RELAYED, DELIVERY_DELIVERED,
		DELIVERY_READ, DELIVERY_ACKNOWLEDGED, DELIVERY_LATE};

	for (guint i = 0; i < G_N_ELEMENTS(stronger); i++)
		if (has_event(facts, stronger[i], NULL))
			return has_event(facts, DELIVERY_FAILED, NULL);
	return FALSE;
}

static void add_send(Constancia *constancia, const ConstanciaFacts *facts)
{
	g_autofree char *recorded = time_text(facts, facts->recorded_s);

	add(constancia, CONSTANCIA_SECTION, NULL, "Envío");
	if (facts->login != NULL && g_strcmp0(facts->login, facts->mailbox) != 0)
		add_format(constancia, CONSTANCIA_FIELD, "Remitente",
			"%s (enviado por el usuario %s)",
			facts->mailbox != NULL ? facts->mailbox : "", facts->login);
	else
		add(constancia, CONSTANCIA_FIELD, "Remitente", facts->mailbox);
	add(constancia, CONSTANCIA_FIELD, "Destinatario", facts->recipient);
	add(constancia, CONSTANCIA_FIELD, "Asunto", facts->subject);
	add(constancia, CONSTANCIA_FIELD, "Expediente", facts->expediente);
	if (facts->document_type != NULL)
		add_format(constancia, CONSTANCIA_FIELD, "Documento", "%s%s%s",
			facts->document_type, facts->document_number != NULL ? " " : "",
			facts->document_number != NULL ? facts->document_number : "");
	add(constancia, CONSTANCIA_FIELD, "Registrado el", recorded);
	add(constancia, CONSTANCIA_FIELD, "Identificador", facts->id);
}

/* Of too many the last: what settled the matter is among them. */
static void add_events(Constancia *constancia, const ConstanciaFacts *facts)
{
	guint n = facts->events != NULL ? facts->events->len : 0;
	guint first = n > CONSTANCIA_MAX_EVENTS ? n - CONSTANCIA_MAX_EVENTS : 0;

	if (n == 0)
		return;
	add_format(constancia, CONSTANCIA_SECTION, NULL, "Hechos registrados (hora de %s)",
		facts->zone_name);
	if (first > 0)
		add_format(constancia, CONSTANCIA_PARAGRAPH, NULL,
			"Hay %u hechos anteriores a estos, que están en el paquete de prueba.",
			first);
	for (guint i = first; i < n; i++) {
		const ConstanciaEvent *event = &g_array_index(facts->events, ConstanciaEvent, i);
		g_autofree char *time = short_time_text(facts, event->time_s);
		g_autofree char *said =
			event->diagnostic != NULL
				? g_strdup_printf(" Respuesta: «%s».", event->diagnostic)
				: g_strdup("");

		add_format(constancia, CONSTANCIA_FIELD, time, "%s (%s).%s",
			constancia_event(event->event, event->counts, event->trust),
			constancia_source(event->event, event->counts, event->trust), said);
	}
}

static void add_law(Constancia *constancia, const ConstanciaFacts *facts)
{
	if (!facts->notification)
		return;
	add(constancia, CONSTANCIA_SECTION, NULL, "Base legal y plazo");
	add(constancia, CONSTANCIA_FIELD, "Base legal", facts->legal_ground);
	add(constancia, CONSTANCIA_FIELD, "Se toma como recepción",
		constancia_notified_by(facts->notified_by));
	if (facts->term_from != NULL && facts->term_until != NULL) {
		g_autofree char *from = day_text(facts->term_from);
		g_autofree char *until = day_text(facts->term_until);

		add_format(constancia, CONSTANCIA_FIELD, "Plazo",
			"cuenta como enviado el %s%s; último día para acreditar la recepción: %s",
			from,
			facts->outside_hours ? " (se envió fuera del horario de atención)" : "",
			until);
	}
}

static void add_proof(Constancia *constancia, const ConstanciaFacts *facts)
{
	const char *proved = constancia_proved(facts->state, is_told(facts));

	add(constancia, CONSTANCIA_SECTION, NULL, "Qué se prueba y qué no");
	add_format(constancia, CONSTANCIA_PARAGRAPH, NULL,
		"Se prueba: que la institución registró este mensaje, con este contenido y para "
		"este "
		"destinatario, en la fecha indicada, antes de entregarlo a su servidor de "
		"correo%s%s.",
		proved != NULL ? "; y " : "", proved != NULL ? proved : "");
	add_format(constancia, CONSTANCIA_PARAGRAPH, NULL, "No se prueba: %s.",
		constancia_unproved(facts->state, is_told(facts)));
	if (is_contradicted(facts))
		add(constancia, CONSTANCIA_PARAGRAPH, NULL, constancia_contradiction());
	add(constancia, CONSTANCIA_PARAGRAPH, NULL,
		facts->certificate_sha256 != NULL
			? "El mensaje lleva una firma puesta por el sistema de correo con el "
			  "certificado "
			  "del buzón (agente automatizado). Acredita de qué buzón salió y que no "
			  "fue "
			  "alterado. No es la firma de un funcionario ni la reemplaza: la que "
			  "corresponda está en el documento adjunto."
			: "El mensaje salió sin firma digital del sistema de correo. Las fechas y "
			  "huellas "
			  "son las del registro de la institución.");
}

static void add_digests(Constancia *constancia, const ConstanciaFacts *facts)
{
	g_autofree char *time = time_text(facts, facts->head_time_s);

	add(constancia, CONSTANCIA_SECTION, NULL, "Datos para verificar");
	add(constancia, CONSTANCIA_CODE, "SHA-256 del mensaje", facts->message_sha256);
	add(constancia, CONSTANCIA_CODE, "SHA-256 del contenido firmado", facts->entity_sha256);
	add(constancia, CONSTANCIA_CODE, "SHA-256 del certificado", facts->certificate_sha256);
	add(constancia, CONSTANCIA_FIELD, "Asientos del registro", facts->leaves);
	add_format(constancia, CONSTANCIA_FIELD, "Cabeza del registro",
		"%" G_GUINT64_FORMAT " asientos, %s", facts->head_size, time);
	add(constancia, CONSTANCIA_CODE, "Raíz del registro", facts->head_root);
	add(constancia, CONSTANCIA_CODE, "SHA-256 de la cabeza", facts->head_sha256);
	add(constancia, CONSTANCIA_CODE, "Certificado que la firmó",
		facts->head_certificate_sha256);
	add(constancia, CONSTANCIA_PARAGRAPH, NULL,
		"Con estos datos la institución, o quien tenga el paquete de prueba de este envío, "
		"puede comprobar esta constancia sin conexión y con herramientas públicas. Este "
		"documento por sí solo no está firmado: lo que lo acredita es el paquete de "
		"prueba.");
}

static char *qr_text(const ConstanciaFacts *facts)
{
	GString *text = g_string_new("acuse=1\n");

	g_string_append_printf(text, "institucion=%s\nenvio=%s\nmensaje=%s\n", facts->domain,
		facts->id, facts->message_sha256 != NULL ? facts->message_sha256 : "-");
	g_string_append_printf(text,
		"asientos=%" G_GUINT64_FORMAT "\nraiz=%s\ncabeza=%s\nresultado=%s\n",
		facts->head_size, facts->head_root, facts->head_sha256,
		delivery_outcome_name(outcome_of(facts)));
	return g_string_free(text, FALSE);
}

Constancia *constancia_new(const ConstanciaFacts *facts)
{
	Constancia *constancia = g_new0(Constancia, 1);
	DeliveryOutcome outcome = outcome_of(facts);

	constancia->lines = g_ptr_array_new_with_free_func(line_free);
	constancia->institution = clean(facts->institution);
	constancia->time_s = facts->head_time_s;
	constancia->qr = qr_text(facts);
	constancia->footer = g_strdup_printf("Constancia del envío %s", facts->id);
	add(constancia, CONSTANCIA_TITLE, NULL,
		constancia_title(outcome, facts->notification, is_told(facts)));
	add(constancia, CONSTANCIA_PARAGRAPH, NULL,
		constancia_result(outcome, facts->notification, is_told(facts)));
	add_send(constancia, facts);
	add_events(constancia, facts);
	add_law(constancia, facts);
	add_proof(constancia, facts);
	add_digests(constancia, facts);
	return constancia;
}

void constancia_free(Constancia *constancia)
{
	if (constancia == NULL)
		return;
	g_free(constancia->institution);
	g_free(constancia->qr);
	g_free(constancia->footer);
	g_ptr_array_unref(constancia->lines);
	g_free(constancia);
}

char *constancia_to_text(const Constancia *constancia)
{
	GString *text = g_string_new(constancia->institution);

	g_string_append_c(text, '\n');
	for (guint i = 0; i < constancia->lines->len; i++) {
		const ConstanciaLine *line = constancia->lines->pdata[i];

		if (line->label != NULL)
			g_string_append_printf(text, "%s: ", line->label);
		g_string_append_printf(text, "%s\n", line->text);
	}
	return g_string_free(text, FALSE);
}
