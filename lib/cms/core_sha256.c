/*
 * OpenSSL's SHA-256 for lib/core (digest.h): two to three times as fast as GLib's. Apart from the
 * other digests, so that a program without lib/core links. Safe in every thread.
 */
#include <openssl/evp.h>

#include "cms/digest.h"
#include "core/sha256.h"

static void free_context(gpointer context)
{
	EVP_MD_CTX_free(context);
}

/* One a thread, made ready once: to make one costs more than a digest of a few blocks. */
static GPrivate thread_context = G_PRIVATE_INIT(free_context);

static EVP_MD_CTX *context_of_thread(void)
{
	EVP_MD_CTX *context = g_private_get(&thread_context);
	EVP_MD *sha256;

	if (context != NULL)
		return context;
	context = EVP_MD_CTX_new();
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (context == NULL || EVP_DigestInit_ex2(context, sha256, NULL) != 1)
		g_error("SHA-256 is not available");
	EVP_MD_free(sha256);
	g_private_set(&thread_context, context);
	return context;
}

static void sha256_of_parts(const Sha256Part *parts, guint n_parts, guint8 digest[SHA256_BYTES])
{
	EVP_MD_CTX *context = context_of_thread();
	gboolean done = EVP_DigestInit_ex2(context, NULL, NULL) == 1;

	for (guint i = 0; i < n_parts; i++)
		done = done && EVP_DigestUpdate(context, parts[i].bytes, parts[i].size) == 1;
	if (!done || EVP_DigestFinal_ex(context, digest, NULL) != 1)
		g_error("SHA-256 is not available");
}

void digest_serve_core(void)
{
	sha256_use(sha256_of_parts);
}
