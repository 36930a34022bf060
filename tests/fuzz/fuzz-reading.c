/* What a file in the folder of readings says: names without slashes, or nothing. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "core/reading.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Reading) reading = reading_parse((const char *)data, size, &error);

	fuzz_check_error(reading != NULL, error, "reading_parse");
	if (reading != NULL) {
		FUZZ_PROMISE(size <= READING_MAX_BYTES, "too long");
		FUZZ_PROMISE(strchr(reading->user, '/') == NULL &&
				     strchr(reading->owner, '/') == NULL &&
				     strchr(reading->send_id, '/') == NULL,
			"a slash in a name");
	}
	return 0;
}
