/* Names of persons, one a line (given, paternal, maternal): account names of a-z and 0-9, or an
 * error. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "core/naming.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *given = fuzz_take_line(&data, &size),
			*paternal = fuzz_take_line(&data, &size);
	g_autofree char *maternal = fuzz_take_line(&data, &size),
			*office = fuzz_take_rest(data, size);

	for (guint n = 0; n < 4; n++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *name = naming_candidate(given, paternal, maternal, n, 1, &error);

		fuzz_check_error(name != NULL, error, "naming_candidate");
		if (name == NULL)
			continue;
		FUZZ_PROMISE(*name != '\0' && strlen(name) <= NAMING_MAX_CHARS, "length of \"%s\"",
			name);
		FUZZ_PROMISE(name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789")] == '\0',
			"characters of \"%s\"", name);
	}
	if (naming_office_valid(office))
		FUZZ_PROMISE(
			*office != '\0' && strlen(office) <= NAMING_MAX_CHARS &&
				!naming_reserved(office) &&
				office[strspn(office, "abcdefghijklmnopqrstuvwxyz0123456789.-")] ==
					'\0',
			"office \"%s\"", office);
	return 0;
}
