/*
 * The stored send: the JSON of TABLE_SENDS (HACKING.md "Send"), its entries in TABLE_INDEX and its
 * leaves. Whoever changes a send does it through this file, inside a change of the store.
 */
#ifndef ACUSE_PROVISION_SEND_RECORD_H
#define ACUSE_PROVISION_SEND_RECORD_H

#include <jansson.h>

#include "core/evidence.h"
#include "core/send.h"
#include "provision/row.h"

#define SEND_MAX_RECIPIENTS 1000
#define SEND_MAX_ADDRESS 320

/* A checked intent (not consumed) becomes a send of state intent: no leaves yet. */
json_t *send_record_new(const json_t *intent, gint64 now_s);

/* NULL with NOT_FOUND, DAMAGED or the store's error. */
json_t *send_record_load(StoreTxn *txn, const char *id, GError **error);
json_t *send_record_read(Store *store, const char *id, GError **error);
gboolean send_record_save(StoreTxn *txn, const json_t *send, GError **error);

/* *id: the send that has this "token", "queue" or "fingerprint", a new string; NULL: none has. */
gboolean send_record_find(
	StoreTxn *txn, const char *kind, const char *key, char **id, GError **error);
/* Takes a "token" or "queue" id for this send; CONFLICT when it is another send's. */
gboolean send_record_claim(
	StoreTxn *txn, const char *kind, const char *key, const char *id, GError **error);
/* Puts every entry of TABLE_INDEX that finds this send again. CONFLICT as above. */
gboolean send_record_index(StoreTxn *txn, json_t *send, const char *fingerprint, GError **error);
/* SHA-256 of Message-ID, mailbox, recipients (order and case aside) and content: the same mail
 * again. */
char *send_record_fingerprint(const json_t *send);

/* Where TABLE_INDEX has the sends with this Message-ID; by digest, for its length is the client's.
 */
char *send_record_message_prefix(const char *message_id);

const char *send_record_id(const json_t *send);
SendState send_record_state(const json_t *send);
gboolean send_record_is_notification(const json_t *send);
gint64 send_record_time_s(const json_t *send);
/* When it left: for what was held, when it was signed after all. */
gint64 send_record_departure_s(const json_t *send);

/* Appends the record, which says behind which other one of the send it comes, and notes its number
 * in the send. */
gboolean send_record_append(
	StoreTxn *txn, json_t *send, Record *record, guint64 *leaf, GError **error);

/*
 * Moves the state when its table allows it: leaf send.released or send.not_released with `how`,
 * timeline, index. *moved (may be NULL) tells. Does not save.
 */
gboolean send_record_settle(StoreTxn *txn, json_t *send, SendEvent event, const char *how,
	gint64 now_s, gboolean *moved, GError **error);

/* The delivery state of a recorded recipient after evidence. Does nothing for another address. */
void send_record_deliver(json_t *send, const char *recipient, DeliveryState event, gint64 now_s);

/* A timeline entry; verdict may be NULL (the send's own life), and so may each text. */
typedef struct {
	const char *event;
	const Verdict *verdict;
	const char *diagnostic, *original_sha256;
	const char *recipient; /* without a verdict */
	gint64 time_s;
	guint64 leaf;
	const char *read_by; /* uid, of a reading inside; the entry has it only then */
} SendEntry;
void send_record_note(json_t *send, const SendEntry *entry);

/* What evidence_judge needs; free with send_record_facts_free. */
SendFacts *send_record_facts(const json_t *send);
void send_record_facts_free(SendFacts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SendFacts, send_record_facts_free)

#endif
