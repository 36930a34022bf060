/*
 * permit.h: makes and checks permits; the MAC is compared in constant time and before anything else
 * is believed. Safe in every thread.
 */
#include "signer/permit.h"
#include "base/error.h"
#include "base/hex.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAC_CONTEXT "acuse-permit-1 "
#define MAX_PERMIT_CHARS 1024
#define SHA256_HEX_CHARS 64
#define MIN_KEY_BYTES 32
#define MAX_KEY_BYTES 4096

enum { WORD_VERSION, WORD_SEND, WORD_MAILBOX, WORD_DIGEST, WORD_EXPIRES, WORD_MAC, N_WORDS };

void permit_free(Permit *permit)
{
	if (permit == NULL)
		return;
	g_free(permit->send_id);
	g_free(permit->mailbox);
	g_free(permit->entity_sha256);
	g_free(permit);
}

static gboolean is_word(const char *text)
{
	if (text == NULL || *text == '\0')
		return FALSE;
	for (const char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p <= 0x20 || *p == 0x7f)
			return FALSE;
	return TRUE;
}

static char *mac_of(GBytes *key, const char *body)
{
	g_autofree char *text = g_strconcat(MAC_CONTEXT, body, NULL);
	gsize key_size;
	const guchar *key_data = g_bytes_get_data(key, &key_size);

	return g_compute_hmac_for_string(G_CHECKSUM_SHA256, key_data, key_size, text, -1);
}

static gboolean equal_constant_time(const char *one, const char *other)
{
	gsize length = strlen(one);
	unsigned char difference = 0;

	if (length != strlen(other))
		return FALSE;
	for (gsize i = 0; i < length; i++)
		difference |= (unsigned char)(one[i] ^ other[i]);
	return difference == 0;
}

char *permit_make(GBytes *key, const char *send_id, const char *mailbox, const char *entity_sha256,
	gint64 expires_s, GError **error)
{
	g_autofree char *body = NULL;
	g_autofree char *mac = NULL;

	if (!is_word(send_id) || !is_word(mailbox) || !hex_is_sha256(entity_sha256) ||
		expires_s <= 0) {
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_INVALID,
			"a permit needs words without blanks, a digest and a time");
		return NULL;
	}
	body = g_strdup_printf(
		"1 %s %s %s %" G_GINT64_FORMAT, send_id, mailbox, entity_sha256, expires_s);
	if (strlen(body) + 1 + SHA256_HEX_CHARS > MAX_PERMIT_CHARS) {
		g_set_error_literal(
			error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "the permit is too long");
		return NULL;
	}
	mac = mac_of(key, body);
	return g_strconcat(body, " ", mac, NULL);
}

static Permit *refuse(GError **error, const char *why)
{
	g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_PERMIT, why);
	return NULL;
}

Permit *permit_check(GBytes *key, const char *text, gint64 now_s, GError **error)
{
	g_auto(GStrv) words = NULL;
	g_autofree char *body = NULL;
	g_autofree char *mac = NULL;
	const char *last_blank;
	gint64 expires_s;
	Permit *permit;

	if (text == NULL || *text == '\0')
		return refuse(error, "there is no permit");
	last_blank =
		strnlen(text, MAX_PERMIT_CHARS + 1) <= MAX_PERMIT_CHARS ? strrchr(text, ' ') : NULL;
	if (last_blank == NULL)
		return refuse(error, "the permit is malformed");
	body = g_strndup(text, (gsize)(last_blank - text));
	mac = mac_of(key, body);
	if (!equal_constant_time(mac, last_blank + 1))
		return refuse(error, "the permit is forged");
	words = g_strsplit(text, " ", N_WORDS + 1);
	if (g_strv_length(words) != N_WORDS || strcmp(words[WORD_VERSION], "1") != 0 ||
		!is_word(words[WORD_SEND]) || !is_word(words[WORD_MAILBOX]) ||
		!hex_is_sha256(words[WORD_DIGEST]) ||
		!g_ascii_string_to_signed(words[WORD_EXPIRES], 10, 1, G_MAXINT64, &expires_s, NULL))
		return refuse(error, "the permit is malformed");
	if (now_s >= expires_s)
		return refuse(error, "the permit has expired");
	permit = g_new0(Permit, 1);
	permit->send_id = g_strdup(words[WORD_SEND]);
	permit->mailbox = g_strdup(words[WORD_MAILBOX]);
	permit->entity_sha256 = g_strdup(words[WORD_DIGEST]);
	permit->expires_s = expires_s;
	return permit;
}

static gboolean read_all(int fd, guint8 *buffer, gsize capacity, gsize *size)
{
	*size = 0;
	while (*size < capacity) {
		ssize_t got = read(fd, buffer + *size, capacity - *size);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return FALSE;
		if (got == 0)
			break;
		*size += (gsize)got;
	}
	return TRUE;
}

GBytes *key_file_read(const char *path, GError **error)
{
	guint8 buffer[MAX_KEY_BYTES + 1];
	struct stat info;
	gsize size = 0;
	GBytes *key = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &info) < 0) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "key file %s: %s", path,
			g_strerror(errno));
	} else if (!S_ISREG(info.st_mode) || (info.st_mode & 0007) != 0) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID,
			"key file %s: must be a file that others cannot read", path);
	} else if (!read_all(fd, buffer, sizeof buffer, &size)) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "key file %s: %s", path,
			g_strerror(errno));
	} else if (size < MIN_KEY_BYTES || size > MAX_KEY_BYTES) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID,
			"key file %s: must have %d to %d bytes", path, MIN_KEY_BYTES,
			MAX_KEY_BYTES);
	} else {
		key = g_bytes_new(buffer, size);
	}
	explicit_bzero(buffer, sizeof buffer);
	if (fd >= 0)
		close(fd);
	return key;
}
