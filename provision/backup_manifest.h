/*
 * What a backup has: FOLDER/NAME/manifest.json beside FOLDER/NAME/ledger (the store's environment)
 * and FOLDER/NAME/settings; FOLDER/messages is one message store for all backups of the folder,
 * since a message never changes. {"v":1,"name","time","origin","size","root","head":TEXT,
 * "cms":BASE64|null,"ledger":[file],"settings":[file]}, file: {"name","size","sha256"}.
 */
#ifndef ACUSE_PROVISION_BACKUP_MANIFEST_H
#define ACUSE_PROVISION_BACKUP_MANIFEST_H

#include <glib.h>
#include <jansson.h>

#define BACKUP_MANIFEST "manifest.json"
#define BACKUP_LEDGER "ledger"
#define BACKUP_SETTINGS "settings"
#define BACKUP_MESSAGES "messages"

/* Of each plain file in the folder; NULL with UNAVAILABLE. */
json_t *backup_files(const char *folder, GError **error);
/* That the folder has these files and no other. DAMAGED names the first. */
gboolean backup_files_check(const char *folder, const json_t *files, GError **error);
/* The manifest in a backup's folder, its form checked; NULL with NOT_FOUND or DAMAGED. */
json_t *backup_manifest_read(const char *folder, GError **error);

#endif
