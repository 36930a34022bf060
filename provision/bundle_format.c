/* The format of proof bundles (bundle_format.h). Fails with DAMAGED on text that is no leaf. No
 * shared state. */
#include "provision/bundle_format.h"

#include <string.h>

#include "api/record_json.h"
#include "base/error.h"
#include "core/send.h"

static json_t *parse_object(const char *text, GError **error)
{
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

	if (json_is_object(json))
		return json;
	json_decref(json);
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED, "not a JSON object");
	return NULL;
}

BundleLeaf *bundle_leaf_new(guint64 index, const char *leaf, const char *opening, GError **error)
{
	BundleLeaf *parsed = g_new0(BundleLeaf, 1);

	parsed->index = index;
	parsed->text = g_strdup(leaf);
	parsed->opening_text = g_strdup(opening);
	parsed->leaf = parse_object(leaf, error);
	if (parsed->leaf != NULL && opening != NULL)
		parsed->opening = parse_object(opening, error);
	if (parsed->leaf != NULL && (opening == NULL || parsed->opening != NULL))
		return parsed;
	bundle_leaf_free(parsed);
	return NULL;
}

void bundle_leaf_free(BundleLeaf *leaf)
{
	json_decref(leaf->leaf);
	json_decref(leaf->opening);
	g_free(leaf->text);
	g_free(leaf->opening_text);
	g_free(leaf);
}

const char *bundle_leaf_text(const BundleLeaf *leaf, const char *name)
{
	const json_t *value = json_object_get(leaf->leaf, name);

	if (json_is_object(value))
		value = json_object_get(json_object_get(leaf->opening, name), "value");
	return json_string_value(value);
}

gint64 bundle_leaf_time_s(const BundleLeaf *leaf)
{
	gint64 time_s = 0;

	time_from_rfc3339(bundle_leaf_text(leaf, "time"), &time_s);
	return time_s;
}

const BundleLeaf *bundle_find(const GPtrArray *leaves, const char *type)
{
	for (guint i = 0; i < leaves->len; i++)
		if (g_strcmp0(bundle_leaf_text(leaves->pdata[i], "type"), type) == 0)
			return leaves->pdata[i];
	return NULL;
}

/* Every field of the leaf, personal ones opened (null when their opening is gone). */
static void copy_fields(json_t *into, const BundleLeaf *leaf, const char *const *but)
{
	const char *name;
	json_t *value;

	json_object_foreach(leaf->leaf, name, value) {
		const char *text;

		if (but != NULL && g_strv_contains(but, name))
			continue;
		if (!json_is_object(value)) {
			json_object_set(into, name, value);
			continue;
		}
		text = bundle_leaf_text(leaf, name);
		json_object_set_new(into, name, text == NULL ? json_null() : json_string(text));
	}
}

static json_t *recipient_row(const BundleLeaf *leaf)
{
	return json_pack("{s:s?, s:s, s:s?}", "address", bundle_leaf_text(leaf, "address"), "state",
		delivery_state_name(DELIVERY_PENDING), "time", bundle_leaf_text(leaf, "time"));
}

gboolean bundle_leaf_is_open(const BundleLeaf *leaf)
{
	const char *name;
	json_t *value;

	json_object_foreach(leaf->leaf, name, value)
		if (json_is_object(value) && bundle_leaf_text(leaf, name) == NULL)
			return FALSE;
	return TRUE;
}

const char *bundle_leaf_recipient(const BundleLeaf *leaf)
{
	return bundle_leaf_text(leaf,
		g_strcmp0(bundle_leaf_text(leaf, "type"), "send.recipient") == 0 ? "address"
										 : "recipient");
}

gboolean bundle_leaf_event(const BundleLeaf *leaf, const char **recipient, DeliveryState *event)
{
	const char *type = bundle_leaf_text(leaf, "type");

	*recipient = bundle_leaf_text(leaf, "recipient");
	if (g_strcmp0(type, "send.expired") == 0) {
		*event = DELIVERY_EXPIRED;
		return TRUE;
	}
	if (g_strcmp0(type, BUNDLE_EVENT) != 0 ||
		g_strcmp0(bundle_leaf_text(leaf, "counts"), "true") != 0 ||
		!delivery_state_parse(bundle_leaf_text(leaf, "event"), event))
		return FALSE;
	if (g_strcmp0(bundle_leaf_text(leaf, "late"), "true") == 0)
		*event = DELIVERY_LATE;
	return TRUE;
}

/* What an event that counts did to its recipient. */
static void deliver(json_t *deliveries, const BundleLeaf *leaf)
{
	const char *recipient;
	DeliveryState state, event;
	json_t *row;
	size_t i;

	if (!bundle_leaf_event(leaf, &recipient, &event) || recipient == NULL)
		return;
	json_array_foreach(deliveries, i, row) {
		const char *address = json_string_value(json_object_get(row, "address"));

		if (address == NULL || strcmp(address, recipient) != 0 ||
			!delivery_state_parse(
				json_string_value(json_object_get(row, "state")), &state) ||
			delivery_next(state, event) == state)
			continue;
		json_object_set_new(row, "state",
			json_string(delivery_state_name(delivery_next(state, event))));
		json_object_set_new(row, "time", json_string(bundle_leaf_text(leaf, "time")));
	}
}

/* Whether there are recipients of whom it shows nothing. */
static gboolean hides_somebody(const GPtrArray *leaves)
{
	for (guint i = 0; i < leaves->len; i++)
		if (g_strcmp0(bundle_leaf_text(leaves->pdata[i], "type"), "send.recipient") == 0 &&
			!bundle_leaf_is_open(leaves->pdata[i]))
			return TRUE;
	return FALSE;
}

GPtrArray *bundle_reports(const GPtrArray *leaves)
{
	GPtrArray *digests = g_ptr_array_new();
	g_autoptr(GHashTable) closed = g_hash_table_new(g_str_hash, g_str_equal);
	gboolean hides = hides_somebody(leaves);

	for (guint i = 0; i < leaves->len; i++) {
		const BundleLeaf *leaf = leaves->pdata[i];
		const char *digest = bundle_leaf_text(leaf, "original_sha256");

		if (digest != NULL && (!bundle_leaf_is_open(leaf) ||
					      (hides && bundle_leaf_recipient(leaf) == NULL)))
			g_hash_table_add(closed, (gpointer)digest);
	}
	for (guint i = 0; i < leaves->len; i++) {
		const char *digest = bundle_leaf_text(leaves->pdata[i], "original_sha256");

		if (digest != NULL && g_hash_table_add(closed, (gpointer)digest))
			g_ptr_array_add(digests, (gpointer)digest);
	}
	return digests;
}

char *bundle_summary(const GPtrArray *leaves)
{
	static const char *const framing[] = {
		"v", "type", "id", "time", "recipients", "previous", NULL};
	json_auto_t *summary = json_object();
	json_t *deliveries = json_array(), *timeline = json_array();
	const BundleLeaf *intent = bundle_find(leaves, "send.intent");
	char *text, *copy;

	if (intent != NULL)
		copy_fields(summary, intent, NULL);
	for (guint i = 0; i < leaves->len; i++) {
		const BundleLeaf *leaf = leaves->pdata[i];
		const char *type = bundle_leaf_text(leaf, "type");
		json_t *row = json_object();
		SendState state;

		copy_fields(row, leaf, NULL);
		json_object_set_new(row, "leaf", json_integer((json_int_t)leaf->index));
		json_array_append_new(timeline, row);
		if (g_strcmp0(type, "send.recipient") == 0)
			json_array_append_new(deliveries, recipient_row(leaf));
		else if (g_strcmp0(type, "send.prepared") == 0)
			copy_fields(summary, leaf, framing);
		else
			deliver(deliveries, leaf);
		if (type != NULL && g_str_has_prefix(type, "send.") &&
			send_state_parse(type + 5, &state))
			json_object_set_new(summary, "state", json_string(type + 5));
	}
	json_object_del(summary, "type");
	json_object_set_new(summary, "deliveries", deliveries);
	json_object_set_new(summary, "timeline", timeline);
	text = json_dumps(summary, JSON_INDENT(2) | JSON_SORT_KEYS);
	copy = g_strconcat(text, "\n", NULL);
	free(text);
	return copy;
}
