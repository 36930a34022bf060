/*
 * readings.h: the folder. Dovecot's mail user owns it and what is in it; a file has its name by
 * rename, so that it is complete. What is no reading of ours is moved to rejected/ there with a
 * line in the log, and changes nothing; of those so many are kept and no more. What cannot be
 * recorded now stays for the next look. A thread of its own, which looks every LOOK_S.
 */
#include "provision/readings.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

#define LOOK_S 2
#define PASS_MAX 1000
#define REJECTED "rejected"
#define REJECTED_MAX 1000

static guint count_files(const char *path)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	guint count = 0;

	while (dir != NULL && g_dir_read_name(dir) != NULL)
		count++;
	return count;
}

/* The name is a stranger's too, but the log escapes what it is given. */
static void reject(const char *folder, const char *name, const char *why)
{
	g_autofree char *aside = g_build_filename(folder, REJECTED, NULL);
	g_autofree char *from = g_build_filename(folder, name, NULL);
	g_autofree char *to = g_build_filename(aside, name, NULL);
	gboolean moved;

	if (mkdir(aside, 0700) != 0 && errno != EEXIST)
		log_warning("no folder for rejected readings", "reason", g_strerror(errno), NULL);
	moved = count_files(aside) < REJECTED_MAX && rename(from, to) == 0;
	log_warning("a reading was rejected", "file", name, "reason", why, "kept",
		moved ? "true" : "false", NULL);
	if (!moved && unlink(from) != 0)
		log_warning("a rejected reading stays", "file", name, "reason", g_strerror(errno),
			NULL);
}

/* Bytes of a file that the folder's owner wrote; NULL: *why, static, NULL when it is gone. */
static GBytes *read_file(const char *folder, const char *name, const struct stat *owner,
	struct stat *st, const char **why)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	char buffer[READING_MAX_BYTES + 1];
	ssize_t got;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	*why = "cannot be opened";
	if (fd < 0) {
		if (errno == ENOENT)
			*why = NULL;
		return NULL;
	}
	got = -1;
	if (fstat(fd, st) != 0 || !S_ISREG(st->st_mode) || st->st_nlink != 1)
		*why = "no plain file";
	else if (st->st_uid != owner->st_uid)
		*why = "somebody else's file";
	else if (st->st_size > READING_MAX_BYTES)
		*why = "too long";
	else {
		*why = "cannot be read";
		got = read(fd, buffer, sizeof(buffer));
	}
	close(fd);
	return got < 0 ? NULL : g_bytes_new(buffer, (gsize)got);
}

static void take_file(
	Service *service, const char *folder, const char *name, const struct stat *owner)
{
	g_autoptr(GError) failure = NULL;
	g_autoptr(Reading) reading = NULL;
	g_autoptr(GBytes) bytes = NULL;
	g_autofree char *path = g_build_filename(folder, name, NULL);
	ReadingResult result;
	const char *why = NULL;
	struct stat st;

	bytes = read_file(folder, name, owner, &st, &why);
	if (bytes == NULL) {
		if (why != NULL)
			reject(folder, name, why);
		return;
	}
	reading = reading_parse(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), &failure);
	if (reading == NULL) {
		reject(folder, name, failure->message);
		return;
	}
	result = reading_record(service, reading, st.st_mtime, &why, &failure);
	if (result == READING_FOREIGN) {
		reject(folder, name, why);
		return;
	}
	if (result == READING_WAITS) {
		log_warning("a reading waits", "reason", failure->message, NULL);
		return;
	}
	if (result == READING_RECORDED)
		log_info("a reading is recorded", "send_id", reading->send_id, NULL);
	/* After a crash before this it is known. */
	if (unlink(path) != 0)
		log_warning("a reading that is done stays", "reason", g_strerror(errno), NULL);
}

/* rejected/, or what somebody made by hand: none of ours, and only its owner may move it. */
static gboolean is_folder(const char *folder, const char *name)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void take_all(Service *service, const char *folder)
{
	g_autoptr(GError) failure = NULL;
	g_autoptr(GDir) dir = g_dir_open(folder, 0, &failure);
	struct stat owner;
	const char *name;
	guint seen = 0;

	if (dir == NULL || stat(folder, &owner) != 0) {
		log_error("the folder of readings cannot be read", "reason",
			failure != NULL ? failure->message : g_strerror(errno), NULL);
		return;
	}
	while (seen < PASS_MAX && (name = g_dir_read_name(dir)) != NULL) {
		if (name[0] == '.' || is_folder(folder, name))
			continue;
		seen++;
		take_file(service, folder, name, &owner);
	}
}

struct _Readings {
	Service *service;
	const char *folder;
	GThread *thread;
	GMutex lock; /* the rest */
	GCond changed;
	gboolean stopping;
};

static gpointer look(gpointer data)
{
	Readings *readings = data;

	g_mutex_lock(&readings->lock);
	while (!readings->stopping) {
		gint64 until_us = g_get_monotonic_time() + LOOK_S * G_TIME_SPAN_SECOND;

		g_mutex_unlock(&readings->lock);
		take_all(readings->service, readings->folder);
		g_mutex_lock(&readings->lock);
		while (!readings->stopping &&
			g_cond_wait_until(&readings->changed, &readings->lock, until_us))
			;
	}
	g_mutex_unlock(&readings->lock);
	return NULL;
}

Readings *readings_start(Service *service)
{
	const char *folder = settings_string(service->settings, "proof", "reading_folder");
	Readings *readings;

	if (folder == NULL || *folder == '\0')
		return NULL;
	readings = g_new0(Readings, 1);
	readings->service = service;
	readings->folder = folder;
	g_mutex_init(&readings->lock);
	g_cond_init(&readings->changed);
	readings->thread = g_thread_new("readings", look, readings);
	return readings;
}

void readings_stop(Readings *readings)
{
	if (readings == NULL)
		return;
	g_mutex_lock(&readings->lock);
	readings->stopping = TRUE;
	g_cond_broadcast(&readings->changed);
	g_mutex_unlock(&readings->lock);
	g_thread_join(readings->thread);
	g_mutex_clear(&readings->lock);
	g_cond_clear(&readings->changed);
	g_free(readings);
}
