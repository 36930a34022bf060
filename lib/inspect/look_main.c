/*
 * acuse-look: unpacks one file that came with a mail and says what is in it (apart.h). Input: path
 * and file on standard input, limits as arguments; output: findings on standard output. It has no
 * settings, opens no connection and starts nothing; whatever it is made to do by what it reads, its
 * parent takes a lie at most, and an answer that is not whole for none.
 */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/prctl.h>

#include "inspect/apart.h"
#include "mime/facts.h"

#ifdef __SANITIZE_ADDRESS__
/* The leak checker makes a thread and traces its own process, which is forbidden here. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}
#endif

/* Character sets are loaded from files: reading stays open to it. */
static int deny(void)
{
	static const int calls[] = {SCMP_SYS(socket), SCMP_SYS(socketpair), SCMP_SYS(connect),
		SCMP_SYS(bind), SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(execve),
		SCMP_SYS(execveat), SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(clone),
		SCMP_SYS(clone3), SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv),
		SCMP_SYS(process_vm_writev), SCMP_SYS(kill), SCMP_SYS(tgkill), SCMP_SYS(tkill),
		SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(rename), SCMP_SYS(renameat),
		SCMP_SYS(renameat2), SCMP_SYS(io_uring_setup), SCMP_SYS(bpf)};
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int result = filter != NULL ? 0 : -ENOMEM;

	for (guint i = 0; i < G_N_ELEMENTS(calls) && result == 0; i++)
		result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), calls[i], 0);
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	return result;
}

int main(int argc, char **argv)
{
	int result = prctl(PR_SET_DUMPABLE, 0);

	mime_init();
	if (result == 0)
		result = deny();
	if (result != 0) {
		fprintf(stderr, "acuse-look: cannot confine itself\n");
		return 3;
	}
	return apart_serve(argc, argv);
}
