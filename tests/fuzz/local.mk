# Fuzz targets: one program for each parser that a stranger or a client reaches. In `make check` they run their seeds;
# `make fuzz TIME=30` builds them with clang and libFuzzer in the folder fuzz-build and runs each that many seconds
# (TARGET=name: one alone). A new target: its file, its seeds in seeds/NAME, a line in limits, three lines here.
noinst_LIBRARIES += tests/fuzz/libfuzz.a
tests_fuzz_libfuzz_a_SOURCES = tests/fuzz/fuzz.c tests/fuzz/fuzz.h tests/fuzz/main.c
tests_fuzz_libfuzz_a_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_SEEDS='"$(abs_top_srcdir)/tests/fuzz/seeds"'

fuzz_targets = \
	tests/fuzz/fuzz-message \
	tests/fuzz/fuzz-facts \
	tests/fuzz/fuzz-encoded-word \
	tests/fuzz/fuzz-html \
	tests/fuzz/fuzz-smime-split \
	tests/fuzz/fuzz-report \
	tests/fuzz/fuzz-report-json \
	tests/fuzz/fuzz-opening \
	tests/fuzz/fuzz-authentication-results \
	tests/fuzz/fuzz-packet \
	tests/fuzz/fuzz-header-block \
	tests/fuzz/fuzz-permit \
	tests/fuzz/fuzz-reading \
	tests/fuzz/fuzz-settings \
	tests/fuzz/fuzz-naming \
	tests/fuzz/fuzz-address \
	tests/fuzz/fuzz-proof \
	tests/fuzz/fuzz-bundle \
	tests/fuzz/fuzz-cms \
	tests/fuzz/fuzz-revocation \
	tests/fuzz/fuzz-body \
	tests/fuzz/fuzz-form \
	tests/fuzz/fuzz-archive \
	tests/fuzz/fuzz-attachments \
	tests/fuzz/fuzz-pdf-signature \
	tests/fuzz/fuzz-pdf-signed \
	tests/fuzz/fuzz-route \
	tests/fuzz/fuzz-policy
check_PROGRAMS += $(fuzz_targets)
TESTS += $(fuzz_targets)
# libFuzzer has a main of its own; then the one in libfuzz.a stays out.
fuzz_libs = $(FUZZ_LDFLAGS) tests/fuzz/libfuzz.a $(PROVISION_LIBS)
fuzz_cflags = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(OPENSSL_CFLAGS) $(ARCHIVE_CFLAGS)
tests_fuzz_fuzz_message_SOURCES = tests/fuzz/fuzz-message.c
tests_fuzz_fuzz_message_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_message_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_facts_SOURCES = tests/fuzz/fuzz-facts.c
tests_fuzz_fuzz_facts_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_facts_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_encoded_word_SOURCES = tests/fuzz/fuzz-encoded-word.c
tests_fuzz_fuzz_encoded_word_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_encoded_word_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_html_SOURCES = tests/fuzz/fuzz-html.c
tests_fuzz_fuzz_html_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_html_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_smime_split_SOURCES = tests/fuzz/fuzz-smime-split.c
tests_fuzz_fuzz_smime_split_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_smime_split_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_report_SOURCES = tests/fuzz/fuzz-report.c
tests_fuzz_fuzz_report_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_report_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_report_json_SOURCES = tests/fuzz/fuzz-report-json.c
tests_fuzz_fuzz_report_json_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_report_json_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_opening_SOURCES = tests/fuzz/fuzz-opening.c
tests_fuzz_fuzz_opening_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_opening_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_authentication_results_SOURCES = tests/fuzz/fuzz-authentication-results.c
tests_fuzz_fuzz_authentication_results_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_authentication_results_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_packet_SOURCES = tests/fuzz/fuzz-packet.c
tests_fuzz_fuzz_packet_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_packet_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_header_block_SOURCES = tests/fuzz/fuzz-header-block.c milter/signer/header_block.c
tests_fuzz_fuzz_header_block_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_header_block_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_reading_SOURCES = tests/fuzz/fuzz-reading.c
tests_fuzz_fuzz_reading_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_reading_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_permit_SOURCES = tests/fuzz/fuzz-permit.c
tests_fuzz_fuzz_permit_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_permit_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_settings_SOURCES = tests/fuzz/fuzz-settings.c
tests_fuzz_fuzz_settings_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_settings_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_naming_SOURCES = tests/fuzz/fuzz-naming.c
tests_fuzz_fuzz_naming_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_naming_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_address_SOURCES = tests/fuzz/fuzz-address.c
tests_fuzz_fuzz_address_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_address_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_proof_SOURCES = tests/fuzz/fuzz-proof.c
tests_fuzz_fuzz_proof_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_proof_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_bundle_SOURCES = tests/fuzz/fuzz-bundle.c
tests_fuzz_fuzz_bundle_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_bundle_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_cms_SOURCES = tests/fuzz/fuzz-cms.c
tests_fuzz_fuzz_cms_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_cms_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_revocation_SOURCES = tests/fuzz/fuzz-revocation.c
tests_fuzz_fuzz_revocation_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_revocation_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_body_SOURCES = tests/fuzz/fuzz-body.c
tests_fuzz_fuzz_body_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_body_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_form_SOURCES = tests/fuzz/fuzz-form.c
tests_fuzz_fuzz_form_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_form_LDADD = provision/libaccounts.a $(fuzz_libs)
tests_fuzz_fuzz_archive_SOURCES = tests/fuzz/fuzz-archive.c
tests_fuzz_fuzz_archive_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_archive_LDADD = $(FUZZ_LDFLAGS) tests/fuzz/libfuzz.a $(MILTER_DECIDE_LIBS)
tests_fuzz_fuzz_attachments_SOURCES = tests/fuzz/fuzz-attachments.c
tests_fuzz_fuzz_attachments_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_attachments_LDADD = $(FUZZ_LDFLAGS) tests/fuzz/libfuzz.a $(MILTER_DECIDE_LIBS)
tests_fuzz_fuzz_route_SOURCES = tests/fuzz/fuzz-route.c
tests_fuzz_fuzz_route_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_route_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_policy_SOURCES = tests/fuzz/fuzz-policy.c tests/unit/policy-case.c tests/unit/policy-case.h \
	tests/unit/policy-plan-text.c tests/unit/policy-fixture.c tests/unit/policy-fixture.h
tests_fuzz_fuzz_policy_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_policy_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/unit
tests_fuzz_fuzz_policy_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_pdf_signature_SOURCES = tests/fuzz/fuzz-pdf-signature.c
tests_fuzz_fuzz_pdf_signature_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_pdf_signature_LDADD = $(FUZZ_LDFLAGS) tests/fuzz/libfuzz.a $(MILTER_DECIDE_LIBS)
tests_fuzz_fuzz_pdf_signed_SOURCES = tests/fuzz/fuzz-pdf-signed.c
tests_fuzz_fuzz_pdf_signed_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_pdf_signed_LDADD = $(FUZZ_LDFLAGS) tests/fuzz/libfuzz.a $(MILTER_DECIDE_LIBS)
EXTRA_DIST += tests/fuzz/limits tests/fuzz/run tests/fuzz/seeds

TIME = 30
.PHONY: fuzz
fuzz:
	@$(MKDIR_P) fuzz-build
	@test -f fuzz-build/Makefile || \
		(cd fuzz-build && $(abs_top_srcdir)/configure --quiet --enable-fuzzer CC=clang CFLAGS='-O1 -g')
	@$(MAKE) -s -C fuzz-build $(fuzz_targets)
	@$(top_srcdir)/tests/fuzz/run fuzz-build $(TIME) $(TARGET)
