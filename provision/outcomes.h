/*
 * What sends come to, told once: to the tramite by the outbox, to who sent by a notice (D4, D6). In
 * a delivery of a send "outcome" is the last one told ("notified", "failed", "overdue", "late",
 * "accepted"), absent at first.
 */
#ifndef ACUSE_PROVISION_OUTCOMES_H
#define ACUSE_PROVISION_OUTCOMES_H

#include "core/outcome.h"
#include "provision/send_record.h"
#include "provision/service.h"

/*
 * Inside a change, when all its leaves are there: queues what every recipient newly came to. Does
 * not save the send.
 */
gboolean outcomes_settle(
	StoreTxn *txn, const Service *service, json_t *send, gint64 now_s, GError **error);
/* The same for one whose term is over, whatever came meanwhile. */
gboolean outcomes_overdue(StoreTxn *txn, const Service *service, json_t *send, const char *address,
	gint64 now_s, GError **error);

/* What counts as received for him is on record already. */
gboolean outcomes_reached(const Service *service, const json_t *send, const char *address);
/* Whether this evidence, coming now, shows a reception after the term. */
gboolean outcomes_is_late(
	const Service *service, const json_t *send, const char *address, DeliveryState event);

/* Whether who sent is told of it by a notice ([notices] sender, smtp). */
gboolean outcomes_tells_sender(const Settings *settings, DeliveryOutcome outcome);
/* The same of a word of that list: "read" is no outcome. */
gboolean outcomes_tells_sender_word(const Settings *settings, const char *word);
/* INVALID when [notices] sender has another word. */
gboolean outcomes_check_settings(const Settings *settings, GError **error);

gboolean outcomes_is_outside(const Service *service, const char *address);

#endif
