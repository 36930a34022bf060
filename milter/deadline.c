/* The deadline of services.h: arithmetic over its clocks. */
#include "base/error.h"
#include "milter/services.h"

Deadline deadline_start_for(const Services *services, guint wait_ms)
{
	return (Deadline){services, services->monotonic_ms(services->data) + wait_ms,
		services->cpu_ms(services->data) + services->options->message_cpu_ms};
}

Deadline deadline_start(const Services *services)
{
	return deadline_start_for(services, services->options->client_wait_ms);
}

guint deadline_left_ms(const Deadline *deadline, GError **error)
{
	gint64 left = deadline->end_ms - deadline->services->monotonic_ms(deadline->services->data);

	if (left > 0)
		return (guint)left;
	g_set_error_literal(
		error, ACUSE_ERROR, ACUSE_ERROR_TIMEOUT, "the client has waited too long");
	return 0;
}

gboolean deadline_allows(const Deadline *deadline, GError **error)
{
	const Services *services = deadline->services;

	if (services->cpu_ms(services->data) <= deadline->cpu_end_ms)
		return deadline_left_ms(deadline, error) != 0;
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_TOO_SLOW,
		"over message_cpu_ms: it costs more than %u ms of processor time",
		services->options->message_cpu_ms);
	return FALSE;
}
