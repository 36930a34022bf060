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

static gboolean pass_on(GError *failure, GError **error)
{
	if (failure != NULL)
		g_propagate_error(error, failure);
	return failure == NULL;
}

gboolean row_load_text(
	StoreTxn *txn, StoreTable table, const char *key, char **text, GError **error)
{
	GError *failure = NULL;

	*text = store_get_txn(txn, table, key, &failure);
	return pass_on(failure, error);
}

gboolean row_read_text(Store *store, StoreTable table, const char *key, char **text, GError **error)
{
	GError *failure = NULL;

	*text = store_get(store, table, key, &failure);
	return pass_on(failure, error);
}

static gboolean parse_found(const char *text, json_t **row, GError **error)
{
	*row = text != NULL ? row_parse(text, error) : NULL;
	return text == NULL || *row != NULL;
}

gboolean row_load(StoreTxn *txn, StoreTable table, const char *key, json_t **row, GError **error)
{
	g_autofree char *text = NULL;

	*row = NULL;
	return row_load_text(txn, table, key, &text, error) && parse_found(text, row, error);
}

gboolean row_read(Store *store, StoreTable table, const char *key, json_t **row, GError **error)
{
	g_autofree char *text = NULL;

	*row = NULL;
	return row_read_text(store, table, key, &text, error) && parse_found(text, row, error);
}

typedef struct {
	StoreTable table;
	const char *key;
	char **text;
} Keep;

static gboolean keep_change(StoreTxn *txn, gpointer data, GError **error)
{
	const Keep *keep = data;
	g_autofree char *kept = NULL;

	if (!row_load_text(txn, keep->table, keep->key, &kept, error))
		return FALSE;
	if (kept == NULL)
		return store_put(txn, keep->table, keep->key, *keep->text, error);
	g_free(*keep->text);
	*keep->text = g_steal_pointer(&kept);
	return TRUE;
}

gboolean row_keep_text(Store *store, StoreTable table, const char *key, char **text, GError **error)
{
	Keep keep = {table, key, text};

	return store_run(store, keep_change, &keep, error);
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
