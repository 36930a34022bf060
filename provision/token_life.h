/* The life of a token after it was enrolled: a table {state, event, next, leaf} (S5). Pure. */
#ifndef ACUSE_PROVISION_TOKEN_LIFE_H
#define ACUSE_PROVISION_TOKEN_LIFE_H

#include <glib.h>

typedef struct {
	const char *state, *event; /* "active", "suspended" ...; "suspend", "lose" ... */
	const char *next, *leaf;   /* the record's type */
} TokenStep;

/* NULL with CONFLICT when the event cannot happen in that state. */
const TokenStep *token_step(const char *state, const char *event, GError **error);

#endif
