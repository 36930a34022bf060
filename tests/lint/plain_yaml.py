"""A strict reader of the plain part of YAML that provision/openapi.yaml uses: blocks of `key: value` and `- value` by
indentation, values in one line: [..] and {..}, "JSON strings", numbers, true, false, null, plain words. Everything else is a
ValueError with its line.
"""
import json
import re

KEY = re.compile(r'^("(?:[^"\\]|\\.)*"|[^\s"\[\]{},:#&*!|>%@-][^\s:,\[\]{}]*):(?: +(\S.*))?$')
PLAIN_END = re.compile(r"[,\[\]{}]|: ")
INDICATORS = "&*!|>%@`'?-#"


def fail(line, why):
    raise ValueError(f"line {line}: {why}")


def scalar(text, line):
    """A plain word, or what JSON makes of it."""
    if text.startswith('"'):
        return json.loads(text)
    if text in ("true", "false", "null") or re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text):
        return json.loads(text)
    if not text or text[0] in INDICATORS or ": " in text or " #" in text or text.endswith(":"):
        fail(line, f"not plain: {text}")
    return text


class Flow:
    """One value in one line, [..] and {..} included."""

    def __init__(self, text, line):
        self.text, self.at, self.line = text, 0, line

    def blanks(self):
        while self.text[self.at:self.at + 1] == " ":
            self.at += 1

    def take(self, character):
        self.blanks()
        if self.text[self.at:self.at + 1] != character:
            return False
        self.at += 1
        return True

    def word(self):
        self.blanks()
        rest = self.text[self.at:]
        if rest.startswith('"'):
            value, used = json.JSONDecoder().raw_decode(rest)
            self.at += used
            return value
        end = PLAIN_END.search(rest)
        text = rest[:end.start() if end else len(rest)]
        self.at += len(text)
        return scalar(text.rstrip(), self.line)

    def value(self):
        if self.take("["):
            return self.items("]", self.value)
        if self.take("{"):
            return self.mapping(self.items("}", self.pair))
        return self.word()

    def pair(self):
        key = self.word()
        if not self.take(":"):
            fail(self.line, "a key without value")
        return key, self.value()

    def items(self, end, one):
        found = []
        while not self.take(end):
            found.append(one())
            if not self.take(",") and self.text[self.at:self.at + 1] not in (end, " "):
                fail(self.line, f"{end} is missing")
        return found

    def mapping(self, pairs):
        if len({key for key, _ in pairs}) != len(pairs):
            fail(self.line, "a key is there twice")
        return dict(pairs)


def inline(text, line):
    if text[0] not in "[{":
        return scalar(text, line)
    flow = Flow(text, line)
    value = flow.value()
    if flow.at != len(text):
        fail(line, "more behind the value")
    return value


class Blocks:
    def __init__(self, text):
        self.lines = []  # [indentation, text, number]
        for number, line in enumerate(text.splitlines(), 1):
            if "\t" in line or line != line.rstrip():
                fail(number, "a tab, or blanks at the end")
            if line and not line.lstrip().startswith("#"):
                self.lines.append([len(line) - len(line.lstrip()), line.lstrip(), number])
        self.at = 0

    def block(self, indentation):
        """The mapping or list whose lines begin here."""
        return self.sequence(indentation) if self.lines[self.at][1].startswith("- ") else self.mapping(indentation)

    def here(self, indentation):
        if self.at == len(self.lines) or self.lines[self.at][0] < indentation:
            return False
        if self.lines[self.at][0] > indentation:
            fail(self.lines[self.at][2], "wrong indentation")
        return True

    def sequence(self, indentation):
        found = []
        while self.here(indentation):
            _, text, number = self.lines[self.at]
            if not text.startswith("- "):
                fail(number, "not an item of the list")
            text = text[2:]
            if KEY.match(text):
                self.lines[self.at] = [indentation + 2, text, number]
                found.append(self.mapping(indentation + 2))
            else:
                self.at += 1
                found.append(inline(text, number))
        return found

    def mapping(self, indentation):
        found = {}
        while self.here(indentation):
            _, text, number = self.lines[self.at]
            match = KEY.match(text)
            key = scalar(match[1], number) if match else fail(number, "no key")
            if key in found:
                fail(number, f"{key} is there twice")
            self.at += 1
            if match[2]:
                found[key] = inline(match[2], number)
            elif self.at < len(self.lines) and self.lines[self.at][0] > indentation:
                found[key] = self.block(self.lines[self.at][0])
            else:
                fail(number, f"{key} has no value")
        return found


def load(text):
    blocks = Blocks(text)
    value = blocks.block(0)
    if blocks.at != len(blocks.lines):
        fail(blocks.lines[blocks.at][2], "does not belong to anything")
    return value
