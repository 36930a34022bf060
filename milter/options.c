/*
 * options.h: copies values out of the Settings. Fails whole: an object that exists is complete.
 * Read only afterwards, safe in every thread.
 */
#include "milter/options.h"
#include "base/error.h"
#include "mime/signature_files.h"
#include "milter/session.h"
#include "signer/permit.h"

#include <string.h>

static PolicySettings *make_policy(const Settings *settings, GError **error)
{
	g_autoptr(PolicySettings) policy = policy_settings_load(settings, error);

	if (policy == NULL)
		return NULL;
	signature_settings_free(policy->signature);
	policy->signature = signature_files_load(settings, error);
	return policy->signature != NULL ? g_steal_pointer(&policy) : NULL;
}

static OnFailure on_failure(const char *word)
{
	if (strcmp(word, "hold") == 0)
		return ON_FAILURE_HOLD;
	return strcmp(word, "unsigned") == 0 ? ON_FAILURE_UNSIGNED : ON_FAILURE_REFUSE;
}

/* A wrong address would be a mailbox that nobody watches. */
static char **official_mailboxes(const Settings *settings, const char *domain, GError **error)
{
	const char *const *list = settings_list(settings, "incoming", "mailboxes");
	g_autoptr(GStrvBuilder) found = g_strv_builder_new();

	for (; list != NULL && *list != NULL; list++) {
		g_autofree char *lower = g_ascii_strdown(*list, -1);

		if (!address_in_domain(lower, domain)) {
			g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID,
				"[incoming] mailboxes: %s is no address of %s", *list, domain);
			return NULL;
		}
		g_strv_builder_add(found, lower);
	}
	return g_strv_builder_end(found);
}

MilterOptions *milter_options_new(const Settings *settings, Instance instance, GError **error)
{
	g_autoptr(MilterOptions) options = g_new0(MilterOptions, 1);

	if (!settings_require(settings, error, "institution.name", "institution.domain", NULL))
		return NULL;
	options->policy = make_policy(settings, error);
	if (options->policy == NULL)
		return NULL;
	options->inspect = inspect_options(options->policy);
	if (instance == INSTANCE_EVIDENCE) {
		options->inspect.blocked = options->policy->attachments->inbound != MODE_OFF;
		options->inspect.heavy_bytes = 0;
	}
	if (instance == INSTANCE_OUTGOING)
		options->pdf_checker = inspect_pdf_checker(settings, options->policy);
	options->inspect.pdf_checker = options->pdf_checker;
	options->token_key = key_file_read(settings_string(settings, "milter", "token_key"), error);
	if (options->token_key == NULL)
		return NULL;
	options->domain = g_strdup(options->policy->domain);
	options->incoming = official_mailboxes(settings, options->domain, error);
	if (options->incoming == NULL)
		return NULL;
	options->authserv_id = g_strdup(settings_string(settings, "proof", "authserv_id"));
	options->socket_path = g_strdup(settings_string(settings, "milter",
		instance == INSTANCE_OUTGOING ? "outgoing_socket" : "evidence_socket"));
	options->sign_socket = g_strdup(settings_string(settings, "signing", "sign_socket"));
	options->on_failure = on_failure(settings_string(settings, "signing", "on_failure"));
	options->timestamps = *settings_string(settings, "signing", "tsa_url") != '\0';
	options->max_message_bytes = (gsize)settings_int(settings, "milter", "max_message_bytes");
	options->client_wait_ms = (guint)settings_int(settings, "milter", "client_wait_ms");
	options->message_cpu_ms = (guint)settings_int(settings, "milter", "message_cpu_ms");
	options->max_age_s = settings_int(settings, "directory", "max_age_s");
	return g_steal_pointer(&options);
}

void milter_options_free(MilterOptions *options)
{
	if (options == NULL)
		return;
	g_free(options->domain);
	g_free(options->authserv_id);
	g_strfreev(options->incoming);
	g_free(options->socket_path);
	g_free(options->sign_socket);
	pdf_checker_free(options->pdf_checker);
	g_clear_pointer(&options->token_key, g_bytes_unref);
	g_clear_pointer(&options->policy, policy_settings_free);
	g_free(options);
}
