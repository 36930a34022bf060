"""quickstart: sets a private gateway up, shows one notification from FORM-01 to its proof, removes it."""
import argparse
import os
import shutil
import signal
import sys
import tempfile
import time

import daemons
import demo
import keys
import processes
import servers
from processes import SIGNALS
from places import CITIZEN, EXPEDIENTE, OFFICE_ADDRESS, Failure, Places

OURS = "state.json"


def say(text):
    print(text, flush=True)


def set_up(places):
    """Every server and every daemon, running; nobody has an account yet."""
    os.chmod(places.root, 0o755)
    places.folder("state")
    places.folder("work")
    # Daemons of several users make their sockets and logs here.
    places.folder("run", mode=0o1777)
    places.folder("log", mode=0o1777)
    places.save()
    servers.check_programs()
    begun = time.monotonic()
    build_folder = daemons.build(places)
    say(f"Built Acuse ({time.monotonic() - begun:.0f} s)")
    daemons.install(places, build_folder)
    keys.set_up_ca(places)
    keys.set_up_tokens(places)
    say("Made a test CA and two SoftHSM tokens: the office's key and the seal")
    start_servers(places)
    daemons.set_up(places)
    for name in daemons.DAEMONS:
        daemons.start(places, name)
    say("Started acuse-signer, acuse-provisiond, acuse-milter outgoing and evidence")


def start_servers(places):
    servers.set_up_slapd(places)
    servers.start_slapd(places)
    servers.set_up_dovecot(places)
    servers.set_up_postfix(places)
    # Dovecot's sockets stand in Postfix's queue folder, which Postfix lays out.
    servers.start_postfix(places, "postfix")
    servers.start_dovecot(places)
    servers.set_up_citizen(places)
    servers.start_postfix(places, "citizen")
    servers.set_up_authentication(places)
    for name in servers.VERIFIERS:
        servers.start_verifier(places, name)
    servers.start_verifier(places, "citizen-opendkim", "citizen")
    say("Started slapd, Dovecot, Postfix with opendkim and opendmarc, and the citizen's Postfix on loopback ports")


def tear_down(places):
    """Ends what we started, the last first; goes on when one of them resists."""
    for name in reversed(daemons.DAEMONS):
        processes.stop(places, name)
    for name in ("citizen", "postfix"):
        try:
            servers.stop_postfix(places, name)
        except Failure as failure:
            print(failure, file=sys.stderr)
    for name in ("dovecot", "slapd", "citizen-opendkim", *servers.VERIFIERS):
        processes.stop(places, name)
    for name in list(places.state["processes"]):
        processes.stop(places, name)


def write_env(places, person):
    lines = {
        "ACUSE_SUBMISSION": f"127.0.0.1:{places.port('submission')}",
        "ACUSE_INBOUND": f"127.0.0.1:{places.port('inbound')}",
        "ACUSE_MILTER": places.milter, "ACUSE_API": places.api,
        "ACUSE_HTTPS": f"https://127.0.0.1:{places.port('https')}/",
        "ACUSE_LDAP": places.ldapi_uri, "ACUSE_CA": places.ca, "ACUSE_USER": person.uid,
        "ACUSE_PASSWORD": person.password, "ACUSE_ADDRESS": OFFICE_ADDRESS,
        "ACUSE_EXPEDIENTE": EXPEDIENTE, "ACUSE_CITIZEN": CITIZEN,
        "ACUSE_CITIZEN_MAIL": places.citizen_mail,
    }
    places.write("".join(f"{key}='{value}'\n" for key, value in lines.items()), "env", mode=0o600)


def keep(folder):
    # First, since it may refuse the folder's name.
    places = Places.new(folder)
    made = not os.path.isdir(folder)
    check_parents(places.root)
    try:
        os.makedirs(folder, exist_ok=True)
        if os.listdir(folder):
            raise Failure(f"{folder} is not empty")
        # Only one of two that start at once gets past this.
        with open(os.path.join(folder, OURS), "x", encoding="utf-8"):
            pass
    except OSError as error:
        raise Failure(f"{folder} cannot be used: {error.strerror}") from error
    try:
        set_up(places)
        person = demo.prepare(places, say)
        write_env(places, person)
        places.save()
    except BaseException:
        let_finish()
        keep_logs(places)
        tear_down(places)
        shutil.rmtree(folder) if made else empty(folder)
        raise
    say(f"""
The gateway runs under {places.root}. To connect a mail client:
  outgoing  127.0.0.1 port {places.port('submission')}, STARTTLS, user {person.uid}, password {person.password}
  incoming  127.0.0.1 port {places.port('imaps')} (IMAP), TLS, the same user and password
  trust     {places.ca}
  send as   {OFFICE_ADDRESS} to {CITIZEN}, subject like "CARTA 124-2026-SG/MUNI. Exp. {EXPEDIENTE}"
For scripts: {places.path('env')}
For acusectl: ACUSE_API={places.api} {places.path('bin', 'acusectl')} send list
To stop and remove it: contrib/quickstart --stop {places.root}""")


def check_parents(folder):
    """The servers run as users of their own and have to get there."""
    while folder != "/":
        folder = os.path.dirname(folder)
        if os.path.isdir(folder) and not os.stat(folder).st_mode & 0o001:
            raise Failure(f"{folder} is closed to other users, as which the servers run: choose a folder elsewhere, "
                          "like /tmp/acuse")


def empty(folder):
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)


def keep_logs(places):
    """After a failure: where ACUSE_LOGS says, a copy of the logs stays."""
    wanted = os.environ.get("ACUSE_LOGS")
    if wanted and os.path.isdir(places.path("log")):
        shutil.copytree(places.path("log"), wanted, dirs_exist_ok=True)


def stop(folder):
    if not os.path.isfile(os.path.join(folder, OURS)):
        raise Failure(f"{folder} does not hold a private gateway")
    places = Places.load(folder)
    let_finish()
    tear_down(places)
    shutil.rmtree(places.root)
    say(f"Stopped, and removed {places.root}")


def show():
    folder = tempfile.mkdtemp(prefix="acuse-", dir="/tmp")
    places = Places.new(folder)
    begun = time.monotonic()
    try:
        set_up(places)
        demo.show(places, demo.prepare(places, say), say)
        bad = daemons.rotten(places) + daemons.crashes(places)
        if bad:
            raise Failure("at the end, not well: " + ", ".join(bad))
    except BaseException:
        keep_logs(places)
        raise
    finally:
        let_finish()
        tear_down(places)
        shutil.rmtree(folder)
    say(f"Done in {time.monotonic() - begun:.0f} s; nothing was left running.")


def let_finish():
    """From here on a second Ctrl-C would leave something running."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def main():
    parser = argparse.ArgumentParser(prog="quickstart", description=__doc__)
    one = parser.add_mutually_exclusive_group()
    one.add_argument("--keep", metavar="DIR", help="leave it running under DIR; DIR/env says where")
    one.add_argument("--stop", metavar="DIR", help="stop and remove the one under DIR")
    given = parser.parse_args()
    for number in SIGNALS:
        signal.signal(number, processes.interrupted)
    os.umask(0o022)
    try:
        if given.stop is not None:
            stop(given.stop)
        elif given.keep is not None:
            keep(given.keep)
        else:
            show()
    except Failure as failure:
        print(f"quickstart: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
