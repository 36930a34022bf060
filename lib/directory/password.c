/*
 * The owner's change of the password (A11), also when it must be changed or has expired. The old
 * one is proved by a bind on a connection of its own with the password policy control; then the
 * owner changes it, or, when slapd lets nobody with an expired password do so, the provisioning
 * identity does, under the same rules of quality. Passwords are never copied into an error. One
 * thread for each Directory.
 */
#include "directory/change.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "core/password.h"
#include "directory/directory.h"

#define IS_ACTIVE "(acuseState=active)"

typedef enum { PROOF_WRONG, PROOF_RIGHT, PROOF_EXPIRED, PROOF_LOCKED, PROOF_TROUBLE } Proof;

/* Why the new password is refused (Spanish), or NULL. */
static const char *weakness(const char *uid, const char *old_password, const char *new_password)
{
	static const char *const reasons[] = {
		[PASSWORD_UNREADABLE] = N_("La clave tiene caracteres que no se pueden leer"),
		[PASSWORD_LENGTH] = N_("La clave debe tener de 8 a 256 caracteres"),
		[PASSWORD_KINDS] = N_("La clave debe tener letras, numeros y signos"),
	};
	PasswordFault fault = password_fault(new_password);
	g_autofree char *folded = NULL;
	g_autofree char *name = g_utf8_casefold(uid, -1);

	if (fault != PASSWORD_GOOD)
		return _(reasons[fault]);
	if (strcmp(old_password, new_password) == 0)
		return _("La clave nueva debe ser distinta de la anterior");
	folded = g_utf8_casefold(new_password, -1);
	if (strstr(folded, name) != NULL)
		return _("La clave no debe contener el nombre de usuario");
	return NULL;
}

/* What a refused or accepted bind says by its password policy response. */
static Proof read_proof(LDAP *ld, int code, LDAPControl **controls)
{
	LDAPControl *found =
		controls != NULL
			? ldap_control_find(LDAP_CONTROL_PASSWORDPOLICYRESPONSE, controls, NULL)
			: NULL;
	LDAPPasswordPolicyError policy = PP_noError;
	ber_int_t expire = -1, grace = -1;

	if (found != NULL && ldap_parse_passwordpolicy_control(
				     ld, found, &expire, &grace, &policy) != LDAP_SUCCESS)
		policy = PP_noError;
	if (code == LDAP_SUCCESS)
		return PROOF_RIGHT;
	if (code != LDAP_INVALID_CREDENTIALS)
		return PROOF_TROUBLE;
	if (policy == PP_passwordExpired)
		return PROOF_EXPIRED;
	return policy == PP_accountLocked ? PROOF_LOCKED : PROOF_WRONG;
}

/* Binds as the person. PROOF_TROUBLE sets *error. */
static Proof prove(LDAP *ld, const char *dn, const char *password, GError **error)
{
	struct berval credentials = {strlen(password), (char *)password};
	LDAPControl *control = NULL, **answered = NULL;
	LDAPControl *controls[] = {NULL, NULL};
	LDAPMessage *result = NULL;
	struct timeval timeout = {DIRECTORY_TIMEOUT_S, 0};
	int message = -1, code, parsed = LDAP_OTHER;
	Proof proof = PROOF_TROUBLE;

	code = ldap_create_passwordpolicy_control(ld, &control);
	controls[0] = control;
	if (code == LDAP_SUCCESS)
		code = ldap_sasl_bind(
			ld, dn, LDAP_SASL_SIMPLE, &credentials, controls, NULL, &message);
	if (code == LDAP_SUCCESS && ldap_result(ld, message, LDAP_MSG_ALL, &timeout, &result) <= 0)
		code = LDAP_SERVER_DOWN;
	if (code == LDAP_SUCCESS)
		code = ldap_parse_result(ld, result, &parsed, NULL, NULL, NULL, &answered, 0);
	if (code == LDAP_SUCCESS) {
		code = parsed;
		proof = read_proof(ld, parsed, answered);
	}
	if (proof == PROOF_TROUBLE)
		connection_error(ld, code, "bind of the owner", error);
	ldap_controls_free(answered);
	ldap_msgfree(result);
	if (control != NULL)
		ldap_control_free(control);
	return proof;
}

static gboolean refused(int code, GError **error)
{
	if (code != LDAP_CONSTRAINT_VIOLATION)
		return FALSE;
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_WEAK_PASSWORD, "%s",
		_("La clave ya fue usada antes o es muy simple"));
	return TRUE;
}

/* As the owner, by the password modify operation (RFC 3062), on the connection that has proved the
 * old password. */
static gboolean change_as_owner(LDAP *ld, const char *dn, const char *old_password,
	const char *new_password, GError **error)
{
	struct berval who = {strlen(dn), (char *)dn};
	struct berval old = {strlen(old_password), (char *)old_password};
	struct berval fresh = {strlen(new_password), (char *)new_password};
	struct berval generated = {0, NULL};
	int code = ldap_passwd_s(ld, &who, &old, &fresh, &generated, NULL, NULL);

	ldap_memfree(generated.bv_val);
	if (code == LDAP_SUCCESS)
		return TRUE;
	if (!refused(code, error))
		connection_error(ld, code, "change of the password", error);
	return FALSE;
}

/* By the provisioning identity: the owner's old password is right but has expired. */
static gboolean change_expired(
	Directory *directory, const char *dn, const char *new_password, GError **error)
{
	g_autoptr(Mods) mods = mods_new();
	GError *trouble = NULL;
	int code;

	mods_set(mods, LDAP_MOD_REPLACE, "userPassword", new_password);
	mods_set(mods, LDAP_MOD_REPLACE, "pwdReset", "FALSE");
	code = directory_modify_entry(directory, dn, mods, IS_ACTIVE, &trouble);
	if (code == LDAP_SUCCESS)
		return TRUE;
	if (code == LDAP_ASSERTION_FAILED)
		g_set_error(&trouble, ACUSE_ERROR, ACUSE_ERROR_ACCOUNT_INACTIVE, "not active");
	else if (trouble != NULL || !refused(code, &trouble))
		directory_result(directory, code, "change of the password", &trouble);
	g_propagate_error(error, trouble);
	return FALSE;
}

static gboolean is_proved(Proof proof, const Account *account, GError **error)
{
	if (proof == PROOF_TROUBLE)
		return FALSE;
	if (proof == PROOF_WRONG) {
		g_set_error(
			error, ACUSE_ERROR, ACUSE_ERROR_UNAUTHENTICATED, "wrong user or password");
		return FALSE;
	}
	if (proof != PROOF_LOCKED && account->state == ACCOUNT_ACTIVE)
		return TRUE;
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_ACCOUNT_INACTIVE, "locked or not active");
	return FALSE;
}

static gboolean change_proved(Directory *directory, LDAP *ld, const Account *account,
	const char *old_password, const char *new_password, GError **error)
{
	g_autofree char *dn = directory_account_dn(directory, account->uid, account->kind);
	Proof proof = prove(ld, dn, old_password, error);

	if (!is_proved(proof, account, error))
		return FALSE;
	if (proof == PROOF_EXPIRED)
		return change_expired(directory, dn, new_password, error);
	return change_as_owner(ld, dn, old_password, new_password, error);
}

/* Who may have that password; an unknown name is told apart from a wrong password by nobody. */
static Account *find_person(
	Directory *directory, const char *uid, const char *password, GError **error)
{
	g_autoptr(GError) trouble = NULL;
	g_autoptr(Account) account = directory_get(directory, uid, &trouble);

	if (account == NULL && !g_error_matches(trouble, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND)) {
		g_propagate_error(error, g_steal_pointer(&trouble));
		return NULL;
	}
	/* An empty password would be an anonymous bind, which slapd grants (RFC 4513, 5.1.2). */
	if (account != NULL && account->kind != ACCOUNT_OFFICE && *password != '\0' &&
		strlen(password) <= PASSWORD_MAX_BYTES)
		return g_steal_pointer(&account);
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAUTHENTICATED, "wrong user or password");
	return NULL;
}

gboolean directory_change_own_password(Directory *directory, const char *uid,
	const char *old_password, const char *new_password, GError **error)
{
	const char *weak = weakness(uid, old_password, new_password);
	g_autoptr(Account) account = NULL;
	gboolean changed;
	LDAP *ld;

	if (weak != NULL) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_WEAK_PASSWORD, "%s", weak);
		return FALSE;
	}
	account = find_person(directory, uid, old_password, error);
	if (account == NULL)
		return FALSE;
	ld = connection_prepare(directory->where, error);
	if (ld == NULL)
		return FALSE;
	changed = change_proved(directory, ld, account, old_password, new_password, error);
	connection_close(ld);
	return changed;
}

Account *directory_prove(
	Directory *directory, const char *uid, const char *password, GError **error)
{
	g_autoptr(Account) account = find_person(directory, uid, password, error);
	g_autofree char *dn = NULL;
	gboolean proved;
	Proof proof;
	LDAP *ld;

	if (account == NULL)
		return NULL;
	ld = connection_prepare(directory->where, error);
	if (ld == NULL)
		return NULL;
	dn = directory_account_dn(directory, account->uid, account->kind);
	proof = prove(ld, dn, password, error);
	connection_close(ld);
	proved = is_proved(proof, account, error);
	if (proved && (proof == PROOF_EXPIRED || account->must_change_password)) {
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_ACCOUNT_INACTIVE,
			"the password must be changed first");
		return NULL;
	}
	return proved ? g_steal_pointer(&account) : NULL;
}
