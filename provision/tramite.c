/*
 * tramite.h: entries of the outbox to files. The manifest has the digests of the others; nothing in
 * it depends on when it is made. Fails as the header says. Any thread.
 */
#include "provision/tramite.h"

#include <stdlib.h>
#include <string.h>

#include "api/record_json.h"
#include "base/error.h"
#include "cms/digest.h"
#include "provision/bundle.h"
#include "provision/constancia.h"
#include "provision/row.h"

#define MAX_NAME 120

static gboolean is_set(const Settings *settings, const char *key)
{
	const char *text = settings_string(settings, "tramite", key);

	return text != NULL && *text != '\0';
}

static gboolean add(StoreTxn *txn, const Settings *settings, const json_t *body, GError **error)
{
	return (!is_set(settings, "folder") ||
		       outbox_add(txn, outbox_kinds_tramite_folder[0].kind, body, NULL, error)) &&
	       (!is_set(settings, "webhook_url") ||
		       outbox_add(txn, outbox_kinds_tramite_webhook[0].kind, body, NULL, error));
}

gboolean tramite_add(
	StoreTxn *txn, const Settings *settings, const TramiteItem *item, GError **error)
{
	json_auto_t *body = json_pack("{s:s, s:s, s:I, s:s, s:I}", "send", item->send_id,
		"recipient", item->recipient, "leaves", (json_int_t)item->n_leaves, "outcome",
		delivery_outcome_name(item->outcome), "time", (json_int_t)item->time_s);

	return add(txn, settings, body, error);
}

gboolean tramite_add_answer(
	StoreTxn *txn, const Settings *settings, const TramiteAnswer *answer, GError **error)
{
	json_auto_t *body = NULL;
	guint64 number;

	/* A request may be observed twice within a second. */
	if (!store_next(txn, "tramite-answer", &number, error))
		return FALSE;
	body = json_pack("{s:s, s:I, s:s?, s:s, s:s, s:s, s:s?, s:s?, s:I}", "request",
		answer->request_id, "number", (json_int_t)number, "expediente", answer->tramite,
		"outcome", answer->state, "subject", answer->subject, "text", answer->text,
		"reasons", answer->reasons, "account", answer->account, "time",
		(json_int_t)answer->time_s);
	return add(txn, settings, body, error);
}

void tramite_parcel_free(TramiteParcel *parcel)
{
	if (parcel == NULL)
		return;
	g_free(parcel->key);
	g_free(parcel->folder);
	for (guint i = 0; i < TRAMITE_FILES; i++)
		g_clear_pointer(&parcel->files[i].bytes, g_bytes_unref);
	g_free(parcel);
}

static char *safe_name(const char *text)
{
	GString *name = g_string_new(NULL);

	for (const char *at = text; *at != '\0'; at++) {
		gboolean plain = g_ascii_isalnum(*at) || *at == '-' || *at == '_' ||
				 (*at == '.' && at != text);

		if (plain)
			g_string_append_c(name, *at);
		else
			g_string_append_printf(name, "%%%02X", (guint8)*at);
	}
	if (name->len > MAX_NAME) {
		g_autofree char *digest = digest_sha256_hex(text, strlen(text));

		g_string_truncate(name, MAX_NAME - 65);
		g_string_append_printf(name, "-%s", digest);
	}
	return g_string_free(name, FALSE);
}

char *tramite_folder_of(const char *expediente, const char *day)
{
	g_autofree char *name = safe_name(
		expediente != NULL && *expediente != '\0' ? expediente : "SIN-EXPEDIENTE");
	gboolean has_year = expediente != NULL && strspn(expediente, "0123456789") == 4;

	return g_strdup_printf("%.4s/%s", has_year ? expediente : day, name);
}

static void set_file(
	TramiteParcel *parcel, guint index, const char *name, const char *type, GBytes *bytes)
{
	parcel->files[index].name = name;
	parcel->files[index].type = type;
	parcel->files[index].bytes = bytes;
}

/* Names and digests of the files behind the manifest; a new reference. */
static json_t *files_of(const TramiteParcel *parcel)
{
	json_t *files = json_array();
	gsize size;

	for (guint i = 1; i < parcel->n_files; i++) {
		const void *data = g_bytes_get_data(parcel->files[i].bytes, &size);
		g_autofree char *digest = digest_sha256_hex(data, size);

		json_array_append_new(
			files, json_pack("{s:s, s:s, s:I}", "name", parcel->files[i].name, "sha256",
				       digest, "size", (json_int_t)size));
	}
	return files;
}

/* As the first file; consumes the manifest. */
static void set_manifest(TramiteParcel *parcel, json_t *manifest)
{
	char *text = json_dumps(manifest, JSON_INDENT(2));

	json_decref(manifest);
	set_file(parcel, 0, "manifest.json", "application/json",
		g_bytes_new_with_free_func(text, strlen(text), free, text));
}

static void set_send_manifest(TramiteParcel *parcel, const json_t *body, const json_t *send)
{
	g_autofree char *time = time_to_rfc3339(json_integer_value(json_object_get(body, "time")));
	json_t *manifest = json_pack("{s:i, s:s, s:O, s:s?, s:s?, s:O, s:O, s:s, s:o}", "v", 1,
		"key", parcel->key, "send", json_object_get(body, "send"), "expediente",
		row_text(send, "expediente"), "subject", row_text(send, "subject"), "recipient",
		json_object_get(body, "recipient"), "outcome", json_object_get(body, "outcome"),
		"time", time, "files", files_of(parcel));

	set_manifest(parcel, manifest);
}

static gboolean fill(Service *service, TramiteParcel *parcel, const ProofPoint *point,
	const json_t *body, GError **error)
{
	g_autofree char *day = g_strndup(row_text(point->send, "time"), 10);

	parcel->key = g_strdup_printf("%s-%u-%u-%s", point->send_id, point->number, point->n_leaves,
		row_text(body, "outcome"));
	parcel->folder = tramite_folder_of(row_text(point->send, "expediente"), day);
	set_file(parcel, 1, "constancia.pdf", "application/pdf",
		constancia_make(service, point, CONSTANCIA_PDF, error));
	if (parcel->files[1].bytes == NULL)
		return FALSE;
	set_file(parcel, 2, "constancia.png", "image/png",
		constancia_make(service, point, CONSTANCIA_PNG, error));
	if (parcel->files[2].bytes == NULL)
		return FALSE;
	set_file(
		parcel, 3, "prueba.asice", BUNDLE_CONTENT_TYPE, bundle_make(service, point, error));
	if (parcel->files[3].bytes == NULL)
		return FALSE;
	parcel->n_files = 4;
	set_send_manifest(parcel, body, point->send);
	return TRUE;
}

/* All of an answer stands in its entry. */
static void fill_answer(TramiteParcel *parcel, const json_t *body)
{
	g_autofree char *time = time_to_rfc3339(json_integer_value(json_object_get(body, "time")));
	const char *text = row_text(body, "text");
	json_t *manifest;

	parcel->key = g_strdup_printf("solicitud-%s-%" JSON_INTEGER_FORMAT "-%s",
		row_text(body, "request"), json_integer_value(json_object_get(body, "number")),
		row_text(body, "outcome"));
	parcel->folder = tramite_folder_of(row_text(body, "expediente"), time);
	set_file(parcel, 1, "respuesta.txt", "text/plain; charset=utf-8",
		g_bytes_new(text, strlen(text)));
	parcel->n_files = 2;
	manifest = json_pack("{s:i, s:s, s:O, s:O, s:O, s:O, s:O, s:O, s:s, s:o}", "v", 1, "key",
		parcel->key, "request", json_object_get(body, "request"), "expediente",
		json_object_get(body, "expediente"), "subject", json_object_get(body, "subject"),
		"outcome", json_object_get(body, "outcome"), "reasons",
		json_object_get(body, "reasons"), "account", json_object_get(body, "account"),
		"time", time, "files", files_of(parcel));
	set_manifest(parcel, manifest);
}

TramiteParcel *tramite_parcel_new(Service *service, const json_t *body, GError **error)
{
	g_autoptr(TramiteParcel) parcel = g_new0(TramiteParcel, 1);
	const char *send = row_text(body, "send");
	g_autoptr(ProofPoint) point = NULL;

	if (row_text(body, "request") != NULL && row_text(body, "text") != NULL) {
		fill_answer(parcel, body);
		return g_steal_pointer(&parcel);
	}
	if (send == NULL || row_text(body, "outcome") == NULL) {
		api_invalid(error, "outbox", "no parcel for the tramite");
		return NULL;
	}
	point = proof_point_new(service, send, row_text(body, "recipient"),
		(guint)json_integer_value(json_object_get(body, "leaves")), error);
	if (point == NULL || !fill(service, parcel, point, body, error))
		return NULL;
	return g_steal_pointer(&parcel);
}
