/* Inbound mail: what it reports, and that provisiond reads the same from the JSON that is posted.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "api/record_json.h"
#include "core/authentication_results.h"
#include "mime/facts.h"
#include "mime/report.h"

#define QUEUE_ID "4FuZz1"
#define MESSAGE_ID "1@muni.test"
#define CITIZEN "ciudadano@ciudadano.test"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	mime_init();
	return 0;
}

/* The first line chooses stream and envelope sender. */
static Envelope *envelope_of(const char *line)
{
	Envelope *envelope = envelope_new();

	envelope->stream = line[0] == 'i' ? STREAM_INTERNAL : STREAM_INBOUND;
	envelope->queue_id = g_strdup("4XyZ");
	envelope->client_address = g_strdup("192.0.2.1");
	g_free(envelope->sender);
	envelope->sender = g_strdup(line[0] != '\0' ? line + 1 : "");
	return envelope;
}

static void check_json(const ReportFacts *report)
{
	g_autoptr(GError) error = NULL;
	json_t *json = report_facts_to_json(report), *again;
	g_autoptr(ReportFacts) read = NULL;

	FUZZ_PROMISE(json != NULL, "the report is no JSON");
	read = report_facts_from_json(json, &error);
	FUZZ_PROMISE(read != NULL, "our own JSON is refused: %s", error->message);
	again = report_facts_to_json(read);
	FUZZ_PROMISE(json_equal(json, again), "the report is another after JSON");
	json_decref(again);
	json_decref(json);
}

static void check_verdicts(const ReportFacts *report)
{
	char *queue_ids[] = {(char *)QUEUE_ID, NULL}, *recipients[] = {(char *)CITIZEN, NULL};
	const SendFacts send = {
		(char *)"s1", (char *)"token", (char *)MESSAGE_ID, queue_ids, recipients};
	g_autoptr(GPtrArray) verdicts = evidence_judge(report, &send);

	for (guint i = 0; i < verdicts->len; i++) {
		const Verdict *verdict = verdicts->pdata[i];

		FUZZ_PROMISE(!verdict->counts || report->kind != REPORT_AUTOMATIC,
			"an automatic answer counts");
		FUZZ_PROMISE(!verdict->counts || verdict->recipient != NULL, "counts for nobody");
		FUZZ_PROMISE(verdict->recipient == NULL || strcmp(verdict->recipient, CITIZEN) == 0,
			"an unrecorded recipient");
		FUZZ_PROMISE(!verdict->counts || verdict->event != DELIVERY_ACKNOWLEDGED ||
				     report->envelope_sender[0] != '\0',
			"the null sender acknowledged");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *line = fuzz_take_line(&data, &size);
	g_autoptr(Envelope) envelope = envelope_of(line);
	g_autoptr(MailMessage) message = mail_message_parse(data, size);
	g_autoptr(ReportFacts) report = mime_report(message, envelope, "mx.muni.test");

	FUZZ_PROMISE(report != NULL, "mime_report gave nothing");
	FUZZ_PROMISE(report->token == NULL && report->original_sha256 == NULL,
		"what is the caller's is filled");
	mime_report_is_candidate(report);
	/* The milter takes only UTF-8 sender addresses from Postfix (SMTPUTF8). */
	if (!g_utf8_validate(line, -1, NULL))
		return 0;
	report->original_sha256 = g_strnfill(64, 'a');
	check_json(report);
	check_verdicts(report);
	return 0;
}
