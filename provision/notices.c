/*
 * notices.h: one kind of outbox entry, {"to","kind","facts","number","time"}, whose text is made
 * when it is carried out. Its Message-ID comes from its number and time, so that a repetition is
 * recognisable. One that the server refuses for good is trouble, which the health shows: a mistake
 * of Postfix's can be mended. After NOTICE_KEEP_S it is dropped with a line in the log: what gave
 * cause for it is on record. Any thread.
 */
#include "provision/notices.h"

#include <string.h>

#include "api/smtp.h"
#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "core/plan.h"
#include "mime/notice.h"
#include "provision/row.h"

#define OUTBOX_KIND "notice"
#define SMTP_WAIT_MS 30000
#define NOTICE_KEEP_S (3 * 24 * 3600) /* over a weekend */

static const NoticeKind *const kinds[] = {
	&notice_policy_warning,
	&notice_over_limit,
	&notice_notified,
	&notice_failed,
	&notice_by_cedula,
	&notice_late,
	&notice_corrected,
	&notice_read,
	&notice_ledger_head,
	&notice_ledger_restored,
	&notice_office_left,
	&notice_password_expiry,
	&notice_account_ending,
	&notice_request,
	&notice_token_lost,
	&notice_token_return,
	&notice_token_expiry,
	&notice_token_certificate,
	&notice_token_trouble,
	&notice_token_count,
	&notice_held,
	&notice_hold_over,
	&notice_incoming_overdue,
};

static const NoticeKind *find_kind(const char *kind)
{
	for (gsize i = 0; kind != NULL && i < G_N_ELEMENTS(kinds); i++)
		if (strcmp(kinds[i]->kind, kind) == 0)
			return kinds[i];
	return NULL;
}

gboolean notice_add(StoreTxn *txn, const char *to, const char *kind, const json_t *facts,
	gint64 now_s, GError **error)
{
	json_auto_t *body = NULL;
	guint64 number;

	if (find_kind(kind) == NULL) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INTERNAL, "no such kind of notice: %s",
			kind);
		return FALSE;
	}
	if (!store_next(txn, OUTBOX_KIND, &number, error))
		return FALSE;
	/* "uid": a notice in trouble holds back those to the same person only. */
	body = json_pack("{s:s, s:s, s:s, s:O, s:I, s:I}", "uid", to, "to", to, "kind", kind,
		"facts", (json_t *)facts, "number", (json_int_t)number, "time", (json_int_t)now_s);
	return outbox_add(txn, OUTBOX_KIND, body, NULL, error);
}

static void attachment_clear(gpointer data)
{
	NoticeAttachment *attachment = data;

	g_free((char *)attachment->name);
	g_bytes_unref(attachment->bytes);
}

void notice_attach(GArray *attachments, const char *name, const char *type, GBytes *bytes)
{
	NoticeAttachment attachment = {g_strdup(name), type, bytes};

	g_array_append_val(attachments, attachment);
}

static GBytes *compose(Service *service, const NoticeKind *kind, const json_t *body, GError **error)
{
	const char *institution = settings_string(service->settings, "institution", "name");
	const char *domain = settings_string(service->settings, "institution", "domain");
	const json_t *facts = json_object_get(body, "facts");
	gint64 time_s = json_integer_value(json_object_get(body, "time"));
	g_autoptr(GArray) attachments = g_array_new(FALSE, FALSE, sizeof(NoticeAttachment));
	g_autofree char *subject = kind->subject(facts);
	g_autofree char *from = g_strdup_printf("acuse@%s", domain);
	g_autofree char *id =
		g_strdup_printf("aviso-%" JSON_INTEGER_FORMAT "-%" G_GINT64_FORMAT "@%s",
			json_integer_value(json_object_get(body, "number")), time_s, domain);
	g_autoptr(GString) text = g_string_new(_("Estimado usuario:"));
	NoticeMail mail = {.from_name = institution,
		.from = from,
		.to = row_text(body, "to"),
		.subject = subject,
		.message_id = id,
		.date_s = time_s};

	g_array_set_clear_func(attachments, attachment_clear);
	if (kind->attach != NULL && !kind->attach(service, facts, attachments, error))
		return NULL;
	g_string_append(text, "\n\n");
	kind->text(facts, text);
	g_string_append_printf(text, "\n%s\n\n%s\n",
		_("Este es un aviso automático; no es necesario responderlo. Si tiene dudas, "
		  "consulte con la OTIC."),
		institution);
	mail.text = text->str;
	mail.attachments = (const NoticeAttachment *)(gpointer)attachments->data;
	mail.n_attachments = attachments->len;
	return mime_notice(&mail);
}

static gboolean send_notice(
	Service *service, const NoticeKind *kind, const json_t *body, GError **error)
{
	const char *server = settings_string(service->settings, "notices", "smtp");
	g_autoptr(GBytes) message = compose(service, kind, body, error);
	SmtpMail mail = {server, "", row_text(body, "to"), message, SMTP_WAIT_MS};

	return message != NULL && smtp_send(&mail, error);
}

static gboolean carry_out(Service *service, const json_t *body, GError **error)
{
	const NoticeKind *kind = find_kind(row_text(body, "kind"));
	g_autoptr(GError) local = NULL;

	if (kind == NULL || row_text(body, "to") == NULL) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NOT_BUILT, "no such kind of notice");
		return FALSE;
	}
	if (*settings_string(service->settings, "notices", "smtp") == '\0' ||
		send_notice(service, kind, body, &local))
		return TRUE;
	if (acuse_error_row_of(local)->retry ||
		service->now_s() - json_integer_value(json_object_get(body, "time")) <
			NOTICE_KEEP_S) {
		g_propagate_prefixed_error(
			error, g_steal_pointer(&local), "a notice (%s): ", kind->kind);
		return FALSE;
	}
	log_error("a notice was refused and is dropped", "kind", kind->kind, "reason",
		local->message, NULL);
	return TRUE;
}

const OutboxKind outbox_kinds_notices[] = {{OUTBOX_KIND, carry_out, OUTBOX_ORDERED}, {NULL}};

/* The findings in mode warn, as the notice needs them; an empty array: none. */
static json_t *warnings_of(const json_t *send)
{
	json_t *warnings = json_array(), *finding;
	size_t i;

	json_array_foreach(json_object_get(send, "findings"), i, finding)
		if (g_strcmp0(row_text(finding, "mode"), rule_mode_name(MODE_WARN)) == 0)
			json_array_append(warnings, finding);
	return warnings;
}

char *notice_address(const char *login, const char *domain)
{
	return strchr(login, '@') != NULL ? g_strdup(login)
					  : g_strdup_printf("%s@%s", login, domain);
}

/*
 * Whether the mail passes on or answers a notice of ours: a mailbox that does so by itself, and
 * breaks a rule with it, would be told of it for ever.
 */
static gboolean is_about_a_notice(const char *subject)
{
	static const char *const subjects[] = {
		N_("Observaciones a su mensaje: %s"), N_("Límite de envíos superado: %s")};

	for (gsize i = 0; subject != NULL && i < G_N_ELEMENTS(subjects); i++) {
		g_auto(GStrv) words = g_strsplit(_(subjects[i]), ":", 2);

		if (strstr(subject, words[0]) != NULL)
			return TRUE;
	}
	return FALSE;
}

gboolean notice_add_warnings(
	StoreTxn *txn, const json_t *send, const char *domain, gint64 now_s, GError **error)
{
	g_autofree char *to = notice_address(row_text(send, "login"), domain);
	json_t *warnings = warnings_of(send);
	json_auto_t *facts = json_pack("{s:s?, s:s?, s:o}", "subject", row_text(send, "subject"),
		"date", row_text(send, "date"), "findings", warnings);

	if (json_array_size(warnings) == 0 || is_about_a_notice(row_text(send, "subject")))
		return TRUE;
	return notice_add(txn, to, notice_policy_warning.kind, facts, now_s, error);
}

static char *warning_subject(const json_t *facts)
{
	const char *subject = row_text(facts, "subject");

	if (subject == NULL || *subject == '\0')
		return g_strdup(_("Observaciones a su mensaje sin asunto"));
	return g_strdup_printf(_("Observaciones a su mensaje: %s"), subject);
}

static void warning_text(const json_t *facts, GString *text)
{
	const char *subject = row_text(facts, "subject"), *date = row_text(facts, "date");
	json_t *finding;
	size_t i;

	g_string_append(text,
		_("El siguiente mensaje suyo fue enviado, pero no cumple todo lo que piden las "
		  "directivas de la institución:"));
	g_string_append_printf(text, "\n\n  %s: %s\n", _("Asunto"),
		subject != NULL && *subject != '\0' ? subject : _("(sin asunto)"));
	if (date != NULL)
		g_string_append_printf(text, "  %s: %s\n", _("Fecha"), date);
	g_string_append_printf(text, "\n%s\n\n", _("Se encontró lo siguiente:"));
	json_array_foreach(json_object_get(facts, "findings"), i, finding)
		g_string_append_printf(text, "- [%s] %s (%s).\n", row_text(finding, "rule"),
			row_text(finding, "text"), row_text(finding, "article"));
	g_string_append_printf(text, "\n%s\n",
		_("No necesita enviarlo de nuevo, salvo que así se le indique arriba; le pedimos "
		  "tenerlo en cuenta en sus próximos envíos."));
}

const NoticeKind notice_policy_warning = {"policy-warning", warning_subject, warning_text};
