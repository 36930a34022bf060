/* password.h. One pass; no state. */
#include "core/password.h"

#include <string.h>

PasswordFault password_fault(const char *password)
{
	gboolean letter = FALSE, digit = FALSE, other = FALSE;

	if (!g_utf8_validate(password, -1, NULL))
		return PASSWORD_UNREADABLE;
	if (g_utf8_strlen(password, -1) < PASSWORD_MIN_CHARS ||
		strlen(password) > PASSWORD_MAX_BYTES)
		return PASSWORD_LENGTH;
	for (const char *p = password; *p != '\0'; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);

		if (g_unichar_iscntrl(c))
			return PASSWORD_UNREADABLE;
		letter = letter || g_unichar_isalpha(c);
		digit = digit || g_unichar_isdigit(c);
		other = other || !g_unichar_isalnum(c);
	}
	return letter && digit && other ? PASSWORD_GOOD : PASSWORD_KINDS;
}
