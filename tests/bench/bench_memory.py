"""Resident memory and open descriptors of each daemon before and after many mails."""
import os

from gateway import daemons, load, processes_of, running
from places import CITIZEN, EXPEDIENTE, OFFICE_ADDRESS
from table import ratio, show

MAILS = int(os.environ.get("BENCH_MAILS", "10000"))
SIGNED = MAILS // 20
WARM_UP = 200


def look(places):
    found = {}
    for name in daemons.DAEMONS:
        kib = descriptors = 0
        for pid in processes_of(places.state["processes"][name][0]):
            with open(f"/proc/{pid}/status", encoding="utf-8") as file:
                kib += next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))
            descriptors += len(os.listdir(f"/proc/{pid}/fd"))
        found[name] = kib / 1024, descriptors
    return found


def main():
    with running() as places:
        plain = ["-s", places.milter, "-l", "rmoralesa", "-r", CITIZEN, "-c", 8]
        signed = plain + ["-f", OFFICE_ADDRESS, "-j", f"CARTA 300-2026-SG/MUNI. Exp. {EXPEDIENTE}"]
        load(*plain, "-n", WARM_UP)
        load(*signed, "-n", WARM_UP // 10)
        before = look(places)
        load(*plain, "-n", MAILS - SIGNED)
        load(*signed, "-n", SIGNED)
        after = look(places)
    show(f"memory: after {WARM_UP} mails and after {MAILS:,} more, {SIGNED:,} of them signed",
         ["daemon", "MiB before", "MiB after", "ratio", "descriptors before", "after"],
         [[name, f"{before[name][0]:.1f}", f"{after[name][0]:.1f}", ratio(after[name][0], before[name][0]),
           str(before[name][1]), str(after[name][1])] for name in daemons.DAEMONS])


if __name__ == "__main__":
    main()
