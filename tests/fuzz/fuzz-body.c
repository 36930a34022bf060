/* Bodies of the sends' calls: what passes the check can be recorded. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "provision/send_record.h"
#include "provision/sends.h"

static void check_intent(const json_t *body)
{
	g_autoptr(GError) error = NULL;
	gboolean fine = send_check_intent(body, &error);
	json_auto_t *send = NULL;
	g_autoptr(SendFacts) facts = NULL;
	g_autofree char *fingerprint = NULL;

	fuzz_check_error(fine, error, "send_check_intent");
	if (!fine)
		return;
	send = send_record_new(body, 1795294436);
	FUZZ_PROMISE(send != NULL && send_record_id(send) != NULL, "a good intent makes no send");
	FUZZ_PROMISE(send_record_state(send) == SEND_INTENT, "state of a new send");
	fingerprint = send_record_fingerprint(send);
	FUZZ_PROMISE(fingerprint != NULL && strlen(fingerprint) == 64, "fingerprint");
	facts = send_record_facts(send);
	FUZZ_PROMISE(facts->recipients != NULL && facts->recipients[0] != NULL, "a send to nobody");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_auto_t *body = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
	g_autoptr(GError) error = NULL;
	Prepared prepared = {0};
	gboolean fine;

	if (!json_is_object(body))
		return 0;
	check_intent(body);
	fine = send_check_prepared(body, &prepared, &error);
	fuzz_check_error(fine, error, "send_check_prepared");
	FUZZ_PROMISE(
		!fine || (prepared.size > 0 && strlen(prepared.message_sha256) == 64), "prepared");
	return 0;
}
