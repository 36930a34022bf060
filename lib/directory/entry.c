/*
 * An entry of people or offices as an Account. Reads what the identity may see: an attribute that
 * is hidden or absent stays NULL. No network; safe in every thread that owns the LDAP handle.
 */
#include "directory/connection.h"

#include <stdio.h>
#include <string.h>

const char *const entry_attributes[] = {"uid", "mail", "cn", "givenName", "title", "ou",
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

/* What is gathered while an entry is read. */
typedef struct {
	Account *account;
	gboolean has_kind, has_state;
} Reading;

/* Of one attribute: it has one value at least, and they end with bv_val NULL. */
typedef void (*ReadValues)(Reading *reading, const struct berval *values, gsize offset);

static char *text_of(const struct berval *value)
{
	return g_strndup(value->bv_val, value->bv_len);
}

static void read_text(Reading *reading, const struct berval *values, gsize offset)
{
	char **field = &G_STRUCT_MEMBER(char *, reading->account, offset);

	g_free(*field);
	*field = text_of(values);
}

static void read_time(Reading *reading, const struct berval *values, gsize offset)
{
	g_autofree char *text = text_of(values);

	G_STRUCT_MEMBER(gint64, reading->account, offset) = time_of(text);
}

static void read_kind(Reading *reading, const struct berval *values, gsize offset)
{
	g_autofree char *text = text_of(values);

	(void)offset;
	reading->has_kind = account_kind_parse(text, &reading->account->kind);
}

static void read_state(Reading *reading, const struct berval *values, gsize offset)
{
	g_autofree char *text = text_of(values);

	(void)offset;
	reading->has_state = account_state_parse(text, &reading->account->state);
}

static void read_reset(Reading *reading, const struct berval *values, gsize offset)
{
	g_autofree char *text = text_of(values);

	(void)offset;
	reading->account->must_change_password = g_ascii_strcasecmp(text, "TRUE") == 0;
}

static void read_owner(Reading *reading, const struct berval *values, gsize offset)
{
	g_autofree char *dn = text_of(values);

	(void)offset;
	g_free(reading->account->owner);
	reading->account->owner = connection_rdn_value(dn);
}

static void read_delegates(Reading *reading, const struct berval *values, gsize offset)
{
	g_autoptr(GStrvBuilder) uids = g_strv_builder_new();

	(void)offset;
	for (; values->bv_val != NULL; values++) {
		g_autofree char *dn = text_of(values);
		g_autofree char *uid = connection_rdn_value(dn);

		if (uid != NULL)
			g_strv_builder_add(uids, uid);
	}
	g_strfreev(reading->account->delegates);
	reading->account->delegates = g_strv_builder_end(uids);
}

/* Lower case, as the account's own address. */
static void read_aliases(Reading *reading, const struct berval *values, gsize offset)
{
	g_autoptr(GStrvBuilder) aliases = g_strv_builder_new();

	(void)offset;
	for (; values->bv_val != NULL; values++) {
		g_autofree char *alias = g_ascii_strdown(values->bv_val, (gssize)values->bv_len);

		g_strv_builder_add(aliases, alias);
	}
	g_strfreev(reading->account->aliases);
	reading->account->aliases = g_strv_builder_end(aliases);
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

static void read_delegations(Reading *reading, const struct berval *values, gsize offset)
{
	(void)offset;
	for (; values->bv_val != NULL; values++) {
		g_autofree char *text = text_of(values);

		account_add_delegation(reading->account, delegation_of(text));
	}
}

#define ATTRIBUTE(name, read, field)                                                               \
	{                                                                                          \
		name, sizeof(name) - 1, read, G_STRUCT_OFFSET(Account, field)                      \
	}

static const struct {
	const char *name;
	gsize length;
	ReadValues read;
	gsize offset;
} attributes[] = {
	ATTRIBUTE("uid", read_text, uid),
	ATTRIBUTE("mail", read_text, mail),
	ATTRIBUTE("cn", read_text, display_name),
	ATTRIBUTE("givenName", read_text, given_names),
	ATTRIBUTE("title", read_text, post),
	ATTRIBUTE("ou", read_text, unit),
	ATTRIBUTE("telephoneNumber", read_text, phone),
	ATTRIBUTE("owner", read_owner, owner),
	ATTRIBUTE("member", read_delegates, delegates),
	ATTRIBUTE("acuseKind", read_kind, kind),
	ATTRIBUTE("acuseState", read_state, state),
	ATTRIBUTE("acuseDni", read_text, dni),
	ATTRIBUTE("acusePaternalSurname", read_text, paternal_surname),
	ATTRIBUTE("acuseMaternalSurname", read_text, maternal_surname),
	ATTRIBUTE("acuseExtension", read_text, extension),
	ATTRIBUTE("acuseValidFrom", read_time, valid_from),
	ATTRIBUTE("acuseValidUntil", read_time, valid_until),
	ATTRIBUTE("acuseDelegation", read_delegations, delegations),
	ATTRIBUTE("acuseNotifierArea", read_text, notifier_area),
	ATTRIBUTE("acuseNotifierLevel", read_text, notifier_level),
	ATTRIBUTE("acuseAlias", read_aliases, aliases),
	ATTRIBUTE("pwdReset", read_reset, must_change_password),
	ATTRIBUTE("pwdChangedTime", read_time, password_changed),
};

static void read_attribute(Reading *reading, const struct berval *name, const struct berval *values)
{
	for (gsize i = 0; i < G_N_ELEMENTS(attributes); i++) {
		if (attributes[i].length != name->bv_len ||
			g_ascii_strncasecmp(attributes[i].name, name->bv_val, name->bv_len) != 0)
			continue;
		attributes[i].read(reading, values, attributes[i].offset);
		return;
	}
}

/* In one pass: a milter that starts reads a hundred thousand. */
Account *entry_to_account(LDAP *ld, LDAPMessage *entry)
{
	g_autoptr(Account) account = account_new();
	Reading reading = {.account = account};
	struct berval dn, name, *values;
	BerElement *ber = NULL;

	if (ldap_get_dn_ber(ld, entry, &ber, &dn) != LDAP_SUCCESS)
		return NULL;
	while (ldap_get_attribute_ber(ld, entry, ber, &name, &values) == LDAP_SUCCESS &&
		name.bv_val != NULL) {
		if (values != NULL && values->bv_val != NULL)
			read_attribute(&reading, &name, values);
		ldap_memfree(values);
	}
	ber_free(ber, 0);
	if (account->uid == NULL || account->mail == NULL || !reading.has_kind ||
		!reading.has_state)
		return NULL;
	return g_steal_pointer(&account);
}
