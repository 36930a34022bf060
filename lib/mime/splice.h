/*
 * Carries out edits of leaves by splicing bytes, and checks the outcome (DESIGN 3). Internal to
 * lib/mime.
 */
#ifndef ACUSE_MIME_SPLICE_H
#define ACUSE_MIME_SPLICE_H

#include "mime/part.h"

typedef struct {
	const MimePart *part;
	GByteArray *content; /* new encoded content; NULL: as it is */
	GByteArray *insert;  /* with content NULL: bytes to stand at insert_at of the content */
	gsize insert_at;
	GByteArray
		*decoded; /* what the new content has to decode to; NULL: not checked (as it is) */
	const char *charset;  /* new charset, static; NULL: as it is */
	const char *encoding; /* new Content-Transfer-Encoding, static; NULL: as it is */
	GPtrArray *values;    /* FieldValue *, of fields of a nested part; NULL: none */
} LeafEdit;

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
 * Applies the edits (LeafEdit *, in the order of the parts) to the message, which stays as it was
 * on failure (ACUSE_ERROR_DAMAGED). root is its tree before; it describes nothing afterwards.
 */
gboolean splice_apply(MailMessage *message, MimePart *root, const GPtrArray *edits, GError **error);

/* Makes `message` have the fields and body of `other`, which is consumed. */
void splice_take(MailMessage *message, MailMessage *other);

/* A boundary that does not occur in the bytes; the same for the same bytes. */
char *splice_boundary(const guint8 *bytes, gsize size);

#endif
