/*
 * worker.h. The child closes whatever it inherited and starts its own program anew, so that nothing
 * of the parent's memory, the key of permits least of all, is left in it. It gives up core files,
 * ptrace, programs, the network and the signer's own files, reads the PIN once and becomes its
 * keeper; a process below it loads the module, and answers until the parent closes or the token
 * fails, since libp11 cannot recover (FACTS 20). All end with _exit, since modules crash when
 * unloaded.
 */
#include "signer/worker.h"
#include "base/error.h"
#include "signer/confine.h"
#include "signer/hidden.h"
#include "signer/protocol.h"
#include "signer/slot.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* The only descriptors of a worker besides the standard ones. */
enum { FD_PARENT = 3, FD_START_LOCK = 4, FD_REST = 5 };

typedef struct {
	SlotOptions slot;
	const char *label, *serial;
	gboolean despite_low;
} Wanted;

static gboolean answer_error(int fd, const GError *error)
{
	GVariantDict dict;

	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "detail", "s", error->message);
	return signer_packet_send(
		fd, acuse_error_row_of(error)->name, g_variant_dict_end(&dict), -1, NULL);
}

static gboolean harden(const Wanted *wanted, GError **error)
{
	const struct rlimit none = {0, 0};

	if (prctl(PR_SET_DUMPABLE, 0) != 0 || setrlimit(RLIMIT_CORE, &none) != 0) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "harden: %s",
			g_strerror(errno));
		return FALSE;
	}
	return hidden_make(wanted->slot.hidden, error) &&
	       confine_module(wanted->slot.profile, error);
}

/* libp11 keeps a copy of the PIN: all is locked where the limit cannot make later allocations fail.
 */
static void lock_memory(void)
{
	struct rlimit locked;

	if (getrlimit(RLIMIT_MEMLOCK, &locked) == 0 && locked.rlim_cur == RLIM_INFINITY)
		(void)mlockall(MCL_CURRENT | MCL_FUTURE);
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

static KeeperMemory *take_pin(int fd, GError **error)
{
	KeeperMemory *memory = keeper_memory_new(error);
	ssize_t size;

	if (memory == NULL)
		return NULL;
	size = recv(fd, memory->pin, KEEPER_MAX_PIN, 0);
	if (size <= 0)
		_exit(0);
	memory->pin[size] = '\0';
	return memory;
}

/* Anew: the very token that took the PIN, and not when its PIN count is low. */
static Slot *open_slot(const Wanted *wanted, KeeperMemory *memory, GError **error)
{
	Slot *slot;

	set_start_lock(F_WRLCK);
	if (!signer_packet_send(FD_PARENT, "opening", NULL, -1, NULL))
		_exit(0);
	slot = slot_open(&wanted->slot, wanted->label,
		memory->opened ? memory->serial : wanted->serial, memory->pin,
		wanted->despite_low && !memory->opened, announce_login, GINT_TO_POINTER(FD_PARENT),
		error);
	set_start_lock(F_UNLCK);
	if (slot != NULL) {
		g_strlcpy(memory->serial, slot_serial(slot), sizeof memory->serial);
		memory->opened = TRUE;
	}
	keeper_memory_leave(memory);
	return slot;
}

typedef enum { SERVED, TOKEN_FAILED, PARENT_GONE } Served;

static Served serve(int fd, const Slot *slot, GVariant *parameters, int content_fd)
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
	if (cms == NULL) {
		if (!answer_error(fd, error))
			return PARENT_GONE;
		return worker_failed(error) ? TOKEN_FAILED : SERVED;
	}
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert_value(
		&dict, "cms", g_variant_new_from_bytes(G_VARIANT_TYPE_BYTESTRING, cms, TRUE));
	g_variant_dict_insert(&dict, "certificate_sha256", "s", certificate_sha256);
	return signer_packet_send(fd, "ok", g_variant_dict_end(&dict), -1, NULL) ? SERVED
										 : PARENT_GONE;
}

static Served serve_next(int fd, const Slot *slot)
{
	int content_fd = -1;
	g_autoptr(GVariant) parameters = signer_packet_receive(fd, NULL, &content_fd, NULL);
	Served served = parameters != NULL ? serve(fd, slot, parameters, content_fd) : PARENT_GONE;

	if (content_fd >= 0)
		close(content_fd);
	return served;
}

/* What the parent sent ahead of its word to open it sends once more. */
static gboolean is_told_to_open(int fd)
{
	for (;;) {
		g_autofree char *word = NULL;
		g_autoptr(GVariant) parameters = signer_packet_receive(fd, &word, NULL, NULL);

		if (parameters == NULL || strcmp(word, "open") == 0)
			return parameters != NULL;
	}
}

static gboolean hold_session(KeeperMemory *memory, gpointer data)
{
	const Wanted *wanted = data;
	g_autoptr(GError) error = NULL;
	Served served;
	Slot *slot;

	if (memory->opened && !is_told_to_open(FD_PARENT))
		return FALSE;
	lock_memory();
	slot = confine_alone(&error) ? open_slot(wanted, memory, &error) : NULL;
	if (slot == NULL || !confine_session(wanted->slot.profile, &error)) {
		answer_error(FD_PARENT, error);
		return FALSE;
	}
	if (!signer_packet_send(FD_PARENT, "ok", slot_describe(slot), -1, NULL))
		return FALSE;
	do
		served = serve_next(FD_PARENT, slot);
	while (served == SERVED);
	return served == TOKEN_FAILED;
}

static GVariant *describe_start(const Wanted *wanted)
{
	GVariantDict dict;

	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "module", "s", wanted->slot.module);
	g_variant_dict_insert(&dict, "trust", "s", wanted->slot.trust);
	g_variant_dict_insert(&dict, "any_address", "b", wanted->slot.any_address);
	g_variant_dict_insert(&dict, "profile", "u", (guint32)wanted->slot.profile);
	g_variant_dict_insert(&dict, "hidden", "^as", wanted->slot.hidden);
	g_variant_dict_insert(&dict, "label", "s", wanted->label);
	g_variant_dict_insert(&dict, "serial", "s", wanted->serial);
	g_variant_dict_insert(&dict, "despite_low", "b", wanted->despite_low);
	return g_variant_dict_end(&dict);
}

/* Copies, since a packet's memory is not there after a fork; they live as long as the process. */
static gboolean read_start(GVariant *start, Wanted *wanted)
{
	guint32 profile = 0;
	gboolean complete =
		g_variant_lookup(start, "module", "s", &wanted->slot.module) &&
		g_variant_lookup(start, "trust", "s", &wanted->slot.trust) &&
		g_variant_lookup(start, "any_address", "b", &wanted->slot.any_address) &&
		g_variant_lookup(start, "profile", "u", &profile) &&
		g_variant_lookup(start, "hidden", "^as", &wanted->slot.hidden) &&
		g_variant_lookup(start, "label", "s", &wanted->label) &&
		g_variant_lookup(start, "serial", "s", &wanted->serial) &&
		g_variant_lookup(start, "despite_low", "b", &wanted->despite_low);

	wanted->slot.profile = (ConfineProfile)profile;
	return complete;
}

static void run(Wanted *wanted)
{
	g_autoptr(GError) error = NULL;
	KeeperMemory *memory = harden(wanted, &error) ? take_pin(FD_PARENT, &error) : NULL;

	if (memory == NULL) {
		answer_error(FD_PARENT, error);
		return;
	}
	keeper_run(memory, hold_session, wanted);
	keeper_memory_free(memory);
}

void worker_main(void)
{
	Wanted wanted = {0};
	g_autoptr(GVariant) start = signer_packet_receive(FD_PARENT, NULL, NULL, NULL);

	if (start == NULL || !read_start(start, &wanted))
		_exit(1);
	run(&wanted);
	_exit(0);
}

/* In the child. */
static void start_anew(pid_t parent, int fd, int start_lock_fd)
{
	/* A parent that dies takes its workers along; it may have died before this call. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
		_exit(1);
	drop_inherited(fd, start_lock_fd);
	execl("/proc/self/exe", "acuse-signer", WORKER_ARGUMENT, NULL);
	_exit(1);
}

gboolean worker_failed(const GError *error)
{
	return g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_TOKEN_TROUBLE) ||
	       g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_TOKEN_ABSENT) ||
	       g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_PIN_LOW);
}

pid_t worker_spawn(const SlotOptions *slot, const char *label, const char *serial,
	gboolean despite_low, int *fd, GError **error)
{
	static int start_lock_fd = -1; /* one for all workers of this process */
	const Wanted wanted = {*slot, label, serial, despite_low};
	int pair[2] = {-1, -1};
	pid_t pid = -1, parent = getpid();

	if (start_lock_fd < 0)
		start_lock_fd = memfd_create("acuse-start-lock", MFD_CLOEXEC);
	if (start_lock_fd >= 0 &&
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0 &&
		fcntl(pair[0], F_SETFL, O_NONBLOCK) == 0 &&
		signer_packet_send(pair[0], "start", describe_start(&wanted), -1, NULL))
		pid = fork();
	if (pid == 0)
		start_anew(parent, pair[1], start_lock_fd);
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

gboolean worker_send_content(int fd, const char *mailbox, int content_fd)
{
	GVariantDict dict;

	g_variant_dict_init(&dict, NULL);
	if (mailbox != NULL)
		g_variant_dict_insert(&dict, "mailbox", "s", mailbox);
	return signer_packet_send(
		fd, mailbox != NULL ? "sign" : "seal", g_variant_dict_end(&dict), content_fd, NULL);
}
