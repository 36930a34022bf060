/*
 * P10: an official document carries the number of its expediente (Directiva 001-2020 7.4-7.7). What
 * stays inside the institution has a mode of its own. Whether the number is registered is for
 * provisiond to say.
 */
#include "base/text.h"
#include "core/rules/rules.h"

#define ARTICLE "Directiva 001-2020, art. 7.4 a 7.7"
#define ADVICE                                                                                     \
	N_("Escriba en el asunto el numero de expediente, por ejemplo Exp. 2026-001234, y "        \
	   "reenvie")
/* The citizen's authorisation (D9) is for one. */
#define ONE_ADVICE N_("Deje en el asunto un solo numero de expediente y reenvie")

#define FILE_ADVICE                                                                                \
	N_("El archivo %s parece un documento oficial. Escriba en el asunto su tipo, su numero y " \
	   "el expediente, por ejemplo Exp. 2026-001234, y reenvie")

/* The file whose name says that it is an official document, when the subject says none; what is
 * passed on is its author's. */
static const char *telling_file(const PolicyInput *input, const Plan *plan)
{
	const GPtrArray *attachments = input->facts->attachments;

	if (plan->document_type != NULL || input->facts->has_original)
		return NULL;
	for (guint i = 0; i < attachments->len; i++) {
		const AttachmentFacts *attachment = attachments->pdata[i];

		for (char **name = attachment->names;
			!attachment->nested && name != NULL && *name != NULL; name++)
			if (document_type_of_file(input->settings->documents, *name) != NULL)
				return *name;
	}
	return NULL;
}

static gboolean applies(const PolicyInput *input, const Plan *plan)
{
	return plan->send_class == CLASS_NOTIFICATION || plan->document_type != NULL ||
	       telling_file(input, plan) != NULL;
}

static void blame_file(const PolicyInput *input, Plan *plan, const char *file)
{
	RuleMode mode = policy_mode(input, "p10_attachment", NULL);
	g_autofree char *path = attachment_short_path(file);
	g_auto(GStrv) pieces = g_strsplit(FILE_ADVICE, "%s", 2);
	g_autofree char *advice = g_strconcat(pieces[0], path, pieces[1], NULL);

	if (plan->send_class == CLASS_INTERNAL)
		mode = MIN(mode, policy_mode(input, "p10_inside", NULL));
	if (mode != MODE_OFF)
		plan_add_finding(plan, "P10", mode, ARTICLE, advice, "550 5.7.1");
}

static gboolean decide(const PolicyInput *input, Plan *plan, char **advice, const char **status)
{
	RuleMode inside = policy_mode(input, "p10_inside", NULL);

	(void)status;
	if (plan->send_class == CLASS_NOTIFICATION &&
		document_expedientes_differ(
			input->facts->subject, input->settings->expediente_pattern)) {
		*advice = g_strdup(ONE_ADVICE);
		return FALSE;
	}
	if (plan->expediente != NULL)
		return TRUE;
	if (plan->document_type == NULL && plan->send_class != CLASS_NOTIFICATION) {
		blame_file(input, plan, telling_file(input, plan));
		return TRUE;
	}
	if (plan->send_class != CLASS_INTERNAL) {
		*advice = g_strdup(ADVICE);
		return FALSE;
	}
	if (inside != MODE_OFF)
		plan_add_finding(plan, "P10", inside, ARTICLE, ADVICE, "550 5.7.1");
	return TRUE;
}

const Rule rule_p10_expediente = {"P10", ARTICLE, applies, decide};
