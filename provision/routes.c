/*
 * The lists of what acuse-provisiond offers: calls of the API and kinds of outbox entries. A new
 * part is a line here.
 */
#include "provision/routes.h"

#include "provision/backup.h"
#include "provision/deadlines.h"
#include "provision/due.h"
#include "provision/incoming.h"
#include "provision/outbox.h"
#include "provision/people.h"
#include "provision/purge.h"
#include "provision/token_check.h"
#include "provision/token_count.h"
#include "provision/token_reminders.h"

const Route *const route_tables[] = {
	routes_blobs,
	routes_sends,
	routes_timestamps,
	routes_events,
	routes_incoming,
	routes_ledger,
	routes_backups,
	routes_requests,
	routes_accounts,
	routes_offices,
	routes_people,
	routes_tokens,
	routes_expedientes,
	routes_notifiers,
	routes_aliases,
	routes_exceptions,
	routes_outbox,
	routes_self,
	routes_token_afar,
	routes_health,
	routes_metrics,
	NULL,
};

static const OutboxKind *const outbox_tables[] = {
	outbox_kinds_accounts,
	outbox_kinds_tokens,
	outbox_kinds_notices,
	outbox_kinds_incoming,
	outbox_kinds_tramite_folder,
	outbox_kinds_tramite_webhook,
	NULL,
};

static const DueKind *const due_tables[] = {due_kinds_people, due_kinds_sends, due_kinds_incoming,
	due_kinds_tokens, due_kinds_keeping, NULL};

Due *due_start(Service *service, GError **error)
{
	return password_expiry_arm(service, error) && token_check_arm(service, error) &&
			       token_count_arm(service, error) && keeping_arm(service, error)
		       ? due_start_with(service, due_tables, error)
		       : NULL;
}

Outbox *outbox_start(Service *service, GError **error)
{
	return outbox_start_with(service, outbox_tables, error);
}
