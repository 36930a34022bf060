/*
 * Permits: provisiond's word that a record of these very bytes is durable. Text:
 * "1 SEND_ID MAILBOX SHA256HEX EXPIRES_UNIX MACHEX", MAC = HMAC-SHA-256(key, "acuse-permit-1 " ||
 * the rest before it).
 */
#ifndef ACUSE_SIGNER_PERMIT_H
#define ACUSE_SIGNER_PERMIT_H

#include <glib.h>

typedef struct {
	char *send_id, *mailbox, *entity_sha256;
	gint64 expires_s;
} Permit;

void permit_free(Permit *permit);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Permit, permit_free)

/* NULL with ACUSE_ERROR_INVALID when a word has blanks or the digest is not hex. */
char *permit_make(GBytes *key, const char *send_id, const char *mailbox, const char *entity_sha256,
	gint64 expires_s, GError **error);
/* NULL with ACUSE_ERROR_PERMIT: malformed, forged or expired. */
Permit *permit_check(GBytes *key, const char *text, gint64 now_s, GError **error);

/* Reads a key file (32..4096 bytes, not readable by others). NULL with ACUSE_ERROR_INVALID. */
GBytes *key_file_read(const char *path, GError **error);

#endif
