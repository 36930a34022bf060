/*
 * acusectl: finds the command in the tables, reads its options with GOption, connects to the API
 * and runs it. Errors go to standard error in Spanish with their English detail; nothing is changed
 * by a wrong command line.
 */
#include "ctl.h"
#include "print.h"
#include "base/error.h"
#include "base/text.h"
#include "cms/digest.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define API_WAIT_MS 30000
#define EXIT_USAGE 2

static const Command *const tables[] = {
	api_commands,
	ledger_commands,
	proof_commands,
	token_unlock_commands,
	check_commands,
	signature_commands,
	policy_commands,
	import_commands,
	people_commands,
	request_commands,
	calendar_commands,
	backup_commands,
};

const char *ctl_option(GHashTable *options, const char *name)
{
	GPtrArray *values = g_hash_table_lookup(options, name);

	return values != NULL ? values->pdata[0] : NULL;
}

void ctl_print(const Ctl *ctl, const Command *command, const json_t *answer)
{
	g_autofree char *text = NULL;

	if (ctl->json) {
		json_dumpf(answer, stdout, JSON_COMPACT);
		putchar('\n');
		return;
	}
	text = print_text(answer, command->columns);
	fputs(text, stdout);
}

static void print_usage(FILE *to)
{
	fprintf(to, _("Uso: acusectl [--socket RUTA] [--config ARCHIVO] [--json] ORDEN\n\n"));
	for (size_t t = 0; t < G_N_ELEMENTS(tables); t++) {
		for (const Command *row = tables[t]; row->noun != NULL; row++) {
			fprintf(to, "  %s%s%s %s", row->noun, *row->verb != '\0' ? " " : "",
				row->verb, *row->arguments != '\0' ? _(row->arguments) : "");
			for (const CtlOption *option = row->options; option->name != NULL; option++)
				fprintf(to,
					option->flag	   ? " [--%s]"
					: option->required ? " --%s V"
							   : " [--%s V]",
					option->name);
			fprintf(to, "\n      %s\n", _(row->help));
		}
	}
}

static const Command *find_command(int n_words, char **words, int *used)
{
	for (size_t t = 0; t < G_N_ELEMENTS(tables); t++) {
		for (const Command *row = tables[t]; row->noun != NULL; row++) {
			*used = *row->verb == '\0' ? 1 : 2;
			if (n_words >= *used && strcmp(words[0], row->noun) == 0 &&
				(*used == 1 || strcmp(words[1], row->verb) == 0))
				return row;
		}
	}
	return NULL;
}

/* Reads the command's own options out of the words that remain. */
static gboolean parse_options(
	const Command *command, int *n_words, char ***words, GHashTable *options, GError **error)
{
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	GOptionEntry entries[CTL_MAX_OPTIONS + 1] = {0};
	char **values[CTL_MAX_OPTIONS] = {0};
	gboolean flags[CTL_MAX_OPTIONS] = {0}, parsed;

	for (guint i = 0; command->options[i].name != NULL; i++) {
		entries[i].long_name = command->options[i].name;
		entries[i].short_name = command->options[i].letter;
		/* Not by the locale, which may be C: what people type is UTF-8. */
		entries[i].arg =
			command->options[i].flag ? G_OPTION_ARG_NONE : G_OPTION_ARG_FILENAME_ARRAY;
		entries[i].arg_data = command->options[i].flag ? (gpointer)&flags[i] : &values[i];
	}
	g_option_context_add_main_entries(context, entries, NULL);
	g_option_context_set_help_enabled(context, FALSE);
	parsed = g_option_context_parse(context, n_words, words, error);
	for (guint i = 0; command->options[i].name != NULL; i++) {
		const CtlOption *option = &command->options[i];
		guint given = values[i] != NULL ? g_strv_length(values[i]) : 0;
		GPtrArray *list = g_ptr_array_new_with_free_func(g_free);

		if (parsed && ((option->required && given == 0) || (!option->list && given > 1))) {
			g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID,
				given == 0 ? _("falta la opcion --%s") : _("opcion repetida: --%s"),
				option->name);
			parsed = FALSE;
		}
		for (guint v = 0; parsed && v < given; v++) {
			parsed = g_utf8_validate(values[i][v], -1, NULL);
			if (!parsed)
				g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID,
					_("la opcion --%s no esta en UTF-8"), option->name);
		}
		for (guint v = 0; v < given; v++)
			g_ptr_array_add(list, values[i][v]);
		g_free(values[i]);
		if (flags[i])
			g_ptr_array_add(list, g_strdup(""));
		if (given > 0 || flags[i])
			g_hash_table_insert(options, (char *)option->name, list);
		else
			g_ptr_array_unref(list);
	}
	return parsed;
}

static int fail(const GError *error)
{
	fprintf(stderr, "acusectl: %s\n",
		error->domain == ACUSE_ERROR ? _(acuse_error_row_of(error)->text) : error->message);
	if (error->domain == ACUSE_ERROR)
		fprintf(stderr, "  %s: %s\n", acuse_error_row_of(error)->name, error->message);
	return EXIT_FAILURE;
}

static int wrong_usage(const char *why)
{
	fprintf(stderr, "acusectl: %s\n", why);
	fprintf(stderr, "%s\n", _("Pruebe: acusectl --help"));
	return EXIT_USAGE;
}

static int run_command(Ctl *ctl, const char *socket_path, int n_words, char **words)
{
	g_autoptr(GHashTable) options = g_hash_table_new_full(
		g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_ptr_array_unref);
	/* Behind root the peer's uid says nothing of the person (FACTS 29). */
	const char *actor = g_getenv("SUDO_USER");
	g_autoptr(GError) error = NULL;
	const Command *command;
	gboolean done;
	int used, left;
	char **rest;

	command = find_command(n_words, words, &used);
	if (command == NULL)
		return wrong_usage(_("no existe esa orden"));
	/* GOption takes the first word for the program's name. */
	rest = words + used - 1;
	left = n_words - used + 1;
	if (!parse_options(command, &left, &rest, options, &error))
		return wrong_usage(error->message);
	if ((guint)left < command->n_arguments + 1 ||
		(guint)left > command->n_arguments + command->n_optional + 1)
		return wrong_usage(_("numero de argumentos equivocado"));
	rest[left] = NULL;
	ctl->api =
		api_client_new(socket_path, API_WAIT_MS, actor != NULL ? actor : g_get_user_name());
	done = command->run(ctl, command, rest + 1, options, &error);
	api_client_free(ctl->api);
	return done ? EXIT_SUCCESS : fail(error);
}

int main(int argc, char **argv)
{
	g_autofree char *socket_path = NULL, *config_path = NULL;
	gboolean json = FALSE, help = FALSE;
	GOptionEntry entries[] = {
		{"socket", 's', 0, G_OPTION_ARG_FILENAME, &socket_path, NULL, NULL},
		{"config", 'c', 0, G_OPTION_ARG_FILENAME, &config_path, NULL, NULL},
		{"json", 'j', 0, G_OPTION_ARG_NONE, &json, NULL, NULL},
		{"help", 'h', 0, G_OPTION_ARG_NONE, &help, NULL, NULL},
		{NULL},
	};
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	g_autoptr(GError) error = NULL;
	const char *from_environment = g_getenv("ACUSE_API");
	Ctl ctl = {0};

	digest_serve_core();
	setlocale(LC_ALL, "");
	bindtextdomain("acuse", LOCALEDIR);
	g_option_context_add_main_entries(context, entries, NULL);
	g_option_context_set_help_enabled(context, FALSE);
	g_option_context_set_ignore_unknown_options(context, TRUE);
	if (!g_option_context_parse(context, &argc, &argv, &error))
		return wrong_usage(error->message);
	if (help || argc < 2) {
		print_usage(help ? stdout : stderr);
		return help ? EXIT_SUCCESS : EXIT_USAGE;
	}
	if (socket_path == NULL)
		socket_path = g_strdup(
			from_environment != NULL ? from_environment : "/run/acuse/api.sock");
	ctl.json = json;
	ctl.config_path = config_path != NULL ? config_path : SYSCONFDIR "/acuse/acuse.conf";
	return run_command(&ctl, socket_path, argc - 1, argv + 1);
}
