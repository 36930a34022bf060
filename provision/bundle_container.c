/*
 * bundle_container.h. The zip is written here and not by libarchive, whose output has the local
 * time, owner fields and, between versions, other bytes: the check must get the same ones years
 * later. Stored, for the same reason. Never fails; no shared state.
 */
#include "provision/bundle_container.h"

#include <string.h>

#define ZIP_VERSION 20
#define DOS_DATE 0x21 /* 1980-01-01: a zip has to have one */
#define LOCAL_MARK 0x04034b50u
#define CENTRAL_MARK 0x02014b50u
#define END_MARK 0x06054b50u
#define PLAIN_FILE (0100644u << 16)
#define UNIX 3

static guint rank_of(const char *name)
{
	if (strcmp(name, "mimetype") == 0)
		return 0;
	return g_str_has_prefix(name, "META-INF/") ? 1 : 2;
}

static int compare_names(const void *a, const void *b)
{
	const char *left = *(char *const *)a, *right = *(char *const *)b;
	guint left_rank = rank_of(left), right_rank = rank_of(right);

	return left_rank != right_rank ? (left_rank < right_rank ? -1 : 1) : strcmp(left, right);
}

static GPtrArray *names_of(GHashTable *files)
{
	GPtrArray *names = g_ptr_array_new();
	GHashTableIter iter;
	gpointer name;

	g_hash_table_iter_init(&iter, files);
	while (g_hash_table_iter_next(&iter, &name, NULL))
		g_ptr_array_add(names, name);
	g_ptr_array_sort(names, compare_names);
	return names;
}

static const char *type_of(const char *name)
{
	static const struct {
		const char *suffix, *type;
	} types[] = {{".eml", "message/rfc822"}, {".json", "application/json"},
		{".pdf", "application/pdf"}, {".png", "image/png"},
		{".p7s", "application/pkcs7-signature"}, {".tsr", "application/timestamp-reply"},
		{".txt", "text/plain"}};

	for (guint i = 0; i < G_N_ELEMENTS(types); i++)
		if (g_str_has_suffix(name, types[i].suffix))
			return types[i].type;
	return "application/octet-stream";
}

static void add_reference(GString *text, const char *name, GBytes *bytes)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	g_autofree char *escaped = g_markup_escape_text(name, -1), *base64 = NULL;
	guint8 digest[32];
	gsize size, length = sizeof digest;
	const guint8 *data = g_bytes_get_data(bytes, &size);

	if (size > 0)
		g_checksum_update(sum, data, (gssize)size);
	g_checksum_get_digest(sum, digest, &length);
	base64 = g_base64_encode(digest, length);
	g_string_append_printf(text,
		"<asic:DataObjectReference URI=\"%s\" MimeType=\"%s\">\n"
		"<ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/>\n"
		"<ds:DigestValue>%s</ds:DigestValue>\n</asic:DataObjectReference>\n",
		escaped, type_of(name), base64);
}

char *bundle_manifest(GHashTable *files)
{
	g_autoptr(GPtrArray) names = names_of(files);
	GString *text =
		g_string_new("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
			     "<asic:ASiCManifest xmlns:asic=\"http://uri.etsi.org/02918/v1.2.1#\" "
			     "xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">\n"
			     "<asic:SigReference URI=\"" BUNDLE_SIGNATURE
			     "\" MimeType=\"application/pkcs7-signature\"/>\n");

	for (guint i = 0; i < names->len; i++)
		if (rank_of(names->pdata[i]) == 2)
			add_reference(
				text, names->pdata[i], g_hash_table_lookup(files, names->pdata[i]));
	g_string_append(text, "</asic:ASiCManifest>\n");
	return g_string_free(text, FALSE);
}

/* CRC-32 of ISO 3309, as zip has it. */
static void fill_table(guint32 table[256])
{
	for (guint32 i = 0; i < 256; i++) {
		guint32 c = i;

		for (guint bit = 0; bit < 8; bit++)
			c = (c & 1) != 0 ? 0xedb88320u ^ (c >> 1) : c >> 1;
		table[i] = c;
	}
}

static guint32 crc_of(const guint32 table[256], const guint8 *bytes, gsize size)
{
	guint32 c = 0xffffffffu;

	for (gsize i = 0; i < size; i++)
		c = table[(c ^ bytes[i]) & 0xff] ^ (c >> 8);
	return c ^ 0xffffffffu;
}

static void put16(GByteArray *out, guint16 value)
{
	guint16 little = GUINT16_TO_LE(value);

	g_byte_array_append(out, (const guint8 *)&little, sizeof little);
}

static void put32(GByteArray *out, guint32 value)
{
	guint32 little = GUINT32_TO_LE(value);

	g_byte_array_append(out, (const guint8 *)&little, sizeof little);
}

/* What a local header and its copy in the central directory share. */
static void put_common(GByteArray *out, const char *name, guint32 crc, guint32 size)
{
	put16(out, ZIP_VERSION);
	put16(out, 0); /* flags */
	put16(out, 0); /* stored */
	put16(out, 0); /* time */
	put16(out, DOS_DATE);
	put32(out, crc);
	put32(out, size);
	put32(out, size);
	put16(out, (guint16)strlen(name));
	put16(out, 0); /* no extra field: a reader of ASiC finds the type at a fixed place */
}

static void put_central(
	GByteArray *out, const char *name, guint32 crc, guint32 size, guint32 offset)
{
	put32(out, CENTRAL_MARK);
	put16(out, UNIX << 8 | ZIP_VERSION);
	put_common(out, name, crc, size);
	put16(out, 0); /* comment */
	put16(out, 0); /* disk */
	put16(out, 0); /* internal attributes */
	put32(out, PLAIN_FILE);
	put32(out, offset);
	g_byte_array_append(out, (const guint8 *)name, (guint)strlen(name));
}

GBytes *bundle_zip(GHashTable *files)
{
	g_autoptr(GPtrArray) names = names_of(files);
	g_autoptr(GByteArray) central = g_byte_array_new();
	GByteArray *out = g_byte_array_new();
	guint32 table[256], start;

	fill_table(table);
	for (guint i = 0; i < names->len; i++) {
		const char *name = names->pdata[i];
		gsize size;
		const guint8 *data = g_bytes_get_data(g_hash_table_lookup(files, name), &size);
		guint32 crc = crc_of(table, data, size);

		put_central(central, name, crc, (guint32)size, out->len);
		put32(out, LOCAL_MARK);
		put_common(out, name, crc, (guint32)size);
		g_byte_array_append(out, (const guint8 *)name, (guint)strlen(name));
		if (size > 0)
			g_byte_array_append(out, data, (guint)size);
	}
	start = out->len;
	g_byte_array_append(out, central->data, central->len);
	put32(out, END_MARK);
	put32(out, 0); /* disks */
	put16(out, (guint16)names->len);
	put16(out, (guint16)names->len);
	put32(out, central->len);
	put32(out, start);
	put16(out, 0); /* comment */
	return g_byte_array_free_to_bytes(out);
}
