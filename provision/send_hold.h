/*
 * Mail that cannot be signed now ([signing] on_failure, S6): it is held, with the reason on record;
 * Postfix keeps it and brings it again and again to the second stage, which asks here for a permit.
 * Over [signing] hold_max_s, or when its sender ceased, it ends as not_released and its sender is
 * told. The send's member "held": {"time","reason","queue_id","entity_sha256","sender"|null,
 * "envid"|null,"queued":bool}; queued: it was seen in Postfix's queue, so its client had a 250.
 */
#ifndef ACUSE_PROVISION_SEND_HOLD_H
#define ACUSE_PROVISION_SEND_HOLD_H

#include "provision/service.h"

/* POST /v1/sends/{id}/hold and .../resume. */
gboolean sends_hold(const ApiRequest *request, ApiResponse *response, GError **error);
gboolean sends_resume(const ApiRequest *request, ApiResponse *response, GError **error);

/* Whether [signing] on_failure is that word. */
gboolean send_hold_is(const Service *service, const char *word);
gboolean send_hold_is_queued(const json_t *send);
/* Of a send that was held, by queue_ids of the whole queue: whether its first stage's mail is
 * there. */
gboolean send_hold_is_listed(const json_t *send, GHashTable *queue_ids);

/* Whether send_hold_settle would change anything. */
gboolean send_hold_is_due(
	const Service *service, const json_t *send, GHashTable *queue_ids, gint64 now_s);
/* Inside a change, of a send in state held: notes that Postfix has it, or ends it. *changed: it is
 * to be saved. */
gboolean send_hold_settle(StoreTxn *txn, const Service *service, json_t *send,
	GHashTable *queue_ids, gint64 now_s, gboolean *changed, GError **error);

#endif
