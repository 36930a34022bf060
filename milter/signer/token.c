/*
 * token.h: sources of the default main context, one thread. Every way in which a worker can end
 * comes together in go_down(), which answers all requests exactly once.
 */
#include "signer/token.h"
#include "base/error.h"
#include "signer/protocol.h"
#include "signer/worker.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

typedef struct {
	Token *token;
	char *mailbox;	/* NULL: a seal, or the start of the worker */
	int content_fd; /* -1: the start */
	guint timer;	/* while it waits; 0: none */
	gboolean again; /* the token failed in it once */
	TokenDone done;
	gpointer data;
} Job;

struct _Token {
	char *module, *label, *serial;
	guint sign_timeout_ms;
	TokenEvents events;
	TokenState state;
	gboolean typed;
	gboolean tried; /* while it starts: the PIN was, or is being, used */
	pid_t pid;
	int fd;
	guint watch, deadline;
	Job *current;
	GQueue waiting; /* Job * */
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

Token *token_new(const char *module, const char *label, const char *serial, guint sign_timeout_ms,
	const TokenEvents *events)
{
	Token *token = g_new0(Token, 1);

	token->module = g_strdup(module);
	token->label = g_strdup(label);
	token->serial = g_strdup(serial);
	token->sign_timeout_ms = sign_timeout_ms;
	token->events = *events;
	token->fd = -1;
	g_queue_init(&token->waiting);
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
	GQueue waiting = token->waiting;
	Job *current = token->current;
	Job *job;

	if (token->state == TOKEN_LOCKED)
		return;
	stop_worker(token);
	token->state = TOKEN_LOCKED;
	token->current = NULL;
	g_queue_init(&token->waiting);
	g_clear_pointer(&token->description, g_variant_unref);
	g_clear_error(&token->trouble);
	token->trouble = cause != NULL ? g_error_copy(cause) : NULL;
	if (current != NULL)
		job_finish(current, NULL, job_error(current, cause, locked));
	while ((job = g_queue_pop_head(&waiting)) != NULL)
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
	g_free(token->module);
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
	g_queue_push_head(&token->waiting, job);
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
		token->signatures += answer != NULL ? 1 : 0;
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
	token->pid = worker_spawn(token->module, token->label, token->serial,
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
	job = g_queue_pop_head(&token->waiting);
	if (job == NULL)
		return;
	if (job->timer != 0)
		g_source_remove(job->timer);
	job->timer = 0;
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

static gboolean on_waited_long(gpointer data)
{
	Job *job = data;
	g_autoptr(GError) error =
		g_error_new_literal(ACUSE_ERROR, ACUSE_ERROR_TIMEOUT, "the token is busy");

	job->timer = 0;
	g_queue_remove(&job->token->waiting, job);
	job_finish(job, NULL, error);
	return G_SOURCE_REMOVE;
}

gboolean token_sign(Token *token, const char *mailbox, int content_fd, TokenDone done,
	gpointer data, GError **error)
{
	gboolean absent = g_error_matches(token->trouble, ACUSE_ERROR, ACUSE_ERROR_TOKEN_ABSENT);
	Job *job;

	if (token->state == TOKEN_LOCKED) {
		g_set_error(error, ACUSE_ERROR,
			absent ? ACUSE_ERROR_TOKEN_ABSENT : ACUSE_ERROR_TOKEN_LOCKED,
			"token %s is %s", token->label, absent ? "absent" : "locked");
		return FALSE;
	}
	if (token->waiting.length >= TOKEN_MAX_WAITING) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE,
			"too many wait for token %s", token->label);
		return FALSE;
	}
	job = g_new0(Job, 1);
	job->token = token;
	job->mailbox = g_strdup(mailbox);
	job->content_fd = fcntl(content_fd, F_DUPFD_CLOEXEC, 3);
	job->done = done;
	job->data = data;
	job->timer = g_timeout_add(token->sign_timeout_ms, on_waited_long, job);
	g_queue_push_tail(&token->waiting, job);
	send_next(token);
	return TRUE;
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
}
