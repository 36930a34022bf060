/*
 * A case of the policy as a file, tests/golden/policy/NAME.facts: a GKeyFile whose groups change
 * the good mail of policy-fixture.h, and beside it NAME.plan, what the policy made of it.
 *
 * With ACUSE_GOLDEN_WRITE=1 tests/unit/test-policy-golden writes the plans anew.
 *
 *   [case] rules=p3;p7   the plan is made once for each mode of these together; absent: once, with
 *                        the modes of the settings
 *   [case] bare=yes      without the good mail's own attachment, a signed PDF
 *          refused=, passed=, edited=   rules, all enforced: this one refuses the mail, this one is
 *                        asked and has nothing against it, this one mends what it would warn of
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
	char **rules;			    /* NULL: only the settings' modes */
	char **refused, **passed, **edited; /* NULL: none */
} PolicyCase;

/* The good mail with the fixture's settings. */
PolicyCase *policy_case_new(void);
/*
 * Changes one member by letters: the group (l o e f a: login, office, envelope, facts, the last
 * attachment; m: the mode of a rule), and the place in its table, 'A' the first; "a+" begins an
 * attachment. FALSE, and nothing changed: there is none, or that is no value of it.
 */
gboolean policy_case_change(PolicyCase *policy_case, char group, char letter, const char *value);

/* NULL with error: an unknown group, member or value is one. */
PolicyCase *policy_case_load(const char *path, GError **error);
void policy_case_free(PolicyCase *policy_case);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PolicyCase, policy_case_free)

/* What became of it, as .plan has it; a new string. */
char *policy_case_outcome(PolicyCase *policy_case);

/* NULL, or why what the case says of refused, passed and edited rules is wrong; a new string. */
char *policy_case_fault(PolicyCase *policy_case);

/* A plan as text, a new string. */
char *policy_plan_text(const Plan *plan);

#endif
