/*
 * Tokens unlocked from afar (signer/unlock_offer.h): the vectors of RFC 9180, the form of offers,
 * and a real acuse-signer with this program in between as provisiond: an honest one, and one that
 * was taken over and swaps, repeats, mixes up and guesses.
 */
#include "cms/ed25519.h"
#include "cms/hpke.h"
#include "signer/protocol.h"
#include "signer/unlock_offer.h"
#include "signer_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#include <cmocka.h>

#define HOLDER "rmoralesa@muni.test"
#define OTHER "jperez@muni.test"

static Fixture *fixture;

static const char *const bound[] = {"oficina " FIXTURE_OFFICE " active holder=" HOLDER,
	"errado " FIXTURE_OFFICE " active holder=" OTHER, "mesa " FIXTURE_DESK " suspended", NULL};

static void unhex(const char *hex, guint8 *bytes, gsize size)
{
	assert_true(unlock_bytes_of_hex(hex, bytes, size));
}

/* RFC 9180, A.1.1.1: the first message. */
static void test_rfc_9180(void **state)
{
	static const char plain[] = "Beauty is truth, truth beauty";
	static const char info[] = "Ode on a Grecian Urn";
	const HpkeContext context = {HPKE_AES_128_GCM, info, "Count-0", strlen(info), 7};
	guint8 secret[HPKE_KEY_BYTES], sealed[HPKE_KEY_BYTES + 45], out[29];

	(void)state;
	unhex("4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8", secret,
		sizeof secret);
	unhex("37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431"
	      "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a9"
	      "6d8770ac83d07bea87e13c512a",
		sealed, sizeof sealed);
	assert_true(hpke_open(&context, secret, sealed, sizeof sealed, out, NULL));
	assert_memory_equal(out, plain, sizeof out);
}

static void test_sealed_for_one(void **state)
{
	static guint8 long_text[HPKE_MAX_BYTES + 1];
	const guint8 low_order[HPKE_KEY_BYTES] = {0};
	HpkeContext context = {HPKE_AES_256_GCM, "info", "aad", 4, 3};
	guint8 secret[HPKE_KEY_BYTES], other[HPKE_KEY_BYTES], public_key[HPKE_KEY_BYTES];
	guint8 no_matter[HPKE_KEY_BYTES], *bytes, out[4];
	g_autoptr(GBytes) sealed = NULL;
	g_autoptr(GBytes) longest = NULL;
	gsize size;

	(void)state;
	assert_true(hpke_key_pair(other, no_matter, NULL));
	assert_true(hpke_key_pair(secret, public_key, NULL));
	sealed = hpke_seal(&context, public_key, "1234", 4, NULL);
	bytes = g_bytes_unref_to_data(g_steal_pointer(&sealed), &size);
	assert_int_equal(size, 4 + HPKE_OVERHEAD);
	assert_true(hpke_open(&context, secret, bytes, size, out, NULL));
	assert_memory_equal(out, "1234", 4);
	assert_false(hpke_open(&context, other, bytes, size, out, NULL));
	assert_memory_equal(out, "\0\0\0\0", 4);
	for (gsize i = 0; i < size; i++) {
		bytes[i] ^= 1;
		assert_false(hpke_open(&context, secret, bytes, size, out, NULL));
		bytes[i] ^= 1;
	}
	for (gsize i = 0; i < size; i++)
		assert_false(hpke_open(&context, secret, bytes, i, no_matter, NULL));
	context.aad = "aae";
	assert_false(hpke_open(&context, secret, bytes, size, out, NULL));
	context.aad = "aad";
	context.info = "inf0";
	assert_false(hpke_open(&context, secret, bytes, size, out, NULL));
	g_free(bytes);
	assert_null(hpke_seal(&context, low_order, "1234", 4, NULL));
	longest = hpke_seal(&context, public_key, long_text, HPKE_MAX_BYTES, NULL);
	assert_non_null(longest);
	assert_null(hpke_seal(&context, public_key, long_text, sizeof long_text, NULL));
}

static void test_form_of_offers(void **state)
{
	static const char key[] =
		"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
	static const struct {
		const char *format;
		gboolean good;
	} cases[] = {
		{"acuse-unlock-1\noficina\na@b.c\n1700000000\n%s", TRUE},
		{"acuse-unlock-1\nSecretaria General\na@b.c\n1\n%s", TRUE},
		{"acuse-unlock-2\noficina\na@b.c\n1700000000\n%s", FALSE},
		{"acuse-unlock-1\noficina\na@b.c\n1700000000\n%s\n", FALSE},
		{"acuse-unlock-1\noficina\na@b.c\n1700000000\n%s0", FALSE},
		{"acuse-unlock-1\n\na@b.c\n1700000000\n%s", FALSE},
		{"acuse-unlock-1\nofi\rcina\na@b.c\n1700000000\n%s", FALSE},
		{"acuse-unlock-1\noficina\n\n1700000000\n%s", FALSE},
		{"acuse-unlock-1\noficina\na@b.c\n-1\n%s", FALSE},
		{"acuse-unlock-1\noficina\na@b.c\n1 \n%s", FALSE},
		{"acuse-unlock-1\noficina\na@b.c\n1\n0g%s", FALSE},
		{"%s", FALSE},
	};
	g_autofree char *filler = g_strnfill(UNLOCK_OFFER_MAX_CHARS, 'x');

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(GStrv) halves = g_strsplit(cases[i].format, "%s", 2);
		g_autofree char *text = g_strconcat(halves[0], key, halves[1], NULL);
		g_autoptr(UnlockOffer) offer = unlock_offer_parse(text, NULL);
		g_autofree char *again = NULL;

		if ((offer != NULL) != cases[i].good)
			fail_msg("case %zu", i);
		if (offer != NULL) {
			again = unlock_offer_make(offer, NULL);
			assert_string_equal(again, text);
		}
	}
	for (int over = 0; over <= 1; over++) {
		gsize rest = strlen("acuse-unlock-1\n\na@b.c\n1\n") + strlen(key);
		g_autofree char *label =
			g_strndup(filler, UNLOCK_OFFER_MAX_CHARS - rest + (gsize)over);
		g_autofree char *text =
			g_strdup_printf("acuse-unlock-1\n%s\na@b.c\n1\n%s", label, key);
		g_autoptr(UnlockOffer) offer = unlock_offer_parse(text, NULL);

		assert_int_equal(offer == NULL, over);
	}
}

static void test_block(void **state)
{
	guint8 block[UNLOCK_BLOCK_BYTES];
	g_autofree char *longest = g_strnfill(UNLOCK_MAX_PIN, '7');
	g_autofree char *longer = g_strnfill(UNLOCK_MAX_PIN + 1, '7');

	(void)state;
	assert_true(unlock_block_fill(block, longest, NULL));
	assert_string_equal(unlock_block_pin(block), longest);
	assert_false(unlock_block_fill(block, longer, NULL));
	assert_false(unlock_block_fill(block, "", NULL));
	assert_true(unlock_block_fill(block, "246810", NULL));
	assert_string_equal(unlock_block_pin(block), "246810");
	block[UNLOCK_BLOCK_BYTES - 1] = 'x';
	assert_null(unlock_block_pin(block));
	block[UNLOCK_BLOCK_BYTES - 1] = 0;
	block[3] = 0;
	assert_null(unlock_block_pin(block));
	memset(block, 0xff, sizeof block);
	assert_null(unlock_block_pin(block));
	memset(block, 0, sizeof block);
	assert_null(unlock_block_pin(block));
}

/* What provisiond asks for. A new string, or NULL. */
static char *ask_offer(const char *token, const char *holder, GError **error)
{
	g_autoptr(GVariant) answer = NULL;
	g_autoptr(GVariant) signature = NULL;
	g_autoptr(GVariant) known = NULL;
	guint8 identity[ED25519_KEY_BYTES];
	const char *text, *hex;
	GVariantDict dict;

	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "token", "s", token);
	g_variant_dict_insert(&dict, "holder", "s", holder);
	answer = signer_call(
		fixture->control_socket, 10000, "offer", g_variant_dict_end(&dict), NULL, error);
	if (answer == NULL)
		return NULL;
	known = signer_call(fixture->unlock_socket, 10000, "identity", NULL, NULL, NULL);
	assert_true(g_variant_lookup(known, "identity", "&s", &hex));
	unhex(hex, identity, sizeof identity);
	signature = g_variant_lookup_value(answer, "signature", G_VARIANT_TYPE_BYTESTRING);
	assert_true(g_variant_lookup(answer, "offer", "&s", &text));
	assert_int_equal(g_variant_get_size(signature), ED25519_SIGNATURE_BYTES);
	assert_true(ed25519_verify(identity, text, strlen(text), g_variant_get_data(signature)));
	/* Not a word of it can be another one. */
	for (gsize i = 0; i < strlen(text); i++) {
		g_autofree char *other = g_strdup(text);

		other[i] ^= 1;
		assert_false(ed25519_verify(
			identity, other, strlen(text), g_variant_get_data(signature)));
	}
	return g_strdup(text);
}

/* What the holder's computer makes of it, with the bytes that it believes to be the offer. */
static GBytes *seal(const char *offer_text, const char *aad, const char *pin)
{
	const HpkeContext context = {
		HPKE_AES_256_GCM, UNLOCK_CONTEXT, aad, strlen(UNLOCK_CONTEXT), strlen(aad)};
	g_autoptr(UnlockOffer) offer = unlock_offer_parse(offer_text, NULL);
	guint8 block[UNLOCK_BLOCK_BYTES];

	assert_non_null(offer);
	assert_true(unlock_block_fill(block, pin, NULL));
	return hpke_seal(&context, offer->key, block, sizeof block, NULL);
}

static int deliver(const char *offer, GBytes *sealed)
{
	g_autoptr(GVariant) answer = NULL;
	g_autoptr(GError) error = NULL;
	GVariantDict dict;

	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "offer", "s", offer);
	/* What only the gateway may say. */
	g_variant_dict_insert(&dict, "despite_low", "b", TRUE);
	g_variant_dict_insert_value(
		&dict, "sealed", g_variant_new_from_bytes(G_VARIANT_TYPE_BYTESTRING, sealed, TRUE));
	answer = signer_call(fixture->control_socket, 20000, "unlock-sealed",
		g_variant_dict_end(&dict), NULL, &error);
	return answer != NULL ? -1 : error->code;
}

static int unlock_afar(const char *token, const char *holder, const char *pin)
{
	g_autofree char *offer = ask_offer(token, holder, NULL);
	g_autoptr(GBytes) sealed = NULL;

	assert_non_null(offer);
	sealed = seal(offer, offer, pin);
	return deliver(offer, sealed);
}

static void test_holder_unlocks(void **state)
{
	(void)state;
	assert_int_equal(unlock_afar("oficina", HOLDER, FIXTURE_PIN), -1);
	fixture_await(fixture, "oficina", "unlocked", "true");
	fixture_lock(fixture, "oficina");
	fixture_await(fixture, "oficina", "unlocked", "false");
}

static void test_who_gets_no_offer(void **state)
{
	static const struct {
		const char *token, *holder;
	} cases[] = {{"oficina", OTHER}, {"oficina", ""}, {"mesa", ""}, {"mesa", HOLDER},
		{"sello", ""}, {"sello", HOLDER}, {"nadie", HOLDER}};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		assert_null(ask_offer(cases[i].token, cases[i].holder, &error));
		assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_FORBIDDEN));
	}
}

/* Each is refused before the token hears of it. */
static void test_carrier(void **state)
{
	g_autofree char *mine = ask_offer("errado", OTHER, NULL);
	g_autofree char *first = ask_offer("oficina", HOLDER, NULL);
	g_autofree char *offer = ask_offer("oficina", HOLDER, NULL);
	g_autofree char *swapped = NULL;
	g_autoptr(GBytes) sealed = seal(offer, offer, FIXTURE_PIN);
	g_autoptr(GBytes) for_other = seal(mine, offer, FIXTURE_PIN);
	g_autoptr(GBytes) fresh = NULL;
	g_autoptr(UnlockOffer) own = unlock_offer_parse(offer, NULL);
	guint logins = fixture_calls(fixture, "C_Login");
	guint8 carriers_secret[HPKE_KEY_BYTES];

	(void)state;
	/* A key of the carrier's in the offer: it carries no signature of the signer (see
	 * ask_offer); and the signer never made it. */
	assert_true(hpke_key_pair(carriers_secret, own->key, NULL));
	swapped = unlock_offer_make(own, NULL);
	assert_int_equal(deliver(swapped, sealed), ACUSE_ERROR_PERMIT);
	/* One that a newer one replaced. */
	assert_int_equal(deliver(first, sealed), ACUSE_ERROR_PERMIT);
	/* Sealed for another token's key. */
	assert_int_equal(deliver(mine, sealed), ACUSE_ERROR_INVALID);
	assert_int_equal(deliver(offer, for_other), ACUSE_ERROR_INVALID);
	/* That used it up: the true one comes too late. */
	assert_int_equal(deliver(offer, sealed), ACUSE_ERROR_PERMIT);
	assert_int_equal(fixture_calls(fixture, "C_Login"), logins);
	/* Good once. */
	g_free(g_steal_pointer(&offer));
	offer = ask_offer("oficina", HOLDER, NULL);
	fresh = seal(offer, offer, FIXTURE_PIN);
	assert_int_equal(deliver(offer, fresh), -1);
	fixture_lock(fixture, "oficina");
	fixture_await(fixture, "oficina", "unlocked", "false");
	assert_int_equal(deliver(offer, fresh), ACUSE_ERROR_PERMIT);
	assert_int_equal(fixture_calls(fixture, "C_Login"), logins + 1);
}

static void test_malformed(void **state)
{
	static const gsize sizes[] = {0, 1, HPKE_OVERHEAD, UNLOCK_BLOCK_BYTES + HPKE_OVERHEAD - 1,
		UNLOCK_BLOCK_BYTES + HPKE_OVERHEAD + 1, 100000};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_autofree char *offer = ask_offer("oficina", HOLDER, NULL);
		g_autoptr(GBytes) junk = g_bytes_new_take(g_malloc0(sizes[i]), sizes[i]);

		assert_int_equal(deliver(offer, junk), ACUSE_ERROR_INVALID);
		assert_int_equal(deliver("", junk), ACUSE_ERROR_INVALID);
	}
}

/* A carrier can seal a PIN of its own: it has one guess, and then the holder must come. */
static void test_one_guess(void **state)
{
	g_autoptr(GError) refused = NULL;
	guint logins = fixture_calls(fixture, "C_Login");

	(void)state;
	assert_int_equal(unlock_afar("oficina", HOLDER, "999999"), ACUSE_ERROR_PIN_WRONG);
	for (int i = 0; i < 3; i++) {
		g_clear_error(&refused);
		assert_null(ask_offer("oficina", HOLDER, &refused));
		assert_true(g_error_matches(refused, ACUSE_ERROR, ACUSE_ERROR_FORBIDDEN));
		/* Nor when the bindings forget the token in between. */
		assert_true(fixture_bind(fixture, ++fixture->version, bound + 1, NULL));
		assert_true(fixture_bind(fixture, ++fixture->version, bound, NULL));
	}
	assert_int_equal(fixture_calls(fixture, "C_Login"), logins + 1);
	assert_int_equal(fixture_stop(fixture), 0);
	fixture_start(fixture);
	assert_null(ask_offer("oficina", HOLDER, NULL));
	/* A wrong one at the gateway opens nothing either. */
	assert_false(fixture_unlock_despite_low(fixture, "oficina", "888888", NULL));
	assert_null(ask_offer("oficina", HOLDER, NULL));
	assert_true(fixture_unlock_despite_low(fixture, "oficina", FIXTURE_PIN, NULL));
	fixture_lock(fixture, "oficina");
	assert_int_equal(unlock_afar("oficina", HOLDER, FIXTURE_PIN), -1);
	fixture_lock(fixture, "oficina");
}

/* The token itself says that a wrong one was tried: from afar nobody insists. */
static void test_low_count(void **state)
{
	guint logins;

	(void)state;
	assert_false(fixture_unlock(fixture, "oficina", "777777", NULL));
	logins = fixture_calls(fixture, "C_Login");
	assert_int_equal(unlock_afar("oficina", HOLDER, FIXTURE_PIN), ACUSE_ERROR_PIN_LOW);
	assert_int_equal(fixture_calls(fixture, "C_Login"), logins);
	/* No PIN was spent: the way stays open. */
	assert_true(fixture_unlock_despite_low(fixture, "oficina", FIXTURE_PIN, NULL));
	fixture_lock(fixture, "oficina");
	assert_int_equal(unlock_afar("oficina", HOLDER, FIXTURE_PIN), -1);
	fixture_lock(fixture, "oficina");
}

static void test_lost_in_between(void **state)
{
	static const char *const lost[] = {"oficina " FIXTURE_OFFICE " lost holder=" HOLDER, NULL};
	g_autofree char *offer = ask_offer("oficina", HOLDER, NULL);
	g_autoptr(GBytes) sealed = seal(offer, offer, FIXTURE_PIN);

	(void)state;
	assert_true(fixture_bind(fixture, ++fixture->version, lost, NULL));
	assert_int_equal(deliver(offer, sealed), ACUSE_ERROR_CONFLICT);
	assert_true(fixture_bind(fixture, ++fixture->version, bound, NULL));
}

/* Who was told the identity once knows the signer again; its offers end with it. */
static void test_restart(void **state)
{
	g_autofree char *offer = ask_offer("oficina", HOLDER, NULL);
	g_autoptr(GBytes) sealed = seal(offer, offer, FIXTURE_PIN);
	g_autoptr(GVariant) before =
		signer_call(fixture->unlock_socket, 10000, "identity", NULL, NULL, NULL);
	g_autoptr(GVariant) after = NULL;

	(void)state;
	assert_int_equal(fixture_stop(fixture), 0);
	fixture_start(fixture);
	after = signer_call(fixture->unlock_socket, 10000, "identity", NULL, NULL, NULL);
	assert_true(g_variant_equal(before, after));
	assert_int_equal(deliver(offer, sealed), ACUSE_ERROR_PERMIT);
}

static void test_off_by_default(void **state)
{
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_int_equal(fixture_stop(fixture), 0);
	fixture_configure(fixture, "");
	fixture_start(fixture);
	assert_null(ask_offer("oficina", HOLDER, &error));
	assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_FORBIDDEN));
	assert_non_null(strstr(error->message, "remote_unlock"));
}

static int set_up(void **state)
{
	fixture = fixture_set_up_faulty(state, "remote_unlock=on\n");
	return fixture_bind(fixture, ++fixture->version, bound, NULL) ? 0 : 1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc_9180),
		cmocka_unit_test(test_sealed_for_one),
		cmocka_unit_test(test_form_of_offers),
		cmocka_unit_test(test_block),
		cmocka_unit_test(test_holder_unlocks),
		cmocka_unit_test(test_who_gets_no_offer),
		cmocka_unit_test(test_carrier),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_one_guess),
		cmocka_unit_test(test_low_count),
		cmocka_unit_test(test_lost_in_between),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_off_by_default),
	};

	return cmocka_run_group_tests(tests, set_up, fixture_tear_down);
}
