/*
 * Accounts as data (account.h): allocation, words, and the two questions the policy asks of them.
 * Cannot fail otherwise than by its return values; no shared state.
 */
#include "core/account.h"

#include <string.h>

#include "core/address.h"

Delegation *delegation_new(const char *uid, gint64 from_s, gint64 until_s)
{
	Delegation *delegation = g_new0(Delegation, 1);

	delegation->uid = g_strdup(uid);
	delegation->from_s = from_s;
	delegation->until_s = until_s;
	return delegation;
}

void delegation_free(Delegation *delegation)
{
	if (delegation == NULL)
		return;
	g_free(delegation->uid);
	g_free(delegation);
}

static void free_delegation(gpointer delegation)
{
	delegation_free(delegation);
}

void account_add_delegation(Account *account, Delegation *delegation)
{
	if (account->delegations == NULL)
		account->delegations = g_ptr_array_new_with_free_func(free_delegation);
	g_ptr_array_add(account->delegations, delegation);
}

Account *account_new(void)
{
	return g_new0(Account, 1);
}

Account *account_copy(const Account *account)
{
	Account *copy = g_new0(Account, 1);

	*copy = *account;
	copy->uid = g_strdup(account->uid);
	copy->mail = g_strdup(account->mail);
	copy->aliases = g_strdupv(account->aliases);
	copy->dni = g_strdup(account->dni);
	copy->given_names = g_strdup(account->given_names);
	copy->paternal_surname = g_strdup(account->paternal_surname);
	copy->maternal_surname = g_strdup(account->maternal_surname);
	copy->display_name = g_strdup(account->display_name);
	copy->post = g_strdup(account->post);
	copy->unit = g_strdup(account->unit);
	copy->extension = g_strdup(account->extension);
	copy->phone = g_strdup(account->phone);
	copy->owner = g_strdup(account->owner);
	copy->delegates = g_strdupv(account->delegates);
	copy->notifier_area = g_strdup(account->notifier_area);
	copy->notifier_level = g_strdup(account->notifier_level);
	copy->delegations = NULL;
	for (guint i = 0; account->delegations != NULL && i < account->delegations->len; i++) {
		const Delegation *one = account->delegations->pdata[i];

		account_add_delegation(copy, delegation_new(one->uid, one->from_s, one->until_s));
	}
	return copy;
}

void account_free(Account *account)
{
	if (account == NULL)
		return;
	g_free(account->uid);
	g_free(account->mail);
	g_strfreev(account->aliases);
	g_free(account->dni);
	g_free(account->given_names);
	g_free(account->paternal_surname);
	g_free(account->maternal_surname);
	g_free(account->display_name);
	g_free(account->post);
	g_free(account->unit);
	g_free(account->extension);
	g_free(account->phone);
	g_free(account->owner);
	g_free(account->notifier_area);
	g_free(account->notifier_level);
	g_strfreev(account->delegates);
	g_clear_pointer(&account->delegations, g_ptr_array_unref);
	g_free(account);
}

void account_set_notifier(Account *account, const char *area, const char *level)
{
	g_free(account->notifier_area);
	g_free(account->notifier_level);
	account->notifier_area = g_strdup(area);
	account->notifier_level = g_strdup(level);
}

gboolean account_has_address(const Account *account, const char *address)
{
	if (address_same_mailbox(account->mail, address))
		return TRUE;
	for (char **alias = account->aliases; alias != NULL && *alias != NULL; alias++)
		if (address_same_mailbox(*alias, address))
			return TRUE;
	return FALSE;
}

static const char *const kind_names[] = {"person", "office", "activity", "third-party"};
static const char *const state_names[] = {"pending", "active", "suspended", "ceased"};

const char *account_kind_name(AccountKind kind)
{
	g_return_val_if_fail((guint)kind < G_N_ELEMENTS(kind_names), NULL);
	return kind_names[kind];
}

const char *account_state_name(AccountState state)
{
	g_return_val_if_fail((guint)state < G_N_ELEMENTS(state_names), NULL);
	return state_names[state];
}

gboolean account_kind_parse(const char *word, AccountKind *kind)
{
	for (guint i = 0; word != NULL && i < G_N_ELEMENTS(kind_names); i++) {
		if (strcmp(word, kind_names[i]) == 0) {
			*kind = (AccountKind)i;
			return TRUE;
		}
	}
	return FALSE;
}

gboolean account_state_parse(const char *word, AccountState *state)
{
	for (guint i = 0; word != NULL && i < G_N_ELEMENTS(state_names); i++) {
		if (strcmp(word, state_names[i]) == 0) {
			*state = (AccountState)i;
			return TRUE;
		}
	}
	return FALSE;
}

/* Why the account may not send, or NULL. */
static const char *find_obstacle(const Account *account, gint64 now_s)
{
	switch (account->state) {
	case ACCOUNT_PENDING:
		return "credentials not delivered";
	case ACCOUNT_SUSPENDED:
		return "suspended";
	case ACCOUNT_CEASED:
		return "ceased";
	case ACCOUNT_ACTIVE:
		break;
	default:
		return "unknown state";
	}
	if (account->valid_from != 0 && now_s < account->valid_from)
		return "not yet valid";
	if (account->valid_until != 0 && now_s >= account->valid_until)
		return "expired";
	if (account->must_change_password)
		return "password must be changed";
	return NULL;
}

gboolean account_may_send(const Account *account, gint64 now_s, const char **reason)
{
	const char *obstacle = find_obstacle(account, now_s);

	if (reason != NULL)
		*reason = obstacle;
	return obstacle == NULL;
}

static gboolean same_uid(const char *left, const char *right)
{
	return left != NULL && right != NULL && *left != '\0' &&
	       g_ascii_strcasecmp(left, right) == 0;
}

/* A delegate without dates is always one. */
static gboolean is_in_force(const Account *office, const char *uid, gint64 now_s)
{
	gboolean dated = FALSE;

	for (guint i = 0; office->delegations != NULL && i < office->delegations->len; i++) {
		const Delegation *one = office->delegations->pdata[i];

		if (!same_uid(one->uid, uid))
			continue;
		dated = TRUE;
		if ((one->from_s == 0 || now_s >= one->from_s) &&
			(one->until_s == 0 || now_s < one->until_s))
			return TRUE;
	}
	return !dated;
}

gboolean account_may_send_as(const Account *person, const Account *mailbox, gint64 now_s)
{
	if (same_uid(person->uid, mailbox->uid))
		return TRUE;
	if (mailbox->kind != ACCOUNT_OFFICE)
		return FALSE;
	if (same_uid(person->uid, mailbox->owner))
		return TRUE;
	for (char **uid = mailbox->delegates; uid != NULL && *uid != NULL; uid++) {
		if (same_uid(person->uid, *uid))
			return is_in_force(mailbox, *uid, now_s);
	}
	return FALSE;
}

static void remove_terms(GPtrArray *delegations, const char *uid)
{
	for (guint i = delegations->len; i-- > 0;) {
		const Delegation *one = delegations->pdata[i];

		if (same_uid(one->uid, uid))
			g_ptr_array_remove_index(delegations, i);
	}
}

void account_remove_person(Account *office, const char *uid)
{
	g_auto(GStrv) delegates = office->delegates;
	g_autoptr(GStrvBuilder) left = g_strv_builder_new();

	if (same_uid(office->owner, uid))
		g_clear_pointer(&office->owner, g_free);
	for (char **one = delegates; one != NULL && *one != NULL; one++)
		if (!same_uid(*one, uid))
			g_strv_builder_add(left, *one);
	office->delegates = g_strv_builder_end(left);
	if (office->delegations != NULL)
		remove_terms(office->delegations, uid);
}
