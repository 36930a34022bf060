/*
 * server.h: sources of the default main context, one thread. A client has one request under way; it
 * is not read while it waits. Every request is answered, refusals with the error's name and a
 * detail. Signatures are looked at one by one when nothing else is to be done: to hash what a
 * hundred clients send at once takes seconds, and a token that was lost stops within one.
 */
#include "signer/server.h"
#include "base/error.h"
#include "base/ustream.h"
#include "signer/protocol.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct {
	DoorKind kind;
	const char *path; /* of the settings */
	int fd;
	guint source, clients, others;
	GHashTable *of_user; /* uid -> how many of others */
	gboolean any_peer;
	guint peer_uid;
	Server *server;
} Door;

/* Who is never the holder of a token, and so has no PIN to type. */
static const char *const daemon_users[] = {"outgoing_user", "evidence_user", "provision_user"};

struct _Server {
	Door doors[N_DOORS];
	guint daemons[G_N_ELEMENTS(daemon_users)]; /* uids; -1: no such user */
	Desk desk;
	GQueue waiting; /* Client *, which ask for a signature */
	guint turn;	/* reads the first of them; 0: there is none */
};

typedef struct {
	Door *door;
	Server *server;
	int fd;
	guint source, idle;
	guint uid;
	gboolean allowed, known; /* known: the user that the socket is for */
} Client;

static void client_wait(Client *client);

static guint others_of(const Door *door, guint uid)
{
	return GPOINTER_TO_UINT(g_hash_table_lookup(door->of_user, GUINT_TO_POINTER(uid)));
}

static void count_client(const Client *client, int change)
{
	Door *door = client->door;
	guint left;

	if (client->known) {
		door->clients += (guint)change;
		return;
	}
	door->others += (guint)change;
	left = others_of(door, client->uid) + (guint)change;
	if (left > 0)
		g_hash_table_insert(
			door->of_user, GUINT_TO_POINTER(client->uid), GUINT_TO_POINTER(left));
	else
		g_hash_table_remove(door->of_user, GUINT_TO_POINTER(client->uid));
}

static gboolean has_room(const Client *client)
{
	const Door *door = client->door;

	if (client->known)
		return door->clients < SERVER_MAX_CLIENTS;
	return door->others < SERVER_MAX_OTHERS && others_of(door, client->uid) < SERVER_MAX_OTHER;
}

static void client_free(Client *client)
{
	if (client->source != 0)
		g_source_remove(client->source);
	if (client->idle != 0)
		g_source_remove(client->idle);
	g_queue_remove(&client->server->waiting, client);
	count_client(client, -1);
	close(client->fd);
	g_free(client);
}

/* Frees the client when it does not take the answer. */
static void send_answer(const char *word, GVariant *answer, gpointer data)
{
	Client *client = data;

	if (signer_packet_send(client->fd, word, answer, -1, NULL))
		client_wait(client);
	else
		client_free(client);
}

static void answer_request(
	Client *client, const char *operation, GVariant *parameters, int content_fd)
{
	g_autoptr(GError) error = NULL;

	if (client->allowed) {
		request_handle(&client->server->desk, client->door->kind, operation, parameters,
			content_fd, send_answer, client);
		return;
	}
	g_set_error_literal(
		&error, ACUSE_ERROR, ACUSE_ERROR_FORBIDDEN, "this user may not use the socket");
	request_refuse(client->door->kind, error, send_answer, client);
}

static void read_request(Client *client)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) parameters = NULL;
	g_autofree char *operation = NULL;
	int content_fd = -1;

	parameters = signer_packet_receive(client->fd, &operation, &content_fd, &error);
	if (parameters == NULL && g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE)) {
		client_free(client);
		return;
	}
	if (parameters != NULL)
		answer_request(client, operation, parameters, content_fd);
	else
		request_refuse(client->door->kind, error, send_answer, client);
	if (content_fd >= 0)
		close(content_fd);
}

static gboolean on_turn(gpointer data)
{
	Server *server = data;
	Client *client = g_queue_pop_head(&server->waiting);

	if (client != NULL)
		read_request(client);
	if (!g_queue_is_empty(&server->waiting))
		return G_SOURCE_CONTINUE;
	server->turn = 0;
	return G_SOURCE_REMOVE;
}

static gboolean on_client(gint fd, GIOCondition condition, gpointer data)
{
	Client *client = data;
	Server *server = client->server;

	(void)fd;
	(void)condition;
	/* Not read again before this request is answered. */
	client->source = 0;
	g_source_remove(client->idle);
	client->idle = 0;
	if (client->door->kind != DOOR_SIGN) {
		read_request(client);
		return G_SOURCE_REMOVE;
	}
	g_queue_push_tail(&server->waiting, client);
	if (server->turn == 0)
		server->turn = g_idle_add(on_turn, server);
	return G_SOURCE_REMOVE;
}

static gboolean on_idle_long(gpointer data)
{
	Client *client = data;

	client->idle = 0;
	client_free(client);
	return G_SOURCE_REMOVE;
}

static void client_wait(Client *client)
{
	client->source = g_unix_fd_add(client->fd, G_IO_IN | G_IO_HUP, on_client, client);
	client->idle = g_timeout_add_seconds(
		client->known ? SERVER_IDLE_TIMEOUT_S : SERVER_OTHER_IDLE_TIMEOUT_S, on_idle_long,
		client);
}

static void refuse(const Client *client)
{
	GVariantDict dict;

	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "detail", "s", "too many connections");
	signer_packet_send(client->fd, acuse_error_row(ACUSE_ERROR_UNAVAILABLE)->name,
		g_variant_dict_end(&dict), -1, NULL);
	close(client->fd);
}

static gboolean is_daemon(const Server *server, guint uid)
{
	for (gsize i = 0; i < G_N_ELEMENTS(daemon_users); i++)
		if (server->daemons[i] == uid)
			return uid != getuid();
	return FALSE;
}

static gboolean on_connection(gint fd, GIOCondition condition, gpointer data)
{
	Door *door = data;
	int client_fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	Client wanted = {.door = door, .server = door->server, .fd = client_fd}, *client;

	(void)condition;
	if (client_fd < 0)
		return G_SOURCE_CONTINUE;
	wanted.uid = ustream_peer_uid(client_fd);
	wanted.known = !door->any_peer && wanted.uid == door->peer_uid;
	wanted.allowed = wanted.known || (door->any_peer && !is_daemon(door->server, wanted.uid));
	if (!has_room(&wanted)) {
		refuse(&wanted);
		return G_SOURCE_CONTINUE;
	}
	client = g_memdup2(&wanted, sizeof wanted);
	count_client(client, 1);
	client_wait(client);
	return G_SOURCE_CONTINUE;
}

static gboolean door_open(Door *door, GError **error)
{
	door->fd = ustream_listen(door->path, SOCK_SEQPACKET, 0660, error);
	if (door->fd < 0)
		return FALSE;
	fcntl(door->fd, F_SETFL, O_NONBLOCK);
	door->source = g_unix_fd_add(door->fd, G_IO_IN, on_connection, door);
	return TRUE;
}

Server *server_start(const Settings *settings, const Desk *desk, GError **error)
{
	static const char *const keys[N_DOORS] = {"sign_socket", "control_socket", "unlock_socket"};
	static const char *const users[N_DOORS] = {"outgoing_user", "provision_user", NULL};
	Server *server = g_new0(Server, 1);
	gboolean ok = TRUE;

	server->desk = *desk;
	for (gsize i = 0; i < G_N_ELEMENTS(daemon_users); i++)
		server->daemons[i] = settings_uid(settings, "api", daemon_users[i]);
	for (int kind = 0; kind < N_DOORS; kind++) {
		server->doors[kind].fd = -1;
		server->doors[kind].of_user = g_hash_table_new(NULL, NULL);
	}
	for (int kind = 0; kind < N_DOORS && ok; kind++) {
		Door *door = &server->doors[kind];

		door->kind = (DoorKind)kind;
		door->server = server;
		door->path = settings_string(settings, "signing", keys[kind]);
		door->any_peer = users[kind] == NULL;
		door->peer_uid = door->any_peer ? 0 : settings_uid(settings, "api", users[kind]);
		if (!door->any_peer && door->peer_uid == (guint)-1) {
			ok = settings_fail(settings, error, "api", users[kind], "no such user");
		} else {
			ok = door_open(door, error);
		}
	}
	if (!ok) {
		server_stop(server);
		return NULL;
	}
	return server;
}

void server_stop(Server *server)
{
	Client *client;

	/* Those that wait for their turn; the others are their sources'. */
	while ((client = g_queue_pop_head(&server->waiting)) != NULL)
		client_free(client);
	for (int kind = 0; kind < N_DOORS; kind++) {
		Door *door = &server->doors[kind];

		g_hash_table_unref(door->of_user);
		if (door->fd < 0)
			continue;
		g_source_remove(door->source);
		close(door->fd);
		unlink(door->path);
	}
	if (server->turn != 0)
		g_source_remove(server->turn);
	g_free(server);
}
