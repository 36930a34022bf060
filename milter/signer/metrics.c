/* metrics.h: a timer of the default main context. One thread. A file that can no longer be written
 * is left behind. */
#include "signer/metrics.h"
#include "base/error.h"

#include <string.h>

struct _SignerMetrics {
	char *path;
	const Pool *pool;
	guint timer;
};

/* Of a token's status: member of type u, t or b. */
static const struct {
	const char *member, *name, *type, *help;
} columns[] = {
	{"unlocked", "acuse_token_unlocked", "gauge", "Whether the token signs."},
	{"signatures", "acuse_token_signatures_total", "counter", "Signatures made."},
	{"waiting", "acuse_token_waiting", "gauge", "Signatures that wait."},
	{"wait_ms", "acuse_token_wait_milliseconds", "gauge", "What one more would take."},
	{"sign_ms", "acuse_token_sign_milliseconds", "gauge", "What one signature takes."},
};

static guint64 number_of(GVariant *token, const char *member)
{
	guint64 number = 0;
	guint32 small = 0;
	gboolean truth = FALSE;

	if (g_variant_lookup(token, member, "u", &small))
		return small;
	if (g_variant_lookup(token, member, "b", &truth))
		return truth;
	g_variant_lookup(token, member, "t", &number);
	return number;
}

/* A label may have any printable character. */
static char *quote(const char *label)
{
	g_autofree char *valid = g_utf8_make_valid(label, -1);
	GString *quoted = g_string_new(NULL);

	for (const char *c = valid; *c != '\0'; c++) {
		if (*c == '"' || *c == '\\')
			g_string_append_c(quoted, '\\');
		g_string_append_c(quoted, *c);
	}
	return g_string_free(quoted, FALSE);
}

/* What the file says of a status (pool_status); a new string. */
static char *text_of(GVariant *status)
{
	g_autoptr(GVariant) tokens =
		g_variant_lookup_value(status, "tokens", G_VARIANT_TYPE("aa{sv}"));
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < G_N_ELEMENTS(columns); i++) {
		g_string_append_printf(text, "# HELP %s %s\n# TYPE %s %s\n", columns[i].name,
			columns[i].help, columns[i].name, columns[i].type);
		for (gsize n = 0; tokens != NULL && n < g_variant_n_children(tokens); n++) {
			g_autoptr(GVariant) token = g_variant_get_child_value(tokens, n);
			g_autofree char *label = NULL;
			const char *name = "";

			g_variant_lookup(token, "token", "&s", &name);
			label = quote(name);
			g_string_append_printf(text, "%s{token=\"%s\"} %" G_GUINT64_FORMAT "\n",
				columns[i].name, label, number_of(token, columns[i].member));
		}
	}
	return g_string_free(text, FALSE);
}

static gboolean write_file(const SignerMetrics *metrics, GError **error)
{
	g_autoptr(GVariant) status = g_variant_ref_sink(pool_status(metrics->pool));
	g_autofree char *text = text_of(status);
	g_autoptr(GError) cause = NULL;

	if (g_file_set_contents_full(
		    metrics->path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0644, &cause))
		return TRUE;
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "cannot write %s: %s", metrics->path,
		cause->message);
	return FALSE;
}

static gboolean on_turn(gpointer data)
{
	write_file(data, NULL);
	return G_SOURCE_CONTINUE;
}

SignerMetrics *signer_metrics_start(const char *path, const Pool *pool, GError **error)
{
	SignerMetrics *metrics;

	if (*path == '\0')
		return NULL;
	metrics = g_new0(SignerMetrics, 1);
	metrics->path = g_strdup(path);
	metrics->pool = pool;
	if (write_file(metrics, error)) {
		metrics->timer = g_timeout_add_seconds(SIGNER_METRICS_INTERVAL_S, on_turn, metrics);
		return metrics;
	}
	signer_metrics_stop(metrics);
	return NULL;
}

void signer_metrics_stop(SignerMetrics *metrics)
{
	if (metrics == NULL)
		return;
	if (metrics->timer != 0)
		g_source_remove(metrics->timer);
	g_free(metrics->path);
	g_free(metrics);
}
