/*
 * keeping_run and its order of purge.h. For each term what it is about is walked from the oldest to
 * the first that is young; TABLE_INDEX "keep/SETTING" is how far,
 * "keep-waiting/SETTING/ID" what was old enough but is pending, which is looked at again each day.
 * Every purge is a change of its own and may be done twice, so a crash loses only the place in the
 * walk. Logs what it did. The thread of due.h.
 */
#include "provision/purge.h"

#include <string.h>

#include "api/record_json.h"
#include "base/error.h"
#include "base/log.h"
#include "core/plan.h"
#include "provision/collect.h"
#include "provision/send_record.h"

#define KIND "keeping"
#define SUBJECT "daily"
#define DAY_S 86400

typedef struct _Walk Walk;

/* YOUNG: and what follows too. WAITS: it is to go, but may not yet. */
typedef enum { LOOK_FAILED, LOOK_YOUNG, LOOK_WAITS, LOOK_DONE } Look;

/* Where those of a kind stand in the order of their time. */
typedef struct {
	StoreTable table;
	const char *prefix; /* of an index, whose values are the ids; "": the keys are */
	Look (*look)(Walk *walk, const char *id);
} Kind;

struct _Walk {
	Service *service;
	const Kind *kind;
	PurgeReason reason;
	const char *class;
	gint64 until_s;	 /* what is older goes */
	char *last;	 /* key that was walked over */
	const char *key; /* one to be put or deleted */
	guint purged;
	GError *failure;
};

static Look look_at_send(Walk *walk, const char *id);
static Look look_at_incoming(Walk *walk, const char *id);
static Look look_at_event(Walk *walk, const char *id);
static const Kind sends = {TABLE_INDEX, "send/all/", look_at_send};
static const Kind incoming = {TABLE_INCOMING, "", look_at_incoming};
static const Kind unmatched = {TABLE_EVENTS, "", look_at_event};

/* Values imply the content: those first, where both are due one leaf says it. */
static const struct {
	const char *setting;
	const Kind *kind;
	SendClass class;
	gboolean values;
} terms[] = {
	{"keep_internal_days", &sends, CLASS_INTERNAL, TRUE},
	{"keep_external_days", &sends, CLASS_EXTERNAL, TRUE},
	{"keep_notification_days", &sends, CLASS_NOTIFICATION, TRUE},
	{"keep_internal_content_days", &sends, CLASS_INTERNAL, FALSE},
	{"keep_external_content_days", &sends, CLASS_EXTERNAL, FALSE},
	{"keep_notification_content_days", &sends, CLASS_NOTIFICATION, FALSE},
	{.setting = "keep_incoming_days", .kind = &incoming},
	{.setting = "keep_unmatched_days", .kind = &unmatched},
};

static gboolean put_waiting(StoreTxn *txn, gpointer data, GError **error)
{
	return store_put(txn, TABLE_INDEX, ((const Walk *)data)->key, "1", error);
}

static gboolean delete_waiting(StoreTxn *txn, gpointer data, GError **error)
{
	return store_delete(txn, TABLE_INDEX, ((const Walk *)data)->key, error);
}

static gboolean put_place(StoreTxn *txn, gpointer data, GError **error)
{
	const Walk *walk = data;

	return store_put(txn, TABLE_INDEX, walk->key, walk->last, error);
}

/* After a purge, done or refused with walk->failure. */
static Look purged(Walk *walk, gboolean done)
{
	if (done)
		walk->purged++;
	else if (!g_error_matches(walk->failure, ACUSE_ERROR, ACUSE_ERROR_CONFLICT))
		return LOOK_FAILED;
	g_clear_error(&walk->failure);
	return done ? LOOK_DONE : LOOK_WAITS;
}

static Look look_at_send(Walk *walk, const char *id)
{
	json_auto_t *send = send_record_read(walk->service->store, id, &walk->failure);

	if (send == NULL)
		return LOOK_FAILED;
	if (send_record_time_s(send) > walk->until_s)
		return LOOK_YOUNG;
	if (g_strcmp0(row_text(send, "class"), walk->class) != 0 ||
		purge_has_taken(send, walk->reason.values))
		return LOOK_DONE;
	if (send_record_departure_s(send) > walk->until_s)
		return LOOK_WAITS;
	return purged(walk, purge_send(walk->service, id, &walk->reason, &walk->failure));
}

/* Of the others: NULL and *look, where that is all to be known of it. */
static json_t *read_other(Walk *walk, const char *id, const char *gone, Look *look)
{
	json_auto_t *row = NULL;
	gint64 time_s = 0;

	*look = LOOK_FAILED;
	if (!row_read(walk->service->store, walk->kind->table, id, &row, &walk->failure))
		return NULL;
	time_from_rfc3339(row_text(row, "time"), &time_s);
	*look = time_s > walk->until_s ? LOOK_YOUNG : LOOK_DONE;
	if (row == NULL || *look == LOOK_YOUNG || row_text(row, gone) != NULL)
		return NULL;
	return g_steal_pointer(&row);
}

static Look look_at_incoming(Walk *walk, const char *id)
{
	Look look;
	json_auto_t *row = read_other(walk, id, "purged", &look);

	return row == NULL ? look
			   : purged(walk, purge_incoming(walk->service, id, walk->reason.setting,
						  &walk->failure));
}

static Look look_at_event(Walk *walk, const char *id)
{
	Look look;
	json_auto_t *row = read_other(walk, id, "matched", &look);

	return row == NULL ? look
			   : purged(walk, purge_event(walk->service, id, walk->reason.setting,
						  &walk->failure));
}

static gboolean walk_over(const char *key, const char *value, gpointer data)
{
	Walk *walk = data;
	const char *id = *walk->kind->prefix != '\0' ? value : key;
	g_autofree char *waiting = g_strdup_printf("keep-waiting/%s/%s", walk->reason.setting, id);
	Look look = walk->kind->look(walk, id);

	if (look < LOOK_WAITS)
		return FALSE;
	walk->key = waiting;
	if (look == LOOK_WAITS &&
		!store_run(walk->service->store, put_waiting, walk, &walk->failure))
		return FALSE;
	g_free(walk->last);
	walk->last = g_strdup(key);
	return TRUE;
}

static gboolean look_again(const char *key, const char *value, gpointer data)
{
	Walk *walk = data;
	Look look = walk->kind->look(walk, strrchr(key, '/') + 1);

	(void)value;
	walk->key = key;
	return look != LOOK_FAILED &&
	       (look != LOOK_DONE ||
		       store_run(walk->service->store, delete_waiting, walk, &walk->failure));
}

static gboolean walk_all(Walk *walk, GError **error)
{
	Store *store = walk->service->store;
	g_autofree char *waiting = g_strdup_printf("keep-waiting/%s/", walk->reason.setting);
	g_autofree char *place = g_strconcat("keep/", walk->reason.setting, NULL);
	g_autofree char *from = store_get(store, TABLE_INDEX, place, &walk->failure);

	if (walk->failure == NULL &&
		store_scan(store, TABLE_INDEX, waiting, NULL, FALSE, look_again, walk, error) &&
		walk->failure == NULL &&
		store_scan(store, walk->kind->table, walk->kind->prefix, from, FALSE, walk_over,
			walk, error) &&
		walk->last != NULL) {
		walk->key = place;
		if (!store_run(store, put_place, walk, error))
			return FALSE;
	}
	if (walk->failure == NULL)
		return TRUE;
	if (error != NULL && *error == NULL)
		g_propagate_error(error, g_steal_pointer(&walk->failure));
	g_clear_error(&walk->failure);
	return FALSE;
}

static gboolean purge_by(Service *service, guint term, guint *purged, GError **error)
{
	gint64 days = settings_int(service->settings, "ledger", terms[term].setting);
	Walk walk = {.service = service,
		.kind = terms[term].kind,
		.reason = {terms[term].values, terms[term].setting, NULL, NULL},
		.class = send_class_name(terms[term].class),
		.until_s = service->now_s() - days * DAY_S};
	gboolean done;

	if (days == 0)
		return TRUE;
	done = walk_all(&walk, error);
	*purged += walk.purged;
	g_free(walk.last);
	return done;
}

gboolean keeping_run(Service *service, guint *purged, GError **error)
{
	guint removed = 0;
	gboolean done;

	*purged = 0;
	for (guint i = 0; i < G_N_ELEMENTS(terms); i++)
		if (!purge_by(service, i, purged, error))
			return FALSE;
	done = collect_run(service, FALSE, &removed, error);
	if (*purged > 0 || removed > 0) {
		g_autofree char *count = g_strdup_printf("%u", *purged);
		g_autofree char *blobs = g_strdup_printf("%u", removed);

		log_info("what is not kept any longer is gone", "purged", count, "collected", blobs,
			NULL);
	}
	return done;
}

static gboolean order_change(StoreTxn *txn, gpointer data, GError **error)
{
	return due_set_tomorrow(txn, data, KIND, SUBJECT, error);
}

static gboolean carry_out(Service *service, const char *subject, const json_t *body, GError **error)
{
	guint purged;

	(void)subject;
	(void)body;
	return keeping_run(service, &purged, error) &&
	       store_run(service->store, order_change, service, error);
}

gboolean keeping_arm(Service *service, GError **error)
{
	return due_arm(service, KIND, SUBJECT, error);
}

const DueKind due_kinds_keeping[] = {{KIND, carry_out}, {NULL, NULL}};
