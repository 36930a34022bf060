/*
 * The life of an account as a table {state, event, roles, next, effects} (DI-002, art. 2, 7, 8,
 * 10). It begins pending, made by its request. Pure. What the table does not name is not allowed.
 */
#ifndef ACUSE_PROVISION_ACCOUNT_LIFE_H
#define ACUSE_PROVISION_ACCOUNT_LIFE_H

#include "core/account.h"

#define ACCOUNT_N_STATES (ACCOUNT_CEASED + 1)

typedef enum {
	ACCOUNT_DELIVER, /* its credentials are handed over: it is valid from then */
	ACCOUNT_RESET,	 /* a new first password */
	ACCOUNT_EXPOSE,	 /* the password became known to others: a new one */
	ACCOUNT_FORCE,	 /* the owner must change the password before anything else */
	ACCOUNT_ROTATE,	 /* another post or unit */
	ACCOUNT_ACT,	 /* encargatura: another post for some time */
	ACCOUNT_CEASE, /* the person's link with the institution ends, or the account is annulled */
	ACCOUNT_REINSTATE, /* the same person is back */
	ACCOUNT_N_EVENTS
} AccountEvent;

typedef enum {
	ACCOUNT_EFFECT_PASSWORD = 1 << 0, /* a generated one, which must be changed */
	ACCOUNT_EFFECT_LOCK = 1 << 1,	  /* no login */
	ACCOUNT_EFFECT_UNLOCK = 1 << 2,
	ACCOUNT_EFFECT_SESSIONS = 1 << 3, /* open ones end */
	ACCOUNT_EFFECT_TOKENS = 1 << 4,	  /* no signature */
	ACCOUNT_EFFECT_OFFICES = 1 << 5,  /* no longer responsible or delegate of one */
	ACCOUNT_EFFECT_BACKUP = 1 << 6,	  /* the mailbox is kept */
	ACCOUNT_EFFECT_POST = 1 << 7,	  /* the block of the next mail is another */
	ACCOUNT_EFFECT_MUST_CHANGE = 1 << 8,
} AccountEffect;

typedef struct {
	AccountState state;
	AccountEvent event;
	int roles; /* service.h */
	AccountState next;
	int effects;
	const char *record; /* type of the leaf */
} AccountStep;

/* NULL: not allowed. */
const AccountStep *account_step(AccountState state, AccountEvent event);

const char *account_event_name(AccountEvent event); /* "deliver" ... */

#endif
