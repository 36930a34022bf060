/*
 * Entries of people that somebody else made (change.h): what one has of an account, and the class
 * and attributes of ours that make it one. Nothing else of the entry is written. A refusal names
 * what is missing, so that it can be mended where the entry came from. One thread for each
 * Directory.
 */
#include "directory/change.h"

#include "base/error.h"
#include "directory/directory.h"

#define STRANGER "(&(objectClass=inetOrgPerson)(!(objectClass=acuseAccount)))"

static const char *const attributes[] = {
	"objectClass", "uid", "mail", "cn", "givenName", "sn", "title", "ou", NULL};

/* The one value of an attribute that an account has once, a new string; NULL with CONFLICT. */
static char *only_value(LDAP *ld, LDAPMessage *entry, const char *attribute, GError **error)
{
	struct berval **values = ldap_get_values_len(ld, entry, attribute);
	int n = values != NULL ? ldap_count_values_len(values) : 0;
	char *value = n == 1 ? g_strndup(values[0]->bv_val, values[0]->bv_len) : NULL;

	if (value == NULL)
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT,
			n == 0 ? "the entry has no %s" : "the entry has more than one %s",
			attribute);
	ldap_value_free_len(values);
	return value;
}

/* The first value, or NULL. */
static char *some_value(LDAP *ld, LDAPMessage *entry, const char *attribute)
{
	struct berval **values = ldap_get_values_len(ld, entry, attribute);
	char *value = values != NULL && values[0] != NULL
			      ? g_strndup(values[0]->bv_val, values[0]->bv_len)
			      : NULL;

	ldap_value_free_len(values);
	return value;
}

static gboolean has_class(LDAP *ld, LDAPMessage *entry, const char *name)
{
	struct berval **values = ldap_get_values_len(ld, entry, "objectClass");
	gboolean has = FALSE;

	for (int i = 0; values != NULL && values[i] != NULL; i++)
		has = has || g_ascii_strcasecmp(values[i]->bv_val, name) == 0;
	ldap_value_free_len(values);
	return has;
}

static Account *read_stranger(LDAP *ld, LDAPMessage *entry, GError **error)
{
	g_autoptr(Account) account = account_new();

	if (!has_class(ld, entry, "inetOrgPerson")) {
		g_set_error(
			error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT, "the entry is no inetOrgPerson");
		return NULL;
	}
	account->kind = ACCOUNT_PERSON;
	account->state = ACCOUNT_ACTIVE;
	account->uid = only_value(ld, entry, "uid", error);
	if (account->uid != NULL)
		account->mail = only_value(ld, entry, "mail", error);
	if (account->mail != NULL)
		account->given_names = only_value(ld, entry, "givenName", error);
	if (account->given_names != NULL)
		account->paternal_surname = only_value(ld, entry, "sn", error);
	if (account->paternal_surname == NULL)
		return NULL;
	account->display_name = some_value(ld, entry, "cn");
	account->post = some_value(ld, entry, "title");
	account->unit = some_value(ld, entry, "ou");
	return g_steal_pointer(&account);
}

Account *directory_get_stranger(Directory *directory, const char *uid, GError **error)
{
	g_autofree char *dn = directory_account_dn(directory, uid, ACCOUNT_PERSON);
	LDAPMessage *result = NULL, *entry = NULL;
	Account *account = NULL;
	GError *trouble = NULL;
	int code = directory_search(
		directory, dn, LDAP_SCOPE_BASE, "(objectClass=*)", attributes, &result, &trouble);

	if (code != LDAP_NO_SUCH_OBJECT && directory_result(directory, code, dn, &trouble))
		entry = ldap_first_entry(directory->ld, result);
	if (entry != NULL && has_class(directory->ld, entry, "acuseAccount"))
		g_set_error(&trouble, ACUSE_ERROR, ACUSE_ERROR_CONFLICT,
			"%s is an account of Acuse already", uid);
	else if (entry != NULL)
		account = read_stranger(directory->ld, entry, &trouble);
	else if (trouble == NULL)
		g_set_error(&trouble, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND,
			"no entry of that uid among the people of the directory");
	ldap_msgfree(result);
	if (trouble != NULL)
		g_propagate_error(error, trouble);
	return account;
}

/* Whether it is the account already that it was to become. */
static gboolean is_adopted(Directory *directory, const Account *account, GError **error)
{
	g_autoptr(Account) known = directory_get(directory, account->uid, error);

	if (known == NULL)
		return FALSE;
	if (g_strcmp0(known->dni, account->dni) == 0)
		return TRUE;
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT, "the account %s is somebody else's",
		account->uid);
	return FALSE;
}

gboolean directory_adopt(Directory *directory, const Account *account, GError **error)
{
	g_autofree char *dn = directory_account_dn(directory, account->uid, ACCOUNT_PERSON);
	g_autoptr(Mods) mods = mods_new();
	GError *trouble = NULL;
	int code;

	mods_set(mods, LDAP_MOD_ADD, "objectClass", "acuseAccount");
	mods_set(mods, LDAP_MOD_ADD, "acuseKind", account_kind_name(ACCOUNT_PERSON));
	mods_set(mods, LDAP_MOD_ADD, "acuseState", account_state_name(ACCOUNT_ACTIVE));
	mods_set(mods, LDAP_MOD_ADD, "acuseDni", account->dni);
	mods_set(mods, LDAP_MOD_ADD, "acusePaternalSurname", account->paternal_surname);
	mods_set(mods, LDAP_MOD_ADD, "acuseMaternalSurname", account->maternal_surname);
	code = directory_modify_entry(directory, dn, mods, STRANGER, &trouble);
	if (code == LDAP_ASSERTION_FAILED)
		return is_adopted(directory, account, error);
	if (directory_result(directory, code, dn, &trouble))
		return TRUE;
	g_propagate_error(error, trouble);
	return FALSE;
}
