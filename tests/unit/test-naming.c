/* Account names (A4): the directive's order of candidates over real shapes of names, and what no
 * rule can write. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/error.h"
#include "core/naming.h"

static const struct {
	const char *given, *paternal, *maternal;
	guint n;
	const char *expected; /* NULL: an operator decides */
} names[] = {
	{"Rosa", "Morales", "Aranda", 0, "rmoralesa"},
	{"Rosa", "Morales", "Aranda", 1, "rmoralesar"},
	{"Rosa", "Morales", "Aranda", 2, "rmoralesa1"},
	{"Rosa", "Morales", "Aranda", 3, "rmoralesa2"},
	{"Rosa", "Morales", "Aranda", 51, "rmoralesa50"},
	{"Juan", "De la Cruz", "Quispe", 0, "jdelacruzq"},
	{"María del Carmen", "Del Águila", "Ríos", 0, "mdelaguilar"},
	{"Ñahui", "Núñez", "Güere", 0, "nnunezg"},
	{"José", "O'Higgins", "Peña", 0, "johigginsp"},
	{"José", "O’Higgins", "Peña", 0, "johigginsp"},
	{"Ana", "García-Calderón", "Ruiz", 0, "agarciacalderonr"},
	{"Li", "Wang", NULL, 0, "lwang"},
	{"Li", "Wang", "", 1, "lwang1"},
	{"Li", "Wang", "", 2, "lwang2"},
	{"Luis", "Ríos", "De la Torre", 0, "lriosd"},
	{"Luis", "Ríos", "De la Torre", 1, "lriosde"},
	{"Luis", "Ríos", "De la Torre", 2, "lriosd1"},
	{"ROSA", "MORALES", "ARANDA", 0, "rmoralesa"},
	{"ÑUSTA", "ÑAUPARI", "ÑAHUIS", 0, "nnauparin"},
	{"ÑUSTA", "ÑAUPARI", "ÑAHUIS", 1, "nnauparina"},
	{"  Rosa ", " Morales  ", "\tAranda", 0, "rmoralesa"},
	{"Pedro", "Quispe Mamani", "Huamán", 0, "pquispemamanih"},
	{"Elena", "Vda. de Pérez", "Soto", 0, "evdadeperezs"},
	{"Jorge", "Von Humboldt", "Díaz", 0, "jvonhumboldtd"},
	{"Jürgen", "Müller", "Groß", 0, "jmullerg"},
	{"Jürgen", "Groß", "Müller", 0, "jgrossm"},
	{"Ægir", "Sørensen", "Østergård", 0, "asorenseno"},
	{"Łukasz", "Wałęsa", "Đurić", 0, "lwalesad"},
	{"Þór", "Œuvrard", "ßx", 1, "toeuvrardss"},
	{"Ana", "D'Angelo", "Y", 0, "adangeloy"},
	{"Ana", "D'Angelo", "Y", 1, "adangeloy1"},
	{"Ana", "D'Angelo", "Y", 2, "adangeloy2"},
	{"A", "B", "C", 0, "abc"},
	{"A", "B", "C", 1, "abc1"},
	{"J.", "Pérez", "Pérez", 0, "jperezp"},
	{"J. Antonio", "Pérez", "Pérez", 0, "jperezp"},
	{"Jose\u0301", "Pe\u0301rez", "Nun\u0303ez", 0, "jperezn"},
	{"İbrahim", "Yıldız", "Şahin", 0, "iyildizs"},
	{"Ｒｏｓａ", "Ｍorales", "Aranda", 0, "rmoralesa"},
	{"Ana María", "San Román", "San Martín", 0, "asanromans"},
	{"Ana María", "San Román", "San Martín", 1, "asanromansa"},
	{"José Luis", "Santa Cruz", "Huayta", 0, "jsantacruzh"},
	{"Iván", "Ch'aska", "Q'ero", 0, "ichaskaq"},
	{"Iván", "Ch'aska", "Q'ero", 1, "ichaskaqe"},
	{"María José", "Gutiérrez–Vega", "Ávila", 0, "mgutierrezvegaa"},
	{"Óscar", "Ibáñez", "Ünal", 0, "oibanezu"},
	{"Zoë", "Zúñiga", "Çelik", 0, "zzunigac"},
	{"Hugo", "Mac Gregor", "O'Brien", 1, "hmacgregorob"},
	{"Renée", "L'Hôpital", "d'Alembert", 0, "rlhopitald"},
	{"Ana", "ﬁgueroa", "Soto", 0, "afigueroas"},
	{"José María", "Quispe Mamani", "De los Ríos", 0, "jquispemamanid"},
	{"José María", "Quispe Mamani", "De los Ríos", 1, "jquispemamanide"},
	{"Juan", "De la Cruz", "Quispe", 1, "jdelacruzqu"},
	{"Juan", "De la Cruz", "Quispe", 2, "jdelacruzq1"},
	{"María del Carmen", "Del Águila", "Ríos", 1, "mdelaguilari"},
	{"Ñahui", "Núñez", "Güere", 1, "nnunezgu"},
	{"José", "O'Higgins", "Peña", 1, "johigginspe"},
	{"Ana", "García-Calderón", "Ruiz", 2, "agarciacalderonr1"},
	{"Li", "Wang", NULL, 1, "lwang1"},
	{"MARÍA DEL CARMEN", "DEL ÁGUILA", "RÍOS", 0, "mdelaguilar"},
	{"LUIS", "RÍOS", "DE LA TORRE", 0, "lriosd"},
	{"Segundo Wilfredo", "Tuanama", "Tapullima", 0, "stuanamat"},
	{"Ítalo", "Shupingahua", "Sangama", 0, "ishupingahuas"},
	{"Wálter", "Ch'uquiwanka", "Ñahuincopa", 1, "wchuquiwankana"},
	{"Úrsula", "Müller de Ñáñez", "Von der Heyde", 0, "umullerdenanezv"},
	{"Ángel", "Ruiz de Castilla", "y Ponce", 0, "aruizdecastillay"},
	{"Ángel", "Ruiz de Castilla", "y Ponce", 1, "aruizdecastillayp"},
	{"Lenin", "Sánchez", "Ñ", 0, "lsanchezn"},
	{"Lenin", "Sánchez", "Ñ", 1, "lsanchezn1"},
	{"Rosa", "Ñ", "Ü", 0, "rnu"},
	{"D’Ana", "D`Angelo", "D´Souza", 0, "ddangelod"},
	{"Karla", "St. John", "McKenzie", 0, "kstjohnm"},
	{"Rosa", "Morales", "Aranda Vda. de Soto", 1, "rmoralesar"},
	{"Nguyễn", "Trần", "Đỗ", 0, "ntrand"},
	{"O", "Ó", "Ö", 0, "ooo"},
	{"Rosa", "Morales\u00a0Soto", "Aranda", 0, "rmoralessotoa"},
	{"Rosa", "Morales", "Арaнда", 0, NULL},
	{"Rosa", "Morales😀", "Aranda", 0, NULL},
	{"Rosa", "Morales/Soto", "Aranda", 0, NULL},
	{"Rosa", "Morales", "(viuda)", 0, NULL},
	{"محمد", "Morales", NULL, 0, NULL},
	{"Αννα", "Morales", NULL, 0, NULL},
	{"李", "王", NULL, 0, NULL},
	{"Иван", "Petrov", NULL, 0, NULL},
	{"Rosa", "Morales2", "Aranda", 0, NULL},
	{"Rosa", "Morales", "Aranda*", 0, NULL},
	{"Rosa", "Mora\u200bles", "Aranda", 0, NULL},
	{"Rosa", "Morales\n)(uid=*", "Aranda", 0, NULL},
	{"Rosa", "\xff", "Aranda", 0, NULL},
	{"", "Morales", "Aranda", 0, NULL},
	{NULL, "Morales", "Aranda", 0, NULL},
	{"Rosa", "", "Aranda", 0, NULL},
	{"Rosa", " - ", "Aranda", 0, NULL},
	{"'", "Morales", "Aranda", 0, NULL},
	{"Rosa", "Morales\303", "Aranda", 0, NULL},
};

static void test_candidates(void **state)
{
	(void)state;
	G_STATIC_ASSERT(G_N_ELEMENTS(names) >= 80);
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *name = naming_candidate(names[i].given, names[i].paternal,
			names[i].maternal, names[i].n, 1, &error);

		if (g_strcmp0(name, names[i].expected) != 0)
			fail_msg("%s %s: %s", names[i].given, names[i].paternal, name);
		if (names[i].expected == NULL)
			assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_INVALID));
		else
			assert_null(error);
	}
}

static void test_first_number(void **state)
{
	g_autofree char *third = naming_candidate("Rosa", "Morales", "Aranda", 2, 2, NULL);
	g_autofree char *fourth = naming_candidate("Rosa", "Morales", "Aranda", 3, 2, NULL);

	(void)state;
	assert_string_equal(third, "rmoralesa2");
	assert_string_equal(fourth, "rmoralesa3");
}

/* Where the numbers begin: the letters before them are as many as the surname has. */
static void test_lettered(void **state)
{
	static const struct {
		const char *maternal;
		guint lettered;
	} cases[] = {{NULL, 1}, {"", 1}, {"Y", 1}, {"Ñ", 1}, {"'", 1}, {"Aranda", 2},
		{"De la Torre", 2}, {"Æ", 2}, {"李", 0}};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		assert_int_equal(naming_lettered(cases[i].maternal), cases[i].lettered);
}

static void test_operator(void **state)
{
	static const struct {
		const char *name;
		gboolean valid;
	} cases[] = {{"lwang", TRUE}, {"lwang2", TRUE}, {"l", FALSE}, {"2wang", FALSE},
		{"l.wang", FALSE}, {"l-wang", FALSE}, {"Lwang", FALSE}, {"lwáng", FALSE},
		{"root", FALSE}, {"", FALSE}, {NULL, FALSE}, {"l wang", FALSE}, {"l*", FALSE}};
	g_autofree char *limit = g_strnfill(NAMING_MAX_CHARS, 'x');
	g_autofree char *over = g_strnfill(NAMING_MAX_CHARS + 1, 'x');

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		if (naming_person_valid(cases[i].name) != cases[i].valid)
			fail_msg("%s", cases[i].name);
	assert_true(naming_person_valid(limit));
	assert_false(naming_person_valid(over));
}

/* The limit of a local part, and the candidates stay distinct there. */
static void test_length(void **state)
{
	g_autofree char *exact = g_strnfill(NAMING_MAX_CHARS - 2, 'x');
	g_autofree char *over = g_strnfill(500, 'x');
	g_autofree char *fits = naming_candidate("Rosa", exact, "Aranda", 0, 1, NULL);
	g_autofree char *first = naming_candidate("Rosa", over, "Aranda", 0, 1, NULL);
	g_autofree char *second = naming_candidate("Rosa", over, "Aranda", 1, 1, NULL);
	g_autofree char *far = naming_candidate("Rosa", over, "Aranda", 4000, 1, NULL);

	(void)state;
	assert_int_equal(strlen(fits), NAMING_MAX_CHARS);
	assert_int_equal(strlen(first), NAMING_MAX_CHARS);
	assert_true(g_str_has_suffix(first, "xa"));
	assert_int_equal(strlen(second), NAMING_MAX_CHARS);
	assert_true(g_str_has_suffix(second, "xar"));
	assert_int_equal(strlen(far), NAMING_MAX_CHARS);
	assert_true(g_str_has_suffix(far, "xa3999"));
}

static void test_offices(void **state)
{
	static const struct {
		const char *name;
		gboolean valid;
	} cases[] = {
		{"otic", TRUE},
		{"mesa.partes", TRUE},
		{"ogaf-otic", TRUE},
		{"sgti2", TRUE},
		{"a", TRUE},
		{"", FALSE},
		{NULL, FALSE},
		{".otic", FALSE},
		{"otic.", FALSE},
		{"o..tic", FALSE},
		{"o.-tic", FALSE},
		{"Otic", FALSE},
		{"otíc", FALSE},
		{"otic otic", FALSE},
		{"otic+x", FALSE},
		{"postmaster", FALSE},
		{"acuse", FALSE},
		{"root", FALSE},
		{"o*", FALSE},
		{"otic@muni.test", FALSE},
	};
	g_autofree char *limit = g_strnfill(NAMING_MAX_CHARS, 'x');
	g_autofree char *over = g_strnfill(NAMING_MAX_CHARS + 1, 'x');

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		if (naming_office_valid(cases[i].name) != cases[i].valid)
			fail_msg("%s", cases[i].name);
	}
	assert_true(naming_office_valid(limit));
	assert_false(naming_office_valid(over));
	assert_true(naming_reserved("ABUSE"));
	assert_false(naming_reserved("otic"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_candidates),
		cmocka_unit_test(test_first_number),
		cmocka_unit_test(test_lettered),
		cmocka_unit_test(test_operator),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_offices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
