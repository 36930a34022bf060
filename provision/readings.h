/*
 * Readings inside the institution (D3): Dovecot's script leaves a file in [proof] reading_folder
 * for each mail of ours that somebody opens; a thread of its own takes them. A reading counts once
 * for each mailbox that is a recorded recipient; the sender's own copies never do.
 */
#ifndef ACUSE_PROVISION_READINGS_H
#define ACUSE_PROVISION_READINGS_H

#include "core/reading.h"
#include "provision/service.h"

typedef enum {
	READING_RECORDED,
	READING_KNOWN,	 /* or an own copy: nothing to record */
	READING_FOREIGN, /* it is about no mail of ours to that mailbox; *why, static */
	READING_WAITS	 /* with error: to be tried again */
} ReadingResult;

/* reading_record.c: one reading that was seen at that time. Any thread but the committer's. */
ReadingResult reading_record(
	Service *service, const Reading *reading, gint64 seen_s, const char **why, GError **error);

typedef struct _Readings Readings;

/* Nothing is started, and nothing wrong, without the setting. */
Readings *readings_start(Service *service);
void readings_stop(Readings *readings);

#endif
