/*
 * http_call.h: a request as data -> an answer as data. Each failure becomes a problem document
 * (RFC 9457) by the error table; strangers over TLS are not told the details of our own troubles.
 * One log line a call: method, route, status, actor; never a body. Each HttpCall belongs to one
 * thread; the role table is read-only.
 */
#include "provision/http_call.h"

#include <string.h>

#include "api/client.h"
#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "cms/digest.h"

#define PROBLEM_TYPE "application/problem+json"

/* ---- roles ---- */

struct _RoleTable {
	GHashTable *roles; /* uid -> mask */
};

static void grant(RoleTable *table, guint uid, Role role)
{
	gpointer key = GUINT_TO_POINTER(uid);
	guint held = GPOINTER_TO_UINT(g_hash_table_lookup(table->roles, key));

	if (uid != (guint)-1)
		g_hash_table_insert(table->roles, key, GUINT_TO_POINTER(held | role));
}

static gboolean grant_list(
	RoleTable *table, const Settings *settings, const char *key, Role role, GError **error)
{
	const char *const *users = settings_list(settings, "api", key);
	guint uid;

	for (; users != NULL && *users != NULL; users++) {
		if (!settings_user_id(*users, &uid)) {
			return settings_fail(
				settings, error, "api", key, "no such user: %s", *users);
		}
		grant(table, uid, role);
	}
	return TRUE;
}

RoleTable *role_table_new(const Settings *settings, GError **error)
{
	RoleTable *table = g_new0(RoleTable, 1);

	table->roles = g_hash_table_new(NULL, NULL);
	grant(table, settings_uid(settings, "api", "outgoing_user"), ROLE_OUTGOING);
	grant(table, settings_uid(settings, "api", "evidence_user"), ROLE_EVIDENCE);
	if (grant_list(table, settings, "otic_users", ROLE_OTIC, error) &&
		grant_list(table, settings, "hr_users", ROLE_HR, error) &&
		grant_list(table, settings, "tramite_users", ROLE_TRAMITE, error) &&
		grant_list(table, settings, "auditor_users", ROLE_AUDITOR, error) &&
		grant_list(table, settings, "head_users", ROLE_HEAD, error))
		return table;
	role_table_free(table);
	return NULL;
}

void role_table_free(RoleTable *table)
{
	if (table == NULL)
		return;
	g_hash_table_destroy(table->roles);
	g_free(table);
}

Role role_table_of(const RoleTable *table, guint uid)
{
	return (Role)GPOINTER_TO_UINT(g_hash_table_lookup(table->roles, GUINT_TO_POINTER(uid)));
}

/* ---- routes ---- */

static gboolean is_placeholder(const char *segment)
{
	return *segment == '{';
}

/* Segment by segment, without taking them apart: every call passes by every row. */
static gboolean path_matches(const char *pattern, const char *path)
{
	for (;; pattern++, path++) {
		gsize expected = strcspn(pattern, "/"), length = strcspn(path, "/");

		if (is_placeholder(pattern)
				? length == 0
				: length != expected || memcmp(pattern, path, length) != 0)
			return FALSE;
		pattern += expected;
		path += length;
		if (*pattern == '\0' || *path == '\0')
			return *pattern == *path;
	}
}

/* Decoded, valid UTF-8 without control characters; NULL otherwise. */
static char *decode(const char *text)
{
	g_autofree char *decoded = g_uri_unescape_string(text, NULL);

	if (decoded == NULL || !g_utf8_validate(decoded, -1, NULL))
		return NULL;
	for (const char *p = decoded; *p != '\0'; p = g_utf8_next_char(p))
		if (g_unichar_iscntrl(g_utf8_get_char(p)))
			return NULL;
	return g_steal_pointer(&decoded);
}

static char **decode_arguments(const char *pattern_path, const char *path)
{
	g_auto(GStrv) patterns = g_strsplit(pattern_path, "/", -1);
	g_auto(GStrv) split = g_strsplit(path, "/", -1);
	g_autoptr(GPtrArray) values = g_ptr_array_new_with_free_func(g_free);
	char **segments = split;

	for (char **pattern = patterns; *pattern != NULL; pattern++, segments++) {
		char *value;

		if (!is_placeholder(*pattern))
			continue;
		value = decode(*segments);
		if (value == NULL)
			return NULL;
		g_ptr_array_add(values, value);
	}
	g_ptr_array_add(values, NULL);
	return (char **)g_ptr_array_steal(values, NULL);
}

gboolean route_find(const Route *const *tables, const char *method, const char *path,
	const Route **route, char ***arguments, GError **error)
{
	for (; *tables != NULL; tables++) {
		for (const Route *row = *tables; row->method != NULL; row++) {
			if (strcmp(row->method, method) != 0 || !path_matches(row->path, path))
				continue;
			*arguments = decode_arguments(row->path, path);
			*route = row;
			if (*arguments != NULL)
				return TRUE;
			g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID,
				"the path is not well encoded");
			return FALSE;
		}
	}
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND, "no such call");
	return FALSE;
}

/* ---- the call ---- */

HttpCall *call_new(Service *service, Replies *replies, const char *method, const char *path)
{
	HttpCall *call = g_new0(HttpCall, 1);

	call->service = service;
	call->replies = replies;
	call->method = g_strdup(method);
	call->path = g_strdup(path);
	call->query = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	call->body = g_byte_array_new();
	return call;
}

void call_free(HttpCall *call)
{
	if (call == NULL)
		return;
	/* A body may hold a password. */
	if (call->body->len > 0)
		explicit_bzero(call->body->data, call->body->len);
	g_byte_array_unref(call->body);
	g_strfreev(call->arguments);
	g_free(call->actor);
	g_free(call->method);
	g_free(call->path);
	g_free(call->idempotency_key);
	g_hash_table_destroy(call->query);
	g_clear_error(&call->failure);
	g_free(call);
}

static void call_fail(HttpCall *call, AcuseErrorCode code, const char *detail)
{
	if (call->failure == NULL)
		call->failure = g_error_new_literal(ACUSE_ERROR, (int)code, detail);
}

static gboolean is_actor(const char *name)
{
	gsize size = strlen(name);

	for (const char *p = name; *p != '\0'; p++)
		if (!g_ascii_isalnum(*p) && strchr("._@-", *p) == NULL)
			return FALSE;
	return size > 0 && size <= CALL_ACTOR_CHARS_MAX;
}

void call_set_local_caller(HttpCall *call, const RoleTable *roles, guint uid, const char *header)
{
	call->roles = role_table_of(roles, uid);
	if (uid == 0 && header != NULL) {
		if (is_actor(header))
			call->actor = g_strdup(header);
		else
			call_fail(call, ACUSE_ERROR_INVALID, "Acuse-Actor: is no name");
	}
	if (call->actor == NULL)
		call->actor = g_strdup_printf("uid:%u", uid);
}

void call_set_public_caller(HttpCall *call, const char *address)
{
	call->roles = ROLE_PUBLIC;
	call->actor = g_strconcat("public:", address, NULL);
}

void call_set_route(HttpCall *call, const Route *const *tables)
{
	GError *failure = NULL;

	if (!route_find(
		    tables, call->method, call->path, &call->route, &call->arguments, &failure)) {
		if (call->failure == NULL)
			call->failure = failure;
		else
			g_error_free(failure);
		return;
	}
	if (((int)call->roles & call->route->roles) == 0)
		call_fail(call, ACUSE_ERROR_FORBIDDEN, "this caller has no role for this call");
	if (call->roles == ROLE_PUBLIC)
		call->body_max = CALL_PUBLIC_BYTES_MAX;
	else if (call->route->raw)
		call->body_max =
			(gsize)settings_int(call->service->settings, "milter", "max_message_bytes");
	else
		call->body_max = CALL_JSON_BYTES_MAX;
}

void call_set_message_size(HttpCall *call, const char *text)
{
	guint64 size;

	if (text == NULL)
		return;
	if (call->route != NULL && call->route->message &&
		g_ascii_string_to_unsigned(text, 10, 1, API_MESSAGE_BYTES_MAX, &size, NULL))
		call->message_size = (gsize)size;
	else
		call_fail(call, ACUSE_ERROR_INVALID,
			API_MESSAGE_SIZE ": is not for this call, or no size of a message");
}

void call_add_query(HttpCall *call, const char *name, const char *value)
{
	char *key = decode(name);
	char *decoded = decode(value == NULL ? "" : value);

	if (key == NULL || decoded == NULL || g_hash_table_contains(call->query, key)) {
		g_free(key);
		g_free(decoded);
		call_fail(call, ACUSE_ERROR_INVALID, "a parameter is repeated or not well encoded");
		return;
	}
	g_hash_table_insert(call->query, key, decoded);
}

void call_add_body(HttpCall *call, const void *bytes, gsize size)
{
	if (call->failure != NULL)
		return;
	if (call->body->len + size > call->body_max) {
		call_fail(call, ACUSE_ERROR_TOO_LARGE, "the body is too large");
		return;
	}
	g_byte_array_append(call->body, bytes, (guint)size);
}

static const char *query_value(gpointer http, const char *name)
{
	return g_hash_table_lookup(((HttpCall *)http)->query, name);
}

static json_t *parse_body(HttpCall *call, GError **error)
{
	json_error_t where;
	json_t *body = json_loadb((const char *)call->body->data,
		call->body->len - call->message_size, JSON_REJECT_DUPLICATES, &where);

	if (json_is_object(body))
		return body;
	/* The parser's own words may quote the body: only the place is told. */
	if (body == NULL)
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID,
			"the body is not JSON (line %d, column %d)", where.line, where.column);
	else
		g_set_error(
			error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "the body is not a JSON object");
	json_decref(body);
	return NULL;
}

static gboolean handle(HttpCall *call, ApiResponse *response, GError **error)
{
	ApiRequest request = {.service = call->service,
		.roles = call->roles,
		.actor = call->actor,
		.method = call->method,
		.arguments = call->arguments,
		.query = query_value,
		.http = call};
	gboolean ok;

	if (call->message_size > 0 && call->message_size >= call->body->len) {
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_INVALID,
			API_MESSAGE_SIZE ": the body is shorter");
		return FALSE;
	}
	if (call->route->raw) {
		request.raw = g_bytes_new_static(call->body->data, call->body->len);
	} else if (call->body->len > 0) {
		request.body = parse_body(call, error);
		if (request.body == NULL)
			return FALSE;
	}
	if (call->message_size > 0)
		request.message =
			g_bytes_new_static(call->body->data + call->body->len - call->message_size,
				call->message_size);
	ok = call->route->handle(&request, response, error);
	json_decref(request.body);
	g_clear_pointer(&request.raw, g_bytes_unref);
	g_clear_pointer(&request.message, g_bytes_unref);
	return ok;
}

static char *fingerprint_of(const HttpCall *call)
{
	g_autofree char *body = digest_sha256_hex(call->body->data, call->body->len);
	g_autofree char *all = g_strdup_printf("%s %s %s", call->method, call->path, body);

	return digest_sha256_hex(all, strlen(all));
}

/* Strangers cannot fill the table: only local callers have keys. */
static gboolean handle_once(HttpCall *call, ApiResponse *response, GError **error)
{
	g_autofree char *fingerprint = NULL;
	g_autoptr(GError) failure = NULL;
	gboolean answered = FALSE, ok;

	if (call->idempotency_key == NULL || call->roles == ROLE_PUBLIC ||
		call->route->repeatable || strcmp(call->method, "POST") != 0)
		return handle(call, response, error);
	fingerprint = fingerprint_of(call);
	if (!replies_begin(call->replies, call->actor, call->idempotency_key, fingerprint, response,
		    &answered, error))
		return FALSE;
	if (answered)
		return TRUE;
	ok = handle(call, response, error);
	if (!replies_end(call->replies, call->actor, call->idempotency_key, fingerprint,
		    ok ? response : NULL, &failure))
		log_warning("an answer could not be kept for its Idempotency-Key", "reason",
			failure->message, NULL);
	return ok;
}

static gboolean may_tell(const HttpCall *call, const AcuseErrorRow *row)
{
	return call->roles != ROLE_PUBLIC || (!row->retry && row->code != ACUSE_ERROR_INTERNAL &&
						     row->code != ACUSE_ERROR_DAMAGED);
}

static void answer_problem(const HttpCall *call, const GError *failure, ApiResponse *response)
{
	const AcuseErrorRow *row = acuse_error_row_of(failure);
	g_autofree char *type = g_strconcat("urn:acuse:error:", row->name, NULL);
	g_autofree char *detail =
		g_utf8_make_valid(may_tell(call, row) ? failure->message : _(row->text), -1);

	response_clear(response);
	response->status = row->http_status;
	response->content_type = PROBLEM_TYPE;
	response->json = json_pack("{s:s, s:s, s:i, s:s, s:s}", "type", type, "title", _(row->text),
		"status", (int)row->http_status, "detail", detail, "code", row->name);
}

void call_run(HttpCall *call, ApiResponse *response)
{
	g_autoptr(GError) failure = NULL;
	g_autofree char *status = NULL;
	gboolean ok = FALSE;

	memset(response, 0, sizeof *response);
	response->status = 200;
	if (call->failure != NULL)
		failure = g_error_copy(call->failure);
	else
		ok = handle_once(call, response, &failure);
	if (!ok && failure == NULL)
		failure = g_error_new(ACUSE_ERROR, ACUSE_ERROR_INTERNAL, "no answer");
	if (!ok)
		answer_problem(call, failure, response);
	else if (response->json == NULL && response->bytes == NULL)
		response->json = json_object();
	status = g_strdup_printf("%u", response->status);
	log_info("request", "method", call->method, "route",
		call->route == NULL ? "none" : call->route->path, "status", status, "actor",
		call->actor, "reason", ok ? NULL : failure->message, NULL);
}

void response_clear(ApiResponse *response)
{
	json_decref(response->json);
	if (response->bytes != NULL)
		g_bytes_unref(response->bytes);
	memset(response, 0, sizeof *response);
}
