/*
 * Messages of every shape and what becomes of them: tests/golden/NAME.eml, and beside it
 * NAME.end.out (block at the end), NAME.quote.out (block before the quote, with a logo) and
 * NAME.entity.out (what would be signed). With ACUSE_GOLDEN_WRITE set the outcomes are written
 * anew, for a look at the difference.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "mime/facts.h"
#include "mime/rewrite.h"
#include "mime/smime.h"

static const char *const items[] = {
	"Rosa Morales Núñez", "Jefa", "Secretaría General", "Municipalidad de Prueba", "123", NULL};
static const guint8 logo[] = "\x89PNG\r\n\x1a\n not a real image";

static MailMessage *load(const char *path)
{
	g_autofree char *bytes = NULL;
	gsize size = 0;

	assert_true(g_file_get_contents(path, &bytes, &size, NULL));
	return mail_message_parse(bytes, size);
}

static GBytes *end_outcome(const char *path, gboolean before_quote)
{
	g_autoptr(MailMessage) message = load(path);
	g_autoptr(GBytes) image = g_bytes_new_static(logo, sizeof(logo) - 1), once = NULL,
			  twice = NULL;
	g_autoptr(GError) error = NULL;
	MimeBlock block = {
		"Rosa Morales Núñez\nJefa\nSecretaría General\nMunicipalidad de Prueba\nAnexo 123",
		before_quote
			? "<div>\n<strong>Rosa Morales Núñez</strong><br>\nJefa<br>\n"
			  "Secretaría General<br>\nMunicipalidad de Prueba<br>\nAnexo 123<br>\n"
			  "<img src=\"cid:logo@muni.test\" alt=\"\">\n</div>"
			: "<div>\n<strong>Rosa Morales Núñez</strong><br>\nJefa<br>\n"
			  "Secretaría General<br>\nMunicipalidad de Prueba<br>\nAnexo 123\n</div>",
		items, before_quote, before_quote ? image : NULL, "image/png", "logo@muni.test"};
	MimeBlockOutcome outcome;

	if (!mime_insert_block(message, &block, &outcome, &error))
		fail_msg("%s: %s", path, error->message);
	once = mail_message_to_bytes(message);
	assert_true(mime_insert_block(message, &block, &outcome, NULL));
	twice = mail_message_to_bytes(message);
	if (!g_bytes_equal(once, twice))
		fail_msg("%s: the block was added twice", path);
	assert_true(outcome > MIME_BLOCK_COMPLETED);
	return g_steal_pointer(&once);
}

static GBytes *entity_outcome(const char *path)
{
	g_autoptr(MailMessage) message = load(path);
	g_autoptr(GError) error = NULL;
	g_autoptr(MessageFacts) facts = mime_facts(message, &error);
	GBytes *entity;

	assert_non_null(facts);
	if (facts->protection != PROTECTION_NONE)
		return mail_message_to_bytes(message);
	if (!mime_to_7bit(message, &error))
		fail_msg("%s: %s", path, error->message);
	entity = smime_entity(message, &error);
	if (!entity)
		fail_msg("%s: %s", path, error->message);
	return entity;
}

static void compare(const char *path, const char *kind, GBytes *outcome)
{
	g_autofree char *stem = g_strndup(path, strlen(path) - strlen(".eml"));
	g_autofree char *file = g_strconcat(stem, ".", kind, ".out", NULL), *expected = NULL;
	gsize size = 0, expected_size = 0;
	const char *bytes = g_bytes_get_data(outcome, &size);

	if (g_getenv("ACUSE_GOLDEN_WRITE")) {
		assert_true(g_file_set_contents(file, bytes, (gssize)size, NULL));
		return;
	}
	if (!g_file_get_contents(file, &expected, &expected_size, NULL))
		fail_msg("%s is missing", file);
	if (size != expected_size || memcmp(bytes, expected, size) != 0)
		fail_msg("%s differs:\n%.*s", file, (int)size, bytes);
}

static void test_golden(void **state)
{
	const char *folder = GOLDEN_FOLDER, *name;
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	guint count = 0;

	(void)state;
	assert_non_null(dir);
	while ((name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(folder, name, NULL);
		g_autoptr(GBytes) end = NULL, quote = NULL, entity = NULL;

		if (!g_str_has_suffix(name, ".eml"))
			continue;
		end = end_outcome(path, FALSE);
		quote = end_outcome(path, TRUE);
		entity = entity_outcome(path);
		compare(path, "end", end);
		compare(path, "quote", quote);
		compare(path, "entity", entity);
		count++;
	}
	assert_true(count >= 25);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_golden)};

	mime_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
