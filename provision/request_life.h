/*
 * The life of a FORM-01 as a table {state, event, roles, next, effects} (DI-002, art. 2). Pure.
 * What the table does not name is not allowed.
 */
#ifndef ACUSE_PROVISION_REQUEST_LIFE_H
#define ACUSE_PROVISION_REQUEST_LIFE_H

#include <glib.h>

typedef enum {
	REQUEST_NEW, /* before it is filed */
	REQUEST_RECEIVED,
	REQUEST_OBSERVED, /* something is missing: request_form_lacks says what */
	REQUEST_APPROVED, /* its account is being made or waits for its credentials */
	REQUEST_DENIED,
	REQUEST_EXECUTED, /* credentials delivered */
	REQUEST_CANCELLED,
	REQUEST_N_STATES
} RequestState;

typedef enum {
	REQUEST_FILE,
	REQUEST_FILE_LACKING,  /* filed, but something is missing */
	REQUEST_OBSERVE,       /* the IT office finds something missing, and says what */
	REQUEST_AMEND,	       /* something that was missing came, not all of it */
	REQUEST_COMPLETE,      /* the last of it came */
	REQUEST_APPROVE,       /* an account is made */
	REQUEST_APPROVE_RESET, /* an account gets another password */
	REQUEST_CARRY_OUT,     /* approved, and nothing is to be handed over */
	REQUEST_DENY,
	REQUEST_CANCEL, /* before there is an account */
	REQUEST_DELIVER,
	REQUEST_N_EVENTS
} RequestEvent;

typedef enum {
	REQUEST_EFFECT_CREATE = 1 << 0,	  /* outbox "account.create"; the DNI is taken */
	REQUEST_EFFECT_PASSWORD = 1 << 1, /* a first password is set before the state changes */
	REQUEST_EFFECT_CLOSE = 1 << 2,	  /* the account that it made is closed; the DNI is free */
	REQUEST_EFFECT_EXPOSED = 1 << 3,  /* an exposed password opens nothing from now on */
	REQUEST_EFFECT_ORDER = 1 << 4,	  /* request_orders.h: an end, a later end, an office */
} RequestEffect;

typedef struct {
	RequestState state;
	RequestEvent event;
	int roles; /* service.h */
	RequestState next;
	int effects;
	const char *record; /* type of the leaf */
} RequestStep;

/* NULL: not allowed. */
const RequestStep *request_step(RequestState state, RequestEvent event);

const char *request_state_name(RequestState state); /* "received" ... */
const char *request_event_name(RequestEvent event); /* "file" ... */
gboolean request_state_parse(const char *name, RequestState *state);

#endif
