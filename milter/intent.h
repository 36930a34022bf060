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
	const char *unsigned_reason; /* why what was to be signed is not; NULL: it is */
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
 * The exception to P11 that was declared for the plan's mailbox and expediente; one for a single
 * message that this very mail used up before holds for its repeat, which facts with their
 * content_sha256 and envelope tell. Both new strings, or NULL: there is none.
 */
gboolean intent_find_exception(const Services *services, guint timeout_ms, const Plan *plan,
	const MessageFacts *facts, const Envelope *envelope, char **reason, char **id,
	GError **error);

/*
 * Records the intent. *permit is a new string when the plan signs, else NULL; NULL too when nobody
 * can sign and another way is stated: then *cannot_sign is the name of the error, a new string.
 * What provisiond has to say of the message becomes findings of `plan`, which is the input's.
 */
gboolean intent_declare(const Services *services, guint timeout_ms, const IntentInput *input,
	char **permit, char **cannot_sign, Plan *plan, GError **error);

/* Whether an error of intent_declare speaks of the message, and not of a fault of ours: then 5xx is
 * right. */
gboolean intent_refusal_is_final(const GError *error);

gboolean intent_prepared(
	const Services *services, guint timeout_ms, const PreparedInput *input, GError **error);

typedef struct {
	const char *send_id, *reason; /* name of an error */
	const char *entity_sha256;    /* what the second stage will find */
	const char *sender, *envid;   /* of the release; NULL: none */
} HoldInput;

/* Has it recorded that the send is held: from then on the second stage signs it. */
gboolean intent_hold(
	const Services *services, guint timeout_ms, const HoldInput *input, GError **error);

typedef struct {
	const char *send_id, *queue_id;
	const GPtrArray *recipients; /* char * */
	const char *held_sha256;     /* of the entity, as it came */
	const char *entity_sha256;   /* that is to be signed */
} ResumeInput;

/*
 * The second stage's permit, a new string, and the new MAIL FROM and ENVID of the release (NULL:
 * none). HOLD_OVER: it is held no longer, and its sender knows; REPEAT_RELEASED: it was released.
 */
gboolean intent_resume(const Services *services, guint timeout_ms, const ResumeInput *input,
	char **permit, char **sender, char **envid, GError **error);

#endif
