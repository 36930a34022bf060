/*
 * token.h: sources of the default main context, one thread. Every way in which a worker can end
 * comes together in go_down(), which answers all requests exactly once.
 */
#include "signer/token.h"
#include "base/error.h"
#include "signer/fair_queue.h"
#include "signer/job.h"
#include "signer/protocol.h"
#include "signer/worker.h"

#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define FIRST_SIGN_US 100000 /* what a signature is thought to take before one is made */
#define LOOK_AHEAD_US 20000  /* a token that takes longer than this gains nothing by it */

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
	guint start_ms; /* while it starts: how long, from its turn on */
	Job *current;
	Job *ahead;	    /* with the worker already, which takes it up after the current one */
	FairQueue *waiting; /* Job * */
	GVariant *description;
	guint64 signatures;
	GError *trouble; /* of the last end; NULL: none */
};

static void send_next(Token *token);

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

static void take_back_ahead(Token *token)
{
	if (token->ahead != NULL)
		fair_queue_push_first(token->waiting, job_sender(token->ahead), token->ahead);
	token->ahead = NULL;
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
	take_back_ahead(token);
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

static void worker_ended(Token *token)
{
	g_autoptr(GError) cause =
		g_error_new_literal(ACUSE_ERROR, ACUSE_ERROR_TOKEN_TROUBLE, "the worker ended");

	go_down(token, cause);
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
	/* The new session drops what the old one left unread. */
	take_back_ahead(token);
	fair_queue_push_first(token->waiting, job_sender(job), job);
	token->current = NULL;
	token->state = TOKEN_STARTING;
	token->typed = FALSE;
	token->tried = FALSE;
	token->start_ms = token->sign_timeout_ms;
	set_deadline(token, TOKEN_TURN_TIMEOUT_MS);
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

static void begin(Token *token, Job *job)
{
	job->begun_us = g_get_monotonic_time();
	token->current = job;
	set_deadline(token, token->sign_timeout_ms);
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
		count_signature(token, job, answer != NULL);
		token->current = NULL;
		if (token->ahead != NULL)
			begin(token, g_steal_pointer(&token->ahead));
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

/* A word of a worker that starts. FALSE: it is its answer. */
static gboolean take_progress(Token *token, const char *word)
{
	if (token->state != TOKEN_STARTING)
		return FALSE;
	if (g_strcmp0(word, "opening") == 0)
		set_deadline(token, token->start_ms);
	else if (g_strcmp0(word, "trying") == 0)
		token->tried = TRUE;
	else
		return FALSE;
	return TRUE;
}

static gboolean on_worker(gint fd, GIOCondition condition, gpointer data)
{
	Token *token = data;
	g_autoptr(GError) error = NULL;
	g_autofree char *word = NULL;
	g_autoptr(GVariant) answer = signer_packet_receive(fd, &word, NULL, &error);

	(void)condition;
	if (take_progress(token, word))
		return G_SOURCE_CONTINUE;
	/* Only a closed socket and damage come as these; the worker itself never answers them. */
	if (g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE) &&
		token->state == TOKEN_READY) {
		worker_ended(token);
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
	token->current = job_new(token, NULL, done, data);
	token->watch = g_unix_fd_add(fd, G_IO_IN | G_IO_HUP, on_worker, token);
	token->start_ms = TOKEN_START_TIMEOUT_MS;
	set_deadline(token, TOKEN_TURN_TIMEOUT_MS);
	return TRUE;
}

/* One more than the worker signs now, so that a fast token does not wait for this process. */
static gboolean takes_next(const Token *token)
{
	return token->state == TOKEN_READY &&
	       (token->current == NULL || (token->ahead == NULL && token->sign_us != 0 &&
						  token->sign_us < LOOK_AHEAD_US));
}

static void give(Token *token, Job *job)
{
	job_wait_ends(job);
	if (token->current == NULL)
		begin(token, job);
	else
		token->ahead = job;
	if (!worker_send_content(token->fd, job->mailbox, job->content_fd))
		worker_ended(token);
}

static gboolean is_unbound(gconstpointer item, gpointer data)
{
	const Token *token = data;
	const Job *job = item;

	return job != NULL && job->mailbox != NULL &&
	       !token->events.is_bound(token, job->mailbox, token->events.data);
}

static void drop_unbound(Token *token)
{
	Job *job;

	while ((job = fair_queue_take(token->waiting, is_unbound, token)) != NULL) {
		job_refuse_unbound(job);
		job_free(job);
	}
}

void token_recheck(Token *token)
{
	drop_unbound(token);
	/* The worker's answers are still to come, for nobody. */
	if (is_unbound(token->current, token))
		job_refuse_unbound(token->current);
	if (is_unbound(token->ahead, token))
		job_refuse_unbound(token->ahead);
}

static void send_next(Token *token)
{
	Job *job;

	drop_unbound(token);
	while (takes_next(token) && (job = fair_queue_pop(token->waiting)) != NULL)
		give(token, job);
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
	guint64 jobs = fair_queue_before(token->waiting, mailbox != NULL ? mailbox : "") + 1 +
		       (token->ahead != NULL);
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
	job = job_new(token, work, done, data);
	if (token_expected_ms(token, work->mailbox) > wait_ms ||
		!fair_queue_push(token->waiting, job_sender(job), job, &displaced)) {
		job_free(job);
		g_propagate_error(error, g_steal_pointer(&cause));
		return FALSE;
	}
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
