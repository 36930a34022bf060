/* token_life.h. None of these steps leads back: a token signs again by being enrolled again, with
 * its document, and after its holder typed the PIN. */
#include "provision/token_life.h"

#include <string.h>

#include "base/error.h"

static const TokenStep steps[] = {
	{"active", "suspend", "suspended", "token.suspended"},
	{"active", "lose", "lost", "token.lost"},
	{"active", "return", "returned", "token.returned"},
	{"active", "revoke", "revoked", "token.revoked"},
	{"suspended", "lose", "lost", "token.lost"},
	{"suspended", "return", "returned", "token.returned"},
	{"suspended", "revoke", "revoked", "token.revoked"},
	{"ceased", "lose", "lost", "token.lost"},
	{"ceased", "return", "returned", "token.returned"},
	{"ceased", "revoke", "revoked", "token.revoked"},
	/* Found and given back; its certificate may still have to be revoked. */
	{"lost", "return", "returned", "token.returned"},
	{"lost", "revoke", "revoked", "token.revoked"},
	{"returned", "revoke", "revoked", "token.revoked"},
};

const TokenStep *token_step(const char *state, const char *event, GError **error)
{
	for (gsize i = 0; i < G_N_ELEMENTS(steps); i++)
		if (g_strcmp0(steps[i].state, state) == 0 && strcmp(steps[i].event, event) == 0)
			return &steps[i];
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT, "a token that is %s: no %s",
		state != NULL ? state : "unknown", event);
	return NULL;
}
