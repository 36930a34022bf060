/* acuse-signer as its clients see it, with real tokens: what it signs, and each thing that it
 * refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/ustream.h"
#include "cms/digest.h"
#include "signer/permit.h"
#include "signer/protocol.h"
#include "signer_fixture.h"

static Fixture *fixture;

static const char *const all_active[] = {"oficina " FIXTURE_OFFICE " active",
	"mesa " FIXTURE_DESK " active", "errado errado@muni.test active",
	"sello registro@muni.test active", NULL};

static void push(const char *const *entries)
{
	g_autoptr(GError) error = NULL;

	if (!fixture_bind(fixture, ++fixture->version, entries, &error))
		fail_msg("bind: %s", error->message);
}

static void unlock_office(void)
{
	g_autofree char *unlocked = fixture_status(fixture, "oficina", "unlocked");
	g_autoptr(GError) error = NULL;

	if (strcmp(unlocked, "true") != 0 &&
		!fixture_unlock_despite_low(fixture, "oficina", FIXTURE_PIN, &error))
		fail_msg("unlock: %s", error->message);
}

static void assert_signs(const char *mailbox)
{
	g_autofree char *entity = fixture_entity(mailbox);
	g_autofree char *permit = fixture_permit(fixture, mailbox, entity);
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = fixture_sign(fixture, permit, entity, &error);

	if (answer == NULL)
		fail_msg("sign for %s: %s", mailbox, error->message);
	assert_true(fixture_openssl_verifies(fixture, answer, entity));
	assert_false(fixture_openssl_verifies(fixture, answer, "other bytes"));
}

static void assert_refused(const char *name, const char *permit, const char *entity, int code)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = fixture_sign(fixture, permit, entity, &error);

	if (answer != NULL || !g_error_matches(error, ACUSE_ERROR, code))
		fail_msg("%s: %s", name, answer != NULL ? "signed" : error->message);
}

static void assert_sign_error(const char *mailbox, int code)
{
	g_autofree char *entity = fixture_entity(mailbox);
	g_autofree char *permit = fixture_permit(fixture, mailbox, entity);

	assert_refused(mailbox, permit, entity, code);
}

static int set_up(void **state)
{
	*state = fixture = fixture_new();
	fixture_start(fixture);
	return 0;
}

static void test_unlock(void **state)
{
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_sign_error(FIXTURE_OFFICE, ACUSE_ERROR_NO_BINDING);
	push(all_active);
	assert_sign_error(FIXTURE_OFFICE, ACUSE_ERROR_TOKEN_LOCKED);
	assert_false(fixture_unlock(fixture, "oficina", "111111", &error));
	assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_PIN_WRONG));
	assert_sign_error(FIXTURE_OFFICE, ACUSE_ERROR_TOKEN_LOCKED);
	g_clear_error(&error);
	assert_false(fixture_unlock(fixture, "ninguno", FIXTURE_PIN, &error));
	assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND));
	g_clear_error(&error);
	unlock_office();
	assert_false(fixture_unlock(fixture, "oficina", FIXTURE_PIN, &error));
	assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT));
}

static void test_signs_rsa_and_p256(void **state)
{
	g_autofree char *count = NULL;
	g_autofree char *email = NULL;

	(void)state;
	unlock_office();
	assert_signs(FIXTURE_OFFICE);
	fixture_await(fixture, "mesa", "unlocked", "true");
	assert_signs(FIXTURE_DESK);
	count = fixture_status(fixture, "mesa", "signatures");
	assert_string_equal(count, "1");
	email = fixture_status(fixture, "mesa", "email");
	assert_string_equal(email, "['" FIXTURE_DESK "', '" FIXTURE_BOTH "']");
}

static void test_seal(void **state)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = NULL;

	(void)state;
	push(all_active);
	fixture_await(fixture, "sello", "unlocked", "true");
	answer = fixture_seal(fixture, "{\"v\":1}", &error);
	assert_non_null(answer);
	assert_true(fixture_openssl_verifies(fixture, answer, "{\"v\":1}"));
	assert_sign_error("registro@muni.test", ACUSE_ERROR_NO_BINDING);
}

static void test_wrong_credential_is_tried_once(void **state)
{
	g_autoptr(GError) error = NULL;

	(void)state;
	push(all_active);
	fixture_await(fixture, "errado", "trouble", "'pin-wrong'");
	/* Neither a new push nor a restart spends another attempt. */
	push(all_active);
	fixture_await(fixture, "errado", "trouble", "'pin-wrong'");
	assert_int_equal(fixture_stop(fixture), 0);
	fixture_start(fixture);
	fixture_await(fixture, "errado", "trouble", "'pin-low'");
	assert_false(fixture_unlock(fixture, "errado", FIXTURE_PIN, &error));
	assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_PIN_LOW));
	g_clear_error(&error);
	assert_true(fixture_unlock_despite_low(fixture, "errado", FIXTURE_PIN, &error));
	/* Its certificate is of another address than the mailbox it is bound to. */
	assert_sign_error("errado@muni.test", ACUSE_ERROR_CERTIFICATE);
}

static void test_refused_permits(void **state)
{
	g_autofree char *entity = fixture_entity(FIXTURE_OFFICE);
	g_autofree char *good = fixture_permit(fixture, FIXTURE_OFFICE, entity);
	g_autofree char *forged = g_strdup(good);
	g_autofree char *sha256 = digest_sha256_hex(entity, strlen(entity));
	g_autofree char *expired = permit_make(fixture->permit_key, "send1", FIXTURE_OFFICE, sha256,
		g_get_real_time() / G_USEC_PER_SEC - 1, NULL);
	g_autofree char *unbound = fixture_permit(fixture, "otra@muni.test", entity);

	(void)state;
	push(all_active);
	unlock_office();
	forged[strlen(forged) - 1] = forged[strlen(forged) - 1] == '0' ? '1' : '0';
	assert_refused("no permit", NULL, entity, ACUSE_ERROR_PERMIT);
	assert_refused("empty permit", "", entity, ACUSE_ERROR_PERMIT);
	assert_refused("forged", forged, entity, ACUSE_ERROR_PERMIT);
	assert_refused("expired", expired, entity, ACUSE_ERROR_PERMIT);
	assert_refused("other bytes", good, "From: x\r\n\r\n", ACUSE_ERROR_PERMIT);
	assert_refused("not bound", unbound, entity, ACUSE_ERROR_NO_BINDING);
	assert_signs(FIXTURE_OFFICE);
}

static void test_refused_entities(void **state)
{
	static const struct {
		const char *name, *entity;
	} cases[] = {
		{"other From", "Content-Type: text/plain; hp=\"clear\"\r\nFrom: "
			       "rmoralesa@muni.test\r\n\r\nx"},
		{"no From", "Content-Type: text/plain; hp=\"clear\"\r\n\r\nx"},
		{"no hp", "Content-Type: text/plain\r\nFrom: " FIXTURE_OFFICE "\r\n\r\nx"},
		{"hp=cipher", "Content-Type: text/plain; hp=\"cipher\"\r\nFrom: " FIXTURE_OFFICE
			      "\r\n\r\nx"},
	};

	(void)state;
	push(all_active);
	unlock_office();
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *permit = fixture_permit(fixture, FIXTURE_OFFICE, cases[i].entity);

		assert_refused(cases[i].name, permit, cases[i].entity, ACUSE_ERROR_FORBIDDEN);
	}
}

static void test_refused_packets(void **state)
{
	g_autofree char *big = g_malloc0(SIGNER_MAX_PACKET + 1);
	g_autoptr(GError) error = NULL;
	int fd = ustream_connect(fixture->unlock_socket, SOCK_SEQPACKET, 10000, NULL);

	(void)state;
	assert_int_equal(send(fd, big, SIGNER_MAX_PACKET + 1, 0), SIGNER_MAX_PACKET + 1);
	assert_null(signer_packet_receive(fd, NULL, NULL, &error));
	assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_TOO_LARGE));
	g_clear_error(&error);
	/* At the limit it is read, and refused for what it is. */
	assert_int_equal(send(fd, big, SIGNER_MAX_PACKET, 0), SIGNER_MAX_PACKET);
	assert_null(signer_packet_receive(fd, NULL, NULL, &error));
	assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_INVALID));
	g_clear_error(&error);
	assert_true(signer_packet_send(fd, "seal", NULL, -1, NULL));
	assert_null(signer_packet_receive(fd, NULL, NULL, &error));
	assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_INVALID));
	close(fd);
}

static void test_unsealed_content(void **state)
{
	g_autofree char *entity = fixture_entity(FIXTURE_OFFICE);
	g_autofree char *permit = fixture_permit(fixture, FIXTURE_OFFICE, entity);
	g_autoptr(GError) error = NULL;
	FILE *file = tmpfile();
	int fd = ustream_connect(fixture->sign_socket, SOCK_SEQPACKET, 10000, NULL);
	GVariantDict dict;

	(void)state;
	fputs(entity, file);
	fflush(file);
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "permit", "s", permit);
	assert_true(signer_packet_send(fd, "sign", g_variant_dict_end(&dict), fileno(file), NULL));
	assert_null(signer_packet_receive(fd, NULL, NULL, &error));
	assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_INVALID));
	close(fd);
	fclose(file);
}

/* In a child under another uid: 0 when both sockets refuse it. */
static int ask_as_nobody(void)
{
	g_autoptr(GError) sign_error = NULL;
	g_autoptr(GError) status_error = NULL;
	g_autofree char *entity = fixture_entity(FIXTURE_OFFICE);
	g_autofree char *permit = fixture_permit(fixture, FIXTURE_OFFICE, entity);

	if (setgid(65534) != 0 || setuid(65534) != 0)
		return 2;
	fixture_sign(fixture, permit, entity, &sign_error);
	signer_call(fixture->control_socket, 10000, "status", NULL, NULL, &status_error);
	return g_error_matches(sign_error, ACUSE_ERROR, ACUSE_ERROR_FORBIDDEN) &&
			       g_error_matches(status_error, ACUSE_ERROR, ACUSE_ERROR_FORBIDDEN)
		       ? 0
		       : 1;
}

static void test_other_user(void **state)
{
	int status = -1;
	pid_t pid;

	(void)state;
	if (getuid() != 0)
		skip();
	/* Wide open, so that the peer's uid alone decides. */
	chmod(fixture->sign_socket, 0666);
	chmod(fixture->control_socket, 0666);
	pid = fork();
	if (pid == 0)
		_exit(ask_as_nobody());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void signal_worker_of_office(int number)
{
	g_auto(GStrv) before = fixture_workers(fixture);
	g_auto(GStrv) after = NULL;

	unlock_office();
	after = fixture_workers(fixture);
	for (char **pid = after; *pid != NULL; pid++)
		if (!g_strv_contains((const char *const *)before, *pid))
			kill((pid_t)g_ascii_strtoll(*pid, NULL, 10), number);
}

static void test_killed_worker_leaves_the_token_locked(void **state)
{
	(void)state;
	push(all_active);
	fixture_lock(fixture, "oficina");
	assert_sign_error(FIXTURE_OFFICE, ACUSE_ERROR_TOKEN_LOCKED);
	signal_worker_of_office(SIGKILL);
	fixture_await(fixture, "oficina", "unlocked", "false");
	assert_sign_error(FIXTURE_OFFICE, ACUSE_ERROR_TOKEN_LOCKED);
	unlock_office();
	assert_signs(FIXTURE_OFFICE);
}

static void test_hanging_worker_is_killed_and_blocks_no_other(void **state)
{
	g_autofree char *entity = fixture_entity(FIXTURE_OFFICE);
	g_autofree char *permit = fixture_permit(fixture, FIXTURE_OFFICE, entity);
	g_autoptr(GBytes) content = g_bytes_new_static(entity, strlen(entity));
	g_autoptr(GError) error = NULL;
	int memfd = signer_memfd_new(content, NULL);
	int fd = ustream_connect(fixture->sign_socket, SOCK_SEQPACKET, 20000, NULL);
	GVariantDict dict;

	(void)state;
	push(all_active);
	fixture_await(fixture, "mesa", "unlocked", "true");
	fixture_lock(fixture, "oficina");
	signal_worker_of_office(SIGSTOP);
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "permit", "s", permit);
	assert_true(signer_packet_send(fd, "sign", g_variant_dict_end(&dict), memfd, NULL));
	assert_signs(FIXTURE_DESK);
	assert_null(signer_packet_receive(fd, NULL, NULL, &error));
	assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_TIMEOUT));
	assert_sign_error(FIXTURE_OFFICE, ACUSE_ERROR_TOKEN_LOCKED);
	close(fd);
	close(memfd);
}

/* One request is at the worker, as many as may wait do, and the next is turned away at once. */
static void test_queue_is_bounded(void **state)
{
	g_autofree char *entity = fixture_entity(FIXTURE_OFFICE);
	g_autoptr(GBytes) content = g_bytes_new_static(entity, strlen(entity));
	/* One is under way, one may be with the worker already. */
	int memfd = signer_memfd_new(content, NULL), fds[FIXTURE_QUEUE_LENGTH + 2];

	(void)state;
	push(all_active);
	fixture_lock(fixture, "oficina");
	signal_worker_of_office(SIGSTOP);
	for (size_t i = 0; i < G_N_ELEMENTS(fds); i++) {
		g_autofree char *permit = fixture_permit(fixture, FIXTURE_OFFICE, entity);
		GVariantDict dict;

		fds[i] = ustream_connect(fixture->sign_socket, SOCK_SEQPACKET, 20000, NULL);
		g_variant_dict_init(&dict, NULL);
		g_variant_dict_insert(&dict, "permit", "s", permit);
		assert_true(
			signer_packet_send(fds[i], "sign", g_variant_dict_end(&dict), memfd, NULL));
	}
	assert_sign_error(FIXTURE_OFFICE, ACUSE_ERROR_TOKEN_BUSY);
	for (size_t i = 0; i < G_N_ELEMENTS(fds); i++) {
		g_autoptr(GError) error = NULL;

		assert_null(signer_packet_receive(fds[i], NULL, NULL, &error));
		assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_TIMEOUT) ||
			    g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_TOKEN_BUSY) ||
			    g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_TOKEN_LOCKED));
		close(fds[i]);
	}
	close(memfd);
}

static gboolean proc_contains(const char *pid, const char *file, const char *text)
{
	g_autofree char *path = g_build_filename("/proc", pid, file, NULL);
	g_autofree char *data = NULL;

	assert_true(g_file_get_contents(path, &data, NULL, NULL));
	return strstr(data, text) != NULL;
}

static void test_processes(void **state)
{
	g_autofree char *parent = g_strdup_printf("%d", (int)fixture->daemon);
	g_auto(GStrv) workers = NULL;

	(void)state;
	if (getuid() != 0)
		skip();
	unlock_office();
	workers = fixture_workers(fixture);
	assert_non_null(workers[0]);
	assert_false(proc_contains(parent, "maps", "libsofthsm2"));
	assert_true(proc_contains(parent, "status", "Threads:\t1\n"));
	for (char **pid = workers; *pid != NULL; pid++) {
		assert_true(proc_contains(*pid, "maps", "libsofthsm2"));
		assert_true(proc_contains(*pid, "status", "Threads:\t1\n"));
		assert_true(proc_contains(*pid, "status", "Seccomp:\t2\n"));
		assert_true(proc_contains(*pid, "limits", "Max core file size        0 "));
	}
}

static void test_bindings_only_rise(void **state)
{
	static const char *const other[] = {"oficina otra@muni.test active", NULL};
	static const char *const twice[] = {
		"oficina a@muni.test active", "oficina b@muni.test active", NULL};
	g_autoptr(GError) error = NULL;

	(void)state;
	push(all_active);
	assert_true(fixture_bind(fixture, fixture->version, all_active, NULL));
	assert_false(fixture_bind(fixture, fixture->version, other, &error));
	assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT));
	g_clear_error(&error);
	assert_false(fixture_bind(fixture, fixture->version - 1, all_active, &error));
	assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT));
	g_clear_error(&error);
	assert_false(fixture_bind(fixture, fixture->version + 1, twice, &error));
	assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_INVALID));
	/* They outlive the process. */
	assert_int_equal(fixture_stop(fixture), 0);
	fixture_start(fixture);
	assert_false(fixture_bind(fixture, fixture->version, other, NULL));
	assert_sign_error(FIXTURE_OFFICE, ACUSE_ERROR_TOKEN_LOCKED);
}

static void test_lost_is_one_way(void **state)
{
	static const char *const lost[] = {"mesa " FIXTURE_DESK " lost", NULL};
	static const char *const found[] = {"mesa " FIXTURE_DESK " active", NULL};
	g_autoptr(GError) error = NULL;

	(void)state;
	push(found);
	fixture_await(fixture, "mesa", "unlocked", "true");
	push(lost);
	assert_sign_error(FIXTURE_DESK, ACUSE_ERROR_NO_BINDING);
	assert_false(fixture_unlock(fixture, "mesa", FIXTURE_PIN, &error));
	assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT));
	/* Active again, and its credential is there: still not without its holder, also after a
	 * restart. */
	push(found);
	assert_sign_error(FIXTURE_DESK, ACUSE_ERROR_TOKEN_LOCKED);
	assert_int_equal(fixture_stop(fixture), 0);
	fixture_start(fixture);
	assert_sign_error(FIXTURE_DESK, ACUSE_ERROR_TOKEN_LOCKED);
	assert_true(fixture_unlock(fixture, "mesa", FIXTURE_PIN, NULL));
	assert_signs(FIXTURE_DESK);
}

static void test_absent_token(void **state)
{
	static const char *const ghost[] = {"ausente " FIXTURE_OFFICE " active", NULL};
	g_autoptr(GError) error = NULL;

	(void)state;
	push(ghost);
	assert_false(fixture_unlock(fixture, "ausente", FIXTURE_PIN, &error));
	assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_TOKEN_ABSENT));
	assert_sign_error(FIXTURE_OFFICE, ACUSE_ERROR_TOKEN_ABSENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unlock),
		cmocka_unit_test(test_signs_rsa_and_p256),
		cmocka_unit_test(test_seal),
		cmocka_unit_test(test_wrong_credential_is_tried_once),
		cmocka_unit_test(test_refused_permits),
		cmocka_unit_test(test_refused_entities),
		cmocka_unit_test(test_refused_packets),
		cmocka_unit_test(test_unsealed_content),
		cmocka_unit_test(test_other_user),
		cmocka_unit_test(test_killed_worker_leaves_the_token_locked),
		cmocka_unit_test(test_hanging_worker_is_killed_and_blocks_no_other),
		cmocka_unit_test(test_queue_is_bounded),
		cmocka_unit_test(test_processes),
		cmocka_unit_test(test_bindings_only_rise),
		cmocka_unit_test(test_lost_is_one_way),
		cmocka_unit_test(test_absent_token),
	};
	return cmocka_run_group_tests(tests, set_up, fixture_tear_down);
}
