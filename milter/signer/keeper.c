/* keeper.h. One thread. The keeper has nothing to do but to wait: whoever kills it ends its session
 * too. */
#include "signer/keeper.h"
#include "base/error.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_FOR_GOOD, EXIT_MAY_OPEN_ANEW };

KeeperMemory *keeper_memory_new(GError **error)
{
	/* Shared, so that a fork has no copy of the PIN that nobody wipes. */
	KeeperMemory *memory = mmap(
		NULL, sizeof *memory, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory != MAP_FAILED && mlock(memory, sizeof *memory) == 0)
		return memory;
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "locked memory: %s",
		g_strerror(errno));
	if (memory != MAP_FAILED)
		munmap(memory, sizeof *memory);
	return NULL;
}

void keeper_memory_free(KeeperMemory *memory)
{
	explicit_bzero(memory, sizeof *memory);
	munmap(memory, sizeof *memory);
}

void keeper_memory_leave(KeeperMemory *memory)
{
	munmap(memory, sizeof *memory);
}

static int wait_for(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return EXIT_FOR_GOOD;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FOR_GOOD;
}

void keeper_run(KeeperMemory *memory, KeeperSession session, gpointer data)
{
	pid_t keeper = getpid();
	int ending;

	do {
		pid_t pid = fork();

		if (pid == 0) {
			if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != keeper)
				_exit(EXIT_FOR_GOOD);
			_exit(session(memory, data) ? EXIT_MAY_OPEN_ANEW : EXIT_FOR_GOOD);
		}
		ending = pid > 0 ? wait_for(pid) : EXIT_FOR_GOOD;
	} while (ending == EXIT_MAY_OPEN_ANEW);
}
