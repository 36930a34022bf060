/* row.h: thin over the store and jansson. No state; any thread that may call the store. */
#include "provision/row.h"

#include <stdlib.h>

#include "base/error.h"
#include "cms/digest.h"

json_t *row_parse(const char *text, GError **error)
{
	json_t *row = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

	if (json_is_object(row))
		return row;
	json_decref(row);
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED, "a stored row is not a JSON object");
	return NULL;
}

/* What the store answered, as row_load does; text and failure are consumed. */
static gboolean take(char *text, GError *failure, json_t **row, GError **error)
{
	g_autofree char *owned = text;

	*row = NULL;
	if (failure != NULL) {
		g_propagate_error(error, failure);
		return FALSE;
	}
	if (owned == NULL)
		return TRUE;
	*row = row_parse(owned, error);
	return *row != NULL;
}

gboolean row_load(StoreTxn *txn, StoreTable table, const char *key, json_t **row, GError **error)
{
	GError *failure = NULL;
	char *text = store_get_txn(txn, table, key, &failure);

	return take(text, failure, row, error);
}

gboolean row_read(Store *store, StoreTable table, const char *key, json_t **row, GError **error)
{
	GError *failure = NULL;
	char *text = store_get(store, table, key, &failure);

	return take(text, failure, row, error);
}

gboolean row_save(
	StoreTxn *txn, StoreTable table, const char *key, const json_t *row, GError **error)
{
	char *text = json_dumps(row, JSON_COMPACT);
	gboolean saved = store_put(txn, table, key, text, error);

	free(text);
	return saved;
}

const char *row_text(const json_t *row, const char *name)
{
	return json_string_value(json_object_get(row, name));
}

void record_add_salted(Record *record, const char *name, const char *value)
{
	guint8 salt[RECORD_SALT_BYTES];

	if (value == NULL)
		return;
	random_bytes(salt, sizeof salt);
	record_add_personal(record, name, value, salt);
}
