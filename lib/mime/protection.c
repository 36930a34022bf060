/*
 * Detection of S/MIME (RFC 8551 3.9), PGP/MIME (RFC 3156) and PGP inside the text. Whatever looks
 * protected counts as protected: altering it would break it. Pure functions.
 */
#include "mime/protection.h"

#include <string.h>

#include "mime/codec.h"

#define PIECE_BYTES (256 * 1024) /* of a text, decoded at a time */

gboolean protection_covers(const MimePart *part)
{
	return strcmp(part->type, "multipart/signed") == 0 ||
	       strcmp(part->type, "multipart/encrypted") == 0;
}

/* RFC 8551 3.9, in any case. */
static gboolean has_pkcs7_suffix(const char *name)
{
	static const char *const suffixes[] = {".p7m", ".p7s", ".p7c", ".p7z"};
	gsize size = strlen(name);

	for (gsize i = 0; i < G_N_ELEMENTS(suffixes); i++)
		if (size > strlen(suffixes[i]) &&
			g_ascii_strcasecmp(name + size - strlen(suffixes[i]), suffixes[i]) == 0)
			return TRUE;
	return FALSE;
}

static gboolean is_pkcs7_mime(const MimePart *part)
{
	if (strcmp(part->type, "application/pkcs7-mime") == 0 ||
		strcmp(part->type, "application/x-pkcs7-mime") == 0)
		return TRUE;
	return strcmp(part->type, "application/octet-stream") == 0 && part->name &&
	       has_pkcs7_suffix(part->name);
}

/* By smime-type, else by the content's object identifier 1.2.840.113549.1.7.2 (signed-data). */
static Protection opaque_protection(const MailMessage *message, const MimePart *part)
{
	static const guint8 signed_data[] = {
		0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02};
	const guint8 *bytes = message->body->data + part->content;
	g_autoptr(GByteArray) decoded = NULL;

	if (part->smime_type)
		return strcmp(part->smime_type, "signed-data") == 0 ||
				       strcmp(part->smime_type, "certs-only") == 0
			       ? PROTECTION_SMIME_SIGNED
			       : PROTECTION_SMIME_ENCRYPTED;
	if (part->end > part->content)
		decoded = codec_decode(part->encoding, bytes, part->end - part->content, NULL);
	if (decoded &&
		memmem(decoded->data, MIN(decoded->len, 64u), signed_data, sizeof(signed_data)))
		return PROTECTION_SMIME_SIGNED;
	return PROTECTION_SMIME_ENCRYPTED;
}

static Protection signed_protection(const MimePart *part)
{
	const MimePart *second =
		part->children->len > 1 ? g_ptr_array_index(part->children, 1) : NULL;

	if ((part->protocol && strstr(part->protocol, "pgp-signature")) ||
		(!part->protocol && second && strstr(second->type, "pgp-signature")))
		return PROTECTION_PGP_SIGNED;
	return PROTECTION_SMIME_SIGNED;
}

static gboolean line_starts_with(const guint8 *text, gsize size, const char *mark)
{
	const guint8 *from = text, *end = text + size, *at;

	while ((at = memmem(from, (gsize)(end - from), mark, strlen(mark)))) {
		if (at == text || at[-1] == '\n')
			return TRUE;
		from = at + 1;
	}
	return FALSE;
}

static gboolean has_armour(const guint8 *text, gsize size)
{
	return line_starts_with(text, size, "-----BEGIN PGP MESSAGE-----") ||
	       line_starts_with(text, size, "-----BEGIN PGP SIGNED MESSAGE-----");
}

/* The end of the piece that begins the bytes: of quoted-printable, which may be decoded line by
 * line, a line end that is no soft break. */
static gsize piece_size(MimeEncoding encoding, const guint8 *bytes, gsize size)
{
	const guint8 *end = bytes + MIN(size, PIECE_BYTES), *lf;

	if (encoding != ENCODING_QP)
		return size;
	while ((lf = memchr(end, '\n', size - (gsize)(end - bytes)))) {
		const guint8 *last = lf;

		while (last > bytes && strchr(" \t\r", last[-1]) && last[-1])
			last--;
		end = lf + 1;
		if (last > bytes && last[-1] != '=')
			return (gsize)(end - bytes);
	}
	return size;
}

/* A large text is never decoded as a whole where it need not be. */
static gboolean has_encoded_armour(MimeEncoding encoding, const guint8 *text, gsize size)
{
	for (gsize at = 0; at < size;) {
		gsize piece = piece_size(encoding, text + at, size - at);
		g_autoptr(GByteArray) decoded = codec_decode(encoding, text + at, piece, NULL);

		if (decoded && decoded->len > 0 && has_armour(decoded->data, decoded->len))
			return TRUE;
		at += piece;
	}
	return FALSE;
}

static gboolean has_inline_pgp(const MailMessage *message, const MimePart *part)
{
	const guint8 *text = message->body->data + part->content;
	gsize size = part->end - part->content;

	if (strcmp(part->type, "text/plain") != 0 || part->attachment || part->end <= part->content)
		return FALSE;
	return part->encoding > ENCODING_BINARY ? has_encoded_armour(part->encoding, text, size)
						: has_armour(text, size);
}

static Protection find_in(const MailMessage *message, const MimePart *part)
{
	if (strcmp(part->type, "multipart/signed") == 0)
		return signed_protection(part);
	if (strcmp(part->type, "multipart/encrypted") == 0)
		return PROTECTION_PGP_ENCRYPTED;
	/* Deeper down a .p7m is a file that somebody attached. */
	if (!part->parent && is_pkcs7_mime(part))
		return opaque_protection(message, part);
	if (mime_part_is_leaf(part))
		return has_inline_pgp(message, part) ? PROTECTION_PGP_INLINE : PROTECTION_NONE;
	for (guint i = 0; mime_part_is_multipart(part) && i < part->children->len; i++) {
		Protection found = find_in(message, g_ptr_array_index(part->children, i));

		if (found != PROTECTION_NONE)
			return found;
	}
	return PROTECTION_NONE;
}

Protection protection_of(const MailMessage *message, MimePart *root)
{
	return find_in(message, root);
}
