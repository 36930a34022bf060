/*
 * proof_point.h over leaves, openings and heads. TABLE_INDEX "proof-head/SEND/LEAVES" keeps the
 * head that was current when the point was first asked for. Leaves are immutable, so a head that is
 * newer than the list of them is right for them. Any thread; two that ask at once keep the same.
 */
#include "provision/proof_point.h"

#include <string.h>

#include "api/record_json.h"
#include "base/error.h"
#include "provision/bundle_format.h"
#include "provision/heads.h"
#include "provision/purge.h"
#include "provision/send_record.h"

void proof_point_free(ProofPoint *point)
{
	if (point == NULL)
		return;
	g_free(point->send_id);
	json_decref(point->send);
	g_clear_pointer(&point->leaves, g_ptr_array_unref);
	g_free(point->recipient);
	g_free(point->head);
	g_clear_pointer(&point->head_cms, g_bytes_unref);
	g_clear_pointer(&point->head_tsr, g_bytes_unref);
	g_free(point->head_certificate_sha256);
	g_free(point->head_root);
	g_free(point);
}

static gboolean find_recipient(ProofPoint *point, const char *recipient, GError **error)
{
	const json_t *recipients = json_object_get(point->send, "recipients");

	if (recipient == NULL && json_array_size(recipients) != 1)
		return TRUE;
	for (size_t i = 0; i < json_array_size(recipients); i++) {
		const char *address = json_string_value(json_array_get(recipients, i));
		gboolean exact = recipient == NULL || strcmp(address, recipient) == 0;

		/* Two may differ by nothing but case: the very one comes first. */
		if (!exact && (point->number > 0 || g_ascii_strcasecmp(address, recipient) != 0))
			continue;
		point->number = (guint)i + 1;
		if (exact)
			break;
	}
	if (point->number == 0) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND,
			"the send has no such recipient");
		return FALSE;
	}
	point->recipient =
		g_strdup(json_string_value(json_array_get(recipients, point->number - 1)));
	return TRUE;
}

/*
 * Another recipient's leaf stays, for it belongs to the send, but closed. So does, where there are
 * others, what came back and names none of them: it may be of a hidden one's other address.
 */
static void close_others(BundleLeaf *leaf, const ProofPoint *point)
{
	const char *about = bundle_leaf_recipient(leaf);
	gboolean alone = json_array_size(json_object_get(point->send, "recipients")) < 2;
	gboolean nobodys = about == NULL &&
			   (alone || g_strcmp0(bundle_leaf_text(leaf, "type"), BUNDLE_EVENT) != 0);

	if (point->recipient == NULL || nobodys || g_strcmp0(about, point->recipient) == 0)
		return;
	json_decref(leaf->opening);
	leaf->opening = NULL;
	g_clear_pointer(&leaf->opening_text, g_free);
}

static gboolean add_leaf(Service *service, ProofPoint *point, guint64 index, GError **error)
{
	g_autofree char *text = store_leaf(service->store, index, error), *opening = NULL;
	g_autoptr(GError) local = NULL;
	BundleLeaf *leaf;

	if (text == NULL)
		return FALSE;
	opening = store_opening(service->store, index, &local);
	if (local != NULL) {
		g_propagate_error(error, g_steal_pointer(&local));
		return FALSE;
	}
	leaf = bundle_leaf_new(index, text, opening, error);
	if (leaf == NULL)
		return FALSE;
	close_others(leaf, point);
	g_ptr_array_add(point->leaves, leaf);
	return TRUE;
}

static gboolean load_leaves(Service *service, ProofPoint *point, guint n_leaves, GError **error)
{
	const json_t *indexes = json_object_get(point->send, "leaves");
	guint n = (guint)json_array_size(indexes);

	point->n_leaves = n_leaves == 0 ? n : MIN(n, n_leaves);
	point->leaves = g_ptr_array_new_with_free_func((GDestroyNotify)bundle_leaf_free);
	for (guint i = 0; i < point->n_leaves; i++)
		if (!add_leaf(service, point,
			    (guint64)json_integer_value(json_array_get(indexes, i)), error))
			return FALSE;
	return TRUE;
}

/* Why the head could not be signed, as the signer said. */
static void refuse_unsigned(const json_t *head, GError **error)
{
	const json_t *trouble = json_object_get(head, "trouble");
	const char *detail = row_text(trouble, "detail");
	const AcuseErrorRow *row = acuse_error_by_name(row_text(trouble, "code"));

	g_set_error(error, ACUSE_ERROR, row == NULL ? ACUSE_ERROR_UNAVAILABLE : row->code,
		"the head of the ledger is not signed: %s",
		detail == NULL ? "no reason given" : detail);
}

/* The point's head, JSON as heads_current gives it; NULL with error. */
static json_t *choose_head(Service *service, const ProofPoint *point, GError **error)
{
	g_autofree char *key = g_strdup_printf("proof-head/%s/%u", point->send_id, point->n_leaves);
	g_autofree char *head = NULL;
	json_auto_t *current = NULL;

	if (!row_read_text(service->store, TABLE_INDEX, key, &head, error))
		return NULL;
	if (head != NULL)
		return row_parse(head, error);
	head = heads_current(service, error);
	current = head != NULL ? row_parse(head, error) : NULL;
	if (current == NULL)
		return NULL;
	if (row_text(current, "cms") == NULL) {
		refuse_unsigned(current, error);
		return NULL;
	}
	return row_keep_text(service->store, TABLE_INDEX, key, &head, error)
		       ? row_parse(head, error)
		       : NULL;
}

static gboolean take_head(ProofPoint *point, const json_t *head, GError **error)
{
	const char *text = row_text(head, "head"), *cms = row_text(head, "cms");
	json_auto_t *exact = text != NULL ? row_parse(text, error) : NULL;
	guchar *der;
	gsize size;

	if (exact == NULL || cms == NULL ||
		!time_from_rfc3339(row_text(exact, "time"), &point->head_time_s)) {
		g_clear_error(error);
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED, "a head is none");
		return FALSE;
	}
	point->head = g_strdup(text);
	der = g_base64_decode(cms, &size);
	point->head_cms = g_bytes_new_take(der, size);
	if (row_text(head, "tsr") != NULL) {
		der = g_base64_decode(row_text(head, "tsr"), &size);
		point->head_tsr = g_bytes_new_take(der, size);
	}
	point->head_certificate_sha256 = g_strdup(row_text(head, "certificate_sha256"));
	point->head_root = g_strdup(row_text(exact, "root"));
	point->head_size = (guint64)json_integer_value(json_object_get(exact, "size"));
	return TRUE;
}

ProofPoint *proof_point_new(Service *service, const char *send_id, const char *recipient,
	guint n_leaves, GError **error)
{
	g_autoptr(ProofPoint) point = g_new0(ProofPoint, 1);
	json_auto_t *head = NULL;

	point->send_id = g_strdup(send_id);
	point->send = send_record_read(service->store, send_id, error);
	if (point->send == NULL || !purge_check_kept(point->send, TRUE, error) ||
		!find_recipient(point, recipient, error) ||
		!load_leaves(service, point, n_leaves, error))
		return NULL;
	head = choose_head(service, point, error);
	if (head == NULL || !take_head(point, head, error))
		return NULL;
	return g_steal_pointer(&point);
}
