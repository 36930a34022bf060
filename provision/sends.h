/* What the two files of the sends' routes share: sends.c records, send_check.c judges what came in,
 * sends_read.c answers; and what events.c lends from them. */
#ifndef ACUSE_PROVISION_SENDS_H
#define ACUSE_PROVISION_SENDS_H

#include "core/evidence.h"
#include "provision/service.h"

/* The directory's word, now: the login may send as the mailbox. */
gboolean sends_check_account(const Service *service, const json_t *send, GError **error);

/* send_prepared.c: POST /v1/sends/{id}/prepared, and what an intent that is final lends from it. */
gboolean sends_prepared(const ApiRequest *request, ApiResponse *response, GError **error);

gboolean sends_list(const ApiRequest *request, ApiResponse *response, GError **error);
gboolean sends_show(const ApiRequest *request, ApiResponse *response, GError **error);
gboolean sends_message(const ApiRequest *request, ApiResponse *response, GError **error);
gboolean sends_constancia_pdf(const ApiRequest *request, ApiResponse *response, GError **error);
gboolean sends_constancia_png(const ApiRequest *request, ApiResponse *response, GError **error);
/* purge.c: POST /v1/sends/{id}/purge. */
gboolean sends_purge(const ApiRequest *request, ApiResponse *response, GError **error);
gboolean sends_proof(const ApiRequest *request, ApiResponse *response, GError **error);

/* events.c: the key of TABLE_INDEX under which the report is found again; a new string. */
char *event_index_key(const ReportFacts *report);

/* Ids of the sends under an index prefix, newest first, at most `limit`. */
GPtrArray *sends_under(Store *store, const char *prefix, guint limit, GError **error);

typedef struct {
	const char *id, *message_sha256, *queue_id, *certificate_sha256,
		*cms_sha256; /* the two last may be NULL */
	const char *domain;  /* the institution's */
	json_int_t size;
	gint64 now_s;
	const char *unsigned_reason; /* S6: why what was to be signed is not; NULL: it is */
	gboolean may_be_unsigned;    /* the institution allows that */
	GBytes *packed; /* of the message that came with the call, for the store; NULL: a blob is
			   there */
} Prepared;

/* Whether a body has all that it must, each well formed, and nothing else. INVALID names the
 * member. */
gboolean send_check_intent(const json_t *body, GError **error);
gboolean send_check_prepared(const json_t *body, Prepared *prepared, GError **error);

static inline void prepared_clear(Prepared *prepared)
{
	g_clear_pointer(&prepared->packed, g_bytes_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Prepared, prepared_clear)

/* The message came with the call and is put down with its record, or it is there already. */
gboolean send_prepared_check_message(const ApiRequest *request, Prepared *prepared, GError **error);
/* Whether this very call was taken before. */
gboolean send_prepared_is_asked_again(const json_t *send, const Prepared *prepared);
/* From intent or held to prepared; the caller saves the send. */
gboolean send_prepared_take(StoreTxn *txn, json_t *send, const Prepared *prepared, GError **error);

#endif
