/*
 * The life of a send and of its delivery to each recipient, as tables (send.h). Whoever is not in a
 * table changes nothing. Pure.
 */
#include "core/send.h"

#include <string.h>

static const char *const state_names[] = {
	[SEND_INTENT] = "intent",
	[SEND_HELD] = "held",
	[SEND_PREPARED] = "prepared",
	[SEND_RELEASED] = "released",
	[SEND_NOT_RELEASED] = "not_released",
};

static const struct {
	SendState state;
	SendEvent event;
	SendState next;
} transitions[] = {
	{SEND_INTENT, SEND_EVENT_PREPARED, SEND_PREPARED},
	{SEND_INTENT, SEND_EVENT_HELD, SEND_HELD},
	{SEND_INTENT, SEND_EVENT_TIMEOUT, SEND_NOT_RELEASED},
	{SEND_INTENT, SEND_EVENT_SUPERSEDED, SEND_NOT_RELEASED},
	{SEND_HELD, SEND_EVENT_PREPARED, SEND_PREPARED},
	{SEND_HELD, SEND_EVENT_TIMEOUT, SEND_NOT_RELEASED},
	{SEND_HELD, SEND_EVENT_SUPERSEDED, SEND_NOT_RELEASED},
	{SEND_PREPARED, SEND_EVENT_SEEN, SEND_RELEASED},
	{SEND_PREPARED, SEND_EVENT_HELD, SEND_HELD},
	{SEND_PREPARED, SEND_EVENT_TIMEOUT, SEND_NOT_RELEASED},
	/* A report may come long after the queue was last looked at: what was sent, was sent. */
	{SEND_NOT_RELEASED, SEND_EVENT_SEEN, SEND_RELEASED},
};

const char *send_state_name(SendState state)
{
	g_return_val_if_fail((guint)state < G_N_ELEMENTS(state_names), NULL);
	return state_names[state];
}

gboolean send_state_parse(const char *word, SendState *state)
{
	for (guint i = 0; word != NULL && i < G_N_ELEMENTS(state_names); i++) {
		if (strcmp(word, state_names[i]) == 0) {
			*state = (SendState)i;
			return TRUE;
		}
	}
	return FALSE;
}

gboolean send_next(SendState state, SendEvent event, SendState *next)
{
	for (guint i = 0; i < G_N_ELEMENTS(transitions); i++) {
		if (transitions[i].state == state && transitions[i].event == event) {
			*next = transitions[i].next;
			return TRUE;
		}
	}
	*next = state;
	return FALSE;
}

#define N_DELIVERY (DELIVERY_LATE + 1)

static const char *const delivery_names[N_DELIVERY] = {
	[DELIVERY_PENDING] = "pending",
	[DELIVERY_DELAYED] = "delayed",
	[DELIVERY_FAILED] = "failed",
	[DELIVERY_RELAYED] = "relayed",
	[DELIVERY_DELIVERED] = "delivered",
	[DELIVERY_READ] = "read",
	[DELIVERY_ACKNOWLEDGED] = "acknowledged",
	[DELIVERY_EXPIRED] = "expired",
	[DELIVERY_LATE] = "late",
};

/*
 * For each state (row) the state after evidence (column). "expired" says that the time to
 * acknowledge is over; nothing but an acknowledgement changes it, and that is late and stays so.
 */
#define PEN DELIVERY_PENDING
#define DLY DELIVERY_DELAYED
#define FLD DELIVERY_FAILED
#define RLY DELIVERY_RELAYED
#define DLV DELIVERY_DELIVERED
#define RED DELIVERY_READ
#define ACK DELIVERY_ACKNOWLEDGED
#define EXP DELIVERY_EXPIRED
#define LTE DELIVERY_LATE
static const guint8 delivery_table[N_DELIVERY][N_DELIVERY] = {
	/* evidence: PEN, DLY, FLD, RLY, DLV, RED, ACK, EXP, LTE */
	[PEN] = {PEN, DLY, FLD, RLY, DLV, RED, ACK, EXP, LTE},
	[DLY] = {DLY, DLY, FLD, RLY, DLV, RED, ACK, EXP, LTE},
	[FLD] = {FLD, FLD, FLD, RLY, DLV, RED, ACK, EXP, LTE},
	[RLY] = {RLY, RLY, RLY, RLY, DLV, RED, ACK, EXP, LTE},
	[DLV] = {DLV, DLV, DLV, DLV, DLV, RED, ACK, EXP, LTE},
	[RED] = {RED, RED, RED, RED, RED, RED, ACK, EXP, LTE},
	[ACK] = {ACK, ACK, ACK, ACK, ACK, ACK, ACK, ACK, ACK},
	[EXP] = {EXP, EXP, EXP, EXP, EXP, EXP, LTE, EXP, LTE},
	[LTE] = {LTE, LTE, LTE, LTE, LTE, LTE, LTE, LTE, LTE},
};

const char *delivery_state_name(DeliveryState state)
{
	g_return_val_if_fail((guint)state < N_DELIVERY, NULL);
	return delivery_names[state];
}

gboolean delivery_state_parse(const char *word, DeliveryState *state)
{
	for (guint i = 0; word != NULL && i < N_DELIVERY; i++) {
		if (strcmp(word, delivery_names[i]) == 0) {
			*state = (DeliveryState)i;
			return TRUE;
		}
	}
	return FALSE;
}

DeliveryState delivery_next(DeliveryState state, DeliveryState event)
{
	g_return_val_if_fail((guint)state < N_DELIVERY && (guint)event < N_DELIVERY, state);
	return (DeliveryState)delivery_table[state][event];
}
