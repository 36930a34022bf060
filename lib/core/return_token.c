/*
 * Return tokens (return_token.h): base32 of 16 random bytes and 4 bytes of their MAC. Pure; the
 * randomness and the key come from the caller.
 */
#include "core/return_token.h"

#include <string.h>

#define MAC_BYTES 4
#define TOKEN_BYTES (RETURN_TOKEN_RANDOM_BYTES + MAC_BYTES)
#define MAC_CONTEXT "acuse-token-1"
#define LOCAL_PREFIX "acuse+"

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

G_STATIC_ASSERT(TOKEN_BYTES * 8 == RETURN_TOKEN_CHARS * 5);

static void compute_mac(GBytes *key, const guint8 *random, guint8 mac[MAC_BYTES])
{
	gsize key_size, digest_size = 32;
	const guint8 *key_bytes = g_bytes_get_data(key, &key_size);
	GHmac *hmac = g_hmac_new(G_CHECKSUM_SHA256, key_bytes, key_size);
	guint8 digest[32];

	g_hmac_update(hmac, (const guchar *)MAC_CONTEXT, strlen(MAC_CONTEXT));
	g_hmac_update(hmac, random, RETURN_TOKEN_RANDOM_BYTES);
	g_hmac_get_digest(hmac, digest, &digest_size);
	g_hmac_unref(hmac);
	memcpy(mac, digest, MAC_BYTES);
}

char *return_token_make(GBytes *key, const guint8 *random)
{
	guint8 bytes[TOKEN_BYTES];
	char *token = g_malloc(RETURN_TOKEN_CHARS + 1);

	memcpy(bytes, random, RETURN_TOKEN_RANDOM_BYTES);
	compute_mac(key, random, bytes + RETURN_TOKEN_RANDOM_BYTES);
	for (guint i = 0; i < RETURN_TOKEN_CHARS; i++) {
		guint bit = i * 5, value = (guint)bytes[bit / 8] << 8;

		if (bit / 8 + 1 < TOKEN_BYTES)
			value |= bytes[bit / 8 + 1];
		token[i] = alphabet[value >> (11 - bit % 8) & 31];
	}
	token[RETURN_TOKEN_CHARS] = '\0';
	return token;
}

/* FALSE unless it is RETURN_TOKEN_CHARS characters of the alphabet. */
static gboolean decode_token(const char *token, guint8 bytes[TOKEN_BYTES])
{
	memset(bytes, 0, TOKEN_BYTES);
	if (strlen(token) != RETURN_TOKEN_CHARS)
		return FALSE;
	for (guint i = 0; i < RETURN_TOKEN_CHARS; i++) {
		const char *at = strchr(alphabet, token[i]);
		guint bit = i * 5, value;

		if (at == NULL)
			return FALSE;
		value = (guint)(at - alphabet) << (11 - bit % 8);
		bytes[bit / 8] |= (guint8)(value >> 8);
		if (bit / 8 + 1 < TOKEN_BYTES)
			bytes[bit / 8 + 1] |= (guint8)(value & 255);
	}
	return TRUE;
}

gboolean return_token_check(GBytes *key, const char *token)
{
	guint8 bytes[TOKEN_BYTES], mac[MAC_BYTES], difference = 0;

	if (token == NULL || !decode_token(token, bytes))
		return FALSE;
	compute_mac(key, bytes, mac);
	for (guint i = 0; i < MAC_BYTES; i++)
		difference |= (guint8)(mac[i] ^ bytes[RETURN_TOKEN_RANDOM_BYTES + i]);
	return difference == 0;
}

char *return_token_of_address(const char *address, const char *domain)
{
	const gsize prefix = strlen(LOCAL_PREFIX);
	guint8 bytes[TOKEN_BYTES];
	g_autofree char *token = NULL;

	if (address == NULL || domain == NULL ||
		strlen(address) != prefix + RETURN_TOKEN_CHARS + 1 + strlen(domain) ||
		g_ascii_strncasecmp(address, LOCAL_PREFIX, prefix) != 0 ||
		address[prefix + RETURN_TOKEN_CHARS] != '@' ||
		g_ascii_strcasecmp(address + prefix + RETURN_TOKEN_CHARS + 1, domain) != 0)
		return NULL;
	token = g_ascii_strdown(address + prefix, RETURN_TOKEN_CHARS);
	if (!decode_token(token, bytes))
		return NULL;
	return g_steal_pointer(&token);
}
