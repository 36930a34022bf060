/* incoming.h: a row of bars, the first that holds is the answer. Never fails. Pure. */
#include "core/incoming.h"

#include <string.h>

#include "core/address.h"
#include "core/authentication_results.h"

static gboolean is_in(const char *const *words, const char *local)
{
	for (; *words != NULL; words++)
		if (strcmp(local, *words) == 0)
			return TRUE;
	return FALSE;
}

gboolean incoming_is_role(const char *address)
{
	static const char *const whole[] = {"mailer-daemon", "mailerdaemon", "postmaster", "daemon",
		"root", "listserv", "majordomo", "bounce", "bounces", "noreply", "no-reply",
		"no_reply", "donotreply", "do-not-reply", "no-responder", "noresponder",
		"no-responda", "notifications", "newsletter", NULL};
	static const char *const beginnings[] = {"owner-", "noreply", "no-reply", "bounce-",
		"bounce+", "bounces-", "bounces+", "prvs=", "btv1==", "srs0", "srs1"};
	static const char *const ends[] = {
		"-request", "-owner", "-relay", "-bounce", "-bounces", "-noreply", "-no-reply"};
	const char *at = strrchr(address, '@');
	g_autofree char *local = g_ascii_strdown(address, at != NULL ? (gssize)(at - address) : -1);

	if (is_in(whole, local))
		return TRUE;
	for (gsize i = 0; i < G_N_ELEMENTS(beginnings); i++)
		if (g_str_has_prefix(local, beginnings[i]))
			return TRUE;
	for (gsize i = 0; i < G_N_ELEMENTS(ends); i++)
		if (g_str_has_suffix(local, ends[i]))
			return TRUE;
	return FALSE;
}

/* A dot-atom and a domain: what is quoted, or no ASCII, could say more than an address to SMTP. */
static gboolean is_plain(const char *address)
{
	guint ats = 0;

	for (const char *at = address; *at != '\0'; at++) {
		if (!g_ascii_isgraph(*at) || strchr("\"\\<>()[],;:", *at) != NULL)
			return FALSE;
		ats += *at == '@';
	}
	return ats == 1 && address[0] != '@';
}

static const char *domain_of(const char *address)
{
	const char *at = strrchr(address, '@');

	return at != NULL ? at + 1 : "";
}

const char *incoming_bar(const IncomingFacts *facts, const char *domain)
{
	if (facts->automatic || facts->envelope_sender[0] == '\0')
		return "automatic";
	if (facts->suppressed)
		return "suppressed";
	if (facts->from == NULL)
		return "no-sender";
	if (!is_plain(facts->from))
		return "odd-address";
	if (g_ascii_strcasecmp(domain_of(facts->from), domain) == 0 ||
		g_ascii_strcasecmp(domain_of(facts->envelope_sender), domain) == 0)
		return "own-domain";
	if (!address_same_mailbox(facts->from, facts->envelope_sender))
		return "sender-differs";
	if (incoming_is_role(facts->from))
		return "role-address";
	if (facts->spam)
		return "spam";
	if (!facts->addressed)
		return "not-addressed";
	if (!authentication_results_dmarc_pass(
		    facts->authentication_results, domain_of(facts->from)))
		return "unproved";
	return NULL;
}
