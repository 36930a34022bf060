/* csn.h: thin over ldap_search_ext_s(). In any thread, one at a time for each table. */
#include "directory/csn.h"

#include <string.h>

#include "directory/connection.h"

/*
 * The cookie is "rid=..,csn=A;B"; a CSN is TIME#COUNT#SID#MOD. That of a change names its own
 * server alone, so what the others have reached is kept.
 */
void csn_note(GHashTable *reached, const struct berval *cookie)
{
	g_autofree char *text =
		cookie->bv_val != NULL ? g_strndup(cookie->bv_val, cookie->bv_len) : NULL;
	char *begin = text != NULL ? strstr(text, "csn=") : NULL;
	g_auto(GStrv) seen = NULL;

	if (begin == NULL)
		return;
	begin[strcspn(begin, ",")] = '\0';
	seen = g_strsplit(begin + 4, ";", 0);
	for (int i = 0; seen[i] != NULL; i++) {
		g_auto(GStrv) parts = g_strsplit(seen[i], "#", 0);
		const char *known;

		if (g_strv_length(parts) < 4)
			continue;
		known = g_hash_table_lookup(reached, parts[2]);
		if (known == NULL || strcmp(known, seen[i]) < 0)
			g_hash_table_replace(reached, g_strdup(parts[2]), g_strdup(seen[i]));
	}
}

gboolean csn_is_reached(GHashTable *reached, const char *csn)
{
	g_auto(GStrv) parts = g_strsplit(csn, "#", 0);
	const char *known =
		g_strv_length(parts) >= 4 ? g_hash_table_lookup(reached, parts[2]) : NULL;

	return known != NULL && strcmp(known, csn) >= 0;
}

char **csn_read(LDAP *ld, const char *base, GError **error)
{
	char *attributes[] = {(char *)"contextCSN", NULL};
	LDAPMessage *result = NULL, *entry;
	struct berval **values = NULL;
	GPtrArray *csns;
	int code = ldap_search_ext_s(ld, base, LDAP_SCOPE_BASE, "(objectClass=*)", attributes, 0,
		NULL, NULL, NULL, 1, &result);

	if (code != LDAP_SUCCESS) {
		connection_error(ld, code, "read contextCSN", error);
		ldap_msgfree(result);
		return NULL;
	}
	csns = g_ptr_array_new();
	entry = ldap_first_entry(ld, result);
	if (entry != NULL)
		values = ldap_get_values_len(ld, entry, "contextCSN");
	for (int i = 0; values != NULL && values[i] != NULL; i++)
		g_ptr_array_add(csns, g_strndup(values[i]->bv_val, values[i]->bv_len));
	ldap_value_free_len(values);
	ldap_msgfree(result);
	g_ptr_array_add(csns, NULL);
	return (char **)g_ptr_array_free(csns, FALSE);
}
