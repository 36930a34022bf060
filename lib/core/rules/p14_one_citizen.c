/*
 * P14: a notification has one citizen and no Bcc to the outside, so that each citizen's evidence is
 * his own (D2, D4; TUO Ley 27444 art. 20.4). To and Cc count too: what is signed may not say that
 * somebody was notified who was not, nor show one citizen's address to another.
 */
#include "base/text.h"
#include "core/rules/rules.h"

static gboolean applies(const PolicyInput *input, const Plan *plan)
{
	(void)input;
	return plan->send_class == CLASS_NOTIFICATION;
}

static gboolean contains(const GPtrArray *addresses, const char *address)
{
	for (guint i = 0; i < addresses->len; i++) {
		if (rule_same_address(addresses->pdata[i], address))
			return TRUE;
	}
	return FALSE;
}

static gboolean names_another(
	const PolicyInput *input, const GPtrArray *addresses, const char *citizen)
{
	for (guint i = 0; i < addresses->len; i++) {
		const char *address = addresses->pdata[i];

		if (rule_is_outside(input, address) && !rule_same_address(address, citizen))
			return TRUE;
	}
	return FALSE;
}

static gboolean decide(const PolicyInput *input, Plan *plan, char **advice, const char **status)
{
	const GPtrArray *recipients = input->envelope->recipients;
	const char *citizen = NULL;

	(void)plan;
	(void)status;
	for (guint i = 0; i < recipients->len; i++) {
		const char *address = recipients->pdata[i];

		if (!rule_is_outside(input, address) || rule_same_address(address, citizen))
			continue;
		if (citizen != NULL) {
			*advice = g_strdup(N_(
				"Envie una notificacion por separado a cada destinatario externo"));
			return FALSE;
		}
		citizen = address;
	}
	if (!contains(input->facts->to, citizen) && !contains(input->facts->cc, citizen)) {
		*advice = g_strdup(
			N_("Ponga al destinatario externo en Para o CC, no en copia oculta"));
		return FALSE;
	}
	if (!names_another(input, input->facts->to, citizen) &&
		!names_another(input, input->facts->cc, citizen))
		return TRUE;
	*advice = g_strdup(N_("Deje en Para y CC a un solo destinatario externo, el de esta "
			      "notificacion, y reenvie"));
	return FALSE;
}

const Rule rule_p14_one_citizen = {"P14", "TUO Ley 27444, art. 20.4", applies, decide};
