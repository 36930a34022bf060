/* The table of account_life.h. Pure; safe in every thread. */
#include "provision/account_life.h"

#include "provision/service.h"

#define REPORTERS (ROLE_HR | ROLE_OTIC)
#define END                                                                                        \
	(ACCOUNT_EFFECT_LOCK | ACCOUNT_EFFECT_SESSIONS | ACCOUNT_EFFECT_TOKENS |                   \
		ACCOUNT_EFFECT_OFFICES | ACCOUNT_EFFECT_BACKUP)

static const AccountStep steps[] = {
	{ACCOUNT_PENDING, ACCOUNT_DELIVER, ROLE_OTIC, ACCOUNT_ACTIVE, ACCOUNT_EFFECT_PASSWORD,
		"account.password"},
	{ACCOUNT_PENDING, ACCOUNT_CEASE, REPORTERS, ACCOUNT_CEASED, END, "account.ceased"},
	{ACCOUNT_PENDING, ACCOUNT_ROTATE, REPORTERS, ACCOUNT_PENDING, ACCOUNT_EFFECT_POST,
		"account.rotated"},
	{ACCOUNT_PENDING, ACCOUNT_ACT, REPORTERS, ACCOUNT_PENDING, ACCOUNT_EFFECT_POST,
		"account.acting"},
	{ACCOUNT_ACTIVE, ACCOUNT_RESET, ROLE_OTIC, ACCOUNT_ACTIVE, ACCOUNT_EFFECT_PASSWORD,
		"account.password"},
	{ACCOUNT_ACTIVE, ACCOUNT_EXPOSE, ROLE_OTIC, ACCOUNT_ACTIVE,
		ACCOUNT_EFFECT_PASSWORD | ACCOUNT_EFFECT_SESSIONS, "account.password"},
	{ACCOUNT_ACTIVE, ACCOUNT_FORCE, ROLE_OTIC, ACCOUNT_ACTIVE,
		ACCOUNT_EFFECT_MUST_CHANGE | ACCOUNT_EFFECT_SESSIONS, "account.change-forced"},
	{ACCOUNT_ACTIVE, ACCOUNT_ROTATE, REPORTERS, ACCOUNT_ACTIVE, ACCOUNT_EFFECT_POST,
		"account.rotated"},
	{ACCOUNT_ACTIVE, ACCOUNT_ACT, REPORTERS, ACCOUNT_ACTIVE, ACCOUNT_EFFECT_POST,
		"account.acting"},
	{ACCOUNT_ACTIVE, ACCOUNT_CEASE, REPORTERS, ACCOUNT_CEASED, END, "account.ceased"},
	{ACCOUNT_SUSPENDED, ACCOUNT_CEASE, REPORTERS, ACCOUNT_CEASED, END, "account.ceased"},
	{ACCOUNT_CEASED, ACCOUNT_REINSTATE, ROLE_OTIC, ACCOUNT_ACTIVE,
		ACCOUNT_EFFECT_UNLOCK | ACCOUNT_EFFECT_PASSWORD, "account.reinstated"},
};

static const char *const event_names[ACCOUNT_N_EVENTS] = {
	"deliver", "reset", "expose", "force", "rotate", "act", "cease", "reinstate"};

const AccountStep *account_step(AccountState state, AccountEvent event)
{
	for (size_t i = 0; i < G_N_ELEMENTS(steps); i++)
		if (steps[i].state == state && steps[i].event == event)
			return &steps[i];
	return NULL;
}

const char *account_event_name(AccountEvent event)
{
	return event_names[event];
}
