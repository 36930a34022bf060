/*
 * options.h: copies values out of the Settings and compiles the policy's pattern. Fails whole: an
 * object that exists is complete. Read only afterwards, safe in every thread.
 */
#include "milter/options.h"
#include "base/error.h"
#include "mime/signature_files.h"
#include "signer/permit.h"

#include <string.h>

static const char *const rule_keys[] = {"p1", "p2", "p3", "p4", "p5", "p6", "p10", "p14"};

static gboolean take_modes(PolicySettings *policy, const Settings *settings, GError **error)
{
	if (policy->modes == NULL)
		policy->modes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(rule_keys); i++) {
		const char *word = settings_string(settings, "policy", rule_keys[i]);
		RuleMode mode;

		if (!rule_mode_parse(word, &mode)) {
			g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "[policy] %s: %s",
				rule_keys[i], word);
			return FALSE;
		}
		g_hash_table_insert(policy->modes, g_strdup(rule_keys[i]), GUINT_TO_POINTER(mode));
	}
	return TRUE;
}

static PolicySettings *make_policy(const Settings *settings, GError **error)
{
	g_autoptr(PolicySettings) policy = policy_settings_new();
	const char *pattern = settings_string(settings, "policy", "expediente_pattern");
	g_autoptr(GError) cause = NULL;

	policy->institution_name = g_strdup(settings_string(settings, "institution", "name"));
	policy->institution_phone = g_strdup(settings_string(settings, "institution", "phone"));
	policy->domain = g_ascii_strdown(settings_string(settings, "institution", "domain"), -1);
	policy->notification_types =
		g_strdupv((GStrv)settings_list(settings, "policy", "notification_types"));
	policy->expediente_pattern =
		g_regex_new(pattern, G_REGEX_CASELESS | G_REGEX_OPTIMIZE, 0, &cause);
	if (policy->expediente_pattern == NULL ||
		g_regex_get_capture_count(policy->expediente_pattern) < 1) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID,
			"[policy] expediente_pattern: %s",
			cause != NULL ? cause->message : "it has no group");
		return NULL;
	}
	if (!take_modes(policy, settings, error))
		return NULL;
	signature_settings_free(policy->signature);
	policy->signature = signature_files_load(settings, error);
	if (policy->signature == NULL)
		return NULL;
	return g_steal_pointer(&policy);
}

MilterOptions *milter_options_new(const Settings *settings, Instance instance, GError **error)
{
	g_autoptr(MilterOptions) options = g_new0(MilterOptions, 1);

	if (!settings_require(settings, error, "institution.name", "institution.domain", NULL))
		return NULL;
	options->policy = make_policy(settings, error);
	if (options->policy == NULL)
		return NULL;
	options->token_key = key_file_read(settings_string(settings, "milter", "token_key"), error);
	if (options->token_key == NULL)
		return NULL;
	options->domain = g_strdup(options->policy->domain);
	options->authserv_id = g_strdup(settings_string(settings, "proof", "authserv_id"));
	options->socket_path = g_strdup(settings_string(settings, "milter",
		instance == INSTANCE_OUTGOING ? "outgoing_socket" : "evidence_socket"));
	options->sign_socket = g_strdup(settings_string(settings, "signing", "sign_socket"));
	options->sign_timeout_ms = (guint)settings_int(settings, "signing", "sign_timeout_ms");
	options->max_message_bytes = (gsize)settings_int(settings, "milter", "max_message_bytes");
	options->client_wait_ms = (guint)settings_int(settings, "milter", "client_wait_ms");
	options->max_age_s = settings_int(settings, "directory", "max_age_s");
	return g_steal_pointer(&options);
}

void milter_options_free(MilterOptions *options)
{
	if (options == NULL)
		return;
	g_free(options->domain);
	g_free(options->authserv_id);
	g_free(options->socket_path);
	g_free(options->sign_socket);
	g_clear_pointer(&options->token_key, g_bytes_unref);
	g_clear_pointer(&options->policy, policy_settings_free);
	g_free(options);
}
