/*
 * check.h for the scopes of [policy]: a name that nothing has, mostly a slip of the pen, leaves the
 * modes of its group without effect, unseen. Accounts come from the API; when it does not answer,
 * its own finding says so and nothing is said here.
 */
#include "check.h"
#include "api/record_json.h"
#include "base/error.h"
#include "base/text.h"
#include "core/fold.h"

#include <string.h>

#define PAGE_ROWS 500

/* Folded names of the accounts' units, as a set; NULL: the API does not answer. */
static GHashTable *fetch_units(ApiClient *api)
{
	g_autoptr(GHashTable) units = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autofree char *after = NULL;

	do {
		g_autofree char *list = after != NULL ? api_path("/v1/accounts?after=%s", after)
						      : g_strdup("/v1/accounts?");
		g_autofree char *path = g_strdup_printf("%s&limit=%d", list, PAGE_ROWS);
		json_auto_t *page = api_call(api, "GET", path, NULL, NULL);
		json_t *account;
		size_t i;

		if (page == NULL)
			return NULL;
		json_array_foreach(json_object_get(page, "items"), i, account) {
			const char *unit = json_string_value(json_object_get(account, "unit"));

			if (unit != NULL)
				g_hash_table_add(units, text_fold(unit));
		}
		g_free(after);
		after = g_strdup(json_string_value(json_object_get(page, "next")));
	} while (after != NULL);
	return g_steal_pointer(&units);
}

static void check_unit(Findings *findings, ApiClient *api, const char *scope, const char *unit)
{
	g_autoptr(GHashTable) units = fetch_units(api);
	g_autofree char *folded = text_fold(unit);

	if (units != NULL && !g_hash_table_contains(units, g_strstrip(folded)))
		finding_add(findings, FINDING_WARNING, "policy",
			_("[policy %s]: ninguna cuenta es de esa unidad, y el grupo no tiene "
			  "efecto. "
			  "Revise el nombre"),
			scope);
}

static void check_mailbox(
	Findings *findings, ApiClient *api, const char *scope, const char *address)
{
	g_autofree char *path = api_path("/v1/accounts/%s", address);
	g_autoptr(GError) error = NULL;
	json_auto_t *account = api_call(api, "GET", path, NULL, &error);
	const char *mail = json_string_value(json_object_get(account, "mail"));

	if (account == NULL && error->code == ACUSE_ERROR_NOT_FOUND)
		finding_add(findings, FINDING_WARNING, "policy",
			_("[policy %s]: no existe ese buzón, y el grupo no tiene efecto. Revise la "
			  "dirección"),
			scope);
	else if (mail != NULL && g_ascii_strcasecmp(mail, address) != 0)
		finding_add(findings, FINDING_WARNING, "policy",
			_("[policy %s]: es otra dirección de %s, y el grupo no tiene efecto. "
			  "Escriba "
			  "esta"),
			scope, mail);
}

/* Whether a name can have mail is for the DNS to say, but without a dot it is none. */
static void check_domain(Findings *findings, const char *scope, const char *domain)
{
	if (strchr(domain, '.') == NULL || strstr(domain, "..") != NULL || domain[0] == '.' ||
		g_str_has_suffix(domain, "."))
		finding_add(findings, FINDING_WARNING, "policy",
			_("[policy %s]: no es un dominio, y el grupo no tiene efecto. Revise el "
			  "nombre"),
			scope);
}

void check_policy(Findings *findings, const Settings *settings, ApiClient *api)
{
	g_auto(GStrv) scopes = settings_scopes(settings, "policy");

	for (char **scope = scopes; *scope != NULL; scope++) {
		g_auto(GStrv) words = g_strsplit(*scope, ":", 2);

		if (words[0] == NULL || words[1] == NULL)
			continue;
		g_strstrip(words[1]);
		if (strcmp(words[0], "unit") == 0)
			check_unit(findings, api, *scope, words[1]);
		else if (strcmp(words[0], "mailbox") == 0)
			check_mailbox(findings, api, *scope, words[1]);
		else
			check_domain(findings, *scope, words[1]);
	}
}
