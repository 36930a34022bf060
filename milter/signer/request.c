/*
 * request.h: checks in the order of their cost, the permit last, for it is good once. One thread; a
 * request lives from request_handle until its answer.
 */
#include "signer/request.h"
#include "base/error.h"
#include "base/log.h"
#include "cms/digest.h"
#include "signer/header_block.h"
#include "signer/permit.h"
#include "signer/protocol.h"
#include "signer/unlock_offer.h"

#include <string.h>
#include <unistd.h>

typedef struct {
	const Desk *desk;
	DoorKind door;
	char *send_id, *mailbox; /* of a signature; NULL: not known yet, or none */
	char *permit;		 /* the same, once it is taken */
	char *token;		 /* that is unlocked; else NULL */
	RequestAnswer answer;
	gpointer data;
} Request;

/* answer is consumed; NULL: an empty one. */
static void reply(Request *request, const char *word, GVariant *answer)
{
	request->answer(word, answer, request->data);
	g_free(request->permit);
	g_free(request->send_id);
	g_free(request->mailbox);
	g_free(request->token);
	g_free(request);
}

static void reply_error(Request *request, const GError *error)
{
	const char *name = acuse_error_row_of(error)->name;
	GVariantDict dict;

	if (request->permit != NULL)
		permit_uses_give_back(request->desk->permit_uses, request->permit);
	if (request->door == DOOR_SIGN)
		log_warning("signature refused", "send_id", request->send_id, "mailbox",
			request->mailbox, "error", name, "detail", error->message, NULL);
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "detail", "s", error->message);
	reply(request, name, g_variant_dict_end(&dict));
}

static void on_signed(GVariant *answer, const GError *error, gpointer data)
{
	Request *request = data;
	const char *certificate_sha256 = NULL;
	g_autoptr(GError) uncounted = NULL;

	if (answer != NULL && request->door == DOOR_SIGN &&
		!tally_add(request->desk->tally, request->send_id,
			g_get_real_time() / G_USEC_PER_SEC, &uncounted)) {
		answer = NULL;
		error = uncounted;
	}
	if (answer == NULL) {
		reply_error(request, error);
		return;
	}
	g_variant_lookup(answer, "certificate_sha256", "&s", &certificate_sha256);
	log_info(request->door == DOOR_SIGN ? "signed" : "sealed", "send_id", request->send_id,
		"mailbox", request->mailbox, "certificate_sha256", certificate_sha256, NULL);
	reply(request, "ok", g_variant_ref(answer));
}

/* Whether the PIN reached the token, or may have. */
static gboolean is_spent(const GError *error)
{
	return !g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_PIN_LOW) &&
	       !g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_TOKEN_ABSENT) &&
	       !g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_CERTIFICATE);
}

static void on_unlocked(GVariant *answer, const GError *error, gpointer data)
{
	Request *request = data;
	Afar *afar = request->desk->afar;

	if (afar != NULL && request->door == DOOR_UNLOCK && answer != NULL)
		afar_reopen(afar, request->token);
	else if (request->door == DOOR_CONTROL && answer == NULL && is_spent(error))
		afar_close(afar, request->token);
	if (request->door == DOOR_CONTROL)
		log_info("unlocked from afar", "token", request->token, "error",
			answer != NULL ? NULL : acuse_error_row_of(error)->name, NULL);
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

static gboolean is_afar_on(const Desk *desk, GError **error)
{
	if (desk->afar != NULL)
		return TRUE;
	g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_FORBIDDEN,
		"unlocking from afar is off ([signing] remote_unlock)");
	return FALSE;
}

/* What a handler says: an error it sets is answered; otherwise it has answered or will. */
typedef gboolean (*Handle)(Request *request, GVariant *parameters, int content_fd, GError **error);

static gboolean check_content(const Permit *permit, int content_fd, GError **error)
{
	g_autoptr(GBytes) content = NULL;
	g_autofree char *sha256 = NULL;
	const void *data;
	gsize size;

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

static gboolean handle_sign(Request *request, GVariant *parameters, int content_fd, GError **error)
{
	const Desk *desk = request->desk;
	gint64 now_s = g_get_real_time() / G_USEC_PER_SEC;
	g_autoptr(Permit) permit = NULL;
	g_autoptr(GPtrArray) bindings = NULL;
	TokenWork work = {.content_fd = content_fd};
	const char *text = NULL;

	g_variant_lookup(parameters, "permit", "&s", &text);
	permit = permit_check(desk->permit_key, text, now_s, error);
	if (permit == NULL)
		return FALSE;
	request->send_id = g_strdup(permit->send_id);
	request->mailbox = g_strdup(permit->mailbox);
	if (content_fd < 0)
		return invalid(error, "there is no content");
	bindings = bindings_find_mailbox(desk->bindings, permit->mailbox, now_s, error);
	if (bindings == NULL || !check_content(permit, content_fd, error) ||
		!permit_uses_take(desk->permit_uses, text, permit->expires_s, now_s, error))
		return FALSE;
	request->permit = g_strdup(text);
	g_variant_lookup(parameters, "wait_ms", "u", &work.wait_ms);
	work.wait_ms = MIN(work.wait_ms, REQUEST_MAX_WAIT_MS);
	work.mailbox = permit->mailbox;
	return pool_sign(desk->pool, bindings, &work, on_signed, request, error);
}

static gboolean handle_bind(Request *request, GVariant *parameters, int content_fd, GError **error)
{
	g_autoptr(GVariant) list =
		g_variant_lookup_value(parameters, "bindings", G_VARIANT_TYPE("aa{sv}"));
	GVariantDict dict;
	gboolean replaced;
	guint64 version;

	(void)content_fd;
	if (list == NULL || !g_variant_lookup(parameters, "version", "t", &version))
		return invalid(error, "bind needs version and bindings");
	replaced = bindings_replace(request->desk->bindings, version, list, error);
	/* What is lost stops although a full disk does not take it. */
	if (replaced || g_error_matches(*error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE))
		pool_sync(request->desk->pool);
	if (!replaced)
		return FALSE;
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "version", "t", version);
	reply(request, "ok", g_variant_dict_end(&dict));
	return TRUE;
}

static gboolean handle_seal(Request *request, GVariant *parameters, int content_fd, GError **error)
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
	taken = pool_seal(request->desk->pool, memfd, on_signed, request, error);
	close(memfd);
	return taken;
}

static gboolean handle_status(
	Request *request, GVariant *parameters, int content_fd, GError **error)
{
	(void)parameters;
	(void)content_fd;
	(void)error;
	reply(request, "ok", pool_status(request->desk->pool));
	return TRUE;
}

static gboolean handle_certificates(
	Request *request, GVariant *parameters, int content_fd, GError **error)
{
	GVariant *answer;
	const char *label;

	(void)content_fd;
	if (!g_variant_lookup(parameters, "token", "&s", &label))
		return invalid(error, "certificates needs token");
	answer = pool_chains(request->desk->pool, label, error);
	if (answer == NULL)
		return FALSE;
	reply(request, "ok", answer);
	return TRUE;
}

static gboolean handle_lock(Request *request, GVariant *parameters, int content_fd, GError **error)
{
	const char *label;

	(void)content_fd;
	if (!g_variant_lookup(parameters, "token", "&s", &label))
		return invalid(error, "lock needs token");
	if (!pool_lock(request->desk->pool, label, error))
		return FALSE;
	reply(request, "ok", NULL);
	return TRUE;
}

static gboolean handle_unlock(
	Request *request, GVariant *parameters, int content_fd, GError **error)
{
	const char *label, *pin;
	gboolean despite_low = FALSE;

	(void)content_fd;
	g_variant_lookup(parameters, "despite_low", "b", &despite_low);
	/* Both strings stay in the packet, which is locked memory and is wiped. */
	if (!g_variant_lookup(parameters, "token", "&s", &label) ||
		!g_variant_lookup(parameters, "pin", "&s", &pin) || *pin == '\0')
		return invalid(error, "unlock needs token and pin");
	request->token = g_strdup(label);
	return pool_unlock(
		request->desk->pool, label, pin, despite_low, on_unlocked, request, error);
}

static gboolean handle_signed(
	Request *request, GVariant *parameters, int content_fd, GError **error)
{
	guint64 after = 0;
	GVariant *page;
	const char *day;

	(void)content_fd;
	if (!g_variant_lookup(parameters, "day", "&s", &day))
		return invalid(error, "signed needs day");
	g_variant_lookup(parameters, "after", "t", &after);
	page = tally_read(request->desk->tally, day, after, error);
	if (page == NULL)
		return FALSE;
	reply(request, "ok", page);
	return TRUE;
}

static gboolean handle_identity(
	Request *request, GVariant *parameters, int content_fd, GError **error)
{
	GVariantDict dict;

	(void)parameters;
	(void)content_fd;
	if (!is_afar_on(request->desk, error))
		return FALSE;
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "identity", "s", afar_identity(request->desk->afar));
	reply(request, "ok", g_variant_dict_end(&dict));
	return TRUE;
}

static gboolean handle_offer(Request *request, GVariant *parameters, int content_fd, GError **error)
{
	const Desk *desk = request->desk;
	const Binding *binding = NULL;
	const char *label, *holder;
	GVariant *offer;

	(void)content_fd;
	if (!is_afar_on(desk, error))
		return FALSE;
	if (!g_variant_lookup(parameters, "token", "&s", &label) ||
		!g_variant_lookup(parameters, "holder", "&s", &holder))
		return invalid(error, "offer needs token and holder");
	binding = bindings_find_token(desk->bindings, label);
	if (binding == NULL || *holder == '\0' || strcmp(binding->holder, holder) != 0) {
		g_set_error_literal(
			error, ACUSE_ERROR, ACUSE_ERROR_FORBIDDEN, "not the token's holder");
		return FALSE;
	}
	offer = afar_offer(desk->afar, label, holder, g_get_real_time() / G_USEC_PER_SEC, error);
	if (offer == NULL)
		return FALSE;
	reply(request, "ok", offer);
	return TRUE;
}

static gboolean handle_unlock_sealed(
	Request *request, GVariant *parameters, int content_fd, GError **error)
{
	const Desk *desk = request->desk;
	g_autoptr(GVariant) value =
		g_variant_lookup_value(parameters, "sealed", G_VARIANT_TYPE_BYTESTRING);
	g_autoptr(GBytes) sealed = value != NULL ? g_variant_get_data_as_bytes(value) : NULL;
	g_autoptr(PacketBuffer) block = NULL;
	const char *offer;

	(void)content_fd;
	if (!is_afar_on(desk, error))
		return FALSE;
	if (sealed == NULL || !g_variant_lookup(parameters, "offer", "&s", &offer))
		return invalid(error, "unlock-sealed needs offer and sealed");
	block = afar_take(desk->afar, offer, sealed, g_get_real_time() / G_USEC_PER_SEC,
		&request->token, error);
	return block != NULL &&
	       pool_unlock(desk->pool, request->token, unlock_block_pin(block->data), FALSE,
		       on_unlocked, request, error);
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
	{DOOR_CONTROL, "certificates", handle_certificates},
	{DOOR_CONTROL, "lock", handle_lock},
	{DOOR_CONTROL, "signed", handle_signed},
	{DOOR_CONTROL, "offer", handle_offer},
	{DOOR_CONTROL, "unlock-sealed", handle_unlock_sealed},
	{DOOR_UNLOCK, "unlock", handle_unlock},
	{DOOR_UNLOCK, "identity", handle_identity},
};

static Handle find_handler(DoorKind door, const char *operation, GError **error)
{
	for (guint i = 0; i < G_N_ELEMENTS(handlers); i++)
		if (handlers[i].door == door && strcmp(handlers[i].operation, operation) == 0)
			return handlers[i].handle;
	invalid(error, "this socket has no such operation");
	return NULL;
}

void request_handle(const Desk *desk, DoorKind door, const char *operation, GVariant *parameters,
	int content_fd, RequestAnswer answer, gpointer data)
{
	g_autoptr(GError) error = NULL;
	Handle handle = find_handler(door, operation, &error);
	Request *request = g_new0(Request, 1);

	request->desk = desk;
	request->door = door;
	request->answer = answer;
	request->data = data;
	if (handle == NULL || !handle(request, parameters, content_fd, &error))
		reply_error(request, error);
}

void request_refuse(DoorKind door, const GError *error, RequestAnswer answer, gpointer data)
{
	Request *request = g_new0(Request, 1);

	request->door = door;
	request->answer = answer;
	request->data = data;
	reply_error(request, error);
}
