/*
 * The one page for employees: change the password. Plain HTML, no script, labels for every field,
 * the message in an alert region. The form is checked here and changed by self.c; passwords are
 * never written back into the page. Any thread.
 */
#include "provision/self.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"

#define STYLE                                                                                      \
	"body{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:2rem auto;padding:0 "    \
	"1rem;"                                                                                    \
	"color:#1a1a1a;background:#fff}h1{font-size:1.5rem}label{display:block;margin:1rem 0 "     \
	".25rem;"                                                                                  \
	"font-weight:600}input{font:inherit;width:100%%;box-sizing:border-box;padding:.5rem;"      \
	"border:1px solid #555}"                                                                   \
	"button{font:inherit;font-weight:600;margin-top:1.5rem;padding:.6rem "                     \
	"1.2rem;border:0;color:#fff;"                                                              \
	"background:#0b5394}.aviso{padding:.75rem;border-left:.4rem "                              \
	"solid}.mal{border-color:#b00020;"                                                         \
	"background:#fdecee}.bien{border-color:#1b6e2e;background:#e8f5ea}"                        \
	":focus{outline:3px solid #f5a623;outline-offset:2px}"

static void add_field(GString *page, const char *name, const char *type, const char *complete,
	const char *label, const char *value)
{
	g_autofree char *escaped_label = g_markup_escape_text(label, -1);
	g_autofree char *escaped_value = g_markup_escape_text(value, -1);

	g_string_append_printf(page,
		"<label for=\"%s\">%s</label><input id=\"%s\" name=\"%s\" type=\"%s\" "
		"autocomplete=\"%s\" "
		"value=\"%s\" maxlength=\"%d\" autocapitalize=\"none\" spellcheck=\"false\" "
		"required>\n",
		name, escaped_label, name, name, type, complete, escaped_value, SELF_TEXT_MAX);
}

static void add_form(GString *page, const char *user)
{
	g_autofree char *rules =
		g_markup_escape_text(_("Al menos 8 caracteres, con letras, números y signos. No "
				       "use su nombre de usuario ni una clave anterior."),
			-1);
	g_autofree char *button = g_markup_escape_text(_("Cambiar la clave"), -1);

	g_string_append(page, "<form method=\"post\" action=\"/clave\">\n");
	add_field(page, "usuario", "text", "username", _("Usuario"), user);
	add_field(page, "actual", "password", "current-password", _("Clave actual"), "");
	add_field(page, "nueva", "password", "new-password", _("Clave nueva"), "");
	g_string_append_printf(page, "<p id=\"reglas\">%s</p>\n", rules);
	add_field(page, "repetida", "password", "new-password", _("Clave nueva, otra vez"), "");
	g_string_append_printf(page, "<button type=\"submit\">%s</button>\n</form>\n", button);
}

/* message NULL: none. good: the change was made, and no form follows. */
static void answer(const ApiRequest *request, ApiResponse *response, unsigned status,
	const char *message, gboolean good, const char *user)
{
	g_autofree char *institution = g_markup_escape_text(
		settings_string(request->service->settings, "institution", "name"), -1);
	g_autofree char *title =
		g_markup_escape_text(_("Cambio de clave del correo institucional"), -1);
	GString *page = g_string_new(NULL);

	g_string_append_printf(page,
		"<!DOCTYPE html>\n<html lang=\"es\"><head><meta charset=\"utf-8\">"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
		"<title>%s</title><style>" STYLE
		"</style></head>\n<body><main>\n<h1>%s</h1>\n<p>%s</p>\n",
		title, title, institution);
	if (message != NULL) {
		g_autofree char *escaped = g_markup_escape_text(message, -1);

		g_string_append_printf(page, "<p class=\"aviso %s\" role=\"%s\">%s</p>\n",
			good ? "bien" : "mal", good ? "status" : "alert", escaped);
	}
	if (!good)
		add_form(page, user);
	g_string_append(page, "</main></body></html>\n");
	response->status = status;
	response->content_type = "text/html; charset=utf-8";
	response->bytes = g_string_free_to_bytes(page);
}

gboolean page_get(const ApiRequest *request, ApiResponse *response, GError **error)
{
	(void)error;
	answer(request, response, 200, NULL, FALSE, "");
	return TRUE;
}

/* What a person reads about an error: a weak password and too many attempts explain themselves. */
static const char *message_of(const GError *error)
{
	if (g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_WEAK_PASSWORD) ||
		g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_FORBIDDEN))
		return error->message;
	return _(acuse_error_row_of(error)->text);
}

static const char *field(GHashTable *form, const char *name)
{
	const char *value = g_hash_table_lookup(form, name);

	return value != NULL && g_utf8_strlen(value, -1) <= SELF_TEXT_MAX ? value : "";
}

gboolean page_post(const ApiRequest *request, ApiResponse *response, GError **error)
{
	gsize size;
	const char *body = g_bytes_get_data(request->raw, &size);
	g_autoptr(GHashTable) form = g_uri_parse_params(
		size > 0 ? body : "", (gssize)size, "&", G_URI_PARAMS_WWW_FORM, NULL);
	g_autoptr(GError) failure = NULL;
	const char *user;

	(void)error;
	if (form == NULL) {
		answer(request, response, 400, _("No se pudo leer el formulario"), FALSE, "");
		return TRUE;
	}
	user = field(form, "usuario");
	if (*user == '\0' || *field(form, "actual") == '\0' || *field(form, "nueva") == '\0')
		answer(request, response, 400, _("Complete todos los campos"), FALSE, user);
	else if (strcmp(field(form, "nueva"), field(form, "repetida")) != 0)
		answer(request, response, 400, _("La clave nueva no es igual las dos veces"), FALSE,
			user);
	else if (self_change_password(
			 request, user, field(form, "actual"), field(form, "nueva"), &failure))
		answer(request, response, 200,
			_("La clave fue cambiada. Ya puede usar su correo con la clave nueva."),
			TRUE, user);
	else
		answer(request, response, acuse_error_row_of(failure)->http_status,
			message_of(failure), FALSE, user);
	return TRUE;
}
