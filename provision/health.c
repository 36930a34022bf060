/*
 * GET /v1/health: each part in a few words, "ok" first when it is well. Asks the signer with a
 * short limit; everything else is read from memory. Never fails as a call: a part that is down is
 * what it tells.
 */
#include <sys/statvfs.h>

#include "base/error.h"
#include "provision/outbox.h"
#include "provision/service.h"
#include "signer/protocol.h"

#define SIGNER_TIMEOUT_MS 1500
#define ROLES_LOCAL                                                                                \
	(ROLE_OUTGOING | ROLE_EVIDENCE | ROLE_OTIC | ROLE_HR | ROLE_TRAMITE | ROLE_AUDITOR |       \
		ROLE_HEAD)

typedef struct {
	json_t *parts;
	gboolean well;
} Health;

static void tell(Health *health, const char *part, gboolean well, const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	g_autofree char *line = well ? g_strconcat("ok: ", valid, NULL) : g_strdup(valid);

	json_object_set_new(health->parts, part, json_string(line));
	health->well = health->well && well;
}

static void ask_ledger(Service *service, Health *health)
{
	guint64 size = store_tree_size(service->store);
	g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT " leaves", size);
	g_autoptr(GError) failure = NULL;
	MerkleHash root;
	gboolean well = store_root(service->store, size, &root, &failure);

	tell(health, "ledger", well, well ? text : failure->message);
}

static void ask_disk(Service *service, Health *health)
{
	gint64 floor_mib = settings_int(service->settings, "ledger", "floor_mib");
	const char *folder = settings_string(service->settings, "ledger", "store");
	struct statvfs disk;
	g_autofree char *text = NULL;
	gint64 free_mib;

	if (statvfs(folder, &disk) < 0) {
		tell(health, "disk", FALSE, "cannot be asked");
		return;
	}
	free_mib = (gint64)((guint64)disk.f_bavail * disk.f_frsize / (1024 * 1024));
	text = g_strdup_printf(
		"%" G_GINT64_FORMAT " MiB free, floor %" G_GINT64_FORMAT, free_mib, floor_mib);
	tell(health, "disk", free_mib >= floor_mib, text);
}

static void ask_directory(Service *service, Health *health)
{
	gint64 age_s = live_directory_age_s(service->live);
	gint64 max_age_s = settings_int(service->settings, "directory", "max_age_s");
	g_autofree char *trouble = live_directory_trouble(service->live);
	g_autofree char *text = NULL;

	if (age_s == G_MAXINT64)
		text = g_strdup("never read");
	else
		text = g_strdup_printf("%u accounts, read %" G_GINT64_FORMAT " s ago",
			live_directory_count(service->live), age_s);
	tell(health, "directory", age_s <= max_age_s && trouble == NULL,
		trouble == NULL ? text : trouble);
}

/* Counts the tokens; *trouble gets the first that has one, as "LABEL: ERROR" (a string of its own).
 */
static gboolean count_unlocked(GVariant *tokens, guint *unlocked, guint *all, char **trouble)
{
	GVariantIter iter;
	GVariant *token;

	*unlocked = *all = 0;
	g_variant_iter_init(&iter, tokens);
	while ((token = g_variant_iter_next_value(&iter)) != NULL) {
		const char *label = "", *error = "";
		gboolean open = FALSE;

		g_variant_lookup(token, "unlocked", "b", &open);
		g_variant_lookup(token, "token", "&s", &label);
		g_variant_lookup(token, "trouble", "&s", &error);
		*all += 1;
		*unlocked += open ? 1 : 0;
		if (*error != '\0' && *trouble == NULL)
			*trouble = g_strdup_printf("%s: %s", label, error);
		g_variant_unref(token);
	}
	return *trouble == NULL && (*all == 0 || *unlocked > 0);
}

static void ask_signer(Service *service, Health *health)
{
	g_autoptr(GError) failure = NULL;
	g_autoptr(GVariant) answer =
		signer_call(settings_string(service->settings, "signing", "control_socket"),
			SIGNER_TIMEOUT_MS, "status", NULL, NULL, &failure);
	g_autoptr(GVariant) tokens = NULL;
	g_autofree char *trouble = NULL;
	g_autofree char *text = NULL;
	guint unlocked = 0, all = 0;
	gboolean well;

	if (answer == NULL) {
		tell(health, "signer", FALSE, failure->message);
		return;
	}
	tokens = g_variant_lookup_value(answer, "tokens", G_VARIANT_TYPE("aa{sv}"));
	well = tokens != NULL && count_unlocked(tokens, &unlocked, &all, &trouble);
	text = g_strdup_printf("%u of %u tokens unlocked%s%s", unlocked, all,
		trouble != NULL ? "; " : "", trouble != NULL ? trouble : "");
	tell(health, "signer", well, text);
}

static void ask_outbox(Service *service, Health *health)
{
	g_autofree char *trouble = NULL;
	guint waiting = outbox_waiting(service->outbox, &trouble);
	g_autofree char *text = g_strdup_printf("%u changes wait", waiting);
	g_autofree char *bad = trouble == NULL ? NULL : g_strdup_printf("%s: %s", text, trouble);

	tell(health, "outbox", trouble == NULL, bad == NULL ? text : bad);
}

static gboolean get_health(const ApiRequest *request, ApiResponse *response, GError **error)
{
	Health health = {.parts = json_object(), .well = TRUE};

	(void)error;
	ask_ledger(request->service, &health);
	ask_disk(request->service, &health);
	if (request->service->live != NULL)
		ask_directory(request->service, &health);
	ask_signer(request->service, &health);
	if (request->service->outbox != NULL)
		ask_outbox(request->service, &health);
	response->json = json_pack(
		"{s:s, s:o}", "status", health.well ? "ok" : "degraded", "parts", health.parts);
	return TRUE;
}

const Route routes_health[] = {
	{"GET", "/v1/health", ROLES_LOCAL, FALSE, get_health},
	{NULL, NULL, 0, FALSE, NULL},
};
