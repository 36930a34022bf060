/* request_answer.h. Runs in the committer. */
#include "provision/request_answer.h"

#include <string.h>

#include "provision/accounts.h"
#include "provision/notices.h"
#include "provision/row.h"

gboolean request_answer(StoreTxn *txn, const RequestChange *change, GError **error)
{
	Service *service = change->request->service;
	const json_t *row = change->row;
	const char *signer = row_text(json_object_get(row, "signer"), "uid");
	const char *tramite = settings_string(service->settings, "notices", "tramite");
	const char *state = row_text(row, "state");
	g_autofree char *mail = signer != NULL ? account_mail(service, signer) : g_strdup(tramite);
	const char *title = row_text(row, "title");
	g_autofree char *about = g_strdup_printf(
		"%s %s", row_text(row, "given_names"), row_text(row, "paternal_surname"));
	json_auto_t *facts = NULL;

	if (mail == NULL || *mail == '\0' || strcmp(state, "received") == 0)
		return TRUE;
	facts = json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:s?}", "id", row_text(row, "id"), "state",
		state, "about", title != NULL ? title : about, "reasons", change->reasons,
		"tramite", row_text(row, "tramite"), "uid", row_text(row, "uid"));
	return notice_add(txn, mail, notice_request.kind, facts, service->now_s(), error);
}
