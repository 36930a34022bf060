/* What the signer reads of an entity: the mailbox in the first line, the entity in the rest. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "signer/header_block.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *mailbox = fuzz_take_line(&data, &size);
	g_autoptr(GBytes) entity = g_bytes_new(data, size);
	g_autoptr(GError) error = NULL;
	gboolean fine = header_block_check(entity, mailbox, &error);
	g_autofree char *lower = NULL, *wanted = NULL;

	fuzz_check_error(fine, error, "header_block_check");
	if (!fine)
		return 0;
	lower = g_ascii_strdown((const char *)data, (gssize)MIN(size, HEADER_BLOCK_MAX_BYTES));
	wanted = g_ascii_strdown(mailbox, -1);
	FUZZ_PROMISE(*mailbox != '\0' && strstr(lower, wanted) != NULL,
		"the mailbox is not in the block");
	FUZZ_PROMISE(strstr(lower, "hp") != NULL && strstr(lower, "clear") != NULL,
		"nothing protects the header");
	return 0;
}
