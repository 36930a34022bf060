/*
 * ledger_check: what somebody with the database in hand may do to a ledger of 20 entries with heads
 * of 4, 8 and 16, and what names it. Where the digests were made to fit as well, only the heads
 * tell.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "api/record_json.h"
#include "base/error.h"
#include "cms/digest.h"
#include "core/merkle.h"
#include "provision/ctl/ledger_check.h"

#define ENTRIES 20
#define LEVELS 8
#define START_S 1795000000

typedef struct {
	char *leaf, *opening, *hash;
} Entry;

typedef struct {
	GPtrArray *entries; /* Entry * */
	GPtrArray *heads;   /* exact texts */
	char *kept;	    /* a head that a witness has; NULL: none */
} Ledger;

typedef struct {
	MerkleHash nodes[LEVELS][ENTRIES];
} Tree;

static gboolean tree_read(
	gpointer data, guint level, guint64 index, MerkleHash *hash, GError **error)
{
	(void)error;
	*hash = ((Tree *)data)->nodes[level][index];
	return TRUE;
}

static gboolean tree_write(
	gpointer data, guint level, guint64 index, const MerkleHash *hash, GError **error)
{
	(void)error;
	((Tree *)data)->nodes[level][index] = *hash;
	return TRUE;
}

static void entry_free(gpointer data)
{
	Entry *entry = data;

	g_free(entry->leaf);
	g_free(entry->opening);
	g_free(entry->hash);
	g_free(entry);
}

static void set_hash(Entry *entry)
{
	MerkleHash hash;

	merkle_leaf_hash(entry->leaf, strlen(entry->leaf), &hash);
	g_free(entry->hash);
	entry->hash = merkle_hash_to_hex(&hash);
}

static Entry *entry_of(const Record *record)
{
	Entry *entry = g_new0(Entry, 1);

	entry->leaf = record_to_leaf(record);
	entry->opening = record_to_opening(record);
	set_hash(entry);
	return entry;
}

static char *head_text(guint64 size, const MerkleHash *root, gint64 time_s)
{
	g_autofree char *hex = merkle_hash_to_hex(root), *time = time_to_rfc3339(time_s);

	return g_strdup_printf("{\"v\":1,\"origin\":\"muni.test\",\"size\":%" G_GUINT64_FORMAT
			       ",\"root\":\"%s\",\"time\":\"%s\"}",
		size, hex, time);
}

static Entry *head_entry(guint64 size, const char *text, gint64 time_s)
{
	g_autofree char *digest = digest_sha256_hex(text, strlen(text));
	g_autoptr(Record) record = record_new("head.signed", "1", time_s);

	record_add_int(record, "size", (gint64)size);
	record_add(record, "head_sha256", digest);
	return entry_of(record);
}

static Ledger *ledger_new(void)
{
	static const guint8 salt[RECORD_SALT_BYTES] = {7};
	Ledger *ledger = g_new0(Ledger, 1);
	Tree tree;
	gint64 now_s = START_S;

	ledger->entries = g_ptr_array_new_with_free_func(entry_free);
	ledger->heads = g_ptr_array_new_with_free_func(g_free);
	for (guint64 i = 0; i < ENTRIES; i++, now_s += 600) {
		g_autofree char *id = g_strdup_printf("send-%u", (guint)i);
		g_autoptr(Record) record = record_new("send.prepared", id, now_s);
		MerkleHash hash, root;
		Entry *entry;

		if (i == 4 || i == 8 || i == 16) {
			g_assert_true(merkle_root(i, tree_read, &tree, &root, NULL));
			g_ptr_array_add(ledger->heads, head_text(i, &root, now_s));
			entry = head_entry(i, ledger->heads->pdata[ledger->heads->len - 1], now_s);
		} else {
			record_add_personal(record, "address", "ciudadano@ciudadano.test", salt);
			entry = entry_of(record);
		}
		g_ptr_array_add(ledger->entries, entry);
		merkle_leaf_hash(entry->leaf, strlen(entry->leaf), &hash);
		g_assert_true(merkle_append(i, &hash, tree_read, tree_write, &tree, NULL));
	}
	return ledger;
}

static void ledger_free(Ledger *ledger)
{
	g_ptr_array_unref(ledger->entries);
	g_ptr_array_unref(ledger->heads);
	g_free(ledger->kept);
	g_free(ledger);
}

/* "ok N heads H", or the reason. */
static char *verify(const Ledger *ledger, const char *trust)
{
	g_autoptr(LedgerCheck) check = ledger_check_new(trust);
	g_autoptr(GError) error = NULL;
	LedgerResult result;
	gboolean fine = ledger->kept == NULL ||
			ledger_check_add_head(check, ledger->kept, NULL, "witness", &error);

	for (guint i = 0; fine && i < ledger->heads->len; i++)
		fine = ledger_check_add_head(check, ledger->heads->pdata[i], NULL, "own", &error);
	for (guint i = 0; fine && i < ledger->entries->len; i++) {
		const Entry *entry = ledger->entries->pdata[i];

		fine = ledger_check_add_entry(
			check, i, entry->leaf, entry->opening, entry->hash, &error);
	}
	if (fine && ledger_check_end(check, &result, &error))
		return g_strdup_printf("ok %u heads %u of %u", (guint)result.entries, result.heads,
			(guint)result.head_size);
	assert_non_null(error);
	assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED));
	return g_strdup(error->message);
}

static Entry *at(Ledger *ledger, guint index)
{
	return ledger->entries->pdata[index];
}

static void replace_text(char **text, const char *old, const char *new)
{
	GString *changed = g_string_new(*text);

	assert_int_equal(g_string_replace(changed, old, new, 0), 1);
	g_free(*text);
	*text = g_string_free(changed, FALSE);
}

static void nothing(Ledger *ledger)
{
	(void)ledger;
}

static void change_text(Ledger *ledger)
{
	replace_text(&at(ledger, 6)->leaf, "send-6", "send-9");
}

static void change_text_and_digest(Ledger *ledger)
{
	change_text(ledger);
	set_hash(at(ledger, 6));
}

static void change_opening(Ledger *ledger)
{
	replace_text(&at(ledger, 5)->opening, "ciudadano@", "otro@");
}

static void change_behind_heads(Ledger *ledger)
{
	replace_text(&at(ledger, 18)->leaf, "send-18", "send-19");
}

static void remove_middle(Ledger *ledger)
{
	g_ptr_array_remove_index(ledger->entries, 10);
}

static void remove_first(Ledger *ledger)
{
	g_ptr_array_remove_index(ledger->entries, 0);
}

static void swap(Ledger *ledger)
{
	gpointer first = ledger->entries->pdata[1];

	ledger->entries->pdata[1] = ledger->entries->pdata[2];
	ledger->entries->pdata[2] = first;
}

static void date_back(Ledger *ledger)
{
	/* 10 minutes an entry: 18 is after the head of 16, and now says the day before. */
	g_autofree char *old = time_to_rfc3339(START_S + 18 * 600);
	g_autofree char *new = time_to_rfc3339(START_S - 86400);

	replace_text(&at(ledger, 18)->leaf, old, new);
	set_hash(at(ledger, 18));
}

static void cut_end(Ledger *ledger)
{
	g_ptr_array_set_size(ledger->entries, 12);
}

/* A copy of an earlier day, whole in itself: entries and heads. */
static void put_old_copy(Ledger *ledger)
{
	g_ptr_array_set_size(ledger->entries, 10);
	g_ptr_array_remove_index(ledger->heads, 2);
}

static void put_old_copy_with_witness(Ledger *ledger)
{
	ledger->kept = g_strdup(ledger->heads->pdata[2]);
	put_old_copy(ledger);
}

static void take_values(Ledger *ledger)
{
	g_clear_pointer(&at(ledger, 6)->opening, g_free);
	g_clear_pointer(&at(ledger, 5)->opening, g_free);
}

static void add_leaf(Ledger *ledger, const char *type, gint64 previous)
{
	g_autoptr(Record) record = record_new(type, "send-x", START_S + 21 * 600);

	if (previous >= 0)
		record_add_int(record, "previous", previous);
	g_ptr_array_add(ledger->entries, entry_of(record));
}

static void add_chain(Ledger *ledger)
{
	add_leaf(ledger, "send.intent", -1);
	add_leaf(ledger, "send.read", -1);
	add_leaf(ledger, "send.prepared", ENTRIES);
	add_leaf(ledger, "event", ENTRIES + 2);
}

/* The row of the send was made to forget the event before the next one came. */
static void hide_event(Ledger *ledger)
{
	add_chain(ledger);
	add_leaf(ledger, "send.expired", ENTRIES + 2);
}

static void add_purge(Ledger *ledger, const char *id, const char *what)
{
	g_autoptr(Record) record = record_new("send.purged", id, START_S + 21 * 600);

	record_add(record, "what", what);
	g_ptr_array_add(ledger->entries, entry_of(record));
}

static void purge_values(Ledger *ledger)
{
	take_values(ledger);
	add_purge(ledger, "send-5", "values");
	add_purge(ledger, "send-6", "content and values");
}

static void purge_content(Ledger *ledger)
{
	take_values(ledger);
	add_purge(ledger, "send-5", "content");
	add_purge(ledger, "send-6", "values");
}

static void purge_another(Ledger *ledger)
{
	purge_values(ledger);
	g_clear_pointer(&at(ledger, 7)->opening, g_free);
}

static void keep_witness(Ledger *ledger)
{
	ledger->kept = g_strdup(ledger->heads->pdata[1]);
}

/* Everything anew from entry 5 on, its heads too; the witness has the true head of 8. */
static void remake_with_witness(Ledger *ledger)
{
	keep_witness(ledger);
	change_text_and_digest(ledger);
	g_ptr_array_set_size(ledger->heads, 1);
	for (guint i = 8; i < ENTRIES; i++)
		if (strstr(at(ledger, i)->leaf, "head.signed") != NULL) {
			replace_text(&at(ledger, i)->leaf, "head.signed", "send.released");
			set_hash(at(ledger, i));
		}
}

static void take_head(Ledger *ledger)
{
	g_ptr_array_remove_index(ledger->heads, 1);
}

static void take_all_heads(Ledger *ledger)
{
	g_ptr_array_set_size(ledger->heads, 0);
}

static void contradict(Ledger *ledger)
{
	MerkleHash other = {{1}};

	ledger->kept = head_text(8, &other, START_S);
}

static void other_origin(Ledger *ledger)
{
	keep_witness(ledger);
	replace_text(&ledger->kept, "muni.test", "otra.test");
}

static void spoil_head(Ledger *ledger)
{
	ledger->kept = g_strdup("{\"v\":1,\"size\":-1}");
}

static const struct {
	const char *name;
	void (*tamper)(Ledger *ledger);
	const char *found; /* the answer begins with it */
} cases[] = {
	{"untouched", nothing, "ok 20 heads 3 of 16"},
	{"a witness's head agrees", keep_witness, "ok 20 heads 3 of 16"},
	{"text changed", change_text, "entry 6 is not what was recorded"},
	{"text and digest changed", change_text_and_digest,
		"entries 4 to 7: one of them is not what was signed on"},
	{"text changed behind the heads", change_behind_heads, "entry 18 is not what was recorded"},
	{"opening changed", change_opening, "entry 5: "},
	{"values removed", take_values, "entry 5: its values are gone, and no purge"},
	{"values purged", purge_values, "ok 22 heads 3 of 16"},
	{"content purged, values removed", purge_content, "entry 5: its values are gone"},
	{"values removed beside a purge", purge_another, "entry 7: its values are gone"},
	{"one after the other", add_chain, "ok 24 heads 3 of 16"},
	{"one hidden", hide_event,
		"entry 24 follows entry 22, but entry 23 of the same send is between them"},
	{"one removed", remove_middle, "entries 8 to 15: one of them"},
	{"the first removed", remove_first, "entries 0 to 3: one of them"},
	{"two change places", swap, "entries 0 to 3: one of them"},
	{"dated back", date_back, "entry 18 is dated before the head"},
	{"end cut off", cut_end, "entries from 12 are gone"},
	{"older copy, alone", put_old_copy, "ok 10 heads 2 of 8"},
	{"older copy, a witness has a newer head", put_old_copy_with_witness,
		"entries from 10 are gone: the head of "},
	{"made anew, a witness has the true head", remake_with_witness,
		"entries 4 to 7: one of them is not what was signed on"},
	{"a head taken away", take_head, "entry 8 tells of a head of size 8 that is gone"},
	{"all heads taken away", take_all_heads, "entry 4 tells of a head of size 4 that is gone"},
	{"two heads of one size", contradict, "two heads of size 8 have other roots"},
	{"a head of another institution", other_origin,
		"own is of muni.test, witness of otra.test"},
	{"a head that is none", spoil_head, "witness: is not a head"},
};

static void test_tampering(void **state)
{
	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		Ledger *ledger = ledger_new();
		g_autofree char *found = NULL;

		cases[i].tamper(ledger);
		found = verify(ledger, NULL);
		if (!g_str_has_prefix(found, cases[i].found))
			fail_msg("%s: %s", cases[i].name, found);
		ledger_free(ledger);
	}
}

static void test_unsigned_heads_do_not_do_for_trust(void **state)
{
	Ledger *ledger = ledger_new();
	g_autofree char *found = verify(ledger, "/nowhere/trust.pem");

	(void)state;
	assert_string_equal(found, "own: is not signed");
	ledger_free(ledger);
}

/* A dump without its heads, of a ledger that tells of none: nothing was signed, so nothing is
 * proved. */
static void test_trust_wants_a_head(void **state)
{
	Ledger *ledger = ledger_new();
	g_autofree char *found = NULL, *without = NULL;

	(void)state;
	g_ptr_array_set_size(ledger->entries, 4);
	g_ptr_array_set_size(ledger->heads, 0);
	found = verify(ledger, "/nowhere/trust.pem");
	assert_string_equal(found, "no signed head covers any of the entries");
	without = verify(ledger, NULL);
	assert_string_equal(without, "ok 4 heads 0 of 0");
	/* All of it gone is not better than its end. */
	g_ptr_array_set_size(ledger->entries, 0);
	g_free(found);
	found = verify(ledger, "/nowhere/trust.pem");
	assert_string_equal(found, "no signed head covers any of the entries");
	ledger_free(ledger);
}

static void test_empty(void **state)
{
	g_autoptr(LedgerCheck) check = ledger_check_new(NULL);
	LedgerResult result;

	(void)state;
	assert_true(ledger_check_end(check, &result, NULL));
	assert_int_equal(result.entries, 0);
	assert_null(result.root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tampering),
		cmocka_unit_test(test_unsigned_heads_do_not_do_for_trust),
		cmocka_unit_test(test_trust_wants_a_head),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
