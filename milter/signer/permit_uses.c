/* permit_uses.h: a table by the permit's text. What expired leaves it now and then, not at every
 * signature. */
#include "signer/permit_uses.h"
#include "base/error.h"

#define SWEEP_EVERY_S 10

struct _PermitUses {
	GHashTable *expiries; /* text -> when, seconds */
	gint64 swept_s;
};

PermitUses *permit_uses_new(void)
{
	PermitUses *uses = g_new0(PermitUses, 1);

	uses->expiries = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return uses;
}

void permit_uses_free(PermitUses *uses)
{
	g_hash_table_unref(uses->expiries);
	g_free(uses);
}

static gboolean has_expired(gpointer text, gpointer expires_s, gpointer now_s)
{
	(void)text;
	return *(gint64 *)expires_s <= *(gint64 *)now_s;
}

gboolean permit_uses_take(
	PermitUses *uses, const char *text, gint64 expires_s, gint64 now_s, GError **error)
{
	if (g_hash_table_contains(uses->expiries, text)) {
		g_set_error_literal(
			error, ACUSE_ERROR, ACUSE_ERROR_PERMIT, "the permit was used before");
		return FALSE;
	}
	if (now_s - uses->swept_s >= SWEEP_EVERY_S || now_s < uses->swept_s) {
		g_hash_table_foreach_remove(uses->expiries, has_expired, &now_s);
		uses->swept_s = now_s;
	}
	if (g_hash_table_size(uses->expiries) >= PERMIT_USES_MAX) {
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE,
			"too many permits at the same time");
		return FALSE;
	}
	g_hash_table_insert(
		uses->expiries, g_strdup(text), g_memdup2(&expires_s, sizeof expires_s));
	return TRUE;
}

void permit_uses_give_back(PermitUses *uses, const char *text)
{
	g_hash_table_remove(uses->expiries, text);
}
