# provision: libprovision.a is what every part stands on (tests link it); acuse-provisiond adds the parts.
noinst_LIBRARIES += provision/libprovision.a
provision_libprovision_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(MHD_CFLAGS) $(ZSTD_CFLAGS) $(OPENSSL_CFLAGS) \
	-DPKGDATADIR='"$(pkgdatadir)"'
provision_libprovision_a_SOURCES = \
	provision/store.c provision/store.h \
	provision/store_read.c provision/store_change.c \
	provision/copy.c provision/copy.h \
	provision/backup.c provision/backup.h \
	provision/backup_manifest.c provision/backup_manifest.h \
	provision/restore.c provision/restore.h \
	provision/store_bdb.c provision/store_engine.h \
	provision/blobs.c provision/blobs.h provision/blobs_copy.c provision/blob_routes.c \
	provision/closed_accounts.c provision/closed_accounts.h \
	provision/service.c provision/service.h \
	provision/calendar_load.c provision/calendar_load.h \
	provision/due.c provision/due.h \
	provision/row.c provision/row.h \
	provision/list.c provision/list.h \
	provision/http.c provision/http.h \
	provision/http_call.c provision/http_call.h \
	provision/replies.c provision/replies.h \
	provision/token_bindings.c \
	provision/token_alarm.c provision/token_alarm.h \
	provision/token_check.c provision/token_check.h \
	provision/token_count.c provision/token_count.h \
	provision/token_life.c provision/token_life.h \
	provision/token_notices.c \
	provision/token_reminders.c provision/token_reminders.h \
	provision/token_revocation.c provision/token_revocation.h \
	provision/token_settings.c provision/token_settings.h \
	provision/token_routes.c \
	provision/token_status.c \
	provision/tokens.c provision/tokens.h \
	provision/ledger.c \
	provision/heads.c provision/heads.h \
	provision/timestamp_authority.c provision/timestamp_authority.h \
	provision/witnesses.c provision/witnesses.h \
	provision/seal.c provision/seal.h \
	provision/health.c \
	provision/metrics.c provision/metrics.h \
	provision/expedientes.c \
	provision/register.c provision/register.h \
	provision/register_import.c \
	provision/register_check.c \
	provision/outbox.c provision/outbox.h provision/outbox_routes.c

# What libprovision.a needs behind it, in link order.
# The sends need the store, and the list of routes needs the sends: hence libprovision.a on both sides.
PROVISION_LIBS = provision/libprovision.a provision/libsends.a provision/libproof.a provision/libprovision.a \
	lib/directory/libdirectory.a lib/mime/libmime.a lib/cms/libcms.a lib/api/libapi.a \
	lib/signer/libsignerproto.a lib/render/librender.a lib/inspect/libinspect.a lib/archive/libarchivelook.a \
	lib/mime/libmime.a lib/cms/libcms.a lib/core/libcore.a lib/base/libbase.a \
	$(RENDER_LIBS) $(GMIME_LIBS) $(GUMBO_LIBS) $(LDAP_LIBS) $(OPENSSL_LIBS) $(CURL_LIBS) $(JANSSON_LIBS) $(MHD_LIBS) \
	$(ZSTD_LIBS) $(ARCHIVE_LIBS) $(SYSTEMD_LIBS) $(DB_LIBS) $(GLIB_LIBS) -lpthread

include $(top_srcdir)/provision/sends.mk
include $(top_srcdir)/provision/accounts.mk

sbin_PROGRAMS += acuse-provisiond
acuse_provisiond_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(OPENSSL_CFLAGS) $(SYSTEMD_CFLAGS) $(ARCHIVE_CFLAGS)
acuse_provisiond_SOURCES = \
	provision/main.c \
	provision/routes.c provision/routes.h
acuse_provisiond_LDADD = provision/libaccounts.a $(PROVISION_LIBS)

dist_man_MANS += provision/acuse-provisiond.8
dist_pkgdata_DATA = provision/openapi.yaml
