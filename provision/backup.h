/*
 * POST /v1/backups: ledger, messages and settings into a folder of [ledger] backup_folder while the
 * gateway goes on. backup_manifest.h has its form, restore.h the way back.
 */
#ifndef ACUSE_PROVISION_BACKUP_H
#define ACUSE_PROVISION_BACKUP_H

#include "provision/service.h"

extern const Route routes_backups[];

#endif
