check_PROGRAMS += tests/unit/test-print
TESTS += tests/unit/test-print
tests_unit_test_print_SOURCES = tests/unit/test-print.c provision/ctl/print.c provision/ctl/print.h
tests_unit_test_print_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_print_LDADD = lib/base/libbase.a $(JANSSON_LIBS) $(GLIB_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test-csv-table
TESTS += tests/unit/test-csv-table
tests_unit_test_csv_table_SOURCES = tests/unit/test-csv-table.c provision/ctl/csv_table.c provision/ctl/csv_table.h
tests_unit_test_csv_table_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_csv_table_LDADD = lib/base/libbase.a $(CSV_LIBS) $(JANSSON_LIBS) $(GLIB_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test-typed
TESTS += tests/unit/test-typed
tests_unit_test_typed_SOURCES = tests/unit/test-typed.c provision/ctl/typed.c provision/ctl/typed.h
tests_unit_test_typed_LDADD = lib/base/libbase.a $(GLIB_LIBS) $(CMOCKA_LIBS)

TESTS += tests/unit/calendar-holidays.py
EXTRA_DIST += tests/unit/calendar-holidays.py

check_PROGRAMS += tests/unit/test-ledger-heads
TESTS += tests/unit/test-ledger-heads
tests_unit_test_ledger_heads_SOURCES = tests/unit/test-ledger-heads.c provision/ctl/ledger_check.c provision/ctl/ledger_check.h
tests_unit_test_ledger_heads_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(OPENSSL_CFLAGS)
tests_unit_test_ledger_heads_LDADD = lib/cms/libcms.a lib/api/libapi.a lib/core/libcore.a lib/base/libbase.a \
	$(OPENSSL_LIBS) $(CURL_LIBS) $(JANSSON_LIBS) $(GLIB_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test-ledger-check
TESTS += tests/unit/test-ledger-check
tests_unit_test_ledger_check_SOURCES = tests/unit/test-ledger-check.c provision/ctl/ledger_check.c provision/ctl/ledger_check.h
tests_unit_test_ledger_check_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(OPENSSL_CFLAGS)
tests_unit_test_ledger_check_LDADD = lib/cms/libcms.a lib/api/libapi.a lib/core/libcore.a lib/base/libbase.a \
	$(OPENSSL_LIBS) $(CURL_LIBS) $(JANSSON_LIBS) $(GLIB_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test-ledger-row
TESTS += tests/unit/test-ledger-row
tests_unit_test_ledger_row_SOURCES = tests/unit/test-ledger-row.c provision/ctl/ledger_row.c provision/ctl/ledger_row.h
tests_unit_test_ledger_row_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_ledger_row_LDADD = lib/api/libapi.a lib/core/libcore.a lib/base/libbase.a $(JANSSON_LIBS) $(GLIB_LIBS) $(CMOCKA_LIBS)
