/*
 * purge_incoming of purge.h: of mail to an official mailbox what is personal goes, out of its row,
 * the openings of its leaves and the index; that it came, when, and what became of it stays. Fails
 * with NOT_FOUND, CONFLICT or the store's errors, and then nothing changed. Changes run in the
 * committer's thread.
 */
#include "provision/purge.h"

#include <string.h>

#include "api/record_json.h"
#include "base/error.h"
#include "provision/incoming.h"

typedef struct {
	Service *service;
	const char *id, *setting;
} Purge;

static gboolean check_settled(Service *service, const json_t *row, GError **error)
{
	const char *confirmation = row_text(json_object_get(row, "confirmation"), "state");
	gboolean queued;

	if (strcmp(row_text(row, "state"), INCOMING_OPEN) == 0)
		return purge_refuse("it waits for an answer", error);
	if (g_strcmp0(confirmation, "ordered") == 0)
		return purge_refuse("its confirmation waits", error);
	return purge_find_queued(service->store, row_text(row, "id"), &queued, error) &&
	       (!queued || purge_refuse("something of it waits in the outbox", error));
}

/* Under one key stand the numbers of several mails with that Message-ID. */
static gboolean forget_id(StoreTxn *txn, const json_t *row, GError **error)
{
	const char *message_id = row_text(row, "message_id");
	g_autofree char *key = message_id != NULL ? incoming_id_key(message_id) : NULL;
	g_autofree char *before = NULL, *after = NULL;
	g_autoptr(GStrvBuilder) left = g_strv_builder_new();
	g_auto(GStrv) ids = NULL, kept = NULL;

	if (key == NULL)
		return TRUE;
	if (!row_load_text(txn, TABLE_INDEX, key, &before, error))
		return FALSE;
	ids = g_strsplit(before != NULL ? before : "", " ", -1);
	for (char **id = ids; *id != NULL; id++)
		if (strcmp(*id, row_text(row, "id")) != 0)
			g_strv_builder_add(left, *id);
	kept = g_strv_builder_end(left);
	after = g_strjoinv(" ", kept);
	return *after != '\0' ? store_put(txn, TABLE_INDEX, key, after, error)
			      : store_delete(txn, TABLE_INDEX, key, error);
}

static gboolean forget_same(StoreTxn *txn, const json_t *row, gboolean proved, GError **error)
{
	g_autofree char *key = incoming_same_key(row, proved), *owner = NULL;

	return row_load_text(txn, TABLE_INDEX, key, &owner, error) &&
	       (g_strcmp0(owner, row_text(row, "id")) != 0 ||
		       store_delete(txn, TABLE_INDEX, key, error));
}

/* That he was told today holds until the day is over. */
static gboolean forget_told(
	StoreTxn *txn, const Service *service, const json_t *row, GError **error)
{
	const char *from = row_text(row, "from");
	g_autofree char *key = from != NULL ? incoming_told_key(from) : NULL;
	g_autofree char *today = service_today(service), *day = NULL;

	if (key == NULL)
		return TRUE;
	return row_load_text(txn, TABLE_INDEX, key, &day, error) &&
	       (day == NULL || strcmp(day, today) >= 0 ||
		       store_delete(txn, TABLE_INDEX, key, error));
}

static gboolean drop_openings(StoreTxn *txn, const json_t *row, GError **error)
{
	json_t *leaf;
	size_t i;

	json_array_foreach(json_object_get(row, "leaves"), i, leaf)
		if (!store_drop_opening(txn, (guint64)json_integer_value(leaf), error))
			return FALSE;
	return TRUE;
}

static void scrub(json_t *row, const char *time)
{
	static const char *const texts[] = {
		"message_id", "from", "envelope_sender", "subject", "date", "client_address"};
	json_t *closed = json_object_get(row, "closed");

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
		json_object_set_new(row, texts[i], json_null());
	json_object_set_new(row, "mailboxes", json_array());
	if (json_is_object(closed))
		json_object_set_new(closed, "reason", json_null());
	json_object_set_new(row, "purged", json_string(time));
}

static gboolean purge_change(StoreTxn *txn, gpointer data, GError **error)
{
	const Purge *purge = data;
	const Service *service = purge->service;
	gint64 now_s = service->now_s();
	g_autoptr(Record) record = record_new("incoming.purged", purge->id, now_s);
	g_autofree char *time = time_to_rfc3339(now_s);
	json_auto_t *row = NULL;

	if (!incoming_load(txn, purge->id, &row, error))
		return FALSE;
	if (row_text(row, "purged") != NULL)
		return TRUE;
	record_add(record, "setting", purge->setting);
	if (!check_settled(purge->service, row, error) || !forget_id(txn, row, error) ||
		!forget_same(txn, row, TRUE, error) || !forget_same(txn, row, FALSE, error) ||
		!forget_told(txn, service, row, error) || !drop_openings(txn, row, error))
		return FALSE;
	scrub(row, time);
	return incoming_append(txn, row, record, error) && incoming_save(txn, row, error);
}

gboolean purge_incoming(Service *service, const char *id, const char *setting, GError **error)
{
	Purge purge = {service, id, setting};

	return store_run(service->store, purge_change, &purge, error);
}
