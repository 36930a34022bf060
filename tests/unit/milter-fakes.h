/*
 * The world of a decision, made by a test: a directory of two accounts, a provisiond and a signer
 * that can be told to fail, and a clock. The parts of Acuse itself (policy, MIME, CMS) are the real
 * ones.
 */
#ifndef ACUSE_TESTS_MILTER_FAKES_H
#define ACUSE_TESTS_MILTER_FAKES_H

#include "milter/services.h"
#include "milter/session.h"

typedef struct {
	Services services;
	MilterOptions *options;
	GString *calls; /* "intent blob prepared " in the order they came;
			   "message+" before one that carried it */
	json_t *intent, *prepared, *event, *incoming; /* the last bodies */
	GHashTable *blobs;			      /* sha256 -> GBytes */
	json_t *event_answer; /* of POST /v1/events; NULL: matched nothing */
	/* Faults. code -1: none. */
	json_t *exception;	 /* of POST /v1/exceptions/find; NULL: none was declared */
	json_t *exception_asked; /* what it was asked; NULL: it was not */
	int intent_error, blob_error, prepared_error, event_error, incoming_error, sign_error,
		exception_error;
	gboolean sign_other_bytes;
	gint64 age_s;
	gint64 clock_ms;
	gint64 cpu_ms, step_cpu_ms; /* what each look at it adds */
	gint64 call_takes_ms;
} FakeWorld;

FakeWorld *fake_world_new(void);
void fake_world_free(FakeWorld *world);

/* A session with a message: text has LF lines; recipients between blanks, with NOTIFY as the
 * submission service sets. */
Session *fake_session(const char *daemon_name, const char *login, const char *sender,
	const char *recipients, const char *text);

#endif
