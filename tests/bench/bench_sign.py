"""acuse-signer over SoftHSM RSA-2048 keys, with one worker and with two, against bare C_Sign on the same module."""
import concurrent.futures
import contextlib
import os
import shutil
import subprocess
import tempfile
import time

from gateway import BUILD, Failure, child, processes_of, processor_s, program
from table import SECONDS, median, number, ratio, rounds, show

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
PIN = "246810"
TOKENS = {"uno": "uno@muni.test", "dos": "dos@muni.test"}
CONNECTIONS = 8
NAMES = {"bare": "bare C_SignInit and C_Sign, one thread", "bare two": "the limit: two such processes, a token each", "one": "acuse-signer, one worker: CAdES of 4 KiB",
         "two": "acuse-signer, two workers"}
CONF = """[institution]
name=Muni
domain=muni.test
[api]
outgoing_user=0
provision_user=0
[signing]
module={module}
seccomp={seccomp}
permit_key={folder}/permit.key
sign_socket={folder}/sign
control_socket={folder}/bind
unlock_socket={folder}/unlock
state_folder={folder}/state
"""


def run(*argv, **more):
    done = subprocess.run(list(map(str, argv)), capture_output=True, text=True, check=False, **more)
    if done.returncode != 0:
        raise Failure(f"{' '.join(map(str, argv))}: {done.stdout}{done.stderr}")
    return done.stdout


def write(path, text, mode=0o600):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as file:
        file.write(text)


def make_token(folder, environment, label, mailbox):
    key, certificate = f"{folder}/{label}.key", f"{folder}/{label}.der"
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-outform", "DER",
        "-days", "2", "-subj", f"/CN={label}", "-addext", f"subjectAltName=email:{mailbox}")
    run("softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin", PIN, "--pin", PIN, env=environment)
    run("softhsm2-util", "--import", key, "--token", label, "--label", label, "--id", "01", "--pin", PIN, env=environment)
    run("pkcs11-tool", "--module", MODULE, "--token-label", label, "--login", "--pin", PIN, "--type", "cert", "--id", "01",
        "--label", label, "--write-object", certificate, env=environment)
    write(f"{folder}/credentials/pin.{label}", PIN)


@contextlib.contextmanager
def signer(module=MODULE, seccomp="files"):
    """
    (folder, environment, pid) of a private signer whose two tokens are unlocked; tests/fault/pkcs11-shim.so reads FOLDER/shim/control, and
    writes beside it, which seccomp has to allow.
    """
    folder = tempfile.mkdtemp(prefix="acuse-bench-", dir="/tmp")
    try:
        for name in ("tokens", "state", "credentials", "shim"):
            os.mkdir(f"{folder}/{name}", 0o700)
        write(f"{folder}/softhsm2.conf", f"directories.tokendir = {folder}/tokens\nlog.level = ERROR\n")
        write(f"{folder}/permit.key", os.urandom(16).hex())
        write(f"{folder}/acuse.conf", CONF.format(folder=folder, module=module, seccomp=seccomp))
        environment = dict(os.environ, SOFTHSM2_CONF=f"{folder}/softhsm2.conf", CREDENTIALS_DIRECTORY=f"{folder}/credentials",
                           PKCS11_SHIM_CONTROL=f"{folder}/shim/control")
        for label, mailbox in TOKENS.items():
            make_token(folder, environment, label, mailbox)
        argv = ["env", *(f"{name}={environment[name]}" for name in ("SOFTHSM2_CONF", "CREDENTIALS_DIRECTORY", "PKCS11_SHIM_CONTROL")),
                os.path.join(BUILD, "acuse-signer"), "-c", f"{folder}/acuse.conf"]
        with child(argv, f"{folder}/log", lambda: os.path.exists(f"{folder}/bind")) as process:
            run(program("sign-load"), "bind", f"{folder}/bind", *(f"{label}={mail}" for label, mail in TOKENS.items()))
            for mailbox in TOKENS.values():
                wait_for_signature(folder, mailbox)
            yield folder, environment, process.pid
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def wait_for_signature(folder, mailbox):
    last = time.monotonic() + 20
    while True:
        try:
            return load(folder, 0.01, 1, mailbox)
        except Failure:
            if time.monotonic() > last:
                raise
            time.sleep(0.1)


def load(folder, seconds, connections, *mailboxes):
    return fields(run(program("sign-load"), "load", f"{folder}/sign", f"{folder}/permit.key", seconds, connections, *mailboxes))


def fields(text):
    words = text.split()
    return {name: float(value) for name, value in zip(words[::2], words[1::2])}


def bare(environment, pin, *labels):
    """C_Sign and nothing else, a process for each token, at the same time."""
    def one(label):
        return fields(run(program("sign-load"), "bare", MODULE, label, pin, SECONDS, env=environment))
    with concurrent.futures.ThreadPoolExecutor(len(labels)) as pool:
        found = list(pool.map(one, labels))
    return {"rate": sum(each["rate"] for each in found), "processor_ms": max(each["processor_ms"] for each in found)}


def measure(pid, *words):
    """A load; processor_ms is that of the signer's processes: its parent, and its workers."""
    workers = [one for one in processes_of(pid) if one != pid]
    before = processor_s([pid]), processor_s(workers)
    found = load(*words)
    each = 1000 / found["signatures"]
    return dict(found, client_ms=found["processor_ms"], parent_ms=each * (processor_s([pid]) - before[0]), processor_ms=each * (processor_s(workers) - before[1]))


def main():
    first, *others = TOKENS.values()
    with signer() as (folder, environment, pid):
        found = rounds({
            "bare": lambda: bare(environment, PIN, next(iter(TOKENS))),
            "bare two": lambda: bare(environment, PIN, *TOKENS),
            "one": lambda: measure(pid, folder, SECONDS, CONNECTIONS, first),
            "two": lambda: measure(pid, folder, SECONDS, CONNECTIONS, first, *others),
        })
    middle = {name: {key: median([one.get(key, 0) for one in figures]) for key in ("rate", "processor_ms", "parent_ms", "client_ms")}
              for name, figures in found.items()}
    rows = []
    for name, words in NAMES.items():
        one, ours = middle[name], not name.startswith("bare")
        rows.append([words, one["rate"], ratio(one["rate"], middle["bare"]["rate"]),
                     ratio(one["rate"], middle["one"]["rate"]) if ours else ratio(one["rate"], middle["bare"]["rate"]),
                     one["processor_ms"], ratio(middle["bare"]["processor_ms"], one["processor_ms"]),
                     number(one["parent_ms"]) if ours else "", number(one["client_ms"]) if ours else ""])
    all_ms = sum(middle["two"][key] for key in ("processor_ms", "parent_ms", "client_ms"))
    show("sign: signatures a second, SoftHSM RSA-2048",
         ["what", "a second", "to bare", "two to one", "processor ms", "bare's part", "parent ms", "client ms"], rows,
         f"{CONNECTIONS} clients a worker; {os.cpu_count()} processors; load average {number(os.getloadavg()[0])}. Wanted: one worker 0.90 of\n"
         "  bare, two on two free processors 1.70 of one. processor ms: of bare's process, of the workers, for one signature; bare's\n"
         "  part: how much of it C_Sign would take alone; it does not depend on what else the machine does. Two workers, their\n"
         f"  parent and the clients that load them share the processors: at {number(all_ms)} ms a signature in all, {os.cpu_count()} processors make\n"
         f"  {number(1000 * os.cpu_count() / all_ms)} a second at most.")


if __name__ == "__main__":
    main()
