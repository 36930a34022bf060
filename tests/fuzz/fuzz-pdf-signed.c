/* The ranges that pdfsig names of a stranger's PDF in the first line, the PDF in the rest. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "inspect/pdf_signed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *ranges = fuzz_take_line(&data, &size);
	g_autofree char *said = g_strdup_printf("Signature #1:\n  - Signed Ranges: %s\n"
						"  - Total document signed\n",
		ranges);
	g_autoptr(GBytes) pdf = g_bytes_new(data, size);
	g_autoptr(GBytes) cms = NULL, content = NULL;
	g_autoptr(GError) error = NULL;
	gboolean split = pdf_signed_split(pdf, said, &cms, &content, &error);

	fuzz_check_error(split, error, "pdf_signed_split");
	if (!split) {
		FUZZ_PROMISE(cms == NULL && content == NULL, "half done");
		return 0;
	}
	FUZZ_PROMISE(g_bytes_get_size(cms) <= PDF_SIGNED_CMS_BYTES_MAX, "a CMS over the limit");
	/* All is signed but the digits and their brackets. */
	FUZZ_PROMISE(g_bytes_get_size(content) + 2 * g_bytes_get_size(cms) + 2 <= size,
		"too much of it");
	return 0;
}
