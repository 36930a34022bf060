/*
 * print.h: walks a JSON value. An object gives "label: value" lines, an array of objects a table
 * whose columns are the scalar members of its rows. Pure; what a stranger wrote (subjects,
 * diagnostics) cannot move the terminal's cursor.
 */
#include "print.h"
#include "base/text.h"

#include <string.h>

#define MAX_CELL_CHARS 60

static const struct {
	const char *member, *label;
} labels[] = {
	{"action", N_("accion")},
	{"address", N_("direccion")},
	{"attempts", N_("intentos (cola)")},
	{"certificate_sha256", N_("certificado (SHA-256)")},
	{"class", N_("clase")},
	{"counts", N_("vale")},
	{"content", N_("contenido")},
	{"deliveries", N_("destinatarios")},
	{"diagnostic", N_("respuesta del servidor")},
	{"display_name", N_("nombre")},
	{"document", N_("documento")},
	{"document_type", N_("tipo de documento")},
	{"event", N_("hecho")},
	{"given_names", N_("nombres")},
	{"label", N_("etiqueta")},
	{"leaf", N_("asiento")},
	{"leaves", N_("asientos")},
	{"login", N_("cuenta")},
	{"mail", N_("correo")},
	{"mailbox", N_("buzon")},
	{"matched_by", N_("hallado por")},
	{"maternal_surname", N_("apellido materno")},
	{"message_sha256", N_("huella del mensaje")},
	{"must_change_password", N_("debe cambiar su clave")},
	{"next", N_("siguiente")},
	{"not_after", N_("vence (UTC)")},
	{"owner", N_("responsable")},
	{"password", N_("clave inicial")},
	{"paternal_surname", N_("apellido paterno")},
	{"post", N_("cargo")},
	{"purged", N_("eliminado")},
	{"reason", N_("motivo")},
	{"reasons", N_("motivos")},
	{"recipient", N_("destinatario")},
	{"recipients", N_("destinatarios")},
	{"signatures", N_("firmas")},
	{"size", N_("tamano")},
	{"state", N_("estado")},
	{"subject", N_("asunto")},
	{"time", N_("hora (UTC)")},
	{"timeline", N_("hechos")},
	{"trouble", N_("problema")},
	{"trust", N_("confianza")},
	{"uid", N_("cuenta")},
	{"unit", N_("unidad")},
	{"unlocked", N_("desbloqueado")},
	{"values", N_("nombres y direcciones")},
	{"wait_ms", N_("espera (ms)")},
	{"waiting", N_("en espera")},
};

static const char *label_of(const char *member)
{
	for (size_t i = 0; i < G_N_ELEMENTS(labels); i++)
		if (strcmp(labels[i].member, member) == 0)
			return _(labels[i].label);
	return member;
}

static char *visible(const char *text)
{
	GString *out = g_string_new(NULL);

	for (const char *p = text; *p != '\0'; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);

		if (g_unichar_isprint(c))
			g_string_append_unichar(out, c);
		else
			g_string_append_printf(out, "\\x%02x", c);
	}
	return g_string_free(out, FALSE);
}

static char *scalar_text(const json_t *value)
{
	if (json_is_string(value))
		return visible(json_string_value(value));
	if (json_is_integer(value))
		return g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
	if (json_is_boolean(value))
		return g_strdup(json_is_true(value) ? _("si") : _("no"));
	return g_strdup("-");
}

/* Of tokens: seconds since 1970; 0: none. */
static char *time_text(const json_t *value)
{
	gint64 time_s = json_integer_value(value);
	g_autoptr(GDateTime) time = time_s > 0 ? g_date_time_new_from_unix_utc(time_s) : NULL;

	return time != NULL ? g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ") : g_strdup("-");
}

static char *member_text(const char *member, const json_t *value)
{
	static const char *const times[] = {
		"from", "not_after", "not_before", "time", "until", NULL};

	return json_is_integer(value) && g_strv_contains(times, member) ? time_text(value)
									: scalar_text(value);
}

static gboolean is_scalar(const json_t *value)
{
	return !json_is_object(value) && !json_is_array(value);
}

static char *list_text(const json_t *list)
{
	GString *out = g_string_new(NULL);

	for (size_t i = 0; i < json_array_size(list); i++) {
		g_autofree char *item = scalar_text(json_array_get(list, i));

		g_string_append_printf(out, "%s%s", i > 0 ? ", " : "", item);
	}
	return g_string_free(out, FALSE);
}

static void append_cell(GString *out, const char *text, glong width, gboolean last)
{
	g_autofree char *cut = NULL;
	glong chars = g_utf8_strlen(text, -1);

	if (!last && chars > MAX_CELL_CHARS) {
		g_autofree char *head = g_utf8_substring(text, 0, MAX_CELL_CHARS - 3);

		cut = g_strconcat(head, "...", NULL);
		text = cut;
		chars = MAX_CELL_CHARS;
	}
	g_string_append(out, text);
	for (; !last && chars < width + 2; chars++)
		g_string_append_c(out, ' ');
}

/* The scalar members of the first row, NULL-terminated. */
static char **columns_of(const json_t *rows)
{
	g_autoptr(GStrvBuilder) columns = g_strv_builder_new();
	const char *member;
	json_t *value;

	json_object_foreach(json_array_get(rows, 0), member, value)
		if (is_scalar(value))
			g_strv_builder_add(columns, member);
	return g_strv_builder_end(columns);
}

static char *cell_text(const json_t *rows, size_t row, const char *column)
{
	return member_text(column, json_object_get(json_array_get(rows, row), column));
}

static glong column_width(const json_t *rows, const char *column)
{
	glong width = g_utf8_strlen(label_of(column), -1);

	for (size_t r = 0; r < json_array_size(rows); r++) {
		g_autofree char *text = cell_text(rows, r, column);
		glong chars = MIN(g_utf8_strlen(text, -1), MAX_CELL_CHARS);

		width = MAX(width, chars);
	}
	return width;
}

static void append_table(GString *out, const json_t *rows, const char *indent, char **columns)
{
	guint count = g_strv_length(columns);
	g_autofree glong *widths = g_new0(glong, count);

	g_string_append(out, indent);
	for (guint c = 0; c < count; c++) {
		widths[c] = column_width(rows, columns[c]);
		append_cell(out, label_of(columns[c]), widths[c], c + 1 == count);
	}
	g_string_append_c(out, '\n');
	for (size_t r = 0; r < json_array_size(rows); r++) {
		g_string_append(out, indent);
		for (guint c = 0; c < count; c++) {
			g_autofree char *text = cell_text(rows, r, columns[c]);

			append_cell(out, text, widths[c], c + 1 == count);
		}
		g_string_append_c(out, '\n');
	}
}

static void append_member(GString *out, const char *member, const json_t *value)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) all = NULL;

	if (json_is_array(value) && json_is_object(json_array_get(value, 0))) {
		g_string_append_printf(out, "%s:\n", label_of(member));
		all = columns_of(value);
		append_table(out, value, "  ", all);
		return;
	}
	if (json_is_array(value))
		text = list_text(value);
	else if (json_is_object(value))
		text = json_dumps(value, JSON_COMPACT);
	else
		text = member_text(member, value);
	g_string_append_printf(out, "%s: %s\n", label_of(member), text);
}

char *print_text(const json_t *answer, const char *columns)
{
	GString *out = g_string_new(NULL);
	json_t *items = json_object_get(answer, "items"), *value;
	const char *member;

	if (json_is_array(items)) {
		g_auto(GStrv) shown =
			columns != NULL ? g_strsplit(columns, " ", -1) : columns_of(items);

		if (json_array_size(items) == 0)
			g_string_append_printf(out, "%s\n", _("No hay nada que mostrar."));
		else
			append_table(out, items, "", shown);
		if (json_is_string(json_object_get(answer, "next")))
			g_string_append_printf(out, _("Hay mas: repita con --after %s\n"),
				json_string_value(json_object_get(answer, "next")));
		return g_string_free(out, FALSE);
	}
	json_object_foreach((json_t *)answer, member, value)
		append_member(out, member, value);
	if (out->len == 0)
		g_string_append_printf(out, "%s\n", _("Hecho."));
	return g_string_free(out, FALSE);
}
