/*
 * An entry of people or offices as an Account. Reads what the identity may see: an attribute that
 * is hidden or absent stays NULL. No network; safe in every thread that owns the LDAP handle.
 */
#include "directory/connection.h"

#include <stdio.h>
#include <string.h>

const char *const entry_attributes[] = {"uid", "mail", "cn", "givenName", "sn", "title", "ou",
	"telephoneNumber", "owner", "member", "acuseKind", "acuseState", "acuseDni",
	"acusePaternalSurname", "acuseMaternalSurname", "acuseExtension", "acuseValidFrom",
	"acuseValidUntil", "acuseDelegation", "acuseNotifierArea", "acuseNotifierLevel",
	"acuseAlias", "pwdReset", "pwdChangedTime", NULL};

char *entry_time(gint64 time_s)
{
	g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc(time_s);

	return when != NULL ? g_date_time_format(when, "%Y%m%d%H%M%SZ")
			    : g_strdup("19700101000000Z");
}

static gint64 time_of(const char *text)
{
	int year, month, day, hour, minute, second;
	g_autoptr(GDateTime) when = NULL;

	if (text == NULL || sscanf(text, "%4d%2d%2d%2d%2d%2d", &year, &month, &day, &hour, &minute,
				    &second) != 6)
		return 0;
	when = g_date_time_new_utc(year, month, day, hour, minute, second);
	return when != NULL ? g_date_time_to_unix(when) : 0;
}

static char *first_value(LDAP *ld, LDAPMessage *entry, const char *attribute)
{
	struct berval **values = ldap_get_values_len(ld, entry, attribute);
	char *text = NULL;

	if (values != NULL && values[0] != NULL)
		text = g_strndup(values[0]->bv_val, values[0]->bv_len);
	ldap_value_free_len(values);
	return text;
}

/* The uids of DN values, NULL-terminated; NULL when there is none. */
static char **uids_of(LDAP *ld, LDAPMessage *entry, const char *attribute)
{
	struct berval **values = ldap_get_values_len(ld, entry, attribute);
	GPtrArray *uids;

	if (values == NULL)
		return NULL;
	uids = g_ptr_array_new();
	for (int i = 0; values[i] != NULL; i++) {
		g_autofree char *dn = g_strndup(values[i]->bv_val, values[i]->bv_len);
		char *uid = connection_rdn_value(dn);

		if (uid != NULL)
			g_ptr_array_add(uids, uid);
	}
	ldap_value_free_len(values);
	g_ptr_array_add(uids, NULL);
	return (char **)g_ptr_array_free(uids, FALSE);
}

static void read_text(LDAP *ld, LDAPMessage *entry, Account *account)
{
	const struct {
		const char *attribute;
		char **field;
	} fields[] = {
		{"uid", &account->uid},
		{"mail", &account->mail},
		{"cn", &account->display_name},
		{"givenName", &account->given_names},
		{"title", &account->post},
		{"ou", &account->unit},
		{"telephoneNumber", &account->phone},
		{"acuseDni", &account->dni},
		{"acusePaternalSurname", &account->paternal_surname},
		{"acuseMaternalSurname", &account->maternal_surname},
		{"acuseExtension", &account->extension},
		{"acuseNotifierArea", &account->notifier_area},
		{"acuseNotifierLevel", &account->notifier_level},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
		g_free(*fields[i].field);
		*fields[i].field = first_value(ld, entry, fields[i].attribute);
	}
}

static gboolean read_limit(const char *word, gint64 *time_s)
{
	*time_s = strcmp(word, "-") == 0 ? 0 : time_of(word);
	return *time_s != 0 || strcmp(word, "-") == 0;
}

/* "UID FROM UNTIL". What cannot be read is a term that has ended before it began. */
static Delegation *delegation_of(const char *text)
{
	g_auto(GStrv) words = g_strsplit(text, " ", 3);
	gint64 from_s = 0, until_s = 0;

	if (g_strv_length(words) == 3 && read_limit(words[1], &from_s) &&
		read_limit(words[2], &until_s))
		return delegation_new(words[0], from_s, until_s);
	return delegation_new(words[0] != NULL ? words[0] : "", 1, 1);
}

static void read_delegations(LDAP *ld, LDAPMessage *entry, Account *account)
{
	struct berval **values = ldap_get_values_len(ld, entry, "acuseDelegation");

	for (int i = 0; values != NULL && values[i] != NULL; i++) {
		g_autofree char *text = g_strndup(values[i]->bv_val, values[i]->bv_len);

		account_add_delegation(account, delegation_of(text));
	}
	ldap_value_free_len(values);
}

static void read_people(LDAP *ld, LDAPMessage *entry, Account *account)
{
	g_autofree char *owner = first_value(ld, entry, "owner");

	if (owner != NULL) {
		g_free(account->owner);
		account->owner = connection_rdn_value(owner);
	}
	g_strfreev(account->delegates);
	account->delegates = uids_of(ld, entry, "member");
	read_delegations(ld, entry, account);
}

/* Lower case, as the account's own address. */
static char **read_aliases(LDAP *ld, LDAPMessage *entry)
{
	struct berval **values = ldap_get_values_len(ld, entry, "acuseAlias");
	g_autoptr(GStrvBuilder) aliases = g_strv_builder_new();

	if (values == NULL)
		return NULL;
	for (int i = 0; values[i] != NULL; i++) {
		g_autofree char *alias =
			g_ascii_strdown(values[i]->bv_val, (gssize)values[i]->bv_len);

		g_strv_builder_add(aliases, alias);
	}
	ldap_value_free_len(values);
	return g_strv_builder_end(aliases);
}

Account *entry_to_account(LDAP *ld, LDAPMessage *entry)
{
	g_autoptr(Account) account = account_new();
	g_autofree char *kind = first_value(ld, entry, "acuseKind");
	g_autofree char *state = first_value(ld, entry, "acuseState");
	g_autofree char *reset = first_value(ld, entry, "pwdReset");
	g_autofree char *changed = first_value(ld, entry, "pwdChangedTime");
	g_autofree char *from = first_value(ld, entry, "acuseValidFrom");
	g_autofree char *until = first_value(ld, entry, "acuseValidUntil");

	read_text(ld, entry, account);
	read_people(ld, entry, account);
	account->aliases = read_aliases(ld, entry);
	if (account->uid == NULL || account->mail == NULL || kind == NULL || state == NULL ||
		!account_kind_parse(kind, &account->kind) ||
		!account_state_parse(state, &account->state))
		return NULL;
	account->must_change_password = reset != NULL && g_ascii_strcasecmp(reset, "TRUE") == 0;
	account->password_changed = time_of(changed);
	account->valid_from = time_of(from);
	account->valid_until = time_of(until);
	return g_steal_pointer(&account);
}
