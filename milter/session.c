/* session.h: memory only. Each session belongs to the one thread that libmilter gives its
 * connection at a time. */
#include "milter/session.h"

#include <string.h>

Session *session_new(void)
{
	return g_new0(Session, 1);
}

void session_free(Session *session)
{
	if (session == NULL)
		return;
	session_end(session);
	g_free(session->client_address);
	g_free(session);
}

char *address_unbracket(const char *address)
{
	gsize length = strlen(address);

	if (length >= 2 && address[0] == '<' && address[length - 1] == '>')
		return g_strndup(address + 1, length - 2);
	return g_strdup(address);
}

gboolean address_in_domain(const char *address, const char *domain)
{
	const char *at = address != NULL ? strrchr(address, '@') : NULL;

	return at != NULL && g_ascii_strcasecmp(at + 1, domain) == 0;
}

void session_begin(Session *session, const char *daemon_name, const char *login, char **arguments)
{
	session_end(session);
	session->envelope = envelope_new();
	session->message = mail_message_new();
	session->envelope->stream = stream_parse(daemon_name);
	session->envelope->login =
		login != NULL && login[0] != '\0' ? g_ascii_strdown(login, -1) : NULL;
	session->envelope->client_address = g_strdup(session->client_address);
	g_free(session->envelope->sender);
	session->envelope->sender = address_unbracket(arguments[0] != NULL ? arguments[0] : "");
}

/* Whether the RCPT parameters ask for a report of success (RFC 3461, 4.1). */
static gboolean asks_success(char **parameters)
{
	for (; *parameters != NULL; parameters++) {
		g_auto(GStrv) words = NULL;

		if (g_ascii_strncasecmp(*parameters, "NOTIFY=", 7) != 0)
			continue;
		words = g_strsplit(*parameters + 7, ",", -1);
		for (char **word = words; *word != NULL; word++)
			if (g_ascii_strcasecmp(*word, "SUCCESS") == 0)
				return TRUE;
	}
	return FALSE;
}

/* Whether Postfix would drop the quotes of "abc"@x. */
static gboolean is_needlessly_quoted(const char *address, const char *at)
{
	if (at - address < 3 || address[0] != '"' || at[-1] != '"')
		return FALSE;
	for (const char *c = address + 1; c < at - 1; c++)
		if (!g_ascii_isalnum(*c) && strchr("!#$%&'*+-/=?^_`{|}~.", *c) == NULL)
			return FALSE;
	return address[1] != '.' && at[-2] != '.';
}

/*
 * So that the policy judges the address that gets the mail, its report is found, and a return
 * address is one however it is written.
 */
char *address_as_delivered(const char *address, const char *domain)
{
	const char *at = strrchr(address, '@');
	gsize length = strlen(address);

	if (at == NULL)
		return *address != '\0' && domain != NULL ? g_strconcat(address, "@", domain, NULL)
							  : g_strdup(address);
	while (length > 0 && address[length - 1] == '.')
		length--;
	if (is_needlessly_quoted(address, at))
		return g_strdup_printf("%.*s%.*s", (int)(at - address - 2), address + 1,
			(int)(address + length - at), at);
	return g_strndup(address, length);
}

void session_add_recipient(Session *session, char **arguments, const char *domain)
{
	g_autofree char *address = NULL;

	if (session->envelope == NULL || arguments[0] == NULL)
		return;
	address = address_unbracket(arguments[0]);
	g_ptr_array_add(session->envelope->recipients, address_as_delivered(address, domain));
	if (!asks_success(arguments + 1))
		g_ptr_array_add(session->envelope->unconfirmed, g_steal_pointer(&address));
}

/* Counts the bytes; FALSE when the message is over the limit, which stays so. */
static gboolean take_bytes(Session *session, gsize size, gsize max_bytes)
{
	if (session->message == NULL || session->too_large)
		return FALSE;
	if (size > max_bytes || session->size_bytes > max_bytes - size) {
		session->too_large = TRUE;
		return FALSE;
	}
	session->size_bytes += size;
	return TRUE;
}

void session_add_field(Session *session, const char *name, const char *value, gsize max_bytes)
{
	/* ":" and the line end count too. */
	if (take_bytes(session, strlen(name) + strlen(value) + 3, max_bytes))
		mail_message_add_field(session->message, name, value);
}

void session_add_body(Session *session, const void *bytes, gsize size, gsize max_bytes)
{
	if (take_bytes(session, size, max_bytes))
		g_byte_array_append(session->message->body, bytes, (guint)size);
}

void session_end(Session *session)
{
	g_clear_pointer(&session->envelope, envelope_free);
	g_clear_pointer(&session->message, mail_message_free);
	session->size_bytes = 0;
	session->too_large = FALSE;
}
