/* A permit from the milter: only what was made with the key is good. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "signer/permit.h"

#define KEY "0123456789abcdef0123456789abcdef"

/* Words of the input make a permit, which has to be read as it was made. */
static void make_and_check(GBytes *key, const char *text)
{
	g_auto(GStrv) words = g_strsplit(text, " ", 4);
	g_autoptr(GError) error = NULL;
	g_autofree char *made = NULL;
	g_autoptr(Permit) permit = NULL;

	if (g_strv_length(words) < 3)
		return;
	made = permit_make(key, words[0], words[1], words[2], 2000, &error);
	fuzz_check_error(made != NULL, error, "permit_make");
	if (made == NULL)
		return;
	permit = permit_check(key, made, 1999, NULL);
	FUZZ_PROMISE(permit != NULL, "a permit made here is refused: %s", made);
	FUZZ_PROMISE(
		strcmp(permit->send_id, words[0]) == 0 && strcmp(permit->mailbox, words[1]) == 0 &&
			strcmp(permit->entity_sha256, words[2]) == 0 && permit->expires_s == 2000,
		"another permit");
	FUZZ_PROMISE(permit_check(key, made, 2000, NULL) == NULL, "an expired permit is taken");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) key = g_bytes_new_static(KEY, 32), other = g_bytes_new_static(KEY, 31);
	g_autofree char *text = fuzz_take_rest(data, size);
	g_autoptr(GError) error = NULL;
	g_autoptr(Permit) permit = permit_check(key, text, 1000, &error);

	fuzz_check_error(permit != NULL, error, "permit_check");
	if (permit != NULL) {
		g_autoptr(Permit) again = permit_check(other, text, 1000, NULL);

		FUZZ_PROMISE(again == NULL, "good under another key");
		FUZZ_PROMISE(strlen(permit->entity_sha256) == 64 && permit->expires_s > 1000,
			"its parts");
	}
	make_and_check(key, text);
	return 0;
}
