/* The two calls of a send to provisiond: intent and prepared (HACKING.md, the API). */
#ifndef ACUSE_MILTER_INTENT_H
#define ACUSE_MILTER_INTENT_H

#include "core/facts.h"
#include "core/plan.h"
#include "milter/services.h"

typedef struct {
	const char *send_id, *message_sha256;
	gsize size_bytes;
	const char *queue_id;
	const char *certificate_sha256, *cms_sha256; /* NULL: not signed */
	GBytes *message; /* goes along and is stored with the record; NULL: it was put before */
} PreparedInput;

typedef struct {
	const char *send_id, *token;
	const Plan *plan;
	const MessageFacts *facts;
	const Envelope *envelope;
	const Account *login;	       /* NULL: unknown to the directory */
	const char *entity_sha256;     /* NULL: not to be signed */
	const PreparedInput *prepared; /* of what is not signed: recorded with the intent, in one
					  commit; or NULL */
	const char *block;	       /* "added" "present" "protected" "absent" */
	const char *date_original;     /* the Date that was replaced; NULL: none was */
	const char *exception_id;      /* declared beforehand, and used; NULL: none */
} IntentInput;

/*
 * The exception to P11 that was declared for this mailbox, and expediente or message (each may be
 * NULL). Both new strings, or NULL: there is none.
 */
gboolean intent_find_exception(const Services *services, guint timeout_ms, const char *mailbox,
	const char *expediente, const char *message_id, char **reason, char **id, GError **error);

/*
 * Records the intent. *permit is a new string when the plan signs, else NULL. What provisiond has
 * to say of the message becomes findings of `plan`, which is the input's.
 */
gboolean intent_declare(const Services *services, guint timeout_ms, const IntentInput *input,
	char **permit, Plan *plan, GError **error);

/* Whether an error of intent_declare speaks of the message, and not of a fault of ours: then 5xx is
 * right. */
gboolean intent_refusal_is_final(const GError *error);

gboolean intent_prepared(
	const Services *services, guint timeout_ms, const PreparedInput *input, GError **error);

#endif
