/*
 * Connections to slapd, escaping of DNs and filters, result codes as errors. A connection serves
 * one thread at a time. Everything that keeps slapd from answering is ACUSE_ERROR_UNAVAILABLE:
 * trying again later can help.
 */
#include "directory/connection.h"

#include <string.h>

#include "base/error.h"

ConnectionSettings *connection_settings_new(const Settings *settings)
{
	ConnectionSettings *where = g_new0(ConnectionSettings, 1);

	where->uri = g_strdup(settings_string(settings, "directory", "uri"));
	where->base = g_strdup(settings_string(settings, "directory", "base"));
	where->bind_dn = g_strdup(settings_string(settings, "directory", "bind_dn"));
	where->password_file =
		g_strdup(settings_string(settings, "directory", "bind_password_file"));
	return where;
}

void connection_settings_free(ConnectionSettings *where)
{
	if (where == NULL)
		return;
	g_free(where->uri);
	g_free(where->base);
	g_free(where->bind_dn);
	g_free(where->password_file);
	g_free(where);
}

LDAP *connection_prepare(const ConnectionSettings *where, GError **error)
{
	const struct timeval timeout = {DIRECTORY_TIMEOUT_S, 0};
	const int version = LDAP_VERSION3;
	LDAP *ld = NULL;
	int code = ldap_initialize(&ld, where->uri);

	if (code != LDAP_SUCCESS) {
		connection_error(NULL, code, where->uri, error);
		return NULL;
	}
	ldap_set_option(ld, LDAP_OPT_PROTOCOL_VERSION, &version);
	ldap_set_option(ld, LDAP_OPT_NETWORK_TIMEOUT, &timeout);
	ldap_set_option(ld, LDAP_OPT_TIMEOUT, &timeout);
	ldap_set_option(ld, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
	ldap_set_option(ld, LDAP_OPT_RESTART, LDAP_OPT_ON);
	return ld;
}

void connection_close(LDAP *ld)
{
	if (ld != NULL)
		ldap_unbind_ext_s(ld, NULL, NULL);
}

static int bind_simple(LDAP *ld, const ConnectionSettings *where, GError **error)
{
	g_autofree char *password = NULL;
	struct berval credentials;
	int code;

	if (where->password_file == NULL ||
		!g_file_get_contents(where->password_file, &password, NULL, NULL)) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE,
			"[directory] bind_password_file cannot be read");
		return -1;
	}
	g_strchomp(password);
	credentials.bv_val = password;
	credentials.bv_len = strlen(password);
	code = ldap_sasl_bind_s(
		ld, where->bind_dn, LDAP_SASL_SIMPLE, &credentials, NULL, NULL, NULL);
	explicit_bzero(password, credentials.bv_len);
	return code;
}

LDAP *connection_open(const ConnectionSettings *where, GError **error)
{
	struct berval none = {0, (char *)""};
	GError *trouble = NULL;
	LDAP *ld = connection_prepare(where, error);
	int code;

	if (ld == NULL)
		return NULL;
	if (where->bind_dn == NULL || *where->bind_dn == '\0')
		code = ldap_sasl_bind_s(ld, NULL, "EXTERNAL", &none, NULL, NULL, NULL);
	else
		code = bind_simple(ld, where, &trouble);
	if (code == LDAP_SUCCESS)
		return ld;
	/* A refused bind of ours is a fault of the installation, never of the person who waits. */
	if (trouble != NULL)
		g_propagate_error(error, trouble);
	else
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "bind to %s: %s",
			where->uri, ldap_err2string(code));
	connection_close(ld);
	return NULL;
}

static AcuseErrorCode code_of(int code)
{
	switch (code) {
	case LDAP_NO_SUCH_OBJECT:
		return ACUSE_ERROR_NOT_FOUND;
	case LDAP_ALREADY_EXISTS:
	case LDAP_ASSERTION_FAILED:
		return ACUSE_ERROR_CONFLICT;
	case LDAP_CONSTRAINT_VIOLATION:
	case LDAP_INVALID_SYNTAX:
	case LDAP_INVALID_DN_SYNTAX:
	case LDAP_OBJECT_CLASS_VIOLATION:
		return ACUSE_ERROR_INVALID;
	case LDAP_INVALID_CREDENTIALS:
		return ACUSE_ERROR_UNAUTHENTICATED;
	case LDAP_INSUFFICIENT_ACCESS:
	case LDAP_UNDEFINED_TYPE:
	case LDAP_PARAM_ERROR:
		return ACUSE_ERROR_INTERNAL;
	default:
		return ACUSE_ERROR_UNAVAILABLE;
	}
}

void connection_error(LDAP *ld, int code, const char *what, GError **error)
{
	char *detail = NULL;

	if (ld != NULL)
		ldap_get_option(ld, LDAP_OPT_DIAGNOSTIC_MESSAGE, &detail);
	g_set_error(error, ACUSE_ERROR, (int)code_of(code), "directory: %s: %s%s%s", what,
		ldap_err2string(code), detail != NULL && *detail != '\0' ? ": " : "",
		detail != NULL ? detail : "");
	ldap_memfree(detail);
}

char *connection_dn(
	const ConnectionSettings *where, const char *attribute, const char *value, const char *unit)
{
	LDAPAVA ava = {.la_attr = {strlen(attribute), (char *)attribute},
		.la_value = {strlen(value), (char *)value},
		.la_flags = LDAP_AVA_STRING};
	LDAPAVA *rdn[] = {&ava, NULL};
	char *text = NULL, *dn;

	if (ldap_rdn2str(rdn, &text, LDAP_DN_FORMAT_LDAPV3) != LDAP_SUCCESS)
		text = NULL;
	/* A value that cannot be a DN names an entry that cannot exist. */
	dn = g_strdup_printf("%s,ou=%s,%s", text != NULL ? text : "cn=\\00", unit, where->base);
	ldap_memfree(text);
	return dn;
}

char *connection_filter_value(const char *value)
{
	struct berval in = {strlen(value), (char *)value}, out = {0, NULL};
	char *text;

	if (ldap_bv2escaped_filter_value(&in, &out) != 0 || out.bv_val == NULL)
		return g_strdup("");
	text = g_strndup(out.bv_val, out.bv_len);
	ldap_memfree(out.bv_val);
	return text;
}

char *connection_rdn_value(const char *dn)
{
	LDAPDN parsed = NULL;
	char *value = NULL;

	if (ldap_str2dn(dn, &parsed, LDAP_DN_FORMAT_LDAPV3) != LDAP_SUCCESS || parsed == NULL)
		return NULL;
	if (parsed[0] != NULL && parsed[0][0] != NULL)
		value = g_strndup(parsed[0][0]->la_value.bv_val, parsed[0][0]->la_value.bv_len);
	ldap_dnfree(parsed);
	return value;
}
