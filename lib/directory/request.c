/*
 * Requests of the writer: its connection is made when first needed and made again when slapd has
 * gone away; a request that met a closed connection is sent once more (each of ours may be done
 * twice). A connection outlives its Directory: a login costs more than most requests, so a few wait
 * for the next one of the process. A Directory: one thread at a time; those that wait: any.
 */
#include "directory/directory.h"

#include <string.h>

#include "base/error.h"

#define IDLE_MAX 8

typedef struct {
	ConnectionSettings *where;
	LDAP *ld;
} Idle;

static GMutex idle_lock;
static GSList *idle; /* Idle */

static void idle_free(gpointer data)
{
	Idle *one = data;

	connection_close(one->ld);
	connection_settings_free(one->where);
	g_free(one);
}

static gboolean is_same_place(const ConnectionSettings *left, const ConnectionSettings *right)
{
	return strcmp(left->uri, right->uri) == 0 && g_strcmp0(left->base, right->base) == 0 &&
	       g_strcmp0(left->bind_dn, right->bind_dn) == 0 &&
	       g_strcmp0(left->password_file, right->password_file) == 0;
}

/* A connection that waits, or NULL. */
static LDAP *idle_take(const ConnectionSettings *where)
{
	LDAP *ld = NULL;

	g_mutex_lock(&idle_lock);
	for (GSList *link = idle; link != NULL && ld == NULL; link = link->next) {
		Idle *one = link->data;

		if (!is_same_place(one->where, where))
			continue;
		ld = g_steal_pointer(&one->ld);
		idle = g_slist_delete_link(idle, link);
		idle_free(one);
		break;
	}
	g_mutex_unlock(&idle_lock);
	return ld;
}

/* Takes both; the one that has waited longest makes room. */
static void idle_put(ConnectionSettings *where, LDAP *ld)
{
	Idle *one = g_new0(Idle, 1);
	GSList *last = NULL;

	one->where = where;
	one->ld = ld;
	g_mutex_lock(&idle_lock);
	idle = g_slist_prepend(idle, one);
	if (g_slist_length(idle) > IDLE_MAX) {
		last = g_slist_last(idle);
		idle = g_slist_remove_link(idle, last);
	}
	g_mutex_unlock(&idle_lock);
	g_slist_free_full(last, idle_free);
}

Directory *directory_new(const Settings *settings)
{
	Directory *directory = g_new0(Directory, 1);

	directory->where = connection_settings_new(settings);
	/* Exactly one writer's slapd: another is a decision of people, by the setting. */
	directory->where->uri[strcspn(directory->where->uri, " ")] = '\0';
	return directory;
}

void directory_free(Directory *directory)
{
	if (directory == NULL)
		return;
	if (directory->ld != NULL)
		idle_put(directory->where, directory->ld);
	else
		connection_settings_free(directory->where);
	g_free(directory);
}

Mods *mods_new(void)
{
	Mods *mods = g_new0(Mods, 1);

	mods->list = g_ptr_array_new();
	return mods;
}

static void mod_free(LDAPMod *mod)
{
	for (int i = 0; mod->mod_bvalues != NULL && mod->mod_bvalues[i] != NULL; i++) {
		explicit_bzero(mod->mod_bvalues[i]->bv_val, mod->mod_bvalues[i]->bv_len);
		g_free(mod->mod_bvalues[i]->bv_val);
		g_free(mod->mod_bvalues[i]);
	}
	g_free(mod->mod_bvalues);
	g_free(mod->mod_type);
	g_free(mod);
}

void mods_free(Mods *mods)
{
	if (mods == NULL)
		return;
	for (guint i = 0; i < mods->list->len; i++)
		if (mods->list->pdata[i] != NULL)
			mod_free(mods->list->pdata[i]);
	g_ptr_array_unref(mods->list);
	g_free(mods);
}

void mods_set_all(Mods *mods, int operation, const char *attribute, const char *const *values)
{
	guint n = values != NULL ? g_strv_length((char **)values) : 0;
	LDAPMod *mod;

	if (n == 0 && operation == LDAP_MOD_ADD)
		return;
	mod = g_new0(LDAPMod, 1);
	mod->mod_op = operation | LDAP_MOD_BVALUES;
	mod->mod_type = g_strdup(attribute);
	mod->mod_bvalues = n > 0 ? g_new0(struct berval *, n + 1) : NULL;
	for (guint i = 0; i < n; i++) {
		mod->mod_bvalues[i] = g_new0(struct berval, 1);
		mod->mod_bvalues[i]->bv_val = g_strdup(values[i]);
		mod->mod_bvalues[i]->bv_len = strlen(values[i]);
	}
	g_ptr_array_add(mods->list, mod);
}

void mods_set(Mods *mods, int operation, const char *attribute, const char *value)
{
	const char *values[] = {value, NULL};

	mods_set_all(mods, operation, attribute, value != NULL && *value != '\0' ? values : NULL);
}

static LDAPMod **mods_array(Mods *mods)
{
	if (mods->list->len == 0 || mods->list->pdata[mods->list->len - 1] != NULL)
		g_ptr_array_add(mods->list, NULL);
	return (LDAPMod **)mods->list->pdata;
}

/* What one request needs; the unused members stay NULL. */
typedef struct {
	const char *dn, *condition, *filter;
	LDAPMod **mods;
	int scope;
	const char *const *attributes;
	LDAPMessage **result;
} Request;

typedef int (*RequestSend)(LDAP *ld, const Request *request);

static int send_add(LDAP *ld, const Request *request)
{
	return ldap_add_ext_s(ld, request->dn, request->mods, NULL, NULL);
}

static int send_modify(LDAP *ld, const Request *request)
{
	LDAPControl *control = NULL;
	LDAPControl *controls[] = {NULL, NULL};
	int code = LDAP_SUCCESS;

	if (request->condition != NULL) {
		code = ldap_create_assertion_control(ld, (char *)request->condition, 1, &control);
		controls[0] = control;
	}
	if (code == LDAP_SUCCESS)
		code = ldap_modify_ext_s(ld, request->dn, request->mods, controls, NULL);
	if (control != NULL)
		ldap_control_free(control);
	return code;
}

static int send_search(LDAP *ld, const Request *request)
{
	return ldap_search_ext_s(ld, request->dn, request->scope, request->filter,
		(char **)request->attributes, 0, NULL, NULL, NULL, LDAP_NO_LIMIT, request->result);
}

static gboolean is_lost(int code)
{
	return code == LDAP_SERVER_DOWN || code == LDAP_TIMEOUT || code == LDAP_CONNECT_ERROR ||
	       code == LDAP_UNAVAILABLE;
}

static int directory_send(
	Directory *directory, RequestSend send, const Request *request, GError **error)
{
	int code = LDAP_OTHER;

	for (int attempt = 0; attempt < 2; attempt++) {
		gboolean fresh;

		if (directory->ld == NULL && attempt == 0)
			directory->ld = idle_take(directory->where);
		fresh = directory->ld == NULL;
		if (fresh)
			directory->ld = connection_open(directory->where, error);
		if (directory->ld == NULL)
			return LDAP_OTHER;
		code = send(directory->ld, request);
		if (!is_lost(code))
			return code;
		g_clear_pointer(&directory->ld, connection_close);
		if (fresh || code == LDAP_TIMEOUT)
			break;
	}
	return code;
}

int directory_add_entry(Directory *directory, const char *dn, Mods *mods, GError **error)
{
	const Request request = {.dn = dn, .mods = mods_array(mods)};

	return directory_send(directory, send_add, &request, error);
}

int directory_modify_entry(
	Directory *directory, const char *dn, Mods *mods, const char *condition, GError **error)
{
	const Request request = {.dn = dn, .mods = mods_array(mods), .condition = condition};

	return directory_send(directory, send_modify, &request, error);
}

int directory_search(Directory *directory, const char *base, int scope, const char *filter,
	const char *const *attributes, LDAPMessage **result, GError **error)
{
	const Request request = {.dn = base,
		.scope = scope,
		.filter = filter,
		.attributes = attributes,
		.result = result};

	return directory_send(directory, send_search, &request, error);
}

gboolean directory_result(Directory *directory, int code, const char *what, GError **error)
{
	if (code == LDAP_SUCCESS)
		return TRUE;
	if (error == NULL || *error == NULL)
		connection_error(directory->ld, code, what, error);
	return FALSE;
}

char *directory_account_dn(Directory *directory, const char *uid, AccountKind kind)
{
	return connection_dn(
		directory->where, "uid", uid, kind == ACCOUNT_OFFICE ? "offices" : "people");
}

gboolean directory_ping(Directory *directory, GError **error)
{
	static const char *const nothing[] = {LDAP_NO_ATTRS, NULL};
	LDAPMessage *result = NULL;
	GError *trouble = NULL;
	int code = directory_search(directory, directory->where->base, LDAP_SCOPE_BASE,
		"(objectClass=*)", nothing, &result, &trouble);

	ldap_msgfree(result);
	if (directory_result(directory, code, "ping", &trouble))
		return TRUE;
	g_propagate_error(error, trouble);
	return FALSE;
}
