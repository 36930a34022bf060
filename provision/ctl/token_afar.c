/*
 * token_afar.h. The signer's identity comes from the command line and never from the network: what
 * the API brings is believed only as far as that key signed it (signer/unlock_offer.h). PIN and
 * password are asked for one after the other; the PIN only when the offer is good.
 */
#include "token_afar.h"
#include "typed.h"
#include "base/error.h"
#include "base/text.h"
#include "cms/ed25519.h"
#include "cms/hpke.h"
#include "signer/unlock_offer.h"

#include <string.h>
#include <sys/mman.h>

#define CALL_WAIT_MS 30000

typedef struct {
	const char *label, *user;
	guint8 identity[ED25519_KEY_BYTES];
	ApiClient *api;
} Afar;

/* Secrets of one run, locked. */
typedef struct {
	char password[TOKEN_MAX_PIN_BYTES], pin[TOKEN_MAX_PIN_BYTES];
	guint8 block[UNLOCK_BLOCK_BYTES];
} Secrets;

static json_t *ask_offer(const Afar *afar, const char *password, GError **error)
{
	json_auto_t *body = json_pack(
		"{s:s, s:s, s:s}", "uid", afar->user, "password", password, "token", afar->label);

	if (body != NULL)
		return api_call(afar->api, "POST", "/v1/self/token-offer", body, error);
	g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "not in UTF-8");
	return NULL;
}

/* "rmoralesa" and "rmoralesa@muni.test" are one person there. */
static gboolean is_user(const char *user, const char *holder)
{
	g_autofree char *lower = g_ascii_strdown(user, -1);
	const char *at = strchr(holder, '@');

	return strcmp(lower, holder) == 0 || (at != NULL && strlen(lower) == (gsize)(at - holder) &&
						     strncmp(lower, holder, strlen(lower)) == 0);
}

static gboolean is_signed(const Afar *afar, const char *text, const char *encoded)
{
	g_autofree guchar *signature = NULL;
	gsize size = 0;

	if (text == NULL || encoded == NULL)
		return FALSE;
	signature = g_base64_decode(encoded, &size);
	return size == ED25519_SIGNATURE_BYTES &&
	       ed25519_verify(afar->identity, text, strlen(text), signature);
}

/* NULL with error, before anybody types a PIN. */
static UnlockOffer *check_offer(const Afar *afar, const json_t *answer, GError **error)
{
	const char *text = json_string_value(json_object_get(answer, "offer"));
	g_autoptr(UnlockOffer) offer = NULL;

	if (!is_signed(afar, text, json_string_value(json_object_get(answer, "signature")))) {
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED,
			_("la clave no es del firmador con esa identidad; no escriba el PIN"));
		return NULL;
	}
	offer = unlock_offer_parse(text, error);
	if (offer == NULL)
		return NULL;
	if (strcmp(offer->token, afar->label) == 0 && is_user(afar->user, offer->holder))
		return g_steal_pointer(&offer);
	g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED,
		_("la clave es para otro token u otro titular; no escriba el PIN"));
	return NULL;
}

static json_t *seal(const UnlockOffer *offer, const char *text, const guint8 *block, GError **error)
{
	const HpkeContext context = {
		HPKE_AES_256_GCM, UNLOCK_CONTEXT, text, strlen(UNLOCK_CONTEXT), strlen(text)};
	g_autoptr(GBytes) sealed =
		hpke_seal(&context, offer->key, block, UNLOCK_BLOCK_BYTES, error);
	g_autofree char *encoded = NULL;

	if (sealed == NULL)
		return NULL;
	encoded = g_base64_encode(g_bytes_get_data(sealed, NULL), g_bytes_get_size(sealed));
	return json_pack("{s:s, s:s}", "offer", text, "sealed", encoded);
}

static gboolean exchange(const Afar *afar, Secrets *secrets, GError **error)
{
	g_autofree char *prompt = g_strdup_printf(_("PIN del token %s: "), afar->label);
	g_autofree char *whose = g_strdup_printf(_("Clave del correo de %s: "), afar->user);
	json_auto_t *answer = NULL, *body = NULL, *done = NULL;
	g_autoptr(UnlockOffer) offer = NULL;

	if (!typed_secret(whose, secrets->password, sizeof secrets->password, error))
		return FALSE;
	answer = ask_offer(afar, secrets->password, error);
	offer = answer != NULL ? check_offer(afar, answer, error) : NULL;
	if (offer == NULL || !typed_secret(prompt, secrets->pin, sizeof secrets->pin, error) ||
		!unlock_block_fill(secrets->block, secrets->pin, error))
		return FALSE;
	body = seal(
		offer, json_string_value(json_object_get(answer, "offer")), secrets->block, error);
	if (body == NULL)
		return FALSE;
	done = api_call(afar->api, "POST", "/v1/self/token-unlock", body, error);
	return done != NULL;
}

gboolean token_unlock_afar(GHashTable *options, const char *label, GError **error)
{
	Afar afar = {.label = label, .user = ctl_option(options, "user")};
	Secrets secrets;
	gboolean done;

	if (afar.user == NULL || !unlock_bytes_of_hex(ctl_option(options, "signer"), afar.identity,
					 sizeof afar.identity)) {
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_INVALID,
			_("--remote necesita --user y --signer, la identidad que muestra en el "
			  "servidor «acusectl token identity»"));
		return FALSE;
	}
	afar.api = api_client_new_remote(
		ctl_option(options, "remote"), ctl_option(options, "ca"), CALL_WAIT_MS, error);
	if (afar.api == NULL)
		return FALSE;
	done = mlock(&secrets, sizeof secrets) == 0;
	if (!done)
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "mlock");
	done = done && exchange(&afar, &secrets, error);
	explicit_bzero(&secrets, sizeof secrets);
	munlock(&secrets, sizeof secrets);
	api_client_free(afar.api);
	return done;
}
