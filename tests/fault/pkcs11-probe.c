/* pkcs11-probe.h. Ends nothing and keeps nothing open that a test would mind. One thread. */
#include "pkcs11-probe.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_REGION (1UL << 30) /* of memory; a larger one is a sanitizer's */

static void read_sought(const char *hex, Probe *probe)
{
	unsigned value;

	while (probe->n_sought < PROBE_MAX_SOUGHT && sscanf(hex, "%2x", &value) == 1) {
		probe->sought[probe->n_sought++] = (unsigned char)value;
		hex += 2;
	}
}

int probe_read_line(const char *word, const char *line, Probe *probe)
{
	char text[PROBE_MAX_LINE] = "";

	if (sscanf(line, "%*s %255s", text) != 1)
		return 0;
	if (strcmp(word, "try") == 0 && probe->n_tries < PROBE_MAX_TRIES)
		strcpy(probe->tries[probe->n_tries++], text);
	else if (strcmp(word, "seek") == 0)
		read_sought(text, probe);
	else
		return 0;
	return 1;
}

static long count_in(const unsigned char *from, const unsigned char *to, const Probe *probe)
{
	long found = 0;

	for (; from + probe->n_sought <= to; from++) {
		size_t same = 0;

		while (same < probe->n_sought && (from[same] ^ probe->sought[same]) == 0xff)
			same++;
		found += same == probe->n_sought;
	}
	return found;
}

/* In all memory of the process that no file is behind. */
static long count_sought(const Probe *probe)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[4096], rights[8], name[32];
	unsigned long from, to, inode;
	long found = 0;

	while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
		*name = '\0';
		if (sscanf(line, "%lx-%lx %7s %*s %*s %lu %31s", &from, &to, rights, &inode,
			    name) >= 4 &&
			rights[0] == 'r' && inode == 0 && strncmp(name, "[v", 2) != 0 &&
			to - from <= MAX_REGION)
			found += count_in(
				(const unsigned char *)from, (const unsigned char *)to, probe);
	}
	if (maps == NULL)
		return -1;
	fclose(maps);
	return found;
}

static void try_files(const Probe *probe, ProbeTell tell)
{
	for (int i = 0; i < probe->n_tries; i++) {
		int fd = open(probe->tries[i], O_RDONLY | O_CLOEXEC);

		tell(probe->tries[i], fd >= 0 ? 0 : -1);
		if (fd >= 0)
			close(fd);
	}
}

/* What a module that was taken over would try. */
void probe_run(const Probe *probe, ProbeTell tell)
{
	char *const none[] = {NULL};
	struct rlimit core = {0};
	int fd;

	tell("inet", socket(AF_INET, SOCK_STREAM, 0));
	tell("inet6", socket(AF_INET6, SOCK_DGRAM, 0));
	tell("packet", socket(AF_PACKET, SOCK_RAW, 0));
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	tell("unix", fd >= 0 ? 0 : -1);
	close(fd);
	tell("exec", execve("/bin/true", none, none));
	tell("ptrace", ptrace(PTRACE_TRACEME, 0, NULL, NULL));
	tell("dumpable", prctl(PR_GET_DUMPABLE));
	getrlimit(RLIMIT_CORE, &core);
	tell("core", (long)core.rlim_max);
	try_files(probe, tell);
	if (probe->n_sought > 0)
		tell("sought", count_sought(probe));
}
