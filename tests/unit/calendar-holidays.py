#!/usr/bin/python3 -B
"""The shipped calendar against another source of Peru's holidays, year by year: python3-holidays of Debian 12, which is of
March 2021 and so lacks what laws added since. Each difference is in a table here, and is there: no more, no fewer.

    tests/unit/calendar-holidays.py     in the build folder
Ends with "N passed, N failed, N skipped".
"""
import datetime
import json
import os
import subprocess
import sys

import holidays

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CALENDAR = os.path.join(TOP, "contrib", "calendar", "peru.conf")
YEARS = range(2022, 2028)

# Day, its first year: ours alone.
NEWER_LAWS = (((8, 6), 2022), ((12, 9), 2022), ((7, 23), 2023), ((6, 7), 2024))


def shipped(year):
    done = subprocess.run([os.path.join(os.getcwd(), "acusectl"), "--json", "calendar", "check", str(year), "--file", CALENDAR],
                          capture_output=True, text=True, check=True)
    answer = json.loads(done.stdout)
    days = {datetime.date.fromisoformat(day["date"]) for day in answer["days"] if day["kind"] == "holiday"}
    if len(days) != sum(day["kind"] == "holiday" for day in answer["days"]):
        raise ValueError(f"{year}: a day stands twice")
    decreed = any(day["kind"] == "decreed" for day in answer["days"])
    if decreed != answer["decreed_known"]:
        raise ValueError(f"{year}: decreed_known is not what the days say")
    return days


def theirs(year):
    """Without Holy Saturday and Easter Sunday, which it has and the law has not; they are no business days all the same."""
    return {day for day, name in holidays.CountryHoliday("PE", years=year).items()
            if "Gloria" not in name and "Resurrección" not in name}


def differences(year):
    ours, other = shipped(year), theirs(year)
    known = {datetime.date(year, *day) for day, first in NEWER_LAWS if year >= first}
    wrong = [f"only there: {day}" for day in sorted(other - ours)]
    wrong += [f"only here: {day}" for day in sorted(ours - other - known)]
    wrong += [f"no difference any more: {day}" for day in sorted(known - (ours - other))]
    return wrong


def main():
    passed = failed = 0
    for year in YEARS:
        wrong = differences(year)
        passed, failed = passed + (not wrong), failed + bool(wrong)
        if wrong:
            print(f"FAILED: {year}", *wrong, sep="\n  ")
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
