/* Official documents in subjects: their types, numbers, exceptions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/settings.h"
#include "core/document.h"

static const char *default_of(const char *key)
{
	for (const SettingRow *row = settings_table; row->group != NULL; row++)
		if (strcmp(row->group, "policy") == 0 && strcmp(row->key, key) == 0)
			return row->fallback;
	return NULL;
}

static DocumentTypes *standard(void)
{
	g_auto(GStrv) types = g_strsplit(default_of("document_types"), ";", -1);
	g_auto(GStrv) notifying = g_strsplit(default_of("notification_types"), ";", -1);
	g_auto(GStrv) ordinary = g_strsplit(default_of("not_documents"), ";", -1);

	assert_int_equal(g_strv_length(types), 17);
	return document_types_new((const char *const *)types, (const char *const *)notifying,
		(const char *const *)ordinary);
}

static void test_subjects(void **state)
{
	static const struct {
		const char *subject, *type, *number;
		gboolean notifies;
	} cases[] = {
		{"NOTIFICACIÓN N° 012-2026-GM-MPSM", "NOTIFICACION", "012-2026-GM-MPSM", TRUE},
		{"Oficio Nº 3-2026", "OFICIO", "3-2026", TRUE},
		{"oficio No. 3-2026/GM", "OFICIO", "3-2026/GM", TRUE},
		{"OFICIOS N.o 3-2026", "OFICIO", "3-2026", TRUE},
		{"Of. Nro. 45", "OFICIO", "45", TRUE},
		{"Notif. N.º 7-2026-OIS", "NOTIFICACION", "7-2026-OIS", TRUE},
		{"Acta de sesiones 1-2026", "ACTA DE SESIONES", "1-2026", FALSE},
		{"AUTORIZACIONES N° 2-2026", "AUTORIZACION", "2-2026", FALSE},
		{"Carta externa N° 4-2026", "CARTA", "4-2026", TRUE},
		{"Certificación N° 5-2026", "CERTIFICACION", "5-2026", FALSE},
		{"Citaciones", "CITACION", NULL, FALSE},
		{"Constancia # 6", "CONSTANCIA", "6", FALSE},
		{"Informe final de instrucción N° 7-2026", "INFORME FINAL DE INSTRUCCION", "7-2026",
			FALSE},
		{"Informe N° 295-2020-OIS-MPSM", "INFORME INTERNO", "295-2020-OIS-MPSM", FALSE},
		{"INFORME TÉCNICO N° 8-2026.", "INFORME TECNICO", "8-2026", FALSE},
		{"Informe de avance", NULL, NULL, FALSE},
		{"Memorando Nº 9-2026", "MEMORANDUM", "9-2026", FALSE},
		{"MEMORÁNDUM N° 9-2026", "MEMORANDUM", "9-2026", FALSE},
		{"Licencia N° 10-2026", "LICENCIA", "10-2026", FALSE},
		{"Papeleta de prevención N° 11-2026", "PAPELETA DE PREVENCION", "11-2026", FALSE},
		{"Resolución administrativa de sanción N° 12-2026",
			"RESOLUCION ADMINISTRATIVA DE SANCION", "12-2026", TRUE},
		{"Resolución Sub Gerencial N° 13-2026", "RESOLUCION SUB GERENCIAL", "13-2026",
			TRUE},
		{"RESOLUCIÓN DE GERENCIA MUNICIPAL N° 027-2020-GM-MPSM",
			"RESOLUCION DE GERENCIA MUNICIPAL", "027-2020-GM-MPSM", TRUE},
		{"Resolución N° 14-2026", "RESOLUCION", "14-2026", TRUE},
		{"Cédula N° 15-2026", "CEDULA", "15-2026", TRUE},
		{"[URGENTE: sin token] Notificación N° 16-2026", "NOTIFICACION", "16-2026", TRUE},
		{"Notificación Exp. 2026-001234 N° 17-2026", "NOTIFICACION", "17-2026", TRUE},
		{"Notificación Exp. N° 2026-001234", "NOTIFICACION", NULL, TRUE},
		{"Cartagena N° 3", NULL, "3", FALSE},
		{"Re: Oficio N° 3-2026", NULL, "3-2026", FALSE},
		{"", NULL, NULL, FALSE},
	};
	DocumentTypes *types = standard();
	g_autoptr(GRegex) expediente =
		g_regex_new(default_of("expediente_pattern"), G_REGEX_CASELESS, 0, NULL);
	guint wrong = 0;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *type = document_type_find(types, cases[i].subject, FALSE);
		g_autofree char *number = document_number_find(cases[i].subject, expediente);

		if (g_strcmp0(type, cases[i].type) == 0 &&
			g_strcmp0(number, cases[i].number) == 0 &&
			document_type_notifies(types, type) == cases[i].notifies)
			continue;
		print_error("%s: %s %s\n", cases[i].subject, type, number);
		wrong++;
	}
	assert_int_equal(wrong, 0);
	document_types_free(types);
}

/* Which mail a judge would call an official document, and which not. */
static void test_both_sides(void **state)
{
	static const struct {
		const char *subject, *type;
	} cases[] = {
		/* official */
		{"N0TIFICACION N° 12-2026", "NOTIFICACION"},
		{"NOT1F1CAC10N N° 12-2026", "NOTIFICACION"},
		{"NOTlFlCAClON N° 12-2026", "NOTIFICACION"},
		{"0FICI0 12-2026", "OFICIO"},
		{"C4RT@ 12-2026", "CARTA"},
		{"N O T I F I C A C I O N  N° 12", "NOTIFICACION"},
		{"N.O.T.I.F.I.C.A.C.I.Ó.N. N° 12", "NOTIFICACION"},
		{"NOTIFI-CACIÓN N° 12", "NOTIFICACION"},
		{"NOTIFICACIONN°12", "NOTIFICACION"},
		{"NOTIFICACION12-2026", "NOTIFICACION"},
		{"ACTA DE\u00a0SESIONES", "ACTA DE SESIONES"},
		{"URGENTE: NOTIFICACION N 12", "NOTIFICACION"},
		{"URGENTE: NOTIFICACION", "NOTIFICACION"},
		{"Muy urgente - Carta", "CARTA"},
		{"ASUNTO: oficio 3", "OFICIO"},
		{"URGENTE: RE: NOTIFICACION N 12", "NOTIFICACION"},
		{"Re: Notificación", "NOTIFICACION"},
		{"RE: RV: [interno] Notificación", "NOTIFICACION"},
		{"NOTI\u200bFICA\u00adCION", "NOTIFICACION"},
		{"\uff2e\uff2f\uff34\uff29\uff26\uff29\uff23\uff21\uff23\uff29\uff2f\uff2e",
			"NOTIFICACION"},
		{"NOTIFICACIO\u0301N", "NOTIFICACION"},
		{"N\u0336O\u0336T\u0336IFICACION", "NOTIFICACION"},
		{"\u0274\u1d0f\u1d1b\u026aFICACION", "NOTIFICACION"},
		{"\U0001d40d\U0001d40eTIFICACION", "NOTIFICACION"},
		{"\u24c3\u24c4\u24c9IFICACION", "NOTIFICACION"},
		{"N\u00d8TIFICACION", "NOTIFICACION"},
		{"Se remite NOTIFICACIÓN N° 012-2026-GM-MPSM", "NOTIFICACION"},
		{"Sr. Pérez: notificación 12-2026", "NOTIFICACION"},
		{"Remito la Resolución de Alcaldía N° 5-2026", "RESOLUCION"},
		{"Remito Carta Múltiple Nº 7", "CARTA"},
		{"Adjunto Notificación Exp. 2026-001234", "NOTIFICACION"},
		{"Le hago llegar el informe técnico N° 8-2026", "INFORME TECNICO"},
		{"Remito informe N° 8-2026", "INFORME INTERNO"},
		{"Carta de presentación y NOTIFICACION N° 3-2026", "NOTIFICACION"},
		{"N° 012-2026-GM: NOTIFICACIÓN", "NOTIFICACION"},
		{"012-2026-GM-MPSM NOTIFICACIÓN", "NOTIFICACION"},
		{"Exp. 2026-001234: notificación", "NOTIFICACION"},
		{"Expediente N° 2026-001234 - Carta", "CARTA"},
		{"URGENTE: Exp. 2026-001234 Oficio", "OFICIO"},
		{"\u13df\u13aa\u13d2\u13a2\u13aa N° 3-2026", "CARTA"},
		{"\ua4da\ua4ee\ua4e3\ua4d4\ua4ee N° 3-2026", "CARTA"},
		{"\u2c9aOTIFICACION N° 3", "NOTIFICACION"},
		{"\U0001f172\U0001f170\U0001f181\U0001f183\U0001f170 N° 3", "CARTA"},
		{"\U0001f1e8\U0001f1e6\U0001f1f7\U0001f1f9\U0001f1e6 N° 3", "CARTA"},
		/* short forms */
		{"Resoluciones N° 5 y 6-2026", "RESOLUCION"},
		{"Resol. N° 5-2026-A", "RESOLUCION"},
		{"Resol 5-2026-A", "RESOLUCION"},
		{"RES. N° 005-2026-A/MPSM", "RESOLUCION"},
		{"R.A. N° 005-2026-A/MPSM", "RESOLUCION"},
		{"R.A. 005-2026-A/MPSM", "RESOLUCION"},
		{"RA N.° 005-2026", "RESOLUCION"},
		{"Remito R.A. N° 005-2026", "RESOLUCION"},
		{"Resol. de Alcaldía N° 5-2026", "RESOLUCION"},
		{"R.G.M. N° 027-2020-GM-MPSM", "RESOLUCION DE GERENCIA MUNICIPAL"},
		{"RGM 027-2020", "RESOLUCION DE GERENCIA MUNICIPAL"},
		{"Resol. de Gerencia Municipal 27", "RESOLUCION DE GERENCIA MUNICIPAL"},
		{"R.S.G. Nº 13-2026", "RESOLUCION SUB GERENCIAL"},
		{"Res. Sub Gerencial N° 13-2026", "RESOLUCION SUB GERENCIAL"},
		{"R.A.S. N° 12-2026", "RESOLUCION ADMINISTRATIVA DE SANCION"},
		{"Resol. Adm. de Sanción 12-2026", "RESOLUCION ADMINISTRATIVA DE SANCION"},
		{"Inf. N° 8-2026-OIS", "INFORME INTERNO"},
		{"Informe 8-2026-OIS", "INFORME INTERNO"},
		{"Inf. Téc. N° 8-2026", "INFORME TECNICO"},
		{"Ofic. N° 3-2026", "OFICIO"},
		{"Not. N° 12-2026", "NOTIFICACION"},
		{"Céd. N° 15-2026", "CEDULA"},
		{"Cert. N° 5-2026", "CERTIFICACION"},
		/* ordinary */
		{"Informe 2025-2026", NULL},
		{"Informe 2025/2026 de gestión", NULL},
		{"2025-2026 cartas de servicio", NULL},
		{"Exp. 2026-001234: consulta", NULL},
		{"2026-001234", NULL},
		{"12-2026-GM Su carta", NULL},
		{"Res. pendiente", NULL},
		{"Res non verba", NULL},
		{"Resolvemos N° 3", NULL},
		{"Según R.A. N° 005-2026", NULL},
		{"R.A. y R.D. por revisar", NULL},
		{"RA 2025-2026", NULL},
		{"R.D. N° 005-2026-EF", NULL},
		{"Lic. Pérez, reunión", NULL},
		{"Inf. del curso", NULL},
		{"Aut. de viaje", NULL},
		{"Not yet", NULL},
		{"CIT. a las 3", NULL},
		{"Const. y reparación de pistas", NULL},
		{"Le envío la carta fianza", NULL},
		{"Le envío la carta fianza N° 123-2026", NULL},
		{"Carta fianza N° 123-2026", NULL},
		{"Carta de presentación", NULL},
		{"Consulta sobre su informe", NULL},
		{"Consulta sobre su informe N° 3-2026", NULL},
		{"Consulta: carta N° 1-2026", NULL},
		{"Respuesta a su Carta N° 12-2026", NULL},
		{"Recibí la Notificación N° 12-2026", NULL},
		{"En atención al Oficio N° 3-2026", NULL},
		{"Informe no recibido", NULL},
		{"Informe", NULL},
		{"Informe de gestión 2026", NULL},
		{"Reunión sobre notificaciones", NULL},
		{"Carteles 12-2026", NULL},
		{"Cartagena N° 12-2026", NULL},
		{"Oficiosamente N° 12-2026", NULL},
		{"Descarta N° 12-2026", NULL},
		{"Ascensor 3-2026, cartas por recoger", NULL},
		{"Comemos N° 3", NULL},
		{"me molesta el ruido", NULL},
		{"Of course", NULL},
		{"Actas y sesiones", NULL},
		{"Saludo", NULL},
	};
	DocumentTypes *types = standard();

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *type = document_type_find(types, cases[i].subject, TRUE);

		if (g_strcmp0(type, cases[i].type) != 0)
			fail_msg("%s: %s", cases[i].subject, type);
	}
	document_types_free(types);
}

static void test_files(void **state)
{
	static const struct {
		const char *name, *type;
	} cases[] = {
		{"NOTIFICACION N 012-2026-GM.pdf", "NOTIFICACION"},
		{"notificación_nº_012_2026.pdf", "NOTIFICACION"},
		{"Carta-12-2026.pdf", "CARTA"},
		{"firmado_CARTA 12-2026[R].pdf", "CARTA"},
		{"su carta N° 3.pdf", "CARTA"},
		{"0FICI0 3-2026.docx", "OFICIO"},
		{"INFORME N° 295-2020-OIS-MPSM.pdf", "INFORME INTERNO"},
		{"resolucion_de_alcaldia_n_5.pdf", "RESOLUCION"},
		{"OFICIO 3-2026", "OFICIO"},
		{"Oficio N. 3", "OFICIO"},
		{"oficio 3-2026.ZIP", "OFICIO"},
		{"oficio 3-2026.xlsx", NULL},
		{"informe técnico n.° 3 año 2026.csv", NULL},
		{"carta.pdf", NULL},
		{"carta fianza 12-2026.pdf", NULL},
		{"Informe técnico.docx", NULL},
		{"planos 12-2026.dwg", NULL},
		{"notificaciones.png", NULL},
		{"", NULL},
	};
	DocumentTypes *types = standard();

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *type = document_type_of_file(types, cases[i].name);

		if (g_strcmp0(type, cases[i].type) != 0)
			fail_msg("%s: %s", cases[i].name, type);
	}
	assert_null(document_type_of_file(types, NULL));
	assert_null(document_type_of_file(NULL, "CARTA 1-2026"));
	document_types_free(types);
}

/* However it is dressed, what is read as a document is one. */
static void test_hidden(void **state)
{
	static const struct {
		const char *subject;
		gboolean original;
		const char *type;
	} cases[] = {
		{"N\u041eTIFICACI\u00d3N N° 1-2026", FALSE, "NOTIFICACION"},
		{"not\u0456f\u0456c\u0430c\u0456\u043en 1", FALSE, "NOTIFICACION"},
		{"\u039d\u039f\u03a4\u0399FICACION 1", FALSE, "NOTIFICACION"},
		{"\uff23\uff21\uff32\uff34\uff21 1", FALSE, "CARTA"},
		{"CA\u200bRTA 1", FALSE, "CARTA"},
		{"\u2800CARTA 1", FALSE, "CARTA"},
		{"CA\u3164RTA 1", FALSE, "CARTA"},
		{"\u00a0 carta 1", FALSE, "CARTA"},
		{"-CARTA 1", FALSE, "CARTA"},
		{"*CARTA* 1", FALSE, "CARTA"},
		{"_CARTA_ 1", FALSE, "CARTA"},
		{"«CARTA» 1", FALSE, "CARTA"},
		{"(CARTA 1)", FALSE, "CARTA"},
		{"📧 Carta 1", FALSE, "CARTA"},
		{"[CARTA] 1", FALSE, "CARTA"},
		{"[URGENTE: x] [OTRA] - CARTA 1", FALSE, "CARTA"},
		{"[CARTA", FALSE, "CARTA"},
		{"Re: CARTA 1", FALSE, NULL},
		{"Re: CARTA 1", TRUE, "CARTA"},
		{"RV: Re[2] : - CARTA 1", TRUE, "CARTA"},
		{"[x] Fwd: [CARTA] 1", TRUE, "CARTA"},
		{"Consulta: carta 1", TRUE, NULL},
		{"Su carta 1", TRUE, NULL},
		{"Re:", TRUE, NULL},
		{"[", TRUE, NULL},
		{"[[[", TRUE, NULL},
		{"\xff CARTA", TRUE, NULL},
	};
	DocumentTypes *types = standard();

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *type = document_type_find(types, cases[i].subject, cases[i].original);

		if (g_strcmp0(type, cases[i].type) != 0)
			fail_msg("%s: %s", cases[i].subject, type);
	}
	document_types_free(types);
}

static void test_exceptions(void **state)
{
	static const struct {
		const char *subject, *reason;
	} cases[] = {
		{"[URGENTE: sin token] Oficio 3", "sin token"},
		{"Oficio 3 [ urgente :  corte de energía ]", "corte de energía"},
		{"[URGENTE] Oficio 3", NULL},
		{"[URGENTE: ] Oficio 3", NULL},
		{"[URGENTE: ...] Oficio 3", NULL},
		{"[URGENTE: \xe3\x85\xa4] Oficio 3", NULL},
		{"URGENTE: Oficio 3", NULL},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *reason = document_urgent_reason(cases[i].subject);

		if (g_strcmp0(reason, cases[i].reason) != 0)
			fail_msg("%s: %s", cases[i].subject, reason);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_subjects),
		cmocka_unit_test(test_both_sides),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_hidden),
		cmocka_unit_test(test_exceptions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
