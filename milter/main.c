/*
 * acuse-milter -c FILE outgoing|evidence. Runs in the foreground; tells systemd when it listens;
 * SIGTERM ends it after the decisions under way; settings are read at start only, so SIGHUP changes
 * nothing. Exit status: 0 after an orderly stop, 1 when it could not start, 2 for wrong arguments.
 *
 * libmilter blocks the signals in the thread that calls smfi_main(), waits for them in one of its
 * own, ends on SIGHUP too, and looks only every five seconds whether it is to end. It runs in a
 * second thread for that reason: the first one leaves signals open, so the kernel gives them to it.
 */
#include <glib-unix.h>
#include <glib.h>
#include <libmilter/mfapi.h>
#include <locale.h>
#include <malloc.h>
#include <signal.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/settings.h"
#include "base/text.h"
#include "base/ustream.h"
#include "mime/facts.h"
#include "milter/callbacks.h"
#include "milter/metrics.h"
#include "milter/services.h"

static gboolean parse_instance(const char *word, Instance *instance)
{
	*instance = INSTANCE_OUTGOING;
	if (g_strcmp0(word, "outgoing") == 0)
		return TRUE;
	*instance = INSTANCE_EVIDENCE;
	return g_strcmp0(word, "evidence") == 0;
}

static gboolean parse_arguments(int argc, char **argv, char **file, Instance *instance)
{
	const GOptionEntry entries[] = {
		{"config", 'c', 0, G_OPTION_ARG_FILENAME, file, "Settings", "FILE"},
		G_OPTION_ENTRY_NULL,
	};
	g_autoptr(GOptionContext) context = g_option_context_new("outgoing|evidence");
	g_autoptr(GError) error = NULL;

	g_option_context_add_main_entries(context, entries, NULL);
	g_option_context_set_summary(context, "Acuse's milter for Postfix.");
	if (!g_option_context_parse(context, &argc, &argv, &error)) {
		g_printerr("acuse-milter: %s\n", error->message);
		return FALSE;
	}
	if (argc == 2 && parse_instance(argv[1], instance))
		return TRUE;
	g_printerr("usage: acuse-milter [-c FILE] outgoing|evidence\n");
	return FALSE;
}

#define LARGE_BYTES (256 * 1024)

/* libmilter's threads outlive smfi_main, so what they use lives as long as the process. */
static struct {
	Settings *settings;
	MilterOptions *options;
	Services *services;
	char *looker;
} world;

static gboolean start_metrics(Instance instance, GError **error)
{
	gboolean outgoing = instance == INSTANCE_OUTGOING;
	const char *path = settings_string(
		world.settings, "milter", outgoing ? "outgoing_metrics" : "evidence_metrics");

	return metrics_start(path, outgoing ? "outgoing" : "evidence", error);
}

static gboolean open_world(const char *file, Instance instance, GError **error)
{
	world.settings = settings_load(file, error);
	if (world.settings == NULL)
		return FALSE;
	world.options = milter_options_new(world.settings, instance, error);
	if (world.options == NULL)
		return FALSE;
	world.looker = inspect_looker(error);
	if (world.looker == NULL || !start_metrics(instance, error))
		return FALSE;
	world.options->inspect.looker = world.looker;
	world.services = services_new(world.settings, world.options, instance, error);
	return world.services != NULL && callbacks_open(world.services, instance, error);
}

#define WAKE_INTERVAL_MS 50
#define WAKE_WAIT_MS 1000

/* A connection wakes libmilter's listener, which then sees that it is to end. */
static gboolean on_wake(gpointer data)
{
	int fd = ustream_connect(world.options->socket_path, SOCK_STREAM, WAKE_WAIT_MS, NULL);

	(void)data;
	if (fd >= 0)
		close(fd);
	return G_SOURCE_CONTINUE;
}

/* smfi_stop() waits for a lock that the listener holds while it sleeps. */
static gpointer stop_thread(gpointer data)
{
	smfi_stop();
	return data;
}

static gboolean on_stop(gpointer data)
{
	(void)data;
	g_thread_unref(g_thread_new("stop", stop_thread, NULL));
	g_timeout_add(WAKE_INTERVAL_MS, on_wake, NULL);
	return G_SOURCE_REMOVE;
}

static gboolean on_reload(gpointer data)
{
	(void)data;
	log_warning("settings are read at start: restart to change them", NULL);
	return G_SOURCE_CONTINUE;
}

static gboolean on_ended(gpointer loop)
{
	g_main_loop_quit(loop);
	return G_SOURCE_REMOVE;
}

static gpointer listen_thread(gpointer loop)
{
	int status = smfi_main();

	g_idle_add(on_ended, loop); /* the loop may not run yet */
	return GINT_TO_POINTER(status);
}

static int serve(const char *file, Instance instance, GError **error)
{
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	GThread *listener;
	int status;

	if (!open_world(file, instance, error))
		return 1;
	g_unix_signal_add(SIGTERM, on_stop, NULL);
	g_unix_signal_add(SIGINT, on_stop, NULL);
	g_unix_signal_add(SIGHUP, on_reload, NULL);
	log_info("listening", "socket", world.options->socket_path, NULL);
	listener = g_thread_new("listener", listen_thread, loop);
	sd_notify(0, "READY=1");
	g_main_loop_run(loop);
	sd_notify(0, "STOPPING=1");
	status = GPOINTER_TO_INT(g_thread_join(listener));
	if (!callbacks_wait(world.options->client_wait_ms))
		log_warning("stopped with a message under way: its sender tries again", NULL);
	log_info("stopped", NULL);
	return status == MI_SUCCESS ? 0 : 1;
}

int main(int argc, char **argv)
{
	g_autofree char *file = NULL;
	g_autoptr(GError) error = NULL;
	Instance instance;
	int status;

	/* Texts go to people whatever the administrator's locale is; numbers stay as in C. */
	setlocale(LC_MESSAGES, "");
	bindtextdomain("acuse", LOCALEDIR);
	if (!parse_arguments(argc, argv, &file, &instance))
		return 2;
	log_init(instance == INSTANCE_OUTGOING ? "acuse-milter@outgoing" : "acuse-milter@evidence");
	signal(SIGPIPE, SIG_IGN);
	/* The socket is for the group of this process, which is Postfix's. */
	umask(007);
	/* What a large message took goes back to the system: left alone, malloc keeps more each
	 * time. */
	mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
	mime_init();
	status = serve(file != NULL ? file : SYSCONFDIR "/acuse/acuse.conf", instance, &error);
	if (error != NULL)
		log_error("cannot start", "why", error->message, NULL);
	/* Not exit(): its handlers would tear libraries down under the threads that still run. */
	_exit(status);
}
