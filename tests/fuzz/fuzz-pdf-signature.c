/* What pdfsig prints of a stranger's PDF: the exit status in the first line, its words in the rest.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "inspect/pdf_signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *status = fuzz_take_line(&data, &size);
	g_autofree char *text = fuzz_take_rest(data, size);
	g_autofree char *detail = NULL;
	PdfSignature signature = pdf_signature_read(text, atoi(status), &detail);

	FUZZ_PROMISE(detail != NULL, "no detail");
	fuzz_check_utf8(detail, "detail");
	FUZZ_PROMISE(strpbrk(detail, "\r\n") == NULL, "a detail of two lines");
	FUZZ_PROMISE(signature != PDF_NOT_CHECKED, "not checked");
	FUZZ_PROMISE(pdf_signature_time_s(text) >= 0, "signed before all time");
	FUZZ_PROMISE(pdf_signature_time_s(text) == 0 || strstr(text, "Signing Time: ") != NULL,
		"a time out of nothing");
	if (signature != PDF_VALID)
		return 0;
	/* Valid has to have been written, and nothing that speaks against it. */
	FUZZ_PROMISE(atoi(status) == 0, "valid though pdfsig failed");
	FUZZ_PROMISE(strstr(text, "Signature is Valid.") != NULL, "valid out of nothing");
	FUZZ_PROMISE(strstr(text, "Certificate is Trusted.") != NULL, "trusted out of nothing");
	FUZZ_PROMISE(strstr(text, "\n  - Signature Validation: Digest Mismatch.\n") == NULL,
		"valid with a mismatch");
	return 0;
}
