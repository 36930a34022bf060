/*
 * check.h for the scopes of [policy]: a name that nothing has, mostly a slip of the pen, leaves the
 * modes of its group without effect, unseen. Accounts come from the API; when it does not answer,
 * its own finding says so, and only domains are judged.
 */
#include "check.h"
#include "api/record_json.h"
#include "base/error.h"
#include "base/nearest.h"
#include "base/text.h"
#include "core/fold.h"

#include <string.h>

#define PAGE_ROWS 500

typedef struct {
	Findings *findings;
	const Settings *settings;
	const char *scope; /* "unit:Name" */
	/* What the accounts have; NULL: the API does not answer. */
	GHashTable *units; /* folded -> as it is written */
	GHashTable *mails; /* in lower case -> the mailbox's own address */
} Check;

static void finding_of(const Check *check, const char *nearest, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

/* "FILE:LINE: [policy SCOPE]: what is wrong", and what was probably meant. */
static void finding_of(const Check *check, const char *nearest, const char *format, ...)
{
	g_autofree char *group = g_strconcat("policy ", check->scope, NULL), *why = NULL,
			*hint = NULL;
	g_autoptr(GError) told = NULL;
	va_list values;

	va_start(values, format);
	why = g_strdup_vprintf(format, values);
	va_end(values);
	hint = nearest != NULL ? g_strdup_printf(_("Quizá sea: %s"), nearest)
			       : g_strdup(_("Revise el nombre"));
	settings_fail(check->settings, &told, group, NULL, _("%s, y el grupo no tiene efecto. %s"),
		why, hint);
	finding_add(check->findings, FINDING_WARNING, "policy", "%s", told->message);
}

static void take_account(Check *check, const json_t *account)
{
	const char *unit = json_string_value(json_object_get(account, "unit"));
	const char *mail = json_string_value(json_object_get(account, "mail"));
	json_t *alias;
	size_t i;

	if (unit != NULL)
		g_hash_table_insert(check->units, text_fold(unit), g_strdup(unit));
	if (mail == NULL)
		return;
	g_hash_table_insert(check->mails, g_ascii_strdown(mail, -1), g_strdup(mail));
	json_array_foreach(json_object_get(account, "aliases"), i, alias)
		g_hash_table_insert(check->mails, g_ascii_strdown(json_string_value(alias), -1),
			g_strdup(mail));
}

static gboolean fetch_accounts(Check *check, ApiClient *api)
{
	g_autofree char *after = NULL;

	do {
		g_autofree char *list = after != NULL ? api_path("/v1/accounts?after=%s", after)
						      : g_strdup("/v1/accounts?");
		g_autofree char *path = g_strdup_printf("%s&limit=%d", list, PAGE_ROWS);
		json_auto_t *page = api_call(api, "GET", path, NULL, NULL);
		json_t *account;
		size_t i;

		if (page == NULL)
			return FALSE;
		json_array_foreach(json_object_get(page, "items"), i, account)
			take_account(check, account);
		g_free(after);
		after = g_strdup(json_string_value(json_object_get(page, "next")));
	} while (after != NULL);
	return TRUE;
}

/* What it is near to of what there is, as it is written; or NULL. */
static const char *nearest_of(GHashTable *known, const char *word)
{
	Nearest nearest = {.word = word};
	GHashTableIter iter;
	gpointer key;

	g_hash_table_iter_init(&iter, known);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		nearest_offer(&nearest, key);
	return nearest.best != NULL ? g_hash_table_lookup(known, nearest.best) : NULL;
}

static void check_unit(const Check *check, const char *unit)
{
	g_autofree char *folded = text_fold(unit);

	if (!g_hash_table_contains(check->units, g_strstrip(folded)))
		finding_of(check, nearest_of(check->units, folded),
			_("ninguna cuenta es de esa unidad"));
}

static void check_mailbox(const Check *check, const char *address)
{
	g_autofree char *lower = g_ascii_strdown(address, -1);
	const char *mail = g_hash_table_lookup(check->mails, lower);

	if (mail == NULL)
		finding_of(check, nearest_of(check->mails, lower), _("no existe ese buzón"));
	else if (g_ascii_strcasecmp(mail, address) != 0)
		finding_of(check, mail, _("es otra dirección de un buzón"));
}

/* Names of hosts (RFC 1123), the last of which is no number. */
static gboolean can_be_domain(const char *domain)
{
	return strlen(domain) <= 253 &&
	       g_regex_match_simple("^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\\.)+"
				    "[a-z](?:[a-z0-9-]{0,61}[a-z0-9])\\z",
		       domain, G_REGEX_CASELESS, 0);
}

/* Whether a domain exists is for the DNS to say; one letter beside a known one is a slip. */
static void check_domain(const Check *check, const char *domain)
{
	const char *const known[] = {settings_string(check->settings, "institution", "domain"),
		"gmail.com", "hotmail.com", "hotmail.es", "outlook.com", "outlook.es", "yahoo.com",
		"yahoo.es", "ymail.com", "mail.com", "live.com", "icloud.com"};
	Nearest nearest = {.word = domain};

	if (!can_be_domain(domain)) {
		finding_of(check, NULL, _("no es un dominio"));
		return;
	}
	for (gsize i = 0; i < G_N_ELEMENTS(known); i++)
		if (known[i] != NULL && g_ascii_strcasecmp(known[i], domain) == 0)
			return;
		else if (known[i] != NULL)
			nearest_offer(&nearest, known[i]);
	if (nearest.best != NULL && nearest.distance == 1)
		finding_of(check, nearest.best, _("quizá nadie recibe correo en ese dominio"));
}

static void check_scope(const Check *check)
{
	g_auto(GStrv) words = g_strsplit(check->scope, ":", 2);

	/* What is neither is an error of the settings. */
	if (words[0] == NULL || words[1] == NULL)
		return;
	g_strstrip(words[1]);
	if (strcmp(words[0], "domain") == 0)
		check_domain(check, words[1]);
	else if (check->units != NULL && strcmp(words[0], "unit") == 0)
		check_unit(check, words[1]);
	else if (check->mails != NULL && strcmp(words[0], "mailbox") == 0)
		check_mailbox(check, words[1]);
}

void check_policy(Findings *findings, const Settings *settings, ApiClient *api)
{
	g_auto(GStrv) scopes = settings_scopes(settings, "policy");
	g_autoptr(GHashTable) units =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_autoptr(GHashTable) mails =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	Check check = {findings, settings, NULL, units, mails};

	if (scopes[0] != NULL && !fetch_accounts(&check, api))
		check.units = check.mails = NULL;
	for (char **scope = scopes; *scope != NULL; scope++) {
		check.scope = *scope;
		check_scope(&check);
	}
}
