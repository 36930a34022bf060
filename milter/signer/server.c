/*
 * server.h: sources of the default main context, one thread. A client has one request under way; it
 * is not read while it waits. Every request is answered, refusals with the error's name and a
 * detail; every refused signature is logged.
 */
#include "signer/server.h"
#include "base/error.h"
#include "base/log.h"
#include "base/ustream.h"
#include "cms/digest.h"
#include "signer/header_block.h"
#include "signer/permit.h"
#include "signer/permit_uses.h"
#include "signer/protocol.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef enum { DOOR_SIGN, DOOR_CONTROL, DOOR_UNLOCK, N_DOORS } DoorKind;

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

struct _Server {
	Door doors[N_DOORS];
	GBytes *permit_key;
	PermitUses *permit_uses;
	Bindings *bindings;
	Pool *pool;
};

typedef struct {
	Door *door;
	Server *server;
	int fd;
	guint source, idle;
	guint uid;
	gboolean allowed, known; /* known: the user that the socket is for */
	char *send_id, *mailbox; /* of the signature under way; NULL: none */
	char *permit;		 /* the same, while it is taken */
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
	count_client(client, -1);
	close(client->fd);
	g_free(client->permit);
	g_free(client->send_id);
	g_free(client->mailbox);
	g_free(client);
}

/* answer is consumed; NULL: an empty one. Frees the client when it does not take the answer. */
static void reply(Client *client, const char *operation, GVariant *answer)
{
	g_clear_pointer(&client->permit, g_free);
	g_clear_pointer(&client->send_id, g_free);
	g_clear_pointer(&client->mailbox, g_free);
	if (signer_packet_send(client->fd, operation, answer, -1, NULL))
		client_wait(client);
	else
		client_free(client);
}

static void reply_error(Client *client, const GError *error)
{
	const char *name = acuse_error_row_of(error)->name;
	GVariantDict dict;

	if (client->permit != NULL)
		permit_uses_give_back(client->server->permit_uses, client->permit);
	if (client->door->kind == DOOR_SIGN)
		log_warning("signature refused", "send_id", client->send_id, "mailbox",
			client->mailbox, "error", name, "detail", error->message, NULL);
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "detail", "s", error->message);
	reply(client, name, g_variant_dict_end(&dict));
}

static void on_signed(GVariant *answer, const GError *error, gpointer data)
{
	Client *client = data;
	const char *certificate_sha256 = NULL;

	if (answer == NULL) {
		reply_error(client, error);
		return;
	}
	g_variant_lookup(answer, "certificate_sha256", "&s", &certificate_sha256);
	log_info(client->door->kind == DOOR_SIGN ? "signed" : "sealed", "send_id", client->send_id,
		"mailbox", client->mailbox, "certificate_sha256", certificate_sha256, NULL);
	reply(client, "ok", g_variant_ref(answer));
}

static void on_unlocked(GVariant *answer, const GError *error, gpointer data)
{
	if (answer == NULL)
		reply_error(data, error);
	else
		reply(data, "ok", NULL);
}

static gboolean invalid(GError **error, const char *why)
{
	g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, why);
	return FALSE;
}

/* What a handler says: an error it sets is answered; otherwise it has answered or will. */
typedef gboolean (*Handle)(Client *client, GVariant *parameters, int content_fd, GError **error);

static gboolean check_content(
	const Permit *permit, const Binding *binding, int content_fd, GError **error)
{
	g_autoptr(GBytes) content = NULL;
	g_autofree char *sha256 = NULL;
	const void *data;
	gsize size;

	if (binding == NULL)
		return FALSE;
	content = signer_memfd_read(content_fd, error);
	if (content == NULL)
		return FALSE;
	data = g_bytes_get_data(content, &size);
	sha256 = digest_sha256_hex(data, size);
	if (strcmp(sha256, permit->entity_sha256) != 0) {
		g_set_error_literal(
			error, ACUSE_ERROR, ACUSE_ERROR_PERMIT, "the permit is for other bytes");
		return FALSE;
	}
	return header_block_check(content, permit->mailbox, error);
}

static gboolean handle_sign(Client *client, GVariant *parameters, int content_fd, GError **error)
{
	Server *server = client->server;
	gint64 now_s = g_get_real_time() / G_USEC_PER_SEC;
	g_autoptr(Permit) permit = NULL;
	const Binding *binding;
	const char *text = NULL;

	g_variant_lookup(parameters, "permit", "&s", &text);
	permit = permit_check(server->permit_key, text, now_s, error);
	if (permit == NULL)
		return FALSE;
	client->send_id = g_strdup(permit->send_id);
	client->mailbox = g_strdup(permit->mailbox);
	if (content_fd < 0)
		return invalid(error, "there is no content");
	binding = bindings_find_mailbox(server->bindings, permit->mailbox, now_s, error);
	if (!check_content(permit, binding, content_fd, error) ||
		!permit_uses_take(server->permit_uses, text, permit->expires_s, now_s, error))
		return FALSE;
	client->permit = g_strdup(text);
	return pool_sign(
		server->pool, binding, permit->mailbox, content_fd, on_signed, client, error);
}

static gboolean handle_bind(Client *client, GVariant *parameters, int content_fd, GError **error)
{
	g_autoptr(GVariant) list =
		g_variant_lookup_value(parameters, "bindings", G_VARIANT_TYPE("aa{sv}"));
	GVariantDict dict;
	guint64 version;

	(void)content_fd;
	if (list == NULL || !g_variant_lookup(parameters, "version", "t", &version))
		return invalid(error, "bind needs version and bindings");
	if (!bindings_replace(client->server->bindings, version, list, error))
		return FALSE;
	pool_sync(client->server->pool);
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "version", "t", version);
	reply(client, "ok", g_variant_dict_end(&dict));
	return TRUE;
}

static gboolean handle_seal(Client *client, GVariant *parameters, int content_fd, GError **error)
{
	g_autoptr(GVariant) value =
		g_variant_lookup_value(parameters, "content", G_VARIANT_TYPE_BYTESTRING);
	g_autoptr(GBytes) content = value != NULL ? g_variant_get_data_as_bytes(value) : NULL;
	gboolean taken;
	int memfd;

	(void)content_fd;
	if (content == NULL || g_bytes_get_size(content) == 0)
		return invalid(error, "seal needs content");
	memfd = signer_memfd_new(content, error);
	if (memfd < 0)
		return FALSE;
	taken = pool_seal(client->server->pool, memfd, on_signed, client, error);
	close(memfd);
	return taken;
}

static gboolean handle_status(Client *client, GVariant *parameters, int content_fd, GError **error)
{
	(void)parameters;
	(void)content_fd;
	(void)error;
	reply(client, "ok", pool_status(client->server->pool));
	return TRUE;
}

static gboolean handle_lock(Client *client, GVariant *parameters, int content_fd, GError **error)
{
	const char *label;

	(void)content_fd;
	if (!g_variant_lookup(parameters, "token", "&s", &label))
		return invalid(error, "lock needs token");
	if (!pool_lock(client->server->pool, label, error))
		return FALSE;
	reply(client, "ok", NULL);
	return TRUE;
}

static gboolean handle_unlock(Client *client, GVariant *parameters, int content_fd, GError **error)
{
	const char *label, *pin;
	gboolean despite_low = FALSE;

	(void)content_fd;
	g_variant_lookup(parameters, "despite_low", "b", &despite_low);
	/* Both strings stay in the packet, which is locked memory and is wiped. */
	if (!g_variant_lookup(parameters, "token", "&s", &label) ||
		!g_variant_lookup(parameters, "pin", "&s", &pin) || *pin == '\0')
		return invalid(error, "unlock needs token and pin");
	return pool_unlock(
		client->server->pool, label, pin, despite_low, on_unlocked, client, error);
}

static const struct {
	DoorKind door;
	const char *operation;
	Handle handle;
} handlers[] = {
	{DOOR_SIGN, "sign", handle_sign},
	{DOOR_CONTROL, "bind", handle_bind},
	{DOOR_CONTROL, "seal", handle_seal},
	{DOOR_CONTROL, "status", handle_status},
	{DOOR_CONTROL, "lock", handle_lock},
	{DOOR_UNLOCK, "unlock", handle_unlock},
};

static Handle find_handler(const Client *client, const char *operation, GError **error)
{
	if (!client->allowed) {
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_FORBIDDEN,
			"this user may not use the socket");
		return NULL;
	}
	for (guint i = 0; i < G_N_ELEMENTS(handlers); i++)
		if (handlers[i].door == client->door->kind &&
			strcmp(handlers[i].operation, operation) == 0)
			return handlers[i].handle;
	invalid(error, "this socket has no such operation");
	return NULL;
}

static gboolean on_client(gint fd, GIOCondition condition, gpointer data)
{
	Client *client = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) parameters = NULL;
	g_autofree char *operation = NULL;
	int content_fd = -1;
	Handle handle = NULL;

	(void)condition;
	/* Not read again before this request is answered. */
	client->source = 0;
	g_source_remove(client->idle);
	client->idle = 0;
	parameters = signer_packet_receive(fd, &operation, &content_fd, &error);
	if (parameters == NULL && g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE)) {
		client_free(client);
		return G_SOURCE_REMOVE;
	}
	if (parameters != NULL)
		handle = find_handler(client, operation, &error);
	if (handle == NULL || !handle(client, parameters, content_fd, &error))
		reply_error(client, error);
	if (content_fd >= 0)
		close(content_fd);
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
	wanted.allowed = door->any_peer || wanted.known;
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

Server *server_start(const Settings *settings, GBytes *permit_key, Bindings *bindings, Pool *pool,
	GError **error)
{
	static const char *const keys[N_DOORS] = {"sign_socket", "control_socket", "unlock_socket"};
	static const char *const users[N_DOORS] = {"outgoing_user", "provision_user", NULL};
	Server *server = g_new0(Server, 1);
	gboolean ok = TRUE;

	server->permit_key = permit_key;
	server->permit_uses = permit_uses_new();
	server->bindings = bindings;
	server->pool = pool;
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
			g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID,
				"[api] %s: no such user", users[kind]);
			ok = FALSE;
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
	for (int kind = 0; kind < N_DOORS; kind++) {
		Door *door = &server->doors[kind];

		g_hash_table_unref(door->of_user);
		if (door->fd < 0)
			continue;
		g_source_remove(door->source);
		close(door->fd);
		unlink(door->path);
	}
	permit_uses_free(server->permit_uses);
	g_free(server);
}
