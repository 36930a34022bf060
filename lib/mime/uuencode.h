/*
 * Files written into a text as letters (POSIX uuencode), which many readers show as attachments:
 * from "begin MODE NAME" at the beginning of a line to "end", the next beginning or the text's end.
 */
#ifndef ACUSE_MIME_UUENCODE_H
#define ACUSE_MIME_UUENCODE_H

#include <glib.h>

#define UUENCODE_MAX_FILES 32 /* of one text that are worth a look; for the caller to count */

typedef struct {
	char *name; /* UTF-8, MIME_MAX_NAME_BYTES of its end; may be empty */
	GByteArray *bytes;
	gboolean whole; /* FALSE: cut where it became larger than the text that holds it */
} UuFile;

void uuencode_file_free(UuFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(UuFile, uuencode_file_free)

/*
 * The next file from offset *at of a text decoded from its transfer encoding, and *at behind it;
 * NULL: none is left. Lines that lost their blanks at the end, or have more at it, are read as
 * readers do; what is no file decodes to nonsense. Pure, after mime_init().
 */
UuFile *uuencode_next(const guint8 *text, gsize size, gsize *at);

#endif
