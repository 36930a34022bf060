/*
 * P9: no programs and scripts travel, by name or by content, packed or not (DI-002 4.5, 8.4;
 * Directiva 001-2020 8.16). What was found is in the facts of each attachment; the settings say how
 * much macros, passwords and what cannot be looked into weigh. Also asked of mail from outside:
 * reads settings and attachments alone.
 */
#include "core/rules/rules.h"

#define ARTICLE "DI-002, art. 4.5 y 8.4; Directiva 001-2020, art. 8.16"
#define MAX_FINDINGS 5 /* of one mail: enough to mend it */

static gboolean decide(const PolicyInput *input, Plan *plan, char **advice, const char **status)
{
	const GPtrArray *attachments = input->facts->attachments;
	const RuleMode *modes = input->settings->attachments->modes;
	guint found = 0;

	(void)advice;
	(void)status;
	for (guint i = 0; i < attachments->len; i++) {
		const AttachmentFacts *attachment = g_ptr_array_index(attachments, i);

		for (guint reason = 0; reason < BLOCKED_N; reason++) {
			g_autofree char *said = NULL;

			if (attachment->blocked[reason] == NULL || modes[reason] == MODE_OFF ||
				(found >= MAX_FINDINGS && modes[reason] < MODE_ENFORCE))
				continue;
			if (found++ >= 2 * MAX_FINDINGS)
				return TRUE;
			said = attachment_advice(attachment, (BlockedReason)reason);
			plan_add_finding(plan, "P9", modes[reason], ARTICLE, said, "550 5.7.1");
		}
	}
	return TRUE;
}

const Rule rule_p9_blocked = {"P9", ARTICLE, rule_always, decide};
