/*
 * acusectl token unlock: the holder types the PIN, which goes straight to the signer's unlock
 * socket. It is never an argument, never passes provisiond and is wiped here as soon as it is sent.
 */
#include "ctl.h"
#include "base/error.h"
#include "base/settings.h"
#include "base/text.h"
#include "signer/protocol.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#define MAX_PIN_BYTES 256
#define UNLOCK_WAIT_MS 30000

static gboolean read_line(char *pin, gsize size, GError **error)
{
	gsize length = 0;
	char c;

	while (length + 1 < size && read(STDIN_FILENO, &c, 1) == 1 && c != '\n')
		pin[length++] = c;
	pin[length] = '\0';
	if (length > 0 && length + 1 < size)
		return TRUE;
	g_set_error_literal(
		error, ACUSE_ERROR, ACUSE_ERROR_INVALID, _("no se escribio ningun PIN"));
	return FALSE;
}

static gboolean type_pin(const char *label, char *pin, gsize size, GError **error)
{
	struct termios saved, silent;
	gboolean typed;

	if (tcgetattr(STDIN_FILENO, &saved) < 0)
		return read_line(pin, size, error);
	fprintf(stderr, _("PIN del token %s: "), label);
	silent = saved;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
	typed = read_line(pin, size, error);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved);
	fputc('\n', stderr);
	return typed;
}

static char *unlock_socket(const Ctl *ctl, GHashTable *options, GError **error)
{
	const char *given = ctl_option(options, "unlock-socket");
	g_autoptr(Settings) settings = NULL;

	if (given != NULL)
		return g_strdup(given);
	settings = settings_load(ctl->config_path, error);
	if (settings == NULL)
		return NULL;
	return g_strdup(settings_string(settings, "signing", "unlock_socket"));
}

static gboolean run_unlock(
	Ctl *ctl, const Command *command, char **arguments, GHashTable *options, GError **error)
{
	g_autofree char *socket_path = unlock_socket(ctl, options, error);
	g_autoptr(GVariant) answer = NULL;
	GVariantDict parameters;
	char pin[MAX_PIN_BYTES];

	(void)command;
	if (socket_path == NULL)
		return FALSE;
	if (mlock(pin, sizeof pin) < 0) {
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "mlock");
		return FALSE;
	}
	if (type_pin(arguments[0], pin, sizeof pin, error)) {
		g_variant_dict_init(&parameters, NULL);
		g_variant_dict_insert(&parameters, "token", "s", arguments[0]);
		g_variant_dict_insert(&parameters, "pin", "s", pin);
		g_variant_dict_insert(&parameters, "despite_low", "b",
			ctl_option(options, "despite-low") != NULL);
		answer = signer_call(socket_path, UNLOCK_WAIT_MS, "unlock",
			g_variant_dict_end(&parameters), NULL, error);
	}
	explicit_bzero(pin, sizeof pin);
	munlock(pin, sizeof pin);
	if (answer == NULL)
		return FALSE;
	if (ctl->json)
		puts("{}");
	else
		printf(_("El token %s esta activo.\n"), arguments[0]);
	return TRUE;
}

const Command token_unlock_commands[] = {
	{"token", "unlock", N_("ETIQUETA"), 1,
		{{"unlock-socket", NULL, FALSE, FALSE}, {"despite-low", .flag = TRUE}, {NULL}},
		N_("Activa un token: el titular escribe su PIN."), NULL, NULL, run_unlock},
	{NULL},
};
