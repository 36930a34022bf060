/* What is to be signed made 7-bit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "mime/codec.h"
#include "mime/facts.h"
#include "mime/rewrite.h"
#include "tests/unit/mime_fixture.h"

#define MIXED "Content-Type: multipart/mixed; boundary=m\n\n--m\n"
#define U8 "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"

typedef struct {
	const char *name, *before,
		*after; /* after NULL: ACUSE_ERROR_UNSIGNABLE; LF stands for CRLF */
} Case;

static void test_to_7bit(void **state)
{
	static const Case cases[] = {
		{"7-bit stays", MIXED "\nx\n--m--\n", MIXED "\nx\n--m--\n"},
		{"text", U8 "Año  \nFrom x\n",
			"Content-Type: text/plain; charset=utf-8\n"
			"Content-Transfer-Encoding: quoted-printable\n\nA=C3=B1o =20\n=46rom x\n"},
		{"label of plain text", U8 "Ano\n",
			"Content-Type: text/plain; charset=utf-8\n"
			"Content-Transfer-Encoding: 7bit\n\nAno\n"},
		{"binary",
			"Content-Type: application/x\nContent-Transfer-Encoding: "
			"binary\n\n\xff\xfe",
			"Content-Type: application/x\nContent-Transfer-Encoding: base64\n\n//4=\n"},
		{"inside an attached message",
			MIXED "Content-Type: message/rfc822\nContent-Transfer-Encoding: "
			      "8bit\n\nSubject: s\n" U8 "Año\n--m--\n",
			MIXED "Content-Type: message/rfc822\nContent-Transfer-Encoding: "
			      "7bit\n\nSubject: s\n"
			      "Content-Type: text/plain; charset=utf-8\n"
			      "Content-Transfer-Encoding: quoted-printable\n\nA=C3=B1o\n--m--\n"},
		{"raw file name",
			MIXED "Content-Type: application/pdf; name=\"Año 1.pdf\"\n"
			      "Content-Description: Año\n"
			      "Content-Disposition: attachment; filename=\"Año 1.pdf\"; size=3\n\n"
			      "x\n--m--\n",
			MIXED "Content-Type: application/pdf; name*=utf-8''A%C3%B1o%201.pdf\n"
			      "Content-Description: =?utf-8?B?QcOxbw==?=\n"
			      "Content-Disposition: attachment; filename*=utf-8''A%C3%B1o%201.pdf; "
			      "size=3\n\nx\n--m--\n"},
		{"raw file name, not UTF-8",
			MIXED "Content-Type: application/pdf; name=\"A\xf1o\"\n\nx\n--m--\n",
			MIXED "Content-Type: application/pdf; name*=utf-8''A%C3%B1o\n\nx\n--m--\n"},
		{"header of an attached message",
			MIXED "Content-Type: message/rfc822\n\nSubject: ñ\nFrom: José \"Peña\" "
			      "<a@b>\n\nx\n--m--\n",
			MIXED "Content-Type: message/rfc822\n\nSubject: =?utf-8?B?w7E=?=\nFrom: "
			      "=?utf-8?B?Sm9zw6k=?= =?utf-8?B?IFBlw7Fh?= <a@b>\n\nx\n--m--\n"},
		{"preamble", "Content-Type: multipart/mixed; boundary=m\n\nñ\n--m\n\nx\n--m--\n",
			"Content-Type: multipart/mixed; boundary=m\n\n--m\n\nx\n--m--\n"},
		{"header in windows-1252",
			"From: Jos\xe9 (Lim\xe1), \"Pe\xf1"
			"a, L.\" <x@muni.test>\nSubject: A\xf1o\n"
			"Content-Type: text/plain\n\nx\n",
			"From: =?utf-8?B?Sm9zw6k=?= (=?utf-8?B?TGltw6E=?=), "
			"=?utf-8?B?UGXDsWEsIEwu?=\n <x@muni.test>\nSubject: =?utf-8?B?QcOxbw==?=\n"
			"Content-Type: text/plain\n\nx\n"},
		{"a domain with letters",
			"To: Jos\xc3\xa9 <jose@\xc3\xb1"
			"and\xc3\xba.pe>, x@a\xc3\xb1"
			"o.pe\n"
			"Content-Type: text/plain\n\nx\n",
			"To: =?utf-8?B?Sm9zw6k=?= <jose@xn--and-6ma2c.pe>, x@xn--ao-zja.pe\n"
			"Content-Type: text/plain\n\nx\n"},
		{"an attached report with letters",
			"Content-Type: multipart/mixed; boundary=m\n\n--m\n"
			"Content-Type: message/delivery-status\n\nDiagnostic-Code: smtp; no "
			"existe la direcci\xc3\xb3n\n--m--\n",
			NULL},
		{"a global report with letters",
			"Content-Type: multipart/mixed; boundary=m\n\n--m\n"
			"Content-Type: message/global-delivery-status\n\n\xc3\xb1\n--m--\n",
			"Content-Type: multipart/mixed; boundary=m\n\n--m\n"
			"Content-Transfer-Encoding: base64\n"
			"Content-Type: message/global-delivery-status\n\nw7E=\n\n--m--\n"},
		{"preamble and epilogue",
			"Content-Type: multipart/mixed; boundary=m\n\nOne.\n\n--m\n"
			"Content-Type: multipart/mixed; boundary=n\n\nTwo.\n--n\n\nx\n--n--  "
			"\nThree.\n\n--m--\nFour.\n",
			"Content-Type: multipart/mixed; boundary=m\n\n--m\n"
			"Content-Type: multipart/mixed; boundary=n\n\n--n\n\nx\n--n--  "
			"\n--m--\n"},
		{"of an attached message they stay",
			"Content-Type: message/rfc822\n\nContent-Type: multipart/mixed; "
			"boundary=n\n\nTwo.\n--n\n\nx\n--n--\nThree.\n",
			"Content-Type: message/rfc822\n\nContent-Type: multipart/mixed; "
			"boundary=n\n\nTwo.\n--n\n\nx\n--n--\nThree.\n"},
		{"trailing blanks and From", "A: b\n\nx \nFrom y\n",
			"A: b\nMIME-Version: 1.0\nContent-Transfer-Encoding: "
			"quoted-printable\n\nx=20\n=46rom y\n"},
		{"signed", "Content-Type: multipart/signed; boundary=b\n\n--b\n\nñ\n--b--\n", NULL},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(MailMessage) message = mime_load(cases[i].before);
		g_autoptr(GError) error = NULL;
		gboolean done = mime_to_7bit(message, &error);
		g_autofree char *after = mime_show(message);

		if (done != (cases[i].after != NULL))
			fail_msg(
				"%s: %s", cases[i].name, done ? "was not refused" : error->message);
		if (!done)
			assert_int_equal(error->code, ACUSE_ERROR_UNSIGNABLE);
		if (strcmp(after, done ? cases[i].after : cases[i].before) != 0)
			fail_msg("%s:\n%s", cases[i].name, after);
	}
}

/* RFC 6532 has them in UTF-8, RFC 1847 wants 7 bits, and nothing says them in ASCII. */
static void test_letters_in_addresses(void **state)
{
	static const char *const cases[] = {
		"From: <jos\xc3\xa9@muni.test>\n\nx\n",
		"To: a@x.test, jos\xc3\xa9@muni.test\n\nx\n",
		"Cc: <\xc3\xb1@\xc3\xb1.test>\n\nx\n",
		"To: a@\xc3\xb1 b.test\n\nx\n",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(MailMessage) message = mime_load(cases[i]);
		g_autoptr(GError) error = NULL;
		g_autofree char *after = NULL;

		if (mime_to_7bit(message, &error))
			fail_msg("%s", cases[i]);
		assert_int_equal(error->code, ACUSE_ERROR_ADDRESS_8BIT);
		after = mime_show(message);
		assert_string_equal(after, cases[i]);
	}
}

static void test_long_lines(void **state)
{
	static const struct {
		gsize length;
		gboolean changes;
	} cases[] = {{998, FALSE}, {999, TRUE}};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *line = g_strnfill(cases[i].length, 'x');
		g_autofree char *text = g_strconcat("A: b\n\n", line, "\n", NULL), *after = NULL;
		g_autoptr(MailMessage) message = mime_load(text);

		assert_true(mime_to_7bit(message, NULL));
		after = mime_show(message);
		assert_int_equal(strcmp(text, after) != 0, cases[i].changes);
	}
}

/* Quoted-printable is for people who read without a decoder; where it would make a large text three
 * times as long there is nothing to read. */
static void test_large_texts(void **state)
{
	static const struct {
		const char *name, *line, *encoding;
		gsize lines;
	} cases[] = {
		{"small", "\xd2\xc5\xdb\n", "quoted-printable", 1000},
		{"large", "\xd2\xc5\xdb\n", "base64", 300 * 1000},
		{"large, mostly ASCII", "resoluci\xf3n\n", "quoted-printable", 300 * 1000},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GString) text = g_string_new("Content-Type: text/plain; charset=koi8-r\n"
						       "Content-Transfer-Encoding: 8bit\n\n");
		g_autofree char *wanted = NULL;
		g_autoptr(MailMessage) message = NULL;
		g_autoptr(GByteArray) decoded = NULL;
		g_autoptr(GByteArray) before = g_byte_array_new();

		for (gsize line = 0; line < cases[i].lines; line++)
			g_string_append(text, cases[i].line);
		message = mime_load(text->str);
		g_byte_array_append(before, message->body->data, message->body->len);
		assert_true(mime_to_7bit(message, NULL));
		wanted = g_strconcat(" ", cases[i].encoding, NULL);
		if (strcmp(mail_message_field(message, "Content-Transfer-Encoding"), wanted) != 0)
			fail_msg("%s", cases[i].name);
		decoded = codec_decode(cases[i].encoding[0] == 'b' ? ENCODING_BASE64 : ENCODING_QP,
			message->body->data, message->body->len, NULL);
		assert_int_equal(decoded->len, before->len);
		assert_memory_equal(decoded->data, before->data, decoded->len);
	}
}

/* Quoted-printable comes back as it was, whatever the bytes, and its lines are short. */
static void test_qp_round_trip(void **state)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(2026);

	(void)state;
	for (guint round = 0; round < 2000; round++) {
		static const char alphabet[] = "a =\t\r\n.F\xf1\0From ";
		guint8 bytes[300];
		gsize size = (gsize)g_rand_int_range(random, 0, sizeof(bytes)), column = 0;
		g_autoptr(GByteArray) encoded = g_byte_array_new(), decoded = NULL;

		for (gsize i = 0; i < size; i++)
			bytes[i] =
				(guint8)alphabet[g_rand_int_range(random, 0, sizeof(alphabet) - 1)];
		codec_append_qp(encoded, bytes, size, "\r\n");
		for (guint i = 0; i < encoded->len; i++) {
			column = encoded->data[i] == '\n' ? 0 : column + 1;
			assert_true(column <= 77);
		}
		decoded = codec_decode(ENCODING_QP, encoded->data, encoded->len, NULL);
		assert_int_equal(decoded->len, size);
		if (size > 0)
			assert_memory_equal(decoded->data, bytes, size);
	}
}

/* In whatever pieces the bytes come; any one that is another, or two that changed places, show. */
static void test_print(void **state)
{
	guint8 bytes[61] = {0};
	Print whole = {0};

	(void)state;
	for (guint i = 0; i < sizeof bytes; i++)
		bytes[i] = (guint8)(i < 3 ? 0 : i * 37);
	codec_print(&whole, bytes, sizeof bytes);
	for (guint step = 1; step <= sizeof bytes; step++) {
		Print pieces = {0};

		for (guint at = 0; at < sizeof bytes; at += step)
			codec_print(&pieces, bytes + at, MIN(step, sizeof bytes - at));
		assert_true(pieces.hash == whole.hash && pieces.size == whole.size);
	}
	for (guint i = 0; i < sizeof bytes; i++) {
		Print other = {0}, swapped = {0};
		guint8 before = bytes[i];

		for (guint bit = 0; bit < 8; bit++) {
			bytes[i] = (guint8)(before ^ 1 << bit);
			other = (Print){0};
			codec_print(&other, bytes, sizeof bytes);
			assert_true(other.hash != whole.hash);
		}
		bytes[i] = before;
		if (i < 4)
			continue;
		bytes[i] = bytes[i - 1];
		bytes[i - 1] = before;
		codec_print(&swapped, bytes, sizeof bytes);
		assert_true(swapped.hash != whole.hash);
		bytes[i - 1] = bytes[i];
		bytes[i] = before;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_to_7bit),
		cmocka_unit_test(test_letters_in_addresses),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_large_texts),
		cmocka_unit_test(test_qp_round_trip),
		cmocka_unit_test(test_print),
	};

	mime_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
