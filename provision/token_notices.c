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
		{"unit", N_("Unidad")}, {"since", N_("Desde")}, {"subject", N_("Certificado")},
		{"end", N_("Vence")}, {"denuncia", N_("Denuncia")}, {"document", N_("Documento")}};

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

static char *expiry_subject(const json_t *facts)
{
	return g_strdup_printf(_("El certificado de firma vence el %s: %s"), row_text(facts, "end"),
		row_text(facts, "label"));
}

static void expiry_text(const json_t *facts, GString *text)
{
	g_string_append(text, _("El certificado de este token de firma digital vence pronto. "
				"Desde ese día el token ya no firma."));
	add_token(facts, text);
	g_string_append_printf(text, "\n%s\n",
		_("Pida a tiempo el certificado nuevo y el uso de la firma con él (Directiva "
		  "001-2020, art. 7.1)."));
}

const NoticeKind notice_token_expiry = {"token-expiry", expiry_subject, expiry_text};

static char *certificate_subject(const json_t *facts)
{
	return g_strdup_printf(
		_("El token %s no firma por su certificado"), row_text(facts, "label"));
}

static void certificate_text(const json_t *facts, GString *text)
{
	json_t *problem;
	size_t i;

	g_string_append(text, _("La revisión del certificado de este token de firma digital "
				"encontró algo por lo que no puede firmar."));
	add_token(facts, text);
	g_string_append_c(text, '\n');
	json_array_foreach(json_object_get(facts, "problems"), i, problem)
		g_string_append_printf(text, "- %s\n", json_string_value(problem));
	g_string_append_printf(text, "\n%s\n",
		_("Cuando esté resuelto, revíselo otra vez con «acusectl token check»."));
}

const NoticeKind notice_token_certificate = {
	"token-certificate", certificate_subject, certificate_text};

static char *trouble_subject(const json_t *facts)
{
	return g_strdup_printf(_("El token de firma %s dejó de firmar"), row_text(facts, "label"));
}

static const char *cause_of(const char *trouble)
{
	static const struct {
		const char *trouble, *cause;
	} causes[] = {
		{"token-absent",
			N_("El token no está conectado, o hay otro token con el mismo nombre.")},
		{"token-trouble",
			N_("El token falló al firmar, o se cerró el proceso que lo usa.")},
		{"timeout", N_("El token no respondió a tiempo.")},
		{"pin-low", N_("El PIN del token está bloqueado, o por bloquearse.")},
		{"pin-wrong", N_("El PIN que se usó no es el del token.")},
		{"certificate", N_("El token no tiene un certificado con su clave.")},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(causes); i++)
		if (g_strcmp0(causes[i].trouble, trouble) == 0)
			return _(causes[i].cause);
	return _("Se cerró el proceso que usa el token.");
}

static void trouble_text(const json_t *facts, GString *text)
{
	g_string_append(text, _("Este token de firma digital dejó de firmar."));
	add_token(facts, text);
	g_string_append_printf(text, "\n%s (%s)\n\n%s\n", cause_of(row_text(facts, "trouble")),
		row_text(facts, "trouble"),
		_("Mientras tanto no se firman los correos de sus buzones. Revise el token; si no "
		  "vuelve por sí solo, su titular lo desbloquea con «acusectl token unlock». Su "
		  "estado se ve con «acusectl token list»."));
}

const NoticeKind notice_token_trouble = {"token-trouble", trouble_subject, trouble_text};

static char *count_subject(const json_t *facts)
{
	return g_strdup_printf(
		_("Las firmas del %s no coinciden con el registro"), row_text(facts, "day"));
}

/* "title: 3\n    ID\n    ID\n" of one kind of difference; nothing when there is none. */
static void add_difference(
	const json_t *facts, const char *member, const char *title, GString *text)
{
	const json_t *found = json_object_get(facts, member);
	json_t *send;
	size_t i;

	if (json_integer_value(json_object_get(found, "count")) == 0)
		return;
	g_string_append_printf(text, "\n- %s: %d\n", title,
		(int)json_integer_value(json_object_get(found, "count")));
	json_array_foreach(json_object_get(found, "sends"), i, send)
		g_string_append_printf(text, "    %s\n", json_string_value(send));
}

static void count_text(const json_t *facts, GString *text)
{
	static const struct {
		const char *member, *title;
	} kinds[] = {
		{"unrecorded", N_("Firmas de envíos que no están en el registro")},
		{"unused", N_("Firmas cuyo correo nunca quedó registrado como preparado")},
		{"repeated", N_("Envíos con más firmas que correos")},
		{"foreign", N_("Correos registrados cuya firma no hizo el firmador")},
	};

	g_string_append_printf(text,
		_("El %s el firmador hizo %d firmas de correos y el registro tiene %d correos "
		  "firmados.\n"),
		row_text(facts, "day"), (int)json_integer_value(json_object_get(facts, "signed")),
		(int)json_integer_value(json_object_get(facts, "prepared")));
	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
		add_difference(facts, kinds[i].member, _(kinds[i].title), text);
	g_string_append_printf(text, "\n%s\n",
		_("Una caída a mitad de un envío deja a veces una firma sin correo. Si no la hubo, "
		  "alguien pudo haber firmado sin registro: guarde los registros del servidor, "
		  "bloquee el token con «acusectl token lock» y revise."));
}

const NoticeKind notice_token_count = {"token-count", count_subject, count_text};
