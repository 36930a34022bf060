/*
 * One token as the parent sees it: locked, starting or ready; its worker, the request the worker
 * is at and the one it has ahead, the requests that wait, the deadline. When the token fails in a
 * signature the session is opened anew, once, and the signature tried again; when that fails too,
 * and whenever a worker dies or exceeds its deadline, the token is left locked. Never blocks.
 */
#ifndef ACUSE_SIGNER_TOKEN_H
#define ACUSE_SIGNER_TOKEN_H

#include <glib.h>
#include <sys/types.h>

#include "signer/slot.h"

#define TOKEN_START_TIMEOUT_MS 15000
/* Before it: others that start, one of which may hang as long as a start may take. */
#define TOKEN_TURN_TIMEOUT_MS 60000

typedef struct _Token Token;

typedef enum { TOKEN_LOCKED, TOKEN_STARTING, TOKEN_READY } TokenState;

/* answer a{sv}, or NULL with error; both borrowed. Called once for each request, maybe before
 * token_sign returns TRUE. */
typedef void (*TokenDone)(GVariant *answer, const GError *error, gpointer data);

/*
 * What the owner wants to hear: the token became ready (a PIN was right) or locked. cause NULL:
 * locked on request; tried: the PIN may have reached the token and failed there, so it must not be
 * tried again. reconnects: with the cause when a failed session is opened anew, with NULL when it
 * was. is_bound: whether it still signs for the mailbox, asked again when a mail waited.
 */
typedef struct {
	void (*ready)(Token *token, gboolean typed, gpointer data);
	void (*locked)(Token *token, const GError *cause, gboolean tried, gpointer data);
	void (*reconnects)(Token *token, const GError *cause, gpointer data);
	gboolean (*is_bound)(const Token *token, const char *mailbox, gpointer data);
	gpointer data;
} TokenEvents;

typedef struct {
	SlotOptions slot; /* its strings are borrowed */
	guint sign_timeout_ms;
	guint queue_length; /* how many signatures may wait */
} TokenOptions;

Token *token_new(const TokenOptions *options, const char *label, const char *serial,
	const TokenEvents *events);
/* Kills the worker; requests under way get TOKEN_LOCKED. */
void token_free(Token *token);

const char *token_label(const Token *token);
TokenState token_state(const Token *token);
pid_t token_worker(const Token *token); /* 0: none */
/* Another serial locks the token. */
void token_set_serial(Token *token, const char *serial);

enum {
	TOKEN_PIN_TYPED = 1,	   /* by a person, now */
	TOKEN_PIN_DESPITE_LOW = 2, /* who insists on an attempt that may lock the token */
};

/* Starts a worker with the PIN; CONFLICT when the token is not locked (done is not called then). */
gboolean token_unlock(Token *token, const void *pin, gsize size, unsigned how, TokenDone done,
	gpointer data, GError **error);

typedef struct {
	const char *mailbox; /* who waits; NULL: a seal */
	int content_fd;	     /* sealed; duplicated */
	guint wait_ms;	     /* how long the caller waits; 0: as long as a signature may take */
} TokenWork;

/*
 * Signs in turn with others: the mailboxes take turns. FALSE (done is not called): TOKEN_LOCKED,
 * TOKEN_ABSENT, TOKEN_BUSY when too many wait, or more than can be signed in wait_ms. While it
 * waits it may still end as TOKEN_BUSY.
 */
gboolean token_sign(
	Token *token, const TokenWork *work, TokenDone done, gpointer data, GError **error);
/* How long one more signature for this mailbox would take, as signatures went so far. */
guint token_expected_ms(const Token *token, const char *mailbox);

/* Kills the worker. */
void token_lock(Token *token);
/* The bindings changed: what waits or is being signed for a mailbox that left them is answered with
 * NO_BINDING now, and its signature goes to nobody. */
void token_recheck(Token *token);
/* The worker's process ended and was reaped. */
void token_worker_exited(Token *token);

/* Adds unlocked, certificate_sha256, subject, email, not_after, signatures, trouble, waiting,
 * wait_ms, sign_ms. */
void token_describe(const Token *token, GVariantDict *dict);
/* aaay as slot_describe has them, a new reference; none while it is locked. */
GVariant *token_chains(const Token *token);
guint64 token_signatures(const Token *token);

#endif
