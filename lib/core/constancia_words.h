/* What a constancia says of each outcome: constants that a lawyer can read at a glance. */
#ifndef ACUSE_CORE_CONSTANCIA_WORDS_H
#define ACUSE_CORE_CONSTANCIA_WORDS_H

#include "core/constancia.h"

/* Borrowed for ever, as all that follow. told: that it failed is a foreign server's word alone. */
const char *constancia_title(DeliveryOutcome outcome, gboolean notification, gboolean told);
/* What the outcome means, one sentence. */
const char *constancia_result(DeliveryOutcome outcome, gboolean notification, gboolean told);
/* What the strongest evidence proves; NULL: nothing beyond the record. */
const char *constancia_proved(DeliveryState state, gboolean told);
/* What that does not prove. */
const char *constancia_unproved(DeliveryState state, gboolean told);
/* What happened, in words; the word itself when it is none of ours. */
const char *constancia_event(const char *event, gboolean counts, const char *trust);
/* Who says so. */
const char *constancia_source(const char *event, gboolean counts, const char *trust);
/* That one report says that it failed, and others more than that. */
const char *constancia_contradiction(void);
/* What counts as notified here. */
const char *constancia_notified_by(DeliveryState notified_by);

#endif
