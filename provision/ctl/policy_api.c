/* policy_api.h over the API's GETs. What cannot be asked is said to be unknown, never to be kept.
 */
#include "policy_api.h"

#include <string.h>

#include "api/record_json.h"
#include "base/error.h"
#include "base/text.h"

static char *text_of(const json_t *object, const char *name)
{
	return g_strdup(json_string_value(json_object_get(object, name)));
}

/* 0: no limit. */
static gint64 time_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	gint64 time_s = 0;

	return text != NULL && time_from_rfc3339(text, &time_s) ? time_s : 0;
}

/* A uid, or {uid, from, until} for each term. */
static void take_delegates(Account *account, const json_t *delegates)
{
	g_autoptr(GStrvBuilder) uids = g_strv_builder_new();
	json_t *delegate;
	size_t i;

	account->delegations = g_ptr_array_new_with_free_func((GDestroyNotify)delegation_free);
	json_array_foreach(delegates, i, delegate) {
		const char *uid = json_is_string(delegate)
					  ? json_string_value(delegate)
					  : json_string_value(json_object_get(delegate, "uid"));

		if (uid == NULL)
			continue;
		g_strv_builder_add(uids, uid);
		if (json_is_object(delegate))
			g_ptr_array_add(
				account->delegations, delegation_new(uid, time_of(delegate, "from"),
							      time_of(delegate, "until")));
	}
	account->delegates = g_strv_builder_end(uids);
}

static void take_aliases(Account *account, const json_t *aliases)
{
	g_autoptr(GStrvBuilder) list = g_strv_builder_new();
	json_t *alias;
	size_t i;

	json_array_foreach(aliases, i, alias)
		if (json_is_string(alias))
			g_strv_builder_add(list, json_string_value(alias));
	account->aliases = g_strv_builder_end(list);
}

Account *policy_fetch_account(Ctl *ctl, const char *uid, GError **error)
{
	g_autofree char *path = api_path("/v1/accounts/%s", uid);
	json_auto_t *answer = api_call(ctl->api, "GET", path, NULL, error);
	Account *account;

	if (answer == NULL)
		return NULL;
	account = account_new();
	account_kind_parse(json_string_value(json_object_get(answer, "kind")), &account->kind);
	account_state_parse(json_string_value(json_object_get(answer, "state")), &account->state);
	account->uid = text_of(answer, "uid");
	account->mail = text_of(answer, "mail");
	take_aliases(account, json_object_get(answer, "aliases"));
	account->display_name = text_of(answer, "display_name");
	account->post = text_of(answer, "post");
	account->unit = text_of(answer, "unit");
	account->extension = text_of(answer, "extension");
	account->owner = text_of(answer, "owner");
	account->notifier_area = text_of(json_object_get(answer, "notifier"), "area");
	account->valid_from = time_of(answer, "valid_from");
	account->valid_until = time_of(answer, "valid_until");
	account->must_change_password =
		json_is_true(json_object_get(answer, "must_change_password"));
	take_delegates(account, json_object_get(answer, "delegates"));
	return account;
}

static void add_row(json_t *rows, const PolicyInput *input, const char *id, const char *article,
	const char *reason)
{
	const char *scope = NULL;
	RuleMode mode = policy_mode(input, id, &scope);
	g_autofree char *group =
		scope != NULL ? g_strdup_printf("[policy %s]", scope) : g_strdup("[policy]");

	json_array_append_new(
		rows, json_pack("{s:s, s:s, s:s, s:s, s:s}", "rule", id, "mode",
			      rule_mode_name(mode), "group", group, "article", article, "reason",
			      mode == MODE_OFF ? _("apagada") : reason));
}

/* NULL and *reason: why there is none. */
static json_t *fetch_expediente(Ctl *ctl, const char *number, const char **reason)
{
	g_autofree char *path = api_path("/v1/expedientes/%s", number);
	g_autoptr(GError) error = NULL;
	json_t *answer = api_call(ctl->api, "GET", path, NULL, &error);

	*reason = NULL;
	if (answer == NULL)
		*reason = error->code == ACUSE_ERROR_NOT_FOUND
				  ? _("el expediente no está registrado")
				  : _("no se pudo consultar el registro de expedientes");
	return answer;
}

/* As register_check.c judges; dates are YYYY-MM-DD. */
static const char *authorisation(const json_t *expediente, const char *address, const char *today)
{
	const char *at = strrchr(address, '@');
	g_autofree char *domain = g_ascii_strdown(at, -1);
	g_autofree char *key = g_strdup_printf("%.*s%s", (int)(at - address), address, domain);
	const json_t *known = json_object_get(json_object_get(expediente, "authorisations"), key);
	const char *from = json_string_value(json_object_get(known, "date"));
	const char *until =
		json_string_value(json_object_get(json_object_get(known, "withdrawn"), "date"));

	if (from == NULL)
		return _("la dirección no tiene autorización registrada");
	if (strcmp(from, today) > 0)
		return _("la autorización todavía no rige");
	if (until != NULL && strcmp(until, today) <= 0)
		return _("la autorización fue retirada");
	return NULL;
}

static const char *judge_citizens(
	const PolicyInput *input, const json_t *expediente, const char *today)
{
	const GPtrArray *recipients = input->envelope->recipients;
	const char *fault = NULL;

	for (guint i = 0; fault == NULL && i < recipients->len; i++) {
		const char *at = strrchr(recipients->pdata[i], '@');

		if (at != NULL && g_ascii_strcasecmp(at + 1, input->settings->domain) != 0)
			fault = authorisation(expediente, recipients->pdata[i], today);
	}
	return fault != NULL ? fault : _("se cumple");
}

static char *today_of(gint64 now_s)
{
	g_autoptr(GDateTime) now = g_date_time_new_from_unix_local(now_s);

	return g_date_time_format(now, "%Y-%m-%d");
}

json_t *policy_register_rows(Ctl *ctl, const PolicyInput *input, const Plan *plan)
{
	json_t *rows = json_array();
	gboolean notification = plan->send_class == CLASS_NOTIFICATION;
	g_autofree char *today = today_of(input->now_s);
	json_auto_t *expediente = NULL;
	const char *reason = _("falta el número de expediente");

	if (plan->expediente != NULL)
		expediente = fetch_expediente(ctl, plan->expediente, &reason);
	if (notification || plan->document_type != NULL)
		add_row(rows, input, "P10", _("registro de expedientes"),
			expediente != NULL ? _("el expediente está registrado") : reason);
	if (notification)
		add_row(rows, input, "D9", "TUO Ley 27444, art. 20.4",
			expediente != NULL ? judge_citizens(input, expediente, today) : reason);
	if (notification)
		add_row(rows, input, "D5", "TUO Ley 27444, art. 24.1",
			_("el plazo del acto se mira al enviar, por la fecha de la firma del PDF"));
	add_row(rows, input, "P15", "DI-002, art. 8.1 y 14.4",
		_("no se pudo consultar: los envíos por hora se cuentan solo al enviar"));
	return rows;
}
