EXTRA_DIST += contrib/slapd/make-config contrib/slapd/access.in contrib/slapd/entries.ldif.in contrib/slapd/README.md
