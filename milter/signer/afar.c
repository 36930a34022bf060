/*
 * afar.h: a table of open offers by token, in memory alone: a signer that starts anew has none. The
 * secrets lie in locked memory. Which tokens are closed stands in a file too, a label a line, so
 * that a restart is no new guess; labels have no line ends. One thread.
 */
#include "signer/afar.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/hex.h"
#include "base/log.h"
#include "cms/ed25519.h"
#include "cms/hpke.h"
#include "signer/unlock_offer.h"

typedef struct {
	char *text;
	gint64 expires_s;
	PacketBuffer *secret;
} Open;

struct _Afar {
	PacketBuffer *identity; /* the secret */
	char *public_hex;
	GHashTable *offers; /* token -> Open * */
	GHashTable *closed; /* tokens */
	char *closed_path;
};

static void open_free(gpointer data)
{
	Open *open_offer = data;

	packet_buffer_free(open_offer->secret);
	g_free(open_offer->text);
	g_free(open_offer);
}

static gboolean fail_errno(GError **error, const char *path)
{
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "%s: %s", path, g_strerror(errno));
	return FALSE;
}

static gboolean make_identity(const char *path, guint8 *secret, GError **error)
{
	g_autoptr(GError) cause = NULL;

	if (!ed25519_new(secret, error))
		return FALSE;
	if (g_file_set_contents_full(path, (const char *)secret, ED25519_KEY_BYTES,
		    G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, &cause))
		return TRUE;
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "keep the signer's identity: %s",
		cause->message);
	return FALSE;
}

static gboolean read_identity(const char *path, guint8 *secret, GError **error)
{
	guint8 bytes[ED25519_KEY_BYTES + 1];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size;

	if (fd < 0 && errno == ENOENT)
		return make_identity(path, secret, error);
	if (fd < 0)
		return fail_errno(error, path);
	size = read(fd, bytes, sizeof bytes);
	close(fd);
	if (size == ED25519_KEY_BYTES)
		memcpy(secret, bytes, ED25519_KEY_BYTES);
	explicit_bzero(bytes, sizeof bytes);
	if (size == ED25519_KEY_BYTES)
		return TRUE;
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED, "%s is damaged", path);
	return FALSE;
}

/* An absent file is none closed. */
static gboolean read_closed(Afar *afar, GError **error)
{
	g_autoptr(GError) cause = NULL;
	g_autofree char *text = NULL;
	g_auto(GStrv) labels = NULL;

	if (!g_file_get_contents(afar->closed_path, &text, NULL, &cause) &&
		!g_error_matches(cause, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, cause->message);
		return FALSE;
	}
	labels = g_strsplit(text != NULL ? text : "", "\n", -1);
	for (char **label = labels; *label != NULL; label++)
		if (**label != '\0')
			g_hash_table_add(afar->closed, g_strdup(*label));
	return TRUE;
}

static void write_closed(const Afar *afar)
{
	g_autofree char **labels = (char **)g_hash_table_get_keys_as_array(afar->closed, NULL);
	g_autofree char *text = g_strjoinv("\n", labels);
	g_autoptr(GError) error = NULL;

	if (!g_file_set_contents_full(afar->closed_path, text, -1,
		    G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, &error))
		log_warning("which tokens are closed from afar is not kept", "detail",
			error->message, NULL);
}

Afar *afar_open(const char *state_folder, GError **error)
{
	g_autofree char *path = g_build_filename(state_folder, "identity", NULL);
	guint8 public_key[ED25519_KEY_BYTES];
	Afar *afar = g_new0(Afar, 1);

	afar->identity = packet_buffer_new(ED25519_KEY_BYTES);
	afar->offers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, open_free);
	afar->closed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	afar->closed_path = g_build_filename(state_folder, "afar-closed", NULL);
	if (read_identity(path, afar->identity->data, error) && read_closed(afar, error)) {
		if (ed25519_public(afar->identity->data, public_key)) {
			afar->public_hex = hex_of_bytes(public_key, sizeof public_key);
			return afar;
		}
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED, "%s is no key", path);
	}
	afar_free(afar);
	return NULL;
}

void afar_free(Afar *afar)
{
	if (afar == NULL)
		return;
	packet_buffer_free(afar->identity);
	g_free(afar->public_hex);
	g_free(afar->closed_path);
	g_hash_table_unref(afar->offers);
	g_hash_table_unref(afar->closed);
	g_free(afar);
}

const char *afar_identity(const Afar *afar)
{
	return afar->public_hex;
}

static gboolean is_over(gpointer token, gpointer value, gpointer now_s)
{
	const Open *open_offer = value;

	(void)token;
	return open_offer->expires_s <= *(gint64 *)now_s;
}

static gboolean is_open_to(const Afar *afar, const char *token, GError **error)
{
	if (!g_hash_table_contains(afar->closed, token))
		return TRUE;
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_FORBIDDEN,
		"a PIN from afar was wrong; unlock token %s at the gateway", token);
	return FALSE;
}

static gboolean has_room(Afar *afar, const char *token, gint64 now_s, GError **error)
{
	g_hash_table_remove(afar->offers, token);
	g_hash_table_foreach_remove(afar->offers, is_over, &now_s);
	if (g_hash_table_size(afar->offers) < AFAR_MAX_OFFERS)
		return TRUE;
	g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE,
		"too many tokens are being unlocked from afar");
	return FALSE;
}

GVariant *afar_offer(
	Afar *afar, const char *token, const char *holder, gint64 now_s, GError **error)
{
	g_autoptr(PacketBuffer) secret = packet_buffer_new(HPKE_KEY_BYTES);
	UnlockOffer offer = {(char *)token, (char *)holder, now_s + AFAR_OFFER_LIFE_S, {0}};
	guint8 signature[ED25519_SIGNATURE_BYTES];
	g_autofree char *text = NULL;
	GVariantDict dict;
	Open *open_offer;

	if (!is_open_to(afar, token, error) || !has_room(afar, token, now_s, error) ||
		!hpke_key_pair(secret->data, offer.key, error))
		return NULL;
	text = unlock_offer_make(&offer, error);
	if (text == NULL ||
		!ed25519_sign(afar->identity->data, text, strlen(text), signature, error))
		return NULL;
	open_offer = g_new(Open, 1);
	*open_offer = (Open){g_strdup(text), offer.expires_s, g_steal_pointer(&secret)};
	g_hash_table_insert(afar->offers, g_strdup(token), open_offer);
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "offer", "s", text);
	g_variant_dict_insert_value(&dict, "signature",
		g_variant_new_fixed_array(
			G_VARIANT_TYPE_BYTE, signature, sizeof signature, sizeof(guint8)));
	return g_variant_dict_end(&dict);
}

/* Taken out of the table: it is good once. */
static Open *take_open(Afar *afar, const char *token, const char *text)
{
	g_autofree char *key = NULL;
	const Open *found = g_hash_table_lookup(afar->offers, token);
	Open *taken = NULL;

	if (found != NULL && strcmp(found->text, text) == 0)
		g_hash_table_steal_extended(
			afar->offers, token, (gpointer *)&key, (gpointer *)&taken);
	return taken;
}

PacketBuffer *afar_take(
	Afar *afar, const char *text, GBytes *sealed, gint64 now_s, char **token, GError **error)
{
	const HpkeContext context = {
		HPKE_AES_256_GCM, UNLOCK_CONTEXT, text, strlen(UNLOCK_CONTEXT), strlen(text)};
	g_autoptr(UnlockOffer) offer = unlock_offer_parse(text, error);
	g_autoptr(PacketBuffer) block = packet_buffer_new(UNLOCK_BLOCK_BYTES);
	gboolean opened = FALSE;
	Open *taken;

	if (offer == NULL)
		return NULL;
	taken = take_open(afar, offer->token, text);
	if (taken == NULL || taken->expires_s <= now_s)
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_PERMIT,
			"no offer of ours that is open: used, over, or made anew");
	else if (g_bytes_get_size(sealed) != UNLOCK_BLOCK_BYTES + HPKE_OVERHEAD)
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "not a sealed PIN");
	else
		opened = is_open_to(afar, offer->token, error) &&
			 hpke_open(&context, taken->secret->data, g_bytes_get_data(sealed, NULL),
				 g_bytes_get_size(sealed), block->data, error);
	g_clear_pointer(&taken, open_free);
	if (!opened)
		return NULL;
	if (unlock_block_pin(block->data) == NULL) {
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "no PIN is in it");
		return NULL;
	}
	*token = g_strdup(offer->token);
	return g_steal_pointer(&block);
}

void afar_close(Afar *afar, const char *token)
{
	g_hash_table_add(afar->closed, g_strdup(token));
	g_hash_table_remove(afar->offers, token);
	write_closed(afar);
}

void afar_reopen(Afar *afar, const char *token)
{
	if (g_hash_table_remove(afar->closed, token))
		write_closed(afar);
}
