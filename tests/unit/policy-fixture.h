/* A good mail of Rosa Morales Aranda, for the policy's tests to spoil one thing at a time. */
#ifndef ACUSE_TESTS_UNIT_POLICY_FIXTURE_H
#define ACUSE_TESTS_UNIT_POLICY_FIXTURE_H

#include "core/policy.h"

#define FIXTURE_NOW 1800000000
#define FIXTURE_TOKEN "aaaaaaaaaaaaaaaaaaaaaaaaaaaaa234"
#define FIXTURE_SUBJECT "NOTIFICACIÓN N° 012-2026-GM-MPSM Exp. 2026-001234"

typedef struct {
	PolicySettings *settings;
	Envelope *envelope;
	MessageFacts *facts;
	Account *login, *office;
	PolicyInput input;
} Fixture;

/* To one citizen, from her own mailbox, subject FIXTURE_SUBJECT, with a signed PDF; her office otic
 * is at hand in `office`. */
Fixture *fixture_new(void);
void fixture_free(Fixture *fixture);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Fixture, fixture_free)

void fixture_set(char **member, const char *value);
/* Envelope and To are this one address. */
void fixture_send_to(Fixture *fixture, const char *address);
/* From and mailbox are the office; the envelope stays hers. */
void fixture_send_as_office(Fixture *fixture);
/* The replies' status and rule ids: "550 5.7.1 [P1] \n[P3] "; "" of NULL. A new string. */
char *fixture_without_text(const char *refusal);
void fixture_set_mode(Fixture *fixture, const char *id, RuleMode mode);

#endif
