/* unlock_offer.h: texts and bytes only. Nothing is believed before its form is checked. */
#include "signer/unlock_offer.h"

#include <string.h>

#include "base/error.h"
#include "base/hex.h"

enum { LINE_CONTEXT, LINE_TOKEN, LINE_HOLDER, LINE_EXPIRES, LINE_KEY, N_LINES };

void unlock_offer_free(UnlockOffer *offer)
{
	if (offer == NULL)
		return;
	g_free(offer->token);
	g_free(offer->holder);
	g_free(offer);
}

static gboolean is_line(const char *text)
{
	if (text == NULL || *text == '\0')
		return FALSE;
	for (const char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return FALSE;
	return TRUE;
}

char *unlock_offer_make(const UnlockOffer *offer, GError **error)
{
	g_autofree char *key = hex_of_bytes(offer->key, sizeof offer->key);
	g_autofree char *text = NULL;

	if (is_line(offer->token) && is_line(offer->holder) && offer->expires_s > 0)
		text = g_strdup_printf(UNLOCK_CONTEXT "\n%s\n%s\n%" G_GINT64_FORMAT "\n%s",
			offer->token, offer->holder, offer->expires_s, key);
	if (text != NULL && strlen(text) <= UNLOCK_OFFER_MAX_CHARS)
		return g_steal_pointer(&text);
	g_set_error_literal(
		error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "no offer can name this token or holder");
	return NULL;
}

gboolean unlock_bytes_of_hex(const char *hex, guint8 *bytes, gsize size)
{
	return hex != NULL && strlen(hex) == 2 * size && hex_to_bytes(hex, bytes, size);
}

UnlockOffer *unlock_offer_parse(const char *text, GError **error)
{
	g_autoptr(UnlockOffer) offer = g_new0(UnlockOffer, 1);
	g_auto(GStrv) lines = NULL;

	if (strnlen(text, UNLOCK_OFFER_MAX_CHARS + 1) <= UNLOCK_OFFER_MAX_CHARS)
		lines = g_strsplit(text, "\n", N_LINES + 1);
	if (lines != NULL && g_strv_length(lines) == N_LINES &&
		strcmp(lines[LINE_CONTEXT], UNLOCK_CONTEXT) == 0 && is_line(lines[LINE_TOKEN]) &&
		is_line(lines[LINE_HOLDER]) &&
		g_ascii_string_to_signed(
			lines[LINE_EXPIRES], 10, 1, G_MAXINT64, &offer->expires_s, NULL) &&
		unlock_bytes_of_hex(lines[LINE_KEY], offer->key, sizeof offer->key)) {
		offer->token = g_strdup(lines[LINE_TOKEN]);
		offer->holder = g_strdup(lines[LINE_HOLDER]);
		return g_steal_pointer(&offer);
	}
	g_set_error_literal(
		error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "not an offer to unlock a token");
	return NULL;
}

gboolean unlock_block_fill(guint8 block[UNLOCK_BLOCK_BYTES], const char *pin, GError **error)
{
	gsize length = strlen(pin);

	if (length == 0 || length > UNLOCK_MAX_PIN) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "a PIN has 1 to %d bytes",
			UNLOCK_MAX_PIN);
		return FALSE;
	}
	memset(block, 0, UNLOCK_BLOCK_BYTES);
	block[0] = (guint8)length;
	memcpy(block + 1, pin, length);
	return TRUE;
}

const char *unlock_block_pin(const guint8 block[UNLOCK_BLOCK_BYTES])
{
	const char *pin = (const char *)block + 1;
	gsize length = block[0];

	if (length == 0 || length > UNLOCK_MAX_PIN)
		return NULL;
	for (gsize i = length; i < UNLOCK_BLOCK_BYTES - 1; i++)
		if (pin[i] != '\0')
			return NULL;
	return strlen(pin) == length ? pin : NULL;
}
