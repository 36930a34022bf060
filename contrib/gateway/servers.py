"""The servers around Acuse: slapd, Dovecot, Postfix of the gateway, Postfix of the citizen."""
import glob
import os
import pwd
import grp
import re
import shutil
import socket

import processes
from places import (BASE, CITIZEN, CITIZEN_DOMAIN, DOMAIN, HOST, INSTITUTION, UIDS, Failure)

HERE = os.path.dirname(os.path.abspath(__file__))
CONTRIB = os.path.dirname(HERE)
PRIVATE_POSTFIX = """
# This gateway lives on one machine's loopback addresses and asks no DNS.
disable_dns_lookups = yes
smtp_host_lookup = native
smtpd_peername_lookup = no
default_transport = error:5.4.4 this private gateway reaches no other server
relay_transport = error:5.4.4 this private gateway reaches no other server
maillog_file = @LOG@
maillog_file_prefixes = @ROOT@
queue_run_delay = 5s
minimal_backoff_time = 5s
maximal_backoff_time = 10s
"""
PRIVATE_DOVECOT = """
# Every client of this gateway has one address: the pause after wrong passwords would hit them all.
auth_failure_delay = 0
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
"""


def fill(template, words):
    """The template with each @NAME@ replaced; a name without a value is a mistake."""
    with open(os.path.join(CONTRIB, template), encoding="utf-8") as file:
        text = file.read()
    return fill_text(text, words)


def fill_text(text, words):
    return re.sub(r"@([A-Z_]+)@", lambda match: words[match[1]], text)


def uid_of(name):
    return pwd.getpwnam(name).pw_uid


def listens(port):
    def check():
        with socket.socket() as one:
            one.settimeout(1)
            return one.connect_ex(("127.0.0.1", port)) == 0
    return check


def words(places, **more):
    """What the templates of contrib/ ask for."""
    found = {
        "DOMAIN": DOMAIN, "HOST": HOST, "BASE": BASE, "ROOT": places.root,
        "DOMAIN_RE": re.escape(DOMAIN), "HOST_RE": re.escape(HOST), "LDAP_URI": places.ldapi_uri,
        "QUEUE": places.path("postfix", "spool"), "DATA": places.path("postfix", "data"),
        "INTERFACES": "loopback-only", "ADDRESS": "127.0.0.1",
        "TLS_CERTIFICATE": places.path("ca", "server.pem"),
        "TLS_KEY": places.path("ca", "server.key"), "EXTRA": "",
        "SUBMISSION": f"127.0.0.1:{places.port('submission')}",
        "INBOUND": f"127.0.0.1:{places.port('inbound')}",
        "RELEASE": str(places.port("release")),
        "NOTICES": f"127.0.0.1:{places.port('notices')}",
        "TRANSPORT": f", inline:{{ {{ {CITIZEN_DOMAIN} = smtp:[127.0.0.1]:{places.port('citizen')} }} }}",
    }
    found.update(more)
    return found


def set_up_slapd(places):
    """slapd has an AppArmor profile by its path on some hosts: a copy may live below our folder."""
    places.folder("bin")
    places.folder("ldap")
    for name in ("slapd", "slapadd"):
        shutil.copy("/usr/sbin/slapd", places.path("bin", name))
    env = dict(os.environ, PATH=places.path("bin") + ":" + os.environ.get("PATH", "")
               + ":/usr/sbin:/sbin")
    argv = [os.path.join(CONTRIB, "slapd", "make-config"), "--dir", places.path("ldap"),
            "--base", BASE, "--domain", DOMAIN, "--ldapi", places.ldapi, "--port",
            str(places.port("ldap")), "--institution", INSTITUTION,
            "--checker", places.path("bin", "acuse-password.so")]
    services = {"provision": UIDS["provision"], "outgoing": UIDS["outgoing"],
                "evidence": UIDS["evidence"], "dovecot": uid_of("dovecot"),
                "postfix": uid_of("postfix")}
    for service, uid in services.items():
        argv += ["--map", f"{uid}={service}"]
    processes.run(argv, "the directory could not be made", env=env)
    give(places.path("ldap"), UIDS["slapd"])


def give(path, uid):
    """The tree below path to a user."""
    os.chown(path, uid, uid)
    for folder, names, files in os.walk(path):
        for name in names + files:
            os.chown(os.path.join(folder, name), uid, uid, follow_symlinks=False)


def start_slapd(places):
    with open(places.path("ldap", "urls"), encoding="utf-8") as file:
        urls = file.read().strip()
    processes.start(places, "slapd", processes.as_user(UIDS["slapd"]) + [
        places.path("bin", "slapd"), "-F", places.path("ldap", "slapd.d"), "-h", urls, "-d", "0"])
    processes.wait_until(listens(places.port("ldap")), 60, "slapd does not answer", places.log("slapd"))


def set_up_dovecot(places):
    for name in ("run", "state", "libexec"):
        places.folder("dovecot", name)
    places.folder("dovecot", "libexec", "sieve")
    # Dovecot's user writes what was opened, provisiond takes it away.
    places.folder("readings", uid=UIDS["mail"], gid=UIDS["provision"], mode=0o2770)
    places.folder("mail", uid=UIDS["mail"], gid=UIDS["mail"], mode=0o700)
    more = words(places, EXTRA=PRIVATE_DOVECOT, RUN=places.path("dovecot", "run"), STATE=places.path("dovecot", "state"),
                 LOG=places.log("dovecot"), CONFIG=places.path("dovecot"),
                 MAIL=places.path("mail"), MAIL_UID=str(UIDS["mail"]),
                 LIBEXEC=places.path("dovecot", "libexec"), IMAPS_PORT=str(places.port("imaps")),
                 READINGS=places.path("readings"), PROVISION_USER="root", ARCHIVE=places.path("mail-archive"))
    places.write(fill("dovecot/dovecot.conf.in", more), "dovecot", "dovecot.conf")
    places.write(fill("dovecot/dovecot-ldap.conf.in", more), "dovecot", "dovecot-ldap.conf")
    places.write(fill("dovecot/offices.in", more), "dovecot", "libexec", "offices", mode=0o755)
    places.write(fill("dovecot/mailbox.in", more), "dovecot", "libexec", "mailbox", mode=0o755)
    places.write(fill("dovecot/reading.in", more), "dovecot", "libexec", "sieve", "reading", mode=0o755)
    places.write(fill("dovecot/reading-repair.in", more), "dovecot", "libexec", "reading-repair", mode=0o755)
    script = places.write(fill("dovecot/reading.sieve", more), "dovecot", "reading.sieve", mode=0o644)
    processes.run(["sievec", "-c", places.path("dovecot", "dovecot.conf"), script], "reading.sieve is not good")


def start_dovecot(places):
    processes.start(places, "dovecot", ["/usr/sbin/dovecot", "-F", "-c",
                                        places.path("dovecot", "dovecot.conf")])
    processes.wait_until(listens(places.port("imaps")), 60, "Dovecot does not answer",
                         places.log("dovecot"))
    # Our users are numbers without names, which Dovecot does not take.
    script = places.path("dovecot", "run", "acuse-mailboxes")
    processes.wait_until(lambda: os.path.exists(script), 60, "Dovecot has no socket for its script", places.log("dovecot"))
    os.chown(script, UIDS["provision"], -1)


PRIVATE_OPENDKIM = """
# The citizen's server has its key here instead of in the DNS.
TestPublicKeys @KEYS@
"""
PRIVATE_OPENDMARC = """
# Records in a file instead of in the DNS, and so no SPF.
TestDNSData @RECORDS@
SPFSelfValidate false
"""
VERIFIERS = ("opendkim", "opendmarc")


def set_up_authentication(places):
    """opendkim and opendmarc on port 25, opendkim at the citizen's server, and what they would find in the DNS."""
    etc, key = places.folder("authentication"), places.path("authentication", "citizen.key")
    processes.run(["openssl", "genrsa", "-out", key, "2048"], "no DKIM key")
    os.chown(key, uid_of("opendkim"), -1)
    public = processes.run(["openssl", "rsa", "-in", key, "-pubout"], "no public key")
    digits = "".join(public.split("\n")[1:-2])
    keys = places.write(f"prueba._domainkey.{CITIZEN_DOMAIN} v=DKIM1; k=rsa; p={digits}\n", etc, "keys")
    records = places.write(f"_dmarc.{CITIZEN_DOMAIN} v=DMARC1; p=reject\n", etc, "records")
    private = {"opendkim": fill_text(PRIVATE_OPENDKIM, {"KEYS": keys}),
               "opendmarc": fill_text(PRIVATE_OPENDMARC, {"RECORDS": records})}
    for name in VERIFIERS:
        milter_folder(places, "postfix", name)
        places.write(fill(f"authentication/{name}.conf.in", words(places, EXTRA=private[name])), etc, name + ".conf")
    milter_folder(places, "citizen", "opendkim")
    more = words(places, QUEUE=places.path("citizen", "spool"), CITIZEN_DOMAIN=CITIZEN_DOMAIN, DKIM_KEY=key)
    places.write(fill("gateway/citizen-opendkim.conf.in", more), etc, "citizen-opendkim.conf")


def milter_folder(places, server, name):
    """Where a milter of that user makes its socket for a Postfix, which has the group."""
    places.folder(server, "spool", name, uid=uid_of(name), gid=grp.getgrnam("postfix").gr_gid, mode=0o2750)


def start_verifier(places, name, server="postfix"):
    """opendkim and opendmarc; the citizen's opendkim is named citizen-opendkim."""
    program = name.rpartition("-")[2]
    config = places.path("authentication", name + ".conf")
    argv = [f"/usr/sbin/{program}", "-f", "-x" if program == "opendkim" else "-c", config]
    processes.start(places, name, argv)
    path = places.path(server, "spool", program, program + ".sock")
    processes.wait_until(lambda: os.path.exists(path), 60, f"{name} does not answer", places.log(name))


def set_up_postfix(places):
    """The gateway's own Postfix, with the files that a real host uses."""
    group = grp.getgrnam("postfix").gr_gid
    places.folder("postfix")
    places.folder("postfix", "spool")
    places.folder("postfix", "data", uid=uid_of("postfix"), mode=0o700)
    # Both milters make their socket here: they have the group, and nobody else gets in.
    places.folder("postfix", "spool", "acuse", uid=0, gid=group, mode=0o2770)
    etc = places.folder("postfix", "etc")
    extra = fill_text(PRIVATE_POSTFIX, {"LOG": places.log("postfix"), "ROOT": places.root})
    more = words(places, EXTRA=extra)
    for template in glob.glob(os.path.join(CONTRIB, "postfix", "*.in")):
        name = os.path.basename(template)
        places.write(fill("postfix/" + name, more), etc, name[:-len(".in")])
    shutil.copy(os.path.join(CONTRIB, "postfix", "notify.regexp"), etc)
    # Without the set-group-id bit it takes our configuration from any user.
    shutil.copyfile("/usr/sbin/postqueue", places.path("bin", "postqueue"))
    os.chmod(places.path("bin", "postqueue"), 0o755)


def set_up_citizen(places):
    """The server on the other side: takes mail for one citizen, gives the gateway what they write."""
    for name in ("spool", "data", "etc"):
        places.folder("citizen", name, uid=uid_of("postfix") if name == "data" else 0)
    places.folder("citizen", "mail", uid=UIDS["citizen"], gid=UIDS["citizen"], mode=0o700)
    more = words(places, QUEUE=places.path("citizen", "spool"), DATA=places.path("citizen", "data"),
                 EXTRA=fill_text(PRIVATE_POSTFIX,
                                 {"LOG": places.log("citizen"), "ROOT": places.root}),
                 CITIZEN=CITIZEN, CITIZEN_DOMAIN=CITIZEN_DOMAIN,
                 CITIZEN_UID=str(UIDS["citizen"]), CITIZEN_MAIL=places.path("citizen", "mail"),
                 CITIZEN_PORT=f"127.0.0.1:{places.port('citizen')}",
                 CITIZEN_TRANSPORT=f"{DOMAIN} = smtp:[127.0.0.1]:{places.port('inbound')}")
    for name in ("main.cf", "master.cf"):
        places.write(fill(f"gateway/citizen-{name}.in", more), "citizen", "etc", name)


def start_postfix(places, name):
    """`postfix start` leaves a master process that answers for itself; we remember it."""
    etc = places.path(name, "etc")
    with processes.uninterrupted():
        processes.run(["postfix", "-c", etc, "start"], f"{name}: Postfix does not start", places.log(name),
                      own_session=True)
        pid = processes.wait_until(lambda: master_pid(places, name), 60, f"{name}: Postfix has no master",
                                   places.log(name))
        processes.remember(places, name, pid)
    port = places.port("submission" if name == "postfix" else "citizen")
    processes.wait_until(listens(port), 60, f"{name}: Postfix does not answer", places.log(name))


def is_at(pid, folder):
    try:
        return os.path.realpath(f"/proc/{pid}/cwd") == os.path.realpath(folder)
    except OSError:
        return False


def master_pid(places, name):
    try:
        with open(places.path(name, "spool", "pid", "master.pid"), encoding="utf-8") as file:
            return int(file.read())
    except (OSError, ValueError):
        return 0


def stop_postfix(places, name):
    pid = master_pid(places, name)
    # Started by somebody who was killed before he could note it.
    if name not in places.state["processes"] and pid and is_at(pid, places.path(name, "spool")):
        processes.remember(places, name, pid)
    if processes.is_running(places, name):
        processes.run(["postfix", "-c", places.path(name, "etc"), "stop"],
                      f"{name}: Postfix does not stop")
    processes.stop(places, name)


def check_programs():
    for program in ("postfix", "dovecot", "slapd", "opendkim", "opendmarc", "openssl", "setpriv", "softhsm2-util",
                    "pkcs11-tool", "sievec", "curl", "ldapwhoami"):
        if shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin") is None:
            raise Failure(f"{program} is not installed")
