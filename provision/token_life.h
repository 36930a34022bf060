/*
 * The life of a token as a table {state, event, roles, next, leaf, effects} (S5, S9; Directiva
 * 001-2020, art. 7.1 to 7.8 and 8.8 to 8.14). Pure. What the table does not name is not allowed.
 */
#ifndef ACUSE_PROVISION_TOKEN_LIFE_H
#define ACUSE_PROVISION_TOKEN_LIFE_H

#include <glib.h>

typedef enum {
	TOKEN_EFFECT_PUSH = 1 << 0,  /* the signer is told */
	TOKEN_EFFECT_CHECK = 1 << 1, /* only with a certificate that passed its checks */
	TOKEN_EFFECT_OWED = 1 << 2,  /* its holder has to give it back, and is reminded */
	TOKEN_EFFECT_BACK = 1 << 3,  /* nothing more is expected of its holder */
	TOKEN_EFFECT_LOSS = 1 << 4,  /* the Gerencia is told */
} TokenEffect;

typedef struct {
	const char *state, *event; /* "new", "requested" ...; "request", "evaluate" ... */
	int roles;		   /* service.h; 0: provisiond itself */
	const char *next, *leaf;   /* leaf: the record's type */
	int effects;
} TokenStep;

/* Every name, NULL-terminated; "new" is no row at all. */
extern const char *const token_states[], *const token_events[];

/* NULL with CONFLICT when the event cannot happen in that state. */
const TokenStep *token_step(const char *state, const char *event, GError **error);

/* Whether the signer knows tokens in this state. */
gboolean token_state_is_bound(const char *state);

#endif
