/*
 * tally.h: files "signed-DAY", appended to by one write(2) a line. A line that a full disk cut
 * short is ended before the next, and then counts as a signature of a send that nobody knows, which
 * is told. What is older than TALLY_KEPT_DAYS goes when a new day begins. One thread.
 */
#include "signer/tally.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

#define PREFIX "signed-"
#define DAY_S 86400
#define MAX_ID_CHARS 1024 /* longer than any permit */

struct _Tally {
	char *folder;
	gint64 day; /* of fd, days since 1970 */
	int fd;
	gboolean torn; /* the last line has no end */
};

Tally *tally_open(const char *folder)
{
	Tally *tally = g_new0(Tally, 1);

	tally->folder = g_strdup(folder);
	tally->fd = -1;
	return tally;
}

void tally_free(Tally *tally)
{
	if (tally == NULL)
		return;
	if (tally->fd >= 0)
		close(tally->fd);
	g_free(tally->folder);
	g_free(tally);
}

static char *day_text(gint64 day)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(day * DAY_S);

	return g_date_time_format(time, "%Y-%m-%d");
}

static char *day_path(const Tally *tally, const char *day)
{
	g_autofree char *name = g_strconcat(PREFIX, day, NULL);

	return g_build_filename(tally->folder, name, NULL);
}

static void drop_old(const Tally *tally, gint64 day)
{
	g_autofree char *oldest = day_text(day - TALLY_KEPT_DAYS);
	g_autoptr(GDir) folder = g_dir_open(tally->folder, 0, NULL);
	const char *name;

	while (folder != NULL && (name = g_dir_read_name(folder)) != NULL)
		if (g_str_has_prefix(name, PREFIX) && strcmp(name + strlen(PREFIX), oldest) < 0) {
			g_autofree char *path = g_build_filename(tally->folder, name, NULL);

			unlink(path);
		}
}

static gboolean is_torn(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char last = '\n';

	return size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

static gboolean begin_day(Tally *tally, gint64 day)
{
	g_autofree char *text = day_text(day);
	g_autofree char *path = day_path(tally, text);

	if (tally->fd >= 0)
		close(tally->fd);
	tally->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (tally->fd < 0)
		return FALSE;
	tally->day = day;
	tally->torn = is_torn(tally->fd);
	drop_old(tally, day);
	return TRUE;
}

gboolean tally_add(Tally *tally, const char *send_id, gint64 now_s, GError **error)
{
	gint64 day = now_s / DAY_S;
	char line[MAX_ID_CHARS + 3];
	ssize_t size, written = -1;

	if (tally->fd < 0 || tally->day != day)
		if (!begin_day(tally, day)) {
			g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE,
				"count a signature: %s", g_strerror(errno));
			return FALSE;
		}
	size = g_snprintf(line, sizeof line, "%s%s\n", tally->torn ? "\n" : "", send_id);
	errno = 0;
	if (size < (ssize_t)sizeof line)
		written = write(tally->fd, line, (size_t)size);
	if (written == size) {
		tally->torn = FALSE;
		return TRUE;
	}
	tally->torn = tally->torn || written > 0;
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "count a signature: %s",
		errno != 0 ? g_strerror(errno) : "not all was written");
	return FALSE;
}

static gboolean is_day(const char *day)
{
	gboolean good = strlen(day) == strlen("2026-11-22");

	for (gsize i = 0; good && day[i] != '\0'; i++)
		good = i == 4 || i == 7 ? day[i] == '-' : g_ascii_isdigit(day[i]);
	return good;
}

static GVariant *answer_page(char **lines, guint64 after)
{
	GVariantBuilder sends;
	GVariantDict dict;
	guint64 count = 0;

	g_variant_builder_init(&sends, G_VARIANT_TYPE_STRING_ARRAY);
	for (; *lines != NULL; lines++) {
		if (**lines == '\0')
			continue;
		if (count >= after && count - after < TALLY_PAGE)
			g_variant_builder_add(
				&sends, "s", g_utf8_validate(*lines, -1, NULL) ? *lines : "?");
		count++;
	}
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "count", "t", count);
	g_variant_dict_insert_value(&dict, "sends", g_variant_builder_end(&sends));
	return g_variant_dict_end(&dict);
}

GVariant *tally_read(const Tally *tally, const char *day, guint64 after, GError **error)
{
	g_autofree char *path = NULL;
	g_autofree char *text = NULL;
	g_autoptr(GError) cause = NULL;
	g_auto(GStrv) lines = NULL;

	if (!is_day(day)) {
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "not a day");
		return NULL;
	}
	path = day_path(tally, day);
	if (!g_file_get_contents(path, &text, NULL, &cause) &&
		!g_error_matches(cause, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "the count: %s",
			cause->message);
		return NULL;
	}
	lines = g_strsplit(text != NULL ? text : "", "\n", -1);
	return answer_page(lines, after);
}
