/*
 * signature.h: one pass over a template, line by line. Checking fails with the reason, filling in
 * never fails. No shared state.
 */
#include "core/signature.h"

#include <string.h>

#include "base/error.h"

static const char text_default[] =
	"{name}\n{post}\n{unit}\n{institution}\nAnexo {extension}\nTel. {phone}";
static const char html_default[] =
	"<div>\n<strong>{name}</strong><br>\n{post}<br>\n{unit}<br>\n{institution}<br>\n"
	"Anexo {extension}<br>\nTel. {phone}<br>\n{logo}\n</div>";

typedef enum {
	VARIABLE_NAME,
	VARIABLE_POST,
	VARIABLE_UNIT,
	VARIABLE_INSTITUTION,
	VARIABLE_EXTENSION,
	VARIABLE_PHONE,
	VARIABLE_LOGO,
	N_VARIABLES
} Variable;

static const char *const variable_names[N_VARIABLES] = {
	"name", "post", "unit", "institution", "extension", "phone", "logo"};

SignatureSettings *signature_settings_new(void)
{
	SignatureSettings *settings = g_new0(SignatureSettings, 1);

	settings->text_template = g_strdup(text_default);
	settings->html_template = g_strdup(html_default);
	return settings;
}

void signature_settings_free(SignatureSettings *settings)
{
	if (settings == NULL)
		return;
	g_free(settings->text_template);
	g_free(settings->html_template);
	g_clear_pointer(&settings->logo, g_bytes_unref);
	g_free(settings->logo_type);
	g_free(settings->logo_id);
	g_free(settings->acknowledge);
	g_free(settings);
}

void signature_set_logo(SignatureSettings *settings, GBytes *logo, const char *type)
{
	g_autofree char *digest = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, logo);

	g_clear_pointer(&settings->logo, g_bytes_unref);
	g_free(settings->logo_type);
	g_free(settings->logo_id);
	settings->logo = g_bytes_ref(logo);
	settings->logo_type = g_strdup(type);
	settings->logo_id = g_strdup_printf("acuse-logo-%.32s@signature.invalid", digest);
}

SignatureValues signature_values(
	const Account *person, const Account *office, const char *institution, const char *phone)
{
	SignatureValues values = {person->display_name, person->post, person->unit, institution,
		person->extension, phone};

	if (office == NULL)
		return values;
	values.unit = office->display_name;
	if (office->extension != NULL && *office->extension != '\0')
		values.extension = office->extension;
	return values;
}

/* The variable that stands at p ("{name}"), with the place behind it; FALSE when there is none.
 * *which is N_VARIABLES for a name that is not known. */
static gboolean read_variable(const char *p, Variable *which, const char **after)
{
	const char *end = p + 1;

	if (*p != '{')
		return FALSE;
	while (g_ascii_isalpha(*end))
		end++;
	if (*end != '}' || end == p + 1)
		return FALSE;
	*after = end + 1;
	for (*which = VARIABLE_NAME; *which < N_VARIABLES; (*which)++) {
		gsize length = strlen(variable_names[*which]);

		if (length == (gsize)(end - p - 1) &&
			strncmp(p + 1, variable_names[*which], length) == 0)
			break;
	}
	return TRUE;
}

static gboolean invalid(GError **error, const char *reason)
{
	g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, reason);
	return FALSE;
}

/* Where each variable stands first, 0 when it does not. */
static gboolean find_variables(
	const char *text, gboolean html, gsize places[N_VARIABLES], GError **error)
{
	for (const char *p = text; *p != '\0'; p++) {
		const char *after;
		Variable which;

		if (!read_variable(p, &which, &after))
			continue;
		if (which == N_VARIABLES || (which == VARIABLE_LOGO && !html)) {
			g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID,
				"no such variable: %.*s", (int)(after - p), p);
			return FALSE;
		}
		if (places[which] == 0)
			places[which] = (gsize)(p - text) + 1;
	}
	return TRUE;
}

gboolean signature_check_template(const char *text, gboolean html, GError **error)
{
	static const struct {
		Variable first, second; /* one of them has to be there */
		const char *missing;
	} items[] = {
		{VARIABLE_NAME, VARIABLE_NAME, "{name} is missing"},
		{VARIABLE_POST, VARIABLE_UNIT, "{post} or {unit} is missing"},
		{VARIABLE_INSTITUTION, VARIABLE_INSTITUTION, "{institution} is missing"},
		{VARIABLE_EXTENSION, VARIABLE_PHONE, "{extension} or {phone} is missing"},
	};
	gsize places[N_VARIABLES] = {0}, last = 0;

	if (strlen(text) > SIGNATURE_MAX_TEMPLATE_BYTES)
		return invalid(error, "the template is too long");
	if (!g_utf8_validate(text, -1, NULL))
		return invalid(error, "the template is not UTF-8");
	if (!find_variables(text, html, places, error))
		return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(items); i++) {
		gsize one = places[items[i].first], other = places[items[i].second];

		if (one == 0 && other == 0)
			return invalid(error, items[i].missing);
		if ((one != 0 && one < last) || (other != 0 && (other < last || other < one)))
			return invalid(error,
				"the order is name, post, unit, institution, extension, phone");
		last = MAX(one, other);
	}
	return TRUE;
}

/* One line of visible text: controls and runs of blanks become one blank. */
static char *clean_value(const char *value)
{
	g_autofree char *valid = g_utf8_make_valid(value != NULL ? value : "", -1);
	g_autoptr(GString) line = g_string_new(NULL);
	guint chars = 0;

	for (const char *at = valid; *at != '\0' && chars < SIGNATURE_MAX_VALUE_CHARS;
		at = g_utf8_next_char(at)) {
		gunichar c = g_utf8_get_char(at);

		if (g_unichar_isgraph(c)) {
			g_string_append_unichar(line, c);
			chars++;
		} else if (line->len > 0 && line->str[line->len - 1] != ' ') {
			g_string_append_c(line, ' ');
			chars++;
		}
	}
	return g_strdup(g_strchomp(line->str));
}

static const char *const *raw_values(const SignatureValues *values, const char *raw[N_VARIABLES])
{
	raw[VARIABLE_NAME] = values->name;
	raw[VARIABLE_POST] = values->post;
	raw[VARIABLE_UNIT] = values->unit;
	raw[VARIABLE_INSTITUTION] = values->institution;
	raw[VARIABLE_EXTENSION] = values->extension;
	raw[VARIABLE_PHONE] = values->phone;
	raw[VARIABLE_LOGO] = NULL;
	return raw;
}

/* The values as they go in, ready for the kind of text; "" for none. Freed by the caller. */
static void prepare_values(const SignatureSettings *settings, const SignatureValues *values,
	gboolean html, char *filled[N_VARIABLES])
{
	const char *raw[N_VARIABLES];

	raw_values(values, raw);
	for (guint i = 0; i < N_VARIABLES; i++) {
		g_autofree char *clean = clean_value(raw[i]);

		filled[i] = html ? g_markup_escape_text(clean, -1) : g_steal_pointer(&clean);
	}
	if (html && settings->logo != NULL) {
		g_free(filled[VARIABLE_LOGO]);
		filled[VARIABLE_LOGO] =
			g_strdup_printf("<img src=\"cid:%s\" alt=\"\">", settings->logo_id);
	}
}

/* One line filled in; FALSE when it has variables and none of them has a value. */
static gboolean fill_line(
	GString *out, const char *line, char *const filled[N_VARIABLES], gboolean *any)
{
	guint variables = 0, with_value = 0;

	for (const char *p = line; *p != '\0';) {
		const char *after;
		Variable which;

		if (!read_variable(p, &which, &after) || which == N_VARIABLES) {
			g_string_append_c(out, *p++);
			continue;
		}
		variables++;
		with_value += filled[which][0] != '\0';
		g_string_append(out, filled[which]);
		p = after;
	}
	*any = *any || with_value > 0;
	return variables == 0 || with_value > 0;
}

static char *fill(const SignatureSettings *settings, const SignatureValues *values, gboolean html)
{
	g_auto(GStrv) lines =
		g_strsplit(html ? settings->html_template : settings->text_template, "\n", -1);
	g_autoptr(GString) out = g_string_new(NULL);
	char *filled[N_VARIABLES];
	gboolean any = FALSE;

	prepare_values(settings, values, html, filled);
	for (char **line = lines; *line != NULL; line++) {
		g_autoptr(GString) one = g_string_new(NULL);

		if (!fill_line(one, g_strchomp(*line), filled, &any))
			continue;
		g_string_append_printf(out, "%s%s", out->len > 0 ? "\n" : "", g_strchomp(one->str));
	}
	for (guint i = 0; i < N_VARIABLES; i++)
		g_free(filled[i]);
	return g_strdup(any ? g_strchomp(out->str) : "");
}

char *signature_text(const SignatureSettings *settings, const SignatureValues *values)
{
	return fill(settings, values, FALSE);
}

char *signature_html(const SignatureSettings *settings, const SignatureValues *values)
{
	return fill(settings, values, TRUE);
}

char **signature_items(const SignatureSettings *settings, const SignatureValues *values)
{
	g_autoptr(GStrvBuilder) items = g_strv_builder_new();
	gsize in_text[N_VARIABLES] = {0}, in_html[N_VARIABLES] = {0};
	const char *raw[N_VARIABLES];

	raw_values(values, raw);
	find_variables(settings->text_template, FALSE, in_text, NULL);
	find_variables(settings->html_template, TRUE, in_html, NULL);
	for (guint i = 0; i < N_VARIABLES; i++) {
		g_autofree char *clean = clean_value(raw[i]);

		if (*clean != '\0' && in_text[i] != 0 && in_html[i] != 0)
			g_strv_builder_add(items, clean);
	}
	return g_strv_builder_end(items);
}

char *signature_request_text(const SignatureSettings *settings, const char *return_address)
{
	g_autofree char *clean = clean_value(settings->acknowledge);

	if (*clean == '\0' || return_address == NULL)
		return NULL;
	return g_strdup_printf("%s:\n%s", clean, return_address);
}

char *signature_request_html(
	const SignatureSettings *settings, const char *return_address, const char *expediente)
{
	g_autofree char *clean = clean_value(settings->acknowledge), *escaped = NULL;
	g_autofree char *subject = NULL, *subject_part = NULL, *body_part = NULL;

	if (*clean == '\0' || return_address == NULL)
		return NULL;
	escaped = g_markup_escape_text(clean, -1);
	subject = expediente != NULL ? g_strdup_printf("Confirmo la recepción. Exp. %s", expediente)
				     : g_strdup("Confirmo la recepción");
	subject_part = g_uri_escape_string(subject, NULL, FALSE);
	body_part = g_uri_escape_string("Confirmo la recepción de la notificación.", NULL, FALSE);
	return g_strdup_printf(
		"<p>%s:<br>\n<a href=\"mailto:%s?subject=%s&amp;body=%s\">%s</a></p>", escaped,
		return_address, subject_part, body_part, return_address);
}
