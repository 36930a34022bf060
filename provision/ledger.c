/*
 * The ledger's calls: head, entries, proofs. Reads only, but for the head, which may be signed
 * anew. Fails as the store does.
 */
#include <stdlib.h>

#include "base/error.h"
#include "provision/heads.h"
#include "provision/list.h"
#include "provision/service.h"

#define ROLES_LOCAL                                                                                \
	(ROLE_OUTGOING | ROLE_EVIDENCE | ROLE_OTIC | ROLE_HR | ROLE_TRAMITE | ROLE_AUDITOR |       \
		ROLE_HEAD)

static gboolean get_head(const ApiRequest *request, ApiResponse *response, GError **error)
{
	g_autofree char *head = heads_current(request->service, error);

	if (head == NULL)
		return FALSE;
	response->json = json_loads(head, 0, NULL);
	json_object_del(response->json, "leaf");
	return TRUE;
}

static json_t *show_head(const char *key, const char *value, gpointer data, GError **error)
{
	json_t *head = json_loads(value, 0, NULL);

	(void)data;
	if (head == NULL)
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED, "head %s cannot be read", key);
	json_object_del(head, "leaf");
	json_object_del(head, "trouble");
	return head;
}

/* Those that were signed, by size. */
static gboolean get_heads(const ApiRequest *request, ApiResponse *response, GError **error)
{
	const List list = {TABLE_HEADS, "", FALSE, show_head, NULL};

	return list_answer(request, &list, response, error);
}

static gboolean number(const ApiRequest *request, const char *name, gboolean *present,
	guint64 *value, GError **error)
{
	const char *text = request->query(request->http, name);

	*present = text != NULL;
	if (text == NULL || g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT64, value, NULL))
		return TRUE;
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "%s: must be a number", name);
	return FALSE;
}

static gboolean add_entry(Store *store, guint64 index, json_t *items, GError **error)
{
	g_autofree char *leaf = store_leaf(store, index, error);
	GError *failure = NULL;
	g_autofree char *opening = NULL, *hex = NULL;
	MerkleHash hash;

	if (leaf == NULL || !store_leaf_hash(store, index, &hash, error))
		return FALSE;
	opening = store_opening(store, index, &failure);
	if (failure != NULL) {
		g_propagate_error(error, failure);
		return FALSE;
	}
	hex = merkle_hash_to_hex(&hash);
	json_array_append_new(items, json_pack("{s:I, s:s, s:s?, s:s}", "index", (json_int_t)index,
					     "leaf", leaf, "opening", opening, "hash", hex));
	return TRUE;
}

/* ?after= is the index of the last entry seen. */
static gboolean get_entries(const ApiRequest *request, ApiResponse *response, GError **error)
{
	Store *store = request->service->store;
	guint64 size = store_tree_size(store), first = 0, end;
	g_autofree char *next = NULL;
	const char *after;
	gboolean present;
	json_t *items;
	guint limit;

	if (!api_page(request, &limit, &after, error) ||
		!number(request, "after", &present, &first, error))
		return FALSE;
	if (present)
		first++;
	end = first >= size ? first : MIN(size, first + limit);
	items = json_array();
	for (guint64 i = first; i < end; i++) {
		if (!add_entry(store, i, items, error)) {
			json_decref(items);
			return FALSE;
		}
	}
	if (end < size)
		next = g_strdup_printf("%" G_GUINT64_FORMAT, end - 1);
	response->json = json_pack("{s:o, s:s?}", "items", items, "next", next);
	return TRUE;
}

static gboolean get_proof(const ApiRequest *request, ApiResponse *response, GError **error)
{
	Store *store = request->service->store;
	gboolean has_leaf, has_size, has_first, has_second;
	guint64 leaf = 0, size = 0, first = 0, second = 0;
	g_autoptr(GArray) proof = NULL;
	json_t *hashes;

	if (!number(request, "leaf", &has_leaf, &leaf, error) ||
		!number(request, "size", &has_size, &size, error) ||
		!number(request, "first", &has_first, &first, error) ||
		!number(request, "second", &has_second, &second, error))
		return FALSE;
	if (has_leaf && has_size && !has_first && !has_second) {
		proof = store_inclusion_proof(store, leaf, size, error);
	} else if (has_first && has_second && !has_leaf && !has_size) {
		proof = store_consistency_proof(store, first, second, error);
	} else {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID,
			"give leaf and size, or first and second");
		return FALSE;
	}
	if (proof == NULL)
		return FALSE;
	hashes = json_array();
	for (guint i = 0; i < proof->len; i++) {
		g_autofree char *hex = merkle_hash_to_hex(&g_array_index(proof, MerkleHash, i));

		json_array_append_new(hashes, json_string(hex));
	}
	response->json = json_pack("{s:o}", "proof", hashes);
	return TRUE;
}

const Route routes_ledger[] = {
	{"GET", "/v1/ledger/head", ROLES_LOCAL, FALSE, get_head},
	{"GET", "/v1/ledger/heads", ROLE_OTIC | ROLE_AUDITOR, FALSE, get_heads},
	{"GET", "/v1/ledger/entries", ROLE_OTIC | ROLE_AUDITOR, FALSE, get_entries},
	{"GET", "/v1/ledger/proof", ROLE_OTIC | ROLE_AUDITOR, FALSE, get_proof},
	{NULL, NULL, 0, FALSE, NULL},
};
