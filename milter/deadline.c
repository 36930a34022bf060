/* The deadline of services.h: arithmetic over its clock. */
#include "base/error.h"
#include "milter/services.h"

Deadline deadline_start(const Services *services)
{
	return (Deadline){services,
		services->monotonic_ms(services->data) + services->options->client_wait_ms};
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
