/*
 * P2: an account that is not active sends nothing (DI-002 art. 2.4, 2.5, 7, 8.6): neither the login
 * nor the mailbox it sends from. A login that is ceased or suspended loses its connection too:
 * Postfix hangs up after a 521.
 */
#include "base/text.h"
#include "core/rules/rules.h"

static gboolean applies(const PolicyInput *input, const Plan *plan)
{
	(void)plan;
	return input->envelope->login != NULL;
}

static gboolean decide(const PolicyInput *input, Plan *plan, char **advice, const char **status)
{
	const char *fault = NULL;

	(void)plan;
	if (input->login != NULL &&
		(input->login->state == ACCOUNT_CEASED || input->login->state == ACCOUNT_SUSPENDED))
		*status = "521 5.7.1";
	if (input->login == NULL)
		fault = N_("Su cuenta no figura en el directorio. Consulte con la OTIC");
	else if (!account_may_send(input->login, input->now_s, NULL))
		fault = input->login->state == ACCOUNT_ACTIVE && input->login->must_change_password
				? N_("Cambie su clave en la pagina de la institucion y reenvie")
				: N_("Su cuenta no esta activa. Consulte con la OTIC");
	else if (input->mailbox != NULL && !account_may_send(input->mailbox, input->now_s, NULL))
		fault = N_("El buzon desde el que envia no esta activo. Consulte con la OTIC");
	*advice = g_strdup(fault);
	return fault == NULL;
}

const Rule rule_p2_state = {"P2", "DI-002, art. 2.4, 7 y 8.6", applies, decide};
