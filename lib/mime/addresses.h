/*
 * Address fields (RFC 5322 3.4): who is named, and whether every reader would say the same.
 * Internal to lib/mime.
 */
#ifndef ACUSE_MIME_ADDRESSES_H
#define ACUSE_MIME_ADDRESSES_H

#include <glib.h>

/* Whether an address field is within MIME_MAX_ADDRESS_BYTES and MIME_MAX_GROUPS. */
gboolean header_addresses_within_limits(const char *value);

/* Addresses of the value, groups opened, domain in lower case, appended to `addresses`. None over
 * the limits. */
void header_addresses(const char *value, GPtrArray *addresses);

/* The same, for a From: FALSE when parsers may disagree on it (groups, garbage, encoded words in
 * addresses). */
gboolean header_addresses_strict(const char *value, GPtrArray *addresses);

/*
 * Whether a From has no comment but a simple one at its end ("a@b (Rosa)") and no trailing dot:
 * what the signer, which reads it with its own few lines, takes too.
 */
gboolean header_ends_plainly(const char *value);

/*
 * What a reader shows beside the address of a From with one address: its display name, or its
 * comment, decoded, one line of UTF-8; NULL: nothing. "address" as header_addresses gave it.
 */
char *header_display_name(const char *value, const char *address);

#endif
