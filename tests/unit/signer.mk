# unit tests of signer; the programs that start a real signer find it in the build folder
check_PROGRAMS += tests/unit/test-signer
TESTS += tests/unit/test-signer
tests_unit_test_signer_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
tests_unit_test_signer_SOURCES = tests/unit/test-signer.c tests/unit/signer_fixture.c tests/unit/signer_fixture.h
tests_unit_test_signer_LDADD = lib/cms/libcms.a lib/signer/libsignerproto.a lib/base/libbase.a \
	$(OPENSSL_LIBS) $(GLIB_LIBS) $(CMOCKA_LIBS)
EXTRA_tests_unit_test_signer_DEPENDENCIES = acuse-signer

check_PROGRAMS += tests/unit/test-signer-trouble
TESTS += tests/unit/test-signer-trouble
tests_unit_test_signer_trouble_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
tests_unit_test_signer_trouble_SOURCES = tests/unit/test-signer-trouble.c tests/unit/signer_fixture.c \
	tests/unit/signer_fixture.h
tests_unit_test_signer_trouble_LDADD = $(tests_unit_test_signer_LDADD)
EXTRA_tests_unit_test_signer_trouble_DEPENDENCIES = acuse-signer tests/fault/pkcs11-shim.so

check_PROGRAMS += tests/unit/test-signer-pin
TESTS += tests/unit/test-signer-pin
tests_unit_test_signer_pin_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
tests_unit_test_signer_pin_SOURCES = tests/unit/test-signer-pin.c tests/unit/signer_fixture.c \
	tests/unit/signer_fixture.h
tests_unit_test_signer_pin_LDADD = $(tests_unit_test_signer_LDADD)
EXTRA_tests_unit_test_signer_pin_DEPENDENCIES = acuse-signer tests/fault/pkcs11-shim.so

check_PROGRAMS += tests/unit/test-signer-intruder
TESTS += tests/unit/test-signer-intruder
tests_unit_test_signer_intruder_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
tests_unit_test_signer_intruder_SOURCES = tests/unit/test-signer-intruder.c milter/signer/hidden.c tests/unit/signer_fixture.c \
	tests/unit/signer_fixture.h
tests_unit_test_signer_intruder_LDADD = $(tests_unit_test_signer_LDADD)
EXTRA_tests_unit_test_signer_intruder_DEPENDENCIES = acuse-signer tests/fault/pkcs11-shim.so

check_PROGRAMS += tests/unit/test-signer-stops
TESTS += tests/unit/test-signer-stops
tests_unit_test_signer_stops_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
tests_unit_test_signer_stops_SOURCES = tests/unit/test-signer-stops.c tests/unit/signer_fixture.c \
	tests/unit/signer_fixture.h
tests_unit_test_signer_stops_LDADD = $(tests_unit_test_signer_LDADD)
EXTRA_tests_unit_test_signer_stops_DEPENDENCIES = acuse-signer tests/fault/pkcs11-shim.so

check_PROGRAMS += tests/unit/test-confine
TESTS += tests/unit/test-confine
tests_unit_test_confine_CFLAGS = $(AM_CFLAGS) $(SECCOMP_CFLAGS)
tests_unit_test_confine_SOURCES = tests/unit/test-confine.c milter/signer/confine.c
tests_unit_test_confine_LDADD = lib/base/libbase.a $(SECCOMP_LIBS) $(GLIB_LIBS) $(CMOCKA_LIBS) -lpthread

check_PROGRAMS += tests/unit/test-signer-chain
TESTS += tests/unit/test-signer-chain
tests_unit_test_signer_chain_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
tests_unit_test_signer_chain_SOURCES = tests/unit/test-signer-chain.c tests/unit/signer_fixture.c \
	tests/unit/signer_fixture.h
tests_unit_test_signer_chain_LDADD = $(tests_unit_test_signer_LDADD)
EXTRA_tests_unit_test_signer_chain_DEPENDENCIES = acuse-signer

check_PROGRAMS += tests/unit/test-hidden
TESTS += tests/unit/test-hidden
tests_unit_test_hidden_SOURCES = tests/unit/test-hidden.c milter/signer/hidden.c
tests_unit_test_hidden_LDADD = lib/base/libbase.a $(GLIB_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test-signer-parts
TESTS += tests/unit/test-signer-parts
tests_unit_test_signer_parts_SOURCES = tests/unit/test-signer-parts.c \
	milter/signer/bindings.c milter/signer/header_block.c
tests_unit_test_signer_parts_LDADD = lib/signer/libsignerproto.a lib/base/libbase.a $(GLIB_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test-tokens
TESTS += tests/unit/test-tokens
tests_unit_test_tokens_CFLAGS = $(STORE_TEST_CFLAGS) $(OPENSSL_CFLAGS)
tests_unit_test_tokens_SOURCES = tests/unit/test-tokens.c tests/unit/signer_fixture.c tests/unit/signer_fixture.h
tests_unit_test_tokens_LDADD = $(PROVISION_LIBS) $(CMOCKA_LIBS)
EXTRA_tests_unit_test_tokens_DEPENDENCIES = acuse-signer tests/fault/pkcs11-shim.so

check_PROGRAMS += tests/unit/test-signer-afar
TESTS += tests/unit/test-signer-afar
tests_unit_test_signer_afar_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
tests_unit_test_signer_afar_SOURCES = tests/unit/test-signer-afar.c tests/unit/signer_fixture.c \
	tests/unit/signer_fixture.h
tests_unit_test_signer_afar_LDADD = $(tests_unit_test_signer_LDADD)
EXTRA_tests_unit_test_signer_afar_DEPENDENCIES = acuse-signer tests/fault/pkcs11-shim.so

check_PROGRAMS += tests/unit/test-token-count
TESTS += tests/unit/test-token-count
tests_unit_test_token_count_CFLAGS = $(STORE_TEST_CFLAGS) $(OPENSSL_CFLAGS)
tests_unit_test_token_count_SOURCES = tests/unit/test-token-count.c milter/signer/tally.c
tests_unit_test_token_count_LDADD = $(PROVISION_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test-signer-queue
TESTS += tests/unit/test-signer-queue
tests_unit_test_signer_queue_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
tests_unit_test_signer_queue_SOURCES = tests/unit/test-signer-queue.c tests/unit/signer_fixture.c \
	tests/unit/signer_fixture.h milter/signer/fair_queue.c
tests_unit_test_signer_queue_LDADD = $(tests_unit_test_signer_LDADD)
EXTRA_tests_unit_test_signer_queue_DEPENDENCIES = acuse-signer tests/fault/pkcs11-shim.so

check_PROGRAMS += tests/unit/test-token-certificates
TESTS += tests/unit/test-token-certificates
tests_unit_test_token_certificates_CFLAGS = $(STORE_TEST_CFLAGS) $(OPENSSL_CFLAGS)
tests_unit_test_token_certificates_SOURCES = tests/unit/test-token-certificates.c tests/unit/signer_fixture.c \
	tests/unit/signer_fixture.h tests/unit/loopback.c tests/unit/loopback.h
tests_unit_test_token_certificates_LDADD = $(PROVISION_LIBS) $(CMOCKA_LIBS)
EXTRA_tests_unit_test_token_certificates_DEPENDENCIES = acuse-signer

check_PROGRAMS += tests/unit/test-token-choice
TESTS += tests/unit/test-token-choice
tests_unit_test_token_choice_CFLAGS = $(STORE_TEST_CFLAGS) $(OPENSSL_CFLAGS)
tests_unit_test_token_choice_SOURCES = tests/unit/test-token-choice.c tests/unit/signer_fixture.c \
	tests/unit/signer_fixture.h
tests_unit_test_token_choice_LDADD = $(PROVISION_LIBS) $(CMOCKA_LIBS)
EXTRA_tests_unit_test_token_choice_DEPENDENCIES = acuse-signer

check_PROGRAMS += tests/unit/test-signing-settings
TESTS += tests/unit/test-signing-settings
tests_unit_test_signing_settings_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
tests_unit_test_signing_settings_SOURCES = tests/unit/test-signing-settings.c provision/token_settings.c
tests_unit_test_signing_settings_LDADD = lib/cms/libcms.a lib/base/libbase.a $(OPENSSL_LIBS) $(GLIB_LIBS) $(CMOCKA_LIBS)
EXTRA_tests_unit_test_signing_settings_DEPENDENCIES = acuse-signer
