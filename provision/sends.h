/* What the two files of the sends' routes share: sends.c records, send_check.c judges what came in,
 * sends_read.c answers; and what events.c lends from them. */
#ifndef ACUSE_PROVISION_SENDS_H
#define ACUSE_PROVISION_SENDS_H

#include "provision/service.h"

gboolean sends_list(const ApiRequest *request, ApiResponse *response, GError **error);
gboolean sends_show(const ApiRequest *request, ApiResponse *response, GError **error);
gboolean sends_message(const ApiRequest *request, ApiResponse *response, GError **error);
gboolean sends_constancia_pdf(const ApiRequest *request, ApiResponse *response, GError **error);
gboolean sends_constancia_png(const ApiRequest *request, ApiResponse *response, GError **error);
gboolean sends_proof(const ApiRequest *request, ApiResponse *response, GError **error);

/* Ids of the sends under an index prefix, newest first, at most `limit`. */
GPtrArray *sends_under(Store *store, const char *prefix, guint limit, GError **error);

typedef struct {
	const char *id, *message_sha256, *queue_id, *certificate_sha256,
		*cms_sha256; /* the two last may be NULL */
	const char *domain;  /* the institution's */
	json_int_t size;
	gint64 now_s;
	GBytes *packed; /* of the message that came with the call, for the store; NULL: a blob is
			   there */
} Prepared;

/* Whether a body has all that it must, each well formed, and nothing else. INVALID names the
 * member. */
gboolean send_check_intent(const json_t *body, GError **error);
gboolean send_check_prepared(const json_t *body, Prepared *prepared, GError **error);

#endif
