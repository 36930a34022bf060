/* Authentication-Results: the domain in the first line, the values in the rest. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "core/authentication_results.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *domain = fuzz_take_line(&data, &size);
	g_autofree char *values = fuzz_take_rest(data, size);
	g_autofree char *lower = NULL;

	if (!authentication_results_dmarc_pass(values, domain))
		return 0;
	/* A pass has to have been written. */
	lower = g_ascii_strdown(values, -1);
	FUZZ_PROMISE(strstr(lower, "dmarc") != NULL && strstr(lower, "pass") != NULL,
		"pass out of nothing");
	FUZZ_PROMISE(*domain != '\0', "pass for no domain");
	return 0;
}
