/*
 * A token's holder unlocks it from another computer (signer/unlock_offer.h): the routes over TLS
 * that carry the signer's offer there and the sealed PIN back. Who asks for an offer proves the
 * password of the mailbox; the signer knows whose token it is. Nothing here can open what it
 * carries. Any thread; blocks while the token is opened.
 */
#include "base/error.h"
#include "provision/self.h"
#include "signer/protocol.h"
#include "signer/unlock_offer.h"

#define MAX_LABEL 32 /* PKCS#11 */
#define MAX_SEALED_CHARS 1024
#define OFFER_WAIT_MS 5000
#define UNLOCK_WAIT_MS 20000 /* the signer gives up sooner */

static GVariant *ask_signer(const ApiRequest *request, const char *operation, guint wait_ms,
	GVariantDict *parameters, GError **error)
{
	const char *path = settings_string(request->service->settings, "signing", "control_socket");

	return signer_call(path, wait_ms, operation, g_variant_dict_end(parameters), NULL, error);
}

static json_t *show_offer(GVariant *answer, GError **error)
{
	g_autoptr(GVariant) signature =
		g_variant_lookup_value(answer, "signature", G_VARIANT_TYPE_BYTESTRING);
	g_autofree char *encoded = NULL;
	const char *offer;

	if (signature == NULL || !g_variant_lookup(answer, "offer", "&s", &offer)) {
		g_set_error_literal(
			error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "the signer's answer");
		return NULL;
	}
	encoded = g_base64_encode(g_variant_get_data(signature), g_variant_get_size(signature));
	return json_pack("{s:s, s:s}", "offer", offer, "signature", encoded);
}

static gboolean post_offer(const ApiRequest *request, ApiResponse *response, GError **error)
{
	const char *uid, *password, *token;
	g_autoptr(Account) account = NULL;
	g_autoptr(GVariant) answer = NULL;
	GVariantDict parameters;

	if (!api_known(request->body, error, "uid", "password", "token", NULL))
		return FALSE;
	uid = api_string(request->body, "uid", SELF_TEXT_MAX, error);
	password = uid != NULL ? api_string(request->body, "password", SELF_TEXT_MAX, error) : NULL;
	token = password != NULL ? api_string(request->body, "token", MAX_LABEL, error) : NULL;
	account = token != NULL ? self_prove(request, uid, password, error) : NULL;
	if (account == NULL)
		return FALSE;
	g_variant_dict_init(&parameters, NULL);
	g_variant_dict_insert(&parameters, "token", "s", token);
	g_variant_dict_insert(&parameters, "holder", "s", account->mail);
	answer = ask_signer(request, "offer", OFFER_WAIT_MS, &parameters, error);
	response->json = answer != NULL ? show_offer(answer, error) : NULL;
	return response->json != NULL;
}

/* An offer has lines. */
static const char *read_offer(const json_t *body, GError **error)
{
	const char *text = json_string_value(json_object_get(body, "offer"));
	g_autoptr(UnlockOffer) offer = text != NULL ? unlock_offer_parse(text, NULL) : NULL;

	if (offer != NULL)
		return text;
	api_invalid(error, "offer", "is not one");
	return NULL;
}

static gboolean post_unlock(const ApiRequest *request, ApiResponse *response, GError **error)
{
	g_autoptr(GVariant) answer = NULL;
	g_autofree guchar *sealed = NULL;
	const char *offer, *encoded;
	GVariantDict parameters;
	gsize size;

	if (!api_known(request->body, error, "offer", "sealed", NULL))
		return FALSE;
	offer = read_offer(request->body, error);
	if (offer == NULL)
		return FALSE;
	encoded = api_string(request->body, "sealed", MAX_SEALED_CHARS, error);
	if (encoded == NULL)
		return FALSE;
	sealed = g_base64_decode(encoded, &size);
	g_variant_dict_init(&parameters, NULL);
	g_variant_dict_insert(&parameters, "offer", "s", offer);
	g_variant_dict_insert_value(&parameters, "sealed",
		g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, sealed, size, sizeof *sealed));
	answer = ask_signer(request, "unlock-sealed", UNLOCK_WAIT_MS, &parameters, error);
	if (answer == NULL)
		return FALSE;
	response->json = json_object();
	return TRUE;
}

const Route routes_token_afar[] = {
	{"POST", "/v1/self/token-offer", ROLE_PUBLIC, FALSE, post_offer},
	{"POST", "/v1/self/token-unlock", ROLE_PUBLIC, FALSE, post_unlock},
	{NULL, NULL, 0, FALSE, NULL},
};
