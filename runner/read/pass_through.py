"""The shape of pass-through SQL: one plain SELECT, read the same way by every database, before any of them sees it.

This is one layer of several (docs/decisions): a derived table, a read-only evaluation and a time limit follow. What
it stops is SQL that would close our parenthesis, and SQL that databases read differently, so that what we took for
a comment or a string is neither.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

AS_OF = "as_of"
"""The one parameter, written `:as_of`: the day of the run."""

MOST_FAULTS = 20
"""After so many, what follows is no SQL, and its places would take long to find."""

STARTS = frozenset({"SELECT", "WITH", "VALUES"})
REFUSED_WORDS = {
    "INTO": "it writes",
    "FOR": "it can lock rows",
    "LOCK": "it locks rows",
}
STATEMENTS = frozenset(
    {"ALTER", "ATTACH", "CALL", "COPY", "CREATE", "DELETE", "DROP", "EXEC", "EXECUTE", "GRANT", "INSERT", "MERGE"}
    | {"PRAGMA", "REPLACE", "REVOKE", "TRUNCATE", "UPDATE", "VACUUM"},
)

# Every text matches: what is no token is `other`, what is never closed is `unclosed`; nothing matches in two ways.
# Backticks and brackets quote names for some databases, and are operators for others, so that what stands between
# them must mean the same either way.
LEXICON = r"""
      (?P<space>[ \t\n]+|\r\n)
    | (?P<comment>--[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)
    | (?P<string>'(?:[^']|'')*'(?!')|"(?:[^"]|"")*"(?!"))
    | (?P<name>`[\w ,.:]*`|\[[\w ,.:]*\])
    | (?P<word>[^\W\d][\w$]*)
    | (?P<number>[0-9][\w.]*)
    | (?P<parameter>(?<![:\w]):as_of(?![\w$]))
    | (?P<unclosed>/\*|['"`\[])
    | (?P<other>.)
"""
UNCLOSED = {
    "'": "A quote that is never closed.",
    '"': "A quote that is never closed.",
    "`": "A backtick that is never closed, or holds more than a plain name.",
    "[": "A bracket that is never closed, or holds more than a plain name.",
    "/*": "A comment that is never closed.",
}
OTHER = {
    ";": ("A semicolon: pass-through SQL is one statement.", "remove it"),
    "#": ("A `#`: to MariaDB it begins a comment, to others it doesn't.", "write comments as `-- …`"),
    "$": ("A `$`: dollar quotes hide text from a reader.", "use single quotes"),
    "]": ("A bracket that closes nothing.", None),
    "\\": ("A backslash outside a string.", None),
    "?": ("A `?`: to some databases it is a parameter.", "the one parameter is `:as_of`"),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that pass-through SQL may not have, and where: an offset into the SQL, in characters."""

    offset: int
    message: str
    hint: str | None = None


def _tokens(sql: str) -> Iterator[re.Match[str]]:
    # compiled here, and kept by re: most jobs have no SQL, and should not wait for it
    return re.finditer(LEXICON, sql, re.VERBOSE | re.DOTALL)


def faults(sql: str) -> tuple[Fault, ...]:
    """Return what keeps SQL from being sent, in its order, the first `MOST_FAULTS`; nothing for one plain SELECT."""
    tokens: list[re.Match[str]] = []
    for token in _tokens(sql):
        if token.lastgroup == "unclosed":  # what follows is inside of it, or isn't: nobody can say
            unclosed = Fault(token.start(), UNCLOSED[token[0]])
            return (*islice(_faults(tokens), MOST_FAULTS - 1), unclosed)
        tokens.append(token)
    return tuple(islice((*_faults(tokens), *_unclosed_parentheses(tokens)), MOST_FAULTS))


def as_of_places(sql: str) -> tuple[tuple[int, int], ...]:
    """Return where `:as_of` stands as a parameter: outside strings, comments and names."""
    return tuple(token.span() for token in _tokens(sql) if token.lastgroup == "parameter")


def bindable(sql: str) -> str:
    r"""Return the SQL for SQLAlchemy's `text()`: `:as_of` as it stands, every other colon as `\:`."""
    return "".join(
        token[0] if token.lastgroup == "parameter" else token[0].replace(":", "\\:") for token in _tokens(sql)
    )


def _faults(tokens: list[re.Match[str]]) -> Iterator[Fault]:
    solid = [token for token in tokens if token.lastgroup not in {"space", "comment"}]
    if not solid or solid[0][0].upper() not in STARTS:
        yield Fault(solid[0].start() if solid else 0, "Pass-through SQL begins with SELECT, WITH or VALUES.")
    depth = 0
    found = [*_comment_faults(tokens), *_statement_faults(solid)]
    for token in tokens:
        depth += {"(": 1, ")": -1}.get(token[0], 0)
        if depth < 0:
            found.append(Fault(token.start(), "A parenthesis is closed that was never opened."))
            depth = 0
        found += _token_faults(token)
    yield from sorted(found, key=lambda fault: fault.offset)


def _token_faults(token: re.Match[str]) -> Iterator[Fault]:
    text, start = token[0], token.start()
    if token.lastgroup == "string" and f"\\{text[0]}" in text:
        # MariaDB takes \' for a quote inside the string, the others for its end
        yield Fault(start + text.index(f"\\{text[0]}"), "A backslash before a quote: databases read it differently.")
    elif token.lastgroup == "word" and text.upper() in REFUSED_WORDS:
        word = text.upper()
        yield Fault(
            start, f"{word} has no place in pass-through SQL: {REFUSED_WORDS[word]}.", "a column of that name: quote it"
        )
    elif token.lastgroup == "other" and text in OTHER:
        yield Fault(start, *OTHER[text])
    elif token.lastgroup == "other" and text < " ":
        yield Fault(start, f"A control character, U+{ord(text):04X}.", "remove it")


def _comment_faults(tokens: list[re.Match[str]]) -> Iterator[Fault]:
    for token in tokens:
        if token.lastgroup != "comment":
            continue
        text, start = token[0], token.start()
        if re.match(r"/\*M?!", text):
            yield Fault(start, "A comment that MariaDB executes.", "remove it")
        elif text.startswith("/*") and "/*" in text[1:-2]:
            yield Fault(start + text.index("/*", 1), "A comment within a comment: databases read it differently.")
        elif text.startswith("--") and not re.match(r"--([ \t\r]|\Z)", text):
            # to MariaDB `--x` is no comment but minus minus x
            yield Fault(
                start, "A comment without a space after its `--`: databases read it differently.", "write `-- `"
            )
        elif "\r" in text.removesuffix("\r"):
            yield Fault(start + text.index("\r"), "A line end within a comment: databases read it differently.")


def _statement_faults(solid: list[re.Match[str]]) -> Iterator[Fault]:
    """Find statements that write: their word follows a parenthesis, and is no function such as `replace(`."""
    for index in range(1, len(solid)):
        word, start = solid[index][0].upper(), solid[index].start()
        called = index + 1 < len(solid) and solid[index + 1][0] == "("
        if word in STATEMENTS and solid[index - 1][0] in {"(", ")", ";"} and not called:
            yield Fault(start, f"{word} has no place in pass-through SQL: it may only read.")


def _unclosed_parentheses(tokens: list[re.Match[str]]) -> Iterator[Fault]:
    opened = []
    for token in tokens:
        if token[0] == "(":
            opened.append(token.start())
        elif token[0] == ")" and opened:
            opened.pop()
    if opened:
        yield Fault(opened[-1], "A parenthesis that is never closed.")
