/*
 * acusectl request file, amend, import: FORM-01 from a JSON file or many of them from a CSV file in
 * the form's own words, with the documents that go with it (scan, signed form, signature, terms of
 * reference), which are stored first. An import shows what it would do; with --apply it does it, or
 * nothing when a line is wrong.
 */
#include "csv_table.h"
#include "ctl.h"
#include "base/error.h"
#include "base/text.h"
#include "cms/digest.h"

#include <string.h>

#define DOCUMENT_BYTES_MAX (32 * 1024 * 1024)
#define N_REQUIRED 8

/* Options that name a file -> the member that names its digest. */
static const struct {
	const char *option, *member;
} documents[] = {{"scan", "scan"}, {"signed-form", "signed_form"}, {"signature", "signature"},
	{"terms", "terms"}};

#define SCAN                                                                                       \
	{                                                                                          \
		"scan", NULL, FALSE, FALSE                                                         \
	}
#define DOCUMENTS                                                                                  \
	SCAN, {"signed-form", NULL, FALSE, FALSE}, {"signature", NULL, FALSE, FALSE},              \
	{                                                                                          \
		"terms", NULL, FALSE, FALSE                                                        \
	}

/* A file of the caller's into the message store; its digest, a new string. */
static char *put_document(Ctl *ctl, const char *path, GError **error)
{
	g_autofree char *text = NULL, *sha256 = NULL;
	g_autoptr(GBytes) bytes = NULL;
	gsize size;

	if (!g_file_get_contents(path, &text, &size, error))
		return NULL;
	if (size == 0 || size > DOCUMENT_BYTES_MAX) {
		g_set_error(error, ACUSE_ERROR,
			size == 0 ? ACUSE_ERROR_INVALID : ACUSE_ERROR_TOO_LARGE, "%s", path);
		return NULL;
	}
	sha256 = digest_sha256_hex(text, size);
	bytes = g_bytes_new_take(g_steal_pointer(&text), size);
	return api_put_blob(ctl->api, sha256, bytes, error) ? g_steal_pointer(&sha256) : NULL;
}

static gboolean add_documents(Ctl *ctl, GHashTable *options, json_t *body, GError **error)
{
	for (gsize i = 0; i < G_N_ELEMENTS(documents); i++) {
		const char *path = ctl_option(options, documents[i].option);
		g_autofree char *sha256 = NULL;

		if (path == NULL)
			continue;
		sha256 = put_document(ctl, path, error);
		if (sha256 == NULL)
			return FALSE;
		json_object_set_new(body, documents[i].member, json_string(sha256));
	}
	return TRUE;
}

static gboolean post(
	Ctl *ctl, const Command *command, const char *path, const json_t *body, GError **error)
{
	json_t *answer = api_call(ctl->api, "POST", path, body, error);

	if (answer == NULL)
		return FALSE;
	ctl_print(ctl, command, answer);
	json_decref(answer);
	return TRUE;
}

static gboolean run_file(
	Ctl *ctl, const Command *command, char **arguments, GHashTable *options, GError **error)
{
	json_auto_t *body = ctl_read_json(arguments[0], error);

	return body != NULL && add_documents(ctl, options, body, error) &&
	       post(ctl, command, command->path, body, error);
}

static void set_option(GHashTable *options, const char *name, json_t *body)
{
	const char *value = ctl_option(options, name);

	if (value != NULL)
		json_object_set_new(body, name, json_string(value));
}

static gboolean run_amend(
	Ctl *ctl, const Command *command, char **arguments, GHashTable *options, GError **error)
{
	g_autofree char *path = api_path("/v1/requests/%s/amend", arguments[0]);
	json_auto_t *body = json_object();

	set_option(options, "tramite", body);
	set_option(options, "answer", body);
	return add_documents(ctl, options, body, error) && post(ctl, command, path, body, error);
}

/* The columns of the list and the members that they are. */
static const char *const columns[] = {"nombres", "apellido_paterno", "dni", "cargo", "unidad",
	"documento", "motivo", "tipo", "apellido_materno", "telefono", "accion", "tramite",
	"titulo", "hasta", "fecha", "cuenta", NULL};
static const char *const members[] = {"given_names", "paternal_surname", "dni", "post", "unit",
	"document", "reason", "kind", "maternal_surname", "phone", "action", "tramite", "title",
	"until", "date", "account"};

/* The form's own words; what is none of them goes as it is, and provisiond says what it may be. */
static const char *word_of(const char *text)
{
	static const char *const words[][2] = {{"persona", "person"}, {"oficina", "office"},
		{"actividad", "activity"}, {"tercero", "third-party"}, {"creacion", "create"},
		{"creaci\303\263n", "create"}, {"anulacion", "annul"},
		{"anulaci\303\263n", "annul"}, {"prorroga", "extend"},
		{"pr\303\263rroga", "extend"}, {"clave", "password"}, {"ingreso", "joining"},
		{"encargatura", "encargatura"}, {"actividad especifica", "specific-activity"},
		{"actividad espec\303\255fica", "specific-activity"},
		{"olvido", "forgotten-password"}, {"exposicion", "exposed-password"},
		{"exposici\303\263n", "exposed-password"}, {"otro", "other"}};
	g_autofree char *folded = g_utf8_strdown(text, -1);

	for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
		if (strcmp(words[i][0], folded) == 0)
			return words[i][1];
	return text;
}

static gboolean is_word(const char *member)
{
	static const char *const names[] = {"kind", "action", "reason", NULL};

	return g_strv_contains(names, member);
}

/* The list's rows in the words of the call, each with what is common to all; a new reference. */
static json_t *translate(const json_t *rows, const json_t *common)
{
	json_t *translated = json_array();
	const json_t *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		json_t *item = json_pack(
			"{s:O, s:s}", "line", json_object_get(row, "line"), "action", "create");

		for (gsize n = 0; n < G_N_ELEMENTS(members); n++) {
			const char *text = json_string_value(json_object_get(row, columns[n]));

			if (text != NULL)
				json_object_set_new(item, members[n],
					json_string(is_word(members[n]) ? word_of(text) : text));
		}
		json_object_update_missing(item, (json_t *)common);
		json_array_append_new(translated, item);
	}
	return translated;
}

static gboolean run_import(
	Ctl *ctl, const Command *command, char **arguments, GHashTable *options, GError **error)
{
	g_autofree char *text = NULL;
	json_auto_t *rows = NULL, *body = NULL, *common = json_object();
	gsize size;

	if (!ctl_read_input(arguments[0], &text, &size, error))
		return FALSE;
	rows = csv_table_parse(text, size, columns, N_REQUIRED, error);
	if (rows == NULL || !add_documents(ctl, options, common, error))
		return FALSE;
	set_option(options, "tramite", common);
	body = json_pack("{s:o, s:b}", "rows", translate(rows, common), "apply",
		ctl_option(options, "apply") != NULL);
	return post(ctl, command, command->path, body, error);
}

const Command request_commands[] = {
	{"request", "file", N_("ARCHIVO.json|-"), 1, {DOCUMENTS, {NULL}},
		N_("Presenta un FORM-01, con la firma del jefe de la unidad o su copia escaneada."),
		"POST", "/v1/requests", run_file},
	{"request", "amend", "ID", 1,
		{{"tramite", "tramite", FALSE, FALSE}, {"answer", "answer", FALSE, FALSE},
			DOCUMENTS, {NULL}},
		N_("Completa una solicitud observada."), "POST", "/v1/requests/{}/amend",
		run_amend},
	{"request", "import", N_("ARCHIVO.csv|-"), 1,
		{{"tramite", NULL, FALSE, FALSE}, SCAN, {.name = "apply", .flag = TRUE}, {NULL}},
		N_("Lee una relacion de FORM-01: muestra nombres y efectos, y con --apply los "
		   "presenta "
		   "todos o ninguno."),
		"POST", "/v1/requests/import", run_import, NULL,
		"line kind action dni paternal_surname name state lacks id problem"},
	{NULL},
};
