/* A leaf (first line) and its opening (the rest), as they stand in a proof bundle. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "api/record_json.h"
#include "provision/bundle_format.h"

static void check_bundle(const char *leaf, const char *opening)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) leaves =
		g_ptr_array_new_with_free_func((GDestroyNotify)bundle_leaf_free);
	BundleLeaf *parsed = bundle_leaf_new(0, leaf, opening, &error);
	g_autofree char *summary = NULL;

	fuzz_check_error(parsed != NULL, error, "bundle_leaf_new");
	if (parsed == NULL)
		return;
	g_ptr_array_add(leaves, parsed);
	bundle_leaf_text(parsed, "message_id");
	bundle_find(leaves, "send.intent");
	summary = bundle_summary(leaves);
	FUZZ_PROMISE(summary != NULL && g_utf8_validate(summary, -1, NULL), "no summary");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *leaf = fuzz_take_line(&data, &size);
	g_autofree char *opening = fuzz_take_rest(data, size);
	g_autoptr(GError) error = NULL;
	gboolean matches = record_check_opening(leaf, opening, &error);

	fuzz_check_error(matches, error, "record_check_opening");
	check_bundle(leaf, *opening != '\0' ? opening : NULL);
	return 0;
}
