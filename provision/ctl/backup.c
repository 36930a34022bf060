/*
 * acusectl backup create and restore. Create is a call that may take minutes; restore is done by
 * acuse-provisiond itself, for nobody else opens the ledger.
 */
#include "ctl.h"
#include "base/error.h"
#include "base/text.h"

#include <errno.h>
#include <unistd.h>

#define CREATE_WAIT_MS (6 * 3600 * 1000)
#define DAEMON "acuse-provisiond"

static gboolean run_create(
	Ctl *ctl, const Command *command, char **arguments, GHashTable *options, GError **error)
{
	json_auto_t *body = json_object();
	json_auto_t *answer = NULL;

	(void)arguments;
	(void)options;
	api_client_set_timeout(ctl->api, CREATE_WAIT_MS);
	answer = api_call(ctl->api, "POST", "/v1/backups", body, error);
	if (answer == NULL)
		return FALSE;
	ctl_print(ctl, command, answer);
	return TRUE;
}

/* Beside this program, as in a build or an own folder; else where it is installed. */
static char *daemon_path(void)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *folder = self != NULL ? g_path_get_dirname(self) : NULL;
	g_autofree char *beside = folder != NULL ? g_build_filename(folder, DAEMON, NULL) : NULL;

	if (beside != NULL && g_file_test(beside, G_FILE_TEST_IS_EXECUTABLE))
		return g_steal_pointer(&beside);
	return g_strdup(SBINDIR "/" DAEMON);
}

static gboolean run_restore(
	Ctl *ctl, const Command *command, char **arguments, GHashTable *options, GError **error)
{
	g_autofree char *program = daemon_path();
	char *argv[] = {program, (char *)"-c", (char *)ctl->config_path, (char *)"--restore",
		arguments[0], NULL};

	(void)command;
	(void)options;
	execv(program, argv);
	g_set_error(
		error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "%s: %s", program, g_strerror(errno));
	return FALSE;
}

const Command backup_commands[] = {
	{"backup", "create", "", 0, {{NULL}},
		N_("Copia el registro, los mensajes y la configuracion, sin detener el servicio."),
		NULL, NULL, run_create},
	{"backup", "restore", N_("CARPETA"), 1, {{NULL}},
		N_("Repone una copia en lugar del registro; acuse-provisiond debe estar detenido."),
		NULL, NULL, run_restore},
	{NULL},
};
