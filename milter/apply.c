/*
 * apply.h: the difference between the message as it came and as it shall be, as smfi_ calls.
 * Changed names are deleted whole, last one first, and added anew at the end (FACTS 10), in the
 * order outcome_arrange gave. Any failing call ends in SMFIS_TEMPFAIL. One thread a message.
 */
#include "milter/apply.h"

#include <string.h>

#include "core/fold.h"

/* Of a line on the wire with code, status and line end (RFC 5321 4.5.3.1.5); libmilter takes 980.
 */
#define REPLY_LINE_MAX_BYTES 512
#define REPLY_MAX_LINES 20

static gboolean is_reply(const char *reply)
{
	return strlen(reply) > 4 && (reply[0] == '4' || reply[0] == '5') &&
	       g_ascii_isdigit(reply[1]) && g_ascii_isdigit(reply[2]) && reply[3] == ' ';
}

/* ASCII, percent signs doubled: the server takes the text for a format. */
static char *reply_text(const char *text, gsize max_bytes)
{
	g_autoptr(GString) clean = g_string_new(text);
	g_autofree char *shortened = NULL;

	for (gsize i = 0; i < clean->len; i++)
		if (clean->str[i] < 0x20 || clean->str[i] >= 0x7f)
			clean->str[i] = '?';
	shortened = text_shorten(clean->str, max_bytes);
	g_string_assign(clean, shortened);
	g_string_replace(clean, "%", "%%", 0);
	return g_strdup(clean->str);
}

/* The lines of a text, clean, NULL-terminated; those over REPLY_MAX_LINES are left out. */
static GStrv reply_lines(const char *text, const char *extended)
{
	gsize frame = strlen("550 ") + strlen(extended) + strlen(" \r\n");
	GStrv lines = g_strsplit(text, "\n", -1);

	for (guint i = 0; lines[i] != NULL; i++) {
		g_autofree char *line = lines[i];

		lines[i] =
			i < REPLY_MAX_LINES ? reply_text(line, REPLY_LINE_MAX_BYTES - frame) : NULL;
	}
	return lines;
}

/* A reply that libmilter does not take leaves Postfix's own text with the same meaning. */
static void set_reply(SMFICTX *context, char *code, char *extended, const char *text)
{
	g_auto(GStrv) lines = reply_lines(text, extended);
	char *l[REPLY_MAX_LINES] = {NULL};

	for (guint i = 0; i < REPLY_MAX_LINES && lines[i] != NULL; i++)
		l[i] = lines[i];
	if (l[1] == NULL) {
		smfi_setreply(context, code, extended, l[0]);
		return;
	}
	/* The first NULL ends the list. */
	smfi_setmlreply(context, code, extended, l[0], l[1], l[2], l[3], l[4], l[5], l[6], l[7],
		l[8], l[9], l[10], l[11], l[12], l[13], l[14], l[15], l[16], l[17], l[18], l[19],
		NULL);
}

sfsistat apply_reply(SMFICTX *context, const char *reply)
{
	char code[4] = "451";
	g_autofree char *extended = NULL;
	const char *rest;

	if (!is_reply(reply))
		return SMFIS_TEMPFAIL;
	memcpy(code, reply, 3);
	rest = strchr(reply + 4, ' ');
	/* "5.7.1" or, when it is missing, the class's own "5.0.0". */
	if (rest != NULL && reply[4] == reply[0] && reply[5] == '.')
		extended = g_strndup(reply + 4, (gsize)(rest - reply - 4));
	else
		extended = g_strdup_printf("%c.0.0", reply[0]);
	set_reply(context, code, extended, rest != NULL ? rest + 1 : reply + 4);
	return code[0] == '5' ? SMFIS_REJECT : SMFIS_TEMPFAIL;
}

static int count_fields(const MailMessage *message, const char *name)
{
	int count = 0;

	for (guint i = 0; i < message->fields->len; i++) {
		const MailField *field = g_ptr_array_index(message->fields, i);

		if (g_ascii_strcasecmp(field->name, name) == 0)
			count++;
	}
	return count;
}

static gboolean delete_changed(
	SMFICTX *context, const MailMessage *original, const MailMessage *final)
{
	g_autoptr(GHashTable) done = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < original->fields->len; i++) {
		const MailField *field = g_ptr_array_index(original->fields, i);

		if (!g_hash_table_add(done, g_ascii_strdown(field->name, -1)) ||
			outcome_fields_equal(original, final, field->name))
			continue;
		for (int index = count_fields(original, field->name); index > 0; index--)
			if (smfi_chgheader(context, field->name, index, NULL) != MI_SUCCESS)
				return FALSE;
	}
	return TRUE;
}

static gboolean add_changed(SMFICTX *context, const MailMessage *original, const MailMessage *final)
{
	for (guint i = 0; i < final->fields->len; i++) {
		const MailField *field = g_ptr_array_index(final->fields, i);

		if (!outcome_fields_equal(original, final, field->name) &&
			smfi_addheader(context, field->name, field->value) != MI_SUCCESS)
			return FALSE;
	}
	return TRUE;
}

static gboolean replace_body(SMFICTX *context, const GByteArray *after)
{
	return smfi_replacebody(context, after->data, (int)after->len) == MI_SUCCESS;
}

static gboolean change_sender(SMFICTX *context, const Outcome *outcome)
{
	g_autofree char *sender = NULL;

	if (outcome->sender == NULL)
		return TRUE;
	sender = g_strdup_printf("<%s>", outcome->sender);
	return smfi_chgfrom(context, sender, outcome->sender_parameters) == MI_SUCCESS;
}

/* Deleted before added: the other way round Postfix delivers twice (FACTS 2). */
static gboolean change_recipients(SMFICTX *context, const Outcome *outcome)
{
	for (guint i = 0; i < outcome->delete_recipients->len; i++) {
		g_autofree char *address = g_strdup_printf(
			"<%s>", (const char *)g_ptr_array_index(outcome->delete_recipients, i));

		if (smfi_delrcpt(context, address) != MI_SUCCESS)
			return FALSE;
	}
	for (guint i = 0; i < outcome->add_recipients->len; i++) {
		g_autofree char *address = g_strdup_printf(
			"<%s>", (const char *)g_ptr_array_index(outcome->add_recipients, i));

		if (smfi_addrcpt(context, address) != MI_SUCCESS)
			return FALSE;
	}
	return TRUE;
}

static gboolean change_message(
	SMFICTX *context, const MailMessage *original, const Outcome *outcome)
{
	const MailMessage *final = outcome->final;

	if (final == NULL)
		return TRUE;
	return delete_changed(context, original, final) && add_changed(context, original, final) &&
	       (!outcome->body_changed || replace_body(context, final->body));
}

sfsistat apply_outcome(SMFICTX *context, const MailMessage *original, const Outcome *outcome)
{
	switch (outcome->action) {
	case ACTION_REPLY:
		return apply_reply(context, outcome->reply);
	case ACTION_DISCARD:
		return SMFIS_DISCARD;
	case ACTION_ACCEPT:
		break;
	}
	if (!change_message(context, original, outcome) || !change_sender(context, outcome) ||
		!change_recipients(context, outcome))
		return SMFIS_TEMPFAIL;
	return SMFIS_ACCEPT;
}
