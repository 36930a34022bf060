/*
 * The part tree of a message by byte offsets, for splicing: a forward scan by boundaries (RFC
 * 2046 5.1). Trailing blanks after a boundary, an absent closing boundary, preamble and epilogue
 * are honoured; an outer boundary ends an inner part. Internal to lib/mime. Values of Content-Type
 * are read by GMime.
 */
#ifndef ACUSE_MIME_PART_H
#define ACUSE_MIME_PART_H

#include "mime/message.h"

#define MIME_MAX_VALUE_BYTES (16 * 1024) /* of one Content-* field; longer is malformed */

typedef enum {
	ENCODING_7BIT, /* or no field */
	ENCODING_8BIT,
	ENCODING_BINARY,
	ENCODING_QP,
	ENCODING_BASE64,
	ENCODING_UNKNOWN
} MimeEncoding;

/* A field in the body: offsets of its first byte, of the byte after ':', of the value's end and of
 * the next line. */
typedef struct {
	char *name;
	gsize start, value, value_end, end;
} PartField;

typedef struct _MimePart MimePart;
struct _MimePart {
	MimePart *parent; /* NULL: the message itself, whose fields are MailMessage.fields */
	GPtrArray
		*children;  /* MimePart *; of a multipart, or the one message in a message/rfc822 */
	GArray *fields;	    /* PartField; NULL for the message itself */
	gsize start;	    /* first byte of the header section */
	gsize content, end; /* the content, without the line end that belongs to the boundary */
	char *type;	    /* "text/plain", lower case; the default when there is no field */
	gboolean has_type;
	gboolean cut;	    /* no empty line ends its header section */
	gboolean malformed; /* Content-Type or encoding given twice, too long, or a broken header
			       section */
	char *charset;	    /* lower case; NULL: none given */
	char *boundary, *protocol, *smime_type, *report_type;
	char *name; /* file name, or NULL */
	gboolean flowed;
	gboolean attachment;
	MimeEncoding encoding;
};

void mime_part_free(MimePart *part);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MimePart, mime_part_free)

/* The whole tree; NULL with ACUSE_ERROR_TOO_COMPLEX over a limit of mime/facts.h. */
MimePart *mime_part_scan(const MailMessage *message, GError **error);
/* The same of a message that was within the limits and is being edited: what we add may go over
 * them. */
MimePart *mime_part_scan_edited(const MailMessage *message, GError **error);

/* Every part in order, the root first. The array owns nothing. */
GPtrArray *mime_part_list(MimePart *root);

/* Appends the AttachmentFacts of the tree's files (mime/attachments.h). */
void attachments_list(const MailMessage *message, MimePart *root, GPtrArray *attachments);

/* Whether it has no children; whether its type is multipart/... */
gboolean mime_part_is_leaf(const MimePart *part);
gboolean mime_part_is_multipart(const MimePart *part);

/* Raw value of the part's first field of that name, folds kept; a new string or NULL. */
char *mime_part_field(const MimePart *part, const MailMessage *message, const char *name);

/* "\r\n" unless the body has line ends and none of them is that. */
const char *mime_body_eol(const GByteArray *body);

#endif
