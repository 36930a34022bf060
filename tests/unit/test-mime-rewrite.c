/* The signature block in messages of every shape. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "mime/facts.h"
#include "mime/html.h"
#include "mime/html_arena.h"
#include "mime/rewrite.h"
#include "tests/unit/mime_fixture.h"

#define BLOCK "Rosa Núñez\nSecretaría"
#define HTML "<p>Rosa Núñez</p>"
#define HTML_NCR "<p>Rosa N&#250;&#241;ez</p>"

typedef struct {
	const char *name, *before, *after; /* after NULL: ACUSE_ERROR_DAMAGED; LF stands for CRLF */
} Case;

static void check_block(const Case *c)
{
	g_autoptr(MailMessage) message = mime_load(c->before);
	g_autoptr(GError) error = NULL;
	gboolean done = mime_add_block(message, BLOCK, HTML, &error);
	g_autofree char *after = mime_show(message), *again = NULL;

	if (done != (c->after != NULL))
		fail_msg("%s: %s", c->name, done ? "was not refused" : error->message);
	if (strcmp(after, done ? c->after : c->before) != 0)
		fail_msg("%s:\n%s", c->name, after);
	if (!done) {
		assert_int_equal(error->code, ACUSE_ERROR_DAMAGED);
		return;
	}
	assert_true(mime_add_block(message, BLOCK, HTML, NULL));
	again = mime_show(message);
	if (strcmp(after, again) != 0)
		fail_msg("%s: twice:\n%s", c->name, again);
}

static void check_all(const Case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check_block(&cases[i]);
}

#define B1 "=_acuse_16762650149b5984680809a8cffd84451e9aa980"
#define QP_TEXT "\nRosa N=C3=BA=C3=B1ez\nSecretar=C3=ADa\n"

static void test_plain_text(void **state)
{
	static const Case cases[] = {
		{"no MIME fields", "From: a@muni.test\n\nHola\n",
			"From: a@muni.test\nMIME-Version: 1.0\nContent-Type: text/plain; "
			"charset=utf-8\n"
			"Content-Transfer-Encoding: quoted-printable\n\nHola\n" QP_TEXT},
		{"us-ascii, 7bit",
			"MIME-Version: 1.0\nContent-Type: text/plain; charset=us-ascii; x=\"y;\"\n"
			"Content-Transfer-Encoding: 7bit\n\nA=B\n",
			"MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8; x=\"y;\"\n"
			"Content-Transfer-Encoding: quoted-printable\n\nA=3DB\n" QP_TEXT},
		{"UTF-8, 8bit",
			"Content-Type: text/plain; charset=UTF-8\n"
			"Content-Transfer-Encoding: 8bit\n\nAño\n",
			"Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: "
			"8bit\n\n"
			"Año\n\nRosa Núñez\nSecretaría\n"},
		{"8-bit labelled 7bit",
			"Content-Type: text/plain; charset=utf-8\n"
			"Content-Transfer-Encoding: 7bit\n\nAño\n",
			"Content-Type: text/plain; charset=utf-8\n"
			"Content-Transfer-Encoding: quoted-printable\n\nA=C3=B1o\n" QP_TEXT},
		{"quoted-printable keeps its bytes",
			"Content-Type: text/plain; charset=utf-8\n"
			"Content-Transfer-Encoding: quoted-printable\n\na=c3=b1o=20\nlong "
			"=\nline\n",
			"Content-Type: text/plain; charset=utf-8\n"
			"Content-Transfer-Encoding: quoted-printable\n\na=c3=b1o=20\nlong "
			"=\nline\n" QP_TEXT},
		{"ends in a soft break",
			"Content-Type: text/plain; charset=utf-8\n"
			"Content-Transfer-Encoding: quoted-printable\n\nab=",
			"Content-Type: text/plain; charset=utf-8\n"
			"Content-Transfer-Encoding: quoted-printable\n\nab=\n\n" QP_TEXT},
		{"latin-1 takes the block in latin-1",
			"Content-Type: text/plain; charset=ISO-8859-1\n"
			"Content-Transfer-Encoding: quoted-printable\n\na=F1o\n",
			"Content-Type: text/plain; charset=ISO-8859-1\n"
			"Content-Transfer-Encoding: quoted-printable\n\na=F1o\n"
			"\nRosa N=FA=F1ez\nSecretar=EDa\n"},
		{"a charset that cannot hold it",
			"Content-Type: text/plain; charset=iso-8859-5\n"
			"Content-Transfer-Encoding: quoted-printable\n\n=D0\n",
			"Content-Type: text/plain; charset=utf-8\n"
			"Content-Transfer-Encoding: quoted-printable\n\n=D0=B0\n" QP_TEXT},
		{"base64 with an inner =",
			"Content-Type: text/plain; charset=utf-8\n"
			"Content-Transfer-Encoding: base64\n\nSG9sYQ==IHF1ZQ0K\n",
			"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: "
			"base64\n\n"
			"SG9sYSBxdWUNCg0KUm9zYSBOw7rDsWV6DQpTZWNyZXRhcsOtYQ0K\n"},
		{"base64 that is none",
			"Content-Type: text/plain; charset=utf-8\n"
			"Content-Transfer-Encoding: base64\n\nSG9s*YQ==\n",
			"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"" B1 "\"\n\n"
			"--" B1 "\nContent-Type: text/plain; charset=utf-8\n"
			"Content-Transfer-Encoding: base64\n\nSG9s*YQ==\n\n--" B1 "\n"
			"Content-Type: text/plain; charset=utf-8\n"
			"Content-Transfer-Encoding: quoted-printable\n\nRosa N=C3=BA=C3=B1ez\n"
			"Secretar=C3=ADa\n--" B1 "--\n"},
		{"latin-1 bytes without charset", "A: b\n\nA\xf1o\n",
			"A: b\nMIME-Version: 1.0\nContent-Type: text/plain; "
			"charset=windows-1252\nContent-Transfer-Encoding: quoted-printable\n\n"
			"A=F1o\n\nRosa N=FA=F1ez\nSecretar=EDa\n"},
		{"latin-1 bytes without charset, From", "A: b\n\nA\xf1o\n\nFrom x\n",
			"A: b\nMIME-Version: 1.0\nContent-Type: text/plain; "
			"charset=windows-1252\nContent-Transfer-Encoding: quoted-printable\n\n"
			"A=F1o\n\n=46rom x\n\nRosa N=FA=F1ez\nSecretar=EDa\n"},
		{"a charset nobody knows",
			"Content-Type: text/plain; charset=x-none\n"
			"Content-Transfer-Encoding: 8bit\n\nA\xf1o\n",
			"Content-Type: text/plain; charset=x-none\n"
			"Content-Transfer-Encoding: 8bit\n\nA\xf1o\n\nRosa Nunez\nSecretaria\n"},
		{"utf-16",
			"Content-Type: text/plain; charset=utf-16\n"
			"Content-Transfer-Encoding: base64\n\n/v8ASABvAGwAYQANAAo=\n",
			"Content-Type: text/plain; charset=utf-8\n"
			"Content-Transfer-Encoding: quoted-printable\n\nHola\n" QP_TEXT},
		{"a NUL in gb18030 is kept",
			"Content-Type: text/plain; charset=gb18030\n"
			"Content-Transfer-Encoding: quoted-printable\n\nA=C4=EA=00o\n",
			"Content-Type: text/plain; charset=utf-8\n"
			"Content-Transfer-Encoding: quoted-printable\n\nA=E5=B9=B4=00o\n" QP_TEXT},
		{"a NUL in koi8-r is kept",
			"Content-Type: text/plain; charset=koi8-r\n"
			"Content-Transfer-Encoding: quoted-printable\n\nA=F1=00o\n",
			"Content-Type: text/plain; charset=utf-8\n"
			"Content-Transfer-Encoding: quoted-printable\n\nA=D0=AF=00o\n" QP_TEXT},
		{"a NUL in utf-16 is kept",
			"Content-Type: text/plain; charset=utf-16\n"
			"Content-Transfer-Encoding: base64\n\n//5IAAAAYQANAAoA\n",
			"Content-Type: text/plain; charset=utf-8\n"
			"Content-Transfer-Encoding: quoted-printable\n\nH=00a\n" QP_TEXT},
		{"a comment in the Content-Type",
			"Content-Type: text/plain; charset=us-ascii (plain; text); x=y\n\nHola\n",
			"Content-Type: text/plain; charset=utf-8 (plain; text); x=y\n"
			"MIME-Version: 1.0\nContent-Transfer-Encoding: "
			"quoted-printable\n\nHola\n" QP_TEXT},
		{"flowed is kept",
			"Content-Type: text/plain; charset=utf-8; format=flowed\n"
			"Content-Transfer-Encoding: 8bit\n\nuna \nlinea\n",
			"Content-Type: text/plain; charset=utf-8; format=flowed\n"
			"Content-Transfer-Encoding: 8bit\n\nuna \nlinea\n\nRosa "
			"Núñez\nSecretaría\n"},
		{"there already",
			"Content-Type: text/plain; charset=utf-8\n"
			"Content-Transfer-Encoding: 8bit\n\nHola\nRosa Núñez\nSecretaría  \n\n",
			"Content-Type: text/plain; charset=utf-8\n"
			"Content-Transfer-Encoding: 8bit\n\nHola\nRosa Núñez\nSecretaría  \n\n"},
		{"signed stays", "Content-Type: multipart/signed; boundary=b\n\n--b\n\nx\n--b--\n",
			"Content-Type: multipart/signed; boundary=b\n\n--b\n\nx\n--b--\n"},
	};

	(void)state;
	check_all(cases, G_N_ELEMENTS(cases));
}

#define HTML_HEAD "Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"

static void test_html(void **state)
{
	static const Case cases[] = {
		{"before </body>", HTML_HEAD "<html><body>x</body></html>\n",
			HTML_HEAD "<html><body>x\n" HTML "\n</body></html>\n"},
		{"a comment does not mislead", HTML_HEAD "<body>x</body><!-- </body> --></html>",
			HTML_HEAD "<body>x\n" HTML "\n</body><!-- </body> --></html>"},
		{"nor does a script", HTML_HEAD "<body>x<script>var a='</body>';</script></body>",
			HTML_HEAD "<body>x<script>var a='</body>';</script>\n" HTML "\n</body>"},
		{"no </body>", HTML_HEAD "<html><p>x</html>\n",
			HTML_HEAD "<html><p>x\n" HTML "\n</html>\n"},
		{"nothing closed", HTML_HEAD "<b>x</b>\n", HTML_HEAD "<b>x</b>\n\n" HTML "\n"},
		{"upper case", HTML_HEAD "<BODY>x</BODY >",
			HTML_HEAD "<BODY>x\n" HTML "\n</BODY >"},
		{"open comment at the end", HTML_HEAD "<b>x</b><!-- a > b",
			HTML_HEAD "<b>x</b>\n" HTML "\n<!-- a > b"},
		{"open tag at the end", HTML_HEAD "<b>x</b><a href=\"",
			HTML_HEAD "<b>x</b>\n" HTML "\n<a href=\""},
		{"open style at the end", HTML_HEAD "<b>x</b><style>p {",
			HTML_HEAD "<b>x</b>\n" HTML "\n<style>p {"},
		{"text behind the body", HTML_HEAD "<body>x</body></html>y",
			HTML_HEAD "<body>x\n" HTML "\n</body></html>y"},
		{"latin-1 gets references",
			"Content-Type: text/html; charset=iso-8859-1\n"
			"Content-Transfer-Encoding: 8bit\n\n<body>\xf1</body>",
			"Content-Type: text/html; charset=iso-8859-1\n"
			"Content-Transfer-Encoding: 8bit\n\n<body>\xf1\n" HTML_NCR "\n</body>"},
		{"bytes that mean nothing behind a <", HTML_HEAD "<p>Rosa<\xff\xfe/> Núñez</p>",
			HTML_HEAD "<p>Rosa<\xff\xfe/> Núñez</p>\n" HTML "\n"},
		{"quoted-printable within a line",
			"Content-Type: text/html; charset=utf-8\n"
			"Content-Transfer-Encoding: quoted-printable\n\n<body>=C3=B1 </bo=\ndy>\n",
			"Content-Type: text/html; charset=utf-8\n"
			"Content-Transfer-Encoding: quoted-printable\n\n<body>=C3=B1 =\n\n"
			"<p>Rosa N=C3=BA=C3=B1ez</p>\n</bo=\ndy>\n"},
	};

	(void)state;
	check_all(cases, G_N_ELEMENTS(cases));
}

#define MIXED "Content-Type: multipart/mixed; boundary=m\n\npre\n--m\n"
#define U8 "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
#define ADDED "\n\nRosa Núñez\nSecretaría\n"

#define OURS_HEAD "Content-Type: multipart/mixed; boundary=\"=_acuse_x\"\n\n--=_acuse_x\n" U8 "x"
#define OURS_END                                                                                   \
	"\n--=_acuse_x\nContent-Type: text/plain; charset=utf-8\n"                                 \
	"Content-Transfer-Encoding: quoted-printable\n\n"
#define OURS OURS_HEAD OURS_END
#define OURS_WITH_BLOCK OURS_HEAD ADDED OURS_END

static void test_structure(void **state)
{
	static const Case cases[] = {
		{"mixed: the first only", MIXED U8 "x\n--m\n" U8 "y\n--m--  \nepilogue\n",
			MIXED U8 "x" ADDED "\n--m\n" U8 "y\n--m--  \nepilogue\n"},
		{"no closing boundary", MIXED U8 "x\n", MIXED U8 "x\n\nRosa Núñez\nSecretaría\n"},
		{"blanks after the boundary",
			"Content-Type: multipart/mixed; boundary=m\n\n--m \t\n" U8 "x\n--m-- \n",
			"Content-Type: multipart/mixed; boundary=m\n\n--m \t\n" U8 "x" ADDED
			"\n--m-- \n"},
		{"alternative in mixed",
			MIXED "Content-Type: multipart/alternative; boundary=a\n\n--a\n" U8
			      "x\n--a\n" HTML_HEAD "<body>x</body>\n--a--\n--m\n" U8 "y\n--m--\n",
			MIXED "Content-Type: multipart/alternative; boundary=a\n\n--a\n" U8
			      "x" ADDED "\n--a\n" HTML_HEAD "<body>x\n" HTML
			      "\n</body>\n--a--\n--m\n" U8 "y\n--m--\n"},
		{"related: its root",
			"Content-Type: multipart/related; boundary=m\n\n--m\n" HTML_HEAD
			"<body>x</body>\n--m\n" HTML_HEAD "y\n--m--\n",
			"Content-Type: multipart/related; boundary=m\n\n--m\n" HTML_HEAD
			"<body>x\n" HTML "\n</body>\n--m\n" HTML_HEAD "y\n--m--\n"},
		{"not the attachment",
			MIXED "Content-Disposition: attachment\n" U8 "y\n--m\n" U8 "x\n--m--\n",
			MIXED "Content-Disposition: attachment\n" U8 "y\n--m\n" U8 "x" ADDED
			      "\n--m--\n"},
		{"not a file with a name",
			MIXED "Content-Disposition: inline; filename=a.txt\n" U8 "y\n--m\n" U8
			      "x\n--m--\n",
			MIXED "Content-Disposition: inline; filename=a.txt\n" U8 "y\n--m\n" U8
			      "x" ADDED "\n--m--\n"},
		{"not the forwarded message",
			MIXED "Content-Type: message/rfc822\n\n" U8 "y\n--m\n" U8 "x\n--m--\n",
			MIXED "Content-Type: message/rfc822\n\n" U8 "y\n--m\n" U8 "x" ADDED
			      "\n--m--\n"},
		{"it looks like ours, with an empty text", OURS "--=_acuse_x--\n",
			OURS_WITH_BLOCK "--=_acuse_x--\n"},
		{"an empty part", MIXED U8 "--m--\n", MIXED U8 "Rosa Núñez\nSecretaría\n\n--m--\n"},
		{"a nested part's own fields change",
			MIXED "Content-Type: text/plain\n\nx\n--m--\n",
			MIXED "Content-Transfer-Encoding: quoted-printable\n"
			      "Content-Type: text/plain; charset=utf-8\n\nx\n" QP_TEXT "\n--m--\n"},
	};

	(void)state;
	check_all(cases, G_N_ELEMENTS(cases));
}

static void test_mail_without_text_gets_one(void **state)
{
	g_autoptr(MailMessage) message =
		mime_load("Subject: s\nContent-Type: application/pdf\nContent-Transfer-Encoding: "
			  "base64\n\nJVBERg==\n");
	g_autofree char *after = NULL, *again = NULL;

	(void)state;
	assert_true(mime_add_block(message, BLOCK, HTML, NULL));
	after = mime_show(message);
	assert_non_null(
		strstr(after, "Subject: s\nMIME-Version: 1.0\nContent-Type: multipart/mixed; "));
	assert_non_null(
		strstr(after, "quoted-printable\n\nRosa N=C3=BA=C3=B1ez\nSecretar=C3=ADa\n--"));
	assert_non_null(strstr(after, "\nContent-Type: application/pdf\n"
				      "Content-Transfer-Encoding: base64\n\nJVBERg==\n"));
	assert_true(mime_add_block(message, BLOCK, HTML, NULL));
	again = mime_show(message);
	assert_string_equal(after, again);
}

/* How many times slower than by itself the program runs, as who runs it says (make check-valgrind).
 */
static guint slowness(void)
{
	const char *text = g_getenv("ACUSE_TEST_SLOWNESS");

	return text != NULL ? (guint)MAX(1, atoi(text)) : 1;
}

/* Markup that would cost gumbo quadratic time or its stack is refused; a large ordinary mail is
 * not. */
static void test_html_limits(void **state)
{
	static const struct {
		const char *name, *item;
		guint count;
		gboolean fits;
	} cases[] = {
		{"rows", "<tr><td><p>x</p></td></tr>", 20000, TRUE},
		{"paragraphs", "<p>a <b>b</b> <a href=c>d</a></p>", 6000, TRUE},
		{"nesting", "<div>", 300, TRUE},
		{"deep nesting", "<div>", HTML_MAX_OPEN_TAGS + 1, FALSE},
		{"hidden closings", "<div><!--</div>-->", HTML_MAX_OPEN_TAGS + 1, FALSE},
		{"cells in SVG", "<svg><td>", HTML_MAX_OPEN_TAGS + 1, FALSE},
		{"a tree of many tags", "<hr>", 300000, FALSE},
		{"closings", "<b></x></x></x></x>", 15000, FALSE},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GString) text = g_string_new("Content-Type: text/html\n\n");
		g_autoptr(MailMessage) message = NULL;
		g_autoptr(GError) error = NULL;
		guint count = cases[i].count;

		if (cases[i].fits)
			count /= slowness();
		for (guint j = 0; j < count; j++)
			g_string_append(text, cases[i].item);
		message = mime_load(text->str);
		if (mime_add_block(message, BLOCK, HTML, &error) != cases[i].fits)
			fail_msg("%s", cases[i].name);
		if (error)
			assert_int_equal(error->code, ACUSE_ERROR_TOO_COMPLEX);
	}
}

/* Fills the tree's room to the byte with pieces; what was given back is there again. */
static gboolean fits_in_tree(gsize more)
{
	const gsize piece = 512, head = sizeof(gsize);
	HtmlArena arena;
	void *last = NULL;

	html_arena_init(&arena);
	if (setjmp(arena.out)) {
		html_arena_clear(&arena);
		return FALSE;
	}
	for (gsize i = 0; i < HTML_MAX_TREE_BYTES / piece; i++)
		last = html_arena_allocate(&arena, piece - head);
	html_arena_free(&arena, last);
	assert_ptr_equal(html_arena_allocate(&arena, piece - head), last);
	if (more > 0)
		html_arena_allocate(&arena, more);
	html_arena_clear(&arena);
	return TRUE;
}

static void test_tree_limit(void **state)
{
	(void)state;
	assert_true(fits_in_tree(0));
	assert_false(fits_in_tree(1));
	assert_false(fits_in_tree(HTML_MAX_TREE_BYTES / 2));
}

static void test_attribute_limit(void **state)
{
	(void)state;
	for (guint extra = 0; extra < 2; extra++) {
		g_autoptr(GString) text = g_string_new("<a z='=\"' ");

		for (guint i = 1; i < HTML_MAX_ATTRIBUTES + extra; i++)
			g_string_append_printf(text, "a%u=\"x y/z\" ", i);
		g_string_append(text, ">");
		assert_int_equal(html_within_limits((const guint8 *)text->str, text->len), !extra);
	}
}

typedef struct {
	const char *name, *charset, *encoding, *line;
	const char *last, *block; /* of the outcome; NULL: the text stays, the block is beside it */
} LargeCase;

static char *large_text(const LargeCase *c)
{
	GString *text = g_string_new(NULL);

	g_string_printf(text, "Content-Type: text/plain; charset=%s\n", c->charset);
	g_string_append_printf(text, "Content-Transfer-Encoding: %s\n\n", c->encoding);
	while (text->len < 3 * 1024 * 1024)
		g_string_append(text, c->line);
	return g_string_free(text, FALSE);
}

static void check_large(const LargeCase *c)
{
	g_autofree char *text = large_text(c), *after = NULL, *again = NULL, *end = NULL;
	g_autoptr(MailMessage) message = mime_load(text);

	assert_true(mime_add_block(message, BLOCK, HTML, NULL));
	after = mime_show(message);
	end = c->last ? g_strconcat(c->last, c->last, "\n", c->block, NULL)
		      : g_strconcat(c->line, "\n--", NULL);
	if (c->last ? !g_str_has_suffix(after, end)
		    : !strstr(after, text) || !strstr(after, end) || !strstr(after, "\n" QP_TEXT))
		fail_msg("%s: %s", c->name, after + strlen(after) - 300);
	assert_true(mime_add_block(message, BLOCK, HTML, NULL));
	again = mime_show(message);
	if (strcmp(after, again) != 0)
		fail_msg("%s: twice", c->name);
}

/* Of texts that are too large to be converted: each line of them, then the block, once. */
static void test_large_texts(void **state)
{
	static const LargeCase cases[] = {
		{"windows-1252", "windows-1252", "8bit", "a\361o \n", "a\361o \n",
			"Rosa N\372\361ez\nSecretar\355a\n"},
		{"8-bit labelled 7bit", "utf-8", "7bit", "durante todo el año \n",
			"durante todo el a=C3=B1o=20\n", "Rosa N=C3=BA=C3=B1ez\nSecretar=C3=ADa\n"},
		{"the same, most of it letters over 127", "utf-8", "7bit", "ñññññññ\n", NULL, NULL},
		{"windows-1252 labelled us-ascii, 7bit", "us-ascii", "7bit",
			"durante todo el a\361o \n", "durante todo el a=F1o=20\n",
			"Rosa N=FA=F1ez\nSecretar=EDa\n"},
		{"bytes that mean nothing", "utf-8", "8bit", "a\377o\n", "a\377o\n",
			"Rosa Núñez\nSecretaría\n"},
		{"a charset nobody knows", "x-none", "8bit", "a\377o\n", "a\377o\n",
			"Rosa Nunez\nSecretaria\n"},
		{"without the block's letters", "iso-8859-5", "8bit", "\320\n", NULL, NULL},
		{"letters of two bytes", "iso-2022-jp", "7bit", "\033$B7hDL\033(B\n", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		check_large(&cases[i]);
}

/* Its author's own block, at the end of a text in letters of several bytes that is not converted.
 */
static void test_large_text_has_block(void **state)
{
	const LargeCase c = {"own block", "gb18030", "8bit", "\304\352\n", NULL, NULL};
	g_autofree char *text = large_text(&c), *whole = NULL, *after = NULL, *block = NULL;
	g_autoptr(MailMessage) message = NULL;
	gsize size;

	(void)state;
	block = g_convert(BLOCK "\n", -1, "gb18030", "UTF-8", NULL, &size, NULL);
	whole = g_strconcat(text, block, NULL);
	message = mime_load(whole);
	assert_true(mime_add_block(message, BLOCK, HTML, NULL));
	after = mime_show(message);
	assert_true(strcmp(after, whole) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_text),
		cmocka_unit_test(test_html),
		cmocka_unit_test(test_structure),
		cmocka_unit_test(test_mail_without_text_gets_one),
		cmocka_unit_test(test_html_limits),
		cmocka_unit_test(test_attribute_limit),
		cmocka_unit_test(test_tree_limit),
		cmocka_unit_test(test_large_texts),
		cmocka_unit_test(test_large_text_has_block),
	};

	mime_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
