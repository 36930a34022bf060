/* The owner's change of the password, for the API and for the page. Any thread. */
#ifndef ACUSE_PROVISION_SELF_H
#define ACUSE_PROVISION_SELF_H

#include "provision/service.h"

#define SELF_TEXT_MAX 256 /* characters of a user name or password */

/*
 * uid: as typed, also with the domain. UNAUTHENTICATED, WEAK_PASSWORD, ACCOUNT_INACTIVE,
 * UNAVAILABLE, or FORBIDDEN after too many failures of that account or from that address.
 */
gboolean self_change_password(const ApiRequest *request, const char *uid, const char *old_password,
	const char *new_password, GError **error);

/*
 * The account of who proves the password, under the same brakes; account_free. UNAUTHENTICATED,
 * ACCOUNT_INACTIVE, UNAVAILABLE, FORBIDDEN as above.
 */
Account *self_prove(
	const ApiRequest *request, const char *uid, const char *password, GError **error);

/* page.c */
gboolean page_get(const ApiRequest *request, ApiResponse *response, GError **error);
gboolean page_post(const ApiRequest *request, ApiResponse *response, GError **error);

#endif
