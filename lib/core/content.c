/*
 * content.h: marks of file formats, the directory of an OLE file, and names. Pure functions, never
 * fail; every offset is checked against the size.
 */
#include "core/content.h"

#include <string.h>

#define ZIP_END_BYTES (65535 + 22) /* where a zip's end record may stand (APPNOTE 4.3.16) */
#define HEAD_BYTES 4096		   /* of a text in which marks may stand anywhere */

typedef struct {
	gsize offset;
	const char *mark;
	gsize size;
	ContentKind kind;
} Mark;

#define MARK(offset, mark, kind)                                                                   \
	{                                                                                          \
		offset, mark, sizeof(mark) - 1, kind                                               \
	}

static const Mark marks[] = {
	MARK(0,
		"\x7f"
		"ELF",
		CONTENT_PROGRAM),
	MARK(0, "\xfe\xed\xfa\xce", CONTENT_PROGRAM), /* Mach-O */
	MARK(0, "\xfe\xed\xfa\xcf", CONTENT_PROGRAM),
	MARK(0, "\xce\xfa\xed\xfe", CONTENT_PROGRAM),
	MARK(0, "\xcf\xfa\xed\xfe", CONTENT_PROGRAM),
	MARK(0, "\xca\xfe\xba\xbe", CONTENT_PROGRAM), /* Mach-O for several, and Java classes */
	MARK(0, "\xca\xfe\xd0\x0d", CONTENT_PROGRAM), /* Java, packed */
	MARK(0, "dex\n03", CONTENT_PROGRAM),	      /* Android */
	MARK(0, "\0asm", CONTENT_PROGRAM),
	MARK(0, "\x4c\0\0\0\x01\x14\x02\0", CONTENT_PROGRAM), /* Windows shortcut */
	MARK(0, "ITSF\3\0\0\0", CONTENT_PROGRAM),	      /* compiled help */
	MARK(0, "#@~^", CONTENT_PROGRAM),		      /* encoded VBScript */
	/* OneNote, which starts what is in it: .one and .onetoc2 ([MS-ONESTORE] 2.3.1). */
	MARK(0, "\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d", CONTENT_PROGRAM),
	MARK(0, "\xa1\x2f\xff\x43\xd9\xef\x76\x4c", CONTENT_PROGRAM),
	MARK(0, "REGEDIT4", CONTENT_PROGRAM),
	MARK(0, "Windows Registry Editor", CONTENT_PROGRAM),
	MARK(0, "\xff\xfeW\0i\0n\0d\0o\0w\0s\0 \0R\0e\0g\0i\0s\0t\0r\0y\0", CONTENT_PROGRAM),
	MARK(0, "conectix", CONTENT_PROGRAM), /* disk images: VHD, VHDX, VMDK, ISO, UDF */
	MARK(0, "vhdxfile", CONTENT_PROGRAM),
	MARK(0, "KDMV", CONTENT_PROGRAM),
	MARK(0, "# Disk DescriptorFile", CONTENT_PROGRAM),
	MARK(32769, "CD001", CONTENT_PROGRAM),
	MARK(32769, "BEA01", CONTENT_PROGRAM),
	MARK(0, "PK\003\004", CONTENT_ZIP),
	MARK(0, "PK\005\006", CONTENT_ZIP),
	MARK(0, "PK00PK\003\004", CONTENT_ZIP),
	MARK(0, "PK\007\010PK\003\004", CONTENT_ZIP),
	MARK(0, "7z\xbc\xaf\x27\x1c", CONTENT_ARCHIVE),
	MARK(0, "Rar!\x1a\x07", CONTENT_ARCHIVE),
	MARK(0, "MSCF\0\0\0\0", CONTENT_ARCHIVE),
	MARK(257, "ustar", CONTENT_ARCHIVE),
	MARK(0, "\x1f\x8b\x08", CONTENT_COMPRESSED),
	MARK(4, "1AY&SY", CONTENT_COMPRESSED),
	MARK(0,
		"\xfd"
		"7zXZ\0",
		CONTENT_COMPRESSED),
	MARK(0, "\x28\xb5\x2f\xfd", CONTENT_COMPRESSED),
	MARK(0, "\x1f\x9d", CONTENT_COMPRESSED),
	MARK(0, "\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff", CONTENT_COMPRESSED),
	MARK(7, "**ACE**", CONTENT_FOREIGN_ARCHIVE),
	MARK(2, "-lh0-", CONTENT_FOREIGN_ARCHIVE),
	MARK(2, "-lh1-", CONTENT_FOREIGN_ARCHIVE),
	MARK(2, "-lh4-", CONTENT_FOREIGN_ARCHIVE),
	MARK(2, "-lh5-", CONTENT_FOREIGN_ARCHIVE),
	MARK(2, "-lh6-", CONTENT_FOREIGN_ARCHIVE),
	MARK(2, "-lh7-", CONTENT_FOREIGN_ARCHIVE),
	MARK(20, "\xdc\xa7\xc4\xfd", CONTENT_FOREIGN_ARCHIVE), /* zoo */
	MARK(0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", CONTENT_OLE),
	MARK(0, "\x78\x9f\x3e\x22", CONTENT_TNEF),
};

/* Words that begin a script or stand early in one; letters in lower case. */
static const char *const script_starts[] = {
	"@echo off", "[internetshortcut]", "[desktop entry]", "on error resume next"};
static const char *const script_words[] = {"<hta:application", "<scriptlet"};

static gboolean has_mark(const guint8 *bytes, gsize size, const Mark *mark)
{
	return size >= mark->offset + mark->size &&
	       memcmp(bytes + mark->offset, mark->mark, mark->size) == 0;
}

/* "MZ" begins words too; a program has NULs among its next bytes. */
static gboolean is_dos_program(const guint8 *bytes, gsize size)
{
	return size > 64 && (memcmp(bytes, "MZ", 2) == 0 || memcmp(bytes, "ZM", 2) == 0) &&
	       memchr(bytes, '\0', 64) != NULL;
}

/* A header of 30 to 48 bytes at the beginning of a block of at most 2600. */
static gboolean is_arj(const guint8 *bytes, gsize size)
{
	return size > 10 && bytes[0] == 0x60 && bytes[1] == 0xea && bytes[3] <= 2600 >> 8 &&
	       bytes[4] >= 30 && bytes[4] <= 48;
}

static gboolean has_interpreter(const guint8 *bytes, gsize size)
{
	gsize at = 2;

	if (size < 3 || bytes[0] != '#' || bytes[1] != '!')
		return FALSE;
	while (at < size && (bytes[at] == ' ' || bytes[at] == '\t'))
		at++;
	return at < size && bytes[at] == '/';
}

/* Whether the first element of the text is that of a drawing. */
static gboolean is_svg(const char *text)
{
	const char *at = text;
	gsize word;

	while ((at = strchr(at, '<')) != NULL && (at[1] == '?' || at[1] == '!')) {
		at = strstr(at, g_str_has_prefix(at, "<!--") ? "-->" : ">");
		if (at == NULL)
			return FALSE;
	}
	if (at == NULL)
		return FALSE;
	word = strcspn(++at, " \t\r\n/>");
	return word >= 3 && g_ascii_strncasecmp(at + word - 3, "svg", 3) == 0 &&
	       (word == 3 || at[word - 4] == ':');
}

/* What runs when a browser shows it: elements, attributes and links that SVG has for it. UTF-16 is
 * read by its ASCII letters. */
static gboolean is_live_drawing(const guint8 *bytes, gsize size)
{
	gsize at = 0;
	g_autofree char *text = NULL;
	char *to;

	while (at < size && at < HEAD_BYTES &&
		memchr("\xef\xbb\xbf\xff\xfe\0 \t\r\n", bytes[at], 10) != NULL)
		at++;
	if (at == size || bytes[at] != '<')
		return FALSE;
	to = text = g_malloc(size + 1);
	for (; at < size; at++)
		if (bytes[at] != '\0')
			*to++ = (char)bytes[at];
	*to = '\0';
	/* What an entity stands for may be spelt so that no word of these shows in it. */
	if (strstr(text, "<!ENTITY") != NULL && strstr(text, "svg") != NULL &&
		strstr(text, "&#") != NULL)
		return TRUE;
	return is_svg(text) &&
	       g_regex_match_simple("<([\\w.-]+:)?(script|handler|foreignobject)[\\s/>]"
				    "|[\\s\"'/]on[a-z]+\\s*=\\s*[\"']|[\\s\"']javascript:",
		       text, G_REGEX_CASELESS | G_REGEX_RAW, 0);
}

static gboolean is_script(const guint8 *bytes, gsize size)
{
	g_autofree char *text = NULL;
	const char *start;

	if (size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
		bytes += 3;
		size -= 3;
	}
	if (has_interpreter(bytes, size))
		return TRUE;
	text = g_strndup((const char *)bytes, MIN(size, HEAD_BYTES));
	for (char *c = text; *c != '\0'; c++)
		*c = g_ascii_tolower(*c);
	start = text + strspn(text, " \t\r\n");
	for (gsize i = 0; i < G_N_ELEMENTS(script_starts); i++)
		if (g_str_has_prefix(start, script_starts[i]))
			return TRUE;
	for (gsize i = 0; i < G_N_ELEMENTS(script_words); i++)
		if (strstr(text, script_words[i]) != NULL)
			return TRUE;
	return FALSE;
}

/* Marks of disk images that stand before the end: fixed VHD, DMG. */
static gboolean has_image_trailer(const guint8 *bytes, gsize size)
{
	return size >= 512 && (memcmp(bytes + size - 512, "conectix", 8) == 0 ||
				      memcmp(bytes + size - 512, "koly\0\0\0\4", 8) == 0);
}

static gboolean has_zip_end(const guint8 *bytes, gsize size)
{
	gsize tail = MIN(size, ZIP_END_BYTES);

	return tail >= 22 && memmem(bytes + size - tail, tail, "PK\005\006", 4) != NULL;
}

ContentKind content_kind(const guint8 *bytes, gsize size)
{
	if (size == 0)
		return CONTENT_OTHER;
	for (gsize i = 0; i < G_N_ELEMENTS(marks); i++)
		if (has_mark(bytes, size, &marks[i]))
			return marks[i].kind;
	if (is_dos_program(bytes, size) || is_script(bytes, size) || is_live_drawing(bytes, size) ||
		has_image_trailer(bytes, size))
		return CONTENT_PROGRAM;
	if (is_arj(bytes, size))
		return CONTENT_FOREIGN_ARCHIVE;
	/* A PDF may have something in front of it; a zip may stand behind anything. */
	if (has_zip_end(bytes, size))
		return CONTENT_ZIP;
	return memmem(bytes, MIN(size, 1024), "%PDF-", 5) != NULL ? CONTENT_PDF : CONTENT_OTHER;
}

static guint32 read_u32(const guint8 *bytes)
{
	return (guint32)bytes[0] | (guint32)bytes[1] << 8 | (guint32)bytes[2] << 16 |
	       (guint32)bytes[3] << 24;
}

/* The class of the root entry ([MS-CFB] 2.2, 2.6.1): 000C108n-...-46 are Windows Installer's. */
static gboolean is_installer(const guint8 *bytes, gsize size)
{
	static const guint8 rest[] = {0x10, 0x0c, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46};
	gsize shift, root;

	if (size < 512)
		return FALSE;
	shift = bytes[30] == 12 ? 12 : 9;
	root = ((gsize)read_u32(bytes + 48) + 1) << shift;
	return root + 128 <= size && (bytes[root + 80] & 0xf8) == 0x80 &&
	       memcmp(bytes + root + 81, rest, sizeof rest) == 0;
}

/* Names of streams stand in the directory as they are, in UTF-16. */
static gboolean has_stream(const guint8 *bytes, gsize size, const char *name)
{
	guint8 wide[64] = {0};
	gsize length = strlen(name);

	for (gsize i = 0; i < length && i < sizeof wide / 2; i++)
		wide[2 * i] = (guint8)name[i];
	return memmem(bytes, size, wide, 2 * length) != NULL;
}

guint content_ole_traits(const guint8 *bytes, gsize size)
{
	guint traits = 0;

	if (has_stream(bytes, size, "_VBA_PROJECT"))
		traits |= OLE_MACROS;
	if (has_stream(bytes, size, "EncryptedPackage"))
		traits |= OLE_ENCRYPTED;
	if (is_installer(bytes, size))
		traits |= OLE_INSTALLER;
	return traits;
}

/* Letters as Windows and macOS take them: compatible forms are one, what is not seen is gone. */
static char *plain_name(const char *name)
{
	g_autofree char *normal = g_utf8_normalize(name, -1, G_NORMALIZE_ALL_COMPOSE);
	g_autoptr(GString) out = g_string_new(NULL);
	const char *base;

	for (const char *at = normal; at != NULL && *at != '\0'; at = g_utf8_next_char(at)) {
		gunichar c = g_utf8_get_char(at);

		if (g_unichar_type(c) != G_UNICODE_FORMAT && !g_unichar_iscntrl(c))
			g_string_append_unichar(out, g_unichar_tolower(c));
	}
	base = MAX(strrchr(out->str, '/'), strrchr(out->str, '\\'));
	return g_strdup(base != NULL ? base + 1 : out->str);
}

static void cut_end(char *name)
{
	for (;;) {
		char *last = g_utf8_find_prev_char(name, name + strlen(name));
		gunichar c = last != NULL ? g_utf8_get_char(last) : 0;

		if (c == 0 || !(g_unichar_isspace(c) || strchr(".'\"", (int)MIN(c, 127)) != NULL))
			return;
		*last = '\0';
	}
}

static gboolean is_blocked_extension(char *name, const char *const *extensions)
{
	const char *dot;

	cut_end(name);
	dot = strrchr(name, '.');
	if (dot == NULL)
		return FALSE;
	return (dot[1] == '{' && g_str_has_suffix(dot, "}")) ||
	       g_strv_contains(extensions, dot + 1);
}

static gboolean turns_round(const char *name)
{
	for (const char *at = name; *at != '\0'; at = g_utf8_next_char(at)) {
		gunichar c = g_utf8_get_char(at);

		if (c == 0x202d || c == 0x202e)
			return TRUE;
	}
	return FALSE;
}

gboolean content_name_is_blocked(const char *name, const char *const *extensions)
{
	g_autofree char *valid = g_utf8_make_valid(name, -1), *plain = plain_name(valid);
	char *stream = strchr(plain, ':');

	if (turns_round(valid) || is_blocked_extension(plain, extensions))
		return TRUE;
	if (stream == NULL)
		return FALSE;
	*stream = '\0';
	return is_blocked_extension(plain, extensions);
}

gboolean content_name_has_extension(const char *name, const char *extension)
{
	const char *const extensions[] = {extension, NULL};
	g_autofree char *valid = g_utf8_make_valid(name, -1), *plain = plain_name(valid);

	return is_blocked_extension(plain, extensions);
}
