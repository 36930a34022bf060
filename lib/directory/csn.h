/*
 * Change sequence numbers of slapd (RFC 4533's cookie as OpenLDAP writes it; slapd-config(5),
 * contextCSN): how far a copy has come, for each server of a replicated directory.
 */
#ifndef ACUSE_DIRECTORY_CSN_H
#define ACUSE_DIRECTORY_CSN_H

#include <glib.h>
#include <ldap.h>

/* Notes what the cookie says in reached: server id -> CSN, both owned by the table. */
void csn_note(GHashTable *reached, const struct berval *cookie);

/* The server that made this CSN is noted with it or a later one. */
gboolean csn_is_reached(GHashTable *reached, const char *csn);

/* The contextCSNs of the base entry, of each server one; g_strfreev. NULL with error. */
char **csn_read(LDAP *ld, const char *base, GError **error);

#endif
