/*
 * Rows of the store that are JSON objects, and salted fields of the ledger's records: what every
 * part of provisiond that keeps something does in the same way.
 */
#ifndef ACUSE_PROVISION_ROW_H
#define ACUSE_PROVISION_ROW_H

#include <jansson.h>

#include "core/record.h"
#include "provision/store.h"

/*
 * The row in *row, a new reference, NULL when there is none. FALSE with the store's error, or
 * DAMAGED when what it gave is no JSON object. row_load reads inside a change, row_read beside it.
 */
gboolean row_load(StoreTxn *txn, StoreTable table, const char *key, json_t **row, GError **error);
gboolean row_read(Store *store, StoreTable table, const char *key, json_t **row, GError **error);
gboolean row_save(
	StoreTxn *txn, StoreTable table, const char *key, const json_t *row, GError **error);

/* The same of a value that is no JSON: a new string in *text, NULL when there is none. */
gboolean row_load_text(
	StoreTxn *txn, StoreTable table, const char *key, char **text, GError **error);
gboolean row_read_text(
	Store *store, StoreTable table, const char *key, char **text, GError **error);
/* What two may make at the same time and must be one: *text is kept under the key, unless something
 * is there already; then that takes its place, a new string too. FALSE leaves it as it was. */
gboolean row_keep_text(
	Store *store, StoreTable table, const char *key, char **text, GError **error);

/* What the store gave to a visitor; NULL with DAMAGED. */
json_t *row_parse(const char *text, GError **error);

/* A string member, or NULL. */
const char *row_text(const json_t *row, const char *name);

/* A personal field under a fresh random salt; NULL adds nothing. */
void record_add_salted(Record *record, const char *name, const char *value);

#endif
