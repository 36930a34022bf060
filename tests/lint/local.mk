# Checks of the tree itself, each a script that counts its cases; they run in the build folder.
LINTS = tests/lint/includes tests/lint/manuals tests/lint/headers tests/lint/texts tests/lint/sizes tests/lint/hardening tests/lint/format \
	tests/lint/routes
TESTS += $(LINTS)
EXTRA_DIST += $(LINTS) tests/lint/checks.py tests/lint/plain_yaml.py .clang-format

# The tables of the programs, as text for the checks.
check_PROGRAMS += tests/lint/print-tables
tests_lint_print_tables_SOURCES = tests/lint/print-tables.c provision/routes.c provision/routes.h
tests_lint_print_tables_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_lint_print_tables_LDADD = provision/libaccounts.a $(PROVISION_LIBS)
