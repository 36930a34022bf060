/*
 * callbacks.h. libmilter calls them re-entrantly, one thread a connection at a time, several
 * messages a connection; close may come first, without a session (FACTS 27). The file's own
 * variables are set before the first callback and only read afterwards, but for the count of
 * decisions under way. A failure inside answers 4xx.
 */
#include "milter/callbacks.h"
#include "base/error.h"
#include "base/log.h"
#include "milter/apply.h"
#include "milter/evidence.h"
#include "milter/metrics.h"
#include "milter/outgoing.h"
#include "milter/session.h"

#include <arpa/inet.h>
#include <errno.h>
#include <malloc.h>
#include <netinet/in.h>

#define LARGE_MESSAGE_BYTES (1024 * 1024) /* whose memory goes back to the system at once */

#define STEPS_NEEDED SMFIP_HDR_LEADSPC
#define STEPS_UNUSED (SMFIP_NOHELO | SMFIP_NOUNKNOWN | SMFIP_NODATA | SMFIP_NOEOH)
/* Replies that these callbacks never need: Postfix need not wait for them. */
#define STEPS_UNANSWERED (SMFIP_NR_CONN | SMFIP_NR_HDR | SMFIP_NR_BODY)

static const Services *services;
static Instance instance;
static GMutex busy_mutex;
static GCond busy_cond;
static guint busy; /* decisions under way */

static void begin_work(void)
{
	g_mutex_lock(&busy_mutex);
	busy++;
	g_mutex_unlock(&busy_mutex);
}

static void end_work(void)
{
	g_mutex_lock(&busy_mutex);
	busy--;
	g_cond_broadcast(&busy_cond);
	g_mutex_unlock(&busy_mutex);
}

gboolean callbacks_wait(guint timeout_ms)
{
	gint64 end = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
	gboolean idle;

	g_mutex_lock(&busy_mutex);
	while (busy > 0 && g_cond_wait_until(&busy_cond, &busy_mutex, end))
		continue;
	idle = busy == 0;
	g_mutex_unlock(&busy_mutex);
	return idle;
}

/* The connection's session, made when it is first needed; NULL: no memory in libmilter. */
static Session *get_session(SMFICTX *context)
{
	Session *session = smfi_getpriv(context);

	if (session != NULL)
		return session;
	session = session_new();
	if (smfi_setpriv(context, session) == MI_SUCCESS)
		return session;
	session_free(session);
	return NULL;
}

/* Where no reply was agreed on, an answer makes libmilter write to the system's log each time. */
static sfsistat go_on(const Session *session, unsigned long step)
{
	return session != NULL && (session->unanswered & step) ? SMFIS_NOREPLY : SMFIS_CONTINUE;
}

static void log_outcome(const Session *session, const Outcome *outcome)
{
	const Envelope *envelope = session->envelope;

	guint64 held_back = metrics_count(outcome);
	g_autofree char *count = NULL;

	if (g_strcmp0(outcome->decision, "damaged") == 0) {
		count = g_strdup_printf("%" G_GUINT64_FORMAT, held_back);
		log_error("not released: a check found damage in what would leave", "queue_id",
			envelope->queue_id, "why", outcome->detail, "count", count, NULL);
	}
	for (guint i = 0; i < outcome->warnings->len; i++)
		log_warning("warning on a message", "queue_id", envelope->queue_id, "send_id",
			outcome->send_id, "warning", g_ptr_array_index(outcome->warnings, i), NULL);
	log_info("message decided", "queue_id", envelope->queue_id, "send_id", outcome->send_id,
		"stream", stream_name(envelope->stream), "class", outcome->class_name, "decision",
		outcome->decision, "reply", outcome->reply, "why", outcome->detail, NULL);
}

static sfsistat on_negotiate(SMFICTX *context, unsigned long actions, unsigned long steps,
	unsigned long unused_2, unsigned long unused_3, unsigned long *wanted_actions,
	unsigned long *wanted_steps, unsigned long *wanted_2, unsigned long *wanted_3)
{
	char connect_symbols[] = "{daemon_name} {client_addr}";
	char mail_symbols[] = "{daemon_name} {auth_authen} {client_addr} i";
	char end_symbols[] = "i";
	Session *session = get_session(context);

	(void)unused_2;
	(void)unused_3;
	if ((actions & APPLY_ACTIONS) != APPLY_ACTIONS || (steps & STEPS_NEEDED) != STEPS_NEEDED) {
		log_error("the mail server does not offer what is needed: milter protocol 6", NULL);
		return SMFIS_REJECT;
	}
	if (session == NULL)
		return SMFIS_REJECT;
	session->unanswered = steps & STEPS_UNANSWERED;
	*wanted_actions = APPLY_ACTIONS;
	*wanted_steps = STEPS_NEEDED | (steps & (STEPS_UNUSED | STEPS_UNANSWERED));
	*wanted_2 = 0;
	*wanted_3 = 0;
	if (actions & SMFIF_SETSYMLIST) {
		*wanted_actions |= SMFIF_SETSYMLIST;
		smfi_setsymlist(context, SMFIM_CONNECT, connect_symbols);
		smfi_setsymlist(context, SMFIM_ENVFROM, mail_symbols);
		smfi_setsymlist(context, SMFIM_EOM, end_symbols);
	}
	return SMFIS_CONTINUE;
}

static char *address_text(const struct sockaddr *address)
{
	char text[INET6_ADDRSTRLEN] = "";

	if (address == NULL)
		return NULL;
	if (address->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)address)->sin_addr,
			text, sizeof text);
	else if (address->sa_family == AF_INET6)
		inet_ntop(AF_INET6,
			&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, text,
			sizeof text);
	return text[0] != '\0' ? g_strdup(text) : NULL;
}

static sfsistat on_connect(SMFICTX *context, char *host, struct sockaddr *address)
{
	Session *session = get_session(context);

	(void)host;
	if (session == NULL)
		return SMFIS_TEMPFAIL;
	g_free(session->client_address);
	session->client_address = address_text(address);
	return go_on(session, SMFIP_NR_CONN);
}

static char *symbol(SMFICTX *context, const char *name)
{
	return smfi_getsymval(context, (char *)name);
}

/* An early outcome of MAIL or RCPT: the message, or the recipient, ends here. */
static sfsistat end_early(SMFICTX *context, const Session *session, const Outcome *outcome)
{
	log_outcome(session, outcome);
	if (outcome->action == ACTION_REPLY)
		return apply_reply(context, outcome->reply);
	return SMFIS_ACCEPT;
}

static sfsistat on_mail(SMFICTX *context, char **arguments)
{
	Session *session = get_session(context);
	g_autoptr(Outcome) outcome = NULL;
	sfsistat status;

	if (session == NULL)
		return SMFIS_TEMPFAIL;
	session_begin(session, symbol(context, "{daemon_name}"), symbol(context, "{auth_authen}"),
		arguments);
	outcome = instance == INSTANCE_OUTGOING ? outgoing_at_mail(session->envelope, services)
						: evidence_at_mail(session->envelope, services);
	if (outcome == NULL)
		return SMFIS_CONTINUE;
	status = end_early(context, session, outcome);
	session_end(session);
	return status;
}

static sfsistat on_rcpt(SMFICTX *context, char **arguments)
{
	Session *session = smfi_getpriv(context);
	g_autoptr(Outcome) outcome = NULL;
	g_autofree char *recipient = NULL;

	if (session == NULL || session->envelope == NULL || arguments[0] == NULL)
		return SMFIS_TEMPFAIL;
	recipient = address_unbracket(arguments[0]);
	outcome = instance == INSTANCE_EVIDENCE
			  ? evidence_at_rcpt(session->envelope, recipient, services)
			  : outgoing_at_rcpt(session->envelope, recipient, services);
	if (outcome != NULL)
		return end_early(context, session, outcome);
	session_add_recipient(session, arguments, services->options->domain);
	return SMFIS_CONTINUE;
}

static sfsistat on_header(SMFICTX *context, char *name, char *value)
{
	Session *session = smfi_getpriv(context);

	if (session != NULL)
		session_add_field(session, name, value, services->options->max_message_bytes);
	return go_on(session, SMFIP_NR_HDR);
}

static sfsistat on_body(SMFICTX *context, unsigned char *bytes, size_t size)
{
	Session *session = smfi_getpriv(context);

	if (session != NULL)
		session_add_body(session, bytes, size, services->options->max_message_bytes);
	return go_on(session, SMFIP_NR_BODY);
}

static sfsistat decide_and_apply(SMFICTX *context, Session *session)
{
	g_autoptr(Outcome) outcome = instance == INSTANCE_OUTGOING
					     ? outgoing_decide(session, services)
					     : evidence_decide(session, services);
	sfsistat status = apply_outcome(context, session->message, outcome);

	if (outcome->action == ACTION_ACCEPT && status == SMFIS_TEMPFAIL)
		outcome->decision = "not-applied";
	log_outcome(session, outcome);
	return status;
}

static void end_message(Session *session)
{
	gboolean large = session->size_bytes > LARGE_MESSAGE_BYTES;

	session_end(session);
	/* HTML is read into many small pieces, which malloc would keep. */
	if (large)
		malloc_trim(0);
}

static sfsistat on_end(SMFICTX *context)
{
	Session *session = smfi_getpriv(context);
	sfsistat status;

	if (session == NULL || session->envelope == NULL)
		return SMFIS_TEMPFAIL;
	g_free(session->envelope->queue_id);
	session->envelope->queue_id = g_strdup(symbol(context, "i"));
	begin_work();
	status = decide_and_apply(context, session);
	end_work();
	end_message(session);
	return status;
}

static sfsistat on_abort(SMFICTX *context)
{
	Session *session = smfi_getpriv(context);

	if (session != NULL)
		end_message(session);
	return SMFIS_CONTINUE;
}

static sfsistat on_close(SMFICTX *context)
{
	session_free(smfi_getpriv(context));
	smfi_setpriv(context, NULL);
	return SMFIS_CONTINUE;
}

gboolean callbacks_open(const Services *used_services, Instance used_instance, GError **error)
{
	static char name[] = "acuse";
	const struct smfiDesc description = {
		.xxfi_name = name,
		.xxfi_version = SMFI_VERSION,
		.xxfi_flags = APPLY_ACTIONS | SMFIF_SETSYMLIST,
		.xxfi_connect = on_connect,
		.xxfi_envfrom = on_mail,
		.xxfi_envrcpt = on_rcpt,
		.xxfi_header = on_header,
		.xxfi_body = on_body,
		.xxfi_eom = on_end,
		.xxfi_abort = on_abort,
		.xxfi_close = on_close,
		.xxfi_negotiate = on_negotiate,
	};
	g_autofree char *address = g_strconcat("unix:", used_services->options->socket_path, NULL);

	services = used_services;
	instance = used_instance;
	errno = 0;
	if (smfi_register(description) == MI_SUCCESS && smfi_setconn(address) == MI_SUCCESS &&
		smfi_opensocket(TRUE) == MI_SUCCESS)
		return TRUE;
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "cannot listen on %s: %s",
		used_services->options->socket_path, g_strerror(errno));
	return FALSE;
}
