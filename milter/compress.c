/* compress.h: decode, zip, check that the zip gives the same bytes, replace. No state. */
#include "milter/compress.h"

#include <string.h>

#include "archive/look.h"
#include "archive/zip.h"
#include "base/error.h"
#include "mime/attachments.h"

typedef struct {
	const GByteArray *bytes;
	const char *name;
	guint same, files;
} Expected;

static void compare(const ArchiveEntry *entry, gpointer data)
{
	Expected *expected = data;

	expected->files++;
	expected->same += entry->whole && strcmp(entry->name, expected->name) == 0 &&
			  entry->size == expected->bytes->len &&
			  memcmp(entry->bytes, expected->bytes->data, entry->size) == 0;
}

/* Whether what another program takes out of the zip is what was put in. */
static gboolean gives_back(const GByteArray *zip, const GByteArray *bytes, const char *name)
{
	Expected expected = {bytes, name, 0, 0};
	ArchiveBudget budget = {.entries = 2, .bytes = bytes->len, .until_us = G_MAXINT64};

	/* What receivers would take for a bomb, by its ratio, stays as it is too. */
	return archive_look(zip->data, zip->len, FALSE, name, &budget, compare, &expected) ==
		       ARCHIVE_LOOK_DONE &&
	       expected.files == 1 && expected.same == 1;
}

/* One path element, for every system. */
static char *safe_name(const char *name)
{
	char *safe = g_strdup(name);

	for (char *c = safe; *c != '\0'; c++)
		if (g_ascii_iscntrl(*c) || strchr("/\\:*?\"<>|", *c) != NULL)
			*c = '_';
	if (strcmp(safe, ".") == 0 || strcmp(safe, "..") == 0)
		safe[0] = '_';
	return safe;
}

/* NULL: it stays as it is. */
static MimeReplacement *compress_one(const MailMessage *message, const AttachmentFacts *attachment)
{
	g_autoptr(GByteArray) bytes = mime_attachment_exact(message, attachment), zip = NULL;
	g_autofree char *name = NULL;
	MimeReplacement *replacement;

	if (bytes == NULL || bytes->len == 0 || attachment_name(attachment) == NULL)
		return NULL;
	name = safe_name(attachment_name(attachment));
	zip = zip_one(name, bytes->data, bytes->len, bytes->len / 10 * 9);
	if (zip == NULL || !gives_back(zip, bytes, name))
		return NULL;
	replacement = g_new0(MimeReplacement, 1);
	replacement->part = attachment->part;
	replacement->bytes = g_steal_pointer(&zip);
	replacement->type = "application/zip";
	replacement->name = g_strconcat(name, ".zip", NULL);
	return replacement;
}

static gboolean is_listed(const GArray *parts, guint part)
{
	for (guint i = 0; i < parts->len; i++)
		if (g_array_index(parts, guint, i) == part)
			return TRUE;
	return FALSE;
}

gboolean compress_attachments(MailMessage *message, const GPtrArray *attachments,
	const GArray *parts, guint *done, GError **error)
{
	g_autoptr(GPtrArray) replacements =
		g_ptr_array_new_with_free_func((GDestroyNotify)mime_replacement_free);

	*done = 0;
	for (guint i = 0; parts->len > 0 && i < attachments->len; i++) {
		const AttachmentFacts *attachment = g_ptr_array_index(attachments, i);
		MimeReplacement *replacement = is_listed(parts, attachment->part)
						       ? compress_one(message, attachment)
						       : NULL;

		if (replacement != NULL)
			g_ptr_array_add(replacements, replacement);
	}
	return replacements->len == 0 ||
	       mime_replace_attachments(message, replacements, done, error);
}
