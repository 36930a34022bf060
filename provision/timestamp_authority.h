/* The time-stamping authority of [signing] tsa_url (RFC 3161), spoken with over HTTP. */
#ifndef ACUSE_PROVISION_TIMESTAMP_AUTHORITY_H
#define ACUSE_PROVISION_TIMESTAMP_AUTHORITY_H

#include "cms/timestamp.h"
#include "provision/service.h"

/* Whether there is one. */
gboolean timestamp_authority_is_set(const Service *service);

/* Its answer, unchecked; NULL with UNAVAILABLE, TIMEOUT or TOO_LARGE. Waits [signing]
 * tsa_timeout_ms at most. */
GBytes *timestamp_authority_ask(
	const Service *service, const TimestampRequest *request, GError **error);

#endif
