/* The constancia of a point of a send (proof_point.h): from its leaves alone, as PDF and as PNG. */
#ifndef ACUSE_PROVISION_CONSTANCIA_H
#define ACUSE_PROVISION_CONSTANCIA_H

#include "core/constancia.h"
#include "provision/proof_point.h"

typedef enum { CONSTANCIA_PDF, CONSTANCIA_PNG } ConstanciaForm;

/*
 * NULL with INVALID (the point is of several recipients), DAMAGED (its leaves are not open any
 * more), NOT_FOUND (the logo), or as render_pdf.
 */
GBytes *constancia_make(
	Service *service, const ProofPoint *point, ConstanciaForm form, GError **error);

/* [proof] notified_by. */
DeliveryState constancia_notified_by_setting(const Settings *settings);

#endif
