/*
 * The confirmation of reception (DI-002, art. 4.8): decided by core/incoming and two limits,
 * ordered in the change that records the mail, written when the outbox carries it out, and on
 * record once our Postfix has taken it. At least once: a repetition has the same Message-ID. It
 * says nothing of the mail but its subject, and to nobody but who was proved to have written it.
 * Fails as the store and the SMTP server do. Changes run in the committer's thread.
 */
#include "provision/incoming.h"

#include <stdlib.h>
#include <string.h>

#include "api/record_json.h"
#include "api/smtp.h"
#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "cms/digest.h"
#include "core/address.h"
#include "core/fold.h"
#include "core/incoming.h"
#include "mime/notice.h"

#define OUTBOX_KIND "incoming.confirm"
#define SMTP_WAIT_MS 30000
#define CONFIRM_KEEP_S (3 * 24 * 3600)
#define SUBJECT_SHOWN 150
#define HOUR_KEY "incoming-told-hour"

static const char *bar_of(const Service *service, const json_t *facts)
{
	const IncomingFacts incoming = {row_text(facts, "from"), row_text(facts, "envelope_sender"),
		row_text(facts, "authentication_results"),
		json_is_true(json_object_get(facts, "automatic")),
		json_is_true(json_object_get(facts, "suppressed")),
		json_is_true(json_object_get(facts, "spam")),
		json_is_true(json_object_get(facts, "addressed"))};

	if (strcmp(settings_string(service->settings, "incoming", "confirm"), "on") != 0 ||
		*settings_string(service->settings, "notices", "smtp") == '\0')
		return "off";
	return incoming_bar(&incoming, settings_string(service->settings, "institution", "domain"));
}

/* Once a day and sender, whatever stands behind a "+" in his address. */
char *incoming_told_key(const char *from)
{
	g_autofree char *address = address_without_detail(from);
	g_autofree char *lower = g_ascii_strdown(address, -1);
	g_autofree char *digest = digest_sha256_hex(lower, strlen(lower));

	return g_strconcat("incoming-told/", digest, NULL);
}

static gboolean take_hour(
	StoreTxn *txn, const Service *service, gint64 now_s, gboolean *taken, GError **error)
{
	gint64 most = settings_int(service->settings, "incoming", "confirm_per_hour");
	g_autofree char *hour = g_strdup_printf("%" G_GINT64_FORMAT, now_s / 3600), *before = NULL;
	g_autofree char *after = NULL;
	g_auto(GStrv) words = NULL;
	gint64 used = 0;

	if (!row_load_text(txn, TABLE_INDEX, HOUR_KEY, &before, error))
		return FALSE;
	words = g_strsplit(before != NULL ? before : "", " ", 2);
	if (g_strv_length(words) == 2 && strcmp(words[0], hour) == 0)
		used = g_ascii_strtoll(words[1], NULL, 10);
	*taken = used < most;
	after = g_strdup_printf("%s %" G_GINT64_FORMAT, hour, used + 1);
	return !*taken || store_put(txn, TABLE_INDEX, HOUR_KEY, after, error);
}

/* Who was told today does not use up what the hour has for others. */
static gboolean take_limits(StoreTxn *txn, const Service *service, const char *from, gint64 now_s,
	const char **bar, GError **error)
{
	g_autofree char *key = incoming_told_key(from), *today = service_day(service, now_s),
			*before = NULL;
	gboolean taken;

	if (!row_load_text(txn, TABLE_INDEX, key, &before, error))
		return FALSE;
	if (g_strcmp0(before, today) == 0) {
		*bar = "told-today";
		return TRUE;
	}
	if (!take_hour(txn, service, now_s, &taken, error))
		return FALSE;
	if (taken)
		return store_put(txn, TABLE_INDEX, key, today, error);
	*bar = "over-limit";
	return TRUE;
}

static void set_confirmation(json_t *row, const char *state, const char *time)
{
	json_object_set_new(
		row, "confirmation", json_pack("{s:s, s:s?}", "state", state, "time", time));
}

gboolean incoming_confirm(StoreTxn *txn, const Service *service, json_t *row, const json_t *facts,
	gint64 now_s, GError **error)
{
	const char *bar = bar_of(service, facts), *from = row_text(row, "from");
	json_auto_t *body = NULL;

	/* It confirms itself what was received: a notification. */
	if (bar == NULL && strcmp(row_text(row, "state"), INCOMING_NONE) == 0)
		bar = "answer";
	if (bar == NULL && !take_limits(txn, service, from, now_s, &bar, error))
		return FALSE;
	set_confirmation(row, bar != NULL ? bar : "ordered", NULL);
	if (bar != NULL)
		return TRUE;
	body = json_pack("{s:s, s:s, s:I}", "uid", row_text(row, "id"), "id", row_text(row, "id"),
		"time", (json_int_t)now_s);
	return outbox_add(txn, OUTBOX_KIND, body, NULL, error);
}

/* ---- the mail ---- */

static char *join(const json_t *list)
{
	GString *text = g_string_new(NULL);
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
		g_string_append_printf(text, "%s%s", i > 0 ? ", " : "", json_string_value(item));
	return g_string_free(text, FALSE);
}

static char *text_of(Service *service, const json_t *row, gint64 time_s)
{
	const char *institution = settings_string(service->settings, "institution", "name");
	g_autofree char *when = service_local(service, time_s, "%d/%m/%Y %H:%M:%S (%z)");
	g_autofree char *mailboxes = join(json_object_get(row, "mailboxes"));
	g_autofree char *shown = text_begin(row_text(row, "subject"), SUBJECT_SHOWN);
	GString *text = g_string_new(_("Estimado ciudadano:"));

	g_string_append_printf(text, "\n\n%s\n\n", _("Hemos recibido su correo electrónico."));
	g_string_append_printf(text, "  %s: %s\n  %s: %s\n  %s: %s\n  %s: %s\n",
		_("Número de recepción"), row_text(row, "id"), _("Recibido el"), when, _("Buzón"),
		mailboxes, _("Asunto"), *shown != '\0' ? shown : _("(sin asunto)"));
	if (json_is_true(json_object_get(row, "outside_hours")))
		g_string_append_printf(text,
			_("\nLlegó fuera del horario de atención: se cuenta desde el %s (TUO Ley "
			  "27444, "
			  "art. 149).\n"),
			row_text(row, "counted_from"));
	g_string_append_printf(text, "\n%s\n\n%s\n",
		_("Esta confirmación es automática y solo dice que su correo llegó; no es una "
		  "respuesta a lo que pide."),
		institution);
	return g_string_free(text, FALSE);
}

static GBytes *compose(Service *service, const json_t *row, gint64 time_s)
{
	const char *domain = settings_string(service->settings, "institution", "domain");
	g_autofree char *from = g_strdup_printf("acuse@%s", domain);
	g_autofree char *id = g_strdup_printf(
		"confirmacion-%s-%" G_GINT64_FORMAT "@%s", row_text(row, "id"), time_s, domain);
	g_autofree char *text = text_of(service, row, time_s);
	g_autofree char *subject =
		g_strdup_printf(_("Confirmación de recepción N.° %s"), row_text(row, "id"));
	const char *message_id = row_text(row, "message_id");
	const NoticeMail mail = {
		.from_name = settings_string(service->settings, "institution", "name"),
		.from = from,
		.to = row_text(row, "from"),
		.subject = subject,
		.text = text,
		.message_id = id,
		.date_s = time_s,
		.answered = message_id != NULL ? message_id : "",
		.reply_to =
			json_string_value(json_array_get(json_object_get(row, "mailboxes"), 0))};

	return mime_notice(&mail);
}

typedef struct {
	Service *service;
	const char *id, *state;
} Done;

static gboolean change_done(StoreTxn *txn, gpointer data, GError **error)
{
	const Done *done = data;
	gint64 now_s = done->service->now_s();
	g_autoptr(Record) record = record_new("incoming.confirmed", done->id, now_s);
	g_autofree char *time = time_to_rfc3339(now_s);
	json_auto_t *row = NULL;

	if (!incoming_load(txn, done->id, &row, error))
		return FALSE;
	/* Carried out before, but for the order's end. */
	if (strcmp(row_text(json_object_get(row, "confirmation"), "state"), "ordered") != 0)
		return TRUE;
	set_confirmation(row, done->state, time);
	record_add(record, "state", done->state);
	return incoming_append(txn, row, record, error) && incoming_save(txn, row, error);
}

static gboolean carry_out(Service *service, const json_t *body, GError **error)
{
	gint64 time_s = json_integer_value(json_object_get(body, "time"));
	Done done = {service, row_text(body, "id"), "sent"};
	g_autoptr(GBytes) message = NULL;
	g_autoptr(GError) local = NULL;
	json_auto_t *row = NULL;
	SmtpMail mail = {settings_string(service->settings, "notices", "smtp"), "", NULL, NULL,
		SMTP_WAIT_MS};

	if (!row_read(service->store, TABLE_INCOMING, done.id, &row, error))
		return FALSE;
	if (row == NULL || row_text(row, "from") == NULL)
		return TRUE;
	message = compose(service, row, time_s);
	mail.recipient = row_text(row, "from");
	mail.message = message;
	if (!smtp_send(&mail, &local)) {
		if (acuse_error_row_of(local)->retry &&
			service->now_s() - time_s < CONFIRM_KEEP_S) {
			g_propagate_prefixed_error(
				error, g_steal_pointer(&local), "a confirmation: ");
			return FALSE;
		}
		log_warning("a confirmation was refused and is dropped", "incoming", done.id,
			"reason", local->message, NULL);
		done.state = "refused";
	}
	return store_run(service->store, change_done, &done, error);
}

const OutboxKind outbox_kinds_incoming[] = {{OUTBOX_KIND, carry_out, OUTBOX_ORDERED}, {NULL}};
