/*
 * What the ledger has of one account (A12): GET /v1/accounts/{uid}/history. Reads the leaves in
 * their order and looks for the name; one call looks at so many leaves at most, and `next` says
 * where to go on, so that no call holds a thread for long. Any thread; fails as the store does.
 */
#include <string.h>

#include "base/error.h"
#include "provision/accounts.h"
#include "provision/row.h"

#define LEAVES_MAX 100000 /* looked at in one call */

typedef struct {
	const char *uid;
	GHashTable *ids;
} Requests;

/* A request is filed and approved before its account has a name. */
static gboolean collect_request(const char *key, const char *value, gpointer data)
{
	const Requests *own = data;
	json_auto_t *row = strstr(value, own->uid) != NULL ? row_parse(value, NULL) : NULL;

	if (row != NULL && g_strcmp0(row_text(row, "uid"), own->uid) == 0)
		g_hash_table_add(own->ids, g_strdup(key));
	return TRUE;
}

/* Whether the leaf is about the account: it, its request, or an office that its owner left. */
static gboolean is_about(const json_t *leaf, const char *uid, GHashTable *requests)
{
	const char *type = row_text(leaf, "type");

	if (type == NULL)
		return FALSE;
	if (g_str_has_prefix(type, "account.") || g_str_has_prefix(type, "office."))
		return g_strcmp0(row_text(leaf, "id"), uid) == 0 ||
		       g_strcmp0(row_text(leaf, "person"), uid) == 0;
	return g_str_has_prefix(type, "request.") &&
	       (g_strcmp0(row_text(leaf, "uid"), uid) == 0 ||
		       g_hash_table_contains(requests, row_text(leaf, "id")));
}

static json_t *show(guint64 index, const json_t *leaf)
{
	static const char *const members[] = {
		"time", "type", "id", "actor", "document", "reason", "date", "receipt"};
	json_t *item = json_pack("{s:I}", "index", (json_int_t)index);

	for (size_t i = 0; i < G_N_ELEMENTS(members); i++)
		json_object_set_new(item, members[i], json_pack("s?", row_text(leaf, members[i])));
	return item;
}

/* Appends the leaf to items when it is about the account. */
static gboolean look(Store *store, guint64 index, const char *uid, GHashTable *requests,
	json_t *items, GError **error)
{
	g_autofree char *text = store_leaf(store, index, error);
	g_autofree char *quoted = g_strdup_printf("\"%s\"", uid);
	json_auto_t *leaf = NULL;

	if (text == NULL)
		return FALSE;
	if (strstr(text, quoted) == NULL && strstr(text, "\"type\":\"request.") == NULL)
		return TRUE;
	leaf = row_parse(text, error);
	if (leaf != NULL && is_about(leaf, uid, requests))
		json_array_append_new(items, show(index, leaf));
	return leaf != NULL;
}

gboolean account_history(const ApiRequest *request, ApiResponse *response, GError **error)
{
	Store *store = request->service->store;
	const char *uid = request->arguments[0], *after;
	g_autoptr(GHashTable) requests =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	Requests own = {uid, requests};
	g_autofree char *next = NULL;
	guint64 size = store_tree_size(store), from = 0, index;
	json_auto_t *items = json_array();
	guint limit;

	if (!api_page(request, &limit, &after, error))
		return FALSE;
	if (after != NULL && !g_ascii_string_to_unsigned(after, 10, 0, G_MAXINT64, &from, NULL))
		return api_invalid(error, "after", "must be a cursor of this list");
	if (!store_scan(store, TABLE_REQUESTS, "", NULL, FALSE, collect_request, &own, error))
		return FALSE;
	for (index = from;
		index < size && index - from < LEAVES_MAX && json_array_size(items) < limit;
		index++)
		if (!look(store, index, uid, requests, items, error))
			return FALSE;
	if (index < size)
		next = g_strdup_printf("%" G_GUINT64_FORMAT, index);
	response->json = json_pack("{s:O, s:s?}", "items", items, "next", next);
	return TRUE;
}
