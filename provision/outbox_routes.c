/*
 * What waits in the outbox, as the API shows it: which change, of whom or what, since when and why;
 * never its content. Fails as the store does. Any thread.
 */
#include "provision/list.h"
#include "provision/outbox.h"
#include "provision/row.h"

static const char *about(const json_t *body)
{
	static const char *const names[] = {"uid", "label", "form", "send"};

	for (guint i = 0; i < G_N_ELEMENTS(names); i++)
		if (row_text(body, names[i]) != NULL)
			return row_text(body, names[i]);
	return NULL;
}

static json_t *show_entry(const char *key, const char *value, gpointer data, GError **error)
{
	json_auto_t *entry = row_parse(value, error);
	const json_t *body = json_object_get(entry, "body");

	(void)data;
	if (entry == NULL)
		return NULL;
	return json_pack("{s:I, s:s?, s:s?, s:s?, s:s?}", "number",
		(json_int_t)g_ascii_strtoull(key, NULL, 10), "kind", row_text(entry, "kind"),
		"about", about(body), "waits", row_text(entry, "waits"), "trouble",
		row_text(entry, "trouble"));
}

static gboolean list_entries(const ApiRequest *request, ApiResponse *response, GError **error)
{
	const List list = {TABLE_OUTBOX, "", FALSE, show_entry, NULL};

	return list_answer(request, &list, response, error);
}

static gboolean post_retry(const ApiRequest *request, ApiResponse *response, GError **error)
{
	if (!api_known(request->body, error, NULL))
		return FALSE;
	outbox_retry(request->service->outbox);
	response->json = json_object();
	return TRUE;
}

const Route routes_outbox[] = {
	{"GET", "/v1/outbox", ROLE_OTIC | ROLE_AUDITOR, FALSE, list_entries},
	{"POST", "/v1/outbox/retry", ROLE_OTIC, FALSE, post_retry},
	{NULL, NULL, 0, FALSE, NULL},
};
