/* The table of request_life.h. Pure; safe in every thread. */
#include "provision/request_life.h"

#include "provision/service.h"

static const RequestStep steps[] = {
	{REQUEST_NEW, REQUEST_FILE, ROLE_OTIC | ROLE_TRAMITE, REQUEST_RECEIVED, 0, "request.filed"},
	{REQUEST_NEW, REQUEST_FILE_WITHOUT_TRAMITE, ROLE_OTIC | ROLE_TRAMITE, REQUEST_OBSERVED, 0,
		"request.observed"},
	{REQUEST_RECEIVED, REQUEST_APPROVE, ROLE_OTIC, REQUEST_APPROVED, REQUEST_EFFECT_CREATE,
		"request.approved"},
	{REQUEST_RECEIVED, REQUEST_DENY, ROLE_OTIC, REQUEST_DENIED, 0, "request.denied"},
	{REQUEST_OBSERVED, REQUEST_DENY, ROLE_OTIC, REQUEST_DENIED, 0, "request.denied"},
	{REQUEST_APPROVED, REQUEST_DELIVER, ROLE_OTIC, REQUEST_EXECUTED, REQUEST_EFFECT_PASSWORD,
		"request.executed"},
};

static const char *const state_names[REQUEST_N_STATES] = {
	"new", "received", "observed", "approved", "denied", "executed", "cancelled"};

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
