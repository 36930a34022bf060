noinst_LIBRARIES += lib/cms/libcms.a
lib_cms_libcms_a_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
lib_cms_libcms_a_SOURCES = \
	lib/cms/certificate.c lib/cms/certificate.h \
	lib/cms/certificate_set.c lib/cms/certificate_set.h \
	lib/cms/cms.c lib/cms/cms.h \
	lib/cms/digest.c lib/cms/digest.h lib/cms/core_sha256.c \
	lib/cms/ed25519.c lib/cms/ed25519.h \
	lib/cms/hpke.c lib/cms/hpke.h \
	lib/cms/revocation.c lib/cms/revocation.h \
	lib/cms/timestamp.c lib/cms/timestamp.h
