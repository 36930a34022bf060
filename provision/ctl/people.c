/*
 * acusectl directory reconcile, and person import-report: HR's dated list of cessations and
 * rotations, as a CSV file in HR's own words. Shows whom each line means and what it does; does it
 * when asked to.
 */
#include "csv_table.h"
#include "ctl.h"
#include "base/error.h"
#include "base/text.h"

#include <string.h>

#define N_REQUIRED 2

static const char *const columns[] = {"dni", "accion", "fecha", "cargo", "unidad", NULL};
static const char *const members[] = {"dni", "action", "date", "post", "unit"};

static const char *action_of(const char *word)
{
	static const char *const words[][2] = {
		{"cese", "cease"}, {"rotacion", "rotate"}, {"rotaci\303\263n", "rotate"}};
	g_autofree char *folded = g_utf8_strdown(word, -1);

	for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
		if (strcmp(words[i][0], folded) == 0)
			return words[i][1];
	return word; /* provisiond says what it may be */
}

/* The list's rows in the words of the call; a new reference. */
static json_t *translate(const json_t *rows)
{
	json_t *translated = json_array();
	const json_t *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		json_t *item = json_object();

		for (gsize n = 0; n < G_N_ELEMENTS(members); n++) {
			const char *text = json_string_value(json_object_get(row, columns[n]));

			if (text != NULL && strcmp(members[n], "action") == 0)
				text = action_of(text);
			if (text != NULL)
				json_object_set_new(item, members[n], json_string(text));
		}
		json_array_append_new(translated, item);
	}
	return translated;
}

static gboolean run_report(
	Ctl *ctl, const Command *command, char **arguments, GHashTable *options, GError **error)
{
	g_autofree char *text = NULL;
	json_auto_t *rows = NULL, *body = NULL, *answer = NULL;
	gsize size;

	if (!ctl_read_input(arguments[0], &text, &size, error))
		return FALSE;
	rows = csv_table_parse(text, size, columns, N_REQUIRED, error);
	if (rows == NULL)
		return FALSE;
	body = json_pack("{s:s, s:o, s:b}", "document", ctl_option(options, "document"), "rows",
		translate(rows), "apply", ctl_option(options, "apply") != NULL);
	answer = api_call(ctl->api, command->method, command->path, body, error);
	if (answer == NULL)
		return FALSE;
	ctl_print(ctl, command, answer);
	return TRUE;
}

static gboolean run_reconcile(
	Ctl *ctl, const Command *command, char **arguments, GHashTable *options, GError **error)
{
	json_auto_t *body = json_pack("{s:b}", "dry_run", ctl_option(options, "dry-run") != NULL);
	json_auto_t *answer = api_call(ctl->api, command->method, command->path, body, error);

	(void)arguments;
	if (answer == NULL)
		return FALSE;
	ctl_print(ctl, command, answer);
	return TRUE;
}

const Command people_commands[] = {
	{"directory", "reconcile", "", 0, {{.name = "dry-run", .flag = TRUE}, {NULL}},
		N_("Compara el directorio con los registros y corrige lo que difiere; con "
		   "--dry-run "
		   "solo "
		   "lo muestra."),
		"POST", "/v1/directory/reconcile", run_reconcile, NULL,
		"uid what recorded found repair"},
	{"person", "import-report", N_("ARCHIVO.csv|-"), 1,
		{{"document", NULL, TRUE, FALSE}, {.name = "apply", .flag = TRUE}, {NULL}},
		N_("Lee la relacion de ceses y rotaciones: muestra nombres y efectos, y con "
		   "--apply "
		   "los ejecuta."),
		"POST", "/v1/people/report", run_report, NULL,
		"dni display_name uid action date effects late problem"},
	{NULL},
};
