/*
 * send_limits.h. A row is "TOLD STEP:MESSAGES:RECIPIENTS ...", the steps in order; one that cannot
 * be read counts as none, for a limit is no evidence. Fails as the store does. Counting runs in the
 * committer's thread, telling in any.
 */
#include "provision/send_limits.h"

#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "core/plan.h"
#include "provision/notices.h"
#include "provision/row.h"

#define ARTICLE "DI-002, art. 8.1 y 14.4"

typedef struct {
	gint64 number; /* Unix time / LIMITS_STEP_S */
	guint64 messages, recipients;
} Step;

typedef struct {
	gint64 told_s; /* 0: never */
	Step steps[LIMITS_STEPS];
	guint n;
} Window;

static const struct {
	const char *name, *messages, *recipients; /* of the counter; its settings */
	const char *who;
} counters[] = {
	{"account", "limit_account_messages", "limit_account_recipients", N_("Su cuenta")},
	{"office", "limit_office_messages", "limit_office_recipients",
		N_("El buzon de la oficina")},
	{"gateway", "limit_gateway_messages", "limit_gateway_recipients", N_("La institucion")},
};

void limits_over_clear(LimitsOver *over)
{
	g_clear_pointer(&over->counter, g_free);
	g_clear_pointer(&over->text, g_free);
	over->due = FALSE;
}

static gboolean read_number(const char **at, char end, guint64 *value)
{
	char *after;

	*value = g_ascii_strtoull(*at, &after, 10);
	if (after == *at || (*after != end && *after != '\0'))
		return FALSE;
	*at = *after == '\0' ? after : after + 1;
	return TRUE;
}

/* The steps that still count at `now_s`. */
static void read_window(const char *text, gint64 now_s, Window *window)
{
	const char *at = text != NULL ? text : "";
	guint64 told = 0, number, messages, recipients;
	gint64 oldest = now_s / LIMITS_STEP_S - LIMITS_STEPS;

	*window = (Window){0};
	if (!read_number(&at, ' ', &told))
		return;
	window->told_s = (gint64)told;
	while (window->n < LIMITS_STEPS && read_number(&at, ':', &number) &&
		read_number(&at, ':', &messages) && read_number(&at, ' ', &recipients))
		if ((gint64)number > oldest)
			window->steps[window->n++] = (Step){(gint64)number, messages, recipients};
}

static char *window_text(const Window *window)
{
	GString *text = g_string_new(NULL);

	g_string_append_printf(text, "%" G_GINT64_FORMAT, window->told_s);
	for (guint i = 0; i < window->n; i++)
		g_string_append_printf(text,
			" %" G_GINT64_FORMAT ":%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT,
			window->steps[i].number, window->steps[i].messages,
			window->steps[i].recipients);
	return g_string_free(text, FALSE);
}

static void window_add(Window *window, gint64 now_s, guint64 recipients)
{
	gint64 number = now_s / LIMITS_STEP_S;
	Step *last = window->n > 0 ? &window->steps[window->n - 1] : NULL;

	/* A clock that went back adds to the newest step. */
	if (last == NULL || last->number < number) {
		if (window->n == LIMITS_STEPS)
			memmove(window->steps, window->steps + 1,
				--window->n * sizeof window->steps[0]);
		last = &window->steps[window->n++];
		*last = (Step){number, 0, 0};
	}
	last->messages++;
	last->recipients += recipients;
}

/* When a mail with so many recipients may go: `now_s`, or the end of a step; 0: never. limits of 0:
 * none. */
static gint64 window_room(const Window *window, guint64 max_messages, guint64 max_recipients,
	guint64 recipients, gint64 now_s)
{
	guint64 messages = 1, all = recipients;
	gint64 when = now_s;

	if (max_recipients > 0 && recipients > max_recipients)
		return 0;
	for (guint i = 0; i < window->n; i++) {
		messages += window->steps[i].messages;
		all += window->steps[i].recipients;
	}
	for (guint i = 0; i < window->n; i++) {
		if ((max_messages == 0 || messages <= max_messages) &&
			(max_recipients == 0 || all <= max_recipients))
			break;
		messages -= window->steps[i].messages;
		all -= window->steps[i].recipients;
		when = (window->steps[i].number + LIMITS_STEPS) * LIMITS_STEP_S;
	}
	return when;
}

typedef struct {
	StoreTxn *txn;
	const Service *service;
	gint64 now_s;
	guint64 recipients;
	RuleMode mode;
	LimitsOver *over;
} Count;

static guint64 limit_of(const Count *count, const char *key)
{
	return (guint64)settings_int(count->service->settings, "policy", key);
}

/* Notes what was gone over; FALSE when it is to be refused. */
static gboolean judge(
	const Count *count, gsize kind, const char *key, const Window *window, GError **error)
{
	guint64 messages = limit_of(count, counters[kind].messages);
	guint64 recipients = limit_of(count, counters[kind].recipients);
	gint64 again_s = window_room(window, messages, recipients, count->recipients, count->now_s);
	g_autofree char *time = NULL;
	gboolean final;

	if (again_s == count->now_s)
		return TRUE;
	final = again_s == 0 ||
		strcmp(settings_string(count->service->settings, "policy", "limit_reply"),
			"refuse") == 0;
	limits_over_clear(count->over);
	count->over->counter = g_strdup(key);
	count->over->mode = count->mode;
	count->over->due = window->told_s == 0 || count->now_s - window->told_s >= LIMITS_TELL_S;
	time = service_local(count->service, again_s, "%H:%M");
	if (again_s == 0)
		count->over->text = g_strdup_printf(
			_("[P15] El mensaje tiene mas destinatarios que los %d permitidos por "
			  "hora. Dividalo y reenvie (%s)"),
			(int)recipients, ARTICLE);
	else
		count->over->text = g_strdup_printf(
			_("[P15] %s llego al limite de envios por hora. Intente de nuevo despues "
			  "de las %s (%s)"),
			_(counters[kind].who), time, ARTICLE);
	if (count->mode != MODE_ENFORCE)
		return TRUE;
	g_set_error_literal(error, ACUSE_ERROR,
		final ? ACUSE_ERROR_OVER_LIMIT_FINAL : ACUSE_ERROR_OVER_LIMIT, count->over->text);
	return FALSE;
}

static gboolean count_one(const Count *count, gsize kind, const char *name, GError **error)
{
	g_autofree char *key = g_strdup_printf("%s/%s", counters[kind].name, name);
	g_autofree char *before = NULL, *after = NULL;
	Window window;

	if (limit_of(count, counters[kind].messages) == 0 &&
		limit_of(count, counters[kind].recipients) == 0)
		return TRUE;
	if (!row_load_text(count->txn, TABLE_LIMITS, key, &before, error))
		return FALSE;
	read_window(before, count->now_s, &window);
	if (!judge(count, kind, key, &window, error))
		return FALSE;
	window_add(&window, count->now_s, count->recipients);
	after = window_text(&window);
	return store_put(count->txn, TABLE_LIMITS, key, after, error);
}

gboolean limits_count(StoreTxn *txn, const Service *service, const json_t *intent, gint64 now_s,
	LimitsOver *over, GError **error)
{
	Count count = {txn, service, now_s, json_array_size(json_object_get(intent, "recipients")),
		MODE_OFF, over};
	g_autofree char *login = g_ascii_strdown(row_text(intent, "login"), -1);
	g_autofree char *mailbox = g_ascii_strdown(row_text(intent, "mailbox"), -1);
	gsize local = strcspn(login, "@");

	limits_over_clear(over);
	if (!rule_mode_parse(settings_string(service->settings, "policy", "p15"), &count.mode) ||
		count.mode == MODE_OFF)
		return TRUE;
	login[local] = '\0';
	if (!count_one(&count, 0, login, error))
		return FALSE;
	if ((strncmp(login, mailbox, local) != 0 || mailbox[local] != '@') &&
		!count_one(&count, 1, mailbox, error))
		return FALSE;
	return count_one(&count, 2, "all", error);
}

void limits_note(const LimitsOver *over, json_t *findings)
{
	RuleMode mode = over->mode == MODE_WARN && !over->due ? MODE_LOG : over->mode;

	if (over->text != NULL && (mode == MODE_WARN || mode == MODE_LOG))
		json_array_append_new(findings,
			json_pack("{s:s, s:s}", "mode", rule_mode_name(mode), "line", over->text));
}

typedef struct {
	const char *counter, *to; /* to "": nobody */
	gint64 now_s;
	gboolean due;
} Told;

static char *over_subject(const json_t *facts)
{
	return g_strdup_printf(_("Límite de envíos superado: %s"), row_text(facts, "counter"));
}

static void over_text(const json_t *facts, GString *text)
{
	g_string_append_printf(text,
		_("%s superó su límite de envíos por hora (P15). Compruebe si la cuenta fue tomada "
		  "por otra persona o si el envío es legítimo; los límites se cambian en "
		  "acuse.conf.\n"),
		row_text(facts, "counter"));
}

const NoticeKind notice_over_limit = {"over-limit", over_subject, over_text};

/* Two that tell at the same time: the committer lets one of them. */
static gboolean change_told(StoreTxn *txn, gpointer data, GError **error)
{
	Told *told = data;
	g_autofree char *before = NULL, *after = NULL;
	json_auto_t *facts = NULL;
	Window window;

	if (!row_load_text(txn, TABLE_LIMITS, told->counter, &before, error))
		return FALSE;
	read_window(before, told->now_s, &window);
	told->due = window.told_s == 0 || told->now_s - window.told_s >= LIMITS_TELL_S;
	if (!told->due)
		return TRUE;
	window.told_s = told->now_s;
	after = window_text(&window);
	facts = json_pack("{s:s}", "counter", told->counter);
	return store_put(txn, TABLE_LIMITS, told->counter, after, error) &&
	       (*told->to == '\0' || notice_add(txn, told->to, notice_over_limit.kind, facts,
					     told->now_s, error));
}

void limits_tell(Service *service, const LimitsOver *over)
{
	Told told = {over->counter, settings_string(service->settings, "notices", "otic"),
		service->now_s(), FALSE};
	g_autoptr(GError) error = NULL;

	if (over->counter == NULL)
		return;
	log_info("over a limit of sending", "rule", "P15", "counter", over->counter, NULL);
	if (!over->due)
		return;
	if (!store_run(service->store, change_told, &told, &error))
		log_warning("a limit's notice is not on record", "why", error->message, NULL);
	else if (told.due)
		log_warning("over a limit of sending, said once an hour", "rule", "P15", "counter",
			over->counter, NULL);
}
