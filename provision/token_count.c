/*
 * token_count.h. TABLE_INDEX "signature-count" -> "DAY SIZE": the last day compared, and the size
 * of the tree up to which leaves belong to it or to days before; it moves on in the change that has
 * the notice, so a difference is mailed once. The thread of due.h.
 */
#include "provision/token_count.h"

#include <string.h>

#include "api/record_json.h"
#include "base/error.h"
#include "base/log.h"
#include "core/calendar.h"
#include "provision/due.h"
#include "provision/notices.h"
#include "provision/row.h"
#include "provision/token_alarm.h"
#include "signer/protocol.h"

#define INDEX_KEY "signature-count"
#define SUBJECT "all"
#define CALL_WAIT_MS 10000
#define MAX_SIGNATURES 10000000 /* of a day; no gateway makes them */

typedef enum { UNRECORDED, UNUSED, REPEATED, FOREIGN, N_DIFFERENCES } Difference;

static const char *const members[N_DIFFERENCES] = {[UNRECORDED] = "unrecorded",
	[UNUSED] = "unused",
	[REPEATED] = "repeated",
	[FOREIGN] = "foreign"};

typedef struct {
	Service *service;
	char *day;
	guint64 size;	     /* of the tree: leaves behind it are of this day or later */
	GHashTable *signed_; /* send id -> how often that day */
	guint64 n_signed, n_prepared;
	guint differences[N_DIFFERENCES];
	json_t *named[N_DIFFERENCES]; /* send ids */
	GError *failure;
} Count;

static void count_clear(Count *count)
{
	for (int i = 0; i < N_DIFFERENCES; i++)
		json_decref(count->named[i]);
	g_clear_pointer(&count->signed_, g_hash_table_unref);
	g_clear_error(&count->failure);
	g_free(count->day);
}

static void differ(Count *count, Difference difference, const char *send_id)
{
	count->differences[difference]++;
	if (json_array_size(count->named[difference]) < TOKEN_COUNT_NAMED)
		json_array_append_new(count->named[difference], json_string(send_id));
}

/* One page of the signer's list into ids; how many it has in all, or -1 with error. */
static gint64 ask_page(
	Service *service, const char *day, guint64 after, GHashTable *ids, GError **error)
{
	g_autoptr(GVariant) answer = NULL;
	g_autofree const char **sends = NULL;
	guint64 total = 0;
	GVariantDict dict;

	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "day", "s", day);
	g_variant_dict_insert(&dict, "after", "t", after);
	answer = signer_call(settings_string(service->settings, "signing", "control_socket"),
		CALL_WAIT_MS, "signed", g_variant_dict_end(&dict), NULL, error);
	if (answer == NULL)
		return -1;
	if (!g_variant_lookup(answer, "count", "t", &total) || total > MAX_SIGNATURES ||
		!g_variant_lookup(answer, "sends", "^a&s", &sends)) {
		g_set_error_literal(
			error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "the signer's count");
		return -1;
	}
	for (const char **id = sends; *id != NULL; id++) {
		guint times = GPOINTER_TO_UINT(g_hash_table_lookup(ids, *id));

		g_hash_table_insert(ids, g_strdup(*id), GUINT_TO_POINTER(times + 1));
		after++;
	}
	if (*sends != NULL || after >= total)
		return (gint64)MAX(total, after);
	g_set_error_literal(
		error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "the signer's count ends early");
	return -1;
}

/* How often the signer signed for each send that day. */
static GHashTable *ask_day(Service *service, const char *day, guint64 *n_signed, GError **error)
{
	g_autoptr(GHashTable) ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	guint64 got = 0, before;
	gint64 total;

	do {
		GHashTableIter iter;
		gpointer times;

		before = got;
		total = ask_page(service, day, got, ids, error);
		if (total < 0)
			return NULL;
		got = 0;
		g_hash_table_iter_init(&iter, ids);
		while (g_hash_table_iter_next(&iter, NULL, &times))
			got += GPOINTER_TO_UINT(times);
	} while (got < (guint64)total && got > before);
	*n_signed = got;
	return g_steal_pointer(&ids);
}

static gboolean judge_signed(Count *count, const char *id, guint times, GError **error)
{
	json_auto_t *send = NULL;

	if (!row_read(count->service->store, TABLE_SENDS, id, &send, error))
		return FALSE;
	if (send == NULL)
		differ(count, UNRECORDED, id);
	else if (row_text(send, "certificate_sha256") == NULL)
		differ(count, UNUSED, id);
	else if (times > 1)
		differ(count, REPEATED, id);
	return TRUE;
}

static gboolean judge_all_signed(Count *count, GError **error)
{
	GHashTableIter iter;
	gpointer id, times;

	g_hash_table_iter_init(&iter, count->signed_);
	while (g_hash_table_iter_next(&iter, &id, &times))
		if (!judge_signed(count, id, GPOINTER_TO_UINT(times), error))
			return FALSE;
	return TRUE;
}

/* Signed a moment before midnight, or after: another day's signature counts too. */
static gboolean is_signed_around(Count *count, GHashTable *others[2], const char *id)
{
	return g_hash_table_contains(count->signed_, id) || g_hash_table_contains(others[0], id) ||
	       g_hash_table_contains(others[1], id);
}

/* The leaves of the day; size moves behind them. */
static gboolean judge_leaves(Count *count, GHashTable *others[2], gint64 end_s, GError **error)
{
	Store *store = count->service->store;
	guint64 tree = store_tree_size(store);

	for (; count->size < tree; count->size++) {
		g_autofree char *text = store_leaf(store, count->size, error);
		json_auto_t *leaf = text != NULL ? row_parse(text, error) : NULL;
		const char *id = row_text(leaf, "id");
		gint64 time_s = 0;

		if (leaf == NULL)
			return FALSE;
		if (time_from_rfc3339(row_text(leaf, "time"), &time_s) && time_s >= end_s)
			break;
		if (g_strcmp0(row_text(leaf, "type"), "send.prepared") != 0 || id == NULL ||
			row_text(leaf, "certificate_sha256") == NULL)
			continue;
		count->n_prepared++;
		if (!is_signed_around(count, others, id))
			differ(count, FOREIGN, id);
	}
	return TRUE;
}

static guint n_differences(const Count *count)
{
	guint sum = 0;

	for (int i = 0; i < N_DIFFERENCES; i++)
		sum += count->differences[i];
	return sum;
}

static gboolean keep_change(StoreTxn *txn, gpointer data, GError **error)
{
	const Count *count = data;
	g_autofree char *mark = g_strdup_printf("%s %" G_GUINT64_FORMAT, count->day, count->size);
	json_auto_t *facts = NULL;

	if (!store_put(txn, TABLE_INDEX, INDEX_KEY, mark, error))
		return FALSE;
	if (n_differences(count) == 0)
		return TRUE;
	facts = json_pack("{s:s, s:I, s:I}", "day", count->day, "signed",
		(json_int_t)count->n_signed, "prepared", (json_int_t)count->n_prepared);
	for (int i = 0; i < N_DIFFERENCES; i++)
		json_object_set_new(facts, members[i],
			json_pack("{s:i, s:O}", "count", (int)count->differences[i], "sends",
				count->named[i]));
	return token_tell_otic(txn, count->service, notice_token_count.kind, facts, error);
}

static void log_count(const Count *count)
{
	g_autofree char *made = g_strdup_printf("%" G_GUINT64_FORMAT, count->n_signed);
	g_autofree char *recorded = g_strdup_printf("%" G_GUINT64_FORMAT, count->n_prepared);
	g_autofree char *different = g_strdup_printf("%u", n_differences(count));

	if (n_differences(count) == 0)
		log_info("signatures compared with the ledger", "day", count->day, "signed", made,
			"recorded", recorded, NULL);
	else
		log_error("alarm: signatures differ from the ledger", "day", count->day, "signed",
			made, "recorded", recorded, "differences", different, NULL);
}

/* A new string; by days of the calendar. */
static char *day_of(gint64 time_s)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(time_s);

	return g_date_time_format(time, "%Y-%m-%d");
}

static gboolean compare(Count *count, GError **error)
{
	g_autofree char *before = calendar_add_days(count->day, -1);
	g_autofree char *next = calendar_add_days(count->day, 1);
	g_autofree char *midnight = g_strconcat(next, "T00:00:00Z", NULL);
	g_autoptr(GHashTable) earlier = NULL, later = NULL;
	guint64 no_matter;
	gint64 end_s;

	if (!time_from_rfc3339(midnight, &end_s))
		return FALSE;
	count->signed_ = ask_day(count->service, count->day, &count->n_signed, error);
	earlier =
		count->signed_ != NULL ? ask_day(count->service, before, &no_matter, error) : NULL;
	later = earlier != NULL ? ask_day(count->service, next, &no_matter, error) : NULL;
	return later != NULL && judge_all_signed(count, error) &&
	       judge_leaves(count, (GHashTable *[]){earlier, later}, end_s, error);
}

/* One day: compared, kept, logged; *size moves on. */
static gboolean do_day(Service *service, const char *day, guint64 *size, GError **error)
{
	Count count = {.service = service, .day = g_strdup(day), .size = *size};
	gboolean done;

	for (int i = 0; i < N_DIFFERENCES; i++)
		count.named[i] = json_array();
	done = compare(&count, error) && store_run(service->store, keep_change, &count, error);
	if (done) {
		log_count(&count);
		*size = count.size;
	}
	count_clear(&count);
	return done;
}

static gboolean order_change(StoreTxn *txn, gpointer data, GError **error)
{
	return due_set_tomorrow(txn, data, TOKEN_COUNT_KIND, SUBJECT, error);
}

/* The last day compared, a new string, and the size of the tree then. */
static char *read_mark(Store *store, guint64 *size, GError **error)
{
	g_autofree char *mark = NULL;
	char *blank;

	if (!row_read_text(store, TABLE_INDEX, INDEX_KEY, &mark, error))
		return NULL;
	blank = mark != NULL ? strchr(mark, ' ') : NULL;
	if (blank != NULL && g_ascii_string_to_unsigned(blank + 1, 10, 0, G_MAXUINT64, size, NULL))
		return g_strndup(mark, (gsize)(blank - mark));
	g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED, INDEX_KEY);
	return NULL;
}

gboolean token_count_due(Service *service, const char *subject, const json_t *body, GError **error)
{
	g_autofree char *today = day_of(service->now_s());
	guint64 size;
	g_autofree char *last = read_mark(service->store, &size, error);

	(void)subject;
	(void)body;
	if (last == NULL)
		return FALSE;
	for (g_autofree char *day = calendar_add_days(last, 1); strcmp(day, today) < 0;) {
		char *next = calendar_add_days(day, 1);
		gboolean done = do_day(service, day, &size, error);

		g_free(day);
		day = next;
		if (!done)
			return FALSE;
	}
	return store_run(service->store, order_change, service, error);
}

/* The first time nothing is compared: signatures before it are nobody's. */
static gboolean arm_change(StoreTxn *txn, gpointer data, GError **error)
{
	const Service *service = data;
	g_autofree char *known = NULL;
	g_autofree char *today = day_of(service->now_s());
	g_autofree char *yesterday = calendar_add_days(today, -1);
	g_autofree char *mark = g_strdup_printf(
		"%s %" G_GUINT64_FORMAT, yesterday, store_tree_size(service->store));

	if (!row_load_text(txn, TABLE_INDEX, INDEX_KEY, &known, error))
		return FALSE;
	return known != NULL || (store_put(txn, TABLE_INDEX, INDEX_KEY, mark, error) &&
					order_change(txn, data, error));
}

gboolean token_count_arm(Service *service, GError **error)
{
	return store_run(service->store, arm_change, service, error);
}
