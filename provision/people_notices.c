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
