"""Memory, descriptors and PKCS#11 sessions of acuse-signer over 20,000 signatures of two tokens: constant, or it fails."""
import os
import time

from bench_sign import CONNECTIONS, TOKENS, load, signer
from gateway import BUILD, Failure, processes_of
from table import show

SIGNATURES = int(os.environ.get("BENCH_SIGNATURES", "20000"))
# Used permits are remembered until they expire, and are swept every 10 s: by then that table has its size.
WARM_UP_S = 25
# What a process may grow by: 50 bytes a signature, kept, would be more.
MAX_GROWTH_KIB = 1024
SHIM = os.path.join(BUILD, "tests", "fault", "pkcs11-shim.so")


def sessions_of(folder):
    """{pid: (sessions open, sessions ever opened)}, as the shim counted the calls."""
    found = {}
    with open(f"{folder}/shim/control.calls", encoding="utf-8") as file:
        for line in file:
            name, pid = line.split()
            opened, ever = found.get(int(pid), (0, 0))
            change = {"C_OpenSession": 1, "C_CloseSession": -1}.get(name, 0)
            found[int(pid)] = opened + change, ever + (change > 0)
    return found


def look(folder, pids):
    """{pid: (KiB resident, descriptors, sessions open, sessions ever opened)}"""
    sessions, found = sessions_of(folder), {}
    for pid in pids:
        with open(f"/proc/{pid}/status", encoding="utf-8") as file:
            kib = next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))
        found[pid] = (kib, len(os.listdir(f"/proc/{pid}/fd")), *sessions.get(pid, (0, 0)))
    return found


def signatures(folder, count):
    """At least so many, by both tokens at once; how many it were."""
    made = 0
    while made < count:
        made += load(folder, 1, CONNECTIONS, *TOKENS.values())["signatures"]
    return int(made)


def name_of(pid, pids):
    place = pids.index(pid)
    return "parent" if place == 0 else f"keeper of the PIN {place}" if place <= len(TOKENS) else f"worker {place - len(TOKENS)}"


def main():
    with signer(SHIM, "minimal") as (folder, _environment, parent):
        pids = processes_of(parent)
        begun = time.monotonic()
        while time.monotonic() < begun + WARM_UP_S:
            signatures(folder, 1)
        before = look(folder, pids)
        made = signatures(folder, SIGNATURES)
        if processes_of(parent) != pids:
            raise Failure("a process of the signer ended, or was started anew")
        after = look(folder, pids)
    show(f"constant: acuse-signer before and after {made:,} signatures of {len(TOKENS)} tokens, SoftHSM RSA-2048",
         ["process", "KiB before", "after", "descriptors before", "after", "sessions before", "after", "opened meanwhile"],
         [[name_of(pid, pids), *(str(figure) for i in range(3) for figure in (before[pid][i], after[pid][i])),
           str(after[pid][3] - before[pid][3])] for pid in pids],
         f"Constant means: at most {MAX_GROWTH_KIB} KiB more in a process (the table of used permits breathes), and no descriptor and no "
         "session.")
    bad = [name_of(pid, pids) for pid in pids
           if after[pid][0] > before[pid][0] + MAX_GROWTH_KIB or after[pid][1:] != before[pid][1:]]
    if bad:
        raise Failure("not constant: " + ", ".join(bad))


if __name__ == "__main__":
    main()
