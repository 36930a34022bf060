"""Figures in a table: medians of interleaved rounds."""
import os
import statistics

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "1"))


def rounds(cases, count=None):
    """{name: [figure, ...]}: every case once, then every case again, so that a slow minute of the machine hits all alike."""
    found = {name: [] for name in cases}
    for _ in range(count or ROUNDS):
        for name, measure in cases.items():
            found[name].append(measure())
    return found


def median(figures):
    return statistics.median(figures)


def ratio(figure, peer):
    return f"{figure / peer:.2f}" if peer else "-"


def number(figure):
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.1f}" if figure >= 1 else f"{figure:.3f}"


def show(title, head, rows, note=""):
    rows = [head] + [[one if isinstance(one, str) else number(one) for one in row] for row in rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    print(f"\n{title}")
    for index, row in enumerate(rows):
        print("  " + "  ".join(one.ljust(width) if i == 0 else one.rjust(width)
                               for i, (one, width) in enumerate(zip(row, widths))).rstrip())
        if index == 0:
            print("  " + "  ".join("-" * width for width in widths))
    if note:
        print("  " + note)
    print(flush=True)
