/*
 * collect.h: candidates, less every digest that stands in any row of the tables, beside the
 * committer; then one by one in a change. A digest is found as 64 hexadecimal digits, wherever they
 * stand: what only looks like a name keeps its bytes. Files that were not given up are kept by a
 * leaf of the ledger too. What is named after the look was put or asked for shortly before
 * (blobs.h), so its file is young. TABLE_INDEX "given-up/SHA256" waits for its removal,
 * "collect/from" is the folder that the next pass begins with. Fails as the store and the message
 * store do. Any thread.
 */
#include "provision/collect.h"

#include <string.h>

#include "provision/row.h"

#define GIVEN_UP "given-up/"
#define FROM_KEY "collect/from"
#define AGE_S 86400
/* Of one pass; the next one goes on where it ended. */
#define CANDIDATES_MAX 100000
#define FOLDERS 256
#define DIGEST_CHARS 64

typedef struct {
	Service *service;
	GHashTable *candidates; /* digest -> whether it was given up */
	gint64 before_s;
	guint next; /* folder */
	guint removed;
	const char *digest; /* the one in work */
} Collection;

gboolean collect_give_up(StoreTxn *txn, const char *sha256, GError **error)
{
	g_autofree char *key = g_strconcat(GIVEN_UP, sha256, NULL);

	return store_put(txn, TABLE_INDEX, key, "1", error);
}

static gboolean add_given_up(const char *key, const char *value, gpointer data)
{
	Collection *collection = data;

	(void)value;
	g_hash_table_replace(
		collection->candidates, g_strdup(key + strlen(GIVEN_UP)), GINT_TO_POINTER(TRUE));
	return g_hash_table_size(collection->candidates) < CANDIDATES_MAX;
}

static gboolean add_old_files(Collection *collection, GError **error)
{
	g_autofree char *from = NULL;
	guint first;

	if (!row_read_text(collection->service->store, TABLE_INDEX, FROM_KEY, &from, error))
		return FALSE;
	first = from != NULL ? (guint)g_ascii_strtoull(from, NULL, 10) % FOLDERS : 0;
	collection->next = first;
	for (guint i = 0; i < FOLDERS; i++) {
		g_autoptr(GPtrArray) old = NULL;

		if (g_hash_table_size(collection->candidates) >= CANDIDATES_MAX)
			return TRUE;
		old = blobs_old(collection->service->blobs, (first + i) % FOLDERS,
			collection->before_s, error);
		if (old == NULL)
			return FALSE;
		for (guint j = 0; j < old->len; j++)
			if (!g_hash_table_contains(collection->candidates, old->pdata[j]))
				g_hash_table_insert(collection->candidates, g_strdup(old->pdata[j]),
					GINT_TO_POINTER(FALSE));
		collection->next = (first + i + 1) % FOLDERS;
	}
	return TRUE;
}

/* Takes away the candidates that a text names; of those given up too, when all is set. */
static void strike(Collection *collection, const char *text, gboolean all)
{
	while (*text != '\0') {
		gsize run = strspn(text, "0123456789abcdef");

		for (gsize i = 0; i + DIGEST_CHARS <= run; i++) {
			char digest[DIGEST_CHARS + 1];
			gpointer given_up;

			memcpy(digest, text + i, DIGEST_CHARS);
			digest[DIGEST_CHARS] = '\0';
			if (g_hash_table_lookup_extended(
				    collection->candidates, digest, NULL, &given_up) &&
				(all || !GPOINTER_TO_INT(given_up)))
				g_hash_table_remove(collection->candidates, digest);
		}
		text += run;
		text += strcspn(text, "0123456789abcdef");
	}
}

static gboolean strike_row(const char *key, const char *value, gpointer data)
{
	Collection *collection = data;

	if (!g_str_has_prefix(key, GIVEN_UP)) {
		strike(collection, key, TRUE);
		strike(collection, value, TRUE);
	}
	return g_hash_table_size(collection->candidates) > 0;
}

static gboolean has_files(const Collection *collection)
{
	GHashTableIter iter;
	gpointer given_up;

	g_hash_table_iter_init(&iter, collection->candidates);
	while (g_hash_table_iter_next(&iter, NULL, &given_up))
		if (!GPOINTER_TO_INT(given_up))
			return TRUE;
	return FALSE;
}

static gboolean strike_named(Collection *collection, GError **error)
{
	Store *store = collection->service->store;
	guint64 size = store_tree_size(store);

	for (guint table = 0; table < STORE_N_TABLES; table++)
		if (!store_scan(store, (StoreTable)table, "", NULL, FALSE, strike_row, collection,
			    error))
			return FALSE;
	for (guint64 i = 0; i < size && has_files(collection); i++) {
		g_autofree char *leaf = store_leaf(store, i, error);

		if (leaf == NULL)
			return FALSE;
		strike(collection, leaf, FALSE);
	}
	return TRUE;
}

/* The bytes first: what a crash cuts off here is done again, for nothing names them. */
static gboolean remove_change(StoreTxn *txn, gpointer data, GError **error)
{
	Collection *collection = data;
	g_autofree char *key = g_strconcat(GIVEN_UP, collection->digest, NULL);
	gboolean absent;

	if (!blobs_remove_old(collection->service->blobs, collection->digest, collection->before_s,
		    &absent, error))
		return FALSE;
	if (absent)
		collection->removed++;
	return store_drop_blob(txn, collection->digest, error) &&
	       (!absent || store_delete(txn, TABLE_INDEX, key, error));
}

static gboolean keep_from(StoreTxn *txn, gpointer data, GError **error)
{
	const Collection *collection = data;
	g_autofree char *next = g_strdup_printf("%u", collection->next);

	return store_put(txn, TABLE_INDEX, FROM_KEY, next, error);
}

static gboolean remove_rest(Collection *collection, GError **error)
{
	GHashTableIter iter;
	gpointer digest;

	g_hash_table_iter_init(&iter, collection->candidates);
	while (g_hash_table_iter_next(&iter, &digest, NULL)) {
		collection->digest = digest;
		if (!store_run(collection->service->store, remove_change, collection, error))
			return FALSE;
	}
	return TRUE;
}

gboolean collect_run(Service *service, gboolean given_up_only, guint *removed, GError **error)
{
	g_autoptr(GHashTable) candidates =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	Collection collection = {service, candidates, service->now_s() - AGE_S, 0, 0, NULL};
	gboolean done = store_scan(service->store, TABLE_INDEX, GIVEN_UP, NULL, FALSE, add_given_up,
				&collection, error) &&
			(given_up_only || add_old_files(&collection, error)) &&
			(g_hash_table_size(candidates) == 0 || strike_named(&collection, error)) &&
			remove_rest(&collection, error) &&
			(given_up_only || store_run(service->store, keep_from, &collection, error));

	*removed = collection.removed;
	return done;
}
