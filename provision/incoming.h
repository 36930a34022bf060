/*
 * Mail from outside to the official mailboxes (D11; DI-002, arts. 4.8, 13.2): on record, confirmed
 * to who wrote it, and open until it is answered or closed. A row of TABLE_INCOMING under its
 * number: {"id","time","message_id"|null,"message_sha256","from"|null,"envelope_sender",
 * "mailboxes":[],"subject"|null,"date"|null,"queue_id","client_address"|null,"authentication"|null,
 * "send"|null,"state","confirmation":{"state","time"|null},
 * "counted_from"|null,"until"|null,"outside_hours","overdue":time|null,
 * "answered"|null:{"send","time"},"closed"|null:{"reason","actor","time"},"leaves":[],
 * "purged":time|null} (then what is personal is null, and nothing finds it by that, purge.h).
 * TABLE_INDEX: "incoming-mail/SHA256" -> number (the same mail again), "incoming-id/SHA256" ->
 * numbers (by Message-ID), "incoming-open/NUMBER" (unanswered), "incoming-due/DAY/NUMBER" (with a
 * term), "incoming-told/SHA256" -> day (a confirmation to that sender).
 */
#ifndef ACUSE_PROVISION_INCOMING_H
#define ACUSE_PROVISION_INCOMING_H

#include "provision/due.h"
#include "provision/outbox.h"
#include "provision/row.h"

/* "open": waits for an answer. "none": needs none, as a program's or an answer to a notification.
 */
#define INCOMING_OPEN "open"
#define INCOMING_NONE "none"

/* Inside a change: what the send answers is answered, once it has left. */
gboolean incoming_answered(StoreTxn *txn, const json_t *send, gint64 now_s, GError **error);

/* What its files share. Inside a change: */

/* NOT_FOUND. */
gboolean incoming_load(StoreTxn *txn, const char *id, json_t **row, GError **error);
gboolean incoming_save(StoreTxn *txn, const json_t *row, GError **error);
/* A leaf about it, noted in the row, which is saved afterwards. */
gboolean incoming_append(StoreTxn *txn, json_t *row, const Record *record, GError **error);
/* Who wrote it: From, else the envelope's. */
const char *incoming_sender(const json_t *row);
/* Keys of TABLE_INDEX, new strings: "incoming-mail/", of a row or of what is posted; proved: From
 * with a DMARC pass. "incoming-id/" and "incoming-told/". */
char *incoming_same_key(const json_t *row, gboolean proved);
char *incoming_id_key(const char *message_id);
char *incoming_told_key(const char *from);
/* No longer open: takes its index entries away; the state is the caller's to set. */
gboolean incoming_settle(StoreTxn *txn, const json_t *row, GError **error);

/* incoming_settled.c: POST /v1/incoming/{id}/close: answered in another way (by telephone, on
 * paper), or in need of no answer. */
gboolean incoming_close(const ApiRequest *request, ApiResponse *response, GError **error);

/* incoming_confirm.c: orders the confirmation, or notes in the row why there is none. facts: the
 * body of POST /v1/incoming. */
gboolean incoming_confirm(StoreTxn *txn, const Service *service, json_t *row, const json_t *facts,
	gint64 now_s, GError **error);
extern const OutboxKind outbox_kinds_incoming[]; /* ends with kind NULL */

/* incoming_term.c: sets counted_from, until, outside_hours of an open row and orders the reminder.
 */
gboolean incoming_set_term(
	StoreTxn *txn, const Service *service, json_t *row, gint64 now_s, GError **error);
extern const DueKind due_kinds_incoming[]; /* ends with kind NULL */

#endif
