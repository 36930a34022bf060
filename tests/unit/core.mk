core_tests = tests/unit/test-autoreply tests/unit/test-document tests/unit/test-account tests/unit/test-authentication-results tests/unit/test-calendar tests/unit/test-dni tests/unit/test-evidence \
	tests/unit/test-merkle tests/unit/test-naming tests/unit/test-policy tests/unit/test-policy-edits tests/unit/test-policy-findings \
	tests/unit/test-policy-golden tests/unit/test-policy-settings tests/unit/test-content \
	tests/unit/test-reading tests/unit/test-return-token tests/unit/test-send
core_test_libs = lib/core/libcore.a lib/base/libbase.a $(GLIB_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += $(core_tests)
TESTS += $(core_tests)
tests_unit_test_content_SOURCES = tests/unit/test-content.c
tests_unit_test_content_LDADD = $(core_test_libs)
tests_unit_test_account_SOURCES = tests/unit/test-account.c
tests_unit_test_account_LDADD = $(core_test_libs)
tests_unit_test_autoreply_SOURCES = tests/unit/test-autoreply.c
tests_unit_test_autoreply_LDADD = $(core_test_libs)
tests_unit_test_authentication_results_SOURCES = tests/unit/test-authentication-results.c
tests_unit_test_authentication_results_LDADD = $(core_test_libs)
tests_unit_test_calendar_SOURCES = tests/unit/test-calendar.c
tests_unit_test_calendar_CPPFLAGS = $(AM_CPPFLAGS) -DCALENDAR_FILE='"$(abs_top_srcdir)/contrib/calendar/peru.conf"'
tests_unit_test_calendar_LDADD = $(core_test_libs)
tests_unit_test_dni_SOURCES = tests/unit/test-dni.c
tests_unit_test_dni_LDADD = $(core_test_libs)
tests_unit_test_evidence_SOURCES = tests/unit/test-evidence.c
tests_unit_test_evidence_LDADD = $(core_test_libs)
tests_unit_test_merkle_SOURCES = tests/unit/test-merkle.c
tests_unit_test_merkle_LDADD = $(core_test_libs)
tests_unit_test_naming_SOURCES = tests/unit/test-naming.c
tests_unit_test_naming_LDADD = $(core_test_libs)
tests_unit_test_reading_SOURCES = tests/unit/test-reading.c
tests_unit_test_reading_LDADD = $(core_test_libs)
tests_unit_test_policy_SOURCES = tests/unit/test-policy.c tests/unit/policy-fixture.c tests/unit/policy-fixture.h
tests_unit_test_policy_LDADD = $(core_test_libs)
tests_unit_test_policy_edits_SOURCES = tests/unit/test-policy-edits.c tests/unit/policy-fixture.c \
	tests/unit/policy-fixture.h
tests_unit_test_policy_edits_LDADD = $(core_test_libs)
tests_unit_test_policy_findings_SOURCES = tests/unit/test-policy-findings.c tests/unit/policy-fixture.c \
	tests/unit/policy-fixture.h
tests_unit_test_policy_findings_LDADD = $(core_test_libs)
tests_unit_test_policy_golden_SOURCES = tests/unit/test-policy-golden.c tests/unit/policy-plan-text.c tests/unit/policy-claims.c \
	tests/unit/policy-case.c tests/unit/policy-case.h tests/unit/policy-fixture.c tests/unit/policy-fixture.h
tests_unit_test_policy_golden_CPPFLAGS = $(AM_CPPFLAGS) -DGOLDEN_FOLDER='"$(abs_top_srcdir)/tests/golden"'
tests_unit_test_policy_golden_LDADD = $(core_test_libs)
tests_unit_test_policy_settings_SOURCES = tests/unit/test-policy-settings.c
tests_unit_test_policy_settings_LDADD = $(core_test_libs)
tests_unit_test_return_token_SOURCES = tests/unit/test-return-token.c
tests_unit_test_return_token_LDADD = $(core_test_libs)
tests_unit_test_send_SOURCES = tests/unit/test-send.c
tests_unit_test_send_LDADD = $(core_test_libs)
tests_unit_test_document_SOURCES = tests/unit/test-document.c
tests_unit_test_document_LDADD = $(core_test_libs)
