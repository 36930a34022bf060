/* A whole mail of a stranger: its files, their names, and what the look into them finds. */
#include "tests/fuzz/fuzz.h"

#include "inspect/inspect.h"
#include "mime/attachments.h"
#include "mime/facts.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	mime_init();
	return 0;
}

static void check(const AttachmentFacts *attachment)
{
	fuzz_check_utf8(attachment->type, "type");
	FUZZ_PROMISE(attachment->inspected, "not looked into");
	FUZZ_PROMISE(attachment->size_bytes <= attachment->encoded_bytes,
		"%" G_GSIZE_FORMAT " bytes of %" G_GSIZE_FORMAT, attachment->size_bytes,
		attachment->encoded_bytes);
	for (char **name = attachment->names; *name != NULL; name++) {
		fuzz_check_utf8(*name, "name");
		FUZZ_PROMISE(**name != '\0', "an empty name");
	}
	for (guint i = 0; i < BLOCKED_N; i++)
		fuzz_check_utf8(attachment->blocked[i], "path");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const extensions[] = {"exe", "js", NULL};
	static const InspectOptions options = {TRUE, TRUE, NULL, 100, extensions, NULL};
	g_autoptr(MailMessage) message = mail_message_parse(data, size);
	g_autoptr(GPtrArray) found =
		g_ptr_array_new_with_free_func((GDestroyNotify)attachment_facts_free);
	g_autoptr(GError) error = NULL;
	gboolean read = mime_attachments(message, found, &error);

	fuzz_check_error(read, error, "mime_attachments");
	FUZZ_PROMISE(inspect_attachments(message, found, &options, NULL), "looked at");
	for (guint i = 0; i < found->len; i++)
		check(found->pdata[i]);
	return 0;
}
