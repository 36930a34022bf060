/*
 * P15 (DI-002 art. 8.1, 14.4): how many messages and recipients an hour an account, an office's
 * mailbox and the whole gateway may send. Counted with the intent, in its own change, so that what
 * is on record and what is counted never differ, also over a restart. One row a counter, of at most
 * LIMITS_STEPS steps of LIMITS_STEP_S: the hour slides, and a send reads and writes three rows
 * however much was sent. The steps are an hour and the one under way, so that in no hour, wherever
 * it begins, more goes than the limit says.
 */
#ifndef ACUSE_PROVISION_SEND_LIMITS_H
#define ACUSE_PROVISION_SEND_LIMITS_H

#include "core/plan.h"
#include "provision/service.h"

#define LIMITS_STEP_S 300
#define LIMITS_STEPS 13
#define LIMITS_TELL_S 3600 /* between two notices about the same counter */

/* A limit that a mail went over, whether it was refused or not. */
typedef struct {
	char *counter; /* "account/rmoralesa"; NULL: none */
	char *text;    /* for the sender: "[P15] ..." in ASCII */
	gboolean due;  /* nobody was told within LIMITS_TELL_S */
	RuleMode mode; /* that of P15 */
} LimitsOver;

void limits_over_clear(LimitsOver *over);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(LimitsOver, limits_over_clear)

/*
 * Inside a change: counts the mail of a checked intent. FALSE and nothing counted with OVER_LIMIT,
 * or OVER_LIMIT_FINAL where waiting does not help or the setting says so; the message is
 * over->text. In the modes log and warn it is counted all the same, with TRUE.
 */
gboolean limits_count(StoreTxn *txn, const Service *service, const json_t *intent, gint64 now_s,
	LimitsOver *over, GError **error);

/* Appends what was gone over and let pass to an intent's findings (register.h): to warn the sender,
 * as often as the IT office is told, else to log. */
void limits_note(const LimitsOver *over, json_t *findings);

/* After the change: one line in the log for each, and where it is due a notice to the IT office
 * (limit_notice_to). */
void limits_tell(Service *service, const LimitsOver *over);

#endif
