/*
 * purge_event of purge.h: what came back and belongs to no send is a row, its bytes and the ways to
 * find it; its leaf says that something went, and nothing of whom. Fails with the store's errors,
 * and then nothing changed. Changes run in the committer's thread.
 */
#include "provision/purge.h"

#include "api/record_json.h"
#include "provision/collect.h"
#include "provision/row.h"
#include "provision/sends.h"

typedef struct {
	Service *service;
	const char *key, *setting;
} Purge;

static gboolean purge_change(StoreTxn *txn, gpointer data, GError **error)
{
	const Purge *purge = data;
	g_autoptr(Record) record = record_new("event.purged", purge->key, purge->service->now_s());
	g_autoptr(ReportFacts) report = NULL;
	g_autofree char *index = NULL;
	json_auto_t *row = NULL;

	if (!row_load(txn, TABLE_EVENTS, purge->key, &row, error))
		return FALSE;
	if (row == NULL || row_text(row, "matched") != NULL)
		return TRUE;
	report = report_facts_from_json(json_object_get(row, "report"), error);
	if (report == NULL)
		return FALSE;
	index = event_index_key(report);
	record_add(record, "setting", purge->setting);
	return collect_give_up(txn, report->original_sha256, error) &&
	       store_delete(txn, TABLE_INDEX, index, error) &&
	       store_delete(txn, TABLE_EVENTS, purge->key, error) &&
	       store_append(txn, record, NULL, error);
}

gboolean purge_event(Service *service, const char *key, const char *setting, GError **error)
{
	Purge purge = {service, key, setting};

	return store_run(service->store, purge_change, &purge, error);
}
