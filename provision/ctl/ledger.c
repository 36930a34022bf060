/*
 * acusectl ledger dump and verify. Verify reads every leaf, recomputes the tree from them, checks
 * each opening against its commitments and compares the root with the (signed) head; it trusts
 * nothing that provisiond computed.
 */
#include "ctl.h"
#include "api/record_json.h"
#include "base/error.h"
#include "base/text.h"
#include "cms/cms.h"
#include "core/merkle.h"

#include <stdio.h>
#include <string.h>

#define PAGE_ENTRIES 1000
#define MAX_LEVELS 64

typedef gboolean (*EntryVisit)(
	guint64 index, const char *leaf, const char *opening, gpointer data, GError **error);

static gboolean damaged(GError **error, const char *what, guint64 index)
{
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED, "%s: %" G_GUINT64_FORMAT, what, index);
	return FALSE;
}

static gboolean visit_page(
	const json_t *page, guint64 *index, EntryVisit visit, gpointer data, GError **error)
{
	json_t *items = json_object_get(page, "items");

	for (size_t i = 0; i < json_array_size(items); i++, (*index)++) {
		json_t *item = json_array_get(items, i);
		const char *leaf = json_string_value(json_object_get(item, "leaf"));

		if (leaf == NULL ||
			(guint64)json_integer_value(json_object_get(item, "index")) != *index)
			return damaged(error, "entry is missing", *index);
		if (!visit(*index, leaf, json_string_value(json_object_get(item, "opening")), data,
			    error))
			return FALSE;
	}
	return TRUE;
}

/* Every entry in order; *size gets how many there are. */
static gboolean walk_entries(
	ApiClient *api, EntryVisit visit, gpointer data, guint64 *size, GError **error)
{
	g_autofree char *after = NULL;
	guint64 index = 0;

	do {
		g_autofree char *path =
			after == NULL ? g_strdup_printf("/v1/ledger/entries?limit=%d", PAGE_ENTRIES)
				      : g_strdup_printf("/v1/ledger/entries?limit=%d&after=%s",
						PAGE_ENTRIES, after);
		json_t *page = api_call(api, "GET", path, NULL, error);
		gboolean fine = page != NULL && visit_page(page, &index, visit, data, error);

		g_free(after);
		after = g_strdup(json_string_value(json_object_get(page, "next")));
		json_decref(page);
		if (!fine)
			return FALSE;
	} while (after != NULL);
	*size = index;
	return TRUE;
}

static gboolean dump_entry(
	guint64 index, const char *leaf, const char *opening, gpointer data, GError **error)
{
	json_t *line = json_object();

	(void)data;
	(void)error;
	json_object_set_new(line, "index", json_integer((json_int_t)index));
	json_object_set_new(line, "leaf", json_string(leaf));
	json_object_set_new(line, "opening", opening != NULL ? json_string(opening) : json_null());
	json_dumpf(line, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(line);
	return TRUE;
}

static gboolean run_dump(
	Ctl *ctl, const Command *command, char **arguments, GHashTable *options, GError **error)
{
	guint64 size;

	(void)command;
	(void)arguments;
	(void)options;
	if (!walk_entries(ctl->api, dump_entry, NULL, &size, error))
		return FALSE;
	if (fflush(stdout) == 0)
		return TRUE;
	g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "standard output");
	return FALSE;
}

typedef struct {
	guint64 index;
	MerkleHash hash;
	gboolean known;
} Node;

/* Only the last two completed nodes of each level are ever read while a tree grows: a pair of
 * siblings. */
typedef struct {
	Node last[MAX_LEVELS][2];
	guint64 head_size;
	MerkleHash root; /* of the first head_size leaves */
} Tree;

static gboolean tree_read(
	gpointer data, guint level, guint64 index, MerkleHash *hash, GError **error)
{
	Tree *tree = data;
	const Node *node = level < MAX_LEVELS ? &tree->last[level][index & 1] : NULL;

	if (node == NULL || !node->known || node->index != index)
		return damaged(error, "node is missing", index);
	*hash = node->hash;
	return TRUE;
}

static gboolean tree_write(
	gpointer data, guint level, guint64 index, const MerkleHash *hash, GError **error)
{
	Tree *tree = data;

	if (level >= MAX_LEVELS)
		return damaged(error, "tree is too high", index);
	tree->last[level][index & 1] = (Node){index, *hash, TRUE};
	return TRUE;
}

static gboolean verify_entry(
	guint64 index, const char *leaf, const char *opening, gpointer data, GError **error)
{
	Tree *tree = data;
	MerkleHash hash;

	if (opening != NULL && !record_check_opening(leaf, opening, error)) {
		g_prefix_error(error, "entry %" G_GUINT64_FORMAT ": ", index);
		return FALSE;
	}
	merkle_leaf_hash(leaf, strlen(leaf), &hash);
	if (!merkle_append(index, &hash, tree_read, tree_write, tree, error))
		return FALSE;
	if (index + 1 == tree->head_size)
		return merkle_root(tree->head_size, tree_read, tree, &tree->root, error);
	return TRUE;
}

/* The head's exact text must say what the answer says, and its signature must be over that text. */
static gboolean check_head(
	const json_t *answer, const char *trust, guint64 *size, MerkleHash *root, GError **error)
{
	const char *text = json_string_value(json_object_get(answer, "head"));
	const char *cms = json_string_value(json_object_get(answer, "cms"));
	json_t *head = text != NULL ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
	const char *root_hex = json_string_value(json_object_get(head, "root"));
	gboolean fine = root_hex != NULL && merkle_hash_from_hex(root_hex, root);

	*size = (guint64)json_integer_value(json_object_get(head, "size"));
	json_decref(head);
	if (!fine)
		return damaged(error, "the head cannot be read", 0);
	if (cms == NULL && trust != NULL)
		return damaged(error, "the head is not signed", *size);
	if (cms != NULL) {
		gsize der_size;
		guchar *der = g_base64_decode(cms, &der_size);
		g_autoptr(GBytes) der_bytes = g_bytes_new_take(der, der_size);
		g_autoptr(GBytes) content = g_bytes_new(text, strlen(text));
		g_autoptr(CmsSigner) signer = cms_verify_detached(der_bytes, content, trust, error);

		return signer != NULL;
	}
	return TRUE;
}

static gboolean run_verify(
	Ctl *ctl, const Command *command, char **arguments, GHashTable *options, GError **error)
{
	json_t *head = api_call(ctl->api, "GET", "/v1/ledger/head", NULL, error), *answer;
	g_autofree Tree *tree = g_new0(Tree, 1);
	g_autofree char *root_hex = NULL;
	MerkleHash signed_root;
	guint64 entries;
	gboolean signed_head, fine;

	(void)arguments;
	signed_head = json_is_string(json_object_get(head, "cms"));
	fine = head != NULL && check_head(head, ctl_option(options, "trust"), &tree->head_size,
				       &signed_root, error);
	json_decref(head);
	if (!fine || !walk_entries(ctl->api, verify_entry, tree, &entries, error))
		return FALSE;
	if (tree->head_size == 0)
		merkle_root(0, tree_read, tree, &tree->root, NULL);
	if (entries < tree->head_size)
		return damaged(error, "the head covers entries that are gone, from", entries);
	if (memcmp(&tree->root, &signed_root, sizeof signed_root) != 0)
		return damaged(error, "the entries do not give the root of the head of size",
			tree->head_size);
	root_hex = merkle_hash_to_hex(&signed_root);
	answer = json_pack("{s:I,s:I,s:s,s:b,s:s}", "entries", (json_int_t)entries, "head_size",
		(json_int_t)tree->head_size, "root", root_hex, "signed", signed_head, "result",
		"ok");
	ctl_print(ctl, command, answer);
	json_decref(answer);
	return TRUE;
}

const Command ledger_commands[] = {
	{"ledger", "verify", "", 0, {{"trust", NULL, FALSE, FALSE}, {NULL}},
		N_("Recalcula todo el registro y lo compara con su cabeza firmada."), NULL, NULL,
		run_verify},
	{"ledger", "dump", "", 0, {{NULL}}, N_("Escribe el registro, una linea JSON por asiento."),
		NULL, NULL, run_dump},
	{NULL},
};
