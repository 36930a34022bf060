/* dni.h: shape and check character. Cannot fail otherwise than by its return value; no state. */
#include "core/dni.h"

#include <string.h>

/* By 11 less the rest of the weighted sum, 11 counting as 0: both series are in use. */
static const char check_digits[] = "67890112345";
static const char check_letters[] = "KABCDEFGHIJ";

static gboolean is_check_character(const char *digits, char given)
{
	static const int weights[DNI_DIGITS] = {3, 2, 7, 6, 5, 4, 3, 2};
	int sum = 0, at;

	for (int i = 0; i < DNI_DIGITS; i++)
		sum += weights[i] * (digits[i] - '0');
	at = (11 - sum % 11) % 11;
	return given == check_digits[at] || g_ascii_toupper(given) == check_letters[at];
}

gboolean dni_parse(const char *text, char number[DNI_DIGITS + 1])
{
	if (text == NULL || strspn(text, "0123456789") != DNI_DIGITS)
		return FALSE;
	if (text[DNI_DIGITS] != '\0' && (text[DNI_DIGITS] != '-' || text[DNI_DIGITS + 1] == '\0' ||
						text[DNI_DIGITS + 2] != '\0' ||
						!is_check_character(text, text[DNI_DIGITS + 1])))
		return FALSE;
	memcpy(number, text, DNI_DIGITS);
	number[DNI_DIGITS] = '\0';
	return TRUE;
}
