/*
 * Faults of the system for a program under test, by LD_PRELOAD and environment variables; the
 *program knows nothing of it.
 *
 *	ACUSE_FAULT_SYNC_DELAY_US=N	fsync and fdatasync take N microseconds more
 *	ACUSE_FAULT_SYNC_FAIL_AFTER=N	after N of them every further one fails with EIO
 *	ACUSE_FAULT_FULL_PREFIX=PATH	write and pwrite to files below PATH fail with ENOSPC
 *	ACUSE_FAULT_FREE_BYTES=N	statvfs says that N bytes are free
 *	ACUSE_FAULT_CLOCK_FILE=PATH	the file's number of seconds is added to the real-time
 *clock, read at each call ACUSE_FAULT_POINT=CALL:N:WHAT	at the N-th CALL (sync, rename,
 *connect, write, unlink) of the process: WHAT is kill-before, kill-after or stop-before (SIGSTOP)
 *	ACUSE_FAULT_UNLINK_PREFIX=PATH	of unlink only those count whose path begins so
 *	ACUSE_FAULT_SPOIL=TEXT		memmove flips a bit of the TEXT that it moves
 *	ACUSE_FAULT_WHEN=PATH		all of that only while PATH exists; calls before do not
 *count
 *
 * A value that is no number ends the process at once: a test that asks for a fault wrongly must not
 *pass. Thread-safe: counters are atomic, settings are read once.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define NO_NUMBER (-1)

typedef enum { CALL_SYNC, CALL_RENAME, CALL_CONNECT, CALL_WRITE, CALL_UNLINK, N_CALLS } Call;
typedef enum { KILL_BEFORE, KILL_AFTER, STOP_BEFORE } What;

static const char *const call_names[N_CALLS] = {"sync", "rename", "connect", "write", "unlink"};
static const char *const what_names[] = {"kill-before", "kill-after", "stop-before"};

static struct {
	long sync_delay_us, sync_fail_after, free_bytes;
	const char *full_prefix, *unlink_prefix, *clock_file, *when;
	int point_call;
	long point_number;
	What point_what;
} settings;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_long counts[N_CALLS];
static atomic_long n_syncs;

static void give_up(const char *name)
{
	fprintf(stderr, "libfault: %s has no such value\n", name);
	_exit(99);
}

static long parse_number(const char *name, const char *text)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || value < 0)
		give_up(name);
	return value;
}

static long number_of(const char *name)
{
	const char *text = getenv(name);

	return text == NULL ? NO_NUMBER : parse_number(name, text);
}

static int index_of(const char *const *names, int n_names, const char *word)
{
	for (int i = 0; i < n_names; i++)
		if (strcmp(names[i], word) == 0)
			return i;
	give_up("ACUSE_FAULT_POINT");
	return 0;
}

static void read_point(void)
{
	const char *text = getenv("ACUSE_FAULT_POINT");
	char words[64], *call, *number, *what, *rest;

	settings.point_call = N_CALLS;
	if (text == NULL)
		return;
	if (strlen(text) >= sizeof words)
		give_up("ACUSE_FAULT_POINT");
	strcpy(words, text);
	call = strtok_r(words, ":", &rest);
	number = strtok_r(NULL, ":", &rest);
	what = strtok_r(NULL, ":", &rest);
	if (call == NULL || number == NULL || what == NULL)
		give_up("ACUSE_FAULT_POINT");
	settings.point_call = index_of(call_names, N_CALLS, call);
	settings.point_number = parse_number("ACUSE_FAULT_POINT", number);
	settings.point_what = (What)index_of(what_names, 3, what);
}

static void read_settings(void)
{
	settings.sync_delay_us = number_of("ACUSE_FAULT_SYNC_DELAY_US");
	settings.sync_fail_after = number_of("ACUSE_FAULT_SYNC_FAIL_AFTER");
	settings.free_bytes = number_of("ACUSE_FAULT_FREE_BYTES");
	settings.full_prefix = getenv("ACUSE_FAULT_FULL_PREFIX");
	settings.unlink_prefix = getenv("ACUSE_FAULT_UNLINK_PREFIX");
	settings.clock_file = getenv("ACUSE_FAULT_CLOCK_FILE");
	settings.when = getenv("ACUSE_FAULT_WHEN");
	read_point();
}

static int is_on(void)
{
	int saved = errno, on;

	pthread_once(&once, read_settings);
	on = settings.when == NULL || access(settings.when, F_OK) == 0;
	errno = saved;
	return on;
}

static void *next(const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);

	if (found == NULL)
		give_up(name);
	return found;
}

/* Whether this call is the point; does what is asked before it. */
static int at_point(Call call)
{
	if (!is_on() || settings.point_call != (int)call ||
		atomic_fetch_add(&counts[call], 1) + 1 != settings.point_number)
		return 0;
	if (settings.point_what == KILL_BEFORE)
		raise(SIGKILL);
	if (settings.point_what == STOP_BEFORE)
		raise(SIGSTOP);
	return 1;
}

static void after_point(int was_point)
{
	if (was_point && settings.point_what == KILL_AFTER)
		raise(SIGKILL);
}

/* 0, or -1 with errno: the fault instead of the call. */
static int sync_fault(void)
{
	if (!is_on())
		return 0;
	if (settings.sync_delay_us > 0) {
		struct timespec pause = {
			settings.sync_delay_us / 1000000, settings.sync_delay_us % 1000000 * 1000};

		nanosleep(&pause, NULL);
	}
	if (settings.sync_fail_after == NO_NUMBER ||
		atomic_fetch_add(&n_syncs, 1) < settings.sync_fail_after)
		return 0;
	errno = EIO;
	return -1;
}

static int run_sync(const char *name, int fd)
{
	int (*real)(int) = (int (*)(int))next(name);
	int point = at_point(CALL_SYNC), result = sync_fault();

	if (result == 0)
		result = real(fd);
	after_point(point);
	return result;
}

int fsync(int fd)
{
	return run_sync("fsync", fd);
}

int fdatasync(int fd)
{
	return run_sync("fdatasync", fd);
}

static int is_below(int fd, const char *prefix)
{
	char link[64], path[PATH_MAX];
	ssize_t size;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	size = readlink(link, path, sizeof path - 1);
	return size > 0 && (size_t)size >= strlen(prefix) &&
	       strncmp(path, prefix, strlen(prefix)) == 0;
}

static int is_full(int fd)
{
	int saved = errno;
	int full = is_on() && settings.full_prefix != NULL && is_below(fd, settings.full_prefix);

	errno = full ? ENOSPC : saved;
	return full;
}

ssize_t write(int fd, const void *bytes, size_t size)
{
	ssize_t (*real)(int, const void *, size_t) =
		(ssize_t(*)(int, const void *, size_t))next("write");
	int point = at_point(CALL_WRITE);
	ssize_t result = is_full(fd) ? -1 : real(fd, bytes, size);

	after_point(point);
	return result;
}

static ssize_t run_pwrite(const char *name, int fd, const void *bytes, size_t size, off_t at)
{
	ssize_t (*real)(int, const void *, size_t, off_t) =
		(ssize_t(*)(int, const void *, size_t, off_t))next(name);
	int point = at_point(CALL_WRITE);
	ssize_t result = is_full(fd) ? -1 : real(fd, bytes, size, at);

	after_point(point);
	return result;
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at)
{
	return run_pwrite("pwrite", fd, bytes, size, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at)
{
	return run_pwrite("pwrite64", fd, bytes, size, at);
}

int rename(const char *from, const char *to)
{
	int (*real)(const char *, const char *) =
		(int (*)(const char *, const char *))next("rename");
	int point = at_point(CALL_RENAME), result = real(from, to);

	after_point(point);
	return result;
}

static int is_unlink_point(const char *path)
{
	const char *prefix;

	if (!is_on())
		return 0;
	prefix = settings.unlink_prefix;
	return (prefix == NULL || strncmp(path, prefix, strlen(prefix)) == 0) &&
	       at_point(CALL_UNLINK);
}

int unlink(const char *path)
{
	int (*real)(const char *) = (int (*)(const char *))next("unlink");
	int point = is_unlink_point(path), result = real(path);

	after_point(point);
	return result;
}

int connect(int fd, const struct sockaddr *address, socklen_t size)
{
	int (*real)(int, const struct sockaddr *, socklen_t) =
		(int (*)(int, const struct sockaddr *, socklen_t))next("connect");
	int point = at_point(CALL_CONNECT), result = real(fd, address, size);

	after_point(point);
	return result;
}

int statvfs(const char *path, struct statvfs *disk)
{
	int (*real)(const char *, struct statvfs *) =
		(int (*)(const char *, struct statvfs *))next("statvfs");
	int result = real(path, disk);

	if (result == 0 && is_on() && settings.free_bytes != NO_NUMBER)
		disk->f_bavail = disk->f_bfree = (fsblkcnt_t)settings.free_bytes / disk->f_frsize;
	return result;
}

int statvfs64(const char *path, struct statvfs64 *disk)
{
	int (*real)(const char *, struct statvfs64 *) =
		(int (*)(const char *, struct statvfs64 *))next("statvfs64");
	int result = real(path, disk);

	if (result == 0 && is_on() && settings.free_bytes != NO_NUMBER)
		disk->f_bavail = disk->f_bfree = (fsblkcnt64_t)settings.free_bytes / disk->f_frsize;
	return result;
}

/* Seconds to add; an absent or empty file is none. */
static time_t clock_offset(void)
{
	char text[32] = "";
	int saved = errno, fd;

	if (!is_on() || settings.clock_file == NULL)
		return 0;
	fd = open(settings.clock_file, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && read(fd, text, sizeof text - 1) < 0)
		text[0] = '\0';
	if (fd >= 0)
		close(fd);
	errno = saved;
	return strtol(text, NULL, 10);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	int result = (int)syscall(SYS_clock_gettime, clock, now);

	if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		now->tv_sec += clock_offset();
	return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	struct timespec time;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &time);
	now->tv_sec = time.tv_sec;
	now->tv_usec = time.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *now)
{
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time);
	if (now != NULL)
		*now = time.tv_sec;
	return time.tv_sec;
}

/* By hand: what looks the real one up may itself call it. */
void *memmove(void *to, const void *from, size_t size)
{
	unsigned char *out = to;
	const unsigned char *in = from;
	const char *text = getenv("ACUSE_FAULT_SPOIL");
	char *found;

	if (out < in)
		for (size_t i = 0; i < size; i++)
			((volatile unsigned char *)out)[i] = in[i];
	else
		for (size_t i = size; i > 0; i--)
			((volatile unsigned char *)out)[i - 1] = in[i - 1];
	if (text == NULL || size < strlen(text))
		return to;
	found = memmem(to, size, text, strlen(text));
	if (found != NULL && is_on())
		*found ^= 1;
	return to;
}
