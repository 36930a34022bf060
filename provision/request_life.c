/* The table of request_life.h. Pure; safe in every thread. */
#include "provision/request_life.h"

#include "provision/service.h"

#define FILERS (ROLE_OTIC | ROLE_TRAMITE | ROLE_HEAD)

static const RequestStep steps[] = {
	{REQUEST_NEW, REQUEST_FILE, FILERS, REQUEST_RECEIVED, 0, "request.filed"},
	{REQUEST_NEW, REQUEST_FILE_LACKING, FILERS, REQUEST_OBSERVED, 0, "request.observed"},
	{REQUEST_RECEIVED, REQUEST_OBSERVE, ROLE_OTIC, REQUEST_OBSERVED, 0, "request.observed"},
	{REQUEST_RECEIVED, REQUEST_APPROVE, ROLE_OTIC, REQUEST_APPROVED, REQUEST_EFFECT_CREATE,
		"request.approved"},
	{REQUEST_RECEIVED, REQUEST_APPROVE_RESET, ROLE_OTIC, REQUEST_APPROVED,
		REQUEST_EFFECT_EXPOSED, "request.approved"},
	{REQUEST_RECEIVED, REQUEST_CARRY_OUT, ROLE_OTIC, REQUEST_EXECUTED, REQUEST_EFFECT_ORDER,
		"request.executed"},
	{REQUEST_RECEIVED, REQUEST_DENY, ROLE_OTIC, REQUEST_DENIED, 0, "request.denied"},
	{REQUEST_RECEIVED, REQUEST_CANCEL, FILERS, REQUEST_CANCELLED, 0, "request.cancelled"},
	{REQUEST_OBSERVED, REQUEST_AMEND, FILERS, REQUEST_OBSERVED, 0, "request.amended"},
	{REQUEST_OBSERVED, REQUEST_COMPLETE, FILERS, REQUEST_RECEIVED, 0, "request.amended"},
	{REQUEST_OBSERVED, REQUEST_DENY, ROLE_OTIC, REQUEST_DENIED, 0, "request.denied"},
	{REQUEST_OBSERVED, REQUEST_CANCEL, FILERS, REQUEST_CANCELLED, 0, "request.cancelled"},
	{REQUEST_APPROVED, REQUEST_DELIVER, ROLE_OTIC, REQUEST_EXECUTED, REQUEST_EFFECT_PASSWORD,
		"request.executed"},
	/* Nobody has its password yet: the account ends unused. */
	{REQUEST_APPROVED, REQUEST_CANCEL, ROLE_OTIC, REQUEST_CANCELLED, REQUEST_EFFECT_CLOSE,
		"request.cancelled"},
};

static const char *const state_names[REQUEST_N_STATES] = {
	"new", "received", "observed", "approved", "denied", "executed", "cancelled"};

static const char *const event_names[REQUEST_N_EVENTS] = {"file", "file-lacking", "observe",
	"amend", "complete", "approve", "approve-reset", "carry-out", "deny", "cancel", "deliver"};

const RequestStep *request_step(RequestState state, RequestEvent event)
{
	for (size_t i = 0; i < G_N_ELEMENTS(steps); i++)
		if (steps[i].state == state && steps[i].event == event)
			return &steps[i];
	return NULL;
}

const char *request_state_name(RequestState state)
{
	return state_names[state];
}

const char *request_event_name(RequestEvent event)
{
	return event_names[event];
}

gboolean request_state_parse(const char *name, RequestState *state)
{
	for (int i = 0; i < REQUEST_N_STATES; i++) {
		if (g_strcmp0(state_names[i], name) == 0) {
			*state = (RequestState)i;
			return TRUE;
		}
	}
	return FALSE;
}
