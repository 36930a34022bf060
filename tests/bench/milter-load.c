/*
 * A load generator that speaks the milter protocol (version 6) over a Unix socket, as Postfix does:
 *N connections, one thread each, one message after the other, every one with a Message-ID and a
 *queue id of its own.
 *
 *	milter-load -s SOCKET [-c CONNECTIONS] [-t SECONDS] [-n MESSAGES] [-k KIND] [-d DAEMON_NAME]
 *[-l LOGIN]
 *		[-f FROM] [-r RECIPIENT] [-j SUBJECT] [-a]
 *
 * KIND is "text" (4 KiB) or "pdf" (100 KiB with a PDF). -a: the milter accepts at MAIL, nothing
 *more is sent. It prints one line: "messages N failed N seconds S rate R median_us M p95_us P
 *changed_bytes B"; the first reply that is not an accept goes to stderr. Ends with 1 when the
 *milter refused something or a connection broke.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <glib.h>
#include <libmilter/mfdef.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PDF_BYTES (75 * 1024)
#define TEXT_BYTES 4096
#define BODY_CHUNK_BYTES 65535
#define PACKET_MAX_BYTES (64 * 1024 * 1024)
#define WAIT_S 60
#define ALL_ACTIONS 0x1FFu
#define ALL_STEPS 0x1FFFFFu

typedef struct {
	const char *socket_path, *kind, *daemon_name, *login, *from, *recipient, *subject;
	int connections;
	double seconds;
	long messages; /* 0: as many as go in the time */
	gboolean accept_at_mail;
	GString *body;
	guint32 run; /* random, so that no two runs share a Message-ID */
} Options;

typedef struct {
	const Options *options;
	int number, fd;
	guint32 steps;
	GString *out;
	long sent, failed;
	guint64 changed_bytes;
	GArray *times_us;
	gint64 end_us;
} Connection;

static gint messages_left;
static gint complained;

static gboolean write_all(int fd, const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t n = send(fd, bytes, size, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return FALSE;
		bytes += n;
		size -= (size_t)n;
	}
	return TRUE;
}

static gboolean read_all(int fd, char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t n = read(fd, bytes, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return FALSE;
		bytes += n;
		size -= (size_t)n;
	}
	return TRUE;
}

static void put_packet(GString *out, char command, const char *bytes, size_t size)
{
	guint32 length = htonl((guint32)size + 1);

	g_string_append_len(out, (const char *)&length, sizeof length);
	g_string_append_c(out, command);
	g_string_append_len(out, bytes, (gssize)size);
}

/* Words, each with the NUL that ends it. */
static void put_words(GString *out, char command, char macro_of, ...)
{
	g_autoptr(GString) data = g_string_new(NULL);
	const char *word;
	va_list words;

	if (macro_of != '\0')
		g_string_append_c(data, macro_of);
	va_start(words, macro_of);
	while ((word = va_arg(words, const char *)) != NULL)
		g_string_append_len(data, word, (gssize)strlen(word) + 1);
	va_end(words);
	put_packet(out, command, data->str, data->len);
}

/* The next packet's letter, its data in `data`; '\0' when the milter is gone. */
static char read_packet(Connection *connection, GString *data)
{
	guint32 length;
	char letter;

	if (!read_all(connection->fd, (char *)&length, sizeof length))
		return '\0';
	length = ntohl(length);
	if (length < 1 || length > PACKET_MAX_BYTES || !read_all(connection->fd, &letter, 1))
		return '\0';
	g_string_set_size(data, length - 1);
	return read_all(connection->fd, data->str, length - 1) ? letter : '\0';
}

static gboolean flush(Connection *connection)
{
	gboolean ok = write_all(connection->fd, connection->out->str, connection->out->len);

	g_string_truncate(connection->out, 0);
	return ok;
}

/* Sends what was put and reads one reply. */
static char ask(Connection *connection)
{
	g_autoptr(GString) data = g_string_new(NULL);

	return flush(connection) ? read_packet(connection, data) : '\0';
}

static gboolean is_final(char letter)
{
	return letter == '\0' || strchr("acrtydqs4", letter) != NULL;
}

/* After the end of the body: the changes, then the verdict. */
static char ask_end(Connection *connection)
{
	g_autoptr(GString) data = g_string_new(NULL);
	char letter;

	if (!flush(connection))
		return '\0';
	while (!is_final(letter = read_packet(connection, data)))
		connection->changed_bytes += data->len;
	if (letter == 'y' && g_atomic_int_compare_and_exchange(&complained, 0, 1))
		fprintf(stderr, "milter-load: %s\n", data->str);
	return letter;
}

static gboolean negotiate(Connection *connection)
{
	const struct sockaddr_un zero = {.sun_family = AF_UNIX};
	const struct timeval wait = {.tv_sec = WAIT_S};
	struct sockaddr_un address = zero;
	guint32 offer[3] = {htonl(6), htonl(ALL_ACTIONS), htonl(ALL_STEPS)}, answer[3];
	g_autoptr(GString) data = g_string_new(NULL);

	g_strlcpy(address.sun_path, connection->options->socket_path, sizeof address.sun_path);
	connection->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connection->fd < 0 ||
		connect(connection->fd, (struct sockaddr *)&address, sizeof address) < 0)
		return FALSE;
	setsockopt(connection->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
	put_packet(connection->out, 'O', (const char *)offer, sizeof offer);
	if (!flush(connection) || read_packet(connection, data) != 'O' || data->len < sizeof answer)
		return FALSE;
	memcpy(answer, data->str, sizeof answer);
	connection->steps = ntohl(answer[2]);
	return TRUE;
}

/* Whether the milter wants no reply, or not even the event. */
static gboolean is_silent(const Connection *connection, guint32 step)
{
	return (connection->steps & step) != 0;
}

static gboolean greet(Connection *connection)
{
	const Options *options = connection->options;
	const char host[] = "pc.muni.test\0"
			    "4\0\0"
			    "127.0.0.1";
	char data[sizeof host];

	memcpy(data, host, sizeof host);
	put_words(connection->out, 'D', 'C', "{daemon_name}", options->daemon_name, "{client_addr}",
		"127.0.0.1", "j", "correo.muni.test", NULL);
	if (!is_silent(connection, SMFIP_NOCONNECT)) {
		put_packet(connection->out, 'C', data, sizeof data);
		if (!is_silent(connection, SMFIP_NR_CONN) && ask(connection) != 'c')
			return FALSE;
	}
	if (is_silent(connection, SMFIP_NOHELO))
		return TRUE;
	put_words(connection->out, 'H', '\0', "pc.muni.test", NULL);
	return is_silent(connection, SMFIP_NR_HELO) || ask(connection) == 'c';
}

static gboolean put_header(Connection *connection, const char *name, const char *value)
{
	g_autofree char *with_blank = NULL;

	if (is_silent(connection, SMFIP_NOHDRS))
		return TRUE;
	if (is_silent(connection, SMFIP_HDR_LEADSPC))
		with_blank = g_strconcat(" ", value, NULL);
	put_words(connection->out, 'L', '\0', name, with_blank != NULL ? with_blank : value, NULL);
	return is_silent(connection, SMFIP_NR_HDR) || ask(connection) == 'c';
}

static gboolean send_headers(Connection *connection, const char *message_id)
{
	const Options *options = connection->options;
	g_autoptr(GDateTime) now = g_date_time_new_now_utc();
	g_autofree char *date = g_date_time_format(now, "%a, %d %b %Y %H:%M:%S +0000");
	const char *type = strcmp(options->kind, "pdf") == 0
				   ? "multipart/mixed; boundary=\"=_carga\""
				   : "text/plain; charset=utf-8";

	return put_header(connection, "From", options->from) &&
	       put_header(connection, "To", options->recipient) &&
	       put_header(connection, "Subject", options->subject) &&
	       put_header(connection, "Date", date) &&
	       put_header(connection, "Message-ID", message_id) &&
	       put_header(connection, "MIME-Version", "1.0") &&
	       put_header(connection, "Content-Type", type) &&
	       put_header(connection, "Content-Transfer-Encoding", "7bit");
}

static gboolean send_body(Connection *connection)
{
	const GString *body = connection->options->body;

	for (gsize at = 0; at < body->len && !is_silent(connection, SMFIP_NOBODY);) {
		gsize size = MIN(body->len - at, BODY_CHUNK_BYTES);
		char letter = 'c';

		put_packet(connection->out, 'B', body->str + at, size);
		if (!is_silent(connection, SMFIP_NR_BODY))
			letter = ask(connection);
		if (letter == 's')
			break;
		if (letter != 'c')
			return FALSE;
		at += size;
	}
	return TRUE;
}

/* The letter that ended the message. */
static char send_message(Connection *connection, long number)
{
	const Options *options = connection->options;
	g_autofree char *sender = g_strdup_printf("<%s>", options->from);
	g_autofree char *recipient = g_strdup_printf("<%s>", options->recipient);
	g_autofree char *id = g_strdup_printf(
		"<carga.%08x.%d.%ld@muni.test>", options->run, connection->number, number);
	g_autofree char *queue_id =
		g_strdup_printf("Q%08X%02dX%ld", options->run, connection->number, number);

	put_words(connection->out, 'D', 'M', "{daemon_name}", options->daemon_name, "{auth_authen}",
		options->login, "{client_addr}", "127.0.0.1", "i", queue_id, NULL);
	put_words(connection->out, 'M', '\0', sender, NULL);
	if (options->accept_at_mail || !is_silent(connection, SMFIP_NR_MAIL)) {
		char letter = ask(connection);

		if (options->accept_at_mail || letter != 'c')
			return letter;
	}
	put_words(connection->out, 'D', 'R', "i", queue_id, NULL);
	put_words(connection->out, 'R', '\0', recipient, "NOTIFY=SUCCESS,DELAY,FAILURE", NULL);
	if (!is_silent(connection, SMFIP_NR_RCPT) && ask(connection) != 'c')
		return 'r';
	if (!is_silent(connection, SMFIP_NODATA)) {
		put_packet(connection->out, 'T', "", 0);
		if (!is_silent(connection, SMFIP_NR_DATA) && ask(connection) != 'c')
			return 'r';
	}
	if (!send_headers(connection, id))
		return 'r';
	if (!is_silent(connection, SMFIP_NOEOH)) {
		put_packet(connection->out, 'N', "", 0);
		if (!is_silent(connection, SMFIP_NR_EOH) && ask(connection) != 'c')
			return 'r';
	}
	if (!send_body(connection))
		return 'r';
	put_words(connection->out, 'D', 'E', "i", queue_id, NULL);
	put_packet(connection->out, 'E', "", 0);
	return ask_end(connection);
}

static gboolean take_one(const Connection *connection)
{
	if (connection->options->messages > 0)
		return g_atomic_int_add(&messages_left, -1) > 0;
	return g_get_monotonic_time() < connection->end_us;
}

static void *run_connection(void *data)
{
	Connection *connection = data;

	if (!negotiate(connection) || !greet(connection)) {
		connection->failed++;
		return NULL;
	}
	connection->end_us =
		g_get_monotonic_time() + (gint64)(connection->options->seconds * G_USEC_PER_SEC);
	for (long number = 0; take_one(connection); number++) {
		gint64 begun = g_get_monotonic_time(), took;
		char letter = send_message(connection, number);

		/* Over: accepted as a whole, or nothing more to say. */
		if (letter != 'a' && letter != 'c') {
			connection->failed++;
			if (letter == '\0')
				break;
			put_packet(connection->out, 'A', "", 0);
			continue;
		}
		took = g_get_monotonic_time() - begun;
		g_array_append_val(connection->times_us, took);
		connection->sent++;
	}
	put_packet(connection->out, 'Q', "", 0);
	flush(connection);
	return NULL;
}

static GString *make_body(const char *kind)
{
	GString *body = g_string_new(NULL);
	g_autofree guchar *bytes = NULL;
	gint state = 0, save = 0;
	gsize used;

	if (strcmp(kind, "text") == 0) {
		while (body->len + 70 <= TEXT_BYTES)
			g_string_append(body, "Se remite el informe solicitado para su "
					      "conocimiento y fines, folio 1.\r\n");
		return body;
	}
	bytes = g_malloc(PDF_BYTES);
	for (gsize i = 0; i < PDF_BYTES; i++)
		bytes[i] = (guchar)g_random_int();
	memcpy(bytes, "%PDF-1.4\n", 9);
	g_string_append(body, "--=_carga\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
			      "Se le notifica la carta adjunta.\r\n\r\n--=_carga\r\n"
			      "Content-Type: application/pdf; "
			      "name=carta.pdf\r\nContent-Transfer-Encoding: base64\r\n"
			      "Content-Disposition: attachment; filename=carta.pdf\r\n\r\n");
	for (gsize at = 0; at < PDF_BYTES; at += 57) {
		char line[128];

		used = g_base64_encode_step(
			bytes + at, MIN(57, PDF_BYTES - at), FALSE, line, &state, &save);
		used += g_base64_encode_close(FALSE, line + used, &state, &save);
		g_string_append_len(body, line, (gssize)used);
		g_string_append(body, "\r\n");
	}
	g_string_append(body, "--=_carga--\r\n");
	return body;
}

static int compare_times(gconstpointer a, gconstpointer b)
{
	gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;

	return (x > y) - (x < y);
}

static int report(Connection *connections, const Options *options, double seconds)
{
	g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(gint64));
	long sent = 0, failed = 0;
	guint64 changed = 0;
	gint64 median = 0, p95 = 0;

	for (int i = 0; i < options->connections; i++) {
		sent += connections[i].sent;
		failed += connections[i].failed;
		changed += connections[i].changed_bytes;
		g_array_append_vals(
			times, connections[i].times_us->data, connections[i].times_us->len);
	}
	g_array_sort(times, compare_times);
	if (times->len > 0) {
		median = g_array_index(times, gint64, times->len / 2);
		p95 = g_array_index(times, gint64, times->len * 95 / 100);
	}
	printf("messages %ld failed %ld seconds %.3f rate %.1f median_us %" G_GINT64_FORMAT
	       " p95_us %" G_GINT64_FORMAT " changed_bytes %" G_GUINT64_FORMAT "\n",
		sent, failed, seconds, (double)sent / seconds, median, p95, changed);
	return failed == 0 && sent > 0 ? 0 : 1;
}

static int run(Options *options)
{
	g_autofree Connection *connections = g_new0(Connection, options->connections);
	g_autofree pthread_t *threads = g_new0(pthread_t, options->connections);
	gint64 begun;
	double seconds;

	messages_left = (gint)options->messages;
	begun = g_get_monotonic_time();
	for (int i = 0; i < options->connections; i++) {
		connections[i].options = options;
		connections[i].number = i;
		connections[i].fd = -1;
		connections[i].out = g_string_new(NULL);
		connections[i].times_us = g_array_new(FALSE, FALSE, sizeof(gint64));
		if (pthread_create(&threads[i], NULL, run_connection, &connections[i]) != 0)
			return 1;
	}
	for (int i = 0; i < options->connections; i++)
		pthread_join(threads[i], NULL);
	seconds = (double)(g_get_monotonic_time() - begun) / G_USEC_PER_SEC;
	return report(connections, options, seconds);
}

int main(int argc, char **argv)
{
	Options options = {.kind = "text",
		.daemon_name = "SUBMISSION",
		.login = "",
		.connections = 1,
		.seconds = 1,
		.from = "rmoralesa@muni.test",
		.recipient = "ciudadano@ciudadano.test",
		.subject = "Consulta"};
	int option;

	while ((option = getopt(argc, argv, "s:c:t:n:k:d:l:f:r:j:a")) != -1) {
		switch (option) {
		case 's':
			options.socket_path = optarg;
			break;
		case 'c':
			options.connections = atoi(optarg);
			break;
		case 't':
			options.seconds = g_ascii_strtod(optarg, NULL);
			break;
		case 'n':
			options.messages = atol(optarg);
			break;
		case 'k':
			options.kind = optarg;
			break;
		case 'd':
			options.daemon_name = optarg;
			break;
		case 'l':
			options.login = optarg;
			break;
		case 'f':
			options.from = optarg;
			break;
		case 'r':
			options.recipient = optarg;
			break;
		case 'j':
			options.subject = optarg;
			break;
		case 'a':
			options.accept_at_mail = TRUE;
			break;
		default:
			return 2;
		}
	}
	if (options.socket_path == NULL || options.connections < 1 || options.connections > 99) {
		fprintf(stderr, "milter-load: -s SOCKET is needed, and 1 to 99 connections\n");
		return 2;
	}
	options.run = g_random_int();
	options.body = make_body(options.kind);
	return run(&options);
}
