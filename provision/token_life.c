/* token_life.h. Nothing leads to "active" but an activation, and nothing to that but what a unit
 * asked for, the IT office evaluated and a memorandum authorised. Safe in every thread. */
#include "provision/token_life.h"

#include <string.h>

#include "base/error.h"
#include "provision/service.h"

#define FILERS (ROLE_OTIC | ROLE_TRAMITE | ROLE_HEAD)
#define ITSELF 0

static const TokenStep steps[] = {
	{"new", "request", FILERS, "requested", "token.requested", 0},
	{"requested", "evaluate", ROLE_OTIC, "evaluated", "token.evaluated", 0},
	{"requested", "deny", ROLE_OTIC, "denied", "token.denied", 0},
	{"requested", "cease", ITSELF, "denied", "token.denied", 0},
	{"evaluated", "authorise", ROLE_OTIC, "authorised", "token.authorised", 0},
	{"evaluated", "deny", ROLE_OTIC, "denied", "token.denied", 0},
	{"evaluated", "cease", ITSELF, "denied", "token.denied", 0},
	{"authorised", "enrol", ROLE_OTIC, "enrolled", "token.enrolled", TOKEN_EFFECT_PUSH},
	{"authorised", "deny", ROLE_OTIC, "denied", "token.denied", 0},
	{"authorised", "cease", ITSELF, "denied", "token.denied", 0},
	{"denied", "request", FILERS, "requested", "token.requested", 0},

	{"enrolled", "activate", ROLE_OTIC, "active", "token.activated",
		TOKEN_EFFECT_PUSH | TOKEN_EFFECT_CHECK},
	{"enrolled", "lose", ROLE_OTIC, "lost", "token.lost",
		TOKEN_EFFECT_PUSH | TOKEN_EFFECT_BACK | TOKEN_EFFECT_LOSS},
	{"enrolled", "return", ROLE_OTIC, "returned", "token.returned",
		TOKEN_EFFECT_PUSH | TOKEN_EFFECT_BACK},
	{"enrolled", "revoke", ROLE_OTIC, "revoked", "token.revoked", TOKEN_EFFECT_PUSH},
	{"enrolled", "expire", ITSELF, "expired", "token.expired", TOKEN_EFFECT_PUSH},
	{"enrolled", "cease", ITSELF, "ceased", "token.ceased",
		TOKEN_EFFECT_PUSH | TOKEN_EFFECT_OWED},

	{"active", "extend", ROLE_OTIC, "active", "token.extended", TOKEN_EFFECT_PUSH},
	{"active", "suspend", ROLE_OTIC, "suspended", "token.suspended", TOKEN_EFFECT_PUSH},
	{"active", "lose", ROLE_OTIC, "lost", "token.lost",
		TOKEN_EFFECT_PUSH | TOKEN_EFFECT_BACK | TOKEN_EFFECT_LOSS},
	{"active", "return", ROLE_OTIC, "returned", "token.returned",
		TOKEN_EFFECT_PUSH | TOKEN_EFFECT_BACK},
	{"active", "revoke", ROLE_OTIC, "revoked", "token.revoked", TOKEN_EFFECT_PUSH},
	{"active", "expire", ITSELF, "expired", "token.expired", TOKEN_EFFECT_PUSH},
	{"active", "cease", ITSELF, "ceased", "token.ceased",
		TOKEN_EFFECT_PUSH | TOKEN_EFFECT_OWED},

	{"suspended", "activate", ROLE_OTIC, "active", "token.activated",
		TOKEN_EFFECT_PUSH | TOKEN_EFFECT_CHECK},
	{"suspended", "lose", ROLE_OTIC, "lost", "token.lost",
		TOKEN_EFFECT_PUSH | TOKEN_EFFECT_BACK | TOKEN_EFFECT_LOSS},
	{"suspended", "return", ROLE_OTIC, "returned", "token.returned",
		TOKEN_EFFECT_PUSH | TOKEN_EFFECT_BACK},
	{"suspended", "revoke", ROLE_OTIC, "revoked", "token.revoked", TOKEN_EFFECT_PUSH},
	{"suspended", "expire", ITSELF, "expired", "token.expired", TOKEN_EFFECT_PUSH},
	{"suspended", "cease", ITSELF, "ceased", "token.ceased",
		TOKEN_EFFECT_PUSH | TOKEN_EFFECT_OWED},

	{"ceased", "lose", ROLE_OTIC, "lost", "token.lost",
		TOKEN_EFFECT_PUSH | TOKEN_EFFECT_BACK | TOKEN_EFFECT_LOSS},
	{"ceased", "return", ROLE_OTIC, "returned", "token.returned",
		TOKEN_EFFECT_PUSH | TOKEN_EFFECT_BACK},
	/* Its holder still has it. */
	{"ceased", "revoke", ROLE_OTIC, "revoked", "token.revoked", TOKEN_EFFECT_PUSH},

	/* Found and given back; its certificate may still have to be revoked. */
	{"lost", "return", ROLE_OTIC, "returned", "token.returned", TOKEN_EFFECT_PUSH},
	{"lost", "revoke", ROLE_OTIC, "revoked", "token.revoked", TOKEN_EFFECT_PUSH},
	{"revoked", "lose", ROLE_OTIC, "lost", "token.lost",
		TOKEN_EFFECT_PUSH | TOKEN_EFFECT_BACK | TOKEN_EFFECT_LOSS},
	{"revoked", "return", ROLE_OTIC, "returned", "token.returned",
		TOKEN_EFFECT_PUSH | TOKEN_EFFECT_BACK},
	{"revoked", "cease", ITSELF, "revoked", "token.ceased", TOKEN_EFFECT_OWED},
	{"expired", "lose", ROLE_OTIC, "lost", "token.lost",
		TOKEN_EFFECT_PUSH | TOKEN_EFFECT_BACK | TOKEN_EFFECT_LOSS},
	{"expired", "return", ROLE_OTIC, "returned", "token.returned",
		TOKEN_EFFECT_PUSH | TOKEN_EFFECT_BACK},
	{"expired", "revoke", ROLE_OTIC, "revoked", "token.revoked", TOKEN_EFFECT_PUSH},
	{"expired", "cease", ITSELF, "expired", "token.ceased", TOKEN_EFFECT_OWED},
	{"returned", "revoke", ROLE_OTIC, "revoked", "token.revoked", TOKEN_EFFECT_PUSH},
	/* Given to somebody anew, or with a new certificate: from the beginning. */
	{"returned", "request", FILERS, "requested", "token.requested", TOKEN_EFFECT_PUSH},
	{"expired", "request", FILERS, "requested", "token.requested", TOKEN_EFFECT_PUSH},
	{"revoked", "request", FILERS, "requested", "token.requested", TOKEN_EFFECT_PUSH},
};

const char *const token_states[] = {"new", "requested", "evaluated", "authorised", "denied",
	"enrolled", "active", "suspended", "lost", "returned", "revoked", "expired", "ceased",
	NULL};

const char *const token_events[] = {"request", "evaluate", "deny", "authorise", "enrol", "activate",
	"extend", "suspend", "lose", "return", "revoke", "expire", "cease", NULL};

const TokenStep *token_step(const char *state, const char *event, GError **error)
{
	for (gsize i = 0; i < G_N_ELEMENTS(steps); i++)
		if (g_strcmp0(steps[i].state, state) == 0 && strcmp(steps[i].event, event) == 0)
			return &steps[i];
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT, "a token that is %s: no %s",
		state != NULL ? state : "unknown", event);
	return NULL;
}

gboolean token_state_is_bound(const char *state)
{
	static const char *const before[] = {
		"new", "requested", "evaluated", "authorised", "denied", NULL};

	return state != NULL && !g_strv_contains(before, state);
}
