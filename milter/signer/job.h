/*
 * What a token is asked for: a signature, or its start. Whoever has one finishes it once, which
 * answers who asked and frees it. One thread.
 */
#ifndef ACUSE_SIGNER_JOB_H
#define ACUSE_SIGNER_JOB_H

#include <glib.h>

#include "signer/token.h"

typedef struct {
	Token *token;
	char *mailbox;	 /* NULL: a seal, or the start of the worker */
	gint64 begun_us; /* monotonic, when the worker took it up; 0: not yet */
	int content_fd;	 /* -1: the start */
	guint timer;	 /* a source while it waits; 0: none */
	gboolean again;	 /* the token failed in it once */
	TokenDone done;
	gpointer data;
} Job;

/* work NULL: the start. done may be NULL. */
Job *job_new(Token *token, const TokenWork *work, TokenDone done, gpointer data);
void job_free(Job *job); /* without an answer */

/* A seal is signed for the gateway itself: one sender like any other. */
const char *job_sender(const Job *job);
void job_wait_ends(Job *job);
void job_finish(Job *job, GVariant *answer, const GError *error);
/* Answers NO_BINDING now: the mailbox left its token while the mail waited. What comes later goes
 * to nobody. */
void job_refuse_unbound(Job *job);
/* What of a token's end is for who asked. Who typed the PIN hears all of it; a sender, that trying
 * later can help: locked, when it does not say so. cause NULL: it was locked on request. */
const GError *job_error(const Job *job, const GError *cause, const GError *locked);

#endif
