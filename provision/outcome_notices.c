/*
 * The notices to who sent a mail: notified, failed, overdue, late (D4, D5), each with the
 * constancia of that moment; and that it was opened inside the institution (D3). A seal that is
 * locked keeps a notice back for CONSTANCIA_WAIT_S; then it goes without, for its news may not
 * wait. Fails only so. Any thread.
 */
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "core/calendar.h"
#include "provision/constancia.h"
#include "provision/notices.h"
#include "provision/row.h"

#define CONSTANCIA_WAIT_S 600

static gboolean attach_constancia(
	Service *service, const json_t *facts, GArray *attachments, GError **error)
{
	const char *send = row_text(facts, "send");
	const char *address =
		json_string_value(json_array_get(json_object_get(facts, "recipients"), 0));
	gint64 age_s = service->now_s() - json_integer_value(json_object_get(facts, "time"));
	g_autoptr(ProofPoint) point = NULL;
	g_autoptr(GError) local = NULL;
	GBytes *pdf = NULL;

	/* Queued by a version that had none. */
	if (send == NULL || address == NULL)
		return TRUE;
	point = proof_point_new(service, send, address,
		(guint)json_integer_value(json_object_get(facts, "leaves")), &local);
	if (point != NULL)
		pdf = constancia_make(service, point, CONSTANCIA_PDF, &local);
	if (pdf != NULL) {
		notice_attach(attachments, "constancia.pdf", "application/pdf", pdf);
		return TRUE;
	}
	/* Without a seal token there never is one. */
	if (acuse_error_row_of(local)->retry && age_s < CONSTANCIA_WAIT_S &&
		!g_error_matches(local, ACUSE_ERROR, ACUSE_ERROR_NO_BINDING)) {
		g_propagate_error(error, g_steal_pointer(&local));
		return FALSE;
	}
	log_warning("a notice goes without its constancia", "send_id", send, "reason",
		local->message, NULL);
	return TRUE;
}

static char *with_expediente(const char *text, const json_t *facts)
{
	const char *expediente = row_text(facts, "expediente");

	return expediente == NULL ? g_strdup(text)
				  : g_strdup_printf(_("%s, expediente %s"), text, expediente);
}

static void add_line(GString *text, const char *what, const char *value)
{
	if (value != NULL && *value != '\0')
		g_string_append_printf(text, "  %s: %s\n", what, value);
}

static void add_mail(const json_t *facts, GString *text)
{
	json_t *address;
	size_t i;

	g_string_append(text, "\n\n");
	add_line(text, _("Expediente"), row_text(facts, "expediente"));
	add_line(text, _("Asunto"), row_text(facts, "subject"));
	add_line(text, _("Fecha"), row_text(facts, "date"));
	json_array_foreach(json_object_get(facts, "recipients"), i, address)
		add_line(text, _("Destinatario"), json_string_value(address));
}

static void add_end(GString *text, const char *what)
{
	g_string_append_printf(text, "\n%s\n%s\n", what,
		_("La constancia va adjunta; si falta, el sello de la institución no estaba "
		  "disponible: pídala a la OTIC."));
}

static char *notified_subject(const json_t *facts)
{
	return with_expediente(_("Notificación recibida"), facts);
}

static void notified_text(const json_t *facts, GString *text)
{
	g_string_append(text, _("Está acreditada la recepción de la siguiente notificación:"));
	add_mail(facts, text);
	add_end(text, _("No necesita hacer nada más."));
}

static char *failed_subject(const json_t *facts)
{
	return with_expediente(_("Su mensaje no pudo entregarse"), facts);
}

static void failed_text(const json_t *facts, GString *text)
{
	g_string_append(text, _("El siguiente mensaje suyo no pudo entregarse:"));
	add_mail(facts, text);
	add_line(text, _("Razón"), row_text(facts, "diagnostic"));
	add_end(text, _("Revise la dirección y envíelo de nuevo; si es una notificación, puede "
			"corresponder hacerla por cédula."));
}

static char *corrected_subject(const json_t *facts)
{
	return with_expediente(_("Rectificación: su mensaje sí fue aceptado"), facts);
}

static void corrected_text(const json_t *facts, GString *text)
{
	g_string_append(
		text, _("Se le avisó que el siguiente mensaje suyo no pudo entregarse. Después "
			"un servidor de correo lo aceptó para el destinatario, y aquel aviso "
			"queda sin efecto:"));
	add_mail(facts, text);
	add_end(text, _("No lo envíe de nuevo por ese aviso."));
}

static char *cedula_subject(const json_t *facts)
{
	return with_expediente(_("Notificar por cédula: venció el plazo sin respuesta"), facts);
}

static void cedula_text(const json_t *facts, GString *text)
{
	g_string_append(text, _("Venció el plazo de la siguiente notificación sin que se "
				"acreditara su recepción:"));
	add_mail(facts, text);
	add_line(text, _("Último día del plazo"), row_text(facts, "until"));
	g_string_append_printf(text, "\n%s\n",
		g_strcmp0(row_text(facts, "matter"), calendar_matter_name(MATTER_TAX)) == 0
			? _("La materia es tributaria: rige el Código Tributario. Consulte con su "
			    "asesoría legal cómo debe notificarse.")
			: _("Corresponde notificar por cédula; el plazo del artículo 24.1 se "
			    "cuenta de nuevo (TUO de la Ley 27444, art. 20.4)."));
	add_end(text, _("Una respuesta que llegue después queda registrada como tardía."));
}

static char *late_subject(const json_t *facts)
{
	return with_expediente(_("Respuesta tardía a una notificación"), facts);
}

static void late_text(const json_t *facts, GString *text)
{
	g_string_append(text, _("La recepción de la siguiente notificación se acreditó después de "
				"vencido el plazo:"));
	add_mail(facts, text);
	add_line(text, _("Último día del plazo"), row_text(facts, "until"));
	add_end(text, _("Consulte con su asesoría legal si aún corresponde notificar por "
			"cédula."));
}

static char *read_subject(const json_t *facts)
{
	return with_expediente(_("Su mensaje fue abierto"), facts);
}

/* It is no constancia: that the mail was opened is all that is known. */
static void read_text(const json_t *facts, GString *text)
{
	g_string_append(
		text, _("El siguiente mensaje suyo fue abierto en un buzón de la institución:"));
	add_mail(facts, text);
	add_line(text, _("Abierto por"), row_text(facts, "read_by"));
	add_line(text, _("Momento"), row_text(facts, "read_at"));
	g_string_append_printf(text, "\n%s\n", _("No necesita hacer nada más."));
}

const NoticeKind notice_notified = {"notified", notified_subject, notified_text, attach_constancia};
const NoticeKind notice_failed = {"failed", failed_subject, failed_text, attach_constancia};
const NoticeKind notice_corrected = {
	"corrected", corrected_subject, corrected_text, attach_constancia};
const NoticeKind notice_by_cedula = {"by-cedula", cedula_subject, cedula_text, attach_constancia};
const NoticeKind notice_late = {"late", late_subject, late_text, attach_constancia};
const NoticeKind notice_read = {"read", read_subject, read_text};
