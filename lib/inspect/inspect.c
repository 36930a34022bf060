/*
 * inspect.h: decodes each attachment once and looks at it, at what is packed in it, and at the
 * attachments of mails in it. Memory: one decoded attachment, and one file for each level of
 * archives. No state; safe in every thread.
 */
#include "inspect/inspect.h"

#include <string.h>

#include "archive/tnef.h"
#include "archive/zip.h"
#include "base/error.h"
#include "cms/digest.h"
#include "inspect/apart.h"
#include "mime/attachments.h"
#include "mime/uuencode.h"

#define PDF_HEAD_BYTES 1024 /* a PDF's mark may stand behind this much of something else */

static void look_at(const Place *place, Bytes bytes);

static gboolean has_pdf_mark(const GByteArray *bytes)
{
	return bytes->len > 0 &&
	       memmem(bytes->data, MIN(bytes->len, PDF_HEAD_BYTES), "%PDF-", 5) != NULL;
}

static void note(const Place *place, BlockedReason reason)
{
	attachment_block(place->attachment, reason, place->path);
}

/* Files that only a package with code has. */
static void look_at_member_name(const Place *place, const char *name)
{
	const char *slash = strrchr(name, '/');

	if (g_ascii_strcasecmp(slash != NULL ? slash + 1 : name, "vbaProject.bin") == 0 ||
		strcmp(name, "Basic/script-lc.xml") == 0)
		attachment_block(place->attachment, BLOCKED_MACROS, place->path);
	if (strcmp(name, "META-INF/MANIFEST.MF") == 0)
		note(place, BLOCKED_CONTENT);
}

static void visit(const ArchiveEntry *entry, gpointer data)
{
	const Place *outer = data;
	g_autofree char *path = g_strconcat(outer->path, "/", entry->name, NULL);
	Place place = *outer;

	look_at_member_name(outer, entry->name);
	place.path = path;
	if (content_name_is_blocked(entry->name, place.options->extensions))
		note(&place, BLOCKED_EXTENSION);
	if (entry->encrypted)
		note(&place, BLOCKED_ENCRYPTED);
	else
		look_at(&place, (Bytes){entry->bytes, entry->size, entry->whole});
}

/* "carpeta/a.exe.gz" holds "a.exe". */
static char *name_inside(const char *path)
{
	g_autofree char *base = g_path_get_basename(path);
	char *dot = strrchr(base, '.');

	if (dot != NULL && dot != base)
		*dot = '\0';
	return g_steal_pointer(&base);
}

void place_look_here(const Place *place, Bytes bytes, ContentKind kind)
{
	/* A zip's end may stand by chance in what is none. */
	gboolean sure = kind != CONTENT_ZIP || memcmp(bytes.data, "PK", 2) == 0;
	Place inner = *place;
	g_autofree char *stream_name = name_inside(place->path);
	ArchiveLook result;

	inner.depth++;
	if (!bytes.whole || inner.depth > ARCHIVE_MAX_DEPTH) {
		note(place, BLOCKED_TOO_MUCH);
		return;
	}
	if (kind == CONTENT_TNEF)
		result = tnef_look(bytes.data, bytes.size, place->budget, visit, &inner);
	else
		result = archive_look(bytes.data, bytes.size, kind == CONTENT_COMPRESSED,
			stream_name, place->budget, visit, &inner);
	if (result == ARCHIVE_LOOK_TOO_MUCH)
		note(place, BLOCKED_TOO_MUCH);
	else if (result == ARCHIVE_LOOK_ENCRYPTED)
		note(place, BLOCKED_ENCRYPTED);
	else if (result == ARCHIVE_LOOK_UNREADABLE && sure)
		note(place, BLOCKED_UNREADABLE);
}

static void look_into_archive(const Place *place, Bytes bytes, ContentKind kind)
{
	if (place->options->looker != NULL && bytes.whole)
		apart_look(place, bytes, kind);
	else
		place_look_here(place, bytes, kind);
}

static void look_at_names(const Place *place, const AttachmentFacts *file)
{
	for (char **name = file->names; *name != NULL; name++)
		if (content_name_is_blocked(*name, place->options->extensions))
			note(place, BLOCKED_EXTENSION);
}

/* A mail that is a file: its attachments. */
static void look_into_mail(const Place *place, Bytes bytes)
{
	g_autoptr(MailMessage) message = NULL;
	g_autoptr(GPtrArray) files =
		g_ptr_array_new_with_free_func((GDestroyNotify)attachment_facts_free);

	if (!bytes.whole || place->depth + 1 > ARCHIVE_MAX_DEPTH) {
		note(place, BLOCKED_TOO_MUCH);
		return;
	}
	message = mail_message_parse(bytes.data, bytes.size);
	if (!mime_attachments(message, files, NULL))
		note(place, BLOCKED_TOO_MUCH);
	for (guint i = 0; i < files->len; i++) {
		AttachmentFacts *file = g_ptr_array_index(files, i);
		const char *name = attachment_name(file);
		g_autofree char *path =
			g_strconcat(place->path, "/", name != NULL ? name : file->type, NULL);
		Place inner = *place;
		g_autoptr(GByteArray) content = NULL;

		inner.path = path;
		inner.depth++;
		look_at_names(&inner, file);
		content = mime_attachment_bytes(message, file, G_MAXSIZE);
		look_at(&inner, (Bytes){content->data, content->len, TRUE});
	}
}

static void look_into_ole(const Place *place, Bytes bytes)
{
	guint traits = content_ole_traits(bytes.data, bytes.size);

	if (traits & OLE_INSTALLER)
		note(place, BLOCKED_CONTENT);
	if (traits & OLE_MACROS)
		note(place, BLOCKED_MACROS);
	if (traits & OLE_ENCRYPTED)
		note(place, BLOCKED_ENCRYPTED);
	if (!bytes.whole)
		note(place, BLOCKED_TOO_MUCH);
}

/* Whatever it is besides: a reader that finds such lines makes files of them. */
static void look_for_uuencoded(const Place *place, Bytes bytes)
{
	gsize at = 0;

	for (guint n = 0;; n++) {
		g_autoptr(UuFile) file = uuencode_next(bytes.data, bytes.size, &at);
		g_autofree char *path = NULL;
		Place inner = *place;

		if (file == NULL)
			return;
		path = g_strconcat(place->path, "/", file->name, NULL);
		inner.path = path;
		inner.depth++;
		if (inner.depth > ARCHIVE_MAX_DEPTH || n >= UUENCODE_MAX_FILES) {
			note(&inner, BLOCKED_TOO_MUCH);
			return;
		}
		if (content_name_is_blocked(file->name, place->options->extensions))
			note(&inner, BLOCKED_EXTENSION);
		look_at(&inner, (Bytes){file->bytes->data, file->bytes->len, file->whole});
	}
}

static void look_at(const Place *place, Bytes bytes)
{
	ContentKind kind = content_kind(bytes.data, bytes.size);

	look_for_uuencoded(place, bytes);
	switch (kind) {
	case CONTENT_PROGRAM:
		note(place, BLOCKED_CONTENT);
		break;
	case CONTENT_ZIP:
	case CONTENT_ARCHIVE:
	case CONTENT_COMPRESSED:
	case CONTENT_TNEF:
		look_into_archive(place, bytes, kind);
		break;
	case CONTENT_FOREIGN_ARCHIVE:
		note(place, BLOCKED_UNREADABLE);
		break;
	case CONTENT_OLE:
		look_into_ole(place, bytes);
		break;
	case CONTENT_OTHER:
	case CONTENT_PDF:
		if (content_name_has_extension(place->path, "eml"))
			look_into_mail(place, bytes);
		break;
	}
}

static void look_for_blocked(AttachmentFacts *attachment, const GByteArray *content,
	const InspectOptions *options, ArchiveBudget *budget, GError **trouble)
{
	const char *name = attachment_name(attachment);
	const Place place = {
		options, attachment, budget, name != NULL ? name : attachment->type, 0, trouble};
	const Bytes bytes = {content->data, content->len, TRUE};

	look_at_names(&place, attachment);
	look_at(&place, bytes);
	if (strcmp(attachment->type, "message/rfc822") == 0)
		look_into_mail(&place, bytes);
}

static void look_at_signature(AttachmentFacts *attachment, const GByteArray *content,
	PdfChecker *checker, gint64 deadline_us)
{
	g_autofree char *said = NULL;

	attachment->pdf_signature = pdf_checker_look_said(
		checker, content->data, content->len, deadline_us, &attachment->pdf_detail, &said);
	if (attachment->pdf_signature == PDF_VALID && said != NULL)
		attachment->pdf_signed_s = pdf_signature_time_s(said);
}

static void inspect_one(const MailMessage *message, AttachmentFacts *attachment,
	const InspectOptions *options, ArchiveBudget *budget, gint64 pdf_deadline_us,
	GError **trouble)
{
	gboolean heavy =
		options->heavy_bytes > 0 && attachment->encoded_bytes > options->heavy_bytes;
	gboolean whole = heavy || options->blocked;
	g_autoptr(GByteArray) bytes =
		mime_attachment_bytes(message, attachment, whole ? G_MAXSIZE : PDF_HEAD_BYTES);

	attachment->inspected = TRUE;
	attachment->is_pdf = has_pdf_mark(bytes);
	if (options->pdf && attachment->is_pdf && !whole) {
		g_byte_array_unref(bytes);
		bytes = mime_attachment_bytes(message, attachment, G_MAXSIZE);
		whole = TRUE;
	}
	if (!whole)
		return;
	attachment->size_bytes = bytes->len;
	if (options->pdf && attachment->is_pdf)
		attachment->sha256 = digest_sha256_hex(bytes->data, bytes->len);
	if (options->pdf && attachment->is_pdf && options->pdf_checker != NULL)
		look_at_signature(attachment, bytes, options->pdf_checker, pdf_deadline_us);
	if (options->blocked)
		look_for_blocked(attachment, bytes, options, budget, trouble);
	if (heavy && bytes->len > options->heavy_bytes)
		attachment->compressed_bytes = zip_estimate(bytes->data, bytes->len);
}

gboolean inspect_attachments(const MailMessage *message, GPtrArray *attachments,
	const InspectOptions *options, GError **error)
{
	ArchiveBudget budget;
	gint64 pdf_deadline_us = 0;
	GError *trouble = NULL;

	if (attachments->len == 0 ||
		(!options->blocked && !options->pdf && options->heavy_bytes == 0))
		return TRUE;
	budget = archive_budget_start();
	if (options->pdf && options->pdf_checker != NULL)
		pdf_deadline_us = pdf_checker_deadline(options->pdf_checker);
	for (guint i = 0; i < attachments->len && trouble == NULL; i++)
		inspect_one(message, g_ptr_array_index(attachments, i), options, &budget,
			pdf_deadline_us, &trouble);
	if (trouble == NULL)
		return TRUE;
	g_propagate_error(error, trouble);
	return FALSE;
}

InspectOptions inspect_options(const PolicySettings *policy)
{
	const AttachmentPolicy *attachments = policy->attachments;

	return (InspectOptions){
		.blocked = policy_is_asked(policy, "P9"),
		.heavy_bytes = policy_is_asked(policy, "P8") ? attachments->heavy_bytes : 0,
		.extensions = (const char *const *)attachments->extensions,
	};
}

PdfChecker *inspect_pdf_checker(const Settings *settings, const PolicySettings *policy)
{
	if (!policy_is_asked(policy, "P11"))
		return NULL;
	return pdf_checker_new(settings_string(settings, "policy", "p11_pdfsig"),
		settings_string(settings, "policy", "p11_trust_folder"),
		(guint64)settings_int(settings, "policy", "p11_memory_mib") * 1024 * 1024,
		(guint)settings_int(settings, "policy", "p11_timeout_ms"),
		(guint)settings_int(settings, "policy", "p11_max_running"));
}

gboolean inspect_wants_pdf(
	const InspectOptions *options, const PolicySettings *policy, const MessageFacts *facts)
{
	return options->pdf_checker != NULL &&
	       (facts->marked_notification || policy_document_type(policy, facts) != NULL);
}

char *inspect_looker(GError **error)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *folder = self != NULL ? g_path_get_dirname(self) : NULL;
	g_autofree char *beside =
		folder != NULL ? g_build_filename(folder, "acuse-look", NULL) : NULL;

	if (g_file_test(ACUSE_LOOK_PROGRAM, G_FILE_TEST_IS_EXECUTABLE) &&
		(folder == NULL || !g_file_test(beside, G_FILE_TEST_IS_EXECUTABLE)))
		return g_strdup(ACUSE_LOOK_PROGRAM);
	if (beside != NULL && g_file_test(beside, G_FILE_TEST_IS_EXECUTABLE))
		return g_steal_pointer(&beside);
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND,
		"%s, which looks into archives, is not there", ACUSE_LOOK_PROGRAM);
	return NULL;
}
