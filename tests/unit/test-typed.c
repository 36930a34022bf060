/* What somebody types as a PIN (provision/ctl/typed.c): what is no line of text is not tried, and a
 * terminal that is left has its echo again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pty.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/error.h"
#include "provision/ctl/typed.h"

#define SIZE 16

static const struct {
	const char *name, *input;
	gsize length;
	const char *typed; /* NULL: refused */
	const char *why;
} lines[] = {
	{"digits", "246810\n", 7, "246810", NULL},
	{"without an end", "246810", 6, "246810", NULL},
	{"letters", "Contrase\303\261a 1\n", 13, "Contrase\303\261a 1", NULL},
	{"nothing", "\n", 1, NULL, "ningun"},
	{"an end at once", "", 0, NULL, "ningun"},
	{"a NUL inside", "24\00010\n", 6, NULL, "control"},
	{"a line of Windows", "246810\r\n", 8, NULL, "control"},
	{"a tabulator", "2468\t10\n", 8, NULL, "control"},
	{"of an old terminal", "contrase\361a\n", 11, NULL, "UTF-8"},
	{"as long as may be", "12345678901234\n", 15, "12345678901234", NULL},
	{"one longer", "123456789012345\n", 16, NULL, "largo"},
};

static void test_lines(void **state)
{
	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
		int saved = dup(STDIN_FILENO), ends[2];
		g_autoptr(GError) error = NULL;
		char secret[SIZE];
		gboolean taken;

		assert_int_equal(pipe(ends), 0);
		assert_int_equal(
			write(ends[1], lines[i].input, lines[i].length), (ssize_t)lines[i].length);
		close(ends[1]);
		dup2(ends[0], STDIN_FILENO);
		taken = typed_secret("PIN: ", secret, sizeof secret, &error);
		dup2(saved, STDIN_FILENO);
		close(saved);
		close(ends[0]);
		if (taken != (lines[i].typed != NULL))
			fail_msg("%s: %s", lines[i].name, taken ? "taken" : error->message);
		if (taken)
			assert_string_equal(secret, lines[i].typed);
		else if (error->code != ACUSE_ERROR_INVALID ||
			 strstr(error->message, lines[i].why) == NULL)
			fail_msg("%s: %s", lines[i].name, error->message);
	}
}

static gboolean has_echo(int terminal)
{
	struct termios modes;

	assert_int_equal(tcgetattr(terminal, &modes), 0);
	return (modes.c_lflag & ECHO) != 0;
}

static void await_silence(int terminal)
{
	for (int i = 0; i < 1200 && has_echo(terminal); i++)
		g_usleep(25000);
	assert_false(has_echo(terminal));
}

static pid_t start_typing(int terminal)
{
	pid_t pid = fork();

	if (pid == 0) {
		char secret[SIZE];

		dup2(terminal, STDIN_FILENO);
		/* Ignored where the tests run in the background of a shell. */
		signal(SIGINT, SIG_DFL);
		_exit(typed_secret("", secret, sizeof secret, NULL) && strcmp(secret, "246810") == 0
				? 0
				: 1);
	}
	assert_true(pid > 0);
	return pid;
}

static void test_terminal(void **state)
{
	int keyboard, terminal, status;
	pid_t pid;

	(void)state;
	assert_int_equal(openpty(&keyboard, &terminal, NULL, NULL, NULL), 0);
	pid = start_typing(terminal);
	await_silence(terminal);
	assert_int_equal(write(keyboard, "246810\n", 7), 7);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_true(has_echo(terminal));
	/* Somebody thinks better of it. */
	pid = start_typing(terminal);
	await_silence(terminal);
	assert_int_equal(kill(pid, SIGINT), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
	assert_true(has_echo(terminal));
	close(keyboard);
	close(terminal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_terminal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
