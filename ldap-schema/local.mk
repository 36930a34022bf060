# ldap-schema
acuseschemadir = $(pkgdatadir)/ldap-schema
dist_acuseschema_DATA = ldap-schema/acuse.ldif ldap-schema/README.md
