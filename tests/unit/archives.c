/* archives.h: libarchive writes what it can; rar by hand, stored (technote.txt of unrar). */
#include "archives.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

static la_ssize_t append(struct archive *archive, void *data, const void *block, size_t size)
{
	(void)archive;
	g_byte_array_append(data, block, (guint)size);
	return (la_ssize_t)size;
}

static void must(int code, struct archive *archive)
{
	if (code < ARCHIVE_WARN)
		g_error("%s", archive_error_string(archive));
}

static void set_format(struct archive *archive, const char *format)
{
	if (g_str_has_prefix(format, "zip"))
		must(archive_write_set_format_zip(archive), archive);
	if (strcmp(format, "zip-stored") == 0)
		must(archive_write_zip_set_compression_store(archive), archive);
	if (strcmp(format, "zip-locked") == 0) {
		must(archive_write_set_options(archive, "zip:encryption=traditional"), archive);
		must(archive_write_set_passphrase(archive, "clave"), archive);
	}
	if (strcmp(format, "7z") == 0)
		must(archive_write_set_format_7zip(archive), archive);
	if (g_str_has_prefix(format, "tar"))
		must(archive_write_set_format_ustar(archive), archive);
	if (strcmp(format, "gz") == 0)
		must(archive_write_set_format_raw(archive), archive);
	if (g_str_has_suffix(format, "gz"))
		must(archive_write_add_filter_gzip(archive), archive);
}

static GByteArray *write_archive(const char *format, const Member *members, gsize n)
{
	struct archive *archive = archive_write_new();
	GByteArray *out = g_byte_array_new();

	set_format(archive, format);
	archive_write_set_bytes_in_last_block(archive, 1);
	must(archive_write_open(archive, out, NULL, append, NULL), archive);
	for (gsize i = 0; i < n; i++) {
		struct archive_entry *entry = archive_entry_new();

		archive_entry_set_pathname(entry, members[i].name);
		archive_entry_set_filetype(entry, AE_IFREG);
		archive_entry_set_perm(entry, 0644);
		archive_entry_set_size(entry, (la_int64_t)members[i].size);
		must(archive_write_header(archive, entry), archive);
		must((int)MIN(archive_write_data(archive, members[i].bytes, members[i].size), 0),
			archive);
		archive_entry_free(entry);
	}
	must(archive_write_close(archive), archive);
	archive_write_free(archive);
	return out;
}

static guint32 crc32_of(const guint8 *bytes, gsize size)
{
	guint32 crc = 0xffffffff;

	for (gsize i = 0; i < size; i++) {
		crc ^= bytes[i];
		for (guint bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

static void add(GByteArray *out, guint64 value, guint bytes)
{
	for (; bytes > 0; bytes--, value >>= 8) {
		guint8 byte = (guint8)value;

		g_byte_array_append(out, &byte, 1);
	}
}

/* A variable-length number of rar 5. */
static void add_vint(GByteArray *out, guint64 value)
{
	for (; value > 127; value >>= 7)
		add(out, (value & 127) | 128, 1);
	add(out, value, 1);
}

static void add_block5(GByteArray *out, const GByteArray *header)
{
	g_autoptr(GByteArray) sized = g_byte_array_new();

	add_vint(sized, header->len);
	g_byte_array_append(sized, header->data, header->len);
	add(out, crc32_of(sized->data, sized->len), 4);
	g_byte_array_append(out, sized->data, sized->len);
}

static void add_plain5(GByteArray *out, guint type)
{
	g_autoptr(GByteArray) header = g_byte_array_new();

	add_vint(header, type);
	add_vint(header, 0);
	add_vint(header, 0);
	add_block5(out, header);
}

static GByteArray *write_rar5(const Member *members, gsize n)
{
	GByteArray *out = g_byte_array_new();

	g_byte_array_append(out, (const guint8 *)"Rar!\x1a\7\1\0", 8);
	add_plain5(out, 1);
	for (gsize i = 0; i < n; i++) {
		g_autoptr(GByteArray) header = g_byte_array_new();

		add_vint(header, 2); /* a file, */
		add_vint(header, 2); /* with data */
		add_vint(header, members[i].size);
		add_vint(header, 4); /* its CRC is there */
		add_vint(header, members[i].size);
		add_vint(header, 0644);
		add(header, crc32_of(members[i].bytes, members[i].size), 4);
		add_vint(header, 0);
		add_vint(header, 1);
		add_vint(header, strlen(members[i].name));
		g_byte_array_append(
			header, (const guint8 *)members[i].name, (guint)strlen(members[i].name));
		add_block5(out, header);
		g_byte_array_append(out, members[i].bytes, (guint)members[i].size);
	}
	add_plain5(out, 5);
	return out;
}

static void add_block4(GByteArray *out, const GByteArray *header)
{
	add(out, crc32_of(header->data, header->len) & 0xffff, 2);
	g_byte_array_append(out, header->data, header->len);
}

static GByteArray *write_rar4(const Member *members, gsize n)
{
	GByteArray *out = g_byte_array_new();
	g_autoptr(GByteArray) main = g_byte_array_new();

	g_byte_array_append(out, (const guint8 *)"Rar!\x1a\7\0", 7);
	add(main, 0x73, 1);
	add(main, 0, 2);
	add(main, 13, 2);
	add(main, 0, 6);
	add_block4(out, main);
	for (gsize i = 0; i < n; i++) {
		g_autoptr(GByteArray) header = g_byte_array_new();
		gsize name = strlen(members[i].name);

		add(header, 0x74, 1);
		add(header, 0x8000, 2);
		add(header, 32 + name, 2);
		add(header, members[i].size, 4);
		add(header, members[i].size, 4);
		add(header, 3, 1);
		add(header, crc32_of(members[i].bytes, members[i].size), 4);
		add(header, 0x5a210000, 4);
		add(header, 20, 1);
		add(header, 0x30, 1);
		add(header, name, 2);
		add(header, 0100644, 4);
		g_byte_array_append(header, (const guint8 *)members[i].name, (guint)name);
		add_block4(out, header);
		g_byte_array_append(out, members[i].bytes, (guint)members[i].size);
	}
	return out;
}

GByteArray *archive_make(const char *format, const Member *members, gsize n)
{
	if (strcmp(format, "rar4") == 0)
		return write_rar4(members, n);
	if (strcmp(format, "rar5") == 0)
		return write_rar5(members, n);
	return write_archive(format, members, n);
}
