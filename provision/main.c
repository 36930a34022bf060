/*
 * acuse-provisiond -c FILE: keeps the ledger, the message store, requests and enrolments, and
 * serves the API. Runs in the foreground under systemd (Type=notify). slapd and the signer may
 * start later: what needs them waits in the outbox.
 *
 * Exit: 0 after SIGTERM; 1 when it cannot start, with one line that says why; 70 when the store
 * broke (store.c).
 */
#include <glib-unix.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "cms/digest.h"
#include "provision/calendar_load.h"
#include "provision/due.h"
#include "provision/heads.h"
#include "provision/http.h"
#include "provision/outbox.h"
#include "provision/outcomes.h"
#include "provision/readings.h"
#include "provision/reconcile.h"
#include "provision/restore.h"
#include "provision/routes.h"
#include "provision/token_settings.h"
#include "signer/permit.h"

#define DEFAULT_SETTINGS SYSCONFDIR "/acuse/acuse.conf"

typedef struct {
	Service service;
	Settings *settings;
	Heads *heads;
	Due *due;
	Readings *readings; /* NULL: none are taken */
	HttpServer *http;
} Daemon;

static gint64 real_time_s(void)
{
	return g_get_real_time() / G_USEC_PER_SEC;
}

static gboolean load_settings(Daemon *daemon, const char *path, GError **error)
{
	daemon->settings = settings_load(path, error);
	if (daemon->settings == NULL)
		return FALSE;
	daemon->service.settings = daemon->settings;
	return settings_require(daemon->settings, error, "institution.name", "institution.domain",
		"directory.base", NULL);
}

static gboolean start(Daemon *daemon, GError **error)
{
	Service *service = &daemon->service;
	const Settings *settings = service->settings;
	guint64 floor_bytes = (guint64)settings_int(settings, "ledger", "floor_mib") * 1024 * 1024;

	service->now_s = real_time_s;
	service->permit_key =
		key_file_read(settings_string(settings, "signing", "permit_key"), error);
	if (service->permit_key == NULL)
		return FALSE;
	service->policy = policy_settings_load(settings, error);
	if (service->policy == NULL)
		return FALSE;
	if (!outcomes_check_settings(settings, error) || !token_settings_check(settings, error))
		return FALSE;
	service->calendar = calendar_load(settings, error);
	if (service->calendar == NULL)
		return FALSE;
	service->store = store_open(settings_string(settings, "ledger", "folder"), error);
	if (service->store == NULL)
		return FALSE;
	service->blobs =
		blobs_open(settings_string(settings, "ledger", "store"), floor_bytes, error);
	if (service->blobs == NULL)
		return FALSE;
	blobs_use_store(service->blobs, service->store);
	service->live = live_directory_start(settings, error);
	if (service->live == NULL)
		return FALSE;
	service->outbox = outbox_start(service, error);
	if (service->outbox == NULL)
		return FALSE;
	service->reconciler = reconcile_start(service, error);
	if (service->reconciler == NULL)
		return FALSE;
	daemon->due = due_start(service, error);
	if (daemon->due == NULL)
		return FALSE;
	daemon->readings = readings_start(service);
	daemon->heads = heads_start(service);
	live_directory_wait(service->live);
	daemon->http = http_start(service, route_tables, error);
	return daemon->http != NULL;
}

/* In the reverse order; what was not started is NULL. */
static void stop(Daemon *daemon)
{
	Service *service = &daemon->service;

	http_stop(daemon->http);
	heads_stop(daemon->heads);
	readings_stop(daemon->readings);
	due_stop(daemon->due);
	if (service->reconciler != NULL)
		reconcile_stop(service->reconciler);
	outbox_stop(service->outbox);
	if (service->live != NULL)
		live_directory_stop(service->live);
	blobs_close(service->blobs);
	store_close(service->store);
	if (service->permit_key != NULL)
		g_bytes_unref(service->permit_key);
	policy_settings_free((PolicySettings *)service->policy);
	calendar_free((Calendar *)service->calendar);
	settings_free(daemon->settings);
}

static gboolean on_stop(gpointer loop)
{
	g_main_loop_quit(loop);
	return G_SOURCE_CONTINUE;
}

static gboolean on_reload(gpointer data)
{
	(void)data;
	log_warning("settings are read at start: restart to change them", NULL);
	return G_SOURCE_CONTINUE;
}

static void run(void)
{
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);

	g_unix_signal_add(SIGTERM, on_stop, loop);
	g_unix_signal_add(SIGINT, on_stop, loop);
	g_unix_signal_add(SIGHUP, on_reload, NULL);
	sd_notify(0, "READY=1");
	log_info("ready", NULL);
	g_main_loop_run(loop);
	sd_notify(0, "STOPPING=1");
	log_info("stopping", NULL);
}

/*
 * The settings file of the command line, a new string; NULL: wrong usage, said on standard error.
 */
static char *settings_path(int argc, char **argv, char **restore)
{
	g_autofree char *path = NULL;
	const GOptionEntry entries[] = {
		{"config", 'c', 0, G_OPTION_ARG_FILENAME, &path, "Settings", "FILE"},
		{"restore", 0, 0, G_OPTION_ARG_FILENAME, restore, "Backup to restore", "FOLDER"},
		G_OPTION_ENTRY_NULL,
	};
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	g_autoptr(GError) error = NULL;

	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, &argc, &argv, &error) || argc > 1) {
		fprintf(stderr, "acuse-provisiond: %s\n",
			error != NULL ? error->message : "usage: [-c FILE] [--restore FOLDER]");
		return NULL;
	}
	return path != NULL ? g_steal_pointer(&path) : g_strdup(DEFAULT_SETTINGS);
}

/* Who restores: behind root and sudo the person. */
static int restore_backup(Daemon *daemon, const char *folder)
{
	g_autofree char *path = g_canonicalize_filename(folder, NULL);
	g_autoptr(GError) error = NULL;
	const char *person = g_getenv("SUDO_USER");
	gboolean restored = restore_run(
		daemon->settings, path, person != NULL ? person : g_get_user_name(), &error);

	if (!restored)
		log_error("not restored", "reason", error->message, NULL);
	settings_free(daemon->settings);
	return restored ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	g_autofree char *restore = NULL;
	g_autofree char *path = settings_path(argc, argv, &restore);
	g_autoptr(GError) error = NULL;
	Daemon daemon = {.service.settings_path = path};
	gboolean started;

	if (path == NULL)
		return EXIT_FAILURE;
	digest_serve_core();
	setlocale(LC_ALL, "");
	bindtextdomain("acuse", LOCALEDIR);
	bind_textdomain_codeset("acuse", "UTF-8");
	umask(077);
	signal(SIGPIPE, SIG_IGN);
	log_init("acuse-provisiond");
	started = load_settings(&daemon, path, &error);
	if (started && restore != NULL)
		return restore_backup(&daemon, restore);
	started = started && start(&daemon, &error);
	if (started)
		run();
	else
		log_error("cannot start", "reason", error->message, NULL);
	stop(&daemon);
	return started ? EXIT_SUCCESS : EXIT_FAILURE;
}
