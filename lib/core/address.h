/* What the policy asks of an address: whose mailbox it is, and whether a text shows another one. */
#ifndef ACUSE_CORE_ADDRESS_H
#define ACUSE_CORE_ADDRESS_H

#include <glib.h>

/* The address without what stands between the first '+' and the '@' (RFC 5233), as Postfix
 * delivers it: "rmoralesa+obras@muni.test" -> "rmoralesa@muni.test". A new string. */
char *address_without_detail(const char *address);

/* Whether both are addresses of one mailbox: case and detail aside. NULL is no address. */
gboolean address_same_mailbox(const char *left, const char *right);

/*
 * Whether a text for people shows an address, or what looks like one (a wide @), of another mailbox
 * than those of `own`, NULL-terminated. text: UTF-8; NULL shows nothing.
 */
gboolean address_shown_is_foreign(const char *text, const char *const *own);

#endif
