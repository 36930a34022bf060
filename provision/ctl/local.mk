bin_PROGRAMS += acusectl
acusectl_SOURCES = \
	provision/ctl/main.c provision/ctl/ctl.h \
	provision/ctl/api_commands.c \
	provision/ctl/print.c provision/ctl/print.h \
	provision/ctl/ledger.c provision/ctl/backup.c \
	provision/ctl/ledger_check.c provision/ctl/ledger_check.h \
	provision/ctl/ledger_row.c provision/ctl/ledger_row.h \
	provision/ctl/ledger_source.c provision/ctl/ledger_source.h \
	provision/ctl/policy.c \
	provision/ctl/policy_api.c provision/ctl/policy_api.h \
	provision/ctl/people.c \
	provision/ctl/requests.c \
	provision/ctl/calendar.c provision/calendar_load.c provision/calendar_load.h \
	provision/ctl/proof.c \
	provision/ctl/signature.c \
	provision/ctl/token_unlock.c provision/ctl/token_afar.c provision/ctl/token_afar.h \
	provision/ctl/typed.c provision/ctl/typed.h \
	provision/ctl/import.c \
	provision/ctl/csv_table.c provision/ctl/csv_table.h \
	provision/ctl/check.c \
	provision/ctl/check_policy.c provision/ctl/check_postfix.c provision/ctl/check.h
acusectl_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(CURL_CFLAGS) $(OPENSSL_CFLAGS) $(GMIME_CFLAGS) $(ARCHIVE_CFLAGS) \
	-DPKGDATADIR='"$(pkgdatadir)"' -DSBINDIR='"$(sbindir)"'
acusectl_LDADD = provision/libproof.a lib/inspect/libinspect.a lib/mime/libmime.a lib/archive/libarchivelook.a lib/cms/libcms.a lib/api/libapi.a lib/signer/libsignerproto.a \
	lib/core/libcore.a lib/base/libbase.a \
	$(GMIME_LIBS) $(GUMBO_LIBS) $(OPENSSL_LIBS) $(ARCHIVE_LIBS) $(CURL_LIBS) $(JANSSON_LIBS) $(CSV_LIBS) $(GLIB_LIBS)

dist_man_MANS += provision/ctl/acusectl.1
