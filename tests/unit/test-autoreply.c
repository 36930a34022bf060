/* Automatic answers by their fields and subjects, and persons' mail that looks like it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/autoreply.h"

static const struct {
	const char *name, *value;
	gboolean automatic;
} fields[] = {
	/* Gmail's vacation responder */
	{"Auto-Submitted", "auto-replied", TRUE},
	{"Precedence", "bulk", TRUE},
	{"X-Autoreply", "yes", TRUE},
	/* Exchange and Outlook.com */
	{"X-Auto-Response-Suppress", "All", TRUE},
	{"X-Auto-Response-Suppress", "DR, OOF, AutoReply", TRUE},
	{"X-Auto-Response-Suppress", "None", FALSE},
	{"auto-submitted", "auto-generated", TRUE},
	{"X-MS-Exchange-Generated-Message-Source", "Mailbox Rules Agent", TRUE},
	{"X-MS-Exchange-Generated-Message-Source", "Antispam Update", FALSE},
	{"X-MS-Exchange-Inbox-Rules-Loop", "c@ciudadano.test", TRUE},
	/* Zimbra, Dovecot's sieve, vacation(1), Exim */
	{"Auto-Submitted", "auto-replied (zimbra; vacation)", TRUE},
	{"Auto-Submitted", "auto-replied (vacation)", TRUE},
	{"Auto-Submitted", " AUTO-REPLIED;owner-email=\"c@ciudadano.test\"", TRUE},
	{"Auto-Submitted", "auto-notified", TRUE},
	{"Auto-Submitted", "no", FALSE},
	{"Auto-Submitted", "No (written by hand)", FALSE},
	{"X-Autorespond", "Re: carta", TRUE},
	{"X-Auto-Reply", "no", FALSE},
	{"Precedence", "Junk", TRUE},
	{"Precedence", "auto_reply", TRUE},
	{"Precedence", "list", TRUE},
	{"Precedence", "first-class", FALSE},
	{"Preference", "auto_reply", TRUE},
	{"X-FC-MachineGenerated", "true", TRUE},
	{"List-Id", "<vecinos.ciudadano.test>", TRUE},
	/* a person's */
	{"X-Mailer", "Microsoft Outlook 16.0", FALSE},
	{"Subject", "auto-replied", FALSE},
	{"X-MS-Has-Attach", "yes", FALSE},
	{"Importance", "normal", FALSE},
};

static const struct {
	const char *subject;
	gboolean automatic;
} subjects[] = {
	{"Respuesta automática: CARTA 123-2026-SG/MUNI", TRUE},
	{"RESPUESTA AUTOMATICA: carta", TRUE},
	/* with a combining accent */
	{"Respuesta automa\xcc\x81tica: carta", TRUE},
	{"Automatic reply: CARTA 123", TRUE},
	{"Fuera de la oficina Re: carta", TRUE},
	{"Fuera de oficina: carta", TRUE},
	{"Out of Office: Re: carta", TRUE},
	{"Out of Office AutoReply: carta", TRUE},
	{"Mensaje de ausencia", TRUE},
	{"Vacaciones: vuelvo el lunes", TRUE},
	{"Auto: carta", TRUE},
	{"Autorespuesta", TRUE},
	{"Autorrespuesta: carta", TRUE},
	{"Ausente: Rosa", TRUE},
	{"Estoy fuera de la oficina hasta el lunes", TRUE},
	{"Me encuentro de vacaciones", TRUE},
	{"No me encuentro en la oficina", TRUE},
	{"Automatic response: carta", TRUE},
	{"Estoy de acuerdo con la carta", FALSE},
	{"Me encuentro fuera del pais, pido plazo", FALSE},
	{"Re: CARTA 123-2026-SG/MUNI", FALSE},
	{"RV: fuera de la oficina", FALSE},
	{"Automóvil robado", FALSE},
	{"Consulta sobre vacaciones", FALSE},
	{"Ausencia de respuesta a mi pedido", FALSE},
	{"", FALSE},
};

static void test_fields(void **state)
{
	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(fields); i++)
		if (autoreply_field_says_so(fields[i].name, fields[i].value) != fields[i].automatic)
			fail_msg("%s: %s", fields[i].name, fields[i].value);
}

static void test_subjects(void **state)
{
	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(subjects); i++)
		if (autoreply_subject_says_so(subjects[i].subject) != subjects[i].automatic)
			fail_msg("%s", subjects[i].subject);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields), cmocka_unit_test(test_subjects)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
