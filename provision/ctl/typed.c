/* typed.h over termios(3). Read byte by byte, so that no buffer of the C library has a copy. */
#include "typed.h"
#include "base/error.h"
#include "base/text.h"

#include <stdio.h>
#include <termios.h>
#include <unistd.h>

static gboolean read_line(char *secret, gsize size, GError **error)
{
	gsize length = 0;
	char c;

	while (length + 1 < size && read(STDIN_FILENO, &c, 1) == 1 && c != '\n')
		secret[length++] = c;
	secret[length] = '\0';
	if (length > 0 && length + 1 < size)
		return TRUE;
	g_set_error_literal(
		error, ACUSE_ERROR, ACUSE_ERROR_INVALID, _("no se escribio ningun PIN"));
	return FALSE;
}

gboolean typed_secret(const char *prompt, char *secret, gsize size, GError **error)
{
	struct termios saved, silent;
	gboolean typed;

	if (tcgetattr(STDIN_FILENO, &saved) < 0)
		return read_line(secret, size, error);
	fputs(prompt, stderr);
	silent = saved;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
	typed = read_line(secret, size, error);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved);
	fputc('\n', stderr);
	return typed;
}
