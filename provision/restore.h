/*
 * acuse-provisiond --restore FOLDER: puts a backup (backup.h) in the place of ledger and messages,
 * while the daemon is stopped. What was there stays beside it; that it was done is the first record
 * that the restored ledger gets, and OTIC and the witnesses are told when the daemon starts.
 */
#ifndef ACUSE_PROVISION_RESTORE_H
#define ACUSE_PROVISION_RESTORE_H

#include "provision/service.h"

/*
 * actor: who does it, for the record. Prints what it did on standard output. DAMAGED: the backup is
 * not what its manifest says, or not of this institution; CONFLICT: the daemon runs. Until the
 * last step nothing has changed; that one is a single exchange of names.
 */
gboolean restore_run(
	const Settings *settings, const char *folder, const char *actor, GError **error);

#endif
