/*
 * P1: the sender is who he authenticated as (DI-002 art. 4.2, 6.3, 11.1). From, Sender and envelope
 * belong to the login or to an office mailbox delegated to it, in the institution's domain.
 */
#include "base/text.h"
#include "core/rules/rules.h"

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
	if (input->mailbox == NULL ||
		!rule_same_address(input->mailbox->mail, facts->from->pdata[0]))
		return N_("La direccion del campo De (From) no es una cuenta de la institucion");
	if (!account_may_send_as(input->login, input->mailbox))
		return N_("No puede enviar desde la direccion de otra persona u oficina");
	return NULL;
}

static gboolean is_own(const PolicyInput *input, const char *address)
{
	return rule_same_address(address, input->login->mail) ||
	       rule_same_address(address, input->mailbox->mail);
}

static gboolean decide(const PolicyInput *input, Plan *plan, char **advice, const char **status)
{
	const char *fault;

	(void)plan;
	if (input->envelope->login == NULL) {
		*status = "530 5.7.0";
		*advice = g_strdup(
			N_("Configure en su programa de correo el envio con usuario y clave"));
		return FALSE;
	}
	fault = check_persons(input);
	if (fault == NULL && input->facts->sender != NULL && !is_own(input, input->facts->sender))
		fault = N_("El campo Sender no es su direccion. Quitelo y reenvie");
	if (fault == NULL && !is_own(input, input->envelope->sender))
		fault = N_(
			"El remitente del envio (MAIL FROM) no es su direccion. Corrija su cuenta");
	*advice = g_strdup(fault);
	return fault == NULL;
}

const Rule rule_p1_identity = {"P1", "DI-002, art. 4.2, 6.3 y 11.1", rule_always, decide};
