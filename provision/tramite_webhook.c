/*
 * The tramite's webhook: one POST multipart/form-data a parcel, the parts named as the files. Every
 * POST of one parcel has the same Idempotency-Key and the same bytes; Acuse-Signature is
 * "sha256=" and the HMAC-SHA-256 of the whole body in hex. Fails as webhook_post. One thread.
 */
#include "provision/tramite.h"

#include <string.h>

#include "api/webhook.h"
#include "base/error.h"

#define MIN_KEY_BYTES 32

/* A limit that stands in none of the files: it is made of their digests. */
static GBytes *body_of(const TramiteParcel *parcel, char **content_type)
{
	g_autofree char *limit =
		g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, parcel->files[0].bytes);
	GByteArray *body = g_byte_array_new();
	g_autofree char *end = g_strdup_printf("--acuse-%s--\r\n", limit);

	for (guint i = 0; i < parcel->n_files; i++) {
		g_autofree char *head = g_strdup_printf(
			"--acuse-%s\r\nContent-Disposition: form-data; name=\"%s\"; "
			"filename=\"%s\"\r\nContent-Type: %s\r\n\r\n",
			limit, parcel->files[i].name, parcel->files[i].name, parcel->files[i].type);
		gsize size;
		const guint8 *data = g_bytes_get_data(parcel->files[i].bytes, &size);

		g_byte_array_append(body, (const guint8 *)head, (guint)strlen(head));
		g_byte_array_append(body, data, (guint)size);
		g_byte_array_append(body, (const guint8 *)"\r\n", 2);
	}
	g_byte_array_append(body, (const guint8 *)end, (guint)strlen(end));
	*content_type =
		g_strdup_printf("Content-Type: multipart/form-data; boundary=acuse-%s", limit);
	return g_byte_array_free_to_bytes(body);
}

/* *field NULL when no key is set. */
static gboolean sign(const Settings *settings, GBytes *body, char **field, GError **error)
{
	const char *path = settings_string(settings, "tramite", "webhook_key");
	g_autofree char *key = NULL, *mac = NULL;
	g_autoptr(GError) local = NULL;
	g_autoptr(GBytes) bytes = NULL;
	gsize size;

	*field = NULL;
	if (path == NULL || *path == '\0')
		return TRUE;
	if (!g_file_get_contents(path, &key, &size, &local)) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE,
			"[tramite] webhook_key: %s", local->message);
		return FALSE;
	}
	if (size < MIN_KEY_BYTES) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE,
			"[tramite] webhook_key has less than %d bytes", MIN_KEY_BYTES);
		return FALSE;
	}
	bytes = g_bytes_new(key, size);
	mac = g_compute_hmac_for_bytes(G_CHECKSUM_SHA256, bytes, body);
	*field = g_strdup_printf("Acuse-Signature: sha256=%s", mac);
	return TRUE;
}

static const char *path_of(const Settings *settings, const char *key)
{
	const char *path = settings_string(settings, "tramite", key);

	return path != NULL && *path != '\0' ? path : NULL;
}

static gboolean carry_out(Service *service, const json_t *body, GError **error)
{
	const Settings *settings = service->settings;
	g_autofree char *type = NULL, *key = NULL, *signature = NULL;
	g_autoptr(TramiteParcel) parcel = NULL;
	g_autoptr(GBytes) bytes = NULL;
	const char *fields[4] = {NULL};
	WebhookPost post = {.url = settings_string(settings, "tramite", "webhook_url"),
		.fields = fields,
		.certificate = path_of(settings, "webhook_certificate"),
		.certificate_key = path_of(settings, "webhook_certificate_key"),
		.ca = path_of(settings, "webhook_ca"),
		.timeout_ms = (guint)settings_int(settings, "tramite", "webhook_timeout_ms")};

	if (*post.url == '\0')
		return api_invalid(error, "[tramite] webhook_url", "is not set any more");
	parcel = tramite_parcel_new(service, body, error);
	if (parcel == NULL)
		return FALSE;
	post.body = bytes = body_of(parcel, &type);
	if (!sign(settings, bytes, &signature, error))
		return FALSE;
	key = g_strdup_printf("Idempotency-Key: %s", parcel->key);
	fields[0] = type;
	fields[1] = key;
	fields[2] = signature;
	return webhook_post(&post, error);
}

const OutboxKind outbox_kinds_tramite_webhook[] = {
	{"tramite.webhook", carry_out, OUTBOX_TRAMITE}, {NULL}};
