EXTRA_DIST += tests/lint/includes
