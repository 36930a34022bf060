/*
 * P11: an official document travels as a PDF with a valid digital signature (Directiva 001-2020
 * 7.4, 8.14, 10.2, 10.3). None, unsigned, broken, untrusted and unreadable are told apart; what
 * inspect/pdf_signature.h found is in the facts. A declared exception (8.15) admits a scan that was
 * signed by hand: an attachment has to be there, and none may have a signature that does not hold.
 */
#include "base/text.h"
#include "core/rules/rules.h"

#include <string.h>

static gboolean is_exempt(const PolicyInput *input, const Plan *plan)
{
	char **types = input->settings->unsigned_types;

	return types != NULL && plan->document_type != NULL &&
	       g_strv_contains((const char *const *)types, plan->document_type);
}

/* Into what is encrypted nobody looks. */
static gboolean applies(const PolicyInput *input, const Plan *plan)
{
	Protection protection = input->facts->protection;

	return (plan->document_type != NULL || plan->send_class == CLASS_NOTIFICATION) &&
	       !is_exempt(input, plan) && protection != PROTECTION_SMIME_ENCRYPTED &&
	       protection != PROTECTION_PGP_ENCRYPTED;
}

static const char *advice_of(const char *word)
{
	static const struct {
		const char *word, *advice;
	} rows[] = {
		{"none", N_("Adjunte el documento en PDF, firmado digitalmente")},
		{"unsigned", N_("Firme digitalmente el PDF adjunto y reenvie, o declare la "
				"urgencia en el asunto: [URGENTE: motivo]")},
		{"broken", N_("La firma del PDF adjunto no corresponde a su contenido: fue "
			      "modificado o esta danado. Firmelo de nuevo y reenvie")},
		{"untrusted", N_("La firma del PDF adjunto es de un certificado que no es de "
				 "confianza. Firme con su token vigente y reenvie")},
		{"unreadable", N_("El PDF adjunto no se puede verificar: tiene clave, esta danado "
				  "o es demasiado complejo. Genere otro y reenvie")},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		if (strcmp(rows[i].word, word) == 0)
			return rows[i].advice;
	return NULL;
}

static gboolean decide(const PolicyInput *input, Plan *plan, char **advice, const char **status)
{
	const GPtrArray *attachments = input->facts->attachments;
	const char *word = attachments_pdf_word(attachments);
	gboolean scan = attachments->len > 0 &&
			(strcmp(word, "none") == 0 || strcmp(word, "unsigned") == 0);

	(void)status;
	if (strcmp(word, "valid") == 0 || (scan && plan->exception != NULL))
		return TRUE;
	*advice = g_strdup(advice_of(word));
	return FALSE;
}

const Rule rule_p11_signed_pdf = {
	"P11", "Directiva 001-2020, art. 7.4, 8.14 y 8.15", applies, decide};
