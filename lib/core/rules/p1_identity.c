/*
 * P1: the sender is who he authenticated as (DI-002 art. 4.2, 6.3, 11.1). From, Sender, Resent-*
 * and envelope belong to the login or to an office mailbox delegated to it at this time, each by
 * its own address or an alias, in the institution's domain; the name beside the address is the
 * directory's and shows no other address. A field that may stand once stands once (RFC 5322 3.6),
 * for of two Subjects or Senders each reader believes another one. Reply-To is free: it says where
 * answers go, not who speaks.
 */
#include "base/text.h"
#include "core/address.h"
#include "core/rules/rules.h"

#include <string.h>

static gboolean is_own(const PolicyInput *input, const char *address)
{
	return account_has_address(input->login, address) ||
	       account_has_address(input->mailbox, address);
}

/* Login and author are known and readable. */
static const char *check_persons(const PolicyInput *input)
{
	const MessageFacts *facts = input->facts;

	if (input->login == NULL)
		return N_("Su cuenta no figura en el directorio. Consulte con la OTIC");
	if (facts->from_headers != 1 || facts->from->len != 1 || facts->from_unreadable)
		return N_("Escriba una sola direccion en el campo De (From) y reenvie");
	if (rule_is_outside(input, facts->from->pdata[0]))
		return N_("Envie desde su direccion institucional, no desde otro dominio");
	if (input->mailbox == NULL || !account_has_address(input->mailbox, facts->from->pdata[0]))
		return N_("La direccion del campo De (From) no es una cuenta de la institucion");
	if (!account_may_send_as(input->login, input->mailbox, input->now_s))
		return N_("No puede enviar desde la direccion de otra persona u oficina");
	return NULL;
}

static void add_addresses(GPtrArray *own, const Account *account)
{
	g_ptr_array_add(own, account->mail);
	for (char **alias = account->aliases; alias != NULL && *alias != NULL; alias++)
		g_ptr_array_add(own, *alias);
}

static gboolean shows_another(const PolicyInput *input)
{
	g_autoptr(GPtrArray) own = g_ptr_array_new();

	add_addresses(own, input->login);
	add_addresses(own, input->mailbox);
	g_ptr_array_add(own, NULL);
	return address_shown_is_foreign(input->facts->from_name, (const char *const *)own->pdata);
}

/* What else names a sender. */
static const char *check_others(const PolicyInput *input, const Plan *plan)
{
	const MessageFacts *facts = input->facts;

	if (facts->sender != NULL && !is_own(input, facts->sender))
		return N_("El campo Sender no es su direccion. Quitelo y reenvie");
	for (guint i = 0; i < facts->resent->len; i++) {
		if (!is_own(input, facts->resent->pdata[i]))
			return N_("Los campos Resent no son de su direccion. Use Reenviar en lugar "
				  "de "
				  "Redirigir");
	}
	if (!is_own(input, input->envelope->sender))
		return N_(
			"El remitente del envio (MAIL FROM) no es su direccion. Corrija su cuenta");
	if (shows_another(input))
		return N_(
			"Su nombre en el campo De (From) muestra otra direccion. Corrija el nombre "
			"de su cuenta y reenvie");
	/* The certificate has the bare address of the account, and a citizen compares. */
	if (plan->sign && !address_same_mailbox(input->mailbox->mail, facts->from->pdata[0]))
		return N_("Envie las notificaciones desde la direccion principal de la cuenta, no "
			  "desde un alias");
	if (plan->sign && strchr(facts->from->pdata[0], '+') != NULL)
		return N_("Envie las notificaciones desde su direccion sin el signo + y lo que le "
			  "sigue");
	return NULL;
}

/* Of Message-ID and Date, which some clients double, the gateway keeps one by itself. */
static const char *find_repeated(const MessageFacts *facts)
{
	for (guint i = 0; i < facts->repeated->len; i++) {
		const char *name = facts->repeated->pdata[i];

		if (g_ascii_strcasecmp(name, "Message-ID") != 0 &&
			g_ascii_strcasecmp(name, "Date") != 0)
			return name;
	}
	return NULL;
}

static char *check_fields(const MessageFacts *facts)
{
	const char *repeated = find_repeated(facts);

	if (facts->odd_field != NULL)
		return g_strdup(N_("Un campo de la cabecera esta mal escrito. Reenvie el mensaje "
				   "desde su programa de correo habitual"));
	if (repeated != NULL)
		return g_strdup_printf(
			N_("El campo %s aparece mas de una vez. Deje uno y reenvie"), repeated);
	return NULL;
}

/* A display name as RFC 5322 writes it; lib/mime encodes what is not ASCII. */
static char *quote_name(const char *name)
{
	g_autoptr(GString) quoted = g_string_new("\"");

	for (const char *at = name; *at != '\0'; at = g_utf8_next_char(at)) {
		gunichar c = g_utf8_get_char(at);

		if (c == '"' || c == '\\')
			g_string_append_c(quoted, '\\');
		if (!g_unichar_iscntrl(c))
			g_string_append_unichar(quoted, c);
	}
	g_string_append_c(quoted, '"');
	return g_strdup(quoted->str);
}

/* Who is shown is who sends, whatever the client was told. */
static void set_display_name(const PolicyInput *input, Plan *plan)
{
	const char *name = input->mailbox->display_name, *shown = input->facts->from_name;
	g_autofree char *quoted = NULL, *value = NULL;

	if (!input->settings->directory_name || name == NULL || *name == '\0' ||
		!g_utf8_validate(name, -1, NULL) || (shown != NULL && strcmp(name, shown) == 0))
		return;
	quoted = quote_name(name);
	value = g_strdup_printf("%s <%s>", quoted, (char *)input->facts->from->pdata[0]);
	plan_edit_header(plan, "From", value);
}

static gboolean decide(const PolicyInput *input, Plan *plan, char **advice, const char **status)
{
	const char *fault = NULL;

	if (input->envelope->login == NULL) {
		*status = "530 5.7.0";
		*advice = g_strdup(
			N_("Configure en su programa de correo el envio con usuario y clave"));
		return FALSE;
	}
	*advice = check_fields(input->facts);
	if (*advice != NULL)
		return FALSE;
	fault = check_persons(input);
	if (fault == NULL)
		fault = check_others(input, plan);
	*advice = g_strdup(fault);
	if (fault == NULL)
		set_display_name(input, plan);
	return fault == NULL;
}

const Rule rule_p1_identity = {"P1", "DI-002, art. 4.2, 6.3 y 11.1", rule_always, decide};
