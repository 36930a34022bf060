/*
 * keeping_run and its order of purge.h. For each class and depth the sends are walked from the
 * oldest to the first that is young; TABLE_INDEX "keep/SETTING" is how far,
 * "keep-waiting/SETTING/ID" what was old enough but is pending, which is looked at again each day.
 * Every purge is a change of its own and may be done twice, so a crash loses only the place in the
 * walk. Logs what it did. The thread of due.h.
 */
#include "provision/purge.h"

#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "core/plan.h"
#include "provision/collect.h"
#include "provision/send_record.h"

#define KIND "keeping"
#define SUBJECT "daily"
#define DAY_S 86400
#define WALK "send/all/"

/* Values imply the content: those first, where both are due one leaf says it. */
static const struct {
	const char *setting;
	SendClass class;
	gboolean values;
} terms[] = {
	{"keep_internal_days", CLASS_INTERNAL, TRUE},
	{"keep_external_days", CLASS_EXTERNAL, TRUE},
	{"keep_notification_days", CLASS_NOTIFICATION, TRUE},
	{"keep_internal_content_days", CLASS_INTERNAL, FALSE},
	{"keep_external_content_days", CLASS_EXTERNAL, FALSE},
	{"keep_notification_content_days", CLASS_NOTIFICATION, FALSE},
};

typedef struct {
	Service *service;
	PurgeReason reason;
	const char *class;
	gint64 until_s;	 /* what is older goes */
	char *last;	 /* key that was walked over */
	const char *key; /* one to be put or deleted */
	guint purged;
	GError *failure;
} Walk;

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

/* *waits: it is to be, but may not be yet. */
static gboolean purge_one(Walk *walk, const json_t *send, gboolean *waits)
{
	*waits = FALSE;
	if (g_strcmp0(row_text(send, "class"), walk->class) != 0 ||
		purge_has_taken(send, walk->reason.values))
		return TRUE;
	if (send_record_departure_s(send) > walk->until_s)
		return *waits = TRUE;
	if (purge_send(walk->service, send_record_id(send), &walk->reason, &walk->failure)) {
		walk->purged++;
		return TRUE;
	}
	*waits = g_error_matches(walk->failure, ACUSE_ERROR, ACUSE_ERROR_CONFLICT);
	if (*waits)
		g_clear_error(&walk->failure);
	return *waits;
}

static gboolean walk_over(const char *key, const char *id, gpointer data)
{
	Walk *walk = data;
	json_auto_t *send = send_record_read(walk->service->store, id, &walk->failure);
	g_autofree char *waiting = g_strdup_printf("keep-waiting/%s/%s", walk->reason.setting, id);
	gboolean waits;

	if (send == NULL || send_record_time_s(send) > walk->until_s ||
		!purge_one(walk, send, &waits))
		return FALSE;
	walk->key = waiting;
	if (waits && !store_run(walk->service->store, put_waiting, walk, &walk->failure))
		return FALSE;
	g_free(walk->last);
	walk->last = g_strdup(key);
	return TRUE;
}

static gboolean look_again(const char *key, const char *value, gpointer data)
{
	Walk *walk = data;
	json_auto_t *send =
		send_record_read(walk->service->store, strrchr(key, '/') + 1, &walk->failure);
	gboolean waits;

	(void)value;
	walk->key = key;
	return send != NULL && purge_one(walk, send, &waits) &&
	       (waits || store_run(walk->service->store, delete_waiting, walk, &walk->failure));
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
		store_scan(store, TABLE_INDEX, WALK, from, FALSE, walk_over, walk, error) &&
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
		g_autofree char *sends = g_strdup_printf("%u", *purged);
		g_autofree char *blobs = g_strdup_printf("%u", removed);

		log_info("what is not kept any longer is gone", "purged", sends, "collected", blobs,
			NULL);
	}
	return done;
}

static gboolean order_change(StoreTxn *txn, gpointer data, GError **error)
{
	g_autofree char *today = service_today(data);
	g_autofree char *tomorrow = calendar_add_days(today, 1);
	json_auto_t *nothing = json_object();

	return due_set(txn, KIND, SUBJECT, tomorrow, nothing, error);
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
