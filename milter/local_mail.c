/*
 * local_mail.h: mail by sendmail(1) is let through, but not in the name of an account. Fails with
 * 451 while nothing is known of the accounts. No state; any thread.
 */
#include "milter/local_mail.h"
#include "base/error.h"
#include "base/text.h"
#include "core/return_token.h"
#include "mime/facts.h"

Outcome *local_mail_refuse_return_address(const char *recipient, const Services *services)
{
	g_autofree char *address = address_as_delivered(recipient, services->options->domain);
	g_autofree char *token = return_token_of_address(address, services->options->domain);

	if (token == NULL)
		return NULL;
	return outcome_reply(
		_("550 5.1.1 Esa direccion solo recibe respuestas de fuera de la institucion"),
		"return-address", NULL);
}

static gboolean claims_account(const Services *services, const char *address)
{
	g_autoptr(Account) account = NULL;

	if (address == NULL || address[0] == '\0')
		return FALSE;
	account = services->account_by_mail(services->data, address);
	return account != NULL;
}

static Outcome *borrowed_identity(void)
{
	return outcome_reply(
		_("550 5.7.1 [P1] Esa direccion es de una cuenta institucional: envie con su "
		  "usuario y clave (DI-002, art. 4.2)"),
		"borrowed-identity", NULL);
}

/* LOCAL mail is judged by the copy at hand, however old; without any copy nothing can be said. */
static gboolean knows_accounts(const Services *services)
{
	return services->directory_age_s(services->data) != G_MAXINT64;
}

Outcome *local_mail_at_mail(const Envelope *envelope, const Services *services)
{
	if (!knows_accounts(services))
		return outcome_stale_directory();
	if (claims_account(services, envelope->sender))
		return borrowed_identity();
	return NULL;
}

Outcome *local_mail_decide(const Session *session, const Services *services)
{
	const GPtrArray *recipients = session->envelope->recipients;
	g_autoptr(MessageFacts) facts = NULL;
	g_autoptr(GError) error = NULL;
	Outcome *outcome = NULL;

	for (guint i = 0; outcome == NULL && i < recipients->len; i++)
		outcome = local_mail_refuse_return_address(recipients->pdata[i], services);
	if (outcome != NULL)
		return outcome;
	facts = mime_facts(session->message, &error);
	if (facts == NULL)
		return outcome_of_error(error, TRUE);
	for (guint i = 0; i < facts->from->len; i++)
		if (claims_account(services, g_ptr_array_index(facts->from, i)))
			return borrowed_identity();
	/* A Sender that nobody can read for sure may be read as an account's. */
	if (claims_account(services, facts->sender) || g_strcmp0(facts->sender, "") == 0)
		return borrowed_identity();
	return outcome_new(ACTION_ACCEPT, "local");
}
