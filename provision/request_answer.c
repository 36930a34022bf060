/* request_answer.h. Runs in the committer. */
#include "provision/request_answer.h"

#include <string.h>

#include "provision/accounts.h"
#include "provision/notices.h"
#include "provision/row.h"
#include "provision/tramite.h"

static json_t *facts_of(const RequestChange *change)
{
	const json_t *row = change->row;
	const char *title = row_text(row, "title");
	g_autofree char *about = g_strdup_printf(
		"%s %s", row_text(row, "given_names"), row_text(row, "paternal_surname"));

	return json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:s?}", "id", row_text(row, "id"), "state",
		row_text(row, "state"), "about", title != NULL ? title : about, "reasons",
		change->reasons, "tramite", row_text(row, "tramite"), "uid", row_text(row, "uid"));
}

static gboolean tell_tramite(
	StoreTxn *txn, const RequestChange *change, const json_t *facts, GError **error)
{
	const Service *service = change->request->service;
	g_autofree char *subject = notice_request.subject(facts);
	g_autoptr(GString) text = g_string_new(NULL);
	TramiteAnswer answer = {.request_id = row_text(facts, "id"),
		.tramite = row_text(facts, "tramite"),
		.state = row_text(facts, "state"),
		.subject = subject,
		.reasons = change->reasons,
		.account = row_text(facts, "uid"),
		.time_s = service->now_s()};

	notice_request.text(facts, text);
	answer.text = text->str;
	return tramite_add_answer(txn, service->settings, &answer, error);
}

gboolean request_answer(StoreTxn *txn, const RequestChange *change, GError **error)
{
	Service *service = change->request->service;
	const json_t *row = change->row;
	const char *signer = row_text(json_object_get(row, "signer"), "uid");
	const char *tramite = settings_string(service->settings, "notices", "tramite");
	g_autofree char *mail = signer != NULL ? account_mail(service, signer) : g_strdup(tramite);
	json_auto_t *facts = NULL;

	if (strcmp(row_text(row, "state"), "received") == 0)
		return TRUE;
	facts = facts_of(change);
	if (mail != NULL && *mail != '\0' &&
		!notice_add(txn, mail, notice_request.kind, facts, service->now_s(), error))
		return FALSE;
	return tell_tramite(txn, change, facts, error);
}
