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

TESTS += tests/unit/calendar-holidays.py
EXTRA_DIST += tests/unit/calendar-holidays.py
