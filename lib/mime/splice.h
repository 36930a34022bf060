/*
 * Carries out edits of leaves by splicing bytes, and checks the outcome (DESIGN 3). Internal to
 * lib/mime.
 */
#ifndef ACUSE_MIME_SPLICE_H
#define ACUSE_MIME_SPLICE_H

#include "mime/codec.h"
#include "mime/part.h"

/* What a part becomes that gets a file of another kind; with encode and decoded. */
typedef struct {
	const char *type, *name;		/* as they are read afterwards */
	const char *content_type, *disposition; /* values of the fields */
} LeafLabel;

typedef struct {
	const MimePart *part;
	const LeafLabel *label; /* borrowed; NULL: the same kind of file */
	MimeEncoding encode;	/* QP or BASE64: the content anew; else (0) it stays */
	GByteArray *decoded;	/* what is encoded; NULL: the content itself, byte for byte */
	GByteArray *insert;	/* without decoded: bytes to stand at insert_at of the content */
	gsize insert_at;
	Print expected;	      /* of what a content with an insertion decodes to; {0}: not checked */
	const char *charset;  /* new charset, static; NULL: as it is */
	const char *encoding; /* new Content-Transfer-Encoding, static; NULL: as it is */
	GPtrArray *values;    /* FieldValue *, of fields of a nested part; NULL: none */
	GArray *dropped;      /* ByteRange, of a multipart: what stands around its children */
} LeafEdit;

typedef struct {
	gsize start, end; /* of the body */
} ByteRange;

typedef struct {
	const PartField *field;
	char *value; /* without the leading blank */
} FieldValue;

LeafEdit *leaf_edit_new(const MimePart *part);
/* Gives the part's field a new value, which is taken over. */
void leaf_edit_set_value(LeafEdit *edit, const PartField *field, char *value);
void leaf_edit_free(LeafEdit *edit);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LeafEdit, leaf_edit_free)

/*
 * Applies the edits (LeafEdit *, in the order of the parts) to the message, within its body: a
 * large one is never there twice. root is its tree before; it describes nothing afterwards. After
 * ACUSE_ERROR_DAMAGED the message is no longer what it was and must not be used.
 */
gboolean splice_apply(MailMessage *message, MimePart *root, const GPtrArray *edits, GError **error);

/* Bytes at a place of the body, within it. */
void splice_insert(GByteArray *body, gsize at, const void *bytes, gsize size);

/* A boundary that does not occur in the bytes; the same for the same bytes. */
char *splice_boundary(const guint8 *bytes, gsize size);

#endif
