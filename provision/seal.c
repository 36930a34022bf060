/* seal.h: one question to the signer's control socket. Fails as the signer does, and when the
 * signature does not verify; keeps nothing. */
#include "provision/seal.h"

#include "base/error.h"
#include "cms/cms.h"
#include "signer/protocol.h"

#define SEAL_TIMEOUT_MS 10000

/* A token that signs nonsense would leave proof that is kept for ever and proves nothing. */
static gboolean is_good(
	GBytes *signature, const void *bytes, gsize size, const char *certificate, GError **error)
{
	g_autoptr(GBytes) content = g_bytes_new_static(bytes, size);
	g_autoptr(CmsSigner) signer = cms_verify_detached(signature, content, NULL, NULL);

	if (signer != NULL && g_strcmp0(signer->certificate_sha256, certificate) == 0)
		return TRUE;
	g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_TOKEN_TROUBLE,
		"the signature that the seal made does not verify");
	return FALSE;
}

GBytes *seal_sign(
	Service *service, const void *bytes, gsize size, char **certificate_sha256, GError **error)
{
	g_autoptr(GVariant) answer = NULL, cms = NULL;
	GVariantBuilder parameters;
	const char *certificate = NULL;
	g_autoptr(GBytes) signature = NULL;
	gconstpointer der;
	gsize der_size;

	if (*settings_string(service->settings, "signing", "seal_token") == '\0') {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NO_BINDING,
			"[signing] seal_token is not set");
		return NULL;
	}
	g_variant_builder_init(&parameters, G_VARIANT_TYPE_VARDICT);
	g_variant_builder_add(&parameters, "{sv}", "content",
		g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, bytes, size, 1));
	answer = signer_call(settings_string(service->settings, "signing", "control_socket"),
		SEAL_TIMEOUT_MS, "seal", g_variant_builder_end(&parameters), NULL, error);
	if (answer == NULL)
		return NULL;
	cms = g_variant_lookup_value(answer, "cms", G_VARIANT_TYPE_BYTESTRING);
	der = cms == NULL ? NULL : g_variant_get_fixed_array(cms, &der_size, 1);
	if (der == NULL || der_size == 0) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_TOKEN_TROUBLE,
			"the signer's answer has no signature");
		return NULL;
	}
	g_variant_lookup(answer, "certificate_sha256", "&s", &certificate);
	signature = g_bytes_new(der, der_size);
	if (!is_good(signature, bytes, size, certificate, error))
		return NULL;
	if (certificate_sha256 != NULL)
		*certificate_sha256 = g_strdup(certificate);
	return g_steal_pointer(&signature);
}
