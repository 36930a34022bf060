/* attachment_policy.h: settings as data, and texts. Pure; read only afterwards. */
#include "core/attachment_policy.h"

#include <string.h>

#include "base/text.h"

#define PATH_MAX_BYTES 100 /* of a path in a line for people */

static const char *const advices[BLOCKED_N] = {
	[BLOCKED_EXTENSION] = N_("El archivo %s es de un tipo que puede danar la computadora de "
				 "quien lo abre. Quitelo y reenvie"),
	[BLOCKED_CONTENT] = N_("El archivo %s es un programa o una imagen de disco, aunque su "
			       "nombre no lo diga. Quitelo y reenvie"),
	[BLOCKED_MACROS] = N_("El archivo %s tiene macros. Guardelo sin macros o como PDF y "
			      "reenvie"),
	[BLOCKED_ENCRYPTED] = N_("El archivo %s tiene clave y no se puede revisar. Envielo sin "
				 "clave"),
	[BLOCKED_UNREADABLE] = N_("El archivo %s esta danado o es de un tipo que no se puede "
				  "revisar. Comprimalo de nuevo como zip y reenvie"),
	[BLOCKED_TOO_MUCH] = N_("El archivo %s tiene demasiados archivos, niveles o datos "
				"comprimidos para revisarlo. Envielo en partes mas pequenas"),
};

AttachmentPolicy *attachment_policy_new(void)
{
	AttachmentPolicy *policy = g_new0(AttachmentPolicy, 1);

	policy->extensions = g_new0(char *, 1);
	return policy;
}

void attachment_policy_free(AttachmentPolicy *policy)
{
	if (policy == NULL)
		return;
	g_strfreev(policy->extensions);
	g_free(policy);
}

/* ".EXE" and "exe" are the same. */
static char **take_extensions(const char *const *words)
{
	g_autoptr(GPtrArray) out = g_ptr_array_new();

	for (; words != NULL && *words != NULL; words++)
		g_ptr_array_add(out, g_utf8_strdown(**words == '.' ? *words + 1 : *words, -1));
	g_ptr_array_add(out, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&out), FALSE);
}

static RuleMode mode_of(const Settings *settings, const char *key)
{
	const char *word = settings_string(settings, "policy", key);

	if (strcmp(word, "allow") == 0)
		return MODE_OFF;
	return strcmp(word, "warn") == 0 ? MODE_WARN : MODE_ENFORCE;
}

AttachmentPolicy *attachment_policy_load(const Settings *settings)
{
	AttachmentPolicy *policy = g_new0(AttachmentPolicy, 1);

	policy->extensions = take_extensions(settings_list(settings, "policy", "p9_extensions"));
	policy->modes[BLOCKED_EXTENSION] = MODE_ENFORCE;
	policy->modes[BLOCKED_CONTENT] = MODE_ENFORCE;
	policy->modes[BLOCKED_MACROS] = mode_of(settings, "p9_macros");
	policy->modes[BLOCKED_ENCRYPTED] = mode_of(settings, "p9_encrypted");
	policy->modes[BLOCKED_UNREADABLE] = mode_of(settings, "p9_unreadable");
	policy->modes[BLOCKED_TOO_MUCH] = mode_of(settings, "p9_unreadable");
	policy->inbound = MODE_ENFORCE;
	rule_mode_parse(settings_string(settings, "policy", "p9_inbound"), &policy->inbound);
	policy->heavy_bytes = (gsize)settings_int(settings, "policy", "p8_heavy_bytes");
	policy->heavy_refuse =
		strcmp(settings_string(settings, "policy", "p8_action"), "refuse") == 0;
	return policy;
}

char *attachment_short_path(const char *path)
{
	gsize size = strlen(path);
	const char *from;

	if (size <= PATH_MAX_BYTES)
		return g_strdup(path);
	from = path + size - PATH_MAX_BYTES;
	while ((*from & 0xc0) == 0x80)
		from++;
	return g_strconcat("...", from, NULL);
}

char *attachment_advice(const AttachmentFacts *attachment, BlockedReason reason)
{
	g_autofree char *path = attachment_short_path(attachment->blocked[reason]);
	g_auto(GStrv) pieces = g_strsplit(advices[reason], "%s", 2);

	return g_strconcat(pieces[0], path, pieces[1], NULL);
}
