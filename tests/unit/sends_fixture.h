/*
 * A provisiond without daemons for the tests of sends, events and proof: a real store and message
 * store in a temporary folder; the live directory, the bindings and the seal are stand-ins that a
 * test sets.
 */
#ifndef ACUSE_TESTS_SENDS_FIXTURE_H
#define ACUSE_TESTS_SENDS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "provision/service.h"

#define FIXTURE_NOW 1795208036 /* 2026-11-20T20:53:56Z */
#define FIXTURE_MAILBOX "secretaria.general@muni.test"
#define FIXTURE_CITIZEN "ciudadano@ciudadano.test"
#define FIXTURE_EXPEDIENTE "2026-001234"

typedef struct {
	char *folder;
	Service service;
	char *trust_pem;    /* path: the certificates of mailbox and seal */
	char *bundle;	    /* path for tests that write one */
	char *stranger_pem; /* path: a certificate that signed nothing */
} Fixture;

extern gint64 fixture_now_s, fixture_directory_age_s;
extern AccountState fixture_login_state;
extern gboolean fixture_bound, fixture_sealed;
/* The address in the certificate of the seal that a setup makes. */
extern const char *fixture_seal_email;

/* Settings anew, with these lines of [policy]. */
void fixture_settings(Fixture *fixture, const char *policy);

int fixture_setup(void **state);
int fixture_teardown(void **state);

/* A good intent: a signed notification with one citizen. entity_sha256 NULL: not signed, external.
 */
json_t *fixture_intent(const char *id, const char *entity_sha256);

/* Calls the handler of the route; body is consumed (NULL: none). NULL with error, or the answer's
 * JSON. */
json_t *fixture_call(Fixture *fixture, const Route *routes, const char *method, const char *path,
	const char *argument, const char *query, json_t *body, GError **error);
/* The same for what answers bytes. */
GBytes *fixture_read(Fixture *fixture, const char *path, const char *argument, GError **error);

/* Intent and prepared in one go, with these bytes; unsigned. The queue id is the id without "-". */
void fixture_prepare(Fixture *fixture, const char *id, const char *bytes);
/* The same for a notification signed as the mailbox; returns the message's bytes. */
GBytes *fixture_prepare_signed(Fixture *fixture, const char *id);

char *fixture_put_blob(Fixture *fixture, const void *bytes, gsize size);
json_t *fixture_send(Fixture *fixture, const char *id);
void fixture_assert_state(Fixture *fixture, const char *id, const char *state);
guint fixture_count_leaves(Fixture *fixture, const char *type);
/* Entries of the outbox that have this in their text. */
guint fixture_count_outbox(Fixture *fixture, const char *text);

/* One pass of the reconciler over a queue that has this mail alone; NULL: none. */
void fixture_settle(Fixture *fixture, const char *queue_id);
/* Our Postfix's report on the citizen's copy of queue id sQ1; what the API answers. */
json_t *fixture_report(
	Fixture *fixture, const char *bytes, const char *action, const char *diagnostic);

#define assert_error(error, code)                                                                  \
	do {                                                                                       \
		if (!g_error_matches(error, ACUSE_ERROR, code))                                    \
			fail_msg("%s", (error) == NULL ? "no error" : (error)->message);           \
	} while (0)

#endif
