/*
 * witnesses.h: TABLE_INDEX "witness/told" -> the last day, in the change that queues the mails. The
 * files of a mail are read again when it goes. Fails as the store does. Any thread.
 */
#include "provision/witnesses.h"

#include "base/error.h"
#include "base/text.h"
#include "provision/heads.h"
#include "provision/notices.h"
#include "provision/row.h"

#define TOLD_KEY "witness/told"

typedef struct {
	Service *service;
	const json_t *head;
	const char *today;
} Telling;

static gboolean tell_change(StoreTxn *txn, gpointer data, GError **error)
{
	const Telling *telling = data;
	const Service *service = telling->service;
	const char *const *witness = settings_list(service->settings, "ledger", "witnesses");
	g_autofree char *told = NULL;
	json_auto_t *facts =
		json_pack("{s:O, s:O, s:O}", "size", json_object_get(telling->head, "size"), "root",
			json_object_get(telling->head, "root"), "time",
			json_object_get(telling->head, "time"));

	if (!row_load_text(txn, TABLE_INDEX, TOLD_KEY, &told, error))
		return FALSE;
	if (g_strcmp0(told, telling->today) == 0)
		return TRUE;
	for (; *witness != NULL; witness++)
		if (!notice_add(
			    txn, *witness, notice_ledger_head.kind, facts, service->now_s(), error))
			return FALSE;
	return store_put(txn, TABLE_INDEX, TOLD_KEY, telling->today, error);
}

gboolean witnesses_tell(Service *service, const char *head, GError **error)
{
	const char *const *witnesses = settings_list(service->settings, "ledger", "witnesses");
	g_autofree char *told = NULL, *today = service_today(service);
	json_auto_t *json = json_loads(head, 0, NULL);
	Telling telling = {service, json, today};

	if (*witnesses == NULL || !json_is_string(json_object_get(json, "cms")))
		return TRUE;
	return row_read_text(service->store, TABLE_INDEX, TOLD_KEY, &told, error) &&
	       (g_strcmp0(told, today) == 0 ||
		       store_run(service->store, tell_change, &telling, error));
}

/* ---- the mail ---- */

static char *size_text(const json_t *facts)
{
	return g_strdup_printf(
		"%" JSON_INTEGER_FORMAT, json_integer_value(json_object_get(facts, "size")));
}

static char *head_subject(const json_t *facts)
{
	g_autofree char *size = size_text(facts);

	return g_strdup_printf(_("Cabeza del registro de envíos: %s asientos"), size);
}

static void head_text(const json_t *facts, GString *text)
{
	g_autofree char *size = size_text(facts);

	g_string_append_printf(text,
		_("Como testigo del registro de envíos de la institución, usted recibe su cabeza "
		  "del día: %s asientos al %s.\n\nHuella (SHA-256) de todos ellos: %s\n\n"
		  "Conserve este mensaje con sus dos archivos. Con ellos cualquiera puede "
		  "comprobar, años después, que ningún asiento anterior fue cambiado, quitado o "
		  "agregado:\n\n"),
		size, row_text(facts, "time"), row_text(facts, "root"));
	g_string_append_printf(text,
		"    acusectl ledger verify --trust AUTORIDAD.pem --head cabeza-%s.json\n"
		"    openssl cms -verify -inform DER -binary -in cabeza-%s.p7s -content "
		"cabeza-%s.json -CAfile AUTORIDAD.pem\n",
		size, size, size);
}

static gboolean attach_head(
	Service *service, const json_t *facts, GArray *attachments, GError **error)
{
	guint64 size = (guint64)json_integer_value(json_object_get(facts, "size"));
	json_auto_t *head = NULL;
	g_autofree char *key = g_strdup_printf(HEADS_KEY_FORMAT, size);
	g_autofree char *text_name = g_strdup_printf("cabeza-%" G_GUINT64_FORMAT ".json", size);
	g_autofree char *cms_name = g_strdup_printf("cabeza-%" G_GUINT64_FORMAT ".p7s", size);
	const char *text;
	guchar *cms;
	gsize cms_size;

	if (!row_read(service->store, TABLE_HEADS, key, &head, error))
		return FALSE;
	if (head == NULL) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND,
			"ledger: no head of size %" G_GUINT64_FORMAT, size);
		return FALSE;
	}
	text = row_text(head, "head");
	cms = g_base64_decode(row_text(head, "cms"), &cms_size);
	notice_attach(attachments, text_name, "application/json", g_bytes_new(text, strlen(text)));
	notice_attach(attachments, cms_name, "application/pkcs7-signature",
		g_bytes_new_take(cms, cms_size));
	if (row_text(head, "tsr") != NULL) {
		g_autofree char *tsr_name =
			g_strdup_printf("cabeza-%" G_GUINT64_FORMAT ".tsr", size);
		guchar *tsr = g_base64_decode(row_text(head, "tsr"), &cms_size);

		notice_attach(attachments, tsr_name, "application/timestamp-reply",
			g_bytes_new_take(tsr, cms_size));
	}
	return TRUE;
}

const NoticeKind notice_ledger_head = {"ledger-head", head_subject, head_text, attach_head};
