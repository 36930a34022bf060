/* What the policy is told of a client's mail: its header, and what its parts are. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "mime/facts.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	mime_init();
	return 0;
}

static void check_addresses(const GPtrArray *addresses, const char *what)
{
	for (guint i = 0; i < addresses->len; i++) {
		const char *address = addresses->pdata[i];

		FUZZ_PROMISE(address != NULL, "%s: no address", what);
		fuzz_check_utf8(address, what);
		FUZZ_PROMISE(strpbrk(address, "\r\n") == NULL, "%s: %s", what, address);
	}
}

static void check_facts(const MailMessage *message)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(MessageFacts) facts = mime_facts(message, &error);

	fuzz_check_error(facts != NULL, error, "mime_facts");
	if (facts == NULL)
		return;
	check_addresses(facts->from, "From");
	check_addresses(facts->to, "To");
	check_addresses(facts->cc, "Cc");
	fuzz_check_utf8(facts->sender, "Sender");
	fuzz_check_utf8(facts->subject, "Subject");
	fuzz_check_utf8(facts->message_id, "Message-ID");
	fuzz_check_utf8(facts->in_reply_to, "In-Reply-To");
	fuzz_check_utf8(facts->date, "Date");
	FUZZ_PROMISE(facts->subject == NULL || strpbrk(facts->subject, "\r\n") == NULL,
		"Subject has more than one line");
	FUZZ_PROMISE(facts->message_id == NULL || strpbrk(facts->message_id, "<>") == NULL,
		"Message-ID has brackets");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(MailMessage) message = mail_message_parse(data, size);
	g_autoptr(GBytes) before = mail_message_to_bytes(message), after = NULL;

	check_facts(message);
	after = mail_message_to_bytes(message);
	FUZZ_PROMISE(g_bytes_equal(before, after), "reading changed the message");
	return 0;
}
