/*
 * Whether a program answered: RFC 3834, and what vacation programs of Gmail, Outlook, Exchange,
 * Zimbra and others write besides, in Spanish and English. A doubt makes it automatic: such an
 * answer never counts as a person's (D4).
 */
#ifndef ACUSE_CORE_AUTOREPLY_H
#define ACUSE_CORE_AUTOREPLY_H

#include <glib.h>

/* Whether a field of that name (any case) and unfolded value is a program's. */
gboolean autoreply_field_says_so(const char *name, const char *value);

/* Whether a decoded subject, UTF-8, begins as programs that set no field begin theirs. */
gboolean autoreply_subject_says_so(const char *subject);

#endif
