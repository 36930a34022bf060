/* sha256.h: the one of the program, or GLib's. It cannot fail. */
#include "core/sha256.h"

static void glib_sha256(const Sha256Part *parts, guint n_parts, guint8 digest[SHA256_BYTES])
{
	g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
	gsize size = SHA256_BYTES;

	for (guint i = 0; i < n_parts; i++)
		g_checksum_update(checksum, parts[i].bytes, (gssize)parts[i].size);
	g_checksum_get_digest(checksum, digest, &size);
}

/* Set once, before there is a second thread. */
static Sha256 chosen = glib_sha256;

void sha256_use(Sha256 function)
{
	chosen = function != NULL ? function : glib_sha256;
}

void sha256_of(const Sha256Part *parts, guint n_parts, guint8 digest[SHA256_BYTES])
{
	chosen(parts, n_parts, digest);
}
