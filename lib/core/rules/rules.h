/* The rules, and what several of them ask. One file a rule; rules.c has their order. */
#ifndef ACUSE_CORE_RULES_RULES_H
#define ACUSE_CORE_RULES_RULES_H

#include "core/policy.h"

extern const Rule rule_p1_identity, rule_p2_state, rule_p3_subject, rule_p4_block,
	rule_p5_read_receipt, rule_p6_delivery_confirmation, rule_p7_forward, rule_p8_heavy,
	rule_p9_blocked, rule_p10_expediente, rule_p11_signed_pdf, rule_p12_notifier,
	rule_p14_one_citizen, rule_s7_protected;

/* Whether the address is of another domain than the institution's; a local part alone is inside. */
gboolean rule_is_outside(const PolicyInput *input, const char *address);

/* Whether both are the same address, case aside; NULL is no address. */
gboolean rule_same_address(const char *left, const char *right);

/* applies() of a rule for every message. */
gboolean rule_always(const PolicyInput *input, const Plan *plan);

#endif
