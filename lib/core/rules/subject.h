/* What several rules read out of a subject. */
#ifndef ACUSE_CORE_RULES_SUBJECT_H
#define ACUSE_CORE_RULES_SUBJECT_H

#include <glib.h>

/* What can be seen of it, without blanks, in lower case; undecodable characters are left out. A
 * new string; the subject is UTF-8. */
char *subject_visible(const char *subject);

/* Of a visible subject the text after one prefix ("re:", "rv:", "fwd[2]:"), or the text itself. */
const char *subject_skip_prefix(const char *visible);

/* Whether its first prefix says that something is passed on ("RV:", "Fwd:", "[RV]"); of a mail that
 * answers none ("Re:" is then only typed) the first behind those of answers. Tags like "[OTIC]" are
 * put aside. NULL and what is not
 * UTF-8 do not. */
gboolean subject_is_forward(const char *subject, gboolean answers_another);

/* Whether it begins with a prefix of answers; NULL does not. */
gboolean subject_is_answer(const char *subject);

#endif
