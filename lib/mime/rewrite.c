/*
 * Adds the signature block to the body's text parts by splicing. Input and output: a MailMessage,
 * changed as a whole or not at all. Fails with ACUSE_ERROR_DAMAGED when the check afterwards finds
 * anything but the block. No shared state.
 */
#include "mime/rewrite.h"

#include <string.h>

#include "base/error.h"
#include "mime/block.h"
#include "mime/html.h"
#include "mime/protection.h"

static gboolean is_body_text(const MimePart *part)
{
	return mime_part_is_leaf(part) && !part->attachment && !part->cut && !part->malformed &&
	       part->encoding != ENCODING_UNKNOWN &&
	       (block_part_is_html(part) || strcmp(part->type, "text/plain") == 0);
}

/* Later inline texts of a mixed are attachments in all but name. */
void block_targets(const MimePart *part, GPtrArray *targets)
{
	gboolean all = strcmp(part->type, "multipart/alternative") == 0;
	gboolean root_only = strcmp(part->type, "multipart/related") == 0;

	if (is_body_text(part)) {
		g_ptr_array_add(targets, (gpointer)part);
		return;
	}
	if (!mime_part_is_multipart(part) || protection_covers(part) ||
		strcmp(part->type, "multipart/digest") == 0)
		return;
	for (guint i = 0; i < part->children->len; i++) {
		guint before = targets->len;

		block_targets(g_ptr_array_index(part->children, i), targets);
		if (root_only || (!all && targets->len > before))
			return;
	}
}

/* The edits of all targets. FALSE with ACUSE_ERROR_UNREADABLE when one of them cannot have the
 * block. */
static gboolean plan_edits(
	BlockWork *work, const GPtrArray *targets, GPtrArray *edits, gboolean *html, GError **error)
{
	for (guint i = 0; i < targets->len; i++) {
		LeafEdit *edit;

		if (!block_plan_part(work, g_ptr_array_index(targets, i), &edit, error))
			return FALSE;
		if (!edit)
			continue;
		g_ptr_array_add(edits, edit);
		*html |= block_part_is_html(edit->part);
	}
	return TRUE;
}

static gboolean apply_edits(MailMessage *message, MimePart *root, const BlockWork *work,
	const GPtrArray *edits, gboolean html, GError **error)
{
	if (!splice_apply(message, root, edits, error) ||
		(html && work->block->logo && !block_add_logo(message, work->block, error)))
		return FALSE;
	if (work->need_mark) {
		mail_message_delete_fields(message, MIME_BLOCK_FIELD);
		mail_message_add_field(message, MIME_BLOCK_FIELD, " end");
	}
	return TRUE;
}

static gboolean has_html(const GPtrArray *targets)
{
	for (guint i = 0; i < targets->len; i++)
		if (block_part_is_html(g_ptr_array_index(targets, i)))
			return TRUE;
	return FALSE;
}

/* FALSE with ACUSE_ERROR_UNREADABLE: nothing can be done inside the texts. */
static gboolean insert_in_texts(MailMessage *message, MimePart *root, BlockWork *work,
	const GPtrArray *targets, MimeBlockOutcome *outcome, GError **error)
{
	g_autoptr(GPtrArray) edits = g_ptr_array_new_with_free_func((GDestroyNotify)leaf_edit_free);
	g_auto(HtmlView) block_view = {0};
	g_auto(GStrv) html_lines = NULL;
	gboolean html = FALSE;

	if (has_html(targets)) {
		if (!html_read(work->block->html, strlen(work->block->html), &block_view))
			block_view.text = g_strdup(work->block->text);
		html_lines = g_strsplit(block_view.text, "\n", -1);
		work->html_text = block_view.text;
		work->html_items =
			work->block->items ? work->block->items : (const char *const *)html_lines;
	}

	if (!plan_edits(work, targets, edits, &html, error))
		return FALSE;
	*outcome = edits->len == targets->len ? MIME_BLOCK_ADDED
		   : edits->len > 0	      ? MIME_BLOCK_COMPLETED
					      : MIME_BLOCK_PRESENT;
	return edits->len == 0 || apply_edits(message, root, work, edits, html, error);
}

/* Whether a reader sees some text, though no block can go into it. */
static gboolean has_text(MimePart *root)
{
	g_autoptr(GPtrArray) parts = mime_part_list(root);

	for (guint i = 0; i < parts->len; i++) {
		const MimePart *part = g_ptr_array_index(parts, i);

		if (mime_part_is_leaf(part) && !part->attachment &&
			g_str_has_prefix(part->type, "text/"))
			return TRUE;
	}
	return FALSE;
}

static gboolean insert(MailMessage *message, MimePart *root, BlockWork *work,
	MimeBlockOutcome *outcome, GError **error)
{
	g_autoptr(GPtrArray) targets = g_ptr_array_new();
	g_autoptr(GError) problem = NULL;

	if (block_is_wrapped(work, root)) {
		*outcome = MIME_BLOCK_PRESENT;
		return TRUE;
	}
	block_targets(root, targets);
	if (targets->len > 0 && insert_in_texts(message, root, work, targets, outcome, &problem))
		return TRUE;
	if (problem && !g_error_matches(problem, ACUSE_ERROR, ACUSE_ERROR_UNREADABLE)) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	*outcome = MIME_BLOCK_ADDED;
	return block_wrap(message, root, work, has_text(root), error);
}

gboolean mime_insert_block(
	MailMessage *message, const MimeBlock *block, MimeBlockOutcome *outcome, GError **error)
{
	g_autoptr(MimePart) root = mime_part_scan_edited(message, error);
	g_auto(GStrv) lines = g_strsplit(block->text, "\n", -1);
	BlockWork work = {.block = block, .message = message};

	if (!root)
		return FALSE;
	*outcome = MIME_BLOCK_PROTECTED;
	if (protection_of(message, root) != PROTECTION_NONE)
		return TRUE;
	work.items = block->items ? block->items : (const char *const *)lines;
	work.eol = mime_body_eol(message->body);
	work.marked = mail_message_field(message, MIME_BLOCK_FIELD) != NULL;
	return insert(message, root, &work, outcome, error);
}

gboolean mime_add_block(
	MailMessage *message, const char *block_text, const char *block_html, GError **error)
{
	const MimeBlock block = {.text = block_text, .html = block_html};
	MimeBlockOutcome outcome;

	return mime_insert_block(message, &block, &outcome, error);
}
