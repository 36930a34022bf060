/* Every table of routes of acuse-provisiond, NULL-terminated. */
#ifndef ACUSE_PROVISION_ROUTES_H
#define ACUSE_PROVISION_ROUTES_H

#include "provision/service.h"

extern const Route *const route_tables[];

#endif
