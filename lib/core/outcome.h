/*
 * What became of a send for one recipient, as it matters to who sent it and to the case file (D4,
 * D5): derived from the delivery's state and from what the institution takes as notified.
 */
#ifndef ACUSE_CORE_OUTCOME_H
#define ACUSE_CORE_OUTCOME_H

#include "core/send.h"

typedef enum {
	DELIVERY_OUTCOME_NONE,	   /* nothing is known yet */
	DELIVERY_OUTCOME_ACCEPTED, /* no notification; a server took it */
	DELIVERY_OUTCOME_NOTIFIED,
	DELIVERY_OUTCOME_FAILED,
	DELIVERY_OUTCOME_OVERDUE, /* the term is over (TUO Ley 27444, art. 20.4) */
	DELIVERY_OUTCOME_LATE	  /* shown to be received after it */
} DeliveryOutcome;

/* "none" "accepted" "notified" "failed" "overdue" "late" */
const char *delivery_outcome_name(DeliveryOutcome outcome);

/*
 * Whether `state` is at least `threshold`, in the order relayed, delivered, read, acknowledged;
 * FALSE for every other state and threshold. A late acknowledgement reaches none.
 */
gboolean delivery_reaches(DeliveryState state, DeliveryState threshold);

/* notified_by: relayed, delivered, read or acknowledged ([proof] notified_by). */
DeliveryOutcome delivery_outcome(
	DeliveryState state, gboolean notification, DeliveryState notified_by);

#endif
