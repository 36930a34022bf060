/* A signed mail as somebody hands it in: taken apart without reading past it. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "mime/facts.h"
#include "mime/smime.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	mime_init();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) entity = NULL, der = NULL;
	gsize length;
	const void *bytes;

	if (!smime_split(data, size, &entity, &der)) {
		FUZZ_PROMISE(entity == NULL && der == NULL, "failed and gave something");
		return 0;
	}
	bytes = g_bytes_get_data(entity, &length);
	FUZZ_PROMISE(length <= size && (length == 0 || memmem(data, size, bytes, length) != NULL),
		"the entity is not of the mail");
	FUZZ_PROMISE(g_bytes_get_size(der) > 0 && g_bytes_get_size(der) <= size, "signature");
	return 0;
}
