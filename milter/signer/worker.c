/*
 * worker.h. The child closes whatever it inherited, gives up core files, ptrace, programs and the
 * network before it loads the module, reads the PIN once, and then answers until the parent closes.
 * It ends at the first failure of the token, since libp11 cannot recover (FACTS 20); and with
 * _exit, since modules crash when unloaded.
 */
#include "signer/worker.h"
#include "base/error.h"
#include "signer/protocol.h"
#include "signer/slot.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIN_PAGE 4096

/* The only descriptors of a worker besides the standard ones. */
enum { FD_PARENT = 3, FD_START_LOCK = 4, FD_REST = 5 };

static gboolean answer_error(int fd, const GError *error)
{
	GVariantDict dict;

	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "detail", "s", error->message);
	return signer_packet_send(
		fd, acuse_error_row_of(error)->name, g_variant_dict_end(&dict), -1, NULL);
}

/* No network and no programs for the module; files and the Unix socket of pcscd stay open to it
 * (FACTS 30). */
static gboolean deny_network(GError **error)
{
	static const int families[] = {AF_INET, AF_INET6, AF_PACKET, AF_VSOCK};
	static const int calls[] = {SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(ptrace),
		SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(io_uring_setup)};
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int result = filter != NULL ? 0 : -ENOMEM;

	for (guint i = 0; i < G_N_ELEMENTS(families) && result == 0; i++)
		result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(socket), 1,
			SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i]));
	for (guint i = 0; i < G_N_ELEMENTS(calls) && result == 0; i++)
		result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), calls[i], 0);
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	if (result != 0)
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "seccomp: %s",
			g_strerror(-result));
	return result == 0;
}

static gboolean harden(GError **error)
{
	const struct rlimit none = {0, 0};
	struct rlimit locked;

	if (prctl(PR_SET_DUMPABLE, 0) != 0 || setrlimit(RLIMIT_CORE, &none) != 0) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "harden: %s",
			g_strerror(errno));
		return FALSE;
	}
	/* libp11 keeps a copy of the PIN: all is locked where the limit cannot make later
	 * allocations fail. */
	if (getrlimit(RLIMIT_MEMLOCK, &locked) == 0 && locked.rlim_cur == RLIM_INFINITY)
		(void)mlockall(MCL_CURRENT | MCL_FUTURE);
	return deny_network(error);
}

static void drop_inherited(int parent_fd, int start_lock_fd)
{
	int parent_copy = fcntl(parent_fd, F_DUPFD_CLOEXEC, FD_REST);
	int lock_copy = fcntl(start_lock_fd, F_DUPFD_CLOEXEC, FD_REST);
	sigset_t none;

	sigemptyset(&none);
	signal(SIGTERM, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	/* Ctrl-C in a terminal is for the parent; it ends its workers by closing their sockets. */
	signal(SIGINT, SIG_IGN);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(parent_copy, FD_PARENT) < 0 || dup2(lock_copy, FD_START_LOCK) < 0 ||
		close_range(FD_REST, ~0U, 0) != 0)
		_exit(1);
}

/*
 * Workers that load the module or log in at the same time disturb each other (SoftHSM: "list the
 * slots: General Error"). A POSIX record lock belongs to the process, so that it also ends with it.
 */
static void set_start_lock(short type)
{
	struct flock lock = {.l_type = type, .l_whence = SEEK_SET};

	while (fcntl(FD_START_LOCK, F_SETLKW, &lock) != 0 && errno == EINTR)
		;
}

/* Without this word the parent knows that the PIN was not spent, however the worker ends. */
static void announce_login(gpointer data)
{
	if (!signer_packet_send(GPOINTER_TO_INT(data), "trying", NULL, -1, NULL))
		_exit(0);
}

static Slot *open_slot(int fd, const char *module, const char *label, const char *serial,
	gboolean typed, GError **error)
{
	char *pin =
		mmap(NULL, PIN_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	Slot *slot = NULL;
	ssize_t size;

	if (pin == MAP_FAILED || mlock(pin, PIN_PAGE) != 0) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "locked memory: %s",
			g_strerror(errno));
		return NULL;
	}
	size = recv(fd, pin, WORKER_MAX_PIN, 0);
	if (size <= 0)
		_exit(0);
	pin[size] = '\0';
	set_start_lock(F_WRLCK);
	slot = slot_open(
		module, label, serial, pin, typed, announce_login, GINT_TO_POINTER(fd), error);
	set_start_lock(F_UNLCK);
	explicit_bzero(pin, PIN_PAGE);
	munmap(pin, PIN_PAGE);
	return slot;
}

/* FALSE: the token failed, the process is of no more use. */
static gboolean serve(int fd, const Slot *slot, GVariant *parameters, int content_fd)
{
	g_autoptr(GBytes) content = NULL;
	g_autoptr(GBytes) cms = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *certificate_sha256 = NULL;
	const char *mailbox = NULL;
	GVariantDict dict;

	g_variant_lookup(parameters, "mailbox", "&s", &mailbox);
	content = signer_memfd_read(content_fd, &error);
	if (content != NULL)
		cms = slot_sign(slot, mailbox, content, &certificate_sha256, &error);
	if (cms == NULL)
		return answer_error(fd, error) &&
		       !g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_TOKEN_TROUBLE) &&
		       !g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_TOKEN_ABSENT);
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert_value(
		&dict, "cms", g_variant_new_from_bytes(G_VARIANT_TYPE_BYTESTRING, cms, TRUE));
	g_variant_dict_insert(&dict, "certificate_sha256", "s", certificate_sha256);
	return signer_packet_send(fd, "ok", g_variant_dict_end(&dict), -1, NULL);
}

static void run(int fd, const char *module, const char *label, const char *serial, gboolean typed)
{
	g_autoptr(GError) error = NULL;
	Slot *slot = NULL;
	gboolean alive;

	if (harden(&error))
		slot = open_slot(fd, module, label, serial, typed, &error);
	if (slot == NULL) {
		answer_error(fd, error);
		return;
	}
	alive = signer_packet_send(fd, "ok", slot_describe(slot), -1, NULL);
	while (alive) {
		int content_fd = -1;
		g_autoptr(GVariant) parameters = signer_packet_receive(fd, NULL, &content_fd, NULL);

		alive = parameters != NULL && serve(fd, slot, parameters, content_fd);
		if (content_fd >= 0)
			close(content_fd);
	}
}

pid_t worker_spawn(const char *module, const char *label, const char *serial, gboolean typed,
	int *fd, GError **error)
{
	static int start_lock_fd = -1; /* one for all workers of this process */
	int pair[2] = {-1, -1};
	pid_t pid = -1, parent = getpid();

	if (start_lock_fd < 0)
		start_lock_fd = memfd_create("acuse-start-lock", MFD_CLOEXEC);
	if (start_lock_fd >= 0 &&
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0 &&
		fcntl(pair[0], F_SETFL, O_NONBLOCK) == 0)
		pid = fork();
	if (pid == 0) {
		/* A parent that dies takes its workers along; it may have died before this call. */
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
			_exit(1);
		drop_inherited(pair[1], start_lock_fd);
		run(FD_PARENT, module, label, serial, typed);
		_exit(0);
	}
	if (pid < 0)
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "start a worker: %s",
			g_strerror(errno));
	if (pair[1] >= 0)
		close(pair[1]);
	if (pid < 0 && pair[0] >= 0)
		close(pair[0]);
	else
		*fd = pair[0];
	return pid;
}

gboolean worker_send_pin(int fd, const void *pin, gsize size, GError **error)
{
	if (size > 0 && size <= WORKER_MAX_PIN &&
		send(fd, pin, size, MSG_NOSIGNAL) == (ssize_t)size)
		return TRUE;
	g_set_error_literal(
		error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "the worker did not take the PIN");
	return FALSE;
}
