/* The block in one part. Internal to lib/mime. */
#ifndef ACUSE_MIME_BLOCK_H
#define ACUSE_MIME_BLOCK_H

#include "mime/rewrite.h"
#include "mime/splice.h"

/* One insertion under way. */
typedef struct {
	const MimeBlock *block;
	const char *const *items, *const *html_items;
	const char *html_text; /* what a reader sees of block->html */
	const MailMessage *message;
	const char *eol;
	gboolean opaque;    /* the text under way is in an unknown charset */
	const char *raw;    /* a large one, in the bytes of this charset; NULL: UTF-8 */
	gboolean marked;    /* the message came with MIME_BLOCK_FIELD */
	gboolean need_mark; /* out: without it the block would be taken for a quoted one */
} BlockWork;

/*
 * *edit: what gives the part its block; NULL with TRUE when it has it already. FALSE with
 * ACUSE_ERROR_UNREADABLE or ACUSE_ERROR_TOO_COMPLEX.
 */
gboolean block_plan_part(BlockWork *work, const MimePart *part, LeafEdit **edit, GError **error);

/* Whether the part's text is HTML. */
gboolean block_part_is_html(const MimePart *part);

/* Whether a text (UTF-8), of HTML as its reader sees it, ends with the block. */
gboolean block_ends_text(const BlockWork *work, gboolean html, const char *utf8, gsize size);

/* A multipart/mixed of the message's content and a text part with the block, before it or after it.
 */
gboolean block_wrap(MailMessage *message, MimePart *root, const BlockWork *work, gboolean after,
	GError **error);

/* Whether block_wrap was here before. */
gboolean block_is_wrapped(const BlockWork *work, const MimePart *root);

/* Puts the logo beside each of the HTML parts (of root, in order) that show it. */
gboolean block_add_logo(MailMessage *message, const MimeBlock *block, GError **error);

/* The body's texts, in order: every one of an alternative, the root of a related, the first child
 * of anything else that has some. */
void block_targets(const MimePart *part, GPtrArray *targets);

#endif
