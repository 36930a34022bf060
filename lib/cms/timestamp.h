/*
 * Time-stamps (RFC 3161) over the signature of a CMS: with one a signature is CAdES-T (ETSI EN 319
 * 122-1, 5.3). Only the bytes; whoever calls speaks with the time-stamping authority.
 */
#ifndef ACUSE_CMS_TIMESTAMP_H
#define ACUSE_CMS_TIMESTAMP_H

#include <glib.h>

#define TIMESTAMP_MAX_BYTES (64 * 1024) /* of an answer */
#define TIMESTAMP_APART_MAX_S 3600	/* of its time from that which the stamped text gives */

typedef struct _TimestampRequest TimestampRequest;

/* Asks for the SHA-256 of the one signature in cms, with a nonce; NULL with DAMAGED or INTERNAL. */
TimestampRequest *timestamp_request_new(GBytes *cms, GError **error);
void timestamp_request_free(TimestampRequest *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TimestampRequest, timestamp_request_free)
/* Asks for the SHA-256 of data itself, with a nonce; NULL with INTERNAL. */
TimestampRequest *timestamp_request_for_data(GBytes *data, GError **error);
/* DER, borrowed. */
GBytes *timestamp_request_bytes(const TimestampRequest *request);

/*
 * The CMS with the token of the answer as unsigned attribute, and the time that it says. Its
 * imprint, nonce and signature are checked; trust_folder "": whoever signed it. NULL with DAMAGED.
 */
GBytes *timestamp_add(const TimestampRequest *request, GBytes *answer, GBytes *cms,
	const char *trust_folder, gint64 *time_s, GError **error);

/* Whether the answer is one to this request, and the time that it says; DAMAGED. */
gboolean timestamp_check(const TimestampRequest *request, GBytes *answer, const char *trust_folder,
	gint64 *time_s, GError **error);

/*
 * Whether the answer, kept from before, stamps data, which says of itself that it is of at_s, and
 * the time that it says, at most TIMESTAMP_APART_MAX_S from it. trust: PEM file or folder, its
 * certificates taken as of at_s; NULL: whoever signed it. DAMAGED.
 */
gboolean timestamp_verify(GBytes *answer, GBytes *data, const char *trust, gint64 at_s,
	gint64 *time_s, GError **error);

#endif
