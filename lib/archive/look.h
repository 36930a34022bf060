/*
 * Looks into archives (zip, 7z, rar, tar, cab, and compressed streams) by libarchive: the only
 * place that opens what a stranger packed. Everything is bounded; foreign bytes end in a result,
 * never in an abort.
 */
#ifndef ACUSE_ARCHIVE_LOOK_H
#define ACUSE_ARCHIVE_LOOK_H

#include <glib.h>

/* Of one mail, all its archives and those inside them together. */
#define ARCHIVE_MAX_DEPTH 4	 /* levels of archives in archives and of mails in them */
#define ARCHIVE_MAX_ENTRIES 5000 /* files in them */
#define ARCHIVE_MAX_BYTES (((gsize)512) * 1024 * 1024) /* unpacked */
#define ARCHIVE_MAX_MS 8000			       /* to unpack them */
/* Of one file inside: what is larger is not looked into further, and counts as too much when it is
 * an archive itself. */
#define ARCHIVE_MAX_KEPT_BYTES (((gsize)64) * 1024 * 1024)
/* Unpacked bytes for each packed one, of one archive, once more than ARCHIVE_RATIO_FLOOR of them
 * came out. */
#define ARCHIVE_MAX_RATIO 250
#define ARCHIVE_RATIO_FLOOR (((gsize)16) * 1024 * 1024)

/* What is left for one mail. */
typedef struct {
	guint entries;
	gsize bytes;
	gint64 until_us; /* g_get_monotonic_time() */
} ArchiveBudget;

/* A whole budget, from now on. */
ArchiveBudget archive_budget_start(void);

typedef enum {
	ARCHIVE_LOOK_DONE,
	ARCHIVE_LOOK_UNREADABLE, /* damaged, or no such archive; what came before was visited */
	ARCHIVE_LOOK_ENCRYPTED,	 /* even its list of files is */
	ARCHIVE_LOOK_TOO_MUCH	 /* the budget or a limit is used up */
} ArchiveLook;

/* A file inside. All is borrowed for the call. */
typedef struct {
	const char *name;    /* as in the archive, UTF-8, never empty */
	gboolean encrypted;  /* its bytes cannot be read: size is 0 */
	const guint8 *bytes; /* the first of them */
	gsize size;	     /* at most ARCHIVE_MAX_KEPT_BYTES */
	gboolean whole;	     /* these are all */
} ArchiveEntry;

typedef void (*ArchiveVisit)(const ArchiveEntry *entry, gpointer data);

/*
 * Calls visit for each file in the archive. stream: the bytes are one compressed stream (its
 * content, when it is no tar, is visited as a file named `name`). The budget is charged. Memory:
 * one file inside, and what the format's own window needs.
 */
ArchiveLook archive_look(const guint8 *bytes, gsize size, gboolean stream, const char *name,
	ArchiveBudget *budget, ArchiveVisit visit, gpointer data);

#endif
