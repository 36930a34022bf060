/* Notices about tokens (notices.h). Pure. */
#include "base/text.h"
#include "provision/notices.h"
#include "provision/row.h"

/* "\n  Token: oficina\n  ..." of the members that are there. */
static void add_token(const json_t *facts, GString *text)
{
	static const struct {
		const char *name, *title;
	} members[] = {{"label", N_("Token")}, {"serial", N_("Serie")}, {"holder", N_("Titular")},
		{"unit", N_("Unidad")}, {"since", N_("Desde")}, {"denuncia", N_("Denuncia")},
		{"document", N_("Documento")}};

	g_string_append(text, "\n\n");
	for (gsize i = 0; i < G_N_ELEMENTS(members); i++) {
		const char *value = row_text(facts, members[i].name);

		if (value != NULL && *value != '\0')
			g_string_append_printf(text, "  %s: %s\n", _(members[i].title), value);
	}
}

static char *lost_subject(const json_t *facts)
{
	return g_strdup_printf(_("Token de firma perdido: %s"), row_text(facts, "label"));
}

static void lost_text(const json_t *facts, GString *text)
{
	g_string_append(text, _("Se informa la pérdida de un token de firma digital. Dejó de "
				"firmar en el acto."));
	add_token(facts, text);
	g_string_append_printf(text, "\n%s\n",
		_("Falta pedir la revocación de su certificado a la entidad que lo emitió y "
		  "registrarla (Directiva 001-2020, art. 8.12)."));
}

const NoticeKind notice_token_lost = {"token-lost", lost_subject, lost_text};

static char *return_subject(const json_t *facts)
{
	return g_strdup_printf(_("Token de firma por devolver: %s"), row_text(facts, "label"));
}

static void return_text(const json_t *facts, GString *text)
{
	g_string_append(text, _("El titular de este token de firma digital cesó y el token aún no "
				"fue devuelto."));
	add_token(facts, text);
	g_string_append_printf(text, "\n%s\n",
		_("Reciba el token y registre su devolución, o su pérdida con el número de la "
		  "denuncia. Este aviso se repite hasta entonces (Directiva 001-2020, "
		  "art. 8.11)."));
}

const NoticeKind notice_token_return = {"token-return", return_subject, return_text};
