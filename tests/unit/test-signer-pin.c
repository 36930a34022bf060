/*
 * The PIN of acuse-signer's tokens, with a module that counts logins and wrong PINs as a card does
 * (tests/fault/pkcs11-shim.c): how often one is tried, what a person's token may do with it, and
 * what takes it away.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/ustream.h"
#include "signer/protocol.h"
#include "signer_fixture.h"

#define WRONG_PIN "97531086"
#define MAX_REGION (1UL << 30) /* of memory; a larger one is a sanitizer's */
#define PERSON "oficina " FIXTURE_OFFICE " active personal"

static Fixture *fixture;

static void push(const char *entry, const char *other)
{
	const char *const entries[] = {entry, other, NULL};
	g_autoptr(GError) error = NULL;

	if (!fixture_bind(fixture, ++fixture->version, entries, &error))
		fail_msg("bind: %s", error->message);
}

static void restart(const char *lines)
{
	assert_int_equal(fixture_stop(fixture), 0);
	fixture_configure(fixture, lines);
	fixture_start(fixture);
	/* Its login is not one of those that are counted. */
	fixture_await(fixture, "sello", "unlocked", "true");
}

/* FIXTURE_SIGNED or the error of an attempt to unlock, which may cost so many logins. */
static void assert_unlock(const char *label, const char *pin, gboolean despite_low, int wanted,
	const char *words, guint logins)
{
	guint before = fixture_calls(fixture, "C_Login");
	g_autoptr(GError) error = NULL;
	gboolean ok = despite_low ? fixture_unlock_despite_low(fixture, label, pin, &error)
				  : fixture_unlock(fixture, label, pin, &error);

	assert_int_equal(ok ? FIXTURE_SIGNED : error->code, wanted);
	if (!ok && strstr(error->message, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", error->message, words);
	assert_int_equal(fixture_calls(fixture, "C_Login") - before, logins);
}

static void test_personal_tokens_are_off(void **state)
{
	(void)state;
	push(PERSON, NULL);
	assert_unlock("oficina", FIXTURE_PIN, FALSE, ACUSE_ERROR_FORBIDDEN, "personal_tokens", 0);
	assert_int_equal(fixture_sign_for(fixture, FIXTURE_OFFICE), ACUSE_ERROR_TOKEN_LOCKED);
}

static void test_too_long(void **state)
{
	g_autofree char *pin = g_strnfill(256, '7');

	(void)state;
	restart("");
	push("oficina " FIXTURE_OFFICE " active", NULL);
	assert_unlock("oficina", pin, FALSE, ACUSE_ERROR_INVALID, "255", 0);
}

static void run_script(const char *script)
{
	const char *argv[] = {"sh", "-ec", script, "sh", fixture->folder, NULL};
	g_autofree char *out = NULL, *err = NULL;
	int status = -1;

	assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out,
		&err, &status, NULL));
	if (status != 0)
		fail_msg("%s: %s%s", script, out, err);
}

/* Somebody plugged in a token of the same name: it does not learn the PIN. */
static void test_two_of_one_label(void **state)
{
	(void)state;
	run_script(
		"cd \"$1\"; ls tokens >before; export SOFTHSM2_CONF=$1/softhsm2.conf\n"
		"softhsm2-util --init-token --free --label oficina --so-pin 1111 --pin 246810\n");
	restart("");
	push("oficina " FIXTURE_OFFICE " active", NULL);
	assert_unlock("oficina", FIXTURE_PIN, FALSE, ACUSE_ERROR_TOKEN_ABSENT, "two tokens", 0);
	run_script("cd \"$1/tokens\"; rm -r $(ls | grep -vxFf ../before)\n");
	assert_unlock("oficina", FIXTURE_PIN, FALSE, FIXTURE_SIGNED, "", 1);
}

static void test_no_credential_for_a_person(void **state)
{
	(void)state;
	restart("personal_tokens=on\n");
	/* Its PIN lies in a credential, as an office's may. */
	push("mesa " FIXTURE_DESK " active personal", NULL);
	assert_int_equal(fixture_sign_for(fixture, FIXTURE_DESK), ACUSE_ERROR_TOKEN_LOCKED);
	assert_unlock("mesa", FIXTURE_PIN, FALSE, FIXTURE_SIGNED, "", 1);
	assert_int_equal(fixture_sign_for(fixture, FIXTURE_DESK), FIXTURE_SIGNED);
}

static void test_number_of_mails(void **state)
{
	(void)state;
	restart("personal_tokens=on\npersonal_unlock_mails=3\n");
	push(PERSON, "mesa " FIXTURE_DESK " active");
	fixture_await(fixture, "mesa", "unlocked", "true");
	for (int round = 0; round < 2; round++) {
		assert_unlock("oficina", FIXTURE_PIN, FALSE, FIXTURE_SIGNED, "", 1);
		for (int i = 0; i < 3; i++)
			assert_int_equal(fixture_sign_for(fixture, FIXTURE_OFFICE), FIXTURE_SIGNED);
		assert_int_equal(
			fixture_sign_for(fixture, FIXTURE_OFFICE), ACUSE_ERROR_TOKEN_LOCKED);
	}
	/* An office's token has no such limit. */
	for (int i = 0; i < 4; i++)
		assert_int_equal(fixture_sign_for(fixture, FIXTURE_DESK), FIXTURE_SIGNED);
}

static void test_time(void **state)
{
	(void)state;
	restart("personal_tokens=on\npersonal_unlock_s=2\n");
	push(PERSON, NULL);
	assert_unlock("oficina", FIXTURE_PIN, FALSE, FIXTURE_SIGNED, "", 1);
	assert_int_equal(fixture_sign_for(fixture, FIXTURE_OFFICE), FIXTURE_SIGNED);
	fixture_await(fixture, "oficina", "unlocked", "false");
	assert_int_equal(fixture_sign_for(fixture, FIXTURE_OFFICE), ACUSE_ERROR_TOKEN_LOCKED);
}

/* An office's token that becomes a person's has to be unlocked as one. */
static void test_office_becomes_person(void **state)
{
	(void)state;
	restart("personal_tokens=on\n");
	push("oficina " FIXTURE_OFFICE " active", NULL);
	assert_unlock("oficina", FIXTURE_PIN, FALSE, FIXTURE_SIGNED, "", 1);
	push(PERSON, NULL);
	assert_int_equal(fixture_sign_for(fixture, FIXTURE_OFFICE), ACUSE_ERROR_TOKEN_LOCKED);
}

static void test_low_counts_are_not_tried(void **state)
{
	g_autofree char *wrong = g_build_filename(fixture->folder, "shim/control.wrong-pins", NULL);

	(void)state;
	restart("");
	fixture_fault(fixture, "lock-after 3\n");
	push("oficina " FIXTURE_OFFICE " active", NULL);
	/* One attempt for each PIN that is typed. */
	assert_unlock("oficina", "111111", FALSE, ACUSE_ERROR_PIN_WRONG, "", 1);
	assert_unlock("oficina", FIXTURE_PIN, FALSE, ACUSE_ERROR_PIN_LOW, "tried before", 0);
	assert_unlock("oficina", "111111", TRUE, ACUSE_ERROR_PIN_WRONG, "", 1);
	assert_unlock("oficina", FIXTURE_PIN, FALSE, ACUSE_ERROR_PIN_LOW, "one more", 0);
	assert_unlock("oficina", FIXTURE_PIN, TRUE, FIXTURE_SIGNED, "", 1);
	assert_int_equal(fixture_sign_for(fixture, FIXTURE_OFFICE), FIXTURE_SIGNED);
	assert_int_equal(fixture_stop(fixture), 0);
	assert_true(g_file_set_contents(wrong, "xxx", -1, NULL));
	fixture_start(fixture);
	assert_unlock("oficina", FIXTURE_PIN, TRUE, ACUSE_ERROR_PIN_LOW, "locked", 0);
	unlink(wrong);
	fixture_fault(fixture, "");
}

/* Begins a signature that takes a minute; the connection. */
static int begin_slow_signature(void)
{
	g_autofree char *entity = fixture_entity(FIXTURE_OFFICE);
	g_autofree char *permit = fixture_permit(fixture, FIXTURE_OFFICE, entity);
	g_autoptr(GBytes) content = g_bytes_new_static(entity, strlen(entity));
	guint before = fixture_calls(fixture, "C_Sign");
	int memfd = signer_memfd_new(content, NULL);
	int fd = ustream_connect(fixture->sign_socket, SOCK_SEQPACKET, 20000, NULL);
	GVariantDict dict;

	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "permit", "s", permit);
	assert_true(signer_packet_send(fd, "sign", g_variant_dict_end(&dict), memfd, NULL));
	close(memfd);
	for (int i = 0; i < 400 && fixture_calls(fixture, "C_Sign") == before; i++)
		g_usleep(5000);
	assert_int_equal(fixture_calls(fixture, "C_Sign"), before + 1);
	return fd;
}

static gboolean any_runs(char **pids)
{
	for (char **pid = pids; *pid != NULL; pid++)
		if (kill((pid_t)g_ascii_strtoll(*pid, NULL, 10), 0) == 0)
			return TRUE;
	return FALSE;
}

static void test_taken_away_at_once(void **state)
{
	static const char *const states[] = {"lost", "ceased", "suspended", "returned", "revoked"};

	(void)state;
	restart("sign_timeout_ms=20000\n");
	for (size_t i = 0; i < G_N_ELEMENTS(states); i++) {
		g_autofree char *entry =
			g_strdup_printf("oficina %s %s", FIXTURE_OFFICE, states[i]);
		g_autoptr(GError) error = NULL;
		gint64 begun;
		int fd;

		push("oficina " FIXTURE_OFFICE " active", NULL);
		assert_unlock("oficina", FIXTURE_PIN, FALSE, FIXTURE_SIGNED, "", 1);
		fixture_fault(fixture, "only oficina\ndelay C_Sign 60000\n");
		fd = begin_slow_signature();
		begun = g_get_monotonic_time();
		push(entry, NULL);
		assert_null(signer_packet_receive(fd, NULL, NULL, &error));
		assert_true(g_get_monotonic_time() - begun < G_USEC_PER_SEC);
		assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_TOKEN_LOCKED));
		close(fd);
		fixture_fault(fixture, "");
		assert_int_equal(fixture_sign_for(fixture, FIXTURE_OFFICE), ACUSE_ERROR_NO_BINDING);
		push("oficina " FIXTURE_OFFICE " active", NULL);
		assert_int_equal(
			fixture_sign_for(fixture, FIXTURE_OFFICE), ACUSE_ERROR_TOKEN_LOCKED);
	}
}

/* How often the bytes are in the process' own memory; as root, who may look. */
static guint count_in_memory(GPid pid, const char *bytes)
{
	g_autofree char *maps_path = g_strdup_printf("/proc/%d/maps", (int)pid);
	g_autofree char *mem_path = g_strdup_printf("/proc/%d/mem", (int)pid);
	g_autofree char *maps = NULL;
	g_auto(GStrv) lines = NULL;
	int fd = open(mem_path, O_RDONLY | O_CLOEXEC);
	guint found = 0;

	assert_true(fd >= 0 && g_file_get_contents(maps_path, &maps, NULL, NULL));
	lines = g_strsplit(maps, "\n", -1);
	for (char **line = lines; *line != NULL; line++) {
		unsigned long from, to, inode;
		char rights[8];

		if (sscanf(*line, "%lx-%lx %7s %*s %*s %lu", &from, &to, rights, &inode) == 4 &&
			rights[1] == 'w' && to - from <= MAX_REGION) {
			g_autofree char *copy = g_malloc(to - from);
			ssize_t size = pread(fd, copy, to - from, (off_t)from);

			for (char *at = copy; size > 0; at++, found++) {
				at = memmem(at, (size_t)(copy + size - at), bytes, strlen(bytes));
				if (at == NULL)
					break;
			}
		}
	}
	close(fd);
	return found;
}

/* It went through the signer to the worker, typed or from a credential, right or wrong. */
static void test_the_signer_keeps_no_pin(void **state)
{
	(void)state;
	if (getuid() != 0)
		skip();
	push("oficina " FIXTURE_OFFICE " active", NULL);
	assert_unlock("oficina", WRONG_PIN, FALSE, ACUSE_ERROR_PIN_WRONG, "", 1);
	assert_unlock("oficina", FIXTURE_PIN, TRUE, FIXTURE_SIGNED, "", 1);
	assert_int_equal(count_in_memory(fixture->daemon, FIXTURE_PIN), 0);
	assert_int_equal(count_in_memory(fixture->daemon, WRONG_PIN), 0);
	/* And it would be seen: what else it was told is there. */
	assert_true(count_in_memory(fixture->daemon, FIXTURE_OFFICE) > 0);
}

static void test_stop_leaves_nothing_unlocked(void **state)
{
	g_auto(GStrv) workers = NULL;

	(void)state;
	restart("");
	push("oficina " FIXTURE_OFFICE " active", NULL);
	assert_unlock("oficina", FIXTURE_PIN, FALSE, FIXTURE_SIGNED, "", 1);
	workers = fixture_workers(fixture);
	assert_true(g_strv_length(workers) >= 1);
	assert_true(any_runs(workers));
	assert_int_equal(fixture_stop(fixture), 0);
	assert_false(any_runs(workers));
	fixture_start(fixture);
	assert_int_equal(fixture_sign_for(fixture, FIXTURE_OFFICE), ACUSE_ERROR_TOKEN_LOCKED);
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
		cmocka_unit_test(test_personal_tokens_are_off),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_two_of_one_label),
		cmocka_unit_test(test_no_credential_for_a_person),
		cmocka_unit_test(test_number_of_mails),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_office_becomes_person),
		cmocka_unit_test(test_low_counts_are_not_tried),
		cmocka_unit_test(test_taken_away_at_once),
		cmocka_unit_test(test_the_signer_keeps_no_pin),
		cmocka_unit_test(test_stop_leaves_nothing_unlocked),
	};
	return cmocka_run_group_tests(tests, set_up, fixture_tear_down);
}
