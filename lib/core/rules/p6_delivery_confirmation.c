/*
 * P6: a delivery confirmation is requested for each recipient (DI-002 art. 4.8). Only what stands
 * in RCPT makes Postfix report (FACTS 1), and its submission service writes it there: where it is
 * missing the service is at fault, not who sends, and trying again helps once it is mended.
 */
#include "base/text.h"
#include "core/rules/rules.h"

#define NAMED_MAX 3

static gboolean decide(const PolicyInput *input, Plan *plan, char **advice, const char **status)
{
	const GPtrArray *unconfirmed = input->envelope->unconfirmed;
	g_autoptr(GString) named = g_string_new(NULL);

	(void)plan;
	if (unconfirmed->len == 0)
		return TRUE;
	for (guint i = 0; i < MIN(unconfirmed->len, NAMED_MAX); i++)
		g_string_append_printf(
			named, "%s%s", i > 0 ? ", " : "", (char *)unconfirmed->pdata[i]);
	if (unconfirmed->len > NAMED_MAX)
		g_string_append(named, N_(" y otros"));
	*status = "451 4.3.5";
	*advice = g_strdup_printf(N_("El servicio de correo no pide la confirmacion de entrega "
				     "para %s. Avise a la OTIC"),
		named->str);
	return FALSE;
}

const Rule rule_p6_delivery_confirmation = {"P6", "DI-002, art. 4.8", rule_always, decide};
