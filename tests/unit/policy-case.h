/*
 * A case of the policy as a file, tests/golden/policy/NAME.facts: a GKeyFile whose groups change
 * the good mail of policy-fixture.h, and beside it NAME.plan, what the policy made of it.
 *
 * With ACUSE_GOLDEN_WRITE=1 tests/unit/test-policy-golden writes the plans anew.
 *
 *   [case] rules=p3;p7   the plan is made once for each mode of these together; absent: once, with
 *                        the modes of the settings
 *   [case] bare=yes      without the good mail's own attachment, a signed PDF
 *   [institution], [policy], [policy SCOPE], [signature]   settings as in acuse.conf(5), with its
 * defaults [login], [office], [envelope], [facts], [attachment N]   members of Account, Envelope,
 *                        MessageFacts and AttachmentFacts by their names; lists with semicolons; an
 *                        empty value is ""; "none" alone is NULL, for [login] uid the whole account
 *
 * The mailbox is the one of the accounts whose mail is the only From, as in the milter.
 */
#ifndef ACUSE_TESTS_UNIT_POLICY_CASE_H
#define ACUSE_TESTS_UNIT_POLICY_CASE_H

#include "policy-fixture.h"

typedef struct {
	Fixture *fixture;
	char **rules; /* NULL: only the settings' modes */
} PolicyCase;

/* NULL with error: an unknown group, member or value is one. */
PolicyCase *policy_case_load(const char *path, GError **error);
void policy_case_free(PolicyCase *policy_case);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PolicyCase, policy_case_free)

/* What became of it, as .plan has it; a new string. */
char *policy_case_outcome(PolicyCase *policy_case);

/* A plan as text, a new string. */
char *policy_plan_text(const Plan *plan);

#endif
