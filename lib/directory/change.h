/*
 * Writes to the directory, each idempotent: doing it twice is doing it once, so that the outbox may
 * repeat it (DESIGN 3). Escaping of DNs and filters happens here. Names of entries:
 * uid=X,ou=people,BASE; uid=X,ou=offices,BASE; reserved local parts cn=X,ou=names,BASE (for ever,
 * A4). One Directory serves one thread. ACUSE_ERROR_UNAVAILABLE: try again later. The program must
 * ignore SIGPIPE.
 */
#ifndef ACUSE_DIRECTORY_CHANGE_H
#define ACUSE_DIRECTORY_CHANGE_H

#include "core/account.h"
#include "base/settings.h"

typedef struct _Directory Directory;

Directory *directory_new(const Settings *settings);
void directory_free(Directory *directory);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Directory, directory_free)

/* Whether slapd answers to this daemon's login. */
gboolean directory_ping(Directory *directory, GError **error);

/*
 * Reserves a local part for `holder` (a request id or dni). TRUE: it is ours now or was ours
 * already; FALSE with ACUSE_ERROR_CONFLICT: somebody else's.
 */
gboolean directory_reserve_name(
	Directory *directory, const char *local_part, const char *holder, GError **error);

/*
 * Whether no entry of the directory has that uid or that address, as its own or as an alias; the
 * account's own entry (uid=X,ou=people) does not count. FALSE without *error: one has it.
 */
gboolean directory_name_unused(
	Directory *directory, const char *uid, const char *mail, GError **error);

/* Adds the account without a password, or finds it there with the same dni (or office name). */
gboolean directory_add_account(Directory *directory, const Account *account, GError **error);

/*
 * An entry of people that is no account yet, as the account that it would be: active, the whole sn
 * as paternal_surname. NOT_FOUND; CONFLICT when it is one already, is no inetOrgPerson, or has not
 * one uid, mail, givenName and sn each; UNAVAILABLE.
 */
Account *directory_get_stranger(Directory *directory, const char *uid, GError **error);

/*
 * Makes that entry the account: adds class, kind, state, dni and surnames, and leaves all else as
 * it is. Done already with the same dni: TRUE. CONFLICT: somebody else's by now.
 */
gboolean directory_adopt(Directory *directory, const Account *account, GError **error);

/* First or reset password: hashed by slapd, must be changed at the next login; state becomes
 * active. */
gboolean directory_set_first_password(
	Directory *directory, const char *uid, const char *password, GError **error);

/* The owner must change the password before anything else. CONFLICT unless it is active. */
gboolean directory_force_change(Directory *directory, const char *uid, GError **error);

/* State, and with CEASED or SUSPENDED a lock of the password (pwdAccountLockedTime). */
gboolean directory_set_state(
	Directory *directory, const char *uid, AccountState state, GError **error);

/* Responsible (NULL: vacant) and delegates of the office, with their dates, as `office` has them;
 * its other members but the uid are not looked at. */
gboolean directory_set_office_people(Directory *directory, const Account *office, GError **error);

/* Area and level of the list of mailboxes that may notify (P12), as `account` has them, which also
 * tells uid and kind; without an area it leaves the list. NOT_FOUND or UNAVAILABLE. */
gboolean directory_set_notifier(Directory *directory, const Account *account, GError **error);

/* Gives the account a further address, or takes it away; of `account` uid and kind are used.
 * NOT_FOUND or UNAVAILABLE. */
gboolean directory_set_alias(Directory *directory, const Account *account, const char *address,
	gboolean given, GError **error);

/* Where mail for a ceased account of people goes; NULL: nowhere. NOT_FOUND or UNAVAILABLE. */
gboolean directory_set_forward(
	Directory *directory, const char *uid, const char *address, GError **error);

/* The end of an account of people, Unix seconds. NOT_FOUND or UNAVAILABLE. */
gboolean directory_set_until(Directory *directory, const char *uid, gint64 until_s, GError **error);

/* Post and unit of a person. NOT_FOUND or UNAVAILABLE. */
gboolean directory_set_post(
	Directory *directory, const char *uid, const char *post, const char *unit, GError **error);

/*
 * A ceased person's account is that same person's again: active, with a first password. CONFLICT
 * unless it is ceased and has that DNI.
 */
gboolean directory_reinstate(Directory *directory, const char *uid, const char *dni,
	const char *password, GError **error);

/* The offices (Account *) that the person is responsible for or delegate of, or NULL. */
GPtrArray *directory_offices_of(Directory *directory, const char *uid, GError **error);

/*
 * Takes the person from every office: no longer responsible, no longer a delegate. The offices that
 * were left (Account *), as they are now, or NULL.
 */
GPtrArray *directory_leave_offices(Directory *directory, const char *uid, GError **error);

/* NULL with ACUSE_ERROR_NOT_FOUND, or UNAVAILABLE. */
Account *directory_get(Directory *directory, const char *uid, GError **error);
/* The same by the account's own address or an alias. */
Account *directory_get_by_address(Directory *directory, const char *address, GError **error);
/* The active or pending personal account of a DNI; NULL without error when there is none. */
Account *directory_get_by_dni(Directory *directory, const char *dni, GError **error);
/* Account *; every account, people and offices. */
GPtrArray *directory_list(Directory *directory, GError **error);

/*
 * The owner's own change, also when the password must be changed or has expired. Proves the old one
 * by a bind (ppolicy's passwordExpired is given for the right password only), then changes it under
 * the quality rules. UNAUTHENTICATED, WEAK_PASSWORD, ACCOUNT_INACTIVE or UNAVAILABLE.
 */
gboolean directory_change_own_password(Directory *directory, const char *uid,
	const char *old_password, const char *new_password, GError **error);

/*
 * The account of a person who proves the password by a bind; account_free. UNAUTHENTICATED,
 * ACCOUNT_INACTIVE (locked, not active, or the password must be changed first), UNAVAILABLE.
 */
Account *directory_prove(
	Directory *directory, const char *uid, const char *password, GError **error);

#endif
