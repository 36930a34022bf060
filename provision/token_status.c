/* What the signer says of its tokens, joined with their rows (tokens.h). Any thread. */
#include <string.h>

#include "base/error.h"
#include "provision/row.h"
#include "provision/tokens.h"
#include "signer/protocol.h"

#define STATUS_TIMEOUT_MS 2000

GVariant *token_signer_status(const Service *service, GError **error)
{
	g_autoptr(GVariant) answer =
		signer_call(settings_string(service->settings, "signing", "control_socket"),
			STATUS_TIMEOUT_MS, "status", NULL, NULL, error);
	GVariant *tokens;

	if (answer == NULL)
		return NULL;
	tokens = g_variant_lookup_value(answer, "tokens", G_VARIANT_TYPE("aa{sv}"));
	if (tokens == NULL)
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "the signer's status");
	return tokens;
}

GVariant *token_status_of(GVariant *tokens, const char *label)
{
	for (gsize i = 0; tokens != NULL && i < g_variant_n_children(tokens); i++) {
		g_autoptr(GVariant) token = g_variant_get_child_value(tokens, i);
		const char *name;

		if (g_variant_lookup(token, "token", "&s", &name) && strcmp(name, label) == 0)
			return g_steal_pointer(&token);
	}
	return NULL;
}

void token_add_status(json_t *row, GVariant *tokens, const GError *error)
{
	const char *certificate = "", *subject = "", *trouble = "", *purpose = "mail";
	g_autoptr(GVariant) status = token_status_of(tokens, row_text(row, "label"));
	gboolean unlocked = FALSE;
	guint64 signatures = 0;
	gint64 not_after = 0;
	guint waiting = 0, wait_ms = 0, sign_ms = 0;

	/* For checks while the token is locked; nobody reads them here. */
	json_object_del(json_object_get(row, "certificate"), "chains");
	if (status == NULL) {
		json_object_set_new(row, "unlocked", json_null());
		json_object_set_new(row, "trouble",
			json_string(error != NULL ? acuse_error_row_of(error)->name : "not-found"));
		return;
	}
	g_variant_lookup(status, "unlocked", "b", &unlocked);
	g_variant_lookup(status, "purpose", "&s", &purpose);
	g_variant_lookup(status, "certificate_sha256", "&s", &certificate);
	g_variant_lookup(status, "subject", "&s", &subject);
	g_variant_lookup(status, "trouble", "&s", &trouble);
	g_variant_lookup(status, "not_after", "x", &not_after);
	g_variant_lookup(status, "signatures", "t", &signatures);
	g_variant_lookup(status, "waiting", "u", &waiting);
	g_variant_lookup(status, "wait_ms", "u", &wait_ms);
	g_variant_lookup(status, "sign_ms", "u", &sign_ms);
	json_object_set_new(row, "unlocked", json_boolean(unlocked));
	json_object_set_new(row, "purpose", json_string(purpose));
	json_object_set_new(row, "certificate_sha256", json_string(certificate));
	json_object_set_new(row, "subject", json_string(subject));
	json_object_set_new(row, "not_after", json_integer((json_int_t)not_after));
	json_object_set_new(row, "signatures", json_integer((json_int_t)signatures));
	json_object_set_new(row, "trouble", json_string(trouble));
	json_object_set_new(row, "waiting", json_integer(waiting));
	json_object_set_new(row, "wait_ms", json_integer(wait_ms));
	json_object_set_new(row, "sign_ms", json_integer(sign_ms));
}
