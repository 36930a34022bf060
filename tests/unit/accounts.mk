# unit tests of the accounts part of provision
check_PROGRAMS += tests/unit/test-request-life tests/unit/test-accounts
TESTS += tests/unit/test-request-life tests/unit/test-accounts
tests_unit_test_request_life_SOURCES = tests/unit/test-request-life.c
tests_unit_test_request_life_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_request_life_LDADD = provision/libaccounts.a $(PROVISION_LIBS) $(UNIT_LIBS)
tests_unit_test_accounts_SOURCES = tests/unit/test-accounts.c tests/unit/slapd.c tests/unit/slapd.h
tests_unit_test_accounts_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_accounts_LDADD = provision/libaccounts.a $(PROVISION_LIBS) $(UNIT_LIBS)
