"""The suites: collected messages, random trees, live sends. Each case is a folder or a kind in one mode."""
import collections
import os
import re

import bounds
import files
import harms
import limits
import live
import protected
import spoilt
import subjects
import trees
from station import MODES, TOP, Score

BATCH = 500
FOLDERS = ("mime", "clients", "smime", "dsn")


class Counts:
    """Cases, as contrib/run-tests adds them up."""

    def __init__(self):
        self.good = self.bad = self.left = 0

    def passed(self, what):
        self.good += 1
        print(f"ok      {what}", flush=True)

    def failed(self, what):
        self.bad += 1
        print(f"FAILED  {what}", flush=True)

    def skipped(self, what):
        self.left += 1
        print(f"skipped {what}", flush=True)

    def score(self, score):
        for name in score.known:
            self.skipped(f"{name}: known fault: {limits.KNOWN_FAULTS[name]}")
        if score.wrong:
            self.failed(f"{score.name}: {score.wrong} harmed or unsigned; {score.line()}")
        else:
            self.passed(f"{score.name}: {score.line()}")


def report(counts, suite, scores):
    """Refusals by reason against their limits, and what Python's parser did not read as well-formed."""
    refused, odd = sum((score.refused for score in scores), collections.Counter()), sum(
        (score.odd for score in scores), collections.Counter())
    if odd:
        print(f"  judged by their bytes: {sum(odd.values())}, for what Python says of the original:")
        for reason, count in odd.most_common():
            print(f"    {count} {reason}")
    print(f"  refused: {sum(refused.values())} of {sum(score.sent for score in scores)}")
    for reason, count in refused.most_common():
        print(f"    {count} {reason}")
    kinds = sum((score.kinds for score in scores), collections.Counter())
    over = limits.over(suite, sum(score.sent for score in scores), refused, kinds)
    if over:
        counts.failed(f"{suite}: refused more than allowed: {'; '.join(over)}")
    else:
        counts.passed(f"{suite}: every refusal is a known one, within its limit")


def corpora():
    return os.environ.get("ACUSE_CORPORA") or os.path.join(os.path.dirname(TOP), "shared", "corpora")


def files_below(folder):
    for path, names, files in os.walk(folder):
        names.sort()
        for name in sorted(files):
            if name.endswith(".eml") or re.search(r"\.(message|txt|env)$", name) and "LICENCE" not in name:
                yield os.path.join(path, name)


def collected(post, counts, _folder):
    top = corpora()
    if not os.path.isdir(top):
        counts.skipped(f"collected messages: {top} is not there")
        return
    for folder in FOLDERS:
        for mode in MODES:
            scores, jobs = collections.OrderedDict(), []
            for path in files_below(os.path.join(top, folder)):
                name = os.path.relpath(os.path.dirname(path), top)
                score = scores.setdefault(name, Score(f"{name} ({mode})"))
                with open(path, "rb") as file:
                    jobs.append((score, mode, os.path.relpath(path, top), file.read()))
            post.run_all(jobs)
            for score in scores.values():
                counts.score(score)
            report(counts, f"{folder}/{mode}", list(scores.values()))


def random_trees(post, counts, _folder):
    seed, count = os.environ.get("ACUSE_JUDGE_SEED", "acuse"), int(os.environ.get("ACUSE_JUDGE_TREES", "300"))
    scores = {mode: Score(f"{count} random trees ({mode})") for mode in MODES}
    for mode in MODES:
        for start in range(0, count, BATCH):
            post.run_all([(scores[mode], mode, f"tree-{seed}-{number}", trees.make(seed, number))
                          for number in range(start, min(start + BATCH, count))])
    for mode in MODES:
        counts.score(scores[mode])
        report(counts, f"trees/{mode}", [scores[mode]])


SUITES = {"judge": harms.run, "collected": collected, "trees": random_trees, "files": files.run, "protected": protected.run,
          "bounds": bounds.run, "subjects": subjects.run, "spoilt": spoilt.run, "live": live.run}
