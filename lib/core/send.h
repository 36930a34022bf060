/*
 * The life of a send and, per recipient, of its delivery, as tables {state, event, next} (DESIGN 2,
 * 4). A weaker or later event never undoes stronger evidence: "failed" after "acknowledged" stays
 * acknowledged. ETSI EN 319 522 names are in FACTS 37.
 */
#ifndef ACUSE_CORE_SEND_H
#define ACUSE_CORE_SEND_H

#include <glib.h>

typedef enum { SEND_INTENT, SEND_HELD, SEND_PREPARED, SEND_RELEASED, SEND_NOT_RELEASED } SendState;
typedef enum {
	SEND_EVENT_PREPARED,  /* bytes stored and recorded */
	SEND_EVENT_SEEN,      /* its queue id was seen in the queue or in a report */
	SEND_EVENT_TIMEOUT,   /* no sign of life within the set time */
	SEND_EVENT_HELD,      /* it cannot be signed now; or its second stage never took it */
	SEND_EVENT_SUPERSEDED /* the client sent the same again before this one was prepared */
} SendEvent;

const char *send_state_name(
	SendState state); /* "intent" "held" "prepared" "released" "not_released" */
gboolean send_state_parse(const char *word, SendState *state);
/* FALSE: the event means nothing in that state; *next is then the same state. */
gboolean send_next(SendState state, SendEvent event, SendState *next);

typedef enum {
	DELIVERY_PENDING,
	DELIVERY_DELAYED,
	DELIVERY_FAILED,
	DELIVERY_RELAYED,   /* the remote server's 250: RelayToNonERDS */
	DELIVERY_DELIVERED, /* our own final delivery, or a trusted domain's report */
	DELIVERY_READ,
	DELIVERY_ACKNOWLEDGED, /* the citizen's own answer: ReceivedFromNonERDS */
	DELIVERY_EXPIRED,      /* the term to acknowledge is over (art. 20.4) */
	DELIVERY_LATE	       /* acknowledged after it */
} DeliveryState;

const char *delivery_state_name(DeliveryState state);
gboolean delivery_state_parse(const char *word, DeliveryState *state);
/* The state after evidence of `event`; equal to `state` when the evidence adds nothing. */
DeliveryState delivery_next(DeliveryState state, DeliveryState event);

#endif
