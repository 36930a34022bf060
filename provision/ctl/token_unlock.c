/*
 * acusectl token unlock: the holder types the PIN, which goes straight to the signer's unlock
 * socket, or from another computer sealed (token_afar.h). It is never an argument, never passes
 * provisiond in clear and is wiped here as soon as it is sent.
 */
#include "ctl.h"
#include "token_afar.h"
#include "typed.h"
#include "base/error.h"
#include "base/settings.h"
#include "base/text.h"
#include "signer/protocol.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define UNLOCK_WAIT_MS 30000

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

static gboolean unlock_here(const Ctl *ctl, const char *label, GHashTable *options, GError **error)
{
	g_autofree char *socket_path = unlock_socket(ctl, options, error);
	g_autofree char *prompt = g_strdup_printf(_("PIN del token %s: "), label);
	g_autoptr(GVariant) answer = NULL;
	GVariantDict parameters;
	char pin[TOKEN_MAX_PIN_BYTES];

	if (socket_path == NULL)
		return FALSE;
	if (mlock(pin, sizeof pin) < 0) {
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "mlock");
		return FALSE;
	}
	if (typed_secret(prompt, pin, sizeof pin, error)) {
		g_variant_dict_init(&parameters, NULL);
		g_variant_dict_insert(&parameters, "token", "s", label);
		g_variant_dict_insert(&parameters, "pin", "s", pin);
		g_variant_dict_insert(&parameters, "despite_low", "b",
			ctl_option(options, "despite-low") != NULL);
		answer = signer_call(socket_path, UNLOCK_WAIT_MS, "unlock",
			g_variant_dict_end(&parameters), NULL, error);
	}
	explicit_bzero(pin, sizeof pin);
	munlock(pin, sizeof pin);
	return answer != NULL;
}

static gboolean run_unlock(
	Ctl *ctl, const Command *command, char **arguments, GHashTable *options, GError **error)
{
	gboolean done;

	(void)command;
	if (!g_utf8_validate(arguments[0], -1, NULL)) {
		g_set_error_literal(
			error, ACUSE_ERROR, ACUSE_ERROR_INVALID, _("la etiqueta no esta en UTF-8"));
		return FALSE;
	}
	done = ctl_option(options, "remote") != NULL
		       ? token_unlock_afar(options, arguments[0], error)
		       : unlock_here(ctl, arguments[0], options, error);
	if (!done)
		return FALSE;
	if (ctl->json)
		puts("{}");
	else
		printf(_("El token %s esta activo.\n"), arguments[0]);
	return TRUE;
}

/* What the holder takes along to another computer. */
static gboolean run_identity(
	Ctl *ctl, const Command *command, char **arguments, GHashTable *options, GError **error)
{
	g_autofree char *socket_path = unlock_socket(ctl, options, error);
	g_autoptr(GVariant) answer = NULL;
	const char *identity = "";

	(void)command;
	(void)arguments;
	if (socket_path != NULL)
		answer = signer_call(socket_path, UNLOCK_WAIT_MS, "identity", NULL, NULL, error);
	if (answer == NULL)
		return FALSE;
	g_variant_lookup(answer, "identity", "&s", &identity);
	printf(ctl->json ? "{\"identity\":\"%s\"}\n" : "%s\n", identity);
	return TRUE;
}

const Command token_unlock_commands[] = {
	{"token", "unlock", N_("ETIQUETA"), 1,
		{{"unlock-socket", NULL, FALSE, FALSE}, {"despite-low", .flag = TRUE},
			{"remote", NULL, FALSE, FALSE}, {"user", NULL, FALSE, FALSE},
			{"signer", NULL, FALSE, FALSE}, {"ca", NULL, FALSE, FALSE}, {NULL}},
		N_("Activa un token: el titular escribe su PIN, también desde otra computadora."),
		NULL, NULL, run_unlock},
	{"token", "identity", "", 0, {{"unlock-socket", NULL, FALSE, FALSE}, {NULL}},
		N_("Muestra la identidad del firmador, para activar tokens desde otra "
		   "computadora."),
		NULL, NULL, run_identity},
	{NULL},
};
