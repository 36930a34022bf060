/*
 * heads.h: reads the tree, asks the signer to seal the exact text, keeps what was signed. One at a
 * time (a lock of its own), so that two callers do not have the same tree signed twice. Fails when
 * the store does; a signer that does not sign is told in the answer. The timer thread logs,
 * and a time-stamping authority that gives none is logged.
 */
#include "provision/heads.h"

#include <stdlib.h>
#include <string.h>

#include "api/record_json.h"
#include "base/error.h"
#include "base/log.h"
#include "cms/cms.h"
#include "cms/digest.h"
#include "cms/timestamp.h"
#include "provision/replies.h"
#include "provision/seal.h"
#include "provision/store.h"
#include "provision/timestamp_authority.h"
#include "provision/witnesses.h"

static GMutex one_at_a_time;

typedef struct {
	guint64 size;
	gint64 time_s;
	char *root, *time, *text;
	char *cms, *cms_sha256, *certificate_sha256; /* NULL: not signed */
	char *tsr;				     /* RFC 3161 answer, base64; NULL: none */
	GError *trouble;			     /* why not signed */
} Head;

static void head_clear(Head *head)
{
	g_free(head->root);
	g_free(head->time);
	g_free(head->text);
	g_free(head->cms);
	g_free(head->cms_sha256);
	g_free(head->certificate_sha256);
	g_free(head->tsr);
	g_clear_error(&head->trouble);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Head, head_clear)

static gboolean describe_tree(Service *service, Head *head, GError **error)
{
	MerkleHash root;
	json_t *text;
	char *dumped;

	head->size = store_tree_size(service->store);
	if (!store_root(service->store, head->size, &root, error))
		return FALSE;
	head->root = merkle_hash_to_hex(&root);
	head->time_s = service->now_s();
	head->time = time_to_rfc3339(head->time_s);
	text = json_pack("{s:i, s:s, s:I, s:s, s:s}", "v", 1, "origin",
		settings_string(service->settings, "institution", "domain"), "size",
		(json_int_t)head->size, "root", head->root, "time", head->time);
	dumped = json_dumps(text, JSON_COMPACT);
	json_decref(text);
	head->text = g_strdup(dumped);
	free(dumped);
	return TRUE;
}

/* A head that nobody would believe is none. */
static void refuse(Head *head, AcuseErrorCode code, const char *why)
{
	g_clear_pointer(&head->cms, g_free);
	g_clear_pointer(&head->cms_sha256, g_free);
	g_clear_pointer(&head->certificate_sha256, g_free);
	g_clear_pointer(&head->tsr, g_free);
	head->trouble = g_error_new_literal(ACUSE_ERROR, code, why);
}

static gboolean is_ours(const Service *service, const Head *head, GBytes *cms)
{
	g_autoptr(GBytes) text = g_bytes_new_static(head->text, strlen(head->text));
	g_autoptr(CmsSigner) signer = cms_verify_detached(cms, text, NULL, NULL);

	return signer != NULL && cms_signer_is_of(signer, settings_string(service->settings,
								  "institution", "domain"));
}

static void sign(Service *service, Head *head)
{
	g_autoptr(GBytes) cms = seal_sign(
		service, head->text, strlen(head->text), &head->certificate_sha256, &head->trouble);
	gconstpointer der;
	gsize size;

	if (cms == NULL)
		return;
	if (!is_ours(service, head, cms)) {
		refuse(head, ACUSE_ERROR_NO_BINDING,
			"the seal's certificate has addresses, none of the institution's domain");
		return;
	}
	der = g_bytes_get_data(cms, &size);
	head->cms = g_base64_encode(der, size);
	head->cms_sha256 = digest_sha256_hex(der, size);
}

/* A head without a time-stamp is still a head: the next may have one. */
static void stamp(const Service *service, Head *head)
{
	g_autoptr(GBytes) text = g_bytes_new_static(head->text, strlen(head->text));
	g_autoptr(GError) failure = NULL;
	g_autoptr(TimestampRequest) request = NULL;
	g_autoptr(GBytes) answer = NULL;
	gint64 time_s = head->time_s;

	if (!timestamp_authority_is_set(service))
		return;
	request = timestamp_request_for_data(text, &failure);
	answer = request != NULL ? timestamp_authority_ask(service, request, &failure) : NULL;
	if (answer != NULL && timestamp_check(request, answer,
				      settings_string(service->settings, "signing", "tsa_trust"),
				      &time_s, &failure))
		head->tsr =
			g_base64_encode(g_bytes_get_data(answer, NULL), g_bytes_get_size(answer));
	else
		log_warning("a head has no time-stamp", "reason", failure->message, NULL);
	if (ABS(time_s - head->time_s) > TIMESTAMP_APART_MAX_S)
		refuse(head, ACUSE_ERROR_UNAVAILABLE,
			"our clock is not the time-stamping authority's: set it right");
}

static char *head_to_json(const Head *head, gint64 leaf)
{
	json_t *json = json_pack("{s:I, s:s, s:s, s:s, s:s?, s:s?, s:s?, s:o}", "size",
		(json_int_t)head->size, "root", head->root, "time", head->time, "head", head->text,
		"cms", head->cms, "certificate_sha256", head->certificate_sha256, "tsr", head->tsr,
		"trouble",
		head->trouble == NULL
			? json_null()
			: json_pack("{s:s, s:s}", "code", acuse_error_row_of(head->trouble)->name,
				  "detail", head->trouble->message));
	char *dumped, *text;

	if (leaf >= 0)
		json_object_set_new(json, "leaf", json_integer(leaf));
	dumped = json_dumps(json, JSON_COMPACT);
	text = g_strdup(dumped);
	free(dumped);
	json_decref(json);
	return text;
}

static gboolean keep_head(StoreTxn *txn, gpointer data, GError **error)
{
	const Head *head = data;
	g_autofree char *key = g_strdup_printf(HEADS_KEY_FORMAT, head->size);
	g_autofree char *text_sha256 = digest_sha256_hex(head->text, strlen(head->text));
	g_autofree char *value = NULL;
	g_autoptr(Record) record = record_new("head.signed", key, head->time_s);
	guint64 leaf;

	record_add_int(record, "size", (gint64)head->size);
	record_add(record, "root", head->root);
	record_add(record, "head_sha256", text_sha256);
	record_add(record, "cms_sha256", head->cms_sha256);
	record_add(record, "certificate_sha256", head->certificate_sha256);
	if (!store_append(txn, record, &leaf, error))
		return FALSE;
	value = head_to_json(head, (gint64)leaf);
	return store_put(txn, TABLE_HEADS, key, value, error);
}

static gboolean take_value(const char *key, const char *value, gpointer data)
{
	(void)key;
	*(char **)data = g_strdup(value);
	return FALSE;
}

/* The last signed head when it still tells of the whole tree but its own leaf; NULL otherwise. */
static char *last_head(Service *service, GError **error)
{
	g_autofree char *text = NULL;
	guint64 now = store_tree_size(service->store);
	json_t *kept;
	json_int_t size, leaf;

	if (!store_scan(service->store, TABLE_HEADS, "", NULL, TRUE, take_value, &text, error) ||
		text == NULL)
		return NULL;
	kept = json_loads(text, 0, NULL);
	size = json_integer_value(json_object_get(kept, "size"));
	leaf = json_integer_value(json_object_get(kept, "leaf"));
	json_decref(kept);
	if (leaf != size || (guint64)leaf + 1 != now)
		return NULL;
	return g_steal_pointer(&text);
}

static char *make_head(Service *service, GError **error)
{
	g_auto(Head) head = {0};
	GError *failure = NULL;
	char *last = last_head(service, &failure);

	if (failure != NULL) {
		g_propagate_error(error, failure);
		return NULL;
	}
	if (last != NULL)
		return last;
	if (!describe_tree(service, &head, error))
		return NULL;
	sign(service, &head);
	if (head.cms != NULL)
		stamp(service, &head);
	if (head.cms != NULL && !store_run(service->store, keep_head, &head, error))
		return NULL;
	return head_to_json(&head, -1);
}

char *heads_current(Service *service, GError **error)
{
	char *head;

	g_mutex_lock(&one_at_a_time);
	head = make_head(service, error);
	g_mutex_unlock(&one_at_a_time);
	return head;
}

/* ---- the timer ---- */

struct _Heads {
	Service *service;
	GThread *thread;
	GMutex lock;
	GCond stop;
	gboolean stopping;
};

static void tick(Service *service)
{
	g_autoptr(GError) failure = NULL;
	g_autofree char *head = heads_current(service, &failure);
	json_t *json = head == NULL ? NULL : json_loads(head, 0, NULL);
	json_t *trouble = json_object_get(json, "trouble");

	if (head == NULL)
		log_error("no head could be made", "reason", failure->message, NULL);
	else if (json_is_object(trouble))
		log_warning("the head is not signed", "reason",
			json_string_value(json_object_get(trouble, "detail")), NULL);
	json_decref(json);
	g_clear_error(&failure);
	if (head != NULL && !witnesses_tell(service, head, &failure))
		log_warning("the witnesses were not told", "reason", failure->message, NULL);
	g_clear_error(&failure);
	if (!replies_purge(service, &failure))
		log_warning("old replies could not be forgotten", "reason", failure->message, NULL);
}

static gpointer heads_run(gpointer data)
{
	Heads *heads = data;
	gint64 interval_s = settings_int(heads->service->settings, "ledger", "head_interval_s");

	g_mutex_lock(&heads->lock);
	while (!heads->stopping) {
		gint64 until = g_get_monotonic_time() + interval_s * G_TIME_SPAN_SECOND;

		while (!heads->stopping && g_cond_wait_until(&heads->stop, &heads->lock, until))
			continue;
		if (heads->stopping)
			break;
		g_mutex_unlock(&heads->lock);
		tick(heads->service);
		g_mutex_lock(&heads->lock);
	}
	g_mutex_unlock(&heads->lock);
	return NULL;
}

Heads *heads_start(Service *service)
{
	Heads *heads = g_new0(Heads, 1);

	heads->service = service;
	g_mutex_init(&heads->lock);
	g_cond_init(&heads->stop);
	heads->thread = g_thread_new("heads", heads_run, heads);
	return heads;
}

void heads_stop(Heads *heads)
{
	if (heads == NULL)
		return;
	g_mutex_lock(&heads->lock);
	heads->stopping = TRUE;
	g_cond_signal(&heads->stop);
	g_mutex_unlock(&heads->lock);
	g_thread_join(heads->thread);
	g_mutex_clear(&heads->lock);
	g_cond_clear(&heads->stop);
	g_free(heads);
}
