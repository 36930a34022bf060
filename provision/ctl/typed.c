/*
 * typed.h over termios(3). Read byte by byte, so that no buffer of the C library has a copy. A
 * signal that ends the program gives the terminal its echo back first.
 */
#include "typed.h"
#include "base/error.h"
#include "base/text.h"

#include <signal.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

static volatile sig_atomic_t interrupted; /* the signal; 0: none */

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

static void on_signal(int number)
{
	interrupted = number;
}

static gboolean fail(GError **error, const char *why)
{
	g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, why);
	return FALSE;
}

/* A byte that no key types, as a paste or a file may have, would be a wrong PIN, which costs one of
 * a token's few attempts. */
static gboolean can_be_typed(const char *secret, gsize length)
{
	for (gsize i = 0; i < length; i++)
		if ((guchar)secret[i] < 0x20 || secret[i] == 0x7f)
			return FALSE;
	return g_utf8_validate(secret, (gssize)length, NULL);
}

static gboolean read_line(char *secret, gsize size, GError **error)
{
	gsize length = 0;
	char c = '\0';

	while (length + 1 < size && read(STDIN_FILENO, &c, 1) == 1 && c != '\n')
		secret[length++] = c;
	secret[length] = '\0';
	if (interrupted != 0 || length == 0)
		return fail(error, _("no se escribio ningun PIN ni clave"));
	if (length + 1 == size)
		return fail(error, _("lo que se escribio es demasiado largo"));
	if (!can_be_typed(secret, length))
		return fail(error,
			_("lo que se escribio tiene caracteres de control o no esta en UTF-8; no "
			  "se uso"));
	return TRUE;
}

static gboolean read_silently(const struct termios *saved, char *secret, gsize size, GError **error)
{
	const struct sigaction action = {.sa_handler = on_signal};
	struct sigaction before[G_N_ELEMENTS(signals)];
	struct termios silent = *saved;
	gboolean typed;

	interrupted = 0;
	for (gsize i = 0; i < G_N_ELEMENTS(signals); i++)
		sigaction(signals[i], &action, &before[i]);
	silent.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
	typed = read_line(secret, size, error);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, saved);
	for (gsize i = 0; i < G_N_ELEMENTS(signals); i++)
		sigaction(signals[i], &before[i], NULL);
	if (interrupted != 0)
		raise(interrupted);
	return typed;
}

gboolean typed_secret(const char *prompt, char *secret, gsize size, GError **error)
{
	struct termios saved;
	gboolean typed;

	if (tcgetattr(STDIN_FILENO, &saved) < 0)
		return read_line(secret, size, error);
	fputs(prompt, stderr);
	typed = read_silently(&saved, secret, size, error);
	fputc('\n', stderr);
	return typed;
}
