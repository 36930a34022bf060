/*
 * Authentication-Results (RFC 8601), as far as evidence needs it: did DMARC pass for a domain.
 * Comments and quoted strings hold what strangers chose, so they are taken off before anything is
 * read.
 */
#ifndef ACUSE_CORE_AUTHENTICATION_RESULTS_H
#define ACUSE_CORE_AUTHENTICATION_RESULTS_H

#include <glib.h>

/*
 * values: field values of our own authserv-id, joined by LF (a LF before a blank is a fold). TRUE
 * when there is a dmarc=pass whose header.from is the domain, and no dmarc result that says
 * anything else. NULL: FALSE.
 */
gboolean authentication_results_dmarc_pass(const char *values, const char *domain);

/*
 * What our own servers found, for the record: the words METHOD=RESULT of `values`, in their order,
 * joined by a blank ("dkim=pass dmarc=pass"), without properties. NULL when there is none, or when
 * the text is malformed. A new string.
 */
char *authentication_results_summary(const char *values);

#endif
