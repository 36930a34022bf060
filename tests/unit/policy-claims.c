/* policy_case_fault of policy-case.h: what a case says of single rules, each enforced. */
#include "policy-case.h"

static const Rule *find_rule(const char *id)
{
	for (const Rule *const *rule = policy_rules; *rule != NULL; rule++)
		if (g_ascii_strcasecmp((*rule)->id, id) == 0)
			return *rule;
	return NULL;
}

/* Whether the rule finds something in that mode. */
static gboolean finds(PolicyCase *policy_case, const Rule *rule, RuleMode mode)
{
	g_autofree char *id = g_ascii_strdown(rule->id, -1);
	g_autoptr(Plan) plan = NULL;
	gboolean found = FALSE;

	fixture_set_mode(policy_case->fixture, id, mode);
	plan = policy_decide(&policy_case->fixture->input);
	for (guint i = 0; i < plan->findings->len; i++) {
		const Finding *finding = plan->findings->pdata[i];

		found = found || (g_strcmp0(finding->rule, rule->id) == 0 && finding->mode == mode);
	}
	return found;
}

static gboolean applies(PolicyCase *policy_case, const Rule *rule)
{
	g_autoptr(Plan) plan = policy_decide(&policy_case->fixture->input);

	return rule->applies(&policy_case->fixture->input, plan);
}

/* Of each rule: whether it is asked, whether it warns, whether it refuses. */
static char *check_claims(
	PolicyCase *policy_case, char **ids, const char *claim, gboolean warns, gboolean refuses)
{
	for (char **id = ids; id != NULL && *id != NULL; id++) {
		const Rule *rule = find_rule(*id);

		if (rule == NULL)
			return g_strdup_printf("%s=%s: no such rule", claim, *id);
		if (!applies(policy_case, rule) || finds(policy_case, rule, MODE_WARN) != warns ||
			finds(policy_case, rule, MODE_ENFORCE) != refuses)
			return g_strdup_printf("%s=%s: it is not", claim, *id);
	}
	return NULL;
}

char *policy_case_fault(PolicyCase *policy_case)
{
	char *fault = check_claims(policy_case, policy_case->refused, "refused", TRUE, TRUE);

	if (fault == NULL)
		fault = check_claims(policy_case, policy_case->passed, "passed", FALSE, FALSE);
	if (fault == NULL)
		fault = check_claims(policy_case, policy_case->edited, "edited", TRUE, FALSE);
	return fault;
}
