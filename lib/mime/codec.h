/*
 * Transfer encodings and charsets for splicing: decoders that refuse rather than guess, and that
 * tell where in the encoded bytes each decoded byte stands. GMime's are lenient and lose text
 * (FACTS 17). Internal to lib/mime.
 */
#ifndef ACUSE_MIME_CODEC_H
#define ACUSE_MIME_CODEC_H

#include "mime/part.h"

/*
 * The decoded bytes, or NULL when they are not certain. map (gsize, may be NULL) gets, for
 * quoted-printable and plain encodings, the offset of each decoded byte in `bytes`.
 */
GByteArray *codec_decode(MimeEncoding encoding, const guint8 *bytes, gsize size, GArray *map);

/* Tells bytes from others in the check of an edit (a polynomial, modulo 2^64): against slips of our
 * own, not against people. */
typedef struct {
	guint64 hash;
	gsize size;
} Print;

/* More bytes; the first ones go into {0}. */
void codec_print(Print *print, const guint8 *bytes, gsize size);
/* The same for what the bytes decode to; FALSE when that is not certain. */
gboolean codec_print_decoded(MimeEncoding encoding, const guint8 *bytes, gsize size, Print *print);

/* Line ends equal to eol stay line ends; every other control byte is escaped. Lines of 76 at most.
 */
void codec_append_qp(GByteArray *out, const guint8 *bytes, gsize size, const char *eol);

/*
 * The same, and base64 in lines of 76, into out, which may begin in front of bytes in the same
 * memory: no byte is read again once as many are written. NULL: nothing is written. The size.
 */
gsize codec_write_qp(guint8 *out, const guint8 *bytes, gsize size, const char *eol);
gsize codec_write_base64(guint8 *out, const guint8 *bytes, gsize size, const char *eol);

/* Whether a large text is shorter in base64; a small one is better read in quoted-printable. */
gboolean codec_text_wants_base64(const guint8 *bytes, gsize size);

/* In lines of 76, each with eol. */
char *codec_base64(const guint8 *bytes, gsize size, const char *eol);

/* Padded groups one after the other are all read (FACTS 17b); NULL when a byte is not base64. */
GByteArray *codec_base64_decode(const guint8 *bytes, gsize size);

/* Whether every byte is under 128. */
gboolean codec_is_ascii(const guint8 *bytes, gsize size);

/* Whether bytes under 128 mean ASCII wherever they stand. NULL is us-ascii. */
gboolean codec_charset_extends_ascii(const char *charset);
gboolean codec_charset_is_utf8(const char *charset);
gboolean codec_charset_is_ascii(const char *charset);

/* Text in UTF-8, or NULL when it is not valid in that charset. length gets its bytes, NULs among
 * them; with NULL, and in ASCII and UTF-8, a NUL is not valid. */
char *codec_to_utf8(const guint8 *bytes, gsize size, const char *charset, gsize *length);
/* The same, with U+FFFD for what is not valid. */
char *codec_to_utf8_lossy(const guint8 *bytes, gsize size, const char *charset, gsize *length);

#endif
