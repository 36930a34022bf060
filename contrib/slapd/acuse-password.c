/*
 * The pwdCheckModule of slapo-ppolicy (OpenLDAP 2.5): the rule of lib/core/password.h in the
 * directory itself, so that no way round it exists. slapd calls check_password for each new
 * password that comes in clear, in any of its threads; 0 is good, anything else refuses, and
 * *text is freed by slapd. Never logs and keeps nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "core/password.h"

#define REFUSED 19 /* constraintViolation, RFC 4511 A.1 */

struct berval;
struct Entry;

int check_password(
	char *password, char **text, const struct Entry *entry, const struct berval *argument);

int check_password(
	char *password, char **text, const struct Entry *entry, const struct berval *argument)
{
	static const char *const reasons[] = {
		[PASSWORD_UNREADABLE] = "La clave tiene caracteres que no se pueden leer",
		[PASSWORD_LENGTH] = "La clave debe tener de 8 a 256 caracteres",
		[PASSWORD_KINDS] = "La clave debe tener letras, numeros y signos",
	};
	PasswordFault fault = password_fault(password);

	(void)entry;
	(void)argument;
	if (fault == PASSWORD_GOOD)
		return 0;
	if (text != NULL)
		*text = strdup(reasons[fault]);
	return REFUSED;
}
