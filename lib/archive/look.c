/*
 * look.h: libarchive reads from memory; entries are read in blocks, each charged to the budget, so
 * that neither a bomb nor a solid archive is unpacked further than its limits. No state of its own;
 * safe in every thread.
 */
#include "archive/look.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <string.h>

#define BLOCK_BYTES (32 * 1024)

typedef struct archive Reader;

static void reader_free(Reader *reader)
{
	archive_read_free(reader);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Reader, reader_free)

typedef struct {
	Reader *reader;
	ArchiveBudget *budget;
	gsize packed, unpacked; /* bytes of this archive */
} Look;

ArchiveBudget archive_budget_start(void)
{
	ArchiveBudget budget = {ARCHIVE_MAX_ENTRIES, ARCHIVE_MAX_BYTES,
		g_get_monotonic_time() + ARCHIVE_MAX_MS * 1000};

	return budget;
}

static Reader *reader_new(gboolean stream)
{
	Reader *reader = archive_read_new();

	archive_read_support_format_tar(reader);
	if (!stream) {
		archive_read_support_format_zip(reader);
		archive_read_support_format_7zip(reader);
		archive_read_support_format_rar(reader);
		archive_read_support_format_rar5(reader);
		archive_read_support_format_cab(reader);
		return reader;
	}
	archive_read_support_format_raw(reader);
	archive_read_support_filter_gzip(reader);
	archive_read_support_filter_bzip2(reader);
	archive_read_support_filter_xz(reader);
	archive_read_support_filter_lzma(reader);
	archive_read_support_filter_zstd(reader);
	archive_read_support_filter_compress(reader);
	return reader;
}

static ArchiveLook failure(Reader *reader)
{
	const char *text = archive_error_string(reader);

	if (archive_read_has_encrypted_entries(reader) > 0 ||
		(text != NULL && strcasestr(text, "encrypt") != NULL))
		return ARCHIVE_LOOK_ENCRYPTED;
	return ARCHIVE_LOOK_UNREADABLE;
}

static gboolean over_time(const ArchiveBudget *budget)
{
	return g_get_monotonic_time() > budget->until_us;
}

/* Charges a block that came out. FALSE: too much. */
static gboolean charge(Look *look, gsize size)
{
	look->unpacked += size;
	if (size > look->budget->bytes || over_time(look->budget))
		return FALSE;
	look->budget->bytes -= size;
	return look->unpacked <= ARCHIVE_RATIO_FLOOR ||
	       look->unpacked / ARCHIVE_MAX_RATIO <= look->packed;
}

/* The entry's bytes, the first ARCHIVE_MAX_KEPT_BYTES of them; all are unpacked and charged. */
static ArchiveLook read_entry(Look *look, GByteArray *kept, gboolean *whole)
{
	guint8 block[BLOCK_BYTES];

	*whole = TRUE;
	for (;;) {
		la_ssize_t got = archive_read_data(look->reader, block, sizeof block);
		gsize room = ARCHIVE_MAX_KEPT_BYTES - kept->len;

		if (got == 0)
			return ARCHIVE_LOOK_DONE;
		if (got < 0)
			return failure(look->reader);
		if (!charge(look, (gsize)got))
			return ARCHIVE_LOOK_TOO_MUCH;
		*whole = *whole && room >= (gsize)got;
		g_byte_array_append(kept, block, (guint)MIN(room, (gsize)got));
	}
}

static char *name_of(struct archive_entry *entry, gboolean stream, const char *fallback)
{
	const char *name = archive_entry_pathname_utf8(entry);

	if (name == NULL)
		name = archive_entry_pathname(entry);
	if (name == NULL || *name == '\0' || (stream && strcmp(name, "data") == 0))
		name = fallback;
	return g_utf8_make_valid(name, -1);
}

static ArchiveLook visit_entry(Look *look, struct archive_entry *entry, gboolean stream,
	const char *fallback, ArchiveVisit visit, gpointer data)
{
	g_autofree char *name = name_of(entry, stream, fallback);
	g_autoptr(GByteArray) kept = g_byte_array_new();
	ArchiveEntry seen = {.name = name};
	ArchiveLook result = ARCHIVE_LOOK_DONE;

	if (archive_entry_is_encrypted(entry))
		seen.encrypted = TRUE;
	else
		result = read_entry(look, kept, &seen.whole);
	seen.encrypted |= result == ARCHIVE_LOOK_ENCRYPTED;
	seen.whole = seen.whole && result == ARCHIVE_LOOK_DONE;
	seen.bytes = kept->data;
	seen.size = kept->len;
	visit(&seen, data);
	return seen.encrypted ? ARCHIVE_LOOK_DONE : result;
}

/* A damaged entry need not be the last one that can be read. */
static ArchiveLook look_at_all(
	Look *look, gboolean stream, const char *name, ArchiveVisit visit, gpointer data)
{
	ArchiveLook result = ARCHIVE_LOOK_DONE;
	struct archive_entry *entry;

	/* What seems empty may be read by others. */
	for (guint seen = 0;; seen++) {
		int next = archive_read_next_header(look->reader, &entry);
		ArchiveLook one;

		if (next == ARCHIVE_EOF)
			return seen > 0 ? result : ARCHIVE_LOOK_UNREADABLE;
		if (next != ARCHIVE_OK && next != ARCHIVE_WARN)
			return failure(look->reader);
		if (look->budget->entries == 0 || over_time(look->budget))
			return ARCHIVE_LOOK_TOO_MUCH;
		look->budget->entries--;
		if (archive_entry_filetype(entry) == AE_IFDIR)
			continue;
		one = visit_entry(look, entry, stream, name, visit, data);
		if (one == ARCHIVE_LOOK_TOO_MUCH)
			return one;
		if (one != ARCHIVE_LOOK_DONE)
			result = one;
	}
}

/* libarchive gives names in the thread's locale, and none where that cannot hold them. */
static gpointer utf8_locale(gpointer unused)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);

	(void)unused;
	return locale != (locale_t)0 ? locale : LC_GLOBAL_LOCALE;
}

ArchiveLook archive_look(const guint8 *bytes, gsize size, gboolean stream, const char *name,
	ArchiveBudget *budget, ArchiveVisit visit, gpointer data)
{
	g_autoptr(Reader) reader = reader_new(stream);
	Look look = {reader, budget, size, 0};
	ArchiveLook result = ARCHIVE_LOOK_UNREADABLE;
	static GOnce once = G_ONCE_INIT;
	locale_t before;

	before = uselocale(g_once(&once, utf8_locale, NULL));
	/* Asked for encryption now, libarchive 3.6 would read freed memory. */
	if (archive_read_open_memory(reader, bytes, size) == ARCHIVE_OK)
		result = look_at_all(&look, stream, name, visit, data);
	uselocale(before);
	return result;
}
