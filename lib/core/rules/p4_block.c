/*
 * P4: every message ends with the sender's signature block (DI-002 art. 5): name, post and/or unit,
 * institution, extension and/or the institution's telephone, as the directory has them. What its
 * author signed or encrypted gets none.
 */
#include "core/rules/rules.h"

static gboolean applies(const PolicyInput *input, const Plan *plan)
{
	(void)plan;
	return input->facts->protection == PROTECTION_NONE && input->login != NULL;
}

/* One line of visible text: controls and runs of blanks become one blank. */
static char *clean_line(const char *value)
{
	g_autofree char *valid = g_utf8_make_valid(value, -1);
	g_autoptr(GString) line = g_string_new(NULL);

	for (const char *at = valid; *at != '\0'; at = g_utf8_next_char(at)) {
		gunichar c = g_utf8_get_char(at);

		if (g_unichar_isgraph(c))
			g_string_append_unichar(line, c);
		else if (line->len > 0 && line->str[line->len - 1] != ' ')
			g_string_append_c(line, ' ');
	}
	return g_strdup(g_strchomp(line->str));
}

static void add_line(GPtrArray *lines, const char *value)
{
	g_autofree char *line = value != NULL ? clean_line(value) : NULL;

	if (line != NULL && *line != '\0')
		g_ptr_array_add(lines, g_steal_pointer(&line));
}

static void add_telephone(GPtrArray *lines, const char *extension, const char *phone)
{
	gboolean has_extension = extension != NULL && *extension != '\0';
	gboolean has_phone = phone != NULL && *phone != '\0';
	g_autofree char *line = NULL;

	if (!has_extension && !has_phone)
		return;
	line = g_strconcat(has_extension ? "Anexo " : "", has_extension ? extension : "",
		has_extension && has_phone ? " - " : "", has_phone ? "Tel. " : "",
		has_phone ? phone : "", NULL);
	add_line(lines, line);
}

static GPtrArray *make_lines(const PolicyInput *input)
{
	GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
	const Account *office = input->mailbox != NULL && input->mailbox->kind == ACCOUNT_OFFICE
					? input->mailbox
					: NULL;
	const char *extension = input->login->extension;

	if (office != NULL && office->extension != NULL && *office->extension != '\0')
		extension = office->extension;
	add_line(lines, input->login->display_name);
	add_line(lines, input->login->post);
	add_line(lines, office != NULL ? office->display_name : input->login->unit);
	add_line(lines, input->settings->institution_name);
	add_telephone(lines, extension, input->settings->institution_phone);
	return lines;
}

static gboolean decide(const PolicyInput *input, Plan *plan, char **advice, const char **status)
{
	g_autoptr(GPtrArray) lines = make_lines(input);
	g_autoptr(GString) text = g_string_new(NULL), html = g_string_new("<div>");

	(void)advice;
	(void)status;
	for (guint i = 0; i < lines->len; i++) {
		g_autofree char *escaped = g_markup_escape_text(lines->pdata[i], -1);

		g_string_append_printf(text, "%s%s", i > 0 ? "\n" : "", (char *)lines->pdata[i]);
		g_string_append_printf(html, "%s%s", i > 0 ? "<br>\n" : "", escaped);
	}
	g_string_append(html, "</div>");
	if (lines->len > 0) {
		plan->block_text = g_strdup(text->str);
		plan->block_html = g_strdup(html->str);
	}
	return TRUE;
}

const Rule rule_p4_block = {"P4", "DI-002, art. 5", applies, decide};
