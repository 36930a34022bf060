/*
 * acuse-milter -c FILE outgoing|evidence. Runs in the foreground; tells systemd when it listens;
 * SIGTERM (and SIGHUP: settings are read at start only) ends it after the decisions under way. Exit
 * status: 0 after an orderly stop, 1 when it could not start, 2 for wrong arguments.
 */
#include <glib.h>
#include <libmilter/mfapi.h>
#include <locale.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/settings.h"
#include "base/text.h"
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

/* libmilter waits for these in a thread of its own: no other thread may take them. */
static void block_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
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

static int serve(const char *file, Instance instance, GError **error)
{
	int status;

	world.settings = settings_load(file, error);
	if (world.settings == NULL)
		return 1;
	world.options = milter_options_new(world.settings, instance, error);
	if (world.options == NULL)
		return 1;
	world.looker = inspect_looker(error);
	if (world.looker == NULL || !start_metrics(instance, error))
		return 1;
	world.options->inspect.looker = world.looker;
	world.services = services_new(world.settings, world.options, instance, error);
	if (world.services == NULL || !callbacks_open(world.services, instance, error))
		return 1;
	log_info("listening", "socket", world.options->socket_path, NULL);
	sd_notify(0, "READY=1");
	status = smfi_main();
	sd_notify(0, "STOPPING=1");
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
	block_signals();
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
