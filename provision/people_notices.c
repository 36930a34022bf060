/* Notices about people and their accounts (notices.h): who lost a delegate or a responsible, whose
 * password ends. Pure. */
#include "base/text.h"
#include "provision/notices.h"
#include "provision/row.h"

static char *left_subject(const json_t *facts)
{
	return g_strdup_printf(_("Cambio en el buzón de oficina: %s"), row_text(facts, "office"));
}

static void left_text(const json_t *facts, GString *text)
{
	g_string_append_printf(text,
		_("%s dejó de laborar en la institución y ya no atiende el buzón de %s (%s)."),
		row_text(facts, "person"), row_text(facts, "office"), row_text(facts, "mail"));
	g_string_append(text, "\n");
	if (json_is_true(json_object_get(facts, "vacant")))
		g_string_append_printf(text, "\n%s\n",
			_("El buzón quedó sin responsable. Pida a la OTIC que registre al nuevo, "
			  "con "
			  "su documento de designación (DI-002, art. 13)."));
}

const NoticeKind notice_office_left = {"office-left", left_subject, left_text};

static char *expiry_subject(const json_t *facts)
{
	(void)facts;
	return g_strdup(_("Su clave de correo vence pronto"));
}

static void expiry_text(const json_t *facts, GString *text)
{
	g_string_append_printf(text,
		_("Su clave del correo institucional vence el %s. Cámbiela antes de esa fecha en "
		  "la "
		  "página de cambio de clave; si no, no podrá leer ni enviar correo hasta que lo "
		  "haga (DI-002, art. 8.7)."),
		row_text(facts, "date"));
	g_string_append(text, "\n");
}

const NoticeKind notice_password_expiry = {"password-expiry", expiry_subject, expiry_text};

static char *ending_subject(const json_t *facts)
{
	return g_strdup_printf(
		_("La cuenta %s termina el %s"), row_text(facts, "mail"), row_text(facts, "date"));
}

static void ending_text(const json_t *facts, GString *text)
{
	g_string_append_printf(text,
		_("La cuenta %s (%s) funciona hasta el %s inclusive; después queda desactivada. Si "
		  "la actividad continúa, pida la prórroga a la OTIC con un nuevo FORM-01 antes de "
		  "esa fecha (DI-002, art. 2.5)."),
		row_text(facts, "mail"), row_text(facts, "name"), row_text(facts, "date"));
	g_string_append(text, "\n");
}

const NoticeKind notice_account_ending = {"account-ending", ending_subject, ending_text};

static const struct {
	const char *state, *text;
} words[] = {
	{"observed", N_("observada: falta algo para atenderla")},
	{"approved", N_("aprobada: la OTIC entregará las credenciales con un cargo")},
	{"denied", N_("denegada")},
	{"executed", N_("atendida")},
	{"cancelled", N_("anulada")},
};

static const char *word_of(const char *state)
{
	for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
		if (g_strcmp0(words[i].state, state) == 0)
			return _(words[i].text);
	return NULL;
}

static char *answer_subject(const json_t *facts)
{
	return g_strdup_printf(_("Respuesta a la solicitud de correo %s"), row_text(facts, "id"));
}

static void answer_text(const json_t *facts, GString *text)
{
	const char *word = word_of(row_text(facts, "state"));

	g_string_append_printf(text, _("La solicitud de %s (FORM-01) fue %s."),
		row_text(facts, "about"), word != NULL ? word : "");
	g_string_append(text, "\n");
	if (row_text(facts, "tramite") != NULL)
		g_string_append_printf(
			text, "\n%s: %s\n", _("Trámite"), row_text(facts, "tramite"));
	if (row_text(facts, "uid") != NULL)
		g_string_append_printf(text, "\n%s: %s\n", _("Cuenta"), row_text(facts, "uid"));
	if (row_text(facts, "reasons") != NULL)
		g_string_append_printf(
			text, "\n%s: %s\n", _("Motivos"), row_text(facts, "reasons"));
}

const NoticeKind notice_request = {"request-answer", answer_subject, answer_text};
