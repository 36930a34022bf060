/* A proof bundle over sends_fixture.h: made, written and checked. */
#ifndef ACUSE_TESTS_BUNDLE_FIXTURE_H
#define ACUSE_TESTS_BUNDLE_FIXTURE_H

#include "sends_fixture.h"

/* Over fixture->bundle, without fsync; it has to go first when it was longer. */
void bundle_write_bytes(Fixture *fixture, const void *bytes, gsize size);
void bundle_write(Fixture *fixture, GBytes *bytes);
/* A signed and reported notification s-1 among other sends, and its bundle, written. */
GBytes *bundle_prepare(Fixture *fixture);
/* What the check says of it; *text (may be NULL): its lines. */
gboolean bundle_is_good(Fixture *fixture, const char *received, char **text, GError **error);

#endif
