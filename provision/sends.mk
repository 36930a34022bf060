# Sends, their events and their proof: part of acuse-provisiond. libproof alone is what acusectl links too.
noinst_LIBRARIES += provision/libproof.a
provision_libproof_a_SOURCES = \
	provision/proof_check.c provision/proof_check.h \
	provision/proof_files.c provision/proof_files.h \
	provision/bundle_format.c provision/bundle_format.h
provision_libproof_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(ARCHIVE_CFLAGS) $(OPENSSL_CFLAGS)
