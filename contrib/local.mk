EXTRA_DIST += contrib/packages contrib/install-packages contrib/quickstart contrib/run-tests \
	contrib/postfix/README.md contrib/postfix/main.cf.in contrib/postfix/master.cf.in \
	contrib/postfix/notify.regexp contrib/postfix/held.regexp.in contrib/postfix/token-recipients.regexp.in \
	contrib/postfix/token-transport.regexp.in contrib/postfix/own-domain.regexp.in \
	contrib/postfix/ldap-mailboxes.cf.in contrib/postfix/ldap-closed.cf.in contrib/postfix/own-results.regexp.in \
	contrib/authentication/README.md contrib/authentication/opendkim.conf.in contrib/authentication/opendmarc.conf.in \
	contrib/dovecot/README.md contrib/dovecot/dovecot.conf.in contrib/dovecot/dovecot-ldap.conf.in \
	contrib/dovecot/offices.in contrib/dovecot/mailbox.in \
	contrib/dovecot/reading.sieve contrib/dovecot/reading.in contrib/dovecot/reading-repair.in \
	contrib/gateway/citizen-main.cf.in contrib/gateway/citizen-master.cf.in contrib/gateway/citizen-opendkim.conf.in \
	contrib/gateway/daemons.py contrib/gateway/demo.py contrib/gateway/keys.py contrib/gateway/mails.py \
	contrib/gateway/main.py contrib/gateway/places.py contrib/gateway/processes.py contrib/gateway/servers.py contrib/gateway/sources.py
EXTRA_DIST += contrib/systemd/acuse-readings.service contrib/systemd/acuse-readings.timer contrib/systemd/acuse-provisiond.service contrib/systemd/acuse-signer.service
calendardir = $(pkgdatadir)/calendar
dist_calendar_DATA = contrib/calendar/peru.conf
include $(top_srcdir)/contrib/slapd/local.mk

dist_man_MANS += contrib/acuse.conf.5
