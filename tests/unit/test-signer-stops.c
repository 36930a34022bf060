/*
 * What takes a mailbox or a token away reaches the signatures that wait, whatever else goes on in
 * acuse-signer: a disk that is full, a milter that asks for more than can be looked at, another
 * token that hangs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/ustream.h"
#include "signer/protocol.h"
#include "signer_fixture.h"

#define FLOOD 48
#define FLOOD_BYTES (SIGNER_MAX_CONTENT - 1)

static Fixture *fixture;

static gboolean push(const char *entry, const char *other)
{
	const char *const entries[] = {entry, other, NULL};

	return fixture_bind(fixture, ++fixture->version, entries, NULL);
}

static void unlock_office(void)
{
	g_autoptr(GError) error = NULL;

	if (!fixture_unlock(fixture, "oficina", FIXTURE_PIN, &error))
		fail_msg("unlock: %s", error->message);
}

/* A connection on which a signature was asked for. */
static int ask(const char *mailbox)
{
	g_autofree char *entity = fixture_entity(mailbox);
	g_autofree char *permit = fixture_permit(fixture, mailbox, entity);
	g_autoptr(GBytes) content = g_bytes_new_static(entity, strlen(entity));
	int memfd = signer_memfd_new(content, NULL);
	int fd = ustream_connect(fixture->sign_socket, SOCK_SEQPACKET, 30000, NULL);
	GVariantDict dict;

	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "permit", "s", permit);
	g_variant_dict_insert(&dict, "wait_ms", "u", 30000);
	assert_true(signer_packet_send(fd, "sign", g_variant_dict_end(&dict), memfd, NULL));
	close(memfd);
	return fd;
}

/* Whether it verifies for the mailbox, or the error. */
static int answer_of(int fd, const char *mailbox)
{
	g_autofree char *entity = fixture_entity(mailbox);
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = signer_packet_receive(fd, NULL, NULL, &error);

	close(fd);
	if (answer == NULL)
		return error->code;
	assert_true(fixture_openssl_verifies(fixture, answer, entity));
	return FIXTURE_SIGNED;
}

static void await_calls(const char *function, guint wanted)
{
	for (int i = 0; i < 1200 && fixture_calls(fixture, function) < wanted; i++)
		g_usleep(25000);
	assert_true(fixture_calls(fixture, function) >= wanted);
}

/* Of two mailboxes that share a token one leaves: its mail is not signed, neither the one that
 * waits nor the one that is being signed; the other's is. */
static void test_mailbox_leaves(void **state)
{
	int being, waiting, other;
	guint signs;

	(void)state;
	assert_true(push("oficina " FIXTURE_OFFICE "," FIXTURE_BOTH " active", NULL));
	unlock_office();
	signs = fixture_calls(fixture, "C_Sign");
	fixture_fault(fixture, "only oficina\ndelay C_Sign 1500\n");
	being = ask(FIXTURE_BOTH);
	await_calls("C_Sign", signs + 1);
	waiting = ask(FIXTURE_BOTH);
	other = ask(FIXTURE_OFFICE);
	fixture_await(fixture, "oficina", "waiting", "2");
	assert_true(push("oficina " FIXTURE_OFFICE " active", NULL));
	assert_int_equal(answer_of(being, FIXTURE_BOTH), ACUSE_ERROR_NO_BINDING);
	assert_int_equal(answer_of(waiting, FIXTURE_BOTH), ACUSE_ERROR_NO_BINDING);
	assert_int_equal(fixture_calls(fixture, "C_Sign"), signs + 1);
	fixture_fault(fixture, "");
	assert_int_equal(answer_of(other, FIXTURE_OFFICE), FIXTURE_SIGNED);
	assert_int_equal(fixture_sign_for(fixture, FIXTURE_OFFICE), FIXTURE_SIGNED);
	assert_int_equal(fixture_sign_for(fixture, FIXTURE_BOTH), ACUSE_ERROR_NO_BINDING);
}

/* What has no place on the disk holds all the same, and is durable when it is said again. */
static void test_full_disk(void **state)
{
	g_autofree char *folder = g_build_filename(fixture->folder, "state", NULL);
	g_autofree char *away = g_build_filename(fixture->folder, "away", NULL);

	(void)state;
	assert_true(push("oficina " FIXTURE_OFFICE " active", "mesa " FIXTURE_DESK " active"));
	fixture_await(fixture, "mesa", "unlocked", "true");
	assert_int_equal(fixture_sign_for(fixture, FIXTURE_DESK), FIXTURE_SIGNED);
	assert_int_equal(g_rename(folder, away), 0);
	assert_false(push("oficina " FIXTURE_OFFICE " active", "mesa " FIXTURE_DESK " lost"));
	assert_int_equal(fixture_sign_for(fixture, FIXTURE_DESK), ACUSE_ERROR_NO_BINDING);
	assert_false(push("oficina " FIXTURE_OFFICE " active", "mesa " FIXTURE_DESK " active"));
	/* Its PIN lies in a credential, which is not read again. */
	assert_int_equal(fixture_sign_for(fixture, FIXTURE_DESK), ACUSE_ERROR_TOKEN_LOCKED);
	assert_int_equal(g_rename(away, folder), 0);
	assert_true(push("oficina " FIXTURE_OFFICE " active", "mesa " FIXTURE_DESK " active"));
	assert_int_equal(fixture_stop(fixture), 0);
	fixture_start(fixture);
	assert_int_equal(fixture_sign_for(fixture, FIXTURE_DESK), ACUSE_ERROR_TOKEN_LOCKED);
	assert_true(fixture_unlock(fixture, "mesa", FIXTURE_PIN, NULL));
	assert_int_equal(fixture_sign_for(fixture, FIXTURE_DESK), FIXTURE_SIGNED);
}

static void send_one(int fd, const char *permit, int memfd)
{
	GVariantDict dict;

	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "permit", "s", permit);
	assert_true(signer_packet_send(fd, "sign", g_variant_dict_end(&dict), memfd, NULL));
}

/* As large as may be, with a permit for other bytes: to find that out costs a while each. */
static void begin_flood(int *fds)
{
	g_autofree char *permit = fixture_permit(fixture, FIXTURE_DESK, "x");
	int memfd = memfd_create("flood", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_int_equal(ftruncate(memfd, FLOOD_BYTES), 0);
	assert_int_equal(fcntl(memfd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK), 0);
	for (int i = 0; i < FLOOD; i++) {
		fds[i] = ustream_connect(fixture->sign_socket, SOCK_SEQPACKET, 60000, NULL);
		/* It is let in. */
		send_one(fds[i], "", memfd);
		assert_null(signer_packet_receive(fds[i], NULL, NULL, NULL));
	}
	for (int i = 0; i < FLOOD; i++)
		send_one(fds[i], permit, memfd);
	close(memfd);
}

/* A suspension is heard before most of what came in earlier was looked at. */
static void test_flood(void **state)
{
	int fds[FLOOD], looked_at = 0;

	(void)state;
	assert_true(push("mesa " FIXTURE_DESK " active", NULL));
	begin_flood(fds);
	assert_true(push("mesa " FIXTURE_DESK " suspended", NULL));
	for (int i = 0; i < FLOOD; i++)
		looked_at += answer_of(fds[i], FIXTURE_DESK) == ACUSE_ERROR_PERMIT;
	if (looked_at > FLOOD / 2)
		fail_msg("%d of %d were looked at before", looked_at, FLOOD);
	print_message("%d of %d\n", looked_at, FLOOD);
}

/* Ends the process of the token that hangs, as its time limit would. */
static void kill_worker(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
}

/* The last process that called the function. */
static pid_t caller_of(const char *function)
{
	g_autofree char *path = g_build_filename(fixture->folder, "shim/control.calls", NULL);
	g_autofree char *text = NULL;
	const char *last;

	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	last = g_strrstr(text, function);
	assert_non_null(last);
	return (pid_t)g_ascii_strtoll(last + strlen(function), NULL, 10);
}

/* Tokens are opened one after the other. While one hangs in its login, another whose session broke
 * waits for its turn, longer than a signature may take: that time is not its own. */
static void test_hanging_login(void **state)
{
	guint logins, signs;
	int fd;

	(void)state;
	assert_true(push("oficina " FIXTURE_OFFICE " active", NULL));
	unlock_office();
	assert_int_equal(fixture_sign_for(fixture, FIXTURE_OFFICE), FIXTURE_SIGNED);
	logins = fixture_calls(fixture, "C_Login");
	signs = fixture_calls(fixture, "C_Sign");
	fixture_fault(fixture, "only errado\ndelay C_Login 60000\n"
			       "only oficina\nfail C_Sign 0x30 1\n");
	assert_true(push("oficina " FIXTURE_OFFICE " active", "errado " FIXTURE_DESK " active"));
	await_calls("C_Login", logins + 1);
	fd = ask(FIXTURE_OFFICE);
	await_calls("C_Sign", signs + 1);
	g_usleep((FIXTURE_SIGN_TIMEOUT_MS + 500) * 1000);
	kill_worker(caller_of("C_Login"));
	assert_int_equal(answer_of(fd, FIXTURE_OFFICE), FIXTURE_SIGNED);
}

static int set_up(void **state)
{
	fixture = fixture_set_up_faulty(state, NULL);
	fixture_await(fixture, "sello", "unlocked", "true");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hanging_login),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_mailbox_leaves),
		cmocka_unit_test(test_full_disk),
	};
	return cmocka_run_group_tests(tests, set_up, fixture_tear_down);
}
