api_tests = tests/unit/test-client tests/unit/test-merkle-corpora tests/unit/test-record-json \
	tests/unit/test-report-json
api_test_cflags = $(AM_CFLAGS) $(JANSSON_CFLAGS)
api_test_libs = lib/api/libapi.a lib/core/libcore.a lib/base/libbase.a $(CURL_LIBS) $(JANSSON_LIBS) \
	$(GLIB_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += $(api_tests)
TESTS += $(api_tests)
tests_unit_test_client_SOURCES = tests/unit/test-client.c tests/unit/http-stub.c tests/unit/http-stub.h
tests_unit_test_client_CFLAGS = $(api_test_cflags)
tests_unit_test_client_LDADD = $(api_test_libs)
tests_unit_test_merkle_corpora_SOURCES = tests/unit/test-merkle-corpora.c
tests_unit_test_merkle_corpora_CFLAGS = $(api_test_cflags)
tests_unit_test_merkle_corpora_LDADD = $(api_test_libs)
tests_unit_test_record_json_SOURCES = tests/unit/test-record-json.c
tests_unit_test_record_json_CFLAGS = $(api_test_cflags)
tests_unit_test_record_json_LDADD = $(api_test_libs)
tests_unit_test_report_json_SOURCES = tests/unit/test-report-json.c
tests_unit_test_report_json_CFLAGS = $(api_test_cflags)
tests_unit_test_report_json_LDADD = $(api_test_libs)
