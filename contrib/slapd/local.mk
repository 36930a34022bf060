EXTRA_DIST += contrib/slapd/make-config contrib/slapd/access.in contrib/slapd/entries.ldif.in contrib/slapd/README.md

# slapd's module: loaded by somebody else's program, so without our sanitizers' flags and with all that it needs.
password_module = contrib/slapd/acuse-password.so
password_module_sources = contrib/slapd/acuse-password.c lib/core/password.c lib/core/password.h
$(password_module): $(password_module_sources)
	@$(MKDIR_P) $(@D)
	$(AM_V_CCLD)$(CC) -std=gnu11 -D_GNU_SOURCE $(WARN_CFLAGS) -O2 -g -fPIC -shared \
		-I$(top_srcdir)/lib $(GLIB_CFLAGS) -o $@ $(srcdir)/contrib/slapd/acuse-password.c $(srcdir)/lib/core/password.c $(GLIB_LIBS)
passwordmoduledir = $(libdir)/acuse
passwordmodule_DATA = $(password_module)
CLEANFILES += $(password_module)
EXTRA_DIST += contrib/slapd/acuse-password.c
