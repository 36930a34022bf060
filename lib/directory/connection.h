/* Private to lib/directory: connections, escaping and the reading of entries. Nobody else includes
 * <ldap.h>. */
#ifndef ACUSE_DIRECTORY_CONNECTION_H
#define ACUSE_DIRECTORY_CONNECTION_H

#include <ldap.h>

#include "base/settings.h"
#include "core/account.h"

#define DIRECTORY_TIMEOUT_S 3 /* of connecting and of each answer */

/* A private copy of what [directory] says. */
typedef struct {
	char *uri, *base, *bind_dn, *password_file;
} ConnectionSettings;

ConnectionSettings *connection_settings_new(const Settings *settings);
void connection_settings_free(ConnectionSettings *where);

/* Connected only, not bound. Never touches the network. */
LDAP *connection_prepare(const ConnectionSettings *where, GError **error);
/* Connected and bound as bind_dn or, when that is empty, by SASL EXTERNAL. UNAVAILABLE when it
 * cannot be. */
LDAP *connection_open(const ConnectionSettings *where, GError **error);
void connection_close(LDAP *ld);

/* Sets the error of an LDAP result code: the table of codes. what: "add uid=..." */
void connection_error(LDAP *ld, int code, const char *what, GError **error);

/* "ATTRIBUTE=value,ou=UNIT,BASE" with the value escaped. */
char *connection_dn(const ConnectionSettings *where, const char *attribute, const char *value,
	const char *unit);
/* The value escaped for a filter. */
char *connection_filter_value(const char *value);
/* The value of the first RDN of a DN, or NULL. */
char *connection_rdn_value(const char *dn);

/* Names of the attributes that entry_to_account reads; pwdReset is operational and must be asked by
 * name. */
extern const char *const entry_attributes[];
#define ENTRY_FILTER "(|(objectClass=acuseAccount)(objectClass=acuseOffice))"

/* NULL when the entry lacks uid, kind or state. */
Account *entry_to_account(LDAP *ld, LDAPMessage *entry);
/* generalizedTime of a time, and back (0 when it is none). */
char *entry_time(gint64 time_s);

#endif
