/* smtp-stub.h: blocking reads in one thread; a shut socket ends it. */
#include "smtp-stub.h"

#include <gio/gio.h>
#include <string.h>

struct _SmtpStub {
	GSocketListener *listener;
	GCancellable *stop;
	GThread *thread;
	char *server;
	const SmtpFault *faults;
	guint n;
	GMutex lock;
	guint connections;
	GString *commands;
	GPtrArray *messages;
};

static gboolean say(GIOStream *stream, const char *reply)
{
	g_autofree char *line = g_strconcat(reply, "\r\n", NULL);

	return g_output_stream_write_all(
		g_io_stream_get_output_stream(stream), line, strlen(line), NULL, NULL, NULL);
}

/* FALSE: it ends here, by the fault's reply or without one. */
static gboolean answer(
	GIOStream *stream, const SmtpFault *fault, SmtpStep step, const char *good_reply)
{
	if (fault->step != step)
		return say(stream, good_reply);
	if (fault->reply != NULL)
		say(stream, fault->reply);
	return FALSE;
}

/* The lines up to the dot; NULL: the client went away. */
static char *read_message(GDataInputStream *lines, GCancellable *stop)
{
	g_autoptr(GString) message = g_string_new(NULL);

	for (;;) {
		g_autofree char *line = g_data_input_stream_read_line(lines, NULL, stop, NULL);

		if (line == NULL)
			return NULL;
		if (strcmp(line, ".") == 0)
			return g_strdup(message->str);
		g_string_append_printf(message, "%s\r\n", line);
	}
}

static gboolean take_message(
	SmtpStub *stub, GIOStream *stream, GDataInputStream *lines, const SmtpFault *fault)
{
	char *message;

	if (!answer(stream, fault, SMTP_DATA, "354 go on"))
		return FALSE;
	message = read_message(lines, stub->stop);
	if (message == NULL)
		return FALSE;
	g_mutex_lock(&stub->lock);
	g_ptr_array_add(stub->messages, message);
	g_mutex_unlock(&stub->lock);
	return answer(stream, fault, SMTP_MESSAGE, "250 2.0.0 queued");
}

static gboolean obey(SmtpStub *stub, GIOStream *stream, GDataInputStream *lines, const char *line,
	const SmtpFault *fault)
{
	g_mutex_lock(&stub->lock);
	g_string_append_printf(stub->commands, "%s | ", line);
	g_mutex_unlock(&stub->lock);
	if (g_str_has_prefix(line, "MAIL"))
		return answer(stream, fault, SMTP_MAIL, "250 2.1.0 ok");
	if (g_str_has_prefix(line, "RCPT"))
		return answer(stream, fault, SMTP_RCPT, "250 2.1.5 ok");
	if (g_str_has_prefix(line, "DATA"))
		return take_message(stub, stream, lines, fault);
	if (g_str_has_prefix(line, "QUIT"))
		return FALSE;
	return say(stream, "250 ok");
}

static void serve(SmtpStub *stub, GSocketConnection *connection)
{
	static const SmtpFault none = {SMTP_NOWHERE, NULL};
	GIOStream *stream = G_IO_STREAM(connection);
	g_autoptr(GDataInputStream) lines =
		g_data_input_stream_new(g_io_stream_get_input_stream(stream));
	const SmtpFault *fault;
	gboolean going;

	g_data_input_stream_set_newline_type(lines, G_DATA_STREAM_NEWLINE_TYPE_CR_LF);
	g_mutex_lock(&stub->lock);
	fault = stub->connections < stub->n ? &stub->faults[stub->connections] : &none;
	stub->connections++;
	g_mutex_unlock(&stub->lock);
	going = answer(stream, fault, SMTP_GREETING, "220 stub");
	while (going) {
		g_autofree char *line =
			g_data_input_stream_read_line(lines, NULL, stub->stop, NULL);

		going = line != NULL && obey(stub, stream, lines, line, fault);
	}
	g_io_stream_close(stream, NULL, NULL);
}

static gpointer run(gpointer data)
{
	SmtpStub *stub = data;
	GSocketConnection *connection;

	while ((connection = g_socket_listener_accept(stub->listener, NULL, stub->stop, NULL)) !=
		NULL) {
		serve(stub, connection);
		g_object_unref(connection);
	}
	return NULL;
}

SmtpStub *smtp_stub_new(const SmtpFault *faults, guint n)
{
	SmtpStub *stub = g_new0(SmtpStub, 1);
	g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback(G_SOCKET_FAMILY_IPV4);
	g_autoptr(GSocketAddress) any = g_inet_socket_address_new(loopback, 0);
	g_autoptr(GSocketAddress) bound = NULL;
	g_autoptr(GError) error = NULL;

	stub->listener = g_socket_listener_new();
	if (!g_socket_listener_add_address(stub->listener, any, G_SOCKET_TYPE_STREAM,
		    G_SOCKET_PROTOCOL_TCP, NULL, &bound, &error))
		g_error("%s", error->message);
	stub->server = g_strdup_printf(
		"127.0.0.1:%u", g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound)));
	stub->stop = g_cancellable_new();
	stub->faults = faults;
	stub->n = n;
	stub->commands = g_string_new(NULL);
	stub->messages = g_ptr_array_new_with_free_func(g_free);
	g_mutex_init(&stub->lock);
	stub->thread = g_thread_new("smtp-stub", run, stub);
	return stub;
}

void smtp_stub_free(SmtpStub *stub)
{
	if (stub == NULL)
		return;
	g_cancellable_cancel(stub->stop);
	g_thread_join(stub->thread);
	g_object_unref(stub->listener);
	g_object_unref(stub->stop);
	g_string_free(stub->commands, TRUE);
	g_ptr_array_unref(stub->messages);
	g_mutex_clear(&stub->lock);
	g_free(stub->server);
	g_free(stub);
}

const char *smtp_stub_server(const SmtpStub *stub)
{
	return stub->server;
}

guint smtp_stub_connections(SmtpStub *stub)
{
	guint connections;

	g_mutex_lock(&stub->lock);
	connections = stub->connections;
	g_mutex_unlock(&stub->lock);
	return connections;
}

char *smtp_stub_commands(SmtpStub *stub)
{
	char *commands;

	g_mutex_lock(&stub->lock);
	commands = g_strdup(stub->commands->str);
	g_mutex_unlock(&stub->lock);
	return commands;
}

char *smtp_stub_message(SmtpStub *stub, guint index)
{
	char *message;

	g_mutex_lock(&stub->lock);
	message = index < stub->messages->len ? g_strdup(stub->messages->pdata[index]) : NULL;
	g_mutex_unlock(&stub->lock);
	return message;
}
