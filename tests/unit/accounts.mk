# unit tests of the accounts part of provision
accounts_tests = tests/unit/test-request-life tests/unit/test-accounts tests/unit/test-account-names tests/unit/test-people tests/unit/test-requests tests/unit/test-passwords \
	tests/unit/test-password tests/unit/test-notifiers tests/unit/test-aliases tests/unit/test-adoption
check_PROGRAMS += $(accounts_tests)
TESTS += $(accounts_tests)
accounts_fixture = tests/unit/accounts_fixture.c tests/unit/accounts_fixture.h tests/unit/slapd.c tests/unit/slapd.h \
	tests/unit/route.h tests/unit/calendar_fixture.h
tests_unit_test_request_life_SOURCES = tests/unit/test-request-life.c
tests_unit_test_request_life_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_request_life_LDADD = provision/libaccounts.a $(PROVISION_LIBS) $(UNIT_LIBS)
tests_unit_test_accounts_SOURCES = tests/unit/test-accounts.c $(accounts_fixture)
tests_unit_test_accounts_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_accounts_LDADD = provision/libaccounts.a $(PROVISION_LIBS) $(UNIT_LIBS)
tests_unit_test_account_names_SOURCES = tests/unit/test-account-names.c $(accounts_fixture)
tests_unit_test_account_names_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_account_names_LDADD = provision/libaccounts.a $(PROVISION_LIBS) $(UNIT_LIBS)
tests_unit_test_people_SOURCES = tests/unit/test-people.c $(accounts_fixture)
tests_unit_test_people_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_people_LDADD = provision/libaccounts.a $(PROVISION_LIBS) $(UNIT_LIBS)
tests_unit_test_requests_SOURCES = tests/unit/test-requests.c $(accounts_fixture)
tests_unit_test_requests_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(OPENSSL_CFLAGS)
tests_unit_test_requests_LDADD = provision/libaccounts.a $(PROVISION_LIBS) $(UNIT_LIBS)
tests_unit_test_passwords_SOURCES = tests/unit/test-passwords.c $(accounts_fixture)
tests_unit_test_passwords_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_passwords_LDADD = provision/libaccounts.a $(PROVISION_LIBS) $(UNIT_LIBS)
tests_unit_test_password_SOURCES = tests/unit/test-password.c
tests_unit_test_password_LDADD = $(core_test_libs) -ldl
# The annex of Directiva 001-2020 goes through the reader that acusectl has.
tests_unit_test_notifiers_SOURCES = tests/unit/test-notifiers.c provision/ctl/csv_table.c provision/ctl/csv_table.h \
	$(accounts_fixture)
tests_unit_test_notifiers_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_notifiers_CPPFLAGS = $(AM_CPPFLAGS) -DGOLDEN_FOLDER='"$(abs_top_srcdir)/tests/golden"'
tests_unit_test_notifiers_LDADD = provision/libaccounts.a $(PROVISION_LIBS) $(CSV_LIBS) $(UNIT_LIBS)
tests_unit_test_aliases_SOURCES = tests/unit/test-aliases.c $(accounts_fixture)
tests_unit_test_aliases_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_aliases_LDADD = provision/libaccounts.a $(PROVISION_LIBS) $(UNIT_LIBS)
tests_unit_test_adoption_SOURCES = tests/unit/test-adoption.c $(accounts_fixture)
tests_unit_test_adoption_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_adoption_LDADD = provision/libaccounts.a $(PROVISION_LIBS) $(UNIT_LIBS)
