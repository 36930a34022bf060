/*
 * Lists out of spreadsheets: the CSV is read here, and goes to provisiond as one call, which takes
 * all of it or nothing. With --dry-run it says what each line would do. Fails with the line of the
 * file.
 */
#include "csv_table.h"
#include "ctl.h"
#include "base/text.h"

#include <string.h>

/* A list's columns by the path it goes to; the first n_required must be there. */
static const struct {
	const char *path;
	const char *columns[8];
	guint n_required;
} lists[] = {
	{"/v1/expedientes/import", {"number", "subject", "matter"}, 2},
	{"/v1/expedientes/import-authorisations",
		{"number", "address", "document", "date", "holder", "holder_document"}, 5},
	{"/v1/accounts/adopt", {"uid", "dni", "maternal_surname", "paternal_surname"}, 2},
	{"/v1/notifiers/import", {"mailbox", "area", "level"}, 3},
};

static gboolean run_import(
	Ctl *ctl, const Command *command, char **arguments, GHashTable *options, GError **error)
{
	g_autofree char *text = NULL;
	json_auto_t *rows = NULL, *body = NULL, *answer = NULL;
	gsize size, i = 0;

	while (strcmp(lists[i].path, command->path) != 0)
		i++;
	if (!ctl_read_input(arguments[0], &text, &size, error))
		return FALSE;
	rows = csv_table_parse(text, size, lists[i].columns, lists[i].n_required, error);
	if (rows == NULL)
		return FALSE;
	body = json_pack(
		"{s:b, s:O}", "dry_run", ctl_option(options, "dry-run") != NULL, "rows", rows);
	for (const CtlOption *option = command->options; option->name != NULL; option++)
		if (option->member != NULL && ctl_option(options, option->name) != NULL)
			json_object_set_new(body, option->member,
				json_string(ctl_option(options, option->name)));
	answer = api_call(ctl->api, command->method, command->path, body, error);
	if (answer == NULL)
		return FALSE;
	ctl_print(ctl, command, answer);
	return TRUE;
}

#define ADOPTION_COLUMNS                                                                           \
	"line uid mail given_names paternal_surname maternal_surname post unit problem"

#define DRY_RUN                                                                                    \
	{                                                                                          \
		.name = "dry-run", .flag = TRUE                                                    \
	}

static gboolean run_adopt(
	Ctl *ctl, const Command *command, char **arguments, GHashTable *options, GError **error)
{
	json_auto_t *answer = NULL;
	json_auto_t *body = json_pack("{s:b, s:s, s:[{s:s, s:s, s:s*, s:s*}]}", "dry_run",
		ctl_option(options, "dry-run") != NULL, "document", ctl_option(options, "document"),
		"rows", "uid", arguments[0], "dni", ctl_option(options, "dni"), "maternal_surname",
		ctl_option(options, "maternal-surname"), "paternal_surname",
		ctl_option(options, "paternal-surname"));

	answer = api_call(ctl->api, command->method, command->path, body, error);
	if (answer == NULL)
		return FALSE;
	ctl_print(ctl, command, answer);
	return TRUE;
}

const Command import_commands[] = {
	{"account", "adopt", N_("CUENTA"), 1,
		{{"dni", NULL, TRUE, FALSE}, {"maternal-surname", NULL, FALSE, FALSE},
			{"paternal-surname", NULL, FALSE, FALSE}, {"document", NULL, TRUE, FALSE},
			DRY_RUN, {NULL}},
		N_("Incorpora como cuenta a una persona que ya está en el directorio; con "
		   "--dry-run solo lo muestra."),
		"POST", "/v1/accounts/adopt", run_adopt, NULL, ADOPTION_COLUMNS},
	{"account", "adopt-list", N_("ARCHIVO.csv|-"), 1,
		{{"document", "document", TRUE, FALSE}, DRY_RUN, {NULL}},
		N_("Incorpora una lista de personas que ya están en el directorio, entera o nada."),
		"POST", "/v1/accounts/adopt", run_import, NULL, ADOPTION_COLUMNS},
	{"expediente", "import", N_("ARCHIVO.csv|-"), 1, {DRY_RUN, {NULL}},
		N_("Registra una lista de expedientes, entera o nada."), "POST",
		"/v1/expedientes/import", run_import},
	{"authorisation", "import", N_("ARCHIVO.csv|-"), 1, {DRY_RUN, {NULL}},
		N_("Registra una lista de autorizaciones de ciudadanos, entera o nada."), "POST",
		"/v1/expedientes/import-authorisations", run_import},
	{"notifier", "import", N_("ARCHIVO.csv|-"), 1,
		{{"document", "document", TRUE, FALSE}, DRY_RUN, {NULL}},
		N_("Carga la lista de buzones autorizados a notificar, entera o nada."), "POST",
		"/v1/notifiers/import", run_import},
	{NULL},
};
