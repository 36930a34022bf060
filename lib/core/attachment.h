/*
 * What is known of one attachment. lib/mime tells where it stands and how it is called
 * (MessageFacts.attachments); inspect/inspect.h adds what its content says, when a rule asks for
 * it.
 */
#ifndef ACUSE_CORE_ATTACHMENT_H
#define ACUSE_CORE_ATTACHMENT_H

#include <glib.h>

/* What speaks against a file (P9). One attachment may have several of them. */
typedef enum {
	BLOCKED_EXTENSION,  /* a name of the list, its own or that of a file inside */
	BLOCKED_CONTENT,    /* a program, script, shortcut, installer or disk image by its bytes */
	BLOCKED_MACROS,	    /* an Office file with macros */
	BLOCKED_ENCRYPTED,  /* an archive that cannot be looked into without its password */
	BLOCKED_UNREADABLE, /* damaged, or of a kind that cannot be looked into */
	BLOCKED_TOO_MUCH,   /* over a limit of lib/archive/archive.h: levels, files, bytes, time */
	BLOCKED_N
} BlockedReason;

/* P11; filled by the stage that runs pdfsig. */
typedef enum {
	PDF_NOT_CHECKED,
	PDF_UNSIGNED,
	PDF_VALID,
	PDF_BROKEN,	/* signed, and changed or damaged since */
	PDF_UNTRUSTED,	/* signed, by a certificate that no trusted root answers for */
	PDF_UNREADABLE, /* pdfsig failed, or ran over its limits */
} PdfSignature;

typedef struct {
	guint part;	     /* number in the part tree, the message itself being 0 */
	char **names;	     /* UTF-8, NULL-terminated: its name, then what other readers may take
				for it; may be empty */
	char *type;	     /* "application/pdf", lower case, as labelled */
	gsize offset;	     /* of its content in the body */
	gsize encoded_bytes; /* of its content, never less than size_bytes */
	guint encoding;	     /* for lib/mime alone */
	gboolean embedded;   /* shown in the text, or one of its forms (an invitation) */
	gboolean nested;     /* inside an attached message */

	/* Of inspect/inspect.h; nothing of it while `inspected` is FALSE. */
	gboolean inspected;
	gsize size_bytes; /* decoded; 0 when it was not decoded whole */
	char *sha256;	  /* hex, of the decoded bytes; NULL when they were not decoded whole */
	gboolean is_pdf;  /* by its content */
	/* Path of what was found, "factura.zip/factura.exe", UTF-8, one line; NULL: not found. */
	char *blocked[BLOCKED_N];
	gsize compressed_bytes; /* estimated size in a zip; 0: not estimated */
	PdfSignature pdf_signature;
	char *pdf_detail;    /* who signed, or why it does not count; NULL */
	gint64 pdf_signed_s; /* when, as its last signature says; 0: not valid, or it does not */
} AttachmentFacts;

AttachmentFacts *attachment_facts_new(void);
void attachment_facts_free(AttachmentFacts *attachment);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AttachmentFacts, attachment_facts_free)

/*
 * What its PDFs are worth together (P11): "none" when there is no PDF, "valid" when each is, else
 * the worst: "broken", "unreadable", "untrusted", "unsigned". Not checked is unreadable.
 */
const char *attachments_pdf_word(const GPtrArray *attachments);

/* When the last of its PDFs was signed, all of them being valid; 0: there is none, or it is not
 * known. */
gint64 attachments_signed_s(const GPtrArray *attachments);

/* Its file name, or NULL. */
const char *attachment_name(const AttachmentFacts *attachment);

/* Notes a finding; the first path of each reason stays. Control characters become blanks. */
void attachment_block(AttachmentFacts *attachment, BlockedReason reason, const char *path);

#endif
