/*
 * What a file is by its name and by its bytes, for P9. Pure functions over a small table of our
 * own: what matters here are some forty marks at fixed places, told apart in a microsecond, and no
 * guess about anything else.
 */
#ifndef ACUSE_CORE_CONTENT_H
#define ACUSE_CORE_CONTENT_H

#include <glib.h>

typedef enum {
	CONTENT_OTHER,
	CONTENT_PROGRAM, /* program, script, shortcut, installer, disk image: blocked */
	CONTENT_PDF,
	CONTENT_ZIP,		 /* also docx, odt, jar, apk */
	CONTENT_ARCHIVE,	 /* 7z, rar, tar, cab */
	CONTENT_COMPRESSED,	 /* one stream: gzip, bzip2, xz, zstd, lzma, compress */
	CONTENT_FOREIGN_ARCHIVE, /* ace, arj, lha, zoo: nothing of ours reads it */
	CONTENT_OLE,		 /* doc, xls, ppt, msg */
	CONTENT_TNEF		 /* winmail.dat */
} ContentKind;

/* By its bytes; needs the whole file for marks at the end (a zip behind something else). */
ContentKind content_kind(const guint8 *bytes, gsize size);

/* What an OLE file holds; any of them may be. */
typedef enum {
	OLE_MACROS = 1 << 0,
	OLE_ENCRYPTED = 1 << 1, /* an Office file behind a password */
	OLE_INSTALLER = 1 << 2	/* MSI, MSP, MST */
} OleTraits;

/* OleTraits of the bytes of an OLE file, by its root entry and the names of its streams. */
guint content_ole_traits(const guint8 *bytes, gsize size);

/*
 * Whether a system may run a file of that name: its extension is in the list ("exe", lower case,
 * NULL-terminated), whatever case, width, invisible letters, blanks and dots at its end or data
 * stream are written; it is a class identifier; or the name turns the order of its letters round.
 */
gboolean content_name_is_blocked(const char *name, const char *const *extensions);

/* Whether the last extension of the name is that one (lower case), case aside. */
gboolean content_name_has_extension(const char *name, const char *extension);

#endif
