# Translations. The source strings are Spanish; po/en.po holds English. `make update-po` refreshes the catalogues.
PO_LANGUAGES = en
PO_FILES = po/en.po
EXTRA_DIST += $(PO_FILES) po/acuse.pot

po/en.mo: $(srcdir)/po/en.po
	$(AM_V_GEN)$(MKDIR_P) po && $(MSGFMT) -c -o $@ $(srcdir)/po/en.po

CLEANFILES += po/en.mo
all-local: po/en.mo

install-data-hook:
	$(MKDIR_P) $(DESTDIR)$(localedir)/en/LC_MESSAGES
	$(INSTALL_DATA) po/en.mo $(DESTDIR)$(localedir)/en/LC_MESSAGES/acuse.mo

uninstall-hook:
	rm -f $(DESTDIR)$(localedir)/en/LC_MESSAGES/acuse.mo

update-po:
	cd $(srcdir) && find lib milter provision -name '*.c' | LC_ALL=C sort | \
		xgettext --from-code=UTF-8 -k_ -kN_ -L C --no-location --package-name=acuse -o po/acuse.pot -f -
	cd $(srcdir) && sed -i '/^"POT-Creation-Date/d' po/acuse.pot
	cd $(srcdir) && for language in $(PO_LANGUAGES); do \
		msgmerge -q --no-location -N -U --backup=none po/$$language.po po/acuse.pot || exit 1; done
.PHONY: update-po
