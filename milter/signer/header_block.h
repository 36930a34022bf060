/*
 * What the signer reads of an entity: its first header block, up to the first empty line, by lines.
 * It is the last check that what the milter asks to sign is a mail of the bound mailbox whose
 * headers are protected (RFC 9788).
 */
#ifndef ACUSE_SIGNER_HEADER_BLOCK_H
#define ACUSE_SIGNER_HEADER_BLOCK_H

#include <glib.h>

#define HEADER_BLOCK_MAX_BYTES (64 * 1024)

/*
 * TRUE when the block has exactly one Content-Type, with hp="clear", and exactly one From, whose
 * only address equals mailbox (ASCII case ignored). ACUSE_ERROR_FORBIDDEN with the reason
 * otherwise.
 */
gboolean header_block_check(GBytes *entity, const char *mailbox, GError **error);

#endif
