# The fault kit (tests/fault/README.md): loaded by others' programs, so without our sanitizers' flags.
FAULT_LIBS = tests/fault/libfault.so
FAULT_CFLAGS = -std=gnu11 -D_GNU_SOURCE $(WARN_CFLAGS) -O2 -fPIC -shared

tests/fault/libfault.so: tests/fault/libfault.c
	@$(MKDIR_P) $(@D)
	$(AM_V_CCLD)$(CC) $(FAULT_CFLAGS) -o $@ $(srcdir)/tests/fault/libfault.c -ldl -lpthread

CLEANFILES += $(FAULT_LIBS)
EXTRA_DIST += tests/fault/libfault.c
