/* A calendar for tests that count days: Christmas, one decreed day, one local day. The shipped one
 * is test-calendar's. */
#ifndef ACUSE_TESTS_CALENDAR_FIXTURE_H
#define ACUSE_TESTS_CALENDAR_FIXTURE_H

#include <string.h>

#include "core/calendar.h"

static inline Calendar *test_calendar(void)
{
	static const char text[] = "format 1\nedition 2026-11-22\nholiday 12-25 - Navidad\n"
				   "holiday 12-08 - Inmaculada\nholiday 12-09 2022 Ayacucho\n"
				   "decreed 2026-12-24 Decreto\nlocal 12-10 Aniversario\n";
	g_autoptr(GPtrArray) faults = g_ptr_array_new_with_free_func(g_free);

	return calendar_parse(text, strlen(text), faults);
}

#endif
