/*
 * confine.h over libseccomp. Denied calls fail with EACCES or EPERM and kill nothing, so that a
 * module that tries and can do without goes on; clone3 and openat2, whose arguments a filter cannot
 * see, are said not to exist, and the C library then takes clone and openat. One thread.
 */
#include "signer/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"

typedef struct {
	scmp_filter_ctx filter;
	int result; /* of the first rule that failed; 0: none */
} Rules;

static void deny(Rules *rules, int call, int answer)
{
	if (rules->result == 0)
		rules->result =
			seccomp_rule_add(rules->filter, SCMP_ACT_ERRNO((guint16)answer), call, 0);
}

static void deny_if(Rules *rules, int call, int answer, struct scmp_arg_cmp when)
{
	if (rules->result == 0)
		rules->result = seccomp_rule_add_array(
			rules->filter, SCMP_ACT_ERRNO((guint16)answer), call, 1, &when);
}

static Rules rules_new(void)
{
	Rules rules = {seccomp_init(SCMP_ACT_ALLOW), 0};

	if (rules.filter == NULL)
		rules.result = -ENOMEM;
	else
		/* Also for threads that a module started. */
		rules.result = seccomp_attr_set(rules.filter, SCMP_FLTATR_CTL_TSYNC, 1);
	return rules;
}

static gboolean rules_load(Rules *rules, GError **error)
{
	if (rules->result == 0)
		rules->result = seccomp_load(rules->filter);
	seccomp_release(rules->filter);
	if (rules->result != 0)
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "seccomp: %s",
			g_strerror(-rules->result));
	return rules->result == 0;
}

ConfineProfile confine_profile(const char *name)
{
	if (strcmp(name, "pcscd") == 0)
		return CONFINE_PCSCD;
	return strcmp(name, "files") == 0 ? CONFINE_FILES : CONFINE_MINIMAL;
}

gboolean confine_module(ConfineProfile profile, GError **error)
{
	static const int calls[] = {SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(ptrace),
		SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(io_uring_setup)};
	Rules rules = rules_new();

	if (profile == CONFINE_FILES)
		deny(&rules, SCMP_SYS(socket), EACCES);
	else
		deny_if(&rules, SCMP_SYS(socket), EACCES, SCMP_A0(SCMP_CMP_NE, AF_UNIX));
	for (gsize i = 0; i < G_N_ELEMENTS(calls); i++)
		deny(&rules, calls[i], EPERM);
	return rules_load(&rules, error);
}

gboolean confine_alone(GError **error)
{
	Rules rules = rules_new();

	deny(&rules, SCMP_SYS(fork), EPERM);
	deny(&rules, SCMP_SYS(vfork), EPERM);
	deny(&rules, SCMP_SYS(clone3), ENOSYS);
	deny_if(&rules, SCMP_SYS(clone), EPERM, SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
	return rules_load(&rules, error);
}

/* Bits of open(2) that change something. */
static void deny_writing(Rules *rules, int call, guint argument)
{
	static const struct {
		guint64 mask, value;
	} flags[] = {
		{O_ACCMODE, O_WRONLY}, {O_ACCMODE, O_RDWR}, {O_CREAT, O_CREAT}, {O_TRUNC, O_TRUNC}};

	for (gsize i = 0; i < G_N_ELEMENTS(flags); i++)
		deny_if(rules, call, EACCES,
			SCMP_CMP(argument, SCMP_CMP_MASKED_EQ, flags[i].mask, flags[i].value));
}

gboolean confine_session(ConfineProfile profile, GError **error)
{
	static const int calls[] = {SCMP_SYS(socket), SCMP_SYS(creat), SCMP_SYS(unlink),
		SCMP_SYS(unlinkat), SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2),
		SCMP_SYS(link), SCMP_SYS(linkat), SCMP_SYS(symlink), SCMP_SYS(symlinkat),
		SCMP_SYS(mkdir), SCMP_SYS(mkdirat), SCMP_SYS(rmdir), SCMP_SYS(mknod),
		SCMP_SYS(mknodat), SCMP_SYS(truncate), SCMP_SYS(chmod), SCMP_SYS(fchmod),
		SCMP_SYS(fchmodat), SCMP_SYS(chown), SCMP_SYS(fchown), SCMP_SYS(fchownat),
		SCMP_SYS(lchown), SCMP_SYS(setxattr), SCMP_SYS(lsetxattr), SCMP_SYS(fsetxattr),
		SCMP_SYS(tkill), SCMP_SYS(rt_sigqueueinfo), SCMP_SYS(rt_tgsigqueueinfo),
		SCMP_SYS(pidfd_send_signal), SCMP_SYS(prlimit64), SCMP_SYS(unshare),
		SCMP_SYS(setns), SCMP_SYS(mount)};
	const scmp_datum_t own = (scmp_datum_t)getpid();
	Rules rules;

	if (profile == CONFINE_MINIMAL)
		return TRUE;
	rules = rules_new();
	for (gsize i = 0; i < G_N_ELEMENTS(calls); i++)
		deny(&rules, calls[i], EPERM);
	deny(&rules, SCMP_SYS(openat2), ENOSYS);
	deny_writing(&rules, SCMP_SYS(open), 1);
	deny_writing(&rules, SCMP_SYS(openat), 2);
	/* abort(3) signals its own process. */
	deny_if(&rules, SCMP_SYS(kill), EPERM, SCMP_A0(SCMP_CMP_NE, own));
	deny_if(&rules, SCMP_SYS(tgkill), EPERM, SCMP_A0(SCMP_CMP_NE, own));
	return rules_load(&rules, error);
}
