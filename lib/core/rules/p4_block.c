/*
 * P4: every message ends with the sender's signature block (DI-002 art. 5): name, post and/or unit,
 * institution, extension and/or the institution's telephone, as the directory has them. What its
 * author signed or encrypted takes none: the institution says whether it goes out all the same.
 */
#include "base/text.h"
#include "core/rules/rules.h"

static gboolean applies(const PolicyInput *input, const Plan *plan)
{
	(void)plan;
	return input->login != NULL;
}

static SignatureValues values_of(const PolicyInput *input)
{
	const Account *office = input->mailbox != NULL && input->mailbox->kind == ACCOUNT_OFFICE
					? input->mailbox
					: NULL;

	return signature_values(input->login, office, input->settings->institution_name,
		input->settings->institution_phone);
}

static gboolean decide(const PolicyInput *input, Plan *plan, char **advice, const char **status)
{
	const SignatureSettings *signature = input->settings->signature;
	SignatureValues values = values_of(input);
	g_autofree char *text = NULL;

	(void)status;
	if (input->facts->protection != PROTECTION_NONE) {
		if (!signature->refuse_protected)
			return TRUE;
		*advice = g_strdup(
			N_("Un mensaje firmado o cifrado por su autor no puede llevar el bloque de "
			   "firma institucional. Envielo sin firmar ni cifrar"));
		return FALSE;
	}
	text = signature_text(signature, &values);
	if (text[0] == '\0')
		return TRUE;
	plan->block_text = g_steal_pointer(&text);
	plan->block_html = signature_html(signature, &values);
	plan->block_items = signature_items(signature, &values);
	return TRUE;
}

const Rule rule_p4_block = {"P4", "DI-002, art. 5", applies, decide};
