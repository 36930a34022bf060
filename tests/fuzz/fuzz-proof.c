/* A proof bundle somebody hands in. */
#include "tests/fuzz/fuzz.h"

#include <unistd.h>

#include "provision/proof_check.h"
#include "provision/proof_files.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *path = NULL, *first = NULL;
	int fd = fuzz_file_new(data, size, &path);
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) files_error = NULL, error = NULL;
	g_autoptr(GHashTable) files = proof_files_read(path, &first, NULL, &files_error);
	gboolean proved = proof_check(path, NULL, NULL, lines, &error);

	close(fd);
	fuzz_check_error(files != NULL, files_error, "proof_files_read");
	fuzz_check_error(proved, error, "proof_check");
	FUZZ_PROMISE(files != NULL || !proved, "proved without files");
	for (guint i = 0; i < lines->len; i++)
		fuzz_check_utf8(lines->pdata[i], "a line for people");
	return 0;
}
