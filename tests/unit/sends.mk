# unit tests of sends, events and proof
SENDS_TESTS = tests/unit/test-sends tests/unit/test-events tests/unit/test-proof tests/unit/test-proof-trust tests/unit/test-proof-recipient tests/unit/test-proof-recipe tests/unit/test-outcomes \
	tests/unit/test-reconcile tests/unit/test-register tests/unit/test-sends-message \
	tests/unit/test-limits tests/unit/test-notices tests/unit/test-deadlines tests/unit/test-purge tests/unit/test-exceptions tests/unit/test-incoming \
	tests/unit/test-contradictions
check_PROGRAMS += $(SENDS_TESTS)
TESTS += $(SENDS_TESTS)
SENDS_TEST_LIBS = $(PROVISION_LIBS) $(CMOCKA_LIBS)
SENDS_TEST_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(OPENSSL_CFLAGS) $(GMIME_CFLAGS) $(ARCHIVE_CFLAGS) \
	-I$(top_srcdir)/tests/unit
tests_unit_test_sends_SOURCES = tests/unit/test-sends.c tests/unit/route.h tests/unit/sends_fixture.c tests/unit/sends_fixture.h tests/unit/calendar_fixture.h
tests_unit_test_sends_CFLAGS = $(SENDS_TEST_CFLAGS)
tests_unit_test_sends_LDADD = $(SENDS_TEST_LIBS)
tests_unit_test_sends_message_SOURCES = tests/unit/test-sends-message.c tests/unit/route.h tests/unit/sends_fixture.c tests/unit/sends_fixture.h tests/unit/calendar_fixture.h
tests_unit_test_sends_message_CFLAGS = $(SENDS_TEST_CFLAGS)
tests_unit_test_sends_message_LDADD = $(SENDS_TEST_LIBS)
tests_unit_test_events_SOURCES = tests/unit/test-events.c tests/unit/sends_fixture.c tests/unit/sends_fixture.h tests/unit/calendar_fixture.h
tests_unit_test_events_CFLAGS = $(SENDS_TEST_CFLAGS)
tests_unit_test_events_LDADD = $(SENDS_TEST_LIBS)
tests_unit_test_proof_SOURCES = tests/unit/test-proof.c tests/unit/bundle_fixture.c tests/unit/bundle_fixture.h tests/unit/sends_fixture.c tests/unit/sends_fixture.h tests/unit/calendar_fixture.h
tests_unit_test_proof_CFLAGS = $(SENDS_TEST_CFLAGS)
tests_unit_test_proof_LDADD = $(SENDS_TEST_LIBS)
tests_unit_test_proof_trust_SOURCES = tests/unit/test-proof-trust.c tests/unit/bundle_fixture.c tests/unit/bundle_fixture.h \
	tests/unit/sends_fixture.c tests/unit/sends_fixture.h tests/unit/calendar_fixture.h
tests_unit_test_proof_trust_CFLAGS = $(SENDS_TEST_CFLAGS)
tests_unit_test_proof_trust_LDADD = $(SENDS_TEST_LIBS)
tests_unit_test_reconcile_SOURCES = tests/unit/test-reconcile.c tests/unit/sends_fixture.c tests/unit/sends_fixture.h tests/unit/calendar_fixture.h
tests_unit_test_reconcile_CFLAGS = $(SENDS_TEST_CFLAGS)
tests_unit_test_reconcile_LDADD = $(SENDS_TEST_LIBS)
tests_unit_test_register_SOURCES = tests/unit/test-register.c tests/unit/sends_fixture.c tests/unit/sends_fixture.h tests/unit/calendar_fixture.h
tests_unit_test_register_CFLAGS = $(SENDS_TEST_CFLAGS)
tests_unit_test_register_LDADD = $(SENDS_TEST_LIBS)
tests_unit_test_limits_SOURCES = tests/unit/test-limits.c tests/unit/sends_fixture.c tests/unit/sends_fixture.h tests/unit/calendar_fixture.h
tests_unit_test_limits_CFLAGS = $(SENDS_TEST_CFLAGS)
tests_unit_test_limits_LDADD = $(SENDS_TEST_LIBS)
tests_unit_test_notices_SOURCES = tests/unit/test-notices.c tests/unit/smtp-stub.c tests/unit/smtp-stub.h \
	tests/unit/sends_fixture.c tests/unit/sends_fixture.h
tests_unit_test_notices_CFLAGS = $(SENDS_TEST_CFLAGS)
tests_unit_test_notices_LDADD = $(SENDS_TEST_LIBS)
tests_unit_test_deadlines_SOURCES = tests/unit/test-deadlines.c tests/unit/sends_fixture.c tests/unit/sends_fixture.h tests/unit/calendar_fixture.h
tests_unit_test_deadlines_CFLAGS = $(SENDS_TEST_CFLAGS)
tests_unit_test_deadlines_LDADD = $(SENDS_TEST_LIBS)
tests_unit_test_purge_SOURCES = tests/unit/test-purge.c tests/unit/sends_fixture.c tests/unit/sends_fixture.h tests/unit/calendar_fixture.h
tests_unit_test_purge_CFLAGS = $(SENDS_TEST_CFLAGS)
tests_unit_test_purge_LDADD = $(SENDS_TEST_LIBS)
tests_unit_test_proof_recipient_SOURCES = tests/unit/test-proof-recipient.c tests/unit/sends_fixture.c tests/unit/sends_fixture.h
tests_unit_test_proof_recipient_CFLAGS = $(SENDS_TEST_CFLAGS)
tests_unit_test_proof_recipient_LDADD = $(SENDS_TEST_LIBS)
tests_unit_test_proof_recipe_SOURCES = tests/unit/test-proof-recipe.c tests/unit/sends_fixture.c tests/unit/sends_fixture.h
tests_unit_test_proof_recipe_CFLAGS = $(SENDS_TEST_CFLAGS)
tests_unit_test_proof_recipe_LDADD = $(SENDS_TEST_LIBS)
tests_unit_test_incoming_SOURCES = tests/unit/test-incoming.c tests/unit/smtp-stub.c tests/unit/smtp-stub.h \
	tests/unit/sends_fixture.c tests/unit/sends_fixture.h tests/unit/calendar_fixture.h
tests_unit_test_incoming_CFLAGS = $(SENDS_TEST_CFLAGS)
tests_unit_test_incoming_LDADD = $(SENDS_TEST_LIBS)
tests_unit_test_exceptions_SOURCES = tests/unit/test-exceptions.c tests/unit/sends_fixture.c tests/unit/sends_fixture.h tests/unit/calendar_fixture.h
tests_unit_test_exceptions_CFLAGS = $(SENDS_TEST_CFLAGS)
tests_unit_test_exceptions_LDADD = $(SENDS_TEST_LIBS)
tests_unit_test_outcomes_SOURCES = tests/unit/test-outcomes.c tests/unit/sends_fixture.c tests/unit/sends_fixture.h
tests_unit_test_outcomes_CFLAGS = $(SENDS_TEST_CFLAGS)
tests_unit_test_outcomes_LDADD = $(SENDS_TEST_LIBS)
tests_unit_test_contradictions_SOURCES = tests/unit/test-contradictions.c tests/unit/sends_fixture.c tests/unit/sends_fixture.h tests/unit/calendar_fixture.h
tests_unit_test_contradictions_CFLAGS = $(SENDS_TEST_CFLAGS)
tests_unit_test_contradictions_LDADD = $(SENDS_TEST_LIBS)
