/* A file of a stranger: what kind it is, what is packed in it, and its name. */
#include "tests/fuzz/fuzz.h"

#include "archive/look.h"
#include "archive/tnef.h"
#include "core/content.h"

#define MAX_BYTES (8 * 1024 * 1024)

typedef struct {
	guint files;
	gsize bytes;
} Seen;

static void visit(const ArchiveEntry *entry, gpointer data)
{
	static const char *const extensions[] = {"exe", NULL};
	Seen *seen = data;

	seen->files++;
	seen->bytes += entry->size;
	FUZZ_PROMISE(entry->name != NULL && *entry->name != '\0', "a file without name");
	fuzz_check_utf8(entry->name, "name");
	FUZZ_PROMISE(entry->size <= ARCHIVE_MAX_KEPT_BYTES, "too much is kept");
	FUZZ_PROMISE(!entry->encrypted || entry->size == 0, "a locked file has bytes");
	content_name_is_blocked(entry->name, extensions);
	content_kind(entry->bytes, entry->size);
}

static void look(const uint8_t *data, size_t size, gboolean stream)
{
	ArchiveBudget budget = archive_budget_start();
	Seen seen = {0, 0};
	ArchiveLook result;

	budget.bytes = MAX_BYTES;
	result = archive_look(data, size, stream, "x", &budget, visit, &seen);
	FUZZ_PROMISE(result <= ARCHIVE_LOOK_TOO_MUCH, "result %d", result);
	FUZZ_PROMISE(seen.files <= ARCHIVE_MAX_ENTRIES, "%u files", seen.files);
	FUZZ_PROMISE(seen.bytes <= MAX_BYTES, "more bytes than the budget");
	FUZZ_PROMISE(budget.bytes <= MAX_BYTES, "the budget grew");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ContentKind kind = content_kind(data, size);
	ArchiveBudget budget = archive_budget_start();
	Seen seen = {0, 0};

	if (kind == CONTENT_OLE)
		content_ole_traits(data, size);
	look(data, size, FALSE);
	look(data, size, TRUE);
	tnef_look(data, size, &budget, visit, &seen);
	return 0;
}
