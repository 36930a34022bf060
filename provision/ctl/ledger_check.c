/*
 * ledger_check.h: grows the tree entry by entry and compares its root at the size of each head. An
 * entry that differs from its stored digest is named; where the stored digests were made to fit,
 * the heads narrow it to the entries between the last that agrees and the first that does not.
 * Fails with DAMAGED.
 */
#include "provision/ctl/ledger_check.h"

#include <jansson.h>
#include <string.h>

#include "api/record_json.h"
#include "base/error.h"
#include "cms/cms.h"
#include "cms/digest.h"
#include "core/merkle.h"

#define MAX_LEVELS 64
/* A clock that is set right may go back that far. */
#define BACKWARDS_MAX_S 300
#define HEAD_LEAF "{\"v\":1,\"type\":\"head.signed\","
#define TIME_MEMBER "\"time\":\""
#define TIME_CHARS 20
#define INTENT_LEAF "{\"v\":1,\"type\":\"send.intent\","
#define ID_MEMBER "\"id\":\""
#define PREVIOUS_MEMBER ",\"previous\":\""
#define COMMITMENT "{\"commit\":\""
#define PURGE ".purged"

typedef struct {
	guint64 size;
	gint64 time_s;
	MerkleHash root;
	char *root_hex, *time, *origin, *from;
	gboolean is_signed;
} Head;

typedef struct {
	guint64 index;
	MerkleHash hash;
	gboolean known;
} Node;

struct _LedgerCheck {
	char *trust;
	GPtrArray *heads;     /* Head *, by size */
	GHashTable *by_text;  /* SHA-256 of the exact text, hex, of each head */
	guint next_head;      /* the first that is not yet compared */
	guint64 agreed;	      /* size of the last that agreed */
	guint64 size;	      /* entries so far */
	gint64 last_signed_s; /* the latest time of a head.signed so far */
	GError *back_dated;   /* the first; told at the end, for the clock may have been wrong */
	GHashTable *chains;   /* digest of a send's id -> its last entry, plus one */
	GHashTable *closed;   /* id -> guint64 *: the first entry whose values are gone, as long as
				 no purge of them was met */
	/* A growing tree reads no more than the last two completed nodes of a level: siblings. */
	Node last[MAX_LEVELS][2];
};

static gboolean damaged(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
static gboolean damaged(GError **error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (error != NULL)
		*error = g_error_new_valist(ACUSE_ERROR, ACUSE_ERROR_DAMAGED, format, arguments);
	va_end(arguments);
	return FALSE;
}

static void head_free(gpointer data)
{
	Head *head = data;

	g_free(head->root_hex);
	g_free(head->time);
	g_free(head->origin);
	g_free(head->from);
	g_free(head);
}

LedgerCheck *ledger_check_new(const char *trust)
{
	LedgerCheck *check = g_new0(LedgerCheck, 1);

	check->trust = g_strdup(trust);
	check->heads = g_ptr_array_new_with_free_func(head_free);
	check->by_text = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	check->last_signed_s = G_MININT64;
	check->chains = g_hash_table_new(g_direct_hash, g_direct_equal);
	check->closed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return check;
}

void ledger_check_free(LedgerCheck *check)
{
	if (check == NULL)
		return;
	g_free(check->trust);
	g_ptr_array_unref(check->heads);
	g_hash_table_unref(check->by_text);
	g_clear_error(&check->back_dated);
	g_hash_table_unref(check->chains);
	g_hash_table_unref(check->closed);
	g_free(check);
}

/* ---- heads ---- */

static Head *parse_head(const char *text, const char *from, GError **error)
{
	json_auto_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	const char *origin = json_string_value(json_object_get(json, "origin"));
	const char *root = json_string_value(json_object_get(json, "root"));
	const char *time = json_string_value(json_object_get(json, "time"));
	json_t *size = json_object_get(json, "size");
	Head *head;
	MerkleHash hash;
	gint64 time_s;

	if (json_integer_value(json_object_get(json, "v")) != 1 || origin == NULL || time == NULL ||
		!time_from_rfc3339(time, &time_s) || root == NULL ||
		!merkle_hash_from_hex(root, &hash) || !json_is_integer(size) ||
		json_integer_value(size) < 0) {
		damaged(error, "%s: is not a head of a ledger", from);
		return NULL;
	}
	head = g_new0(Head, 1);
	head->size = (guint64)json_integer_value(size);
	head->root = hash;
	head->time_s = time_s;
	head->root_hex = g_strdup(root);
	head->time = g_strdup(time);
	head->origin = g_strdup(origin);
	head->from = g_strdup(from);
	return head;
}

/* Certificates have to be good then, not now: heads outlive them. */
static gboolean check_signature(
	const LedgerCheck *check, const char *text, GBytes *cms, const Head *head, GError **error)
{
	g_autoptr(GBytes) content = g_bytes_new_static(text, strlen(text));
	g_autoptr(CmsSigner) signer = NULL;

	if (cms == NULL)
		return check->trust == NULL || damaged(error, "%s: is not signed", head->from);
	signer = cms_verify_detached_at(cms, content, check->trust, head->time_s, error);
	if (signer == NULL) {
		g_prefix_error(error, "%s: ", head->from);
		return FALSE;
	}
	return cms_signer_is_of(signer, head->origin) ||
	       damaged(error, "%s: of %s, signed by %s, who is not of there", head->from,
		       head->origin, signer->signer_subject);
}

/* Where it goes in the list; a head of the same size must say the same. */
static gboolean find_place(
	const LedgerCheck *check, const Head *head, guint *place, gboolean *known, GError **error)
{
	guint i = check->heads->len;

	*known = FALSE;
	for (; i > 0; i--) {
		const Head *other = check->heads->pdata[i - 1];

		if (strcmp(other->origin, head->origin) != 0)
			return damaged(error, "%s is of %s, %s of %s", head->from, head->origin,
				other->from, other->origin);
		if (other->size < head->size)
			break;
		if (other->size > head->size)
			continue;
		if (memcmp(&other->root, &head->root, sizeof head->root) != 0)
			return damaged(error,
				"two heads of size %" G_GUINT64_FORMAT
				" have other roots: %s (%s) and %s (%s)",
				head->size, other->from, other->time, head->from, head->time);
		*known = TRUE;
	}
	*place = i;
	return TRUE;
}

gboolean ledger_check_add_head(
	LedgerCheck *check, const char *text, GBytes *cms, const char *from, GError **error)
{
	Head *head = parse_head(text, from, error);
	gboolean known;
	guint place = 0;

	if (head == NULL)
		return FALSE;
	head->is_signed = cms != NULL;
	if (!check_signature(check, text, cms, head, error) ||
		!find_place(check, head, &place, &known, error)) {
		head_free(head);
		return FALSE;
	}
	g_hash_table_add(check->by_text, digest_sha256_hex(text, strlen(text)));
	if (known)
		head_free(head);
	else
		g_ptr_array_insert(check->heads, (gint)place, head);
	return TRUE;
}

/* ---- entries ---- */

static gboolean tree_read(
	gpointer data, guint level, guint64 index, MerkleHash *hash, GError **error)
{
	LedgerCheck *check = data;
	const Node *node = level < MAX_LEVELS ? &check->last[level][index & 1] : NULL;

	if (node == NULL || !node->known || node->index != index)
		return damaged(error, "node %u/%" G_GUINT64_FORMAT " is missing", level, index);
	*hash = node->hash;
	return TRUE;
}

static gboolean tree_write(
	gpointer data, guint level, guint64 index, const MerkleHash *hash, GError **error)
{
	LedgerCheck *check = data;

	if (level >= MAX_LEVELS)
		return damaged(error, "the tree is too high");
	check->last[level][index & 1] = (Node){index, *hash, TRUE};
	return TRUE;
}

/* Each head of the size that the tree has now. */
static gboolean compare_heads(LedgerCheck *check, GError **error)
{
	for (; check->next_head < check->heads->len; check->next_head++) {
		const Head *head = check->heads->pdata[check->next_head];
		MerkleHash root;

		if (head->size != check->size)
			return TRUE;
		if (!merkle_root(check->size, tree_read, check, &root, error))
			return FALSE;
		if (memcmp(&root, &head->root, sizeof root) != 0)
			return damaged(error,
				"entries %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
				": one of them is not what was signed on %s (%s)",
				check->agreed, check->size - 1, head->time, head->from);
		check->agreed = check->size;
	}
	return TRUE;
}

/* The gateway notes each head that it signs; one that is not shown was taken away. */
static gboolean check_noted_head(
	const LedgerCheck *check, guint64 index, const char *leaf, GError **error)
{
	json_auto_t *json = json_loads(leaf, 0, NULL);
	const char *digest = json_string_value(json_object_get(json, "head_sha256"));
	const char *size = json_string_value(json_object_get(json, "size"));
	const Head *largest =
		check->heads->len == 0 ? NULL : check->heads->pdata[check->heads->len - 1];

	/* Behind the largest head at hand it may have come while the entries were read; but that
	 * there was none when a ledger with heads was read, cannot be. */
	if ((largest != NULL && index >= largest->size) ||
		(digest != NULL && g_hash_table_contains(check->by_text, digest)))
		return TRUE;
	return damaged(error, "entry %" G_GUINT64_FORMAT " tells of a head of size %s that is gone",
		index, size != NULL ? size : "?");
}

static gint64 time_of_leaf(const char *leaf)
{
	const char *member = strstr(leaf, TIME_MEMBER);
	g_autofree char *text =
		member == NULL ? NULL : g_strndup(member + strlen(TIME_MEMBER), TIME_CHARS);
	gint64 time_s;

	return text != NULL && time_from_rfc3339(text, &time_s) ? time_s : G_MAXINT64;
}

static void note_time(LedgerCheck *check, guint64 index, gint64 time_s, gboolean is_head)
{
	if (check->back_dated == NULL && check->last_signed_s != G_MININT64 &&
		time_s < check->last_signed_s - BACKWARDS_MAX_S)
		damaged(&check->back_dated,
			"entry %" G_GUINT64_FORMAT " is dated before the head that was signed "
			"before it: back-dated, or the clock was wrong",
			index);
	if (is_head && time_s != G_MAXINT64)
		check->last_signed_s = MAX(check->last_signed_s, time_s);
}

/* FNV-1a of the id: millions of sends fit, and nobody outside chooses an id. */
static gsize digest_of_id(const char *leaf)
{
	const char *member = strstr(leaf, ID_MEMBER);
	guint64 digest = 0xcbf29ce484222325u;

	for (const char *at = member != NULL ? member + strlen(ID_MEMBER) : "";
		*at != '\0' && *at != '"'; at++)
		digest = (digest ^ (guchar)*at) * 0x100000001b3u;
	return (gsize)digest;
}

/* Each entry of a send names the one before it: nothing was left out of what its proofs show. */
static gboolean check_chain(LedgerCheck *check, guint64 index, const char *leaf, GError **error)
{
	const char *member = strstr(leaf, PREVIOUS_MEMBER);
	gpointer id, last;
	guint64 previous;

	if (member == NULL && !g_str_has_prefix(leaf, INTENT_LEAF))
		return TRUE;
	id = GSIZE_TO_POINTER(digest_of_id(leaf));
	last = g_hash_table_lookup(check->chains, id);
	g_hash_table_insert(check->chains, id, GSIZE_TO_POINTER((gsize)index + 1));
	if (member == NULL || last == NULL)
		return TRUE;
	previous = g_ascii_strtoull(member + strlen(PREVIOUS_MEMBER), NULL, 10);
	return previous + 1 >= (guint64)GPOINTER_TO_SIZE(last) ||
	       damaged(error,
		       "entry %" G_GUINT64_FORMAT " follows entry %" G_GUINT64_FORMAT
		       ", but entry %" G_GUINT64_FORMAT
		       " of the same send is between them: it was hidden",
		       index, previous, (guint64)GPOINTER_TO_SIZE(last) - 1);
}

/* Values may go by a purge alone, which is on record behind them. */
static void note_values(LedgerCheck *check, guint64 index, const char *leaf, const char *opening)
{
	gboolean is_closed = opening == NULL && strstr(leaf, COMMITMENT) != NULL;
	json_auto_t *json = NULL;
	const char *id, *type, *what;

	if (!is_closed && strstr(leaf, PURGE "\"") == NULL)
		return;
	json = json_loads(leaf, 0, NULL);
	id = json_string_value(json_object_get(json, "id"));
	type = json_string_value(json_object_get(json, "type"));
	what = json_string_value(json_object_get(json, "what"));
	if (type != NULL && id != NULL && g_str_has_suffix(type, PURGE) &&
		g_strcmp0(what, "content") != 0)
		g_hash_table_remove(check->closed, id);
	else if (is_closed && !g_hash_table_contains(check->closed, id != NULL ? id : ""))
		g_hash_table_insert(check->closed, g_strdup(id != NULL ? id : ""),
			g_memdup2(&index, sizeof index));
}

static gboolean check_values(const LedgerCheck *check, GError **error)
{
	GHashTableIter iter;
	gpointer value;
	guint64 first = G_MAXUINT64;

	g_hash_table_iter_init(&iter, check->closed);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		first = MIN(first, *(guint64 *)value);
	return first == G_MAXUINT64 ||
	       damaged(error,
		       "entry %" G_GUINT64_FORMAT
		       ": its values are gone, and no purge of them is on record",
		       first);
}

gboolean ledger_check_add_entry(LedgerCheck *check, guint64 index, const char *leaf,
	const char *opening, const char *hash, GError **error)
{
	gboolean is_head = g_str_has_prefix(leaf, HEAD_LEAF);
	MerkleHash found, stored;

	if (index != check->size)
		return damaged(error, "entry %" G_GUINT64_FORMAT " is missing", check->size);
	if (!compare_heads(check, error))
		return FALSE;
	merkle_leaf_hash(leaf, strlen(leaf), &found);
	if (hash != NULL && (!merkle_hash_from_hex(hash, &stored) ||
				    memcmp(&stored, &found, sizeof found) != 0))
		return damaged(error,
			"entry %" G_GUINT64_FORMAT " is not what was recorded: its digest differs",
			index);
	if (opening != NULL && !record_check_opening(leaf, opening, error)) {
		g_prefix_error(error, "entry %" G_GUINT64_FORMAT ": ", index);
		return FALSE;
	}
	if (is_head && !check_noted_head(check, index, leaf, error))
		return FALSE;
	if (!check_chain(check, index, leaf, error))
		return FALSE;
	note_values(check, index, leaf, opening);
	note_time(check, index, time_of_leaf(leaf), is_head);
	check->size++;
	return merkle_append(index, &found, tree_read, tree_write, check, error);
}

gboolean ledger_check_end(LedgerCheck *check, LedgerResult *result, GError **error)
{
	const Head *largest =
		check->heads->len == 0 ? NULL : check->heads->pdata[check->heads->len - 1];

	if (!compare_heads(check, error))
		return FALSE;
	if (check->next_head < check->heads->len)
		return damaged(error,
			"entries from %" G_GUINT64_FORMAT
			" are gone: the head of %s (%s) covers %" G_GUINT64_FORMAT
			"; an older copy of the ledger was put in its place, or its end was "
			"cut off",
			check->size, largest->time, largest->from, largest->size);
	if (check->trust != NULL && largest == NULL)
		return damaged(error, "no signed head covers any of the entries");
	if (!check_values(check, error))
		return FALSE;
	if (check->back_dated != NULL) {
		g_propagate_error(error, g_steal_pointer(&check->back_dated));
		return FALSE;
	}
	*result = (LedgerResult){.entries = check->size, .heads = check->heads->len};
	if (largest != NULL) {
		result->head_size = largest->size;
		result->root = largest->root_hex;
		result->head_signed = largest->is_signed;
	}
	return TRUE;
}
