/*
 * S7: what its author signed or encrypted is never altered. With a line over what SMTP allows it
 * would be cut on its way and its signature broken (FACTS 11), so it goes back to its author.
 */
#include "base/text.h"
#include "core/rules/rules.h"

#define MAX_LINE_BYTES 998 /* RFC 5321 4.5.3.1.6, without the line end */

static gboolean applies(const PolicyInput *input, const Plan *plan)
{
	(void)plan;
	return input->facts->protection != PROTECTION_NONE;
}

static gboolean decide(const PolicyInput *input, Plan *plan, char **advice, const char **status)
{
	(void)plan;
	if (input->facts->longest_line_bytes <= MAX_LINE_BYTES)
		return TRUE;
	*status = "550 5.6.0";
	*advice = g_strdup(
		N_("El mensaje firmado o cifrado tiene lineas de mas de 998 caracteres y no "
		   "llegaria integro. Firmelo de nuevo con su contenido en base64"));
	return FALSE;
}

const Rule rule_s7_protected = {"S7", "Directiva 001-2020, art. 8.9", applies, decide};
