/* tnef.h: signature, key, then records {level, attribute, length, content, checksum}. Pure. */
#include "archive/tnef.h"

#define HEAD_BYTES 6	    /* signature and key */
#define RECORD_HEAD_BYTES 9 /* level, attribute, length */
#define CHECKSUM_BYTES 2
#define ATTACH_DATA 0x0006800f
#define ATTACH_TITLE 0x00018010

static guint32 read_u32(const guint8 *bytes)
{
	return (guint32)bytes[0] | (guint32)bytes[1] << 8 | (guint32)bytes[2] << 16 |
	       (guint32)bytes[3] << 24;
}

static char *read_title(const guint8 *bytes, gsize size)
{
	g_autofree char *raw = g_strndup((const char *)bytes, size);

	return g_utf8_make_valid(raw[0] != '\0' ? raw : "adjunto", -1);
}

ArchiveLook tnef_look(
	const guint8 *bytes, gsize size, ArchiveBudget *budget, ArchiveVisit visit, gpointer data)
{
	g_autofree char *title = g_strdup("adjunto");
	gsize at = HEAD_BYTES;

	while (at < size) {
		guint32 attribute, length;
		const guint8 *content;

		if (size - at < RECORD_HEAD_BYTES + CHECKSUM_BYTES)
			return ARCHIVE_LOOK_UNREADABLE;
		attribute = read_u32(bytes + at + 1);
		length = read_u32(bytes + at + 5);
		content = bytes + at + RECORD_HEAD_BYTES;
		if (length > size - at - RECORD_HEAD_BYTES - CHECKSUM_BYTES)
			return ARCHIVE_LOOK_UNREADABLE;
		if (attribute == ATTACH_TITLE) {
			g_free(title);
			title = read_title(content, length);
		} else if (attribute == ATTACH_DATA) {
			const ArchiveEntry entry = {title, FALSE, content, length, TRUE};

			if (budget->entries == 0)
				return ARCHIVE_LOOK_TOO_MUCH;
			budget->entries--;
			visit(&entry, data);
		}
		at += RECORD_HEAD_BYTES + (gsize)length + CHECKSUM_BYTES;
	}
	return ARCHIVE_LOOK_DONE;
}
