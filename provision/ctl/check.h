/* The findings of `acusectl check`: one line each, and the parts that make them. */
#ifndef ACUSE_CTL_CHECK_H
#define ACUSE_CTL_CHECK_H

#include <glib.h>

#include "api/client.h"
#include "base/settings.h"

typedef enum { FINDING_GOOD, FINDING_WARNING, FINDING_BAD } FindingLevel;

typedef struct Findings Findings;

/* text: a Spanish sentence that says what is wrong and what to do. */
void finding_add(Findings *findings, FindingLevel level, const char *part, const char *format, ...)
	G_GNUC_PRINTF(4, 5);

/* Postfix's settings (FACTS 1-6), queue and orphaned trace files. */
void check_postfix(Findings *findings, const Settings *settings);

/* [policy unit:...], mailbox: and domain: that name what does not exist, and so have no effect. */
void check_policy(Findings *findings, const Settings *settings, ApiClient *api);

#endif
