/*
 * pdf_signed.h: pdfsig names the ranges "[0 - A], [B - C]" of each signature; between A and B lies
 * <HEX>, the CMS and zeros that fill its place. Nothing of what it says is believed: the ranges
 * have to begin with the file, end with it and leave out these digits alone. Pure; any thread.
 */
#include "inspect/pdf_signed.h"

#include <string.h>

#include "base/error.h"
#include "base/hex.h"

#define RANGES "  - Signed Ranges: "
#define WHOLE "  - Total document signed"
#define SIGNATURE "Signature #"

typedef struct {
	guint64 first_end, second_start, end;
} Ranges;

static gboolean fail(GError **error, const char *why)
{
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "PDF: %s", why);
	return FALSE;
}

/* Takes a number and what has to stand behind it. */
static gboolean take(const char **at, const char *behind, guint64 *number)
{
	char *end;

	if (!g_ascii_isdigit(**at))
		return FALSE;
	*number = g_ascii_strtoull(*at, &end, 10);
	if (!g_str_has_prefix(end, behind))
		return FALSE;
	*at = end + strlen(behind);
	return TRUE;
}

static gboolean read_ranges(const char *text, Ranges *ranges)
{
	guint64 start;

	return *text++ == '[' && take(&text, " - ", &start) && start == 0 &&
	       take(&text, "], [", &ranges->first_end) &&
	       take(&text, " - ", &ranges->second_start) && take(&text, "]", &ranges->end) &&
	       *text == '\0';
}

/* Of the last signature that covers the whole. Two lines of one kind in a signature are a
 * stranger's, who has them in a name. */
static gboolean find_ranges(const char *said, Ranges *ranges)
{
	g_auto(GStrv) lines = g_strsplit(said, "\n", -1);
	gboolean found = FALSE;
	const char *own = NULL;
	guint n = 0;

	for (char **line = lines; *line != NULL; line++) {
		if (g_str_has_prefix(*line, SIGNATURE)) {
			own = NULL;
			n = 0;
		} else if (g_str_has_prefix(*line, RANGES)) {
			own = *line + strlen(RANGES);
			if (++n > 1)
				return FALSE;
		} else if (strcmp(*line, WHOLE) == 0) {
			found = own != NULL && read_ranges(own, ranges);
			if (!found)
				return FALSE;
		}
	}
	return found;
}

static GBytes *read_cms(const char *hex, gsize size)
{
	g_autofree guint8 *bytes = NULL;
	gsize n = size / 2;

	if (size < 2 || size % 2 != 0 || n > PDF_SIGNED_CMS_BYTES_MAX)
		return NULL;
	bytes = g_malloc(n);
	if (!hex_to_bytes(hex, bytes, n))
		return NULL;
	return g_bytes_new_take(g_steal_pointer(&bytes), n);
}

gboolean pdf_signed_split(
	GBytes *pdf, const char *said, GBytes **cms, GBytes **content, GError **error)
{
	gsize size;
	const char *data = g_bytes_get_data(pdf, &size);
	GByteArray *both;
	Ranges at;

	if (!find_ranges(said, &at))
		return fail(error, "no signature covers all of it");
	if (at.end != size || at.first_end >= at.second_start || at.second_start >= size ||
		at.second_start - at.first_end < 2 || data[at.first_end] != '<' ||
		data[at.second_start - 1] != '>')
		return fail(error, "its signature does not cover all but itself");
	*cms = read_cms(data + at.first_end + 1, at.second_start - at.first_end - 2);
	if (*cms == NULL)
		return fail(error, "its signature cannot be read");
	both = g_byte_array_sized_new((guint)size);
	g_byte_array_append(both, (const guint8 *)data, (guint)at.first_end);
	g_byte_array_append(
		both, (const guint8 *)data + at.second_start, (guint)(size - at.second_start));
	*content = g_byte_array_free_to_bytes(both);
	return TRUE;
}
