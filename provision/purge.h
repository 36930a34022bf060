/*
 * Keeping (DESIGN 4 "Privacy", Ley 29733): what a send holds for good and what only for a time. Its
 * content is the message and the reports that came back; its values are names, addresses and
 * subject, which the ledger only commits to. A purge takes content, or both, and is a leaf itself
 * (send.purged); leaves and tree stay as they are, so everything verifies as before. In the send:
 * "purged":{"content":TIME,"values":TIME|absent}.
 */
#ifndef ACUSE_PROVISION_PURGE_H
#define ACUSE_PROVISION_PURGE_H

#include "provision/due.h"
#include "provision/service.h"

typedef struct {
	gboolean values;	      /* not only the content */
	const char *setting;	      /* key of [ledger] by which it is; NULL: by an order, with */
	const char *document, *actor; /* of that order */
} PurgeReason;

/*
 * Again is harmless and leaves no second leaf. The bytes themselves go with the next collection
 * (collect.h). CONFLICT: its outcome, the term of a notification or an entry of the outbox is
 * pending.
 */
gboolean purge_send(Service *service, const char *id, const PurgeReason *reason, GError **error);

/*
 * The same of mail from outside to an official mailbox (incoming.h), whose content is not kept: its
 * values go, and a leaf incoming.purged says so. CONFLICT: it waits for an answer, or an entry of
 * the outbox is pending. setting: key of [ledger].
 */
gboolean purge_incoming(Service *service, const char *id, const char *setting, GError **error);
/* And of an event that belongs to no send (events.c), under its key: row and bytes; event.purged.
 */
gboolean purge_event(Service *service, const char *key, const char *setting, GError **error);

/* What its files share: CONFLICT, and whether an entry of the outbox names the id. */
gboolean purge_refuse(const char *why, GError **error);
gboolean purge_find_queued(Store *store, const char *id, gboolean *found, GError **error);

/* Whether content, or the values too, are gone. */
gboolean purge_has_taken(const json_t *send, gboolean values);
/* TRUE when they are still there; else FALSE with PURGED, which says since when. */
gboolean purge_check_kept(const json_t *send, gboolean values, GError **error);

/* keeping.c: purges what [ledger] keep_... says, then collects; *purged: how many. */
gboolean keeping_run(Service *service, guint *purged, GError **error);
/* Orders that once a day; at each start. */
gboolean keeping_arm(Service *service, GError **error);
extern const DueKind due_kinds_keeping[]; /* ends with kind NULL */

#endif
