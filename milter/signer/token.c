/*
 * token.h: sources of the default main context, one thread. Every way in which a worker can end
 * comes together in go_down(), which answers all requests exactly once.
 */
#include "signer/token.h"
#include "base/error.h"
#include "signer/fair_queue.h"
#include "signer/protocol.h"
#include "signer/worker.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define FIRST_SIGN_US 100000 /* what a signature is thought to take before one is made */

typedef struct {
	Token *token;
	char *mailbox;	 /* NULL: a seal, or the start of the worker */
	gint64 begun_us; /* monotonic, when the worker got it */
	int content_fd;	 /* -1: the start */
	guint timer;	 /* while it waits; 0: none */
	gboolean again;	 /* the token failed in it once */
	TokenDone done;
	gpointer data;
} Job;

struct _Token {
	SlotOptions slot;
	char *label, *serial;
	guint sign_timeout_ms;
	guint64 sign_us; /* what a signature takes, the last ones counting most; 0: not known */
	TokenEvents events;
	TokenState state;
	gboolean typed;
	gboolean tried; /* while it starts: the PIN was, or is being, used */
	pid_t pid;
	int fd;
	guint watch, deadline;
	Job *current;
	FairQueue *waiting; /* Job * */
	GVariant *description;
	guint64 signatures;
	GError *trouble; /* of the last end; NULL: none */
};

static void send_next(Token *token);

static void job_free(Job *job)
{
	if (job->timer != 0)
		g_source_remove(job->timer);
	if (job->content_fd >= 0)
		close(job->content_fd);
	g_free(job->mailbox);
	g_free(job);
}

static void job_finish(Job *job, GVariant *answer, const GError *error)
{
	if (job->done != NULL)
		job->done(answer, error, job->data);
	job_free(job);
}

/* A seal is signed for the gateway itself: one sender like any other. */
static const char *job_sender(const Job *job)
{
	return job->mailbox != NULL ? job->mailbox : "";
}

Token *token_new(const TokenOptions *options, const char *label, const char *serial,
	const TokenEvents *events)
{
	Token *token = g_new0(Token, 1);

	token->slot = options->slot;
	token->label = g_strdup(label);
	token->serial = g_strdup(serial);
	token->sign_timeout_ms = options->sign_timeout_ms;
	token->events = *events;
	token->fd = -1;
	token->waiting = fair_queue_new(options->queue_length);
	return token;
}

const char *token_label(const Token *token)
{
	return token->label;
}

TokenState token_state(const Token *token)
{
	return token->state;
}

pid_t token_worker(const Token *token)
{
	return token->pid;
}

guint64 token_signatures(const Token *token)
{
	return token->signatures;
}

static void stop_worker(Token *token)
{
	if (token->watch != 0)
		g_source_remove(token->watch);
	if (token->deadline != 0)
		g_source_remove(token->deadline);
	token->watch = token->deadline = 0;
	if (token->pid > 0)
		kill(token->pid, SIGKILL);
	if (token->fd >= 0)
		close(token->fd);
	token->pid = 0;
	token->fd = -1;
}

/* Who typed the PIN hears all of it; a sender, that trying later can help. */
static const GError *job_error(const Job *job, const GError *cause, const GError *locked)
{
	if (cause == NULL || (job->content_fd >= 0 && !acuse_error_row_of(cause)->retry))
		return locked;
	return cause;
}

/* cause NULL: locked on request. */
static void go_down(Token *token, const GError *cause)
{
	g_autoptr(GError) locked = g_error_new(
		ACUSE_ERROR, ACUSE_ERROR_TOKEN_LOCKED, "token %s is locked", token->label);
	gboolean tried = token->state == TOKEN_STARTING && token->tried;
	Job *current = token->current;
	Job *job;

	if (token->state == TOKEN_LOCKED)
		return;
	stop_worker(token);
	token->state = TOKEN_LOCKED;
	token->current = NULL;
	g_clear_pointer(&token->description, g_variant_unref);
	g_clear_error(&token->trouble);
	token->trouble = cause != NULL ? g_error_copy(cause) : NULL;
	if (current != NULL)
		job_finish(current, NULL, job_error(current, cause, locked));
	/* Nothing comes in meanwhile: the token is locked. */
	while ((job = fair_queue_pop(token->waiting)) != NULL)
		job_finish(job, NULL, job->again ? job_error(job, cause, locked) : locked);
	token->events.locked(token, cause, tried, token->events.data);
}

void token_lock(Token *token)
{
	go_down(token, NULL);
}

void token_worker_exited(Token *token)
{
	/* Reaped: the number may soon belong to another process. The watch reads what it still
	 * wrote, then its end. */
	token->pid = 0;
}

void token_free(Token *token)
{
	if (token == NULL)
		return;
	token_lock(token);
	g_clear_error(&token->trouble);
	fair_queue_free(token->waiting);
	g_free(token->label);
	g_free(token->serial);
	g_free(token);
}

void token_set_serial(Token *token, const char *serial)
{
	if (strcmp(token->serial, serial) == 0)
		return;
	token_lock(token);
	g_free(token->serial);
	token->serial = g_strdup(serial);
}

static gboolean on_deadline(gpointer data)
{
	Token *token = data;
	g_autoptr(GError) cause = g_error_new_literal(
		ACUSE_ERROR, ACUSE_ERROR_TIMEOUT, "the token did not answer in time");

	token->deadline = 0;
	go_down(token, cause);
	return G_SOURCE_REMOVE;
}

static void set_deadline(Token *token, guint timeout_ms)
{
	if (token->deadline != 0)
		g_source_remove(token->deadline);
	token->deadline = timeout_ms > 0 ? g_timeout_add(timeout_ms, on_deadline, token) : 0;
}

/* The PIN was right before: it is used once more, by the worker, and only with that very token. */
static void reconnect(Token *token, Job *job, const GError *cause)
{
	g_autoptr(GError) ended = NULL;

	job->again = TRUE;
	fair_queue_push_first(token->waiting, job_sender(job), job);
	token->current = NULL;
	token->state = TOKEN_STARTING;
	token->typed = FALSE;
	token->tried = FALSE;
	set_deadline(token, token->sign_timeout_ms);
	token->events.reconnects(token, cause, token->events.data);
	if (!signer_packet_send(token->fd, "open", NULL, -1, &ended))
		go_down(token, ended);
}

static void take_start(Token *token, GVariant *answer)
{
	Job *job = token->current;

	token->current = NULL;
	token->state = TOKEN_READY;
	g_clear_pointer(&token->description, g_variant_unref);
	token->description = g_variant_ref(answer);
	g_clear_error(&token->trouble);
	if (job == NULL) {
		token->events.reconnects(token, NULL, token->events.data);
		return;
	}
	token->events.ready(token, token->typed, token->events.data);
	job_finish(job, answer, NULL);
}

static void count_signature(Token *token, const Job *job, gboolean made)
{
	guint64 took = (guint64)(g_get_monotonic_time() - job->begun_us);

	if (!made)
		return;
	token->signatures++;
	token->sign_us = token->sign_us == 0 ? took : (3 * token->sign_us + took) / 4;
}

static void take_result(Token *token, GVariant *answer, const GError *error)
{
	Job *job = token->current;
	gboolean failed = answer == NULL && worker_failed(error);

	if (job == NULL || (failed && (job->again || g_error_matches(error, ACUSE_ERROR,
							     ACUSE_ERROR_PIN_LOW)))) {
		go_down(token, error);
	} else if (failed) {
		reconnect(token, job, error);
	} else {
		token->current = NULL;
		count_signature(token, job, answer != NULL);
		/* The worker goes on with the next one while this one is answered. */
		send_next(token);
		job_finish(job, answer, error);
	}
}

static void take_answer(Token *token, GVariant *answer, const GError *error)
{
	set_deadline(token, 0);
	if (token->state == TOKEN_READY) {
		take_result(token, answer, error);
	} else if (answer != NULL) {
		take_start(token, answer);
		send_next(token);
	} else {
		go_down(token, error);
	}
}

static gboolean on_worker(gint fd, GIOCondition condition, gpointer data)
{
	Token *token = data;
	g_autoptr(GError) error = NULL;
	g_autofree char *word = NULL;
	g_autoptr(GVariant) answer = signer_packet_receive(fd, &word, NULL, &error);

	(void)condition;
	if (token->state == TOKEN_STARTING && g_strcmp0(word, "trying") == 0) {
		token->tried = TRUE;
		return G_SOURCE_CONTINUE;
	}
	/* Only a closed socket and damage come as these; the worker itself never answers them. */
	if (g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE) &&
		token->state == TOKEN_READY) {
		g_clear_error(&error);
		error = g_error_new_literal(
			ACUSE_ERROR, ACUSE_ERROR_TOKEN_TROUBLE, "the worker ended");
		go_down(token, error);
		return G_SOURCE_REMOVE;
	}
	take_answer(token, answer, error);
	return G_SOURCE_CONTINUE;
}

gboolean token_unlock(Token *token, const void *pin, gsize size, unsigned how, TokenDone done,
	gpointer data, GError **error)
{
	int fd = -1;

	if (token->state != TOKEN_LOCKED) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT, "token %s is %s",
			token->label,
			token->state == TOKEN_READY ? "unlocked already" : "being unlocked");
		return FALSE;
	}
	token->pid = worker_spawn(&token->slot, token->label, token->serial,
		(how & TOKEN_PIN_DESPITE_LOW) != 0, &fd, error);
	if (token->pid < 0) {
		token->pid = 0;
		return FALSE;
	}
	token->fd = fd;
	if (!worker_send_pin(fd, pin, size, error)) {
		stop_worker(token);
		return FALSE;
	}
	token->state = TOKEN_STARTING;
	token->typed = (how & TOKEN_PIN_TYPED) != 0;
	token->tried = FALSE;
	token->current = g_new0(Job, 1);
	token->current->content_fd = -1;
	token->current->done = done;
	token->current->data = data;
	token->watch = g_unix_fd_add(fd, G_IO_IN | G_IO_HUP, on_worker, token);
	set_deadline(token, TOKEN_START_TIMEOUT_MS);
	return TRUE;
}

static void send_next(Token *token)
{
	g_autoptr(GError) cause = NULL;
	GVariantDict dict;
	Job *job;

	if (token->state != TOKEN_READY || token->current != NULL)
		return;
	job = fair_queue_pop(token->waiting);
	if (job == NULL)
		return;
	if (job->timer != 0)
		g_source_remove(job->timer);
	job->timer = 0;
	job->begun_us = g_get_monotonic_time();
	token->current = job;
	set_deadline(token, token->sign_timeout_ms);
	g_variant_dict_init(&dict, NULL);
	if (job->mailbox != NULL)
		g_variant_dict_insert(&dict, "mailbox", "s", job->mailbox);
	if (!signer_packet_send(token->fd, job->mailbox != NULL ? "sign" : "seal",
		    g_variant_dict_end(&dict), job->content_fd, NULL)) {
		cause = g_error_new_literal(
			ACUSE_ERROR, ACUSE_ERROR_TOKEN_TROUBLE, "the worker ended");
		go_down(token, cause);
	}
}

static GError *busy(const Token *token)
{
	return g_error_new(ACUSE_ERROR, ACUSE_ERROR_TOKEN_BUSY, "token %s: %u wait", token->label,
		fair_queue_length(token->waiting));
}

static gboolean on_waited_long(gpointer data)
{
	Job *job = data;
	g_autoptr(GError) error = busy(job->token);

	job->timer = 0;
	fair_queue_remove(job->token->waiting, job_sender(job), job);
	job_finish(job, NULL, error);
	return G_SOURCE_REMOVE;
}

guint token_expected_ms(const Token *token, const char *mailbox)
{
	guint64 jobs = fair_queue_before(token->waiting, mailbox != NULL ? mailbox : "") + 1;
	guint64 each_us = token->sign_us != 0 ? token->sign_us : FIRST_SIGN_US;
	gint64 under_way_us = 0;

	if (token->current != NULL && token->current->begun_us != 0) {
		under_way_us = token->current->begun_us + (gint64)each_us - g_get_monotonic_time();
		under_way_us = MAX(under_way_us, 0);
	}
	return (guint)MIN((jobs * each_us + (guint64)under_way_us) / 1000, G_MAXINT);
}

static gboolean may_sign(const Token *token, GError **error)
{
	gboolean absent = g_error_matches(token->trouble, ACUSE_ERROR, ACUSE_ERROR_TOKEN_ABSENT);

	if (token->state != TOKEN_LOCKED)
		return TRUE;
	g_set_error(error, ACUSE_ERROR,
		absent ? ACUSE_ERROR_TOKEN_ABSENT : ACUSE_ERROR_TOKEN_LOCKED, "token %s is %s",
		token->label, absent ? "absent" : "locked");
	return FALSE;
}

static Job *job_new(Token *token, const TokenWork *work)
{
	Job *job = g_new0(Job, 1);

	job->token = token;
	job->mailbox = g_strdup(work->mailbox);
	job->content_fd = fcntl(work->content_fd, F_DUPFD_CLOEXEC, 3);
	return job;
}

gboolean token_sign(
	Token *token, const TokenWork *work, TokenDone done, gpointer data, GError **error)
{
	guint wait_ms = work->wait_ms != 0 ? work->wait_ms : token->sign_timeout_ms;
	gpointer displaced = NULL;
	g_autoptr(GError) cause = NULL;
	Job *job;

	if (!may_sign(token, error))
		return FALSE;
	cause = busy(token);
	job = job_new(token, work);
	if (token_expected_ms(token, work->mailbox) > wait_ms ||
		!fair_queue_push(token->waiting, job_sender(job), job, &displaced)) {
		job_free(job);
		g_propagate_error(error, g_steal_pointer(&cause));
		return FALSE;
	}
	job->done = done;
	job->data = data;
	job->timer = g_timeout_add(wait_ms, on_waited_long, job);
	if (displaced != NULL)
		job_finish(displaced, NULL, cause);
	send_next(token);
	return TRUE;
}

GVariant *token_chains(const Token *token)
{
	GVariant *chains = token->description != NULL ? g_variant_lookup_value(token->description,
								"chains", G_VARIANT_TYPE("aaay"))
						      : NULL;

	return chains != NULL ? chains : g_variant_ref_sink(g_variant_new("aaay", NULL));
}

void token_describe(const Token *token, GVariantDict *dict)
{
	static const char *const members[] = {
		"certificate_sha256", "subject", "email", "not_after"};
	g_autoptr(GVariant) none = g_variant_ref_sink(
		g_variant_new_parsed("{'certificate_sha256': <''>, 'subject': <''>, 'email': <@as "
				     "[]>, 'not_after': <int64 0>}"));
	GVariant *source = token->description != NULL ? token->description : none;
	const char *trouble =
		token->trouble != NULL ? acuse_error_row_of(token->trouble)->name : "";

	for (guint i = 0; i < G_N_ELEMENTS(members); i++) {
		g_autoptr(GVariant) value = g_variant_lookup_value(source, members[i], NULL);

		if (value != NULL)
			g_variant_dict_insert_value(dict, members[i], value);
	}
	g_variant_dict_insert(dict, "unlocked", "b", token->state == TOKEN_READY);
	g_variant_dict_insert(dict, "signatures", "t", token->signatures);
	g_variant_dict_insert(dict, "trouble", "s", trouble);
	g_variant_dict_insert(dict, "waiting", "u", fair_queue_length(token->waiting));
	g_variant_dict_insert(dict, "wait_ms", "u", token_expected_ms(token, NULL));
	g_variant_dict_insert(dict, "sign_ms", "u", (guint)(token->sign_us / 1000));
}
