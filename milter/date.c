/* date.h. No state; the clock is the caller's. Cannot fail. */
#include "milter/date.h"

/* Not g_date_time_format: its names of days and months follow the locale. */
static char *date_text(gint64 now_s)
{
	g_autoptr(GDateTime) now = g_date_time_new_from_unix_utc(now_s);

	return g_strdup_printf("%.3s, %d %.3s %d %02d:%02d:%02d +0000",
		&"MonTueWedThuFriSatSun"[3 * (g_date_time_get_day_of_week(now) - 1)],
		g_date_time_get_day_of_month(now),
		&"JanFebMarAprMayJunJulAugSepOctNovDec"[3 * (g_date_time_get_month(now) - 1)],
		g_date_time_get_year(now), g_date_time_get_hour(now), g_date_time_get_minute(now),
		g_date_time_get_second(now));
}

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
	facts->date = date_text(now_s);
	value = g_strconcat(" ", facts->date, NULL);
	mail_message_delete_fields(message, "Date");
	mail_message_add_field(message, "Date", value);
	return original;
}
