/* outcome.h: two tables. Pure; never fails. */
#include "core/outcome.h"

static const char *const names[] = {
	[DELIVERY_OUTCOME_NONE] = "none",
	[DELIVERY_OUTCOME_ACCEPTED] = "accepted",
	[DELIVERY_OUTCOME_NOTIFIED] = "notified",
	[DELIVERY_OUTCOME_FAILED] = "failed",
	[DELIVERY_OUTCOME_OVERDUE] = "overdue",
	[DELIVERY_OUTCOME_LATE] = "late",
};

/* How strongly a state shows that it was received; 0: not at all. */
static const guint8 strength[] = {
	[DELIVERY_RELAYED] = 1,
	[DELIVERY_DELIVERED] = 2,
	[DELIVERY_READ] = 3,
	[DELIVERY_ACKNOWLEDGED] = 4,
};

const char *delivery_outcome_name(DeliveryOutcome outcome)
{
	g_return_val_if_fail((guint)outcome < G_N_ELEMENTS(names), NULL);
	return names[outcome];
}

static guint strength_of(DeliveryState state)
{
	return (guint)state < G_N_ELEMENTS(strength) ? strength[state] : 0;
}

gboolean delivery_reaches(DeliveryState state, DeliveryState threshold)
{
	return strength_of(threshold) > 0 && strength_of(state) >= strength_of(threshold);
}

DeliveryOutcome delivery_outcome(
	DeliveryState state, gboolean notification, DeliveryState notified_by)
{
	switch (state) {
	case DELIVERY_FAILED:
		return DELIVERY_OUTCOME_FAILED;
	case DELIVERY_EXPIRED:
		return DELIVERY_OUTCOME_OVERDUE;
	case DELIVERY_LATE:
		return DELIVERY_OUTCOME_LATE;
	default:
		break;
	}
	if (!notification)
		return delivery_reaches(state, DELIVERY_RELAYED) ? DELIVERY_OUTCOME_ACCEPTED
								 : DELIVERY_OUTCOME_NONE;
	return delivery_reaches(state, notified_by) ? DELIVERY_OUTCOME_NOTIFIED
						    : DELIVERY_OUTCOME_NONE;
}
