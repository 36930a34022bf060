/*
 * The way of one outgoing message, from facts to release: what outgoing.c, rewriting.c and
 * recording.c share. On the stack of the message's thread; g_auto(Work) frees what it holds.
 */
#ifndef ACUSE_MILTER_WORK_H
#define ACUSE_MILTER_WORK_H

#include "core/policy.h"
#include "milter/outcome.h"
#include "milter/services.h"
#include "milter/session.h"

typedef struct {
	const Session *session;
	const Services *services;
	Deadline deadline;
	char *send_id, *token;
	MessageFacts *facts;
	Account *login, *mailbox;
	char *exception, *exception_id; /* declared beforehand (P11); NULL: none */
	Plan *plan;
	MailMessage *final;
	GBytes *entity;	     /* NULL: not to be signed */
	GBytes *final_bytes; /* as recorded; NULL: large, and stored before */
	char *entity_sha256, *certificate_sha256, *cms_sha256, *final_sha256;
	char *date_original; /* NULL: the Date is the author's */
	const char *block;   /* what became of the signature block */
	gboolean body_changed;
	const char *unsigned_reason; /* static; NULL: it is signed, or need not be */
} Work;

void work_clear(Work *work);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Work, work_clear)

/*
 * Carries out the plan, up to the entity that is to be signed. The body is no longer the session's:
 * it may be large, so that there is never more than one.
 */
gboolean work_rewrite(Work *work, GError **error);
/* Ends the last line, as Postfix would: the recorded bytes are its bytes. */
void work_end_last_line(Work *work);

/* Deadline, permit -> the final message is a multipart/signed, or an error and nothing changed. */
gboolean work_sign(Work *work, const char *permit, GError **error);
/* Stores the final bytes and has them recorded: after this the send is prepared. */
gboolean work_record_prepared(Work *work, GError **error);
/* How the message is released; it takes the final message. */
Outcome *work_release(Work *work);
/* What becomes of a mail that cannot be signed now, by [signing] on_failure (S6). Its final message
 * has its body in the entity. */
Outcome *work_without_signature(Work *work, const GError *cause);

/* Intent, signature, prepared, in the order of the plan; then how the message is released, or the
 * refusal. Never NULL. */
Outcome *work_record(Work *work);

#endif
