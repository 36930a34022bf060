/*
 * acuse-signer -c FILE: holds the tokens of the gateway and signs what a permit allows (DESIGN 1,
 * 4). Runs in the foreground under systemd (Type=notify); SIGTERM ends it and, with it, its
 * workers. Settings: groups signing and api. This process never loads PKCS#11 and never has a
 * second thread, so that it can fork workers at any time; for that reason signals come through a
 * signalfd and not through GLib. Ends with 1 when the settings, keys or sockets are wrong.
 */
#include "base/error.h"
#include "base/log.h"
#include "base/settings.h"
#include "cms/certificate.h"
#include "signer/bindings.h"
#include "signer/hidden.h"
#include "signer/metrics.h"
#include "signer/permit.h"
#include "signer/pool.h"
#include "signer/server.h"
#include "signer/worker.h"

#include <errno.h>
#include <glib-unix.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

typedef struct {
	GMainLoop *loop;
	Pool *pool;
} Program;

static void reap_workers(Pool *pool)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		pool_child_exited(pool, pid);
}

static gboolean on_signal(gint fd, GIOCondition condition, gpointer data)
{
	Program *program = data;
	struct signalfd_siginfo info;

	(void)condition;
	if (read(fd, &info, sizeof info) != sizeof info)
		return G_SOURCE_CONTINUE;
	if (info.ssi_signo == SIGCHLD)
		reap_workers(program->pool);
	else if (info.ssi_signo == SIGHUP)
		log_info("settings are read at start only; restart to change them", NULL);
	else
		g_main_loop_quit(program->loop);
	return G_SOURCE_CONTINUE;
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* A PIN passes through this process: no core file, no ptrace by its own user. */
static gboolean harden(GError **error)
{
	const struct rlimit none = {0, 0};

	/* The processes below its workers come back to it when a worker is killed, so that at its
	 * end it can wait for them too. */
	if (prctl(PR_SET_DUMPABLE, 0) == 0 && setrlimit(RLIMIT_CORE, &none) == 0 &&
		prctl(PR_SET_CHILD_SUBREAPER, 1) == 0)
		return TRUE;
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "harden: %s", g_strerror(errno));
	return FALSE;
}

/* What is the signer's own, and no worker's. */
static const char *const *own_paths(const Settings *settings)
{
	static const char *const keys[] = {
		"permit_key", "state_folder", "sign_socket", "control_socket", "unlock_socket"};
	static const char *paths[G_N_ELEMENTS(keys) + 2];

	for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
		paths[i] = settings_string(settings, "signing", keys[i]);
	paths[G_N_ELEMENTS(keys)] = g_getenv("CREDENTIALS_DIRECTORY");
	if (!hidden_is_possible())
		log_warning("the kernel has no Landlock: PKCS#11 modules can read the signer's own "
			    "files",
			NULL);
	return paths;
}

static Pool *make_pool(const Settings *settings, Bindings *bindings)
{
	const PoolOptions options = {
		.token = {{settings_string(settings, "signing", "module"),
				  settings_string(settings, "signing", "trust"),
				  strcmp(settings_string(
						 settings, "signing", "certificate_address"),
					  "warn") == 0,
				  confine_profile(settings_string(settings, "signing", "seccomp")),
				  own_paths(settings)},
			(guint)settings_int(settings, "signing", "sign_timeout_ms"),
			(guint)settings_int(settings, "signing", "queue_length")},
		.seal_token = settings_string(settings, "signing", "seal_token"),
		.personal =
			strcmp(settings_string(settings, "signing", "personal_tokens"), "on") == 0,
		.personal_s = (guint)settings_int(settings, "signing", "personal_unlock_s"),
		.personal_mails = (guint)settings_int(settings, "signing", "personal_unlock_mails"),
	};

	return pool_new(&options, bindings);
}

static void serve(Program *program, int signals)
{
	guint source = g_unix_fd_add(signals, G_IO_IN, on_signal, program);

	sd_notify(0, "READY=1");
	log_info("ready", NULL);
	g_main_loop_run(program->loop);
	sd_notify(0, "STOPPING=1");
	g_source_remove(source);
}

static void desk_clear(Desk *desk)
{
	g_clear_pointer(&desk->permit_key, g_bytes_unref);
	g_clear_pointer(&desk->permit_uses, permit_uses_free);
	afar_free(desk->afar);
	tally_free(desk->tally);
	bindings_free(desk->bindings);
}

/* What requests work on, but for the pool. */
static gboolean desk_set_up(Desk *desk, const Settings *settings, GError **error)
{
	const char *folder = settings_string(settings, "signing", "state_folder");

	desk->permit_key = key_file_read(settings_string(settings, "signing", "permit_key"), error);
	if (desk->permit_key == NULL)
		return FALSE;
	desk->permit_uses = permit_uses_new();
	desk->tally = tally_open(folder);
	desk->bindings = bindings_open(folder, error);
	if (desk->bindings == NULL)
		return FALSE;
	if (strcmp(settings_string(settings, "signing", "remote_unlock"), "off") == 0)
		return TRUE;
	desk->afar = afar_open(folder, error);
	return desk->afar != NULL;
}

/* What would otherwise be found out when a holder types the PIN. */
static gboolean check_settings(const Settings *settings, GError **error)
{
	const char *module = settings_string(settings, "signing", "module");
	const char *seal = settings_string(settings, "signing", "seal_token");
	g_autoptr(GError) cause = NULL;

	if (access(module, R_OK) != 0)
		return settings_fail(
			settings, error, "signing", "module", "%s: %s", module, g_strerror(errno));
	if (strlen(seal) > BINDINGS_MAX_LABEL || strchr(seal, '/') != NULL)
		return settings_fail(settings, error, "signing", "seal_token",
			"a label has at most %d bytes and no '/'", BINDINGS_MAX_LABEL);
	if (!certificate_folder_check(settings_string(settings, "signing", "trust"), &cause))
		return settings_fail(settings, error, "signing", "trust", "%s", cause->message);
	return TRUE;
}

static gboolean run(const Settings *settings, GError **error)
{
	const char *metrics_path = settings_string(settings, "signing", "metrics");
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	Program program = {loop, NULL};
	SignerMetrics *metrics = NULL;
	Desk desk = {0};
	Server *server = NULL;
	int signals = open_signals();
	gboolean ok = FALSE;

	if (!harden(error) || !check_settings(settings, error))
		return FALSE;
	if (!desk_set_up(&desk, settings, error)) {
		desk_clear(&desk);
		return FALSE;
	}
	program.pool = desk.pool = make_pool(settings, desk.bindings);
	server = server_start(settings, &desk, error);
	if (server != NULL) {
		pool_sync(program.pool);
		metrics = signer_metrics_start(metrics_path, program.pool, error);
		ok = metrics != NULL || *metrics_path == '\0';
	}
	if (ok)
		serve(&program, signals);
	signer_metrics_stop(metrics);
	pool_free(program.pool);
	/* It killed them; whoever stops the signer finds nothing left. */
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	if (server != NULL)
		server_stop(server);
	desk_clear(&desk);
	close(signals);
	return ok;
}

int main(int argc, char **argv)
{
	g_autofree char *path = NULL;
	const GOptionEntry entries[] = {
		{"config", 'c', 0, G_OPTION_ARG_FILENAME, &path, "Settings file", "FILE"},
		{NULL, 0, 0, 0, NULL, NULL, NULL},
	};
	g_autoptr(GOptionContext) options =
		g_option_context_new("- hold tokens and sign permitted mail");
	g_autoptr(GError) error = NULL;
	g_autoptr(Settings) settings = NULL;

	if (argc == 2 && strcmp(argv[1], WORKER_ARGUMENT) == 0)
		worker_main();
	setlocale(LC_ALL, "");
	g_option_context_add_main_entries(options, entries, NULL);
	if (!g_option_context_parse(options, &argc, &argv, &error)) {
		fprintf(stderr, "acuse-signer: %s\n", error->message);
		return EXIT_FAILURE;
	}
	log_init("acuse-signer");
	settings = settings_load(path != NULL ? path : SYSCONFDIR "/acuse/acuse.conf", &error);
	if (settings == NULL || !run(settings, &error)) {
		log_error("cannot run", "detail", error->message, NULL);
		return EXIT_FAILURE;
	}
	log_info("stopped", NULL);
	return EXIT_SUCCESS;
}
