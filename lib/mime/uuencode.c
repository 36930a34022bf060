/*
 * uuencode.h: a scan for lines that begin a file; GMime decodes each line by itself, so that a
 * spoilt one does not hide the rest. Never fails; no shared state.
 */
#include "mime/uuencode.h"

#include <gmime/gmime.h>
#include <string.h>

#include "mime/attachments.h"

#define BEGIN "begin"
#define LINE_MAX_BYTES 63 /* that a line's length letter can tell of */
#define LINE_MAX_LETTERS (1 + (LINE_MAX_BYTES + 2) / 3 * 4)

typedef struct {
	const char *text;
	gsize size;
} Line;

/* Behind "begin" in its line: mode, blank, name; or two blanks and a name. NULL: no such line. */
static char *read_name(const char *line, gsize size)
{
	g_autofree char *text = g_strndup(line, size);
	gsize blanks = strspn(text, " \t"), digits = strspn(text + blanks, "01234567");
	const char *name = text + blanks + digits;

	if (blanks == 0 || (digits > 0 ? digits < 3 || strspn(name, " \t") == 0 : blanks < 2))
		return NULL;
	size = strlen(name);
	name += size > MIME_MAX_NAME_BYTES ? size - MIME_MAX_NAME_BYTES : 0;
	return g_strstrip(g_utf8_make_valid(name, -1));
}

static Line line_at(const guint8 *text, gsize size, gsize at)
{
	Line line = {(const char *)text + at, 0};

	while (at + line.size < size && line.text[line.size] != '\r' &&
		line.text[line.size] != '\n')
		line.size++;
	return line;
}

/* The name in the next beginning, *at behind its line; NULL: none. */
static char *find_begin(const guint8 *text, gsize size, gsize *at)
{
	const gsize word = strlen(BEGIN);

	for (const guint8 *from = text + *at, *found;; from = found + word) {
		gsize place = (gsize)(from - text);
		Line line;
		char *name;

		found = place < size ? memmem(from, size - place, BEGIN, word) : NULL;
		if (found == NULL)
			return NULL;
		if (found > text && found[-1] != '\n' && found[-1] != '\r')
			continue;
		place = (gsize)(found - text) + word;
		line = line_at(text, size, place);
		name = read_name(line.text, line.size);
		if (name == NULL)
			continue;
		*at = place + line.size;
		return name;
	}
}

static void decode_line(GByteArray *bytes, Line line)
{
	guint length = (guint)(line.text[0] - ' ') & LINE_MAX_BYTES;
	gsize letters = 1 + (gsize)(length + 2) / 3 * 4;
	char full[LINE_MAX_LETTERS], out[2 * LINE_MAX_LETTERS];
	GMimeEncoding decoder;

	if (length == 0)
		return;
	memset(full, ' ', sizeof full);
	memcpy(full, line.text, MIN(line.size, letters));
	g_mime_encoding_init_decode(&decoder, GMIME_CONTENT_ENCODING_UUENCODE);
	g_byte_array_append(bytes, (const guint8 *)out,
		(guint)g_mime_encoding_step(&decoder, full, letters, out));
}

static gboolean ends(Line line)
{
	return line.size >= 3 && memcmp(line.text, "end", 3) == 0;
}

UuFile *uuencode_next(const guint8 *text, gsize size, gsize *at)
{
	char *name = size > 0 ? find_begin(text, size, at) : NULL;
	gsize start = *at;
	UuFile *file;

	if (name == NULL)
		return NULL;
	file = g_new0(UuFile, 1);
	*file = (UuFile){name, g_byte_array_new(), TRUE};
	while (*at < size) {
		Line line = line_at(text, size, *at);

		if (ends(line) || (line.size > 5 && memcmp(line.text, BEGIN, 5) == 0))
			break;
		*at += line.size + 1;
		file->whole = file->bytes->len <= *at - start;
		if (!file->whole)
			break;
		if (line.size > 0)
			decode_line(file->bytes, line);
	}
	*at = MIN(*at, size);
	return file;
}

void uuencode_file_free(UuFile *file)
{
	g_free(file->name);
	g_byte_array_unref(file->bytes);
	g_free(file);
}
