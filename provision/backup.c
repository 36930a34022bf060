/*
 * backup.h: the store first, then the messages, so that each message that a record of the copy
 * names is there; then the manifest, and the folder takes its name: what has a name is whole. One
 * at a time. Recorded as "backup.created". Fails with CONFLICT (no folder is set, another one is
 * under way), NO_SPACE, UNAVAILABLE; what was begun is removed.
 */
#include "provision/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/record_json.h"
#include "base/error.h"
#include "cms/digest.h"
#include "provision/backup_manifest.h"
#include "provision/copy.h"
#include "provision/heads.h"
#include "provision/row.h"

/* As a name: no colons, sorts by time. */
#define NAME_FORMAT "%Y%m%dT%H%M%SZ"
#define PART_SUFFIX ".part"

static GMutex one_at_a_time;

typedef struct {
	Service *service;
	const char *actor;
	const char *folder;	      /* of all backups */
	char *name, *path;	      /* of this one; under path.part until it is whole */
	char *ledger, *settings_copy; /* under path.part */
	json_t *manifest;
	char *manifest_sha256;
	guint64 messages; /* copied now */
} Backup;

static void backup_clear(Backup *backup)
{
	g_free(backup->name);
	g_free(backup->path);
	g_free(backup->ledger);
	g_free(backup->settings_copy);
	json_decref(backup->manifest);
	g_free(backup->manifest_sha256);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Backup, backup_clear)

static gboolean fail(const char *path, GError **error)
{
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "backup: %s: %s", path,
		g_strerror(errno));
	return FALSE;
}

/* Into the copy's settings under its own name, behind `group` when another file has that. */
static gboolean copy_setting(
	const Backup *backup, const char *group, const char *path, GError **error)
{
	g_autofree char *base = g_path_get_basename(path);
	g_autofree char *other = g_strdup_printf("%s-%s", group, base);
	g_autofree char *to = g_build_filename(backup->settings_copy, base, NULL);

	if (g_access(to, F_OK) == 0) {
		g_free(to);
		to = g_build_filename(backup->settings_copy, other, NULL);
	}
	return copy_file(path, to, error);
}

/* The file itself, and those that it names and that no package brings. */
static gboolean copy_settings(const Backup *backup, GError **error)
{
	static const struct {
		const char *group, *key;
	} named[] = {{"signature", "text_template"}, {"signature", "html_template"},
		{"signature", "logo"}, {"proof", "logo"}, {"calendar", "path"}};
	const Service *service = backup->service;

	if (g_mkdir(backup->settings_copy, 0700) < 0)
		return fail(backup->settings_copy, error);
	if (service->settings_path != NULL &&
		!copy_setting(backup, "acuse", service->settings_path, error))
		return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(named); i++) {
		const char *path = settings_string(service->settings, named[i].group, named[i].key);

		if (path != NULL && *path != '\0' &&
			!copy_setting(backup, named[i].group, path, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean copy_messages(Backup *backup, GError **error)
{
	g_autofree char *pool = g_build_filename(backup->folder, BACKUP_MESSAGES, NULL);
	Blobs *blobs = blobs_open(pool, 0, error);
	gboolean copied = blobs != NULL &&
			  blobs_copy(settings_string(backup->service->settings, "ledger", "store"),
				  pool, &backup->messages, error);

	blobs_close(blobs);
	return copied;
}

/* Which tree the copy has: its own, for the ledger goes on. */
static gboolean describe(Backup *backup, const json_t *head, GError **error)
{
	json_t *ledger = backup_files(backup->ledger, error);
	json_t *settings = ledger == NULL ? NULL : backup_files(backup->settings_copy, error);
	g_autofree char *time = time_to_rfc3339(backup->service->now_s());

	if (settings == NULL) {
		json_decref(ledger);
		return FALSE;
	}
	backup->manifest = json_pack("{s:i, s:s, s:s, s:s, s:O, s:O, s:O, s:O, s:o, s:o}", "v", 1,
		"name", backup->name, "time", time, "origin",
		settings_string(backup->service->settings, "institution", "domain"), "size",
		json_object_get(head, "size"), "root", json_object_get(head, "root"), "head",
		json_object_get(head, "head"), "cms", json_object_get(head, "cms"), "ledger",
		ledger, "settings", settings);
	return TRUE;
}

static gboolean write_manifest(Backup *backup, const char *part, GError **error)
{
	g_autofree char *path = g_build_filename(part, BACKUP_MANIFEST, NULL);
	char *text = json_dumps(backup->manifest, JSON_INDENT(1));
	g_autoptr(GError) cause = NULL;

	backup->manifest_sha256 = digest_sha256_hex(text, strlen(text));
	g_file_set_contents_full(path, text, -1,
		G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, &cause);
	free(text);
	if (cause != NULL)
		g_set_error(
			error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "backup: %s", cause->message);
	return cause == NULL;
}

/* All of it to the disk: Berkeley DB does not sync its copies. */
static gboolean sync_all(const char *part, GError **error)
{
	int fd = open(part, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	gboolean ok = fd >= 0 && syncfs(fd) == 0;

	if (!ok)
		fail(part, error);
	if (fd >= 0)
		close(fd);
	return ok;
}

static gboolean fill(Backup *backup, const char *part, GError **error)
{
	g_autofree char *text = NULL;
	json_auto_t *head = NULL;

	if (g_mkdir(part, 0700) < 0)
		return fail(part, error);
	/* Before the copy, so that the copy has all that the head covers. */
	text = heads_current(backup->service, error);
	head = text == NULL ? NULL : json_loads(text, 0, NULL);
	return head != NULL && store_backup(backup->service->store, backup->ledger, error) &&
	       copy_messages(backup, error) && copy_settings(backup, error) &&
	       describe(backup, head, error) && write_manifest(backup, part, error) &&
	       sync_all(part, error);
}

static gboolean record_change(StoreTxn *txn, gpointer data, GError **error)
{
	const Backup *backup = data;
	g_autoptr(Record) record =
		record_new("backup.created", backup->name, backup->service->now_s());

	record_add(record, "actor", backup->actor);
	record_add_int(
		record, "size", json_integer_value(json_object_get(backup->manifest, "size")));
	record_add(record, "manifest_sha256", backup->manifest_sha256);
	return store_append(txn, record, NULL, error);
}

static gboolean make(Backup *backup, GError **error)
{
	g_autoptr(GDateTime) now = g_date_time_new_from_unix_utc(backup->service->now_s());
	g_autofree char *part = NULL;

	backup->name = g_date_time_format(now, NAME_FORMAT);
	backup->path = g_build_filename(backup->folder, backup->name, NULL);
	part = g_strconcat(backup->path, PART_SUFFIX, NULL);
	backup->ledger = g_build_filename(part, BACKUP_LEDGER, NULL);
	backup->settings_copy = g_build_filename(part, BACKUP_SETTINGS, NULL);
	if (!copy_remove_tree(part, error))
		return FALSE;
	if (!fill(backup, part, error) ||
		(g_rename(part, backup->path) < 0 && !fail(backup->path, error))) {
		copy_remove_tree(part, NULL);
		return FALSE;
	}
	return copy_sync_folder(backup->folder, error) &&
	       store_run(backup->service->store, record_change, backup, error);
}

static gboolean create_backup(const ApiRequest *request, ApiResponse *response, GError **error)
{
	Service *service = request->service;
	g_auto(Backup) backup = {.service = service,
		.actor = request->actor,
		.folder = settings_string(service->settings, "ledger", "backup_folder")};
	gboolean made;

	if (!api_known(request->body, error, NULL))
		return FALSE;
	if (backup.folder == NULL || !g_mutex_trylock(&one_at_a_time)) {
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT,
			backup.folder == NULL ? "[ledger] backup_folder is not set"
					      : "another backup is under way");
		return FALSE;
	}
	made = make(&backup, error);
	g_mutex_unlock(&one_at_a_time);
	if (!made)
		return FALSE;
	response->status = 201;
	response->json = json_pack("{s:s, s:O, s:O, s:O, s:I}", "folder", backup.path, "time",
		json_object_get(backup.manifest, "time"), "size",
		json_object_get(backup.manifest, "size"), "root",
		json_object_get(backup.manifest, "root"), "messages_copied",
		(json_int_t)backup.messages);
	return TRUE;
}

const Route routes_backups[] = {
	{"POST", "/v1/backups", ROLE_OTIC, FALSE, create_backup},
	{NULL, NULL, 0, FALSE, NULL},
};
