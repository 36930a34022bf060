/*
 * One call of the API, without the HTTP library: who calls, which route, what the body says, the
 * answer. http.c fills an HttpCall as the request arrives, and call_run does the rest.
 */
#ifndef ACUSE_PROVISION_HTTP_CALL_H
#define ACUSE_PROVISION_HTTP_CALL_H

#include "provision/replies.h"
#include "provision/service.h"

#define CALL_JSON_BYTES_MAX (1024 * 1024)
#define CALL_PUBLIC_BYTES_MAX (64 * 1024)
#define CALL_ACTOR_CHARS_MAX 64

/* Which uids hold which roles, as the settings say when it is made. */
typedef struct _RoleTable RoleTable;
RoleTable *role_table_new(const Settings *settings, GError **error);
void role_table_free(RoleTable *table);
/* 0: none, so every call is refused. */
Role role_table_of(const RoleTable *table, guint uid);

/*
 * The route of a method and an undecoded path, and the decoded values of its {…}. NOT_FOUND, or
 * INVALID when a percent-encoding or a character is not allowed.
 */
gboolean route_find(const Route *const *tables, const char *method, const char *path,
	const Route **route, char ***arguments, GError **error);

typedef struct {
	Service *service;
	Replies *replies;
	const Route *route;
	char **arguments;
	Role roles;
	char *actor;
	char *method, *path;
	char *idempotency_key; /* NULL: none */
	GHashTable *query;     /* decoded */
	gsize message_size;    /* the last bytes of the body; 0: the body is JSON alone */
	GByteArray *body;
	gsize body_max;
	GError *failure; /* known before the body was read */
} HttpCall;

HttpCall *call_new(Service *service, Replies *replies, const char *method, const char *path);
void call_free(HttpCall *call);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HttpCall, call_free)

/* Names the caller; header NULL: none. Only root may name somebody else. */
void call_set_local_caller(HttpCall *call, const RoleTable *roles, guint uid, const char *header);
/* address: of the peer, numeric; a brake on guessing counts by it. */
void call_set_public_caller(HttpCall *call, const char *address);
/* After the caller is set. */
void call_set_route(HttpCall *call, const Route *const *tables);
/* text: the header Acuse-Message-Size, NULL: none. After the route is set. */
void call_set_message_size(HttpCall *call, const char *text);
void call_add_query(HttpCall *call, const char *name, const char *value);
/* A part of the body; what is over the limit is counted and dropped. */
void call_add_body(HttpCall *call, const void *bytes, gsize size);

/* Answers; always fills response (json or bytes). Logs one line. */
void call_run(HttpCall *call, ApiResponse *response);
void response_clear(ApiResponse *response);

#endif
