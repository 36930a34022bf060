/*
 * Files that a process gives up (signer/hidden.h): a child does so and then makes one call, which
 * must be let through or be refused. The folder has own/ and key, which are hidden, and free/,
 * away/ and open, which are not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "signer/hidden.h"
#include "temporary.h"

static char *folder;

static int opened(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
	return fd >= 0 ? 0 : -1;
}

static int try_read(const char *path)
{
	return opened(path, O_RDONLY);
}

static int try_write(const char *path)
{
	return opened(path, O_WRONLY);
}

static int try_create(const char *path)
{
	return opened(path, O_WRONLY | O_CREAT | O_EXCL);
}

static int try_list(const char *path)
{
	return opened(path, O_RDONLY | O_DIRECTORY);
}

static int try_move(const char *path)
{
	return rename(path, "free/moved");
}

static int try_move_beside(const char *path)
{
	g_autofree char *to = g_strconcat(path, "-moved", NULL);

	return rename(path, to);
}

static int try_second_name(const char *path)
{
	return link(path, "free/second") == 0 ? try_read("free/second") : -1;
}

static int try_through_link(const char *path)
{
	return symlink(path, "free/link") == 0 ? try_read("free/link") : -1;
}

static int try_through_process(const char *path)
{
	g_autofree char *absolute = g_strconcat("/proc/self/cwd/", path, NULL);

	return try_read(absolute);
}

static int try_cut(const char *path)
{
	return truncate(path, 0);
}

static const struct {
	const char *name;
	int (*call)(const char *path);
	const char *path;
	gboolean may;
} cases[] = {
	{"a hidden file", try_read, "key", FALSE},
	{"writing it", try_write, "key", FALSE},
	{"beneath a hidden folder", try_read, "own/one", FALSE},
	{"deeper", try_read, "own/deep/two", FALSE},
	{"a new file there", try_create, "own/new", FALSE},
	{"its list", try_list, "own", FALSE},
	{"removing", unlink, "own/one", FALSE},
	{"removing a hidden file", unlink, "key", FALSE},
	{"moving it away", try_move, "own/one", FALSE},
	{"another name", try_move_beside, "key", FALSE},
	{"another name of its folder", try_move_beside, "own", FALSE},
	{"a second name", try_second_name, "key", FALSE},
	{"through a link", try_through_link, "../key", FALSE},
	{"through a link that was there", try_read, "shortcut", FALSE},
	{"through a link to its folder", try_read, "away/own/one", FALSE},
	{"through its own process", try_through_process, "key", FALSE},
	{"a folder above, where nothing new comes", try_create, "new", FALSE},
	{"cutting it", try_cut, "key", FALSE},
	{"a free file", try_read, "open", TRUE},
	{"writing a free one", try_write, "open", TRUE},
	{"a file of a free folder", try_read, "free/three", TRUE},
	{"a new file of a free folder", try_create, "free/new", TRUE},
	{"moving between free folders", try_move, "away/four", TRUE},
	{"elsewhere", try_read, "/etc/passwd", TRUE},
};

enum { LET, REFUSED, NOT_HIDDEN };

static int outcome(int (*call)(const char *path), const char *path)
{
	g_autofree char *own = g_build_filename(folder, "own", NULL);
	g_autofree char *key = g_build_filename(folder, "away/../key", NULL);
	g_autofree char *absent = g_build_filename(folder, "absent", NULL);
	const char *const paths[] = {own, "", absent, key, NULL};
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		if (chdir(folder) != 0 || !hidden_make(paths, NULL))
			_exit(NOT_HIDDEN);
		_exit(call(path) == 0 ? LET : REFUSED);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_cases(void **state)
{
	(void)state;
	if (!hidden_is_possible())
		skip();
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		if (outcome(cases[i].call, cases[i].path) != (cases[i].may ? LET : REFUSED))
			fail_msg("%s", cases[i].name);
}

static void put(const char *name)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	g_autofree char *above = g_path_get_dirname(path);

	assert_int_equal(g_mkdir_with_parents(above, 0700), 0);
	assert_true(g_file_set_contents(path, "x", 1, NULL));
}

static int set_up(void **state)
{
	static const char *const names[] = {
		"key", "own/one", "own/deep/two", "free/three", "away/four", "open"};
	g_autofree char *shortcut = NULL;
	g_autofree char *to_own = NULL;

	(void)state;
	folder = temporary_folder();
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		put(names[i]);
	shortcut = g_build_filename(folder, "shortcut", NULL);
	to_own = g_build_filename(folder, "away/own", NULL);
	return symlink("key", shortcut) == 0 && symlink("../own", to_own) == 0 ? 0 : 1;
}

static int tear_down(void **state)
{
	(void)state;
	temporary_remove(folder);
	g_free(folder);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
