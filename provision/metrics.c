/*
 * metrics.h. Counters are of this process, as Prometheus wants them; what waits is read from the
 * store when it is asked, of which there is little at any time. Fails only when the store cannot be
 * read.
 */
#include "provision/metrics.h"

#include <string.h>
#include <sys/statvfs.h>

#include "core/send.h"
#include "provision/outbox.h"
#include "provision/service.h"

#define PENDING "pending/" /* undecided sends in TABLE_INDEX */
#define STATES (SEND_NOT_RELEASED + 1)

static gint counted[STATES]; /* atomic */

void metrics_count_send(const char *record_type)
{
	for (guint i = 0; i < STATES; i++)
		if (g_str_has_prefix(record_type, "send.") &&
			strcmp(record_type + strlen("send."), send_state_name((SendState)i)) == 0)
			g_atomic_int_inc(&counted[i]);
}

static void describe(GString *text, const char *name, const char *type, const char *help)
{
	g_string_append_printf(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void gauge(GString *text, const char *name, const char *help, guint64 value)
{
	describe(text, name, "gauge", help);
	g_string_append_printf(text, "%s %" G_GUINT64_FORMAT "\n", name, value);
}

static gboolean count_one(const char *key, const char *value, gpointer data)
{
	(void)key;
	(void)value;
	(*(guint64 *)data)++;
	return TRUE;
}

static gboolean add_sends(GString *text, const Service *service, GError **error)
{
	guint64 pending = 0;

	if (!store_scan(
		    service->store, TABLE_INDEX, PENDING, NULL, FALSE, count_one, &pending, error))
		return FALSE;
	describe(text, "acuse_sends_total", "counter", "Sends that came to a state.");
	for (guint i = 0; i < STATES; i++)
		g_string_append_printf(text, "acuse_sends_total{state=\"%s\"} %u\n",
			send_state_name((SendState)i), (guint)g_atomic_int_get(&counted[i]));
	gauge(text, "acuse_sends_pending", "Sends of which it is not known yet whether they left.",
		pending);
	return TRUE;
}

static void add_disk(GString *text, const Service *service)
{
	struct statvfs disk;

	if (statvfs(settings_string(service->settings, "ledger", "store"), &disk) == 0)
		gauge(text, "acuse_store_free_bytes", "Free space of the message store.",
			(guint64)disk.f_bavail * disk.f_frsize);
}

static void add_directory(GString *text, LiveDirectory *live)
{
	gint64 age_s = live_directory_age_s(live);

	gauge(text, "acuse_directory_accounts", "Accounts in the copy of the directory.",
		live_directory_count(live));
	if (age_s != G_MAXINT64)
		gauge(text, "acuse_directory_age_seconds", "Age of that copy.", (guint64)age_s);
}

static void add_outbox(GString *text, Outbox *outbox)
{
	g_autofree char *trouble = NULL;

	gauge(text, "acuse_outbox_waiting", "Changes that wait for another server.",
		outbox_waiting(outbox, &trouble));
	gauge(text, "acuse_outbox_trouble", "1: one of them failed when it was last tried.",
		trouble != NULL);
}

static gboolean get_metrics(const ApiRequest *request, ApiResponse *response, GError **error)
{
	const Service *service = request->service;
	g_autoptr(GString) text = g_string_new(NULL);

	gauge(text, "acuse_ledger_leaves", "Leaves of the ledger.",
		store_tree_size(service->store));
	if (!add_sends(text, service, error))
		return FALSE;
	add_disk(text, service);
	if (service->live != NULL)
		add_directory(text, service->live);
	if (service->outbox != NULL)
		add_outbox(text, service->outbox);
	response->bytes = g_bytes_new(text->str, text->len);
	response->content_type = "text/plain;version=0.0.4;charset=utf-8";
	return TRUE;
}

const Route routes_metrics[] = {
	{"GET", "/metrics", ROLE_OTIC | ROLE_AUDITOR, FALSE, get_metrics},
	{NULL, NULL, 0, FALSE, NULL},
};
