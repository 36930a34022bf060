/*
 * What acuse-milter takes from the settings, read once at start and immutable afterwards: the
 * milter is restarted to change it.
 */
#ifndef ACUSE_MILTER_OPTIONS_H
#define ACUSE_MILTER_OPTIONS_H

#include "base/settings.h"
#include "core/policy.h"
#include "inspect/inspect.h"

/* S6 */
typedef enum { ON_FAILURE_REFUSE, ON_FAILURE_HOLD, ON_FAILURE_UNSIGNED } OnFailure;

typedef struct {
	char *domain;	   /* lower case */
	char *authserv_id; /* "": nobody's Authentication-Results count */
	char **incoming;   /* official mailboxes (D11), lower case, NULL-terminated; of evidence */
	char *socket_path; /* where this instance listens */
	char *sign_socket;
	OnFailure on_failure;
	gsize max_message_bytes;
	guint client_wait_ms, message_cpu_ms;
	gboolean timestamps; /* signatures get one */
	gint64 max_age_s;    /* of the directory's copy */
	GBytes *token_key;
	PolicySettings *policy;
	PdfChecker *pdf_checker; /* NULL: P11 is off */
	InspectOptions inspect;	 /* what the rules in force want to know of attachments */
} MilterOptions;

typedef enum { INSTANCE_OUTGOING, INSTANCE_EVIDENCE } Instance;

/* NULL with ACUSE_ERROR_INVALID: a value is missing, a rule's mode or pattern is wrong, or the key
 * cannot be read. */
MilterOptions *milter_options_new(const Settings *settings, Instance instance, GError **error);
void milter_options_free(MilterOptions *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MilterOptions, milter_options_free)

#endif
