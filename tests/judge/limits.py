"""
Which refusals are known, by what the gateway says, and how many of them a suite may have: a number, or a share of its messages
(random trees come in any number). Fewer is better: lower the limit then. The last table is of messages that kept all they had,
but whose damaged text could not be extended, so that the block stands in a part of its own beside it.
"""
import math
import re

SUITES = ("mime/policy", "mime/signature", "clients/policy", "clients/signature", "smime/policy", "smime/signature",
          "dsn/policy", "dsn/signature", "trees/policy", "trees/signature")
KNOWN = (
    # Right answers: the policy's own, and the named limits of the parser.
    (r"\[P3\] Falta el asunto", (77, 0, 0, 0, 4, 0, 0, 0, 0, 0)),
    (r"\[P3\] El mensaje tiene mas de un asunto", (2, 0, 0, 0, 0, 0, 0, 0, 0, 0)),
    (r"\[P3\] El asunto no se puede leer", (1, 0, 0, 0, 0, 0, 3, 0, 0, 0)),
    (r"\[P1\] Los campos Resent", (5, 5, 0, 0, 0, 0, 0, 0, 0, 0)),  # of people who are not the employee
    (r"\[P1\] El campo \S+ aparece mas de una vez", (8, 3, 0, 0, 0, 0, 0, 0, 0.01, 0.01)),  # RFC 5322 3.6
    (r"\[P10\] ", (0, 0, 37, 0, 0, 0, 0, 0, 0, 0)),  # ten of them by the name of their file
    (r"\[P9\] ", (1, 1, 0, 0, 0, 0, 0, 0, 0, 0)),  # a test message with programs in it
    (r"^55[24] too many levels", (2, 2, 0, 0, 0, 0, 0, 0, 0, 0)),
    (r"\[S7\] ", (0, 0, 0, 0, 0, 0, 0, 0, 0.01, 0.01)),
    # What the gateway cannot do for certain, and so does not.
    (r"not valid in the charset it declares", (0, 0, 0, 0, 0, 0, 0, 0, 0.01, 0.01)),
    (r"not valid in its transfer encoding", (0, 0, 0, 0, 0, 0, 0, 0, 0.01, 0.01)),
    (r"inside a comment, script or the like", (0, 0, 0, 0, 0, 0, 0, 0, 0.01, 0.01)),
    (r"a part's header has 8-bit bytes or a line that is too long", (0, 0, 0, 0, 0, 0, 0, 0, 0, 0.01)),
    (r"an attached message has 8-bit bytes that cannot be encoded", (0, 0, 0, 0, 0, 0, 0, 1, 0, 0)),  # RFC 3464 2.1
    (r"cannot be signed: it has", (0, 0, 0, 0, 0, 0, 0, 0, 0, 0.01)),
)
# Messages that the gateway is known to harm: said in every run, counted as skipped; mended, they have to go from here.
KNOWN_FAULTS = {}
BESIDE = "block beside a damaged text"
BESIDE_LIMITS = (8, 8, 0, 0, 0, 0, 0, 0, 0.02, 0.02)


def allowed(limits, suite, sent):
    limit = limits[SUITES.index(suite)]
    return math.ceil(limit * sent) if isinstance(limit, float) else limit


def over(suite, sent, refused, kinds):
    """Reasons that are unknown, or known and too many."""
    found, rest = [], dict(refused)
    for pattern, limits in KNOWN:
        names = [name for name in rest if re.search(pattern, name)]
        count, limit = sum(rest.pop(name) for name in names), allowed(limits, suite, sent)
        if count > limit:
            found.append(f"{count} of at most {limit}: {pattern}")
    limit = allowed(BESIDE_LIMITS, suite, sent)
    if kinds[BESIDE] > limit:
        found.append(f"{kinds[BESIDE]} of at most {limit}: {BESIDE}")
    return found + [f"{count} unknown: {name}" for name, count in rest.items()]
