/* What the signer is made of, without a token: permits, packets at their limits, the header block,
 * bindings on disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "signer/bindings.h"
#include "signer/header_block.h"
#include "signer/permit.h"
#include "signer/protocol.h"

#define DIGEST "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
#define MAILBOX "secretaria.general@muni.test"

static GBytes *key_of(char fill)
{
	char bytes[32];

	memset(bytes, fill, sizeof bytes);
	return g_bytes_new(bytes, sizeof bytes);
}

static void test_permit(void **state)
{
	g_autoptr(GBytes) key = key_of('k');
	g_autoptr(GBytes) other = key_of('o');
	g_autofree char *text = permit_make(key, "s1", MAILBOX, DIGEST, 1000, NULL);
	g_autoptr(Permit) permit = permit_check(key, text, 999, NULL);

	(void)state;
	assert_non_null(permit);
	assert_string_equal(permit->send_id, "s1");
	assert_string_equal(permit->mailbox, MAILBOX);
	assert_string_equal(permit->entity_sha256, DIGEST);
	assert_int_equal(permit->expires_s, 1000);
	assert_null(permit_check(key, text, 1000, NULL));
	assert_null(permit_check(other, text, 999, NULL));
	assert_null(permit_check(key, NULL, 999, NULL));
	/* Each single byte that changes is noticed. */
	for (size_t i = 0; text[i] != '\0'; i++) {
		text[i] ^= 1;
		assert_null(permit_check(key, text, 999, NULL));
		text[i] ^= 1;
	}
}

static void test_permit_words(void **state)
{
	static const struct {
		const char *send_id, *mailbox, *digest;
	} cases[] = {
		{"s 1", MAILBOX, DIGEST},
		{"", MAILBOX, DIGEST},
		{"s1", "a@b\n", DIGEST},
		{"s1", MAILBOX, "9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B2B0B822CD15D6C15B0F00A08"},
		{"s1", MAILBOX, "9f86"},
	};
	g_autoptr(GBytes) key = key_of('k');

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		assert_null(permit_make(
			key, cases[i].send_id, cases[i].mailbox, cases[i].digest, 1000, &error));
		assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_INVALID));
	}
}

static void test_key_file(void **state)
{
	static const struct {
		gsize size;
		mode_t mode;
		gboolean good;
	} cases[] = {{31, 0600, FALSE}, {32, 0640, TRUE}, {4096, 0600, TRUE}, {4097, 0600, FALSE},
		{32, 0644, FALSE}};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = NULL;
		g_autofree char *bytes = g_malloc0(cases[i].size);
		int fd = g_file_open_tmp("acuse-key-XXXXXX", &path, NULL);
		g_autoptr(GBytes) key = NULL;

		assert_int_equal(write(fd, bytes, cases[i].size), cases[i].size);
		assert_int_equal(fchmod(fd, cases[i].mode), 0);
		close(fd);
		key = key_file_read(path, NULL);
		g_unlink(path);
		assert_int_equal(key != NULL, cases[i].good);
	}
}

/* A packet of exactly `size` bytes when serialised. */
static GVariant *filler(gsize size)
{
	gsize empty, length = size;
	GVariantDict dict;

	for (int pass = 0;; pass++) {
		g_autofree char *text = g_strnfill(length, 'x');
		g_autoptr(GVariant) packet = NULL;
		GVariant *parameters;

		g_variant_dict_init(&dict, NULL);
		g_variant_dict_insert(&dict, "x", "s", text);
		parameters = g_variant_ref_sink(g_variant_dict_end(&dict));
		packet = g_variant_ref_sink(g_variant_new("(us@a{sv})", 1, "op", parameters));
		empty = g_variant_get_size(packet);
		if (empty == size || pass == 8)
			return parameters;
		g_variant_unref(parameters);
		length -= empty - size;
	}
}

static void test_packet_limit(void **state)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *operation = NULL;
	g_autoptr(GVariant) received = NULL;
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	assert_true(signer_packet_send(pair[0], "op", filler(SIGNER_MAX_PACKET), -1, NULL));
	received = signer_packet_receive(pair[1], &operation, NULL, NULL);
	assert_non_null(received);
	assert_string_equal(operation, "op");
	assert_false(signer_packet_send(pair[0], "op", filler(SIGNER_MAX_PACKET + 1), -1, &error));
	assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_TOO_LARGE));
	close(pair[0]);
	g_clear_error(&error);
	assert_null(signer_packet_receive(pair[1], NULL, NULL, &error));
	assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE));
	close(pair[1]);
}

static void test_malformed_packets(void **state)
{
	g_autoptr(GVariant) good = g_variant_ref_sink(g_variant_new("(usa{sv})", 1, "op", NULL));
	g_autoptr(GVariant) swapped = g_variant_byteswap(good);
	g_autoptr(GVariant) version = g_variant_ref_sink(g_variant_new("(usa{sv})", 2, "op", NULL));
	g_autofree guint8 *damaged = g_memdup2(g_variant_get_data(good), g_variant_get_size(good));
	const struct {
		const void *data;
		gsize size;
	} cases[] = {
		{"x", 1},
		{g_variant_get_data(good), g_variant_get_size(good) - 1},
		{g_variant_get_data(swapped), g_variant_get_size(swapped)},
		{g_variant_get_data(version), g_variant_get_size(version)},
		{damaged, g_variant_get_size(good)},
	};
	int pair[2];

	(void)state;
	damaged[6] = 'x'; /* the end of the string */
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		assert_int_equal(send(pair[0], cases[i].data, cases[i].size, 0), cases[i].size);
		assert_null(signer_packet_receive(pair[1], NULL, NULL, &error));
		assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_INVALID));
	}
	close(pair[0]);
	close(pair[1]);
}

static void test_memfd(void **state)
{
	g_autoptr(GBytes) content = g_bytes_new_static("bytes", 5);
	g_autoptr(GBytes) received = NULL;
	g_autoptr(GVariant) parameters = NULL;
	int memfd = signer_memfd_new(content, NULL), passed = -1, pair[2];

	(void)state;
	assert_int_equal(write(memfd, "x", 1), -1);
	assert_int_equal(ftruncate(memfd, 0), -1);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	assert_true(signer_packet_send(pair[0], "sign", NULL, memfd, NULL));
	parameters = signer_packet_receive(pair[1], NULL, &passed, NULL);
	assert_non_null(parameters);
	received = signer_memfd_read(passed, NULL);
	assert_non_null(received);
	assert_true(g_bytes_equal(received, content));
	close(memfd);
	close(passed);
	close(pair[0]);
	close(pair[1]);
}

static void test_header_block(void **state)
{
	static const struct {
		const char *text;
		gboolean good;
	} cases[] = {
		{"Content-Type: text/plain; hp=\"clear\"\r\nFrom: <" MAILBOX ">\r\n\r\n", TRUE},
		{"from: Secretaria <Secretaria.General@MUNI.test>\r\ncontent-type: text/plain;\r\n "
		 "HP=clear\r\n\r\n",
			TRUE},
		{"Content-Type: a/b; hp=clear\nFrom: " MAILBOX "\n\n", TRUE},
		{"Content-Type: a/b; hp=clear\nFrom: " MAILBOX " (Rosa Morales)\n\n", TRUE},
		{"Content-Type: a/b; hp=clear\nFrom: Rosa <" MAILBOX "> (x)\n\n", TRUE},
		{"Content-Type: a/b; hp=clear\nFrom: " MAILBOX " (a) (b)\n\n", FALSE},
		{"Content-Type: a/b; hp=clear\nFrom: " MAILBOX " (<x@muni.test>)\n\n", FALSE},
		{"Content-Type: a/b; hp=clear\nFrom: (Rosa) " MAILBOX "\n\n", FALSE},
		{"Content-Type: a/b; x=\"; hp=clear\"\r\nFrom: " MAILBOX "\r\n\r\n", FALSE},
		{"Content-Type: a/b; hp=clear; hp=clear\r\nFrom: " MAILBOX "\r\n\r\n", FALSE},
		{"Content-Type: a/b; hp=clear\r\nContent-Type: a/b; hp=clear\r\nFrom: " MAILBOX
		 "\r\n\r\n",
			FALSE},
		{"Content-Type: a/b; hp=clear\r\nFrom: " MAILBOX "\r\nFrom: " MAILBOX "\r\n\r\n",
			FALSE},
		{"Content-Type: a/b; hp=clear\r\nFrom: x@muni.test, " MAILBOX "\r\n\r\n", FALSE},
		{"Content-Type: a/b; hp=clear\r\nFrom: \"<" MAILBOX ">\" <x@muni.test>\r\n\r\n",
			FALSE},
		{"Content-Type: a/b; hp=clear\r\nFrom: <" MAILBOX "> <x@muni.test>\r\n\r\n", FALSE},
		{"Content-Type: a/b; hp=clear\r\nFrom: g: " MAILBOX ";\r\n\r\n", FALSE},
		{"Content-Type: a/b; hp=clear\r\n\r\nFrom: " MAILBOX "\r\n\r\n", FALSE},
		{"\r\nContent-Type: a/b; hp=clear\r\nFrom: " MAILBOX "\r\n\r\n", FALSE},
		{"Content-Type: a/b; hp=clear\r\nFrom: " MAILBOX "\r\n", FALSE},
		{"", FALSE},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GBytes) entity = g_bytes_new_static(cases[i].text, strlen(cases[i].text));

		if (header_block_check(entity, MAILBOX, NULL) != cases[i].good)
			fail_msg("case %zu: %s", i, cases[i].text);
	}
}

static void test_header_block_limit(void **state)
{
	(void)state;
	for (gsize over = 0; over < 2; over++) {
		g_autoptr(GString) text =
			g_string_new("Content-Type: a/b; hp=clear\r\nFrom: " MAILBOX "\r\nX: ");
		g_autoptr(GBytes) entity = NULL;

		while (text->len < HEADER_BLOCK_MAX_BYTES - 4 + over)
			g_string_append_c(text, 'x');
		g_string_append(text, "\r\n\r\nbody");
		entity = g_bytes_new(text->str, text->len);
		assert_int_equal(header_block_check(entity, MAILBOX, NULL), over == 0);
	}
}

static GVariant *one_binding(
	const char *token, const char *state_word, gint64 from_s, gint64 until_s)
{
	return g_variant_ref_sink(g_variant_new_parsed(
		"[{'token': <%s>, 'mailboxes': <['Secretaria.General@muni.test']>,"
		"'from': <%x>, 'until': <%x>, 'state': <%s>}]",
		token, from_s, until_s, state_word));
}

static void test_bindings(void **state)
{
	g_autofree char *folder = g_dir_make_tmp("acuse-bindings-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "bindings", NULL);
	g_autoptr(GVariant) active = one_binding("oficina", "active", 100, 200);
	g_autoptr(GVariant) lost = one_binding("oficina", "lost", 100, 200);
	g_autoptr(GVariant) long_label =
		one_binding("123456789012345678901234567890123", "active", 0, 0);
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) first = NULL, last = NULL;
	Bindings *bindings = bindings_open(folder, NULL);

	(void)state;
	assert_non_null(bindings);
	assert_int_equal(bindings_version(bindings), 0);
	assert_true(bindings_replace(bindings, 5, active, NULL));
	assert_null(bindings_find_mailbox(bindings, MAILBOX, 99, NULL));
	first = bindings_find_mailbox(bindings, MAILBOX, 100, NULL);
	assert_non_null(first);
	last = bindings_find_mailbox(bindings, MAILBOX, 199, NULL);
	assert_non_null(last);
	assert_null(bindings_find_mailbox(bindings, MAILBOX, 200, &error));
	assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_NO_BINDING));
	assert_false(bindings_replace(bindings, 6, long_label, NULL));
	assert_true(bindings_replace(bindings, 7, lost, NULL));
	assert_true(bindings_is_held(bindings, "oficina"));
	assert_true(bindings_replace(bindings, 8, active, NULL));
	assert_false(bindings_replace(bindings, 7, lost, NULL));
	bindings_free(bindings);

	bindings = bindings_open(folder, NULL);
	assert_int_equal(bindings_version(bindings), 8);
	assert_true(bindings_is_held(bindings, "oficina"));
	assert_true(bindings_set_held(bindings, "oficina", FALSE, NULL));
	bindings_free(bindings);

	bindings = bindings_open(folder, NULL);
	assert_false(bindings_is_held(bindings, "oficina"));
	bindings_free(bindings);

	assert_true(g_file_set_contents(path, "damage", -1, NULL));
	g_clear_error(&error);
	assert_null(bindings_open(folder, &error));
	assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED));
	g_unlink(path);
	g_rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_permit),
		cmocka_unit_test(test_permit_words),
		cmocka_unit_test(test_key_file),
		cmocka_unit_test(test_packet_limit),
		cmocka_unit_test(test_malformed_packets),
		cmocka_unit_test(test_memfd),
		cmocka_unit_test(test_header_block),
		cmocka_unit_test(test_header_block_limit),
		cmocka_unit_test(test_bindings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
