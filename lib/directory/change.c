/*
 * Changes of accounts, offices and reserved names (change.h). Each may be done twice: an entry that
 * is there already is compared, a modification replaces whole values. Preconditions travel with the
 * change (RFC 4528), so that two writers cannot meet. Fails as the table of connection.c says;
 * nothing is half done, a change is one request.
 */
#include "directory/change.h"

#include <string.h>

#include "base/error.h"
#include "directory/directory.h"

#define LOCKED_FOR_GOOD "000001010000Z" /* draft-behera-ldap-password-policy-10, 5.3.3 */
#define NOT_CEASED "(!(acuseState=ceased))"

/* directory_result with an error of its own, so that a NULL error works everywhere. */
static gboolean finish(
	Directory *directory, int code, GError *trouble, const char *what, GError **error)
{
	if (code == LDAP_SUCCESS)
		return TRUE;
	directory_result(directory, code, what, &trouble);
	g_propagate_error(error, trouble);
	return FALSE;
}

/* One text attribute of an entry; NULL without error when the attribute is absent. */
static char *read_one(Directory *directory, const char *dn, const char *attribute, GError **error)
{
	const char *const attributes[] = {attribute, NULL};
	LDAPMessage *result = NULL, *entry;
	GError *trouble = NULL;
	struct berval **values = NULL;
	char *value = NULL;
	int code = directory_search(
		directory, dn, LDAP_SCOPE_BASE, "(objectClass=*)", attributes, &result, &trouble);

	if (finish(directory, code, trouble, dn, error)) {
		entry = ldap_first_entry(directory->ld, result);
		values =
			entry != NULL ? ldap_get_values_len(directory->ld, entry, attribute) : NULL;
		if (values != NULL && values[0] != NULL)
			value = g_strndup(values[0]->bv_val, values[0]->bv_len);
		ldap_value_free_len(values);
	}
	ldap_msgfree(result);
	return value;
}

gboolean directory_reserve_name(
	Directory *directory, const char *local_part, const char *holder, GError **error)
{
	g_autofree char *dn = connection_dn(directory->where, "cn", local_part, "names");
	g_autofree char *known = NULL;
	g_autoptr(Mods) mods = mods_new();
	GError *trouble = NULL;
	int code;

	mods_set(mods, LDAP_MOD_ADD, "objectClass", "acuseName");
	mods_set(mods, LDAP_MOD_ADD, "cn", local_part);
	mods_set(mods, LDAP_MOD_ADD, "acuseHolder", holder);
	code = directory_add_entry(directory, dn, mods, &trouble);
	if (code != LDAP_ALREADY_EXISTS)
		return finish(directory, code, trouble, dn, error);
	known = read_one(directory, dn, "acuseHolder", &trouble);
	if (trouble != NULL) {
		g_propagate_error(error, trouble);
		return FALSE;
	}
	if (g_strcmp0(known, holder) == 0)
		return TRUE;
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT, "the name %s is taken", local_part);
	return FALSE;
}

static gboolean has_other_entry(LDAP *ld, LDAPMessage *result, const char *own_dn)
{
	LDAPMessage *entry = ldap_first_entry(ld, result);

	for (; entry != NULL; entry = ldap_next_entry(ld, entry)) {
		char *dn = ldap_get_dn(ld, entry);
		gboolean own = dn != NULL && g_ascii_strcasecmp(dn, own_dn) == 0;

		ldap_memfree(dn);
		if (!own)
			return TRUE;
	}
	return FALSE;
}

gboolean directory_name_unused(
	Directory *directory, const char *uid, const char *mail, GError **error)
{
	static const char *const nothing[] = {LDAP_NO_ATTRS, NULL};
	g_autofree char *own_dn = directory_account_dn(directory, uid, ACCOUNT_PERSON);
	g_autofree char *uid_value = connection_filter_value(uid);
	g_autofree char *mail_value = connection_filter_value(mail);
	g_autofree char *filter = g_strdup_printf(
		"(|(uid=%s)(mail=%s)(acuseAlias=%s))", uid_value, mail_value, mail_value);
	LDAPMessage *result = NULL;
	GError *trouble = NULL;
	int code = directory_search(directory, directory->where->base, LDAP_SCOPE_SUBTREE, filter,
		nothing, &result, &trouble);
	gboolean unused = finish(directory, code, trouble, "search of a name", error) &&
			  !has_other_entry(directory->ld, result, own_dn);

	ldap_msgfree(result);
	return unused;
}

static void set_text(Mods *mods, const Account *account)
{
	g_autofree char *from = account->valid_from != 0 ? entry_time(account->valid_from) : NULL;
	g_autofree char *until =
		account->valid_until != 0 ? entry_time(account->valid_until) : NULL;
	const struct {
		const char *attribute, *value;
	} texts[] = {
		{"uid", account->uid},
		{"mail", account->mail},
		{"cn", account->display_name},
		{"ou", account->unit},
		{"telephoneNumber", account->phone},
		{"acuseKind", account_kind_name(account->kind)},
		{"acuseState", account_state_name(account->state)},
		{"acuseExtension", account->extension},
		{"acuseValidFrom", from},
		{"acuseValidUntil", until},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		mods_set(mods, LDAP_MOD_ADD, texts[i].attribute, texts[i].value);
}

static void set_person(Mods *mods, const Account *account)
{
	static const char *const classes[] = {"inetOrgPerson", "acuseAccount", NULL};
	const char *maternal = account->maternal_surname != NULL ? account->maternal_surname : "";
	g_autofree char *surnames = g_strdup_printf("%s %s",
		account->paternal_surname != NULL ? account->paternal_surname
						  : account->display_name,
		maternal);

	g_strchomp(surnames);
	mods_set_all(mods, LDAP_MOD_ADD, "objectClass", classes);
	mods_set(mods, LDAP_MOD_ADD, "sn", surnames);
	mods_set(mods, LDAP_MOD_ADD, "givenName", account->given_names);
	mods_set(mods, LDAP_MOD_ADD, "title", account->post);
	mods_set(mods, LDAP_MOD_ADD, "acuseDni", account->dni);
	mods_set(mods, LDAP_MOD_ADD, "acusePaternalSurname", account->paternal_surname);
	mods_set(mods, LDAP_MOD_ADD, "acuseMaternalSurname", maternal);
}

/* One value for a term, "UID FROM UNTIL". */
static void set_delegations(Mods *mods, int operation, const Account *office)
{
	g_autoptr(GPtrArray) terms = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; office->delegations != NULL && i < office->delegations->len; i++) {
		const Delegation *one = office->delegations->pdata[i];
		g_autofree char *from = one->from_s != 0 ? entry_time(one->from_s) : g_strdup("-");
		g_autofree char *until =
			one->until_s != 0 ? entry_time(one->until_s) : g_strdup("-");

		g_ptr_array_add(terms, g_strjoin(" ", one->uid, from, until, NULL));
	}
	g_ptr_array_add(terms, NULL);
	mods_set_all(mods, operation, "acuseDelegation", (const char *const *)terms->pdata);
}

static void set_people(Directory *directory, Mods *mods, int operation, const Account *office)
{
	g_autofree char *owner_dn = office->owner != NULL ? directory_account_dn(directory,
								    office->owner, ACCOUNT_PERSON)
							  : NULL;
	g_autoptr(GPtrArray) dns = g_ptr_array_new_with_free_func(g_free);

	for (char **uid = office->delegates; uid != NULL && *uid != NULL; uid++)
		g_ptr_array_add(dns, directory_account_dn(directory, *uid, ACCOUNT_PERSON));
	g_ptr_array_add(dns, NULL);
	mods_set(mods, operation, "owner", owner_dn);
	mods_set_all(mods, operation, "member", (const char *const *)dns->pdata);
	set_delegations(mods, operation, office);
}

/* Whether the entry that is there already is the one that was to be added. */
static gboolean is_same(Directory *directory, const Account *account, GError **error)
{
	GError *failure = NULL;
	g_autoptr(Account) known = directory_get(directory, account->uid, &failure);

	if (failure != NULL && !g_error_matches(failure, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND)) {
		g_propagate_error(error, failure);
		return FALSE;
	}
	g_clear_error(&failure); /* an entry that is no account of ours */
	if (known != NULL && known->kind == account->kind &&
		g_strcmp0(known->dni, account->dni) == 0 &&
		(account->kind != ACCOUNT_OFFICE ||
			g_strcmp0(known->display_name, account->display_name) == 0))
		return TRUE;
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT, "the account %s is somebody else's",
		account->uid);
	return FALSE;
}

gboolean directory_add_account(Directory *directory, const Account *account, GError **error)
{
	g_autofree char *dn = directory_account_dn(directory, account->uid, account->kind);
	g_autoptr(Mods) mods = mods_new();
	GError *trouble = NULL;
	int code;

	set_text(mods, account);
	if (account->kind == ACCOUNT_OFFICE) {
		mods_set(mods, LDAP_MOD_ADD, "objectClass", "acuseOffice");
		set_people(directory, mods, LDAP_MOD_ADD, account);
	} else {
		set_person(mods, account);
	}
	code = directory_add_entry(directory, dn, mods, &trouble);
	if (code == LDAP_ALREADY_EXISTS)
		return is_same(directory, account, error);
	return finish(directory, code, trouble, dn, error);
}

static gboolean set_password(Directory *directory, const char *uid, const char *password,
	const char *condition, GError **error)
{
	g_autofree char *dn = directory_account_dn(directory, uid, ACCOUNT_PERSON);
	g_autoptr(Mods) mods = mods_new();
	GError *trouble = NULL;
	int code;

	mods_set(mods, LDAP_MOD_REPLACE, "userPassword", password);
	/* slapo-ppolicy unlocks by itself, and refuses the change when we do it too. */
	mods_set(mods, LDAP_MOD_REPLACE, "pwdReset", "TRUE");
	mods_set(mods, LDAP_MOD_REPLACE, "acuseState", account_state_name(ACCOUNT_ACTIVE));
	code = directory_modify_entry(directory, dn, mods, condition, &trouble);
	return finish(directory, code, trouble, dn, error);
}

gboolean directory_set_first_password(
	Directory *directory, const char *uid, const char *password, GError **error)
{
	return set_password(directory, uid, password, NOT_CEASED, error);
}

gboolean directory_force_change(Directory *directory, const char *uid, GError **error)
{
	g_autofree char *dn = directory_account_dn(directory, uid, ACCOUNT_PERSON);
	g_autoptr(Mods) mods = mods_new();
	GError *trouble = NULL;
	int code;

	mods_set(mods, LDAP_MOD_REPLACE, "pwdReset", "TRUE");
	code = directory_modify_entry(directory, dn, mods, "(acuseState=active)", &trouble);
	return finish(directory, code, trouble, dn, error);
}

gboolean directory_reinstate(Directory *directory, const char *uid, const char *dni,
	const char *password, GError **error)
{
	g_autofree char *value = connection_filter_value(dni);
	g_autofree char *same = g_strdup_printf("(&(acuseState=ceased)(acuseDni=%s))", value);

	return set_password(directory, uid, password, same, error);
}

gboolean directory_set_state(
	Directory *directory, const char *uid, AccountState state, GError **error)
{
	g_autoptr(Account) account = directory_get(directory, uid, error);
	gboolean locked = state == ACCOUNT_CEASED || state == ACCOUNT_SUSPENDED;
	g_autofree char *dn = NULL;
	g_autoptr(Mods) mods = mods_new();
	GError *trouble = NULL;
	int code;

	if (account == NULL)
		return FALSE;
	dn = directory_account_dn(directory, account->uid, account->kind);
	mods_set(mods, LDAP_MOD_REPLACE, "acuseState", account_state_name(state));
	if (account->kind != ACCOUNT_OFFICE)
		mods_set(mods, LDAP_MOD_REPLACE, "pwdAccountLockedTime",
			locked ? LOCKED_FOR_GOOD : NULL);
	code = directory_modify_entry(directory, dn, mods, NULL, &trouble);
	return finish(directory, code, trouble, dn, error);
}

gboolean directory_set_office_people(Directory *directory, const Account *office, GError **error)
{
	g_autofree char *dn = directory_account_dn(directory, office->uid, ACCOUNT_OFFICE);
	g_autoptr(Mods) mods = mods_new();
	GError *trouble = NULL;
	int code;

	set_people(directory, mods, LDAP_MOD_REPLACE, office);
	code = directory_modify_entry(directory, dn, mods, NULL, &trouble);
	return finish(directory, code, trouble, dn, error);
}

gboolean directory_set_notifier(Directory *directory, const Account *account, GError **error)
{
	g_autofree char *dn = directory_account_dn(directory, account->uid, account->kind);
	g_autoptr(Mods) mods = mods_new();
	GError *trouble = NULL;
	int code;

	mods_set(mods, LDAP_MOD_REPLACE, "acuseNotifierArea", account->notifier_area);
	mods_set(mods, LDAP_MOD_REPLACE, "acuseNotifierLevel", account->notifier_level);
	code = directory_modify_entry(directory, dn, mods, NULL, &trouble);
	return finish(directory, code, trouble, dn, error);
}

gboolean directory_set_alias(Directory *directory, const Account *account, const char *address,
	gboolean given, GError **error)
{
	g_autofree char *dn = directory_account_dn(directory, account->uid, account->kind);
	g_autoptr(Mods) mods = mods_new();
	GError *trouble = NULL;
	int code;

	mods_set(mods, given ? LDAP_MOD_ADD : LDAP_MOD_DELETE, "acuseAlias", address);
	code = directory_modify_entry(directory, dn, mods, NULL, &trouble);
	if (code == (given ? LDAP_TYPE_OR_VALUE_EXISTS : LDAP_NO_SUCH_ATTRIBUTE))
		return TRUE;
	return finish(directory, code, trouble, dn, error);
}

/* One attribute of an entry of people; NULL: it goes. */
static gboolean set_one(Directory *directory, const char *uid, const char *attribute,
	const char *value, GError **error)
{
	g_autofree char *dn = directory_account_dn(directory, uid, ACCOUNT_PERSON);
	g_autoptr(Mods) mods = mods_new();
	GError *trouble = NULL;
	int code;

	mods_set(mods, LDAP_MOD_REPLACE, attribute, value);
	code = directory_modify_entry(directory, dn, mods, NULL, &trouble);
	return finish(directory, code, trouble, dn, error);
}

gboolean directory_set_until(Directory *directory, const char *uid, gint64 until_s, GError **error)
{
	g_autofree char *until = entry_time(until_s);

	return set_one(directory, uid, "acuseValidUntil", until, error);
}

gboolean directory_set_forward(
	Directory *directory, const char *uid, const char *address, GError **error)
{
	return set_one(directory, uid, "acuseForward", address, error);
}

gboolean directory_set_post(
	Directory *directory, const char *uid, const char *post, const char *unit, GError **error)
{
	g_autofree char *dn = directory_account_dn(directory, uid, ACCOUNT_PERSON);
	g_autoptr(Mods) mods = mods_new();
	GError *trouble = NULL;
	int code;

	mods_set(mods, LDAP_MOD_REPLACE, "title", post);
	mods_set(mods, LDAP_MOD_REPLACE, "ou", unit);
	code = directory_modify_entry(directory, dn, mods, NULL, &trouble);
	return finish(directory, code, trouble, dn, error);
}

/*
 * Account *; every account that the filter takes. An entry without kind and state is none, so a
 * filter by an indexed name leaves the classes out: slapd would read the list of all accounts to
 * compare it with the one that it has found.
 */
static GPtrArray *search_accounts(Directory *directory, const char *filter, GError **error)
{
	g_autoptr(GPtrArray) accounts =
		g_ptr_array_new_with_free_func((GDestroyNotify)account_free);
	LDAPMessage *result = NULL;
	GError *trouble = NULL;
	gboolean found;
	int code = directory_search(directory, directory->where->base, LDAP_SCOPE_SUBTREE, filter,
		entry_attributes, &result, &trouble);

	found = finish(directory, code, trouble, "search accounts", error);
	for (LDAPMessage *entry = found ? ldap_first_entry(directory->ld, result) : NULL;
		entry != NULL; entry = ldap_next_entry(directory->ld, entry)) {
		Account *account = entry_to_account(directory->ld, entry);

		if (account != NULL)
			g_ptr_array_add(accounts, account);
	}
	ldap_msgfree(result);
	return found ? g_steal_pointer(&accounts) : NULL;
}

Account *directory_get(Directory *directory, const char *uid, GError **error)
{
	g_autofree char *value = connection_filter_value(uid);
	g_autofree char *filter = g_strdup_printf("(uid=%s)", value);
	g_autoptr(GPtrArray) accounts = search_accounts(directory, filter, error);

	if (accounts == NULL)
		return NULL;
	if (accounts->len > 0)
		return g_ptr_array_steal_index(accounts, 0);
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND, "no account %s", uid);
	return NULL;
}

Account *directory_get_by_address(Directory *directory, const char *address, GError **error)
{
	g_autofree char *value = connection_filter_value(address);
	g_autofree char *filter = g_strdup_printf("(|(mail=%s)(acuseAlias=%s))", value, value);
	g_autoptr(GPtrArray) accounts = search_accounts(directory, filter, error);

	if (accounts == NULL)
		return NULL;
	if (accounts->len > 0)
		return g_ptr_array_steal_index(accounts, 0);
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND, "no account %s", address);
	return NULL;
}

Account *directory_get_by_dni(Directory *directory, const char *dni, GError **error)
{
	g_autofree char *value = connection_filter_value(dni);
	g_autofree char *filter = g_strdup_printf("(acuseDni=%s)", value);
	g_autoptr(GPtrArray) accounts = search_accounts(directory, filter, error);

	for (guint i = 0; accounts != NULL && i < accounts->len; i++) {
		const Account *account = accounts->pdata[i];

		if (account->kind == ACCOUNT_PERSON &&
			(account->state == ACCOUNT_ACTIVE || account->state == ACCOUNT_PENDING))
			return g_ptr_array_steal_index(accounts, i);
	}
	return NULL;
}

GPtrArray *directory_list(Directory *directory, GError **error)
{
	return search_accounts(directory, ENTRY_FILTER, error);
}

GPtrArray *directory_offices_of(Directory *directory, const char *uid, GError **error)
{
	g_autofree char *person_dn = directory_account_dn(directory, uid, ACCOUNT_PERSON);
	g_autofree char *value = connection_filter_value(person_dn);
	g_autofree char *filter = g_strdup_printf(
		"(&(objectClass=acuseOffice)(|(owner=%s)(member=%s)))", value, value);

	return search_accounts(directory, filter, error);
}

GPtrArray *directory_leave_offices(Directory *directory, const char *uid, GError **error)
{
	g_autoptr(GPtrArray) offices = directory_offices_of(directory, uid, error);

	for (guint i = 0; offices != NULL && i < offices->len; i++) {
		Account *office = offices->pdata[i];

		account_remove_person(office, uid);
		if (!directory_set_office_people(directory, office, error))
			return NULL;
	}
	return g_steal_pointer(&offices);
}
