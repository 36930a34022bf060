/* The files inside a winmail.dat (MS-OXTNEF), by a walk over its records. */
#ifndef ACUSE_ARCHIVE_TNEF_H
#define ACUSE_ARCHIVE_TNEF_H

#include "archive/look.h"

/*
 * Calls visit for each attached file, whole; its name is the one given before its content, else
 * "adjunto". Each is charged as a file. ARCHIVE_LOOK_UNREADABLE where the records end in the middle
 * of one: what came before was visited. Copies nothing.
 */
ArchiveLook tnef_look(
	const guint8 *bytes, gsize size, ArchiveBudget *budget, ArchiveVisit visit, gpointer data);

#endif
