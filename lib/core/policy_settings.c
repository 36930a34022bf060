/*
 * PolicySettings (policy.h) out of the settings, and the mode of a rule for a message. Fails whole:
 * an object that exists is complete. Pure; read only afterwards, safe in every thread.
 */
#include "core/policy.h"
#include "base/error.h"
#include "core/fold.h"

#include <string.h>

static GHashTable *modes_new(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

static void scope_free(gpointer data)
{
	PolicyScope *scope = data;

	g_free(scope->name);
	g_hash_table_unref(scope->modes);
	g_free(scope);
}

PolicySettings *policy_settings_new(void)
{
	PolicySettings *settings = g_new0(PolicySettings, 1);

	settings->modes = modes_new();
	settings->scopes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, scope_free);
	settings->signature = signature_settings_new();
	settings->directory_name = TRUE;
	settings->attachments = attachment_policy_new();
	return settings;
}

void policy_settings_free(PolicySettings *settings)
{
	if (settings == NULL)
		return;
	g_free(settings->institution_name);
	g_free(settings->institution_phone);
	g_free(settings->domain);
	document_types_free(settings->documents);
	g_strfreev(settings->unsigned_types);
	g_clear_pointer(&settings->expediente_pattern, g_regex_unref);
	signature_settings_free(settings->signature);
	attachment_policy_free(settings->attachments);
	g_hash_table_unref(settings->modes);
	g_hash_table_unref(settings->scopes);
	g_free(settings);
}

static void take_mode(
	GHashTable *modes, const Settings *settings, const char *scope, const char *id)
{
	g_autofree char *key = g_ascii_strdown(id, -1);
	const char *word = scope != NULL ? settings_scoped(settings, "policy", scope, key)
					 : settings_string(settings, "policy", key);
	RuleMode mode;

	if (rule_mode_parse(word, &mode))
		g_hash_table_insert(modes, g_steal_pointer(&key), GUINT_TO_POINTER(mode));
}

/* Modes of what is no rule of the table: a second one of P10, and what provisiond judges. */
static const char *const other_modes[] = {"p10_inside", "p10_attachment", "d9", "d5"};

/* The modes that `scope` names (NULL: the general ones). */
static void take_modes(GHashTable *modes, const Settings *settings, const char *scope)
{
	for (const Rule *const *rule = policy_rules; *rule != NULL; rule++)
		take_mode(modes, settings, scope, (*rule)->id);
	for (gsize i = 0; i < G_N_ELEMENTS(other_modes); i++)
		take_mode(modes, settings, scope, other_modes[i]);
}

/* "unit:Gerencia Municipal" as it is compared, or NULL when its kind is unknown or it is empty. */
static char *scope_key(const char *kind, const char *name)
{
	static const char *const kinds[] = {"mailbox", "unit", "domain", NULL};
	g_autofree char *folded = text_fold(name);

	if (!g_strv_contains(kinds, kind) || *g_strstrip(folded) == '\0')
		return NULL;
	/* An address has no accents to put aside. */
	if (strcmp(kind, "unit") != 0) {
		g_free(folded);
		folded = g_ascii_strdown(name, -1);
	}
	return g_strconcat(kind, ":", folded, NULL);
}

/* Whether mail can be of it: an address is of the institution, a domain is no address. */
static gboolean can_be(const PolicySettings *policy, const char *kind, const char *name)
{
	const char *at = strrchr(name, '@');

	if (strcmp(kind, "mailbox") == 0)
		return at != NULL && at > name && strchr(name, ' ') == NULL &&
		       g_ascii_strcasecmp(at + 1, policy->domain) == 0;
	return strcmp(kind, "domain") != 0 || (at == NULL && strchr(name, ' ') == NULL);
}

static gboolean take_scope(
	PolicySettings *policy, const Settings *settings, const char *name, GError **error)
{
	g_auto(GStrv) words = g_strsplit(name, ":", 2);
	g_autofree char *group = g_strconcat("policy ", name, NULL);
	g_autofree char *key = words[0] != NULL && words[1] != NULL &&
					       can_be(policy, words[0], g_strstrip(words[1]))
				       ? scope_key(words[0], words[1])
				       : NULL;
	PolicyScope *scope;

	if (key == NULL)
		return settings_fail(settings, error, group, NULL,
			"must be unit:NAME, domain:NAME or mailbox:NAME@%s", policy->domain);
	if (g_hash_table_contains(policy->scopes, key))
		return settings_fail(settings, error, group, NULL, "stands twice");
	scope = g_new0(PolicyScope, 1);
	scope->name = g_strdup(name);
	scope->modes = modes_new();
	take_modes(scope->modes, settings, name);
	g_hash_table_insert(policy->scopes, g_steal_pointer(&key), scope);
	return TRUE;
}

static gboolean take_scopes(PolicySettings *policy, const Settings *settings, GError **error)
{
	g_auto(GStrv) names = settings_scopes(settings, "policy");

	for (char **name = names; *name != NULL; name++)
		if (!take_scope(policy, settings, *name, error))
			return FALSE;
	return TRUE;
}

static gboolean take_pattern(PolicySettings *policy, const Settings *settings, GError **error)
{
	const char *pattern = settings_string(settings, "policy", "expediente_pattern");
	g_autoptr(GError) cause = NULL;

	policy->expediente_pattern =
		g_regex_new(pattern, G_REGEX_CASELESS | G_REGEX_OPTIMIZE, 0, &cause);
	if (policy->expediente_pattern != NULL &&
		g_regex_get_capture_count(policy->expediente_pattern) > 0)
		return TRUE;
	return settings_fail(settings, error, "policy", "expediente_pattern", "%s",
		cause != NULL ? cause->message : "it has no group for the number");
}

/* A name that no document has would exempt nothing, and nobody would notice. */
static gboolean take_unsigned_types(
	PolicySettings *policy, const Settings *settings, GError **error)
{
	const char *const *word = settings_list(settings, "policy", "p11_exempt_types");
	g_autoptr(GStrvBuilder) names = g_strv_builder_new();

	for (; *word != NULL; word++) {
		const char *type = document_type_find(policy->documents, *word, FALSE);

		if (type == NULL)
			return settings_fail(settings, error, "policy", "p11_exempt_types",
				"%s: no type of [policy] document_types", *word);
		g_strv_builder_add(names, type);
	}
	policy->unsigned_types = g_strv_builder_end(names);
	return TRUE;
}

PolicySettings *policy_settings_load(const Settings *settings, GError **error)
{
	g_autoptr(PolicySettings) policy = policy_settings_new();

	policy->institution_name = g_strdup(settings_string(settings, "institution", "name"));
	policy->institution_phone = g_strdup(settings_string(settings, "institution", "phone"));
	policy->domain = g_ascii_strdown(settings_string(settings, "institution", "domain"), -1);
	policy->directory_name =
		strcmp(settings_string(settings, "policy", "display_name"), "directory") == 0;
	policy->documents = document_types_new(settings_list(settings, "policy", "document_types"),
		settings_list(settings, "policy", "notification_types"),
		settings_list(settings, "policy", "not_documents"));
	if (!take_unsigned_types(policy, settings, error) ||
		!take_pattern(policy, settings, error) || !take_scopes(policy, settings, error))
		return NULL;
	take_modes(policy->modes, settings, NULL);
	attachment_policy_free(policy->attachments);
	policy->attachments = attachment_policy_load(settings);
	return g_steal_pointer(&policy);
}

static gboolean has_mode(GHashTable *modes, const char *key, RuleMode *mode)
{
	gpointer value;

	if (!g_hash_table_lookup_extended(modes, key, NULL, &value))
		return FALSE;
	*mode = (RuleMode)GPOINTER_TO_UINT(value);
	return TRUE;
}

/* What the scope says of the rule; FALSE: nothing. */
static gboolean mode_in_scope(const PolicySettings *settings, const char *kind, const char *name,
	const char *key, RuleMode *mode, const char **where)
{
	g_autofree char *scope_name = name != NULL ? scope_key(kind, name) : NULL;
	const PolicyScope *scope =
		scope_name != NULL ? g_hash_table_lookup(settings->scopes, scope_name) : NULL;

	if (scope == NULL || !has_mode(scope->modes, key, mode))
		return FALSE;
	*where = scope->name;
	return TRUE;
}

/* Of several domains the strictest: no recipient loosens what another one asks for. */
static RuleMode mode_of_domains(
	const PolicyInput *input, const char *key, RuleMode general, const char **where)
{
	const GPtrArray *recipients = input->envelope->recipients;
	RuleMode strictest = general;

	for (guint i = 0; i < recipients->len; i++) {
		const char *at = strrchr(recipients->pdata[i], '@');
		const char *said = NULL;
		RuleMode mode = general;

		mode_in_scope(input->settings, "domain",
			at != NULL ? at + 1 : input->settings->domain, key, &mode, &said);
		if (i > 0 && mode <= strictest)
			continue;
		strictest = mode;
		*where = said;
	}
	return strictest;
}

RuleMode policy_mode(const PolicyInput *input, const char *id, const char **scope)
{
	g_autofree char *key = g_ascii_strdown(id, -1);
	const Account *mailbox = input->mailbox, *login = input->login;
	const char *unit = mailbox != NULL && mailbox->unit != NULL ? mailbox->unit
			   : login != NULL			    ? login->unit
								    : NULL;
	const char *unused, **where = scope != NULL ? scope : &unused;
	RuleMode mode = MODE_ENFORCE;

	*where = NULL;
	if (g_hash_table_size(input->settings->scopes) > 0 &&
		(mode_in_scope(input->settings, "mailbox", mailbox != NULL ? mailbox->mail : NULL,
			 key, &mode, where) ||
			mode_in_scope(input->settings, "unit", unit, key, &mode, where)))
		return mode;
	has_mode(input->settings->modes, key, &mode);
	if (g_hash_table_size(input->settings->scopes) == 0)
		return mode;
	return mode_of_domains(input, key, mode, where);
}

gboolean policy_is_asked(const PolicySettings *settings, const char *id)
{
	g_autofree char *key = g_ascii_strdown(id, -1);
	RuleMode mode = MODE_ENFORCE;
	GHashTableIter iter;
	gpointer scope;

	has_mode(settings->modes, key, &mode);
	g_hash_table_iter_init(&iter, settings->scopes);
	while (mode == MODE_OFF && g_hash_table_iter_next(&iter, NULL, &scope))
		has_mode(((PolicyScope *)scope)->modes, key, &mode);
	return mode != MODE_OFF;
}
