/*
 * metrics.h. The file is replaced as a whole, readable by everyone: there are numbers in it and no
 * names. The file's own variables are guarded by one mutex, so any thread may count.
 */
#include "milter/metrics.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"

typedef enum { DECIDED_ACCEPTED, DECIDED_REFUSED, DECIDED_DEFERRED, DECIDED_DISCARDED } Decided;

static const char *const words[] = {"accepted", "refused", "deferred", "discarded"};

static struct {
	GMutex mutex;
	char *path; /* NULL: no file */
	char *instance;
	guint64 decided[G_N_ELEMENTS(words)], held_back;
	gint64 written_us; /* monotonic */
} metrics;

static GString *make_text(void)
{
	GString *text = g_string_new("# HELP acuse_milter_messages_total Messages decided.\n"
				     "# TYPE acuse_milter_messages_total counter\n");

	for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
		g_string_append_printf(text,
			"acuse_milter_messages_total{instance=\"%s\",decision=\"%s\"} "
			"%" G_GUINT64_FORMAT "\n",
			metrics.instance, words[i], metrics.decided[i]);
	g_string_append_printf(text,
		"# HELP acuse_milter_held_back_total Messages not released: the check of the "
		"edited message failed.\n"
		"# TYPE acuse_milter_held_back_total counter\n"
		"acuse_milter_held_back_total{instance=\"%s\"} %" G_GUINT64_FORMAT "\n",
		metrics.instance, metrics.held_back);
	return text;
}

static gboolean write_file(GError **error)
{
	g_autoptr(GString) text = make_text();
	g_autofree char *fresh = g_strconcat(metrics.path, ".new", NULL);
	g_autoptr(GError) cause = NULL;

	metrics.written_us = g_get_monotonic_time();
	if (g_file_set_contents(fresh, text->str, (gssize)text->len, &cause) &&
		g_chmod(fresh, 0644) == 0 && g_rename(fresh, metrics.path) == 0)
		return TRUE;
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "cannot write %s: %s", metrics.path,
		cause != NULL ? cause->message : "its folder does not allow it");
	return FALSE;
}

gboolean metrics_start(const char *path, const char *instance, GError **error)
{
	g_clear_pointer(&metrics.path, g_free);
	g_clear_pointer(&metrics.instance, g_free);
	memset(metrics.decided, 0, sizeof metrics.decided);
	metrics.held_back = 0;
	metrics.instance = g_strdup(instance);
	if (path[0] == '\0')
		return TRUE;
	metrics.path = g_strdup(path);
	return write_file(error);
}

static Decided decided(const Outcome *outcome)
{
	if (outcome->action == ACTION_DISCARD)
		return DECIDED_DISCARDED;
	if (outcome->action == ACTION_ACCEPT)
		return DECIDED_ACCEPTED;
	return outcome->reply[0] == '5' ? DECIDED_REFUSED : DECIDED_DEFERRED;
}

guint64 metrics_count(const Outcome *outcome)
{
	gboolean held_back = g_strcmp0(outcome->decision, "damaged") == 0;
	guint64 count;

	g_mutex_lock(&metrics.mutex);
	metrics.decided[decided(outcome)]++;
	metrics.held_back += held_back;
	count = metrics.held_back;
	if (metrics.path != NULL && (held_back || g_get_monotonic_time() - metrics.written_us >=
							  METRICS_INTERVAL_S * G_USEC_PER_SEC))
		write_file(NULL);
	g_mutex_unlock(&metrics.mutex);
	return count;
}
