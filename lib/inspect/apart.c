/*
 * apart.h. Arguments of acuse-look: kind, depth, what is left of the budget (entries, bytes,
 * milliseconds), length of the path, blocked extensions; standard input: path, then the file's
 * bytes. Answer: "REASON PATH" and a zero byte for each finding, at last "done ENTRIES BYTES" and
 * one: without it nothing is believed. Any thread; each call has its own process.
 */
#include "inspect/apart.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

#define ANSWER_BYTES_MAX (4 * 1024 * 1024)
#define MEMORY_BYTES (((rlim_t)1024) * 1024 * 1024)
#define CPU_S_MAX 12
#define FILES_MAX 32
#define GRACE_US (2 * G_USEC_PER_SEC) /* after its own budget of time, before it is killed */

enum { PROGRAM, KIND, DEPTH, ENTRIES, BYTES, LEFT_MS, PATH_LENGTH, EXTENSIONS, N_ARGUMENTS };

static void fail(const Place *place, const char *why)
{
	if (*place->trouble == NULL)
		g_set_error(place->trouble, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE,
			"a packed attachment could not be looked into: %s", why);
}

static void limit(int resource, rlim_t value)
{
	const struct rlimit both = {value, value};

	setrlimit((__rlimit_resource_t)resource, &both);
}

/* In the child, between fork and exec. */
static void confine(gpointer unused)
{
	(void)unused;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	/* Where user namespaces are forbidden its own filter keeps it from the network. */
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
		errno = 0;
#ifndef __SANITIZE_ADDRESS__ /* whose shadow is larger than any limit */
	limit(RLIMIT_AS, MEMORY_BYTES);
#endif
	limit(RLIMIT_CPU, CPU_S_MAX);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_FSIZE, 0);
	limit(RLIMIT_NOFILE, FILES_MAX);
}

static gboolean write_all(int fd, const void *data, gsize size)
{
	const char *at = data;

	while (size > 0) {
		ssize_t done = write(fd, at, size);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return FALSE;
		at += done;
		size -= (gsize)done;
	}
	return TRUE;
}

/* A file without a name that holds path and bytes, at its beginning; -1: there is no room. */
static int make_input(const char *path, Bytes bytes)
{
	int fd = memfd_create("acuse-look", MFD_CLOEXEC);

	if (fd >= 0 && write_all(fd, path, strlen(path)) && write_all(fd, bytes.data, bytes.size) &&
		lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static gboolean start(
	const Place *place, Bytes bytes, ContentKind kind, GPid *pid, int *out, GError **error)
{
	gint64 left_ms = (place->budget->until_us - g_get_monotonic_time()) / 1000;
	g_autofree char *numbers = g_strdup_printf("%d %u %u %" G_GSIZE_FORMAT " %" G_GINT64_FORMAT
						   " %" G_GSIZE_FORMAT,
		(int)kind, place->depth, place->budget->entries, place->budget->bytes,
		MAX(left_ms, 0), strlen(place->path));
	g_auto(GStrv) words = g_strsplit(numbers, " ", -1);
	g_autofree char *extensions = g_strjoinv(",", (char **)place->options->extensions);
	char *arguments[N_ARGUMENTS + 1] = {(char *)place->options->looker, words[0], words[1],
		words[2], words[3], words[4], words[5], extensions, NULL};
	char *environment[] = {"LC_ALL=C.UTF-8", NULL};
	int in = make_input(place->path, bytes);
	gboolean started;

	if (in < 0) {
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "no room");
		return FALSE;
	}
	started = g_spawn_async_with_pipes_and_fds("/", (const char *const *)arguments,
		(const char *const *)environment,
		G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDERR_TO_DEV_NULL, confine, NULL, in, -1, -1,
		NULL, NULL, 0, pid, NULL, out, NULL, error);
	close(in);
	return started;
}

/* All that it says until its end. FALSE at the deadline, or when it is too much. */
static gboolean read_all(int fd, gint64 deadline_us, GByteArray *text)
{
	guint8 block[16384];

	while (text->len <= ANSWER_BYTES_MAX) {
		gint64 left_ms = (deadline_us - g_get_monotonic_time()) / 1000;
		struct pollfd one = {fd, POLLIN, 0};
		ssize_t got;

		if (left_ms <= 0)
			return FALSE;
		if (poll(&one, 1, (int)left_ms) <= 0)
			continue;
		got = read(fd, block, sizeof block);
		if (got == 0)
			return TRUE;
		if (got > 0)
			g_byte_array_append(text, block, (guint)got);
		else if (errno != EINTR)
			return FALSE;
	}
	return FALSE;
}

/* Whether it ended well. */
static gboolean end(GPid pid, gboolean at_once)
{
	int status = 0;

	if (at_once)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	g_spawn_close_pid(pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* "REASON PATH"; FALSE: it is none. */
static gboolean take_finding(AttachmentFacts *attachment, const char *line)
{
	char *after;
	gulong reason = strtoul(line, &after, 10);

	if (after == line || *after != ' ' || reason >= BLOCKED_N ||
		!g_utf8_validate(after + 1, -1, NULL))
		return FALSE;
	attachment_block(attachment, (BlockedReason)reason, after + 1);
	return TRUE;
}

/* Findings are taken only when the last line says that they are all; what it used of the budget
 * can only make that smaller. */
static gboolean take_answer(const Place *place, const GByteArray *answer)
{
	const char *at = (const char *)answer->data, *limit_at = at + answer->len;
	g_autoptr(GPtrArray) lines = g_ptr_array_new();
	guint entries;
	gsize bytes;

	if (answer->len == 0 || limit_at[-1] != '\0')
		return FALSE;
	for (; at < limit_at; at += strlen(at) + 1)
		g_ptr_array_add(lines, (gpointer)at);
	if (sscanf(lines->pdata[lines->len - 1], "done %u %" G_GSIZE_FORMAT, &entries, &bytes) != 2)
		return FALSE;
	for (guint i = 0; i + 1 < lines->len; i++)
		if (!take_finding(place->attachment, lines->pdata[i]))
			return FALSE;
	place->budget->entries = MIN(place->budget->entries, entries);
	place->budget->bytes = MIN(place->budget->bytes, bytes);
	return TRUE;
}

void apart_look(const Place *place, Bytes bytes, ContentKind kind)
{
	gint64 deadline_us = place->budget->until_us + GRACE_US;
	g_autoptr(GByteArray) answer = g_byte_array_new();
	g_autoptr(GError) error = NULL;
	gboolean whole, well;
	GPid pid;
	int out;

	if (*place->trouble != NULL)
		return;
	if (g_get_monotonic_time() > place->budget->until_us) {
		attachment_block(place->attachment, BLOCKED_TOO_MUCH, place->path);
		return;
	}
	if (!start(place, bytes, kind, &pid, &out, &error)) {
		fail(place, error->message);
		return;
	}
	whole = read_all(out, deadline_us, answer);
	close(out);
	well = end(pid, !whole);
	if (!whole)
		fail(place, "acuse-look took too long or said too much");
	else if (!well)
		fail(place, "acuse-look crashed or went over its limits");
	else if (!take_answer(place, answer))
		fail(place, "acuse-look's answer is not whole");
}

/* ---- the process's side ---- */

static void print_findings(const AttachmentFacts *attachment)
{
	for (guint i = 0; i < BLOCKED_N; i++)
		if (attachment->blocked[i] != NULL)
			printf("%u %s%c", i, attachment->blocked[i], 0);
}

/* Standard input in memory; NULL: it is none that can be read so. */
static const guint8 *map_input(gsize *size)
{
	struct stat status;
	void *at;

	if (fstat(STDIN_FILENO, &status) != 0 || status.st_size <= 0)
		return NULL;
	*size = (gsize)status.st_size;
	at = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, STDIN_FILENO, 0);
	return at != MAP_FAILED ? at : NULL;
}

int apart_serve(int argc, char **argv)
{
	g_autoptr(AttachmentFacts) attachment = attachment_facts_new();
	g_autoptr(GError) trouble = NULL;
	g_auto(GStrv) extensions = NULL;
	g_autofree char *path = NULL;
	InspectOptions options = {.blocked = TRUE};
	ArchiveBudget budget;
	gsize size = 0, path_length;
	const guint8 *input = map_input(&size);

	if (argc != N_ARGUMENTS || input == NULL)
		return 2;
	path_length = strtoul(argv[PATH_LENGTH], NULL, 10);
	if (path_length > size)
		return 2;
	path = g_strndup((const char *)input, path_length);
	extensions = g_strsplit(argv[EXTENSIONS], ",", -1);
	options.extensions = (const char *const *)extensions;
	budget = (ArchiveBudget){(guint)strtoul(argv[ENTRIES], NULL, 10),
		strtoul(argv[BYTES], NULL, 10),
		g_get_monotonic_time() + strtol(argv[LEFT_MS], NULL, 10) * 1000};
	place_look_here(&(const Place){&options, attachment, &budget, path,
				(guint)strtoul(argv[DEPTH], NULL, 10), &trouble},
		(Bytes){input + path_length, size - path_length, TRUE},
		(ContentKind)strtol(argv[KIND], NULL, 10));
	print_findings(attachment);
	printf("done %u %" G_GSIZE_FORMAT "%c", budget.entries, budget.bytes, 0);
	return fflush(stdout) == 0 ? 0 : 1;
}
