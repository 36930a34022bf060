/* send_hold_wake.h: sends of TABLE_INDEX "pending/", tokens of TABLE_TOKENS and the signer's own
 * word. Any thread. */
#include "provision/send_hold_wake.h"

#include "base/error.h"
#include "provision/send_hold.h"
#include "provision/send_record.h"
#include "provision/tokens.h"

typedef struct {
	Service *service;
	GHashTable *deferred;
	GHashTable *held; /* queue id -> mailbox, lower case */
} Look;

static gboolean look(const char *key, const char *id, gpointer data)
{
	const Look *looking = data;
	json_auto_t *send = send_record_read(looking->service->store, id, NULL);
	const char *queue_id = row_text(json_object_get(send, "held"), "queue_id");

	(void)key;
	if (send != NULL && queue_id != NULL && send_record_state(send) == SEND_HELD &&
		g_hash_table_contains(looking->deferred, queue_id))
		g_hash_table_insert(looking->held, g_strdup(queue_id),
			g_ascii_strdown(row_text(send, "mailbox"), -1));
	return g_hash_table_size(looking->held) < SEND_HOLD_WAKE_MAX;
}

static gboolean is_unlocked(GVariant *tokens, const char *label)
{
	g_autoptr(GVariant) token = token_status_of(tokens, label);
	gboolean unlocked = FALSE;

	if (token != NULL)
		g_variant_lookup(token, "unlocked", "b", &unlocked);
	return unlocked;
}

typedef struct {
	GVariant *tokens;
	GHashTable *mailboxes; /* of unlocked tokens */
} Able;

static gboolean add_able(const char *label, const char *value, gpointer data)
{
	const Able *able = data;
	json_auto_t *row = json_loads(value, 0, NULL);
	json_t *mailbox;
	size_t i;

	if (!is_unlocked(able->tokens, label))
		return TRUE;
	json_array_foreach(json_object_get(row, "mailboxes"), i, mailbox)
		g_hash_table_add(able->mailboxes, g_strdup(json_string_value(mailbox)));
	return TRUE;
}

GPtrArray *send_hold_wake(Service *service, GHashTable *deferred, GError **error)
{
	g_autoptr(GHashTable) held = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_autoptr(GHashTable) able = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GPtrArray) wake = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GVariant) tokens = NULL;
	Look looking = {service, deferred, held};
	GHashTableIter iter;
	gpointer queue_id, mailbox;

	if (g_hash_table_size(deferred) == 0)
		return g_steal_pointer(&wake);
	if (!store_scan(
		    service->store, TABLE_INDEX, "pending/", NULL, FALSE, look, &looking, error))
		return NULL;
	if (g_hash_table_size(held) == 0)
		return g_steal_pointer(&wake);
	tokens = token_signer_status(service, error);
	if (tokens == NULL || !store_scan(service->store, TABLE_TOKENS, "", NULL, FALSE, add_able,
				      &(Able){tokens, able}, error))
		return NULL;
	g_hash_table_iter_init(&iter, held);
	while (g_hash_table_iter_next(&iter, &queue_id, &mailbox))
		if (g_hash_table_contains(able, mailbox))
			g_ptr_array_add(wake, g_strdup(queue_id));
	return g_steal_pointer(&wake);
}
