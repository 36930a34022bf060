/* What the settings say of attachments (P8, P9), and what people are told about one. */
#ifndef ACUSE_CORE_ATTACHMENT_POLICY_H
#define ACUSE_CORE_ATTACHMENT_POLICY_H

#include "base/settings.h"
#include "core/attachment.h"
#include "core/plan.h"

typedef struct {
	char **extensions;	   /* "exe", lower case, without dot; never NULL */
	RuleMode modes[BLOCKED_N]; /* MODE_OFF: passes, MODE_WARN: is told, MODE_ENFORCE: refused */
	RuleMode inbound;	   /* P9 for mail from outside */
	gsize heavy_bytes;	   /* P8: what is larger should travel compressed */
	gboolean heavy_refuse;	   /* P8: ask the sender to do it, rather than do it */
} AttachmentPolicy;

/* Nothing is blocked, nothing is heavy. */
AttachmentPolicy *attachment_policy_new(void);
/* From [policy]; never NULL. */
AttachmentPolicy *attachment_policy_load(const Settings *settings);
void attachment_policy_free(AttachmentPolicy *policy);

/* What the one who sent the file is told, Spanish, without rule id and article; a new string. */
char *attachment_advice(const AttachmentFacts *attachment, BlockedReason reason);

/* The end of a long path, for a line that has to stay short; a new string. */
char *attachment_short_path(const char *path);

#endif
