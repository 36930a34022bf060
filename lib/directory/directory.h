/* Private to lib/directory: the writer's connection and its three requests, shared by change.c and
 * password.c. */
#ifndef ACUSE_DIRECTORY_DIRECTORY_H
#define ACUSE_DIRECTORY_DIRECTORY_H

#include "directory/change.h"
#include "directory/connection.h"

struct _Directory {
	ConnectionSettings *where;
	LDAP *ld; /* NULL: not connected */
};

/* A list of LDAPMod under construction; free with mods_free. */
typedef struct {
	GPtrArray *list; /* LDAPMod *, ends with NULL only in mods_array */
} Mods;

Mods *mods_new(void);
void mods_free(Mods *mods);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Mods, mods_free)
/* operation LDAP_MOD_ADD or LDAP_MOD_REPLACE; NULL or "" value: nothing (add), removed (replace).
 */
void mods_set(Mods *mods, int operation, const char *attribute, const char *value);
void mods_set_all(Mods *mods, int operation, const char *attribute, const char *const *values);

/*
 * One request each, repeated once on a new connection when slapd has closed the old one. They
 * return an LDAP result code; LDAP_OTHER with *error set when no connection can be had. condition:
 * a filter that must be true of the entry at that moment (RFC 4528), or NULL.
 */
int directory_add_entry(Directory *directory, const char *dn, Mods *mods, GError **error);
int directory_modify_entry(
	Directory *directory, const char *dn, Mods *mods, const char *condition, GError **error);
int directory_search(Directory *directory, const char *base, int scope, const char *filter,
	const char *const *attributes, LDAPMessage **result, GError **error);

/* Sets *error from a code, unless a missing connection has set it already; TRUE for LDAP_SUCCESS.
 */
gboolean directory_result(Directory *directory, int code, const char *what, GError **error);

/* DN of an account: offices or people by kind. */
char *directory_account_dn(Directory *directory, const char *uid, AccountKind kind);

#endif
