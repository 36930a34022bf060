/*
 * What a process with a PKCS#11 module may do under each profile (signer/confine.h): a child takes
 * on the profile and makes one call, which must be let through or be refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "signer/confine.h"

#define N_PROFILES 3

static char folder[] = "/tmp/acuse-confine-XXXXXX";

static int try_socket(int family)
{
	return socket(family, family == AF_NETLINK ? SOCK_RAW : SOCK_STREAM, 0);
}

static int try_inet(void)
{
	return try_socket(AF_INET);
}

static int try_inet6(void)
{
	return try_socket(AF_INET6);
}

static int try_netlink(void)
{
	return try_socket(AF_NETLINK);
}

static int try_unix(void)
{
	return try_socket(AF_UNIX);
}

static int try_exec(void)
{
	char *const none[] = {NULL};

	return execve("/bin/true", none, none);
}

static int try_ptrace(void)
{
	return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static int try_read(void)
{
	return open("/etc/passwd", O_RDONLY | O_CLOEXEC);
}

static int try_write(void)
{
	return open("kept", O_WRONLY);
}

static int try_write_both(void)
{
	return open("kept", O_RDWR | O_APPEND);
}

static int try_truncate(void)
{
	return open("kept", O_RDONLY | O_TRUNC);
}

static int try_create(void)
{
	return open("made", O_RDONLY | O_CREAT, 0600);
}

static int try_openat2(void)
{
	const guint64 how[3] = {O_RDWR, 0, 0};

	return (int)syscall(SYS_openat2, AT_FDCWD, "kept", how, sizeof how);
}

static int try_remove(void)
{
	return unlink("kept");
}

static int try_move(void)
{
	return rename("kept", "moved");
}

static int try_mode(void)
{
	return chmod("kept", 0777);
}

static int try_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid > 0 ? 0 : -1;
}

static int try_clone3(void)
{
	struct clone_args how = {.exit_signal = SIGCHLD};
	long pid = syscall(SYS_clone3, &how, sizeof how);

	if (pid == 0)
		_exit(0);
	return pid > 0 ? 0 : -1;
}

static void *no_work(void *data)
{
	return data;
}

static int try_thread(void)
{
	pthread_t thread;
	int code = pthread_create(&thread, NULL, no_work, NULL);

	errno = code;
	return code == 0 ? pthread_join(thread, NULL) : -1;
}

static int try_signal_parent(void)
{
	return kill(getppid(), SIGCONT);
}

static int try_signal_all(void)
{
	return kill(-1, 0);
}

static int try_signal_thread_of_parent(void)
{
	return (int)syscall(SYS_tgkill, getppid(), getppid(), SIGCONT);
}

static int try_signal_itself(void)
{
	return kill(getpid(), SIGCONT);
}

static const struct {
	const char *name;
	int (*call)(void);
	gboolean may[N_PROFILES]; /* pcscd, files, minimal */
} cases[] = {
	{"inet", try_inet, {FALSE, FALSE, FALSE}}, {"inet6", try_inet6, {FALSE, FALSE, FALSE}},
	{"netlink", try_netlink, {FALSE, FALSE, FALSE}}, {"exec", try_exec, {FALSE, FALSE, FALSE}},
	{"ptrace", try_ptrace, {FALSE, FALSE, FALSE}}, {"unix", try_unix, {FALSE, FALSE, TRUE}},
	{"read", try_read, {TRUE, TRUE, TRUE}}, {"write", try_write, {FALSE, FALSE, TRUE}},
	{"write, at the end", try_write_both, {FALSE, FALSE, TRUE}},
	{"truncate", try_truncate, {FALSE, FALSE, TRUE}},
	{"create", try_create, {FALSE, FALSE, TRUE}},
	{"openat2", try_openat2, {FALSE, FALSE, TRUE}}, {"mode", try_mode, {FALSE, FALSE, TRUE}},
	{"fork", try_fork, {FALSE, FALSE, FALSE}}, {"clone3", try_clone3, {FALSE, FALSE, FALSE}},
	{"thread", try_thread, {TRUE, TRUE, TRUE}},
	{"signal", try_signal_parent, {FALSE, FALSE, TRUE}},
	{"signal to all", try_signal_all, {FALSE, FALSE, TRUE}},
	{"signal to a thread", try_signal_thread_of_parent, {FALSE, FALSE, TRUE}},
	{"signal to itself", try_signal_itself, {TRUE, TRUE, TRUE}},
	{"move", try_move, {FALSE, FALSE, TRUE}},
	{"remove", try_remove, {FALSE, FALSE, FALSE}}, /* it is moved by then */
};

enum { LET, REFUSED, NOT_CONFINED };

/* In a process of its own. */
static int outcome(ConfineProfile profile, gboolean session, int (*call)(void))
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		if (chdir(folder) != 0 || !confine_module(profile, NULL) ||
			(session && (!confine_alone(NULL) || !confine_session(profile, NULL))))
			_exit(NOT_CONFINED);
		_exit(call() >= 0 ? LET : REFUSED);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_session(void **state)
{
	(void)state;
	for (int profile = 0; profile < N_PROFILES; profile++)
		for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
			if (outcome((ConfineProfile)profile, TRUE, cases[i].call) !=
				(cases[i].may[profile] ? LET : REFUSED))
				fail_msg("profile %d: %s", profile, cases[i].name);
}

/* Until the token is open, only what no module needs is refused. */
static void test_module(void **state)
{
	(void)state;
	for (int profile = 0; profile < N_PROFILES; profile++) {
		ConfineProfile one = (ConfineProfile)profile;

		assert_int_equal(outcome(one, FALSE, try_inet), REFUSED);
		assert_int_equal(outcome(one, FALSE, try_netlink), REFUSED);
		assert_int_equal(outcome(one, FALSE, try_exec), REFUSED);
		assert_int_equal(
			outcome(one, FALSE, try_unix), one == CONFINE_FILES ? REFUSED : LET);
		assert_int_equal(outcome(one, FALSE, try_create), LET);
		assert_int_equal(outcome(one, FALSE, try_fork), LET);
	}
}

static void *create_when_told(void *data)
{
	const int *pipes = data;
	char word;

	if (read(pipes[0], &word, 1) != 1)
		_exit(NOT_CONFINED);
	_exit(try_create() >= 0 ? LET : REFUSED);
}

/* That a module started before the PIN was taken. */
static void test_thread_from_before(void **state)
{
	pid_t pid = fork();
	int status = -1;

	(void)state;
	if (pid == 0) {
		pthread_t thread;
		int pipes[2];

		if (chdir(folder) != 0 || pipe(pipes) != 0 ||
			!confine_module(CONFINE_PCSCD, NULL) || !confine_alone(NULL) ||
			pthread_create(&thread, NULL, create_when_told, pipes) != 0 ||
			!confine_session(CONFINE_PCSCD, NULL) || write(pipes[1], "x", 1) != 1)
			_exit(NOT_CONFINED);
		pthread_join(thread, NULL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), REFUSED);
}

static void test_names(void **state)
{
	(void)state;
	assert_int_equal(confine_profile("pcscd"), CONFINE_PCSCD);
	assert_int_equal(confine_profile("files"), CONFINE_FILES);
	assert_int_equal(confine_profile("minimal"), CONFINE_MINIMAL);
}

static int set_up(void **state)
{
	g_autofree char *kept = NULL;

	(void)state;
	if (mkdtemp(folder) == NULL)
		return 1;
	kept = g_build_filename(folder, "kept", NULL);
	return g_file_set_contents(kept, "x", 1, NULL) ? 0 : 1;
}

static int tear_down(void **state)
{
	static const char *const names[] = {"kept", "made", "moved"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_build_filename(folder, names[i], NULL);

		unlink(path);
	}
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_session),
		cmocka_unit_test(test_module),
		cmocka_unit_test(test_thread_from_before),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
