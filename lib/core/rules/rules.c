/* The order of the rules: who speaks, whether he may, what he writes, to whom; then the edits.
 * Pure. */
#include "core/rules/rules.h"

#include <string.h>

const Rule *const policy_rules[] = {
	&rule_p1_identity,
	&rule_p2_state,
	&rule_p3_subject,
	&rule_p7_forward,
	&rule_s7_protected,
	&rule_p10_expediente,
	&rule_p11_signed_pdf,
	&rule_p12_notifier,
	&rule_p14_one_citizen,
	&rule_p9_blocked,
	&rule_p8_heavy,
	&rule_p4_block,
	&rule_p5_read_receipt,
	&rule_p6_delivery_confirmation,
	NULL,
};

gboolean rule_is_outside(const PolicyInput *input, const char *address)
{
	const char *at = strrchr(address, '@');

	return at != NULL && g_ascii_strcasecmp(at + 1, input->settings->domain) != 0;
}

gboolean rule_same_address(const char *left, const char *right)
{
	return left != NULL && right != NULL && g_ascii_strcasecmp(left, right) == 0;
}

gboolean rule_always(const PolicyInput *input, const Plan *plan)
{
	(void)input;
	(void)plan;
	return TRUE;
}
