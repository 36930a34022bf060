/*
 * The live copy: one thread keeps a search open (RFC 4533, refreshAndPersist) and writes what slapd
 * sends into tables that look-ups read under a mutex. A second connection reads contextCSN: the
 * copy is as old as the last time that the two agreed, so a frozen slapd shows as age (FACTS 28).
 * After a lost connection everything is asked again; what a refresh does not mention is swept at
 * its end by generation. Fails by age and trouble only, never by a crash.
 */
#include "directory/live.h"

#include <string.h>
#include <sys/socket.h>

#include "base/error.h"
#include "directory/connection.h"
#include "directory/csn.h"

#define CHECK_INTERVAL_US (5 * G_USEC_PER_SEC)
#define START_WAIT_US (2 * G_USEC_PER_SEC)
#define PAUSE_FIRST_MS 250
#define PAUSE_LAST_MS 8000

typedef struct {
	Account *account;
	guint generation;
} Item;

struct _LiveDirectory {
	ConnectionSettings *where;
	GThread *thread;
	GMutex lock;   /* of everything below */
	GCond changed; /* stopping, current_at_us */
	gboolean stopping;
	int fd;		     /* of the open search, -1: none */
	GHashTable *items;   /* GBytes entryUUID -> Item, owned */
	GHashTable *by_uid;  /* lower case -> Item of items */
	GHashTable *by_mail; /* lower case -> Item of items */
	GHashTable
		*by_alias;   /* the same; an address that is somebody's own is not looked up here */
	GHashTable *reached; /* of the thread: server id -> the CSN that its changes have reached */
	guint generation;
	gboolean refreshed;   /* since this connection began */
	gint64 current_at_us; /* monotonic; 0: never */
	char *trouble;
};

static void item_free(gpointer data)
{
	Item *item = data;

	account_free(item->account);
	g_free(item);
}

/* Unless another item has taken the name meanwhile. */
static void name_remove(GHashTable *table, const char *name, const Item *item)
{
	g_autofree char *key = g_ascii_strdown(name, -1);

	if (g_hash_table_lookup(table, key) == item)
		g_hash_table_remove(table, key);
}

static void names_remove(LiveDirectory *live, const Item *item)
{
	name_remove(live->by_uid, item->account->uid, item);
	name_remove(live->by_mail, item->account->mail, item);
	for (char **alias = item->account->aliases; alias != NULL && *alias != NULL; alias++)
		name_remove(live->by_alias, *alias, item);
}

static void item_remove(LiveDirectory *live, GBytes *key)
{
	Item *item = g_hash_table_lookup(live->items, key);

	if (item == NULL)
		return;
	names_remove(live, item);
	g_hash_table_remove(live->items, key);
}

static void item_put(LiveDirectory *live, GBytes *key, Account *account)
{
	Item *item = g_new0(Item, 1);

	item_remove(live, key);
	item->account = account;
	item->generation = live->generation;
	g_hash_table_insert(live->items, g_bytes_ref(key), item);
	g_hash_table_insert(live->by_uid, g_ascii_strdown(account->uid, -1), item);
	g_hash_table_insert(live->by_mail, g_ascii_strdown(account->mail, -1), item);
	for (char **alias = account->aliases; alias != NULL && *alias != NULL; alias++)
		g_hash_table_insert(live->by_alias, g_strdup(*alias), item);
}

static void item_mark(LiveDirectory *live, GBytes *key)
{
	Item *item = g_hash_table_lookup(live->items, key);

	if (item != NULL)
		item->generation = live->generation;
}

/* The end of a refresh: what it did not mention is gone. */
static void items_sweep(LiveDirectory *live)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, live->items);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		Item *item = value;

		if (item->generation == live->generation)
			continue;
		names_remove(live, item);
		g_hash_table_iter_remove(&iter);
	}
}

static int on_entry(
	ldap_sync_t *sync, LDAPMessage *message, struct berval *uuid, ldap_sync_refresh_t phase)
{
	LiveDirectory *live = sync->ls_private;
	g_autoptr(GBytes) key = g_bytes_new(uuid->bv_val, uuid->bv_len);
	g_autoptr(Account) account = NULL;

	if (phase == LDAP_SYNC_CAPI_ADD || phase == LDAP_SYNC_CAPI_MODIFY)
		account = entry_to_account(sync->ls_ld, message);
	g_mutex_lock(&live->lock);
	if (account != NULL)
		item_put(live, key, g_steal_pointer(&account));
	else if (phase == LDAP_SYNC_CAPI_PRESENT)
		item_mark(live, key);
	else
		item_remove(live, key); /* deleted, or no account any more */
	g_mutex_unlock(&live->lock);
	csn_note(live->reached, &sync->ls_cookie);
	return LDAP_SUCCESS;
}

static int on_intermediate(
	ldap_sync_t *sync, LDAPMessage *message, BerVarray uuids, ldap_sync_refresh_t phase)
{
	LiveDirectory *live = sync->ls_private;

	(void)message;
	g_mutex_lock(&live->lock);
	for (int i = 0; uuids != NULL && uuids[i].bv_val != NULL; i++) {
		g_autoptr(GBytes) key = g_bytes_new(uuids[i].bv_val, uuids[i].bv_len);

		if (phase == LDAP_SYNC_CAPI_PRESENTS_IDSET)
			item_mark(live, key);
		else if (phase == LDAP_SYNC_CAPI_DELETES_IDSET)
			item_remove(live, key);
	}
	if (phase == LDAP_SYNC_CAPI_DONE && !live->refreshed) {
		items_sweep(live);
		live->refreshed = TRUE;
	}
	g_mutex_unlock(&live->lock);
	csn_note(live->reached, &sync->ls_cookie);
	return LDAP_SUCCESS;
}

static int on_reference(ldap_sync_t *sync, LDAPMessage *message)
{
	(void)sync;
	(void)message;
	return LDAP_SUCCESS;
}

/* A persistent search has no end but a trouble. */
static int on_result(ldap_sync_t *sync, LDAPMessage *message, int refresh_deletes)
{
	(void)sync;
	(void)message;
	(void)refresh_deletes;
	return LDAP_SUCCESS;
}

static gboolean is_stopping(LiveDirectory *live)
{
	gboolean stopping;

	g_mutex_lock(&live->lock);
	stopping = live->stopping;
	g_mutex_unlock(&live->lock);
	return stopping;
}

static void set_trouble(LiveDirectory *live, const char *text)
{
	g_mutex_lock(&live->lock);
	g_free(live->trouble);
	live->trouble = g_strdup(text);
	g_mutex_unlock(&live->lock);
}

/* The copy was current at `asked_us` if the search has reached every CSN that slapd had then. */
static gboolean compare_csns(LiveDirectory *live, char *const *csns, gint64 asked_us)
{
	for (int i = 0; csns[i] != NULL; i++)
		if (!csn_is_reached(live->reached, csns[i]))
			return FALSE;
	g_mutex_lock(&live->lock);
	if (live->refreshed) {
		live->current_at_us = asked_us;
		g_cond_broadcast(&live->changed);
	}
	g_mutex_unlock(&live->lock);
	return TRUE;
}

/* Follows the open search until a trouble or the stop. */
static gboolean follow(LiveDirectory *live, ldap_sync_t *sync, LDAP *checker, GError **error)
{
	gint64 asked_us = 0;
	g_auto(GStrv) waiting = NULL; /* CSNs that the copy has still to reach */

	while (!is_stopping(live)) {
		int code;

		if (waiting == NULL && g_get_monotonic_time() - asked_us >= CHECK_INTERVAL_US) {
			asked_us = g_get_monotonic_time();
			waiting = csn_read(checker, live->where->base, error);
			if (waiting == NULL)
				return FALSE;
		}
		if (waiting != NULL &&
			(compare_csns(live, waiting, asked_us) ||
				g_get_monotonic_time() - asked_us >= CHECK_INTERVAL_US))
			g_clear_pointer(&waiting, g_strfreev);
		code = ldap_sync_poll(sync);
		csn_note(live->reached, &sync->ls_cookie);
		if (code != LDAP_SUCCESS) {
			connection_error(sync->ls_ld, code, "content synchronisation", error);
			return FALSE;
		}
	}
	return TRUE;
}

/* Freed by ldap_sync_destroy. */
static char **attributes_dup(void)
{
	unsigned n = g_strv_length((char **)entry_attributes);
	char **copy = ldap_memcalloc(n + 1, sizeof(char *));

	for (unsigned i = 0; i < n; i++)
		copy[i] = ldap_strdup(entry_attributes[i]);
	return copy;
}

static gboolean synchronise(LiveDirectory *live, LDAP *ld, LDAP *checker, GError **error)
{
	ldap_sync_t *sync = ldap_sync_initialize(NULL);
	gboolean done;
	int code;

	sync->ls_ld = ld;
	sync->ls_base = ldap_strdup(live->where->base);
	sync->ls_scope = LDAP_SCOPE_SUBTREE;
	sync->ls_filter = ldap_strdup(ENTRY_FILTER);
	sync->ls_attrs = attributes_dup();
	sync->ls_timeout = 1; /* with 0 a change would wait for the next poll */
	sync->ls_search_entry = on_entry;
	sync->ls_search_reference = on_reference;
	sync->ls_intermediate = on_intermediate;
	sync->ls_search_result = on_result;
	sync->ls_private = live;
	g_mutex_lock(&live->lock);
	live->generation++;
	live->refreshed = FALSE;
	g_hash_table_remove_all(live->reached); /* no look-up reads it */
	g_mutex_unlock(&live->lock);

	code = ldap_sync_init(sync, LDAP_SYNC_REFRESH_AND_PERSIST);
	if (code == LDAP_SUCCESS) {
		set_trouble(live, NULL);
		csn_note(live->reached, &sync->ls_cookie);
		done = follow(live, sync, checker, error);
	} else {
		connection_error(ld, code, "content synchronisation", error);
		done = FALSE;
	}
	sync->ls_ld = NULL;
	ldap_sync_destroy(sync, 1);
	return done;
}

static void set_descriptor(LiveDirectory *live, LDAP *ld)
{
	g_mutex_lock(&live->lock);
	if (ld == NULL || ldap_get_option(ld, LDAP_OPT_DESC, &live->fd) != LDAP_OPT_SUCCESS)
		live->fd = -1;
	g_mutex_unlock(&live->lock);
}

static gboolean connect_and_follow(LiveDirectory *live, GError **error)
{
	LDAP *ld = connection_open(live->where, error);
	LDAP *checker = ld != NULL ? connection_open(live->where, error) : NULL;
	gboolean done;

	set_descriptor(live, ld);
	done = checker != NULL && synchronise(live, ld, checker, error);
	set_descriptor(live, NULL);
	connection_close(checker);
	connection_close(ld);
	return done;
}

static gpointer live_thread(gpointer data)
{
	LiveDirectory *live = data;
	guint pause_ms = PAUSE_FIRST_MS;

	while (!is_stopping(live)) {
		g_autoptr(GError) error = NULL;
		gint64 began_us = g_get_monotonic_time(), until_us;

		if (connect_and_follow(live, &error))
			break;
		set_trouble(live, error != NULL ? error->message : "lost");
		if (g_get_monotonic_time() - began_us > CHECK_INTERVAL_US)
			pause_ms = PAUSE_FIRST_MS; /* it had worked for a while */
		until_us = g_get_monotonic_time() + (gint64)pause_ms * 1000;
		g_mutex_lock(&live->lock);
		while (!live->stopping && g_cond_wait_until(&live->changed, &live->lock, until_us))
			;
		g_mutex_unlock(&live->lock);
		pause_ms = MIN(pause_ms * 2, PAUSE_LAST_MS);
	}
	return NULL;
}

LiveDirectory *live_directory_start(const Settings *settings, GError **error)
{
	LiveDirectory *live;

	if (!settings_require(settings, error, "directory.base", NULL))
		return NULL;
	live = g_new0(LiveDirectory, 1);
	live->where = connection_settings_new(settings);
	live->fd = -1;
	g_mutex_init(&live->lock);
	g_cond_init(&live->changed);
	live->reached = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	live->items = g_hash_table_new_full(
		g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, item_free);
	live->by_uid = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	live->by_mail = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	live->by_alias = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	live->thread = g_thread_new("directory", live_thread, live);
	return live;
}

void live_directory_stop(LiveDirectory *live)
{
	if (live == NULL)
		return;
	g_mutex_lock(&live->lock);
	live->stopping = TRUE;
	if (live->fd >= 0)
		shutdown(live->fd, SHUT_RDWR); /* ends the wait for slapd */
	g_cond_broadcast(&live->changed);
	g_mutex_unlock(&live->lock);
	g_thread_join(live->thread);
	g_hash_table_unref(live->reached);
	g_hash_table_unref(live->by_uid);
	g_hash_table_unref(live->by_mail);
	g_hash_table_unref(live->by_alias);
	g_hash_table_unref(live->items);
	connection_settings_free(live->where);
	g_free(live->trouble);
	g_cond_clear(&live->changed);
	g_mutex_clear(&live->lock);
	g_free(live);
}

void live_directory_wait(LiveDirectory *live)
{
	gint64 until_us = g_get_monotonic_time() + START_WAIT_US;

	g_mutex_lock(&live->lock);
	while (live->current_at_us == 0 && g_cond_wait_until(&live->changed, &live->lock, until_us))
		;
	g_mutex_unlock(&live->lock);
}

gint64 live_directory_age_s(LiveDirectory *live)
{
	gint64 current_at_us;

	g_mutex_lock(&live->lock);
	current_at_us = live->current_at_us;
	g_mutex_unlock(&live->lock);
	if (current_at_us == 0)
		return G_MAXINT64;
	return (g_get_monotonic_time() - current_at_us) / G_USEC_PER_SEC;
}

static Account *look_up(LiveDirectory *live, GHashTable *table, const char *name)
{
	g_autofree char *key = g_ascii_strdown(name, -1);
	const Item *item;
	Account *account;

	g_mutex_lock(&live->lock);
	item = g_hash_table_lookup(table, key);
	account = item != NULL ? account_copy(item->account) : NULL;
	g_mutex_unlock(&live->lock);
	return account;
}

Account *live_directory_by_uid(LiveDirectory *live, const char *uid)
{
	return look_up(live, live->by_uid, uid);
}

Account *live_directory_by_mail(LiveDirectory *live, const char *mail)
{
	Account *account = look_up(live, live->by_mail, mail);

	return account != NULL ? account : look_up(live, live->by_alias, mail);
}

guint live_directory_count(LiveDirectory *live)
{
	guint count;

	g_mutex_lock(&live->lock);
	count = g_hash_table_size(live->items);
	g_mutex_unlock(&live->lock);
	return count;
}

char *live_directory_trouble(LiveDirectory *live)
{
	char *trouble;

	g_mutex_lock(&live->lock);
	trouble = g_strdup(live->trouble);
	g_mutex_unlock(&live->lock);
	return trouble;
}
