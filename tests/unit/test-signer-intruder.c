/*
 * A taken-over outgoing milter, another user of the signer's group and a taken-over PKCS#11 module
 * against acuse-signer: none of them gets a signature, keeps others from one, or reaches out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/ustream.h"
#include "cms/digest.h"
#include "signer/hidden.h"
#include "signer/permit.h"
#include "signer/protocol.h"
#include "signer/server.h"
#include "signer_fixture.h"

#define LOST "mesa"
#define OTHER_USER 65534
#define MANY 200

static Fixture *fixture;

static const char *const all[] = {"oficina " FIXTURE_OFFICE " active",
	LOST " " FIXTURE_DESK " lost", "errado vencido@muni.test active over", NULL};

static gint64 now_s(void)
{
	return g_get_real_time() / G_USEC_PER_SEC;
}

static char *permit_with(GBytes *key, const char *mailbox, const char *entity, gint64 expires_s)
{
	g_autofree char *sha256 = digest_sha256_hex(entity, strlen(entity));
	g_autofree char *send_id = g_strdup_printf("otro%u", ++fixture->sends);

	return permit_make(key, send_id, mailbox, sha256, expires_s, NULL);
}

static char *signatures(void)
{
	return fixture_status(fixture, "oficina", "signatures");
}

static void assert_refused(const char *name, const char *permit, const char *entity, int code)
{
	g_autofree char *before = signatures();
	g_autofree char *after = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = fixture_sign(fixture, permit, entity, &error);

	after = signatures();
	if (answer != NULL || error->code != code || strcmp(before, after) != 0)
		fail_msg("%s: %s", name, answer != NULL ? "signed" : error->message);
}

static void assert_signs(void)
{
	g_autofree char *entity = fixture_entity(FIXTURE_OFFICE);
	g_autofree char *permit = fixture_permit(fixture, FIXTURE_OFFICE, entity);
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = fixture_sign(fixture, permit, entity, &error);

	if (answer == NULL)
		fail_msg("sign: %s", error->message);
}

static char *changed(const char *text, const char *from, const char *to)
{
	GString *string = g_string_new(text);

	assert_true(g_string_replace(string, from, to, 0) > 0);
	return g_string_free(string, FALSE);
}

/* Whatever it writes into the permit or the mail, it has no key of permits. */
static void test_what_it_may_ask(void **state)
{
	g_autofree char *entity = fixture_entity(FIXTURE_OFFICE);
	g_autofree char *of_desk = fixture_entity(FIXTURE_DESK);
	g_autofree char *of_expired = fixture_entity("vencido@muni.test");
	g_autofree char *of_nobody = fixture_entity("alcalde@muni.test");
	g_autofree char *good = fixture_permit(fixture, FIXTURE_OFFICE, entity);
	g_autofree char *one_use = fixture_permit(fixture, FIXTURE_OFFICE, entity);
	g_autofree char *other_mailbox = changed(good, FIXTURE_OFFICE, FIXTURE_DESK);
	g_autofree char *longer_life = changed(good, " 1", " 2");
	g_autoptr(GBytes) own_key = g_bytes_new_static("01234567890123456789012345678901", 32);
	GBytes *key = fixture->permit_key;
	const struct {
		const char *name;
		char *permit;
		const char *entity;
		int code;
	} cases[] = {
		{"another account's mail with a permit of its own",
			permit_with(key, FIXTURE_OFFICE, of_desk, now_s() + 60), of_desk,
			ACUSE_ERROR_FORBIDDEN},
		{"another account's mailbox written into a permit", g_strdup(other_mailbox),
			of_desk, ACUSE_ERROR_PERMIT},
		{"a permit that it made itself",
			permit_with(own_key, FIXTURE_OFFICE, entity, now_s() + 60), entity,
			ACUSE_ERROR_PERMIT},
		{"a permit that lives longer", g_strdup(longer_life), entity, ACUSE_ERROR_PERMIT},
		{"an expired permit", permit_with(key, FIXTURE_OFFICE, entity, now_s() - 1), entity,
			ACUSE_ERROR_PERMIT},
		{"a permit for other bytes", g_strdup(good), of_desk, ACUSE_ERROR_PERMIT},
		{"an expired binding",
			permit_with(key, "vencido@muni.test", of_expired, now_s() + 60), of_expired,
			ACUSE_ERROR_NO_BINDING},
		{"a lost token", permit_with(key, FIXTURE_DESK, of_desk, now_s() + 60), of_desk,
			ACUSE_ERROR_NO_BINDING},
		{"a mailbox without a token",
			permit_with(key, "alcalde@muni.test", of_nobody, now_s() + 60), of_nobody,
			ACUSE_ERROR_NO_BINDING},
		{"the seal's mailbox", permit_with(key, "registro@muni.test", entity, now_s() + 60),
			entity, ACUSE_ERROR_NO_BINDING},
		{"no permit", NULL, entity, ACUSE_ERROR_PERMIT},
		{"nothing", g_strdup(""), entity, ACUSE_ERROR_PERMIT},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		assert_refused(cases[i].name, cases[i].permit, cases[i].entity, cases[i].code);
		g_free(cases[i].permit);
	}
	/* A replayed permit: one signature, not two; a permit that signed nothing is still good. */
	g_variant_unref(fixture_sign(fixture, one_use, entity, NULL));
	assert_refused("a replayed permit", one_use, entity, ACUSE_ERROR_PERMIT);
	g_variant_unref(fixture_sign(fixture, good, entity, NULL));
}

/* The answer to a request with this content; SCM_RIGHTS as it comes. */
static int ask_with_memfd(const char *permit, int memfd)
{
	int fd = ustream_connect(fixture->sign_socket, SOCK_SEQPACKET, 10000, NULL);
	g_autoptr(GVariant) answer = NULL;
	g_autoptr(GError) error = NULL;
	GVariantDict dict;

	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "permit", "s", permit);
	assert_true(signer_packet_send(fd, "sign", g_variant_dict_end(&dict), memfd, NULL));
	answer = signer_packet_receive(fd, NULL, NULL, &error);
	close(fd);
	return answer != NULL ? -1 : error->code;
}

static int sealed_memfd(off_t size, unsigned seals)
{
	int fd = memfd_create("intruso", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_int_equal(ftruncate(fd, size), 0);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

static void test_content(void **state)
{
	const struct {
		const char *name;
		off_t size;
		unsigned seals;
		int code;
	} cases[] = {
		{"one byte too large", SIGNER_MAX_CONTENT + 1,
			F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK, ACUSE_ERROR_INVALID},
		{"as large as may be, but other bytes", SIGNER_MAX_CONTENT,
			F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK, ACUSE_ERROR_PERMIT},
		{"empty", 0, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK, ACUSE_ERROR_INVALID},
		{"it can still write", 100, F_SEAL_GROW | F_SEAL_SHRINK, ACUSE_ERROR_INVALID},
		{"it can still shorten", 100, F_SEAL_WRITE | F_SEAL_GROW, ACUSE_ERROR_INVALID},
	};
	g_autofree char *entity = fixture_entity(FIXTURE_OFFICE);
	g_autofree char *permit = fixture_permit(fixture, FIXTURE_OFFICE, entity);

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		int fd = sealed_memfd(cases[i].size, cases[i].seals);
		int code = ask_with_memfd(permit, fd);

		close(fd);
		if (code != cases[i].code)
			fail_msg("%s: %d", cases[i].name, code);
	}
	assert_int_equal(ask_with_memfd(permit, -1), ACUSE_ERROR_INVALID);
	assert_signs();
}

static void test_malformed_requests(void **state)
{
	static const char *const operations[] = {
		"", "ok", "bind", "seal", "status", "lock", "unlock", "SIGN"};
	g_autoptr(GRand) random = g_rand_new_with_seed(20261122);

	(void)state;
	for (int i = 0; i < 300; i++) {
		int fd = ustream_connect(fixture->sign_socket, SOCK_SEQPACKET, 10000, NULL);
		guint8 bytes[256];
		gsize size = (gsize)g_rand_int_range(random, 1, sizeof bytes);

		for (gsize at = 0; at < size; at++)
			bytes[at] = (guint8)g_rand_int(random);
		assert_int_equal(send(fd, bytes, size, 0), size);
		assert_null(signer_packet_receive(fd, NULL, NULL, NULL));
		close(fd);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(operations); i++) {
		g_autoptr(GError) error = NULL;

		assert_null(signer_call(
			fixture->sign_socket, 10000, operations[i], NULL, NULL, &error));
		assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_INVALID));
	}
	assert_signs();
}

static guint count_open(const int *fds, guint count)
{
	guint open_count = 0;

	for (guint i = 0; i < count; i++) {
		struct pollfd one = {fds[i], POLLIN, 0};

		/* What is refused gets an answer, then the end. */
		open_count += fds[i] >= 0 && poll(&one, 1, 0) == 0;
	}
	return open_count;
}

/* In a child: holds as many connections as it gets, says how many those are, until killed. */
static void hold_connections(const char *path, int tell)
{
	int fds[MANY];
	guint held;

	if (setgid(OTHER_USER) != 0 || setuid(OTHER_USER) != 0)
		_exit(2);
	for (guint i = 0; i < MANY; i++)
		fds[i] = ustream_connect(path, SOCK_SEQPACKET, 10000, NULL);
	g_usleep(300000);
	held = count_open(fds, MANY);
	if (write(tell, &held, sizeof held) != sizeof held)
		_exit(2);
	pause();
}

static void test_another_user_holds_no_places(void **state)
{
	char *const paths[] = {
		fixture->sign_socket, fixture->control_socket, fixture->unlock_socket};
	pid_t holders[G_N_ELEMENTS(paths)];
	g_autoptr(GError) error = NULL;

	(void)state;
	if (getuid() != 0)
		skip();
	for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
		guint held = MANY;
		int tell[2];

		chmod(paths[i], 0666);
		assert_int_equal(pipe(tell), 0);
		holders[i] = fork();
		if (holders[i] == 0)
			hold_connections(paths[i], tell[1]);
		assert_int_equal(read(tell[0], &held, sizeof held), sizeof held);
		assert_int_equal(held, SERVER_MAX_OTHER);
		close(tell[0]);
		close(tell[1]);
	}
	/* Meanwhile all three serve whom they are for. */
	assert_signs();
	assert_false(fixture_unlock(fixture, "oficina", FIXTURE_PIN, &error));
	assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT));
	for (size_t i = 0; i < G_N_ELEMENTS(holders); i++) {
		kill(holders[i], SIGKILL);
		assert_int_equal(waitpid(holders[i], NULL, 0), holders[i]);
	}
}

static long probed(const char *text, const char *what)
{
	g_autofree char *line = g_strdup_printf("%s ", what);
	const char *found = strstr(text, line);

	if (found == NULL)
		fail_msg("%s was not probed: %s", what, text);
	return strtol(found + strlen(line), NULL, 10);
}

/* What the module of token oficina found when it signed. */
static char *probe(const char *lines)
{
	g_autofree char *path = g_build_filename(fixture->folder, "shim/control.probe", NULL);
	g_autofree char *faults = g_strconcat("only oficina\nprobe C_Sign\n", lines, NULL);
	char *text = NULL;

	remove(path);
	fixture_fault(fixture, faults);
	assert_signs();
	fixture_fault(fixture, "");
	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	return text;
}

/* The module itself tries: no network, no programs, no core, nobody of its user reads its memory.
 */
static void test_taken_over_module(void **state)
{
	g_autofree char *text = probe("");

	(void)state;
	assert_int_equal(probed(text, "\ninet6"), -EACCES);
	assert_int_equal(probed(text, "packet"), -EACCES);
	assert_int_equal(probed(text, "exec"), -EPERM);
	assert_int_equal(probed(text, "ptrace"), -EPERM);
	assert_int_equal(probed(text, "dumpable"), 0);
	assert_int_equal(probed(text, "core"), 0);
	/* pcscd is reached so. */
	assert_int_equal(probed(text, "unix"), 0);
	assert_true(g_str_has_prefix(text, "inet -13\n"));
}

/* Of the same user as the signer: neither its files nor its memory. */
static void test_what_is_the_signers_own(void **state)
{
	static const char *const own[] = {"permit.key", "state/identity", "state/bindings",
		"credentials/pin.mesa", "credentials/pin.sello", NULL};
	g_autoptr(GString) lines = g_string_new("");
	g_autofree char *free_file = g_build_filename(fixture->folder, "ca.pem", NULL);
	g_autofree char *text = NULL;
	g_auto(GStrv) words = NULL;
	guint tried = 0;

	(void)state;
	if (!hidden_is_possible())
		skip();
	for (guint i = 0; own[i] != NULL; i++)
		g_string_append_printf(lines, "try %s/%s\n", fixture->folder, own[i]);
	g_string_append_printf(lines, "try /proc/%d/mem\n", (int)fixture->daemon);
	text = probe(lines->str);
	words = g_strsplit(lines->str, "\n", -1);
	for (char **word = words; **word != '\0'; word++, tried++) {
		const char *path = *word + strlen("try ");

		assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
		if (probed(text, path) >= 0)
			fail_msg("%s is open to a module", path);
	}
	assert_int_equal(tried, G_N_ELEMENTS(own));
	/* Other files are as before. */
	g_free(text);
	g_string_printf(lines, "try %s\n", free_file);
	text = probe(lines->str);
	assert_int_equal(probed(text, free_file), 0);
}

static char *sought(const void *bytes, gsize size)
{
	GString *line = g_string_new("seek ");

	for (gsize i = 0; i < size; i++)
		g_string_append_printf(line, "%02x", ((const guint8 *)bytes)[i] ^ 0xff);
	g_string_append_c(line, '\n');
	return g_string_free(line, FALSE);
}

/* Nothing of the signer's memory is in it: the key that makes permits is not. */
G_GNUC_UNUSED static void test_no_key_of_permits_in_its_memory(void **state)
{
	gsize size;
	const void *key = g_bytes_get_data(fixture->permit_key, &size);
	g_autofree char *seek_key = sought(key, size);
	g_autofree char *seek_label = sought("oficina", strlen("oficina"));
	g_autofree char *without = probe(seek_key);
	g_autofree char *with = probe(seek_label);

	(void)state;
	assert_int_equal(probed(without, "sought"), 0);
	assert_true(probed(with, "sought") > 0);
}

static long locked_kib(const char *pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%s/status", pid);
	g_autofree char *text = NULL;
	const char *line;

	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	line = strstr(text, "VmLck:");
	assert_non_null(line);
	return strtol(line + strlen("VmLck:"), NULL, 10);
}

G_GNUC_UNUSED static void test_the_pin_lies_in_locked_memory(void **state)
{
	g_autofree char *path = g_strdup_printf(
		"/proc/%d/task/%d/children", (int)fixture->daemon, (int)fixture->daemon);
	g_autofree char *text = NULL;
	g_auto(GStrv) keepers = NULL;

	(void)state;
	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	keepers = g_strsplit(g_strchomp(text), " ", -1);
	assert_non_null(keepers[0]);
	for (char **keeper = keepers; *keeper != NULL; keeper++)
		assert_true(locked_kib(*keeper) > 0);
}

static int set_up(void **state)
{
	g_autoptr(GError) error = NULL;

	fixture = fixture_set_up_faulty(state, "remote_unlock=on\n");
	if (!fixture_bind(fixture, ++fixture->version, all, &error) ||
		!fixture_unlock(fixture, "oficina", FIXTURE_PIN, &error))
		fail_msg("set up: %s", error->message);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_it_may_ask),
		cmocka_unit_test(test_content),
		cmocka_unit_test(test_malformed_requests),
		cmocka_unit_test(test_another_user_holds_no_places),
		cmocka_unit_test(test_taken_over_module),
		cmocka_unit_test(test_what_is_the_signers_own),
#ifndef __SANITIZE_ADDRESS__ /* whose shadow is too large to read, and mlock() does nothing */
		cmocka_unit_test(test_no_key_of_permits_in_its_memory),
		cmocka_unit_test(test_the_pin_lies_in_locked_memory),
#endif
	};
	return cmocka_run_group_tests(tests, set_up, fixture_tear_down);
}
