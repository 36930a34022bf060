/*
 * token_revocation.h. TABLE_INDEX "revocation/SHA256" -> {"revoked","since","until","source",
 * "time"}. Any thread but the committer.
 */
#include "provision/token_revocation.h"

#include "api/fetch.h"
#include "base/error.h"
#include "base/log.h"
#include "provision/row.h"

#define MAX_SOURCES 4 /* URLs of one kind that are tried */
#define KEEP_S 86400  /* of what says no end */

typedef struct {
	Service *service;
	const CertificateFacts *facts;
	GBytes *certificate, *issuer;
	Revocation *result;
	const char *source; /* that answered */
	GError *failure;    /* of the last one that did not */
} Asking;

static char *key_of(const Asking *asking)
{
	return g_strconcat("revocation/", asking->facts->sha256, NULL);
}

/* What was learned, if it still holds. */
static gboolean recall(const Asking *asking)
{
	g_autofree char *key = key_of(asking);
	json_auto_t *row = NULL;
	gint64 until_s;

	if (!row_read(asking->service->store, TABLE_INDEX, key, &row, NULL) || row == NULL)
		return FALSE;
	until_s = json_integer_value(json_object_get(row, "until"));
	*asking->result = (Revocation){json_is_true(json_object_get(row, "revoked")),
		json_integer_value(json_object_get(row, "since")), until_s};
	return asking->result->revoked || asking->service->now_s() < until_s;
}

static gboolean keep_change(StoreTxn *txn, gpointer data, GError **error)
{
	const Asking *asking = data;
	const Revocation *result = asking->result;
	gint64 now_s = asking->service->now_s();
	g_autofree char *key = key_of(asking);
	json_auto_t *row = json_pack("{s:b, s:I, s:I, s:s?, s:I}", "revoked", result->revoked,
		"since", (json_int_t)result->since_s, "until",
		(json_int_t)(result->until_s != 0 ? result->until_s : now_s + KEEP_S), "source",
		asking->source, "time", (json_int_t)now_s);

	return row_save(txn, TABLE_INDEX, key, row, error);
}

static GBytes *fetch(const Asking *asking, const char *url, GBytes *question, GError **error)
{
	const Fetch wanted = {url, question != NULL ? "application/ocsp-request" : NULL, question,
		question != NULL ? REVOCATION_MAX_OCSP_BYTES : REVOCATION_MAX_CRL_BYTES,
		(guint)settings_int(asking->service->settings, "signing", "revocation_timeout_ms")};

	return http_fetch(&wanted, error);
}

static gboolean ask_one(const Asking *asking, const char *url, GBytes *question, GError **error)
{
	g_autoptr(GBytes) answer = fetch(asking, url, question, error);
	gint64 now_s = asking->service->now_s();

	if (answer == NULL)
		return FALSE;
	return question != NULL ? ocsp_judge(answer, asking->certificate, asking->issuer, now_s,
					  asking->result, error)
				: crl_judge(answer, asking->certificate, asking->issuer, now_s,
					  asking->result, error);
}

static gboolean ask_some(Asking *asking, char **urls, GBytes *question)
{
	for (guint i = 0; urls[i] != NULL && i < MAX_SOURCES; i++) {
		g_clear_error(&asking->failure);
		if (ask_one(asking, urls[i], question, &asking->failure)) {
			asking->source = urls[i];
			return TRUE;
		}
		log_warning("whether a certificate is revoked was not learned", "certificate",
			asking->facts->sha256, "source", urls[i], "reason",
			asking->failure->message, NULL);
	}
	return FALSE;
}

static gboolean ask(Asking *asking)
{
	g_autoptr(GBytes) question =
		*asking->facts->ocsp_urls != NULL
			? ocsp_request(asking->certificate, asking->issuer, NULL)
			: NULL;

	return (question != NULL && ask_some(asking, asking->facts->ocsp_urls, question)) ||
	       ask_some(asking, asking->facts->crl_urls, NULL);
}

gboolean token_revocation(Service *service, const CertificateFacts *facts, GBytes *certificate,
	GBytes *issuer, gboolean fresh, Revocation *revocation, GError **error)
{
	Asking asking = {.service = service,
		.facts = facts,
		.certificate = certificate,
		.issuer = issuer,
		.result = revocation};
	gboolean known = recall(&asking);
	Revocation before = *revocation;

	if (known && (!fresh || before.revoked))
		return TRUE;
	if (ask(&asking)) {
		g_clear_error(&asking.failure);
		return store_run(service->store, keep_change, &asking, error);
	}
	*revocation = before;
	if (known) {
		g_clear_error(&asking.failure);
		return TRUE;
	}
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CERTIFICATE_UNCHECKED, "%s",
		asking.failure != NULL ? asking.failure->message
				       : "the certificate names no responder and no list");
	g_clear_error(&asking.failure);
	return FALSE;
}
