/* date.h. No state; the clock is the caller's. Cannot fail. */
#include "milter/date.h"
#include "mime/header.h"

static gboolean date_serves(const MessageFacts *facts, gboolean sign, gint64 now_s)
{
	/* Of two each reader would believe another one. */
	if (facts->date_headers != 1)
		return FALSE;
	if (!sign)
		return TRUE;
	return facts->date_readable && ABS(facts->date_s - now_s) <= MAX_DATE_DIFFERENCE_S;
}

char *date_complete(MailMessage *message, MessageFacts *facts, gboolean sign, gint64 now_s)
{
	g_autofree char *value = NULL;
	char *original;

	if (date_serves(facts, sign, now_s))
		return NULL;
	original = facts->date;
	facts->date = header_date_text(now_s);
	value = g_strconcat(" ", facts->date, NULL);
	mail_message_delete_fields(message, "Date");
	mail_message_add_field(message, "Date", value);
	return original;
}
