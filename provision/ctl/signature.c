/*
 * acusectl signature preview: the block that the mail of an account gets, of the directory's data
 * and the group [signature] of the settings, whose templates and logo it checks as the milter does
 * at its start. Fails with the API's errors, or INVALID with the setting that is wrong.
 */
#include "policy_api.h"
#include "base/error.h"
#include "base/settings.h"
#include "base/text.h"
#include "mime/signature_files.h"

#include <stdio.h>

static void print_block(const Ctl *ctl, const Command *command, const SignatureSettings *signature,
	const SignatureValues *values)
{
	g_autofree char *text = signature_text(signature, values);
	g_autofree char *html = signature_html(signature, values);
	json_t *answer;

	if (!ctl->json) {
		printf("%s\n\n%s\n", text, html);
		return;
	}
	answer = json_pack(
		"{s:s, s:s, s:s?}", "text", text, "html", html, "logo", signature->logo_id);
	ctl_print(ctl, command, answer);
	json_decref(answer);
}

static gboolean preview(
	Ctl *ctl, const Command *command, char **arguments, GHashTable *options, GError **error)
{
	g_autoptr(Settings) settings = settings_load(ctl->config_path, error);
	g_autoptr(SignatureSettings) signature = NULL;
	g_autoptr(Account) account = NULL, owner = NULL;
	gboolean office;
	SignatureValues values;

	(void)options;
	if (settings == NULL)
		return FALSE;
	signature = signature_files_load(settings, error);
	if (signature == NULL)
		return FALSE;
	account = policy_fetch_account(ctl, arguments[0], error);
	if (account == NULL)
		return FALSE;
	/* An office's mail has the name of who writes: here its responsible. */
	office = account->kind == ACCOUNT_OFFICE && account->owner != NULL;
	if (office) {
		owner = policy_fetch_account(ctl, account->owner, error);
		if (owner == NULL)
			return FALSE;
	}
	values = signature_values(office ? owner : account, office ? account : NULL,
		settings_string(settings, "institution", "name"),
		settings_string(settings, "institution", "phone"));
	print_block(ctl, command, signature, &values);
	return TRUE;
}

const Command signature_commands[] = {
	{"signature", "preview", N_("CUENTA"), 1, {{NULL}},
		N_("Muestra el bloque de firma que llevan los correos de una cuenta."), NULL, NULL,
		preview, NULL, NULL},
	{NULL},
};
