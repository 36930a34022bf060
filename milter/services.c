/*
 * services.h for real: live directory, API over its Unix socket, signer over its own. Each function
 * may be called by many threads; failures come back as GError of the error table.
 */
#include "milter/services.h"
#include "base/error.h"
#include "directory/live.h"
#include "milter/api_pool.h"
#include "signer/protocol.h"

#include <time.h>

#define SIGNER_ANSWER_MS 500

typedef struct {
	LiveDirectory *live; /* NULL: the evidence instance */
	ApiPool *pool;
	const MilterOptions *options;
} RealServices;

static gint64 real_directory_age_s(gpointer data)
{
	RealServices *real = data;

	return real->live != NULL ? live_directory_age_s(real->live) : G_MAXINT64;
}

static Account *real_account_by_uid(gpointer data, const char *uid)
{
	RealServices *real = data;

	return real->live != NULL ? live_directory_by_uid(real->live, uid) : NULL;
}

static Account *real_account_by_mail(gpointer data, const char *mail)
{
	RealServices *real = data;

	return real->live != NULL ? live_directory_by_mail(real->live, mail) : NULL;
}

/* A connection whose call got no answer may hold half of one. */
static gboolean is_healthy(const GError *error)
{
	return !g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE) &&
	       !g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_TIMEOUT);
}

static json_t *real_call(gpointer data, guint timeout_ms, const char *method, const char *path,
	const json_t *body, GBytes *message, GError **error)
{
	RealServices *real = data;
	ApiClient *client = api_pool_take(real->pool, timeout_ms);
	GError *cause = NULL;
	json_t *answer = api_call_with_message(client, method, path, body, message, &cause);

	api_pool_give(real->pool, client, is_healthy(cause));
	if (cause != NULL)
		g_propagate_error(error, cause);
	return answer;
}

static gboolean real_put_blob(
	gpointer data, guint timeout_ms, const char *sha256, GBytes *bytes, GError **error)
{
	RealServices *real = data;
	ApiClient *client = api_pool_take(real->pool, timeout_ms);
	GError *cause = NULL;
	gboolean stored = api_put_blob(client, sha256, bytes, &cause);

	api_pool_give(real->pool, client, is_healthy(cause));
	if (cause != NULL)
		g_propagate_error(error, cause);
	return stored;
}

static GBytes *real_sign(gpointer data, guint timeout_ms, const char *permit, GBytes *entity,
	char **certificate_sha256, GError **error)
{
	RealServices *real = data;
	g_autoptr(GVariant) answer = NULL;
	g_autoptr(GVariant) cms = NULL;
	GVariantBuilder parameters;

	g_variant_builder_init(&parameters, G_VARIANT_TYPE_VARDICT);
	g_variant_builder_add(&parameters, "{sv}", "permit", g_variant_new_string(permit));
	g_variant_builder_add(&parameters, "{sv}", "wait_ms", g_variant_new_uint32(timeout_ms));
	/* A moment more lets its own answer arrive. */
	answer = signer_call(real->options->sign_socket, timeout_ms + SIGNER_ANSWER_MS, "sign",
		g_variant_builder_end(&parameters), entity, error);
	if (answer == NULL)
		return NULL;
	cms = g_variant_lookup_value(answer, "cms", G_VARIANT_TYPE_BYTESTRING);
	if (cms == NULL ||
		!g_variant_lookup(answer, "certificate_sha256", "s", certificate_sha256)) {
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_TOKEN_TROUBLE,
			"the signer's answer has no CMS");
		return NULL;
	}
	return g_variant_get_data_as_bytes(cms);
}

static gint64 real_now_s(gpointer data)
{
	(void)data;
	return g_get_real_time() / G_USEC_PER_SEC;
}

static gint64 real_monotonic_ms(gpointer data)
{
	(void)data;
	return g_get_monotonic_time() / 1000;
}

static gint64 real_cpu_ms(gpointer data)
{
	struct timespec now;

	(void)data;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (gint64)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

Services *services_new(
	const Settings *settings, const MilterOptions *options, Instance instance, GError **error)
{
	g_autoptr(Services) services = g_new0(Services, 1);
	RealServices *real = g_new0(RealServices, 1);

	services->options = options;
	services->data = real;
	services->directory_age_s = real_directory_age_s;
	services->account_by_uid = real_account_by_uid;
	services->account_by_mail = real_account_by_mail;
	services->call = real_call;
	services->put_blob = real_put_blob;
	services->sign = real_sign;
	services->now_s = real_now_s;
	services->monotonic_ms = real_monotonic_ms;
	services->cpu_ms = real_cpu_ms;
	real->options = options;
	real->pool = api_pool_new(settings_string(settings, "api", "socket"));
	if (instance == INSTANCE_EVIDENCE)
		return g_steal_pointer(&services);
	real->live = live_directory_start(settings, error);
	if (real->live == NULL)
		return NULL;
	live_directory_wait(real->live);
	return g_steal_pointer(&services);
}

void services_free(Services *services)
{
	RealServices *real;

	if (services == NULL)
		return;
	real = services->data;
	if (real->live != NULL)
		live_directory_stop(real->live);
	api_pool_free(real->pool);
	g_free(real);
	g_free(services);
}
