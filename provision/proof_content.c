/*
 * What a proof bundle holds besides its leaves: message, reports, constancia, and the copy that a
 * recipient has. Called by proof_check.c when the leaves are known to be true. Fails as
 * proof_check.h says; any thread.
 */
#include "provision/proof_parts.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "cms/cms.h"
#include "cms/digest.h"
#include "mime/smime.h"

static gboolean same_digest(GBytes *bytes, const char *wanted, const char *what, GError **error)
{
	gsize size;
	const void *data = g_bytes_get_data(bytes, &size);
	g_autofree char *digest = digest_sha256_hex(data, size);

	return g_strcmp0(digest, wanted) == 0 ||
	       proof_damaged(error, "%s is not what was recorded", what);
}

static gboolean check_signer(
	ProofCheck *check, const BundleLeaf *prepared, const CmsSigner *signer, GError **error)
{
	const BundleLeaf *intent = bundle_find(check->leaves, "send.intent");
	const char *mailbox = bundle_leaf_text(intent, "mailbox");

	if (g_strcmp0(signer->certificate_sha256,
		    bundle_leaf_text(prepared, "certificate_sha256")) != 0)
		return proof_damaged(
			error, "message.eml: signed with another certificate than recorded");
	if (mailbox != NULL && (signer->signer_email == NULL ||
				       g_ascii_strcasecmp(mailbox, signer->signer_email) != 0))
		return proof_damaged(
			error, "message.eml: the certificate is not of the mailbox that sent");
	proof_say(check, _("Firma del mensaje: valida, de %s"), signer->signer_subject);
	return TRUE;
}

static gboolean check_signature(
	ProofCheck *check, const BundleLeaf *prepared, GBytes *message, GError **error)
{
	g_autoptr(GBytes) entity = NULL, cms = NULL;
	g_autoptr(CmsSigner) signer = NULL;
	gsize size;
	const void *data = g_bytes_get_data(message, &size);

	if (bundle_leaf_text(prepared, "certificate_sha256") == NULL) {
		proof_say(check, _("El mensaje salio sin firma digital del sistema"));
		return TRUE;
	}
	if (!smime_split(data, size, &entity, &cms))
		return proof_damaged(error, "message.eml: recorded as signed, but it is not");
	if (!same_digest(entity, bundle_leaf_text(prepared, "entity_sha256"),
		    "message.eml: the signed entity", error) ||
		!same_digest(cms, bundle_leaf_text(prepared, "cms_sha256"),
			"message.eml: the signature", error))
		return FALSE;
	signer = cms_verify_detached_at(
		cms, entity, check->trust, bundle_leaf_time_s(prepared), error);
	if (signer == NULL) {
		g_prefix_error(error, "message.eml: ");
		return FALSE;
	}
	return check_signer(check, prepared, signer, error);
}

static gboolean check_message(ProofCheck *check, GError **error)
{
	const BundleLeaf *prepared = bundle_find(check->leaves, "send.prepared");
	g_autoptr(GBytes) message = NULL;
	g_autofree char *size = NULL;

	if (prepared == NULL) {
		proof_say(check, _("El envio no llego a prepararse: no hay mensaje"));
		return TRUE;
	}
	message = proof_take(check, "message.eml", error);
	if (message == NULL)
		return FALSE;
	size = g_strdup_printf("%" G_GSIZE_FORMAT, g_bytes_get_size(message));
	if (!same_digest(
		    message, bundle_leaf_text(prepared, "message_sha256"), "message.eml", error))
		return FALSE;
	if (g_strcmp0(size, bundle_leaf_text(prepared, "size")) != 0)
		return proof_damaged(error, "message.eml has another size than recorded");
	proof_say(check, _("Mensaje: identico al registrado (%s bytes)"), size);
	return check_signature(check, prepared, message, error);
}

static gboolean check_reports(ProofCheck *check, GError **error)
{
	g_autoptr(GPtrArray) digests = bundle_reports(check->leaves);

	for (guint i = 0; i < digests->len; i++) {
		g_autofree char *name =
			g_strdup_printf("reports/%s.eml", (char *)digests->pdata[i]);
		g_autoptr(GBytes) report = proof_take(check, name, error);

		if (report == NULL || !same_digest(report, digests->pdata[i], name, error))
			return FALSE;
	}
	proof_say(check, _("Reportes originales: %u, identicos a los registrados"), digests->len);
	return TRUE;
}

/* Only in the bundle of one recipient; the seal's signature covers it. */
static gboolean check_constancia(ProofCheck *check, GError **error)
{
	g_autoptr(GBytes) pdf = NULL, png = NULL;

	if (!g_hash_table_contains(check->files, "constancia.pdf"))
		return TRUE;
	pdf = proof_take(check, "constancia.pdf", error);
	png = proof_take(check, "constancia.png", error);
	if (pdf == NULL || png == NULL)
		return FALSE;
	proof_say(check, _("Constancia: es la que se firmo con el paquete"));
	return TRUE;
}

/* Mail travels with CRLF, which is what was signed; many programs save it with LF. */
static GString *wire_form(const char *bytes, gsize size)
{
	GString *wire = g_string_sized_new(size + size / 32);

	for (gsize i = 0; i < size; i++) {
		if (bytes[i] == '\n' && (i == 0 || bytes[i - 1] != '\r'))
			g_string_append_c(wire, '\r');
		g_string_append_c(wire, bytes[i]);
	}
	return wire;
}

static gboolean check_received(ProofCheck *check, const char *path, GError **error)
{
	const BundleLeaf *prepared = bundle_find(check->leaves, "send.prepared");
	g_autoptr(GBytes) entity = NULL, cms = NULL;
	g_autofree char *bytes = NULL;
	g_autoptr(GString) wire = NULL;
	g_autoptr(GError) local = NULL;
	gsize size;

	if (path == NULL)
		return TRUE;
	if (!g_file_get_contents(path, &bytes, &size, &local)) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND, "%s", local->message);
		return FALSE;
	}
	if (prepared == NULL || bundle_leaf_text(prepared, "certificate_sha256") == NULL)
		return proof_damaged(
			error, "the send is not signed: a received copy cannot be compared");
	wire = wire_form(bytes, size);
	if (!smime_split(wire->str, wire->len, &entity, &cms))
		return proof_damaged(error, "%s: is no signed message", path);
	if (!same_digest(entity, bundle_leaf_text(prepared, "entity_sha256"), path, error))
		return FALSE;
	proof_say(check, _("Mensaje recibido: su contenido firmado es el registrado"));
	return TRUE;
}

gboolean proof_check_content(ProofCheck *check, const char *received_eml, GError **error)
{
	return check_message(check, error) && check_reports(check, error) &&
	       check_constancia(check, error) && check_received(check, received_eml, error);
}
