/*
 * The term to answer a notification (D5, TUO Ley 27444 art. 20.4): it gets one when it is released,
 * and when that is over without an acknowledgement, a record that says so for each citizen
 * (send.expired), the state expired, and notices to notify by cédula. In the send:
 * "deadline":{"sent","from","until","matter","edition","outside_hours","expired":null|time}; absent
 * for what is no notification to the outside.
 */
#ifndef ACUSE_PROVISION_DEADLINES_H
#define ACUSE_PROVISION_DEADLINES_H

#include "provision/due.h"
#include "provision/send_record.h"

/*
 * Inside a change: what has been seen to leave is released, and gets its deadline with leaf
 * send.deadline. As send_record_settle with SEND_EVENT_SEEN; does not save.
 */
gboolean deadline_release(StoreTxn *txn, const Service *service, json_t *send, const char *how,
	gint64 now_s, gboolean *moved, GError **error);

/* Inside a change: of what kind its expediente is (tax or not); a send, or the intent of one. */
gboolean deadline_matter(StoreTxn *txn, const Service *service, const json_t *send,
	CalendarMatter *matter, GError **error);

/* Whether an acknowledgement that comes now is late. */
gboolean deadline_is_over(const Service *service, const json_t *send);

extern const DueKind due_kinds_sends[]; /* ends with kind NULL */

#endif
