/*
 * An account as the policy sees it: what the directory says of one mailbox. Pure data; the
 * directory adapter fills it. Articles: DI-002 5 (signature block), 6 (names), 2.4-2.6, 7 (life),
 * 13 (offices).
 */
#ifndef ACUSE_CORE_ACCOUNT_H
#define ACUSE_CORE_ACCOUNT_H

#include <glib.h>

typedef enum { ACCOUNT_PERSON, ACCOUNT_OFFICE, ACCOUNT_ACTIVITY, ACCOUNT_THIRD_PARTY } AccountKind;

/* pending: created, credentials not yet delivered. */
typedef enum { ACCOUNT_PENDING, ACCOUNT_ACTIVE, ACCOUNT_SUSPENDED, ACCOUNT_CEASED } AccountState;

/* When a delegate may use an office's mailbox; Unix seconds, 0: no limit. */
typedef struct {
	char *uid;
	gint64 from_s, until_s; /* until: the first second that is too late */
} Delegation;

Delegation *delegation_new(const char *uid, gint64 from_s, gint64 until_s);
void delegation_free(Delegation *delegation);

typedef struct {
	char *uid;  /* local part: "rmoralesa" */
	char *mail; /* "rmoralesa@muni.test", lower case */
	/* Further addresses that reach it and that it may send from, lower case, NULL-terminated;
	   NULL: none. */
	char **aliases;
	AccountKind kind;
	AccountState state;
	gint64 valid_from, valid_until; /* Unix seconds; 0: no limit */
	gint64 password_changed;	/* Unix seconds; 0: never, or not to be seen */
	gboolean must_change_password;	/* pwdReset */
	char *dni;			/* 8 digits; NULL for an office */
	char *given_names, *paternal_surname, *maternal_surname;
	char *display_name; /* "Rosa Morales Aranda"; an office: its name */
	char *post, *unit;  /* NULL when absent */
	char *extension, *phone;
	char *owner;	  /* office: uid of the responsible; NULL when vacant */
	char **delegates; /* office: uids, NULL-terminated; may be NULL */
	/* Delegation *: the dates of those delegates that have some, perhaps several times; NULL:
	   none has. */
	GPtrArray *delegations;
	/* Its row in the list of mailboxes that may notify (Directiva 001-2020, Anexo 3); area
	   NULL: it is not on it. */
	char *notifier_area, *notifier_level;
} Account;

Account *account_new(void);
Account *account_copy(const Account *account);
void account_free(Account *account);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Account, account_free)

const char *account_kind_name(AccountKind kind);    /* "person" ... */
const char *account_state_name(AccountState state); /* "pending" "active" "suspended" "ceased" */
/* FALSE when the word is unknown. */
gboolean account_kind_parse(const char *word, AccountKind *kind);
gboolean account_state_parse(const char *word, AccountState *state);

/*
 * Whether the account may send at that time: active, inside its dates, password not to be changed.
 * On FALSE *reason (may be NULL) is a static English word group for the log.
 */
gboolean account_may_send(const Account *account, gint64 now_s, const char **reason);

/* Whether `person` may send as `mailbox`: itself; of an office the responsible, or a delegate
 * within the dates of one of his delegations, if he has any with dates. */
gboolean account_may_send_as(const Account *person, const Account *mailbox, gint64 now_s);

/* Whether the address is the account's: its own or an alias, case and detail (+) aside. */
gboolean account_has_address(const Account *account, const char *address);

/* Its row in the list of mailboxes that may notify; both NULL: off the list. */
void account_set_notifier(Account *account, const char *area, const char *level);

/* Takes the person from the office: no longer responsible, no longer a delegate, without terms. */
void account_remove_person(Account *office, const char *uid);

/* Appends to `delegations`, which may be NULL: it is made then. */
void account_add_delegation(Account *account, Delegation *delegation);

#endif
