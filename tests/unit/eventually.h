/* Waiting for a condition that another thread or process brings about, and failing without it. */
#ifndef ACUSE_TESTS_EVENTUALLY_H
#define ACUSE_TESTS_EVENTUALLY_H

#include <glib.h>

/* A minute: far longer than any machine needs. Behind <cmocka.h>. */
#define eventually(condition)                                                                      \
	do {                                                                                       \
		guint turns_ = 0;                                                                  \
		while (!(condition)) {                                                             \
			if (++turns_ > 6000)                                                       \
				fail_msg("never: %s", #condition);                                 \
			g_usleep(10000);                                                           \
		}                                                                                  \
	} while (0)

#endif
