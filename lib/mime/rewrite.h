/*
 * Changes to a message, by splicing bytes: only the text parts that get the block, and their own
 * charset and transfer-encoding fields, change; every other byte stays (DESIGN 3, FACTS 17, 18).
 * Each function works on the message in place: a large body is never there twice. A failure leaves
 * it as it was, but for one: a check of our own follows each edit (the part tree is the same,
 * untouched leaves have the same digest, the decoded text is the old one plus the block); if it
 * fails: ACUSE_ERROR_DAMAGED, the message is spoilt and must not be released.
 */
#ifndef ACUSE_MIME_REWRITE_H
#define ACUSE_MIME_REWRITE_H

#include "mime/message.h"

/* The signature block of one sender (core/signature.h makes it). Everything is borrowed. */
typedef struct {
	const char *text, *html;  /* UTF-8, LF, no final line end */
	const char *const *items; /* the data in it, in order; NULL: the lines of text */
	gboolean before_quote;	  /* in an answer: before what it quotes, else at the very end */
	GBytes *logo;		  /* shown by html as cid:logo_id; NULL: none */
	const char *logo_type, *logo_id;
} MimeBlock;

typedef enum {
	MIME_BLOCK_ADDED,     /* to every text */
	MIME_BLOCK_COMPLETED, /* to some: the others had it */
	MIME_BLOCK_PRESENT,
	MIME_BLOCK_PROTECTED
} MimeBlockOutcome;

/*
 * Adds the signature block to the body's text/plain and text/html parts (P4): inside alternative,
 * related and mixed, never in attachments, message/rfc822, calendar, signed or encrypted parts.
 * HTML: before the last real </body> (gumbo tells where). A part in another charset that cannot
 * hold the block becomes UTF-8 quoted-printable; HTML that is not in UTF-8 gets character
 * references. Not repeated where the author's own text ends with the same data, whoever wrote them.
 * A mail without any text part, or with one that cannot be read for certain, gets a part more. The
 * logo makes of the HTML part a multipart/related, or joins the one it is in. A protected mail
 * stays as it is, with TRUE. ACUSE_ERROR_TOO_COMPLEX over a limit of mime/html.h.
 *
 * Where nothing marks the end of a quote, only the field Acuse-Block, set with the block and read
 * here, tells a block at the end from a quoted one.
 */
gboolean mime_insert_block(
	MailMessage *message, const MimeBlock *block, MimeBlockOutcome *outcome, GError **error);

/* The same for a block of text and HTML alone, at the end. */
gboolean mime_add_block(
	MailMessage *message, const char *block_text, const char *block_html, GError **error);

/*
 * Replaces every field of this name by one with this value, UTF-8 in one line: encoded (RFC 2047)
 * and folded where it is not ASCII. NULL only deletes. ACUSE_ERROR_INVALID, and nothing changed,
 * when a letter stands where only ASCII may.
 */
gboolean mime_set_field(MailMessage *message, const char *name, const char *value, GError **error);

#define MIME_BLOCK_FIELD "Acuse-Block"

/*
 * Makes the message what may be signed: each 8-bit or over-long leaf as quoted-printable or base64,
 * letters in fields as encoded words and extended parameters, domains of addresses as RFC 5890 has
 * them in ASCII, no preambles and epilogues (in attached messages: where they are 7-bit, they
 * stay). ACUSE_ERROR_UNSIGNABLE where that cannot be: in attached reports, in protected parts;
 * ACUSE_ERROR_ADDRESS_8BIT for letters before the @, which RFC 6532 allows and RFC 1847 does not.
 */
gboolean mime_to_7bit(MailMessage *message, GError **error);

#endif
