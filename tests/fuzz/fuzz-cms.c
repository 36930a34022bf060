/* A detached signature as it stands in a bundle or a mail. The content is fixed. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "cms/cms.h"

#define CONTENT "acuse\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) der = g_bytes_new(data, size),
			  content = g_bytes_new_static(CONTENT, strlen(CONTENT));
	g_autoptr(GError) error = NULL;
	g_autoptr(CmsSigner) signer = cms_verify_detached(der, content, NULL, &error);
	g_autoptr(CmsSigner) repeated = cms_verify_repeated(der, content, NULL);
	g_autoptr(GBytes) bare = cms_without_padding(der);

	fuzz_check_error(signer != NULL, error, "cms_verify_detached");
	FUZZ_PROMISE((signer != NULL) == (repeated != NULL), "known certificates judge otherwise");
	FUZZ_PROMISE(bare == NULL || g_bytes_get_size(bare) <= size, "longer without padding");
	if (signer == NULL)
		return 0;
	FUZZ_PROMISE(strlen(signer->certificate_sha256) == 64, "digest of the certificate");
	FUZZ_PROMISE(strcmp(signer->certificate_sha256, repeated->certificate_sha256) == 0,
		"another certificate");
	fuzz_check_utf8(signer->signer_subject, "subject");
	fuzz_check_utf8(signer->signer_email, "e-mail");
	return 0;
}
