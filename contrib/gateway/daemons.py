"""Acuse itself: building it, its settings, its daemons in the private gateway."""
import glob
import grp
import os
import shutil
import signal
import socket

import processes
import sources
from keys import MODULE, token_env
from places import (BASE, DOMAIN, HOST, INSTITUTION, SEAL_TOKEN, UIDS, Failure)

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))
PROGRAMS = ("acuse-milter", "acuse-look", "acuse-signer", "acuse-provisiond", "acusectl")
# Who shares a key, or may reach a socket: numbers again.
GROUPS = {"permit": 61190, "token": 61191, "signer": 61192}
DAEMONS = ("signer", "provision", "outgoing", "evidence")


def build(places):
    """Configures and makes in a folder of its own; ACUSE_BUILD names one that is finished."""
    given = os.environ.get("ACUSE_BUILD")
    if given:
        return os.path.abspath(given)
    folder, log = places.folder("build"), places.log("build")
    source = places.path("source")
    # A copy, so that the source tree stays as it is.
    sources.copy(SOURCE, source)
    with open(log, "ab") as file:
        for argv, where in ((["autoreconf", "-i"], source), ([source + "/configure", "--quiet"], folder),
                            (["make", "-s", "-j2"], folder)):
            done = processes.subprocess.run(argv, cwd=where, stdout=file, stderr=file, check=False)
            if done.returncode != 0:
                raise Failure(f"{' '.join(argv)} failed\n{processes.tail(log, 25)}")
    return folder


def install(places, build_folder):
    """The programs, where every user of the gateway can run them."""
    places.folder("bin")
    for name in PROGRAMS:
        path = os.path.join(build_folder, name)
        if not os.access(path, os.X_OK):
            raise Failure(f"{path} was not built")
        shutil.copy(path, places.path("bin", name))
        os.chmod(places.path("bin", name), 0o755)
    shutil.copy(os.path.join(build_folder, "contrib", "slapd", "acuse-password.so"), places.path("bin"))


def set_up(places):
    postfix = grp.getgrnam("postfix").gr_gid
    places.folder("acuse")
    for name in ("permit", "token"):
        places.write(os.urandom(32), "acuse", name + ".key", gid=GROUPS[name], mode=0o640)
    shutil.copyfile(places.path("ca", "server.key"), places.path("acuse", "https.key"))
    os.chown(places.path("acuse", "https.key"), UIDS["provision"], UIDS["provision"])
    os.chmod(places.path("acuse", "https.key"), 0o600)
    # The signer's sockets are for the group of their folder; the API's is for all, who get what their role may.
    places.folder("run", "signer", uid=UIDS["signer"], gid=GROUPS["signer"], mode=0o2750)
    places.folder("run", "provision", uid=UIDS["provision"], gid=UIDS["provision"])
    for name in ("provision", "signer"):
        places.folder("state", name, uid=UIDS[name], gid=UIDS[name], mode=0o700)
    places.folder("credentials", uid=UIDS["signer"], gid=UIDS["signer"], mode=0o700)
    places.write(places.state["pins"][SEAL_TOKEN], "credentials", "pin." + SEAL_TOKEN, uid=UIDS["signer"],
                 mode=0o400)
    places.write(settings(places), "acuse", "acuse.conf")
    with open(os.path.join(SOURCE, "contrib", "calendar", "peru.conf"), encoding="utf-8") as file:
        places.write(file.read(), "acuse", "calendar.conf")
    groups = {
        "outgoing": (postfix, GROUPS["token"], GROUPS["signer"]),
        "evidence": (postfix, GROUPS["token"]),
        "signer": (GROUPS["permit"], GROUPS["signer"]),
        "provision": (GROUPS["permit"], GROUPS["signer"], grp.getgrnam("postdrop").gr_gid),
    }
    places.state["groups"] = groups
    places.save()


def settings(places):
    run, state = places.path("run"), places.path("state")
    return f"""[institution]
name={INSTITUTION}
domain={DOMAIN}
phone=(01) 555-0100
[milter]
outgoing_socket={places.milter}
evidence_socket={places.path("postfix", "spool", "acuse", "evidence.sock")}
token_key={places.path("acuse", "token.key")}
[policy]
limit_account_messages=100000
limit_account_recipients=100000
limit_office_messages=100000
limit_office_recipients=100000
limit_gateway_messages=1000000
limit_gateway_recipients=1000000
[signing]
module={MODULE}
seal_token={SEAL_TOKEN}
permit_key={places.path("acuse", "permit.key")}
sign_socket={run}/signer/sign.sock
control_socket={run}/signer/control.sock
unlock_socket={run}/signer/unlock.sock
state_folder={state}/signer
remote_unlock=on
[requests]
head_trust={places.ca}
[directory]
uri={places.ldapi_uri}
base={BASE}
[api]
socket={places.api}
https_listen=127.0.0.1:{places.port("https")}
tls_certificate={places.path("ca", "server.pem")}
tls_key={places.path("acuse", "https.key")}
outgoing_user={UIDS["outgoing"]}
evidence_user={UIDS["evidence"]}
provision_user={UIDS["provision"]}
otic_users=0
hr_users=0
tramite_users=0
auditor_users=0
[ledger]
folder={state}/provision/ledger
store={state}/provision/store
floor_mib=64
[incoming]
mailboxes=consultas@{DOMAIN}
[notices]
smtp=127.0.0.1:{places.port("notices")}
[calendar]
path={places.path("acuse", "calendar.conf")}
[mailboxes]
socket={places.path("dovecot", "run", "acuse-mailboxes")}
[proof]
authserv_id={HOST}
postfix_config={places.path("postfix", "etc")}
reading_folder={places.path("readings")}
reconcile_interval_s=2
release_timeout_s=20
"""


def argv_of(places, name):
    config = ["-c", places.path("acuse", "acuse.conf")]
    program = places.path("bin", {"signer": "acuse-signer", "provision": "acuse-provisiond"}
                          .get(name, "acuse-milter"))
    return [program] + config + ([name] if name in ("outgoing", "evidence") else [])


def socket_of(places, name):
    return {"signer": places.path("run", "signer", "sign.sock"), "provision": places.api,
            "outgoing": places.milter,
            "evidence": places.path("postfix", "spool", "acuse", "evidence.sock")}[name]


def answers(path):
    """Whether someone listens on a Unix socket of either kind."""
    for kind in (socket.SOCK_STREAM, socket.SOCK_SEQPACKET):
        with socket.socket(socket.AF_UNIX, kind) as one:
            one.settimeout(1)
            try:
                one.connect(path)
                return True
            except OSError:
                continue
    return False


def start(places, name):
    env = token_env(places) if name == "signer" else dict(os.environ)
    env["PATH"] = places.path("bin") + ":/usr/sbin:/usr/bin:/sbin:/bin"
    env["CREDENTIALS_DIRECTORY"] = places.path("credentials")
    if name != "signer":
        env.pop("CREDENTIALS_DIRECTORY")
    else:
        # The leak checker looks into its own process by ptrace, which the signer forbids: its unit tests look for leaks.
        # Its workers end by _exit, where no leak check is made, so their filter of system calls stays as it is.
        env["ASAN_OPTIONS"] = env.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
    groups = places.state["groups"][name]
    postfix = grp.getgrnam("postfix").gr_gid
    # The milters' own group is Postfix's, so that Postfix may use their sockets.
    gid = postfix if name in ("outgoing", "evidence") else UIDS[name]
    child = processes.start(places, name, processes.as_user(UIDS[name], gid, groups)
                            + argv_of(places, name), env=env)

    def ready():
        if child.poll() is not None:
            raise Failure(f"acuse {name} ended with {child.returncode}\n"
                          + processes.tail(places.log(name)))
        return answers(socket_of(places, name))
    processes.wait_until(ready, 60, f"acuse {name} does not answer", places.log(name))


def kill(places, name):
    """kill -9, and waits until the kernel has taken it away."""
    processes.send_signal(places, name, signal.SIGKILL)

    def gone():
        processes.reap(places, name)
        return not processes.is_running(places, name)
    processes.wait_until(gone, 60, f"{name} does not end")


def rotten(places):
    """Daemons that ended by themselves."""
    return [name for name in DAEMONS
            if name in places.state["processes"] and not processes.is_running(places, name)]


def crashes(places):
    """Words of a crash in the daemons' logs."""
    marks = ("ERROR: AddressSanitizer", "runtime error:", "Segmentation fault", "double free")
    found = []
    for path in glob.glob(places.path("log", "*.log")):
        with open(path, encoding="utf-8", errors="replace") as file:
            found += [f"{os.path.basename(path)}: {line.strip()}" for line in file
                      if any(mark in line for mark in marks)]
    return found
