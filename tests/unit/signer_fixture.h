/*
 * A real acuse-signer over SoftHSM tokens in a temporary folder: "oficina" (RSA,
 * secretaria.general@muni.test, PIN typed), "mesa" (P-256, mesa.partes@muni.test; both also
 * gerencia@muni.test, PIN in a
 * credential), "errado" (as oficina, with a wrong PIN in its credential), "sello" (the seal's,
 * credential). The PIN of all is 246810.
 */
#ifndef ACUSE_TESTS_SIGNER_FIXTURE_H
#define ACUSE_TESTS_SIGNER_FIXTURE_H

#include <glib.h>

#define FIXTURE_PIN "246810"
#define FIXTURE_OFFICE "secretaria.general@muni.test"
#define FIXTURE_DESK "mesa.partes@muni.test"
#define FIXTURE_SIGN_TIMEOUT_MS 2000
#define FIXTURE_QUEUE_LENGTH 8
#define FIXTURE_BOTH "gerencia@muni.test" /* of oficina and mesa */

#define FIXTURE_SIGNED (-1) /* no code of an error */

typedef struct {
	char *folder;
	char *sign_socket, *control_socket, *unlock_socket;
	GBytes *permit_key;
	GPid daemon;
	guint sends;
	guint64 version; /* of the bindings pushed last */
} Fixture;

Fixture *fixture_new(void);
/* Over tests/fault/pkcs11-shim.so, which fixture_fault() commands. */
Fixture *fixture_new_faulty(void);
void fixture_free(Fixture *fixture);
/* The same, with these settings (fixture_configure; NULL: none), started and the state of a group
 * of tests, which fixture_tear_down ends. */
Fixture *fixture_set_up_faulty(void **state, const char *lines);
int fixture_tear_down(void **state);

/* More lines of group signing, instead of those of the call before. */
void fixture_configure(Fixture *fixture, const char *lines);
void fixture_start(Fixture *fixture); /* returns when the daemon says READY=1 */
int fixture_stop(Fixture *fixture);   /* its exit status */

/* The calls. entries: "LABEL MAILBOX[,MAILBOX] STATE [personal|over|holder=ADDRESS]",
 * NULL-terminated; over: its time is. */
gboolean fixture_bind(
	Fixture *fixture, guint64 version, const char *const *entries, GError **error);
gboolean fixture_unlock(Fixture *fixture, const char *label, const char *pin, GError **error);
gboolean fixture_unlock_despite_low(
	Fixture *fixture, const char *label, const char *pin, GError **error);
void fixture_lock(Fixture *fixture, const char *label); /* as provisiond; fails the test */
GVariant *fixture_sign(Fixture *fixture, const char *permit, const char *entity, GError **error);
/* -1 when it signs for the mailbox, or the error's code. */
int fixture_sign_code(Fixture *fixture, const char *mailbox);
GVariant *fixture_seal(Fixture *fixture, const char *content, GError **error);

/* A permit for these bytes, good for a minute. */
char *fixture_permit(Fixture *fixture, const char *mailbox, const char *entity);
/* An entity from this mailbox that may be signed. */
char *fixture_entity(const char *mailbox);
/* One member of a token's status, printed. */
char *fixture_status(Fixture *fixture, const char *label, const char *member);
/* Waits until the member has the value; fails the test after some seconds. */
void fixture_await(Fixture *fixture, const char *label, const char *member, const char *value);
/* Signs an entity of the mailbox with a good permit: FIXTURE_SIGNED, and openssl(1) verifies it, or
 * the code of the error. */
int fixture_sign_for(Fixture *fixture, const char *mailbox);
/* Verifies with openssl(1) against the test CA. */
gboolean fixture_openssl_verifies(Fixture *fixture, GVariant *answer, const char *content);
/* What goes wrong from now on: lines of the shim's control file, "" for nothing. */
void fixture_fault(Fixture *fixture, const char *lines);
/* How often the shim saw a function. */
guint fixture_calls(Fixture *fixture, const char *function);
/* Whether the daemon logged a line with all these words, NULL-terminated. */
gboolean fixture_logged(Fixture *fixture, const char *const *words);
/* Pids of the processes that have a token, NULL-terminated strings. */
char **fixture_workers(Fixture *fixture);

#endif
