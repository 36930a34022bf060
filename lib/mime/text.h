/* The text of a part in UTF-8, and how its bytes go with it. Internal to lib/mime. */
#ifndef ACUSE_MIME_TEXT_H
#define ACUSE_MIME_TEXT_H

#include "mime/part.h"

/* A plain text over it is not converted: of that only lines, ASCII and text_tail() are of use. */
#define TEXT_MAX_CONVERTED_BYTES (1024 * 1024)

/* What utf8 shows for a byte that means nothing, or a NUL: no writer's letter, nor a sign of HTML.
 */
#define TEXT_MASK '\x7f'

typedef struct {
	const guint8 *bytes; /* decoded from the transfer encoding */
	gsize size;
	GByteArray *decoded; /* owner of bytes; NULL: they are the message's own */
	const char *utf8;    /* not NUL-terminated */
	gsize utf8_size;
	char *converted;     /* owner of utf8; NULL: it is bytes */
	const char *charset; /* of the bytes; NULL: us-ascii or UTF-8 */
	gboolean relabel;    /* charset is what the bytes are, and not what the part declares */
	gboolean by_chars;   /* a byte stands for each character; else byte for byte */
	gboolean convert;    /* bytes and utf8 do not go together: the part has to become UTF-8 */
	gboolean masked;     /* utf8 shows a NUL as TEXT_MASK */
	gboolean opaque;     /* in an unknown charset: only ASCII may be added */
	gboolean raw;	     /* large: utf8 is the bytes as they are */
} TextView;

/* ACUSE_ERROR_UNREADABLE when the part cannot be read for certain. The message must outlive the
 * view. */
gboolean text_view_read(
	const MimePart *part, const MailMessage *message, TextView *view, GError **error);
void text_view_clear(TextView *view);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TextView, text_view_clear)

/* The whole text in UTF-8, with the NULs that utf8 masks, of a view that has a charset and is
 * neither opaque nor raw. The view then has no utf8 any more; its offsets are those of the array.
 */
GByteArray *text_view_take_utf8(TextView *view);

/* Of bytes in a charset: the last ones, max at most, in UTF-8. */
char *text_tail(const char *bytes, gsize size, const char *charset, gsize max);

/* The offset in bytes of an offset in utf8; not for views to be converted. */
gsize text_view_offset(const TextView *view, gsize utf8_offset);

#endif
