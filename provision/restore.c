/*
 * restore.h: checks the backup, copies it beside the ledger, opens the copy, computes its tree
 * anew, records the restoration in it, and exchanges the two folders (renameat2). The owner of the
 * ledger's folder stays the owner, when root restores. A kill at any moment leaves the old ledger
 * or the new one, whole.
 */
#include "provision/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/record_json.h"
#include "base/error.h"
#include "base/text.h"
#include "provision/backup_manifest.h"
#include "provision/copy.h"
#include "provision/notices.h"
#include "provision/row.h"

#define OPEN_FOLDERS 16

typedef struct {
	const Settings *settings;
	const char *folder; /* of the backup */
	const char *actor;
	const char *ledger; /* to be replaced */
	char *beside;	    /* the copy */
	char *kept;	    /* where the replaced one stays */
	json_t *manifest;
	gint64 replaced_size; /* -1: there was none that could be opened */
	gint64 now_s;
} Restore;

static void restore_clear(Restore *restore)
{
	g_free(restore->beside);
	g_free(restore->kept);
	json_decref(restore->manifest);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Restore, restore_clear)

static gboolean fail(const char *path, GError **error)
{
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "restore: %s: %s", path,
		g_strerror(errno));
	return FALSE;
}

/* ---- the backup ---- */

static gboolean check_backup(Restore *restore, GError **error)
{
	g_autofree char *ledger = g_build_filename(restore->folder, BACKUP_LEDGER, NULL);
	const char *domain = settings_string(restore->settings, "institution", "domain");

	restore->manifest = backup_manifest_read(restore->folder, error);
	if (restore->manifest == NULL)
		return FALSE;
	if (strcmp(row_text(restore->manifest, "origin"), domain) != 0) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED,
			"the backup is of %s, not of %s", row_text(restore->manifest, "origin"),
			domain);
		return FALSE;
	}
	return backup_files_check(ledger, json_object_get(restore->manifest, "ledger"), error);
}

/* How far the ledger went that is to be replaced; one that cannot be opened may be why. */
static gboolean look_at_old(Restore *restore, GError **error)
{
	g_autoptr(GError) local = NULL;
	Store *store;

	restore->replaced_size = -1;
	if (!g_file_test(restore->ledger, G_FILE_TEST_IS_DIR))
		return TRUE;
	store = store_open(restore->ledger, &local);
	if (store != NULL) {
		restore->replaced_size = (gint64)store_tree_size(store);
		store_close(store);
	} else if (g_error_matches(local, ACUSE_ERROR, ACUSE_ERROR_CONFLICT)) {
		g_propagate_prefixed_error(
			error, g_steal_pointer(&local), "acuse-provisiond runs, stop it first: ");
		return FALSE;
	}
	return TRUE;
}

static gboolean copy_ledger(const Restore *restore, GError **error)
{
	json_t *file;
	size_t i;

	if (!copy_remove_tree(restore->beside, error))
		return FALSE;
	if (g_mkdir_with_parents(restore->beside, 0700) < 0)
		return fail(restore->beside, error);
	json_array_foreach(json_object_get(restore->manifest, "ledger"), i, file) {
		const char *name = row_text(file, "name");
		g_autofree char *from =
			g_build_filename(restore->folder, BACKUP_LEDGER, name, NULL);
		g_autofree char *to = g_build_filename(restore->beside, name, NULL);

		if (!copy_file(from, to, error))
			return FALSE;
	}
	return copy_sync_folder(restore->beside, error);
}

/* Into the message store, which keeps what it has. */
static gboolean copy_messages(const Restore *restore, GError **error)
{
	g_autofree char *above = g_path_get_dirname(restore->folder);
	g_autofree char *pool = g_build_filename(above, BACKUP_MESSAGES, NULL);
	const char *store = settings_string(restore->settings, "ledger", "store");
	Blobs *blobs = blobs_open(store, 0, error);
	guint64 copied;
	gboolean ok = blobs != NULL && blobs_copy(pool, store, &copied, error);

	blobs_close(blobs);
	return ok;
}

/* ---- the record ---- */

static gboolean record_change(StoreTxn *txn, gpointer data, GError **error)
{
	const Restore *restore = data;
	const json_t *manifest = restore->manifest;
	const char *const *to = settings_list(restore->settings, "ledger", "witnesses");
	const char *otic = settings_string(restore->settings, "notices", "otic");
	g_autoptr(Record) record =
		record_new("ledger.restored", row_text(manifest, "name"), restore->now_s);
	json_auto_t *facts = json_pack("{s:s, s:O, s:I, s:s}", "time", row_text(manifest, "time"),
		"size", json_object_get(manifest, "size"), "replaced_size",
		(json_int_t)restore->replaced_size, "actor", restore->actor);

	record_add(record, "actor", restore->actor);
	record_add(record, "backup_time", row_text(manifest, "time"));
	record_add_int(record, "size", json_integer_value(json_object_get(manifest, "size")));
	record_add_int(record, "replaced_size", restore->replaced_size);
	if (!store_append(txn, record, NULL, error))
		return FALSE;
	for (; *to != NULL; to++)
		if (!notice_add(
			    txn, *to, notice_ledger_restored.kind, facts, restore->now_s, error))
			return FALSE;
	/* The signer refuses bindings that are older than those it has: these have to be newer. */
	return (*otic == '\0' || notice_add(txn, otic, notice_ledger_restored.kind, facts,
					 restore->now_s, error)) &&
	       store_raise(txn, "bindings", (guint64)restore->now_s, error);
}

/* The copy's tree computed anew; then its record of what happens here. */
static gboolean check_and_record(Restore *restore, GError **error)
{
	guint64 size = (guint64)json_integer_value(json_object_get(restore->manifest, "size"));
	g_autofree char *hex = NULL;
	MerkleHash root;
	Store *store;
	gboolean fine;

	store = store_open(restore->beside, error);
	if (store == NULL)
		return FALSE;
	store_close(store);
	if (!store_verify(restore->beside, error))
		return FALSE;
	store = store_open(restore->beside, error);
	if (store == NULL)
		return FALSE;
	fine = store_root(store, size, &root, error);
	hex = fine ? merkle_hash_to_hex(&root) : NULL;
	if (fine && strcmp(hex, row_text(restore->manifest, "root")) != 0) {
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED,
			"the backup's entries do not give the root of its head");
		fine = FALSE;
	}
	fine = fine && store_run(store, record_change, restore, error);
	store_close(store);
	return fine;
}

/* ---- the exchange ---- */

static struct stat owner;

static int give_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	(void)status;
	(void)kind;
	(void)place;
	return lchown(path, owner.st_uid, owner.st_gid);
}

/* What root made belongs to the daemon: to who owns the folder above. */
static gboolean give_away(const char *path, GError **error)
{
	g_autofree char *above = g_path_get_dirname(path);

	if (geteuid() != 0)
		return TRUE;
	if (stat(above, &owner) < 0 || nftw(path, give_one, OPEN_FOLDERS, FTW_PHYS) != 0)
		return fail(path, error);
	return TRUE;
}

static gboolean exchange(const Restore *restore, GError **error)
{
	g_autofree char *above = g_path_get_dirname(restore->ledger);
	gboolean is_there = g_file_test(restore->ledger, G_FILE_TEST_IS_DIR);

	if (renameat2(AT_FDCWD, restore->beside, AT_FDCWD, restore->ledger,
		    is_there ? RENAME_EXCHANGE : RENAME_NOREPLACE) < 0)
		return fail(restore->ledger, error);
	if (is_there && g_rename(restore->beside, restore->kept) < 0)
		return fail(restore->kept, error);
	return copy_sync_folder(above, error);
}

gboolean restore_run(
	const Settings *settings, const char *folder, const char *actor, GError **error)
{
	g_auto(Restore) restore = {.settings = settings,
		.folder = folder,
		.actor = actor,
		.ledger = settings_string(settings, "ledger", "folder"),
		.now_s = g_get_real_time() / G_USEC_PER_SEC};
	const char *store = settings_string(settings, "ledger", "store");

	restore.beside = g_strconcat(restore.ledger, ".restoring", NULL);
	restore.kept =
		g_strdup_printf("%s.before-%" G_GINT64_FORMAT, restore.ledger, restore.now_s);
	if (!check_backup(&restore, error) || !look_at_old(&restore, error) ||
		!copy_ledger(&restore, error) || !check_and_record(&restore, error) ||
		!copy_messages(&restore, error) || !give_away(store, error) ||
		!give_away(restore.beside, error) || !exchange(&restore, error))
		return FALSE;
	printf(_("Registro restaurado a su estado del %s.\n"), row_text(restore.manifest, "time"));
	if (restore.replaced_size >= 0)
		printf(_("El registro anterior quedó en %s.\n"), restore.kept);
	return TRUE;
}

/* ---- the notice ---- */

static char *restored_subject(const json_t *facts)
{
	(void)facts;
	return g_strdup(_("El registro de envíos fue restaurado de una copia"));
}

static void restored_text(const json_t *facts, GString *text)
{
	gint64 replaced = json_integer_value(json_object_get(facts, "replaced_size"));
	g_autofree char *size = g_strdup_printf(
		"%" JSON_INTEGER_FORMAT, json_integer_value(json_object_get(facts, "size")));
	g_autofree char *before = g_strdup_printf("%" G_GINT64_FORMAT, replaced);

	g_string_append_printf(text,
		_("El registro de envíos de la institución fue restaurado de la copia del %s, que "
		  "tiene %s asientos. Lo hizo: %s.\n"),
		row_text(facts, "time"), size, row_text(facts, "actor"));
	if (replaced >= 0)
		g_string_append_printf(
			text, _("El registro reemplazado tenía %s asientos.\n"), before);
	g_string_append(text,
		_("\nSi usted guarda una cabeza posterior a esa copia, consérvela: muestra los "
		  "asientos que ya no están.\n"));
}

const NoticeKind notice_ledger_restored = {
	"ledger-restored", restored_subject, restored_text, NULL};
