/* The body of POST /v1/events: what is taken comes out again the same. */
#include "tests/fuzz/fuzz.h"

#include "api/record_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *json = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL), *once,
	       *twice;
	g_autoptr(GError) error = NULL, second_error = NULL;
	g_autoptr(ReportFacts) first = NULL, second = NULL;

	if (json == NULL)
		return 0;
	first = report_facts_from_json(json, &error);
	fuzz_check_error(first != NULL, error, "report_facts_from_json");
	json_decref(json);
	if (first == NULL)
		return 0;
	once = report_facts_to_json(first);
	FUZZ_PROMISE(once != NULL, "what was read is no JSON");
	second = report_facts_from_json(once, &second_error);
	FUZZ_PROMISE(second != NULL, "what was read is refused: %s", second_error->message);
	twice = report_facts_to_json(second);
	FUZZ_PROMISE(json_equal(once, twice), "another report");
	json_decref(once);
	json_decref(twice);
	return 0;
}
