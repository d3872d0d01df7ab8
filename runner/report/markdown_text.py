"""Text of others → Markdown that shows just this text: no markup, no link, no mention, no comment can come of it."""

from __future__ import annotations

import re

from runner.report.problems import visible

# Everything that GitHub-flavoured Markdown, HTML or a formula could begin or end with. A reference is never markup.
_MARKUP = {ord(sign): f"&#{ord(sign)};" for sign in "&<>\\`*_{}[]|~$"}
_GAP = "&#8203;"  # a space without width: it parts what a website would make a link or a mention of, after Markdown
_TRIGGERS = re.compile(
    r"""(?P<before>[@#]) (?=\w)                    # a mention, an address, an issue
      | (?P<scheme>:) (?=//)                       # https://
      | (?P<www>w) (?=ww\.)                        # www.
      | (?P<protocol>\b(?:mailto|xmpp):)           # an address without slashes
      | (?P<emoji>:) (?=[\w+-]+:)                  # a picture by its name
      | (?P<issue>\bGH-) (?=\d)
      | (?P<gitlab>(?<!\w)[!%&~$^]) (?=\w)         # merge requests, milestones, epics, labels, snippets
    """,
    re.VERBOSE | re.IGNORECASE,
)
_BLOCK = re.compile(r"^([-+=#]|\d+(?=[.)]))")  # what could begin a list or a heading, first in an item
_BLANKS = re.compile(r"\s+")
_MARKER = "<!--"


def plain(text: str, most: int) -> str:
    """Return at most so many characters of text as Markdown on one line, to stand anywhere, tables included."""
    text = _TRIGGERS.sub(lambda found: f"{found[0]}\0", _one_line(text, most))
    text = text.translate(_MARKUP).replace("\0", _GAP)
    return _BLOCK.sub(lambda found: "".join(f"&#{ord(sign)};" for sign in found[0]), text)


def code(text: str, most: int) -> str:
    """Return text as a code span on one line; not for tables, where a bar would end its cell."""
    line = _one_line(text, most)
    if _MARKER in line or not line:  # in a code span nothing can be written otherwise
        return f"<code>{plain(text, most)}</code>"
    longest = max((len(run) for run in re.findall(r"`+", line)), default=0)
    room = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{'`' * (longest + 1)}{room}{line}{room}{'`' * (longest + 1)}"


def spoken(text: str, most: int) -> str:
    """Return a message; what stands between two back-ticks in it becomes code."""
    parts = _one_line(text, most).split("`")
    if len(parts) % 2 == 0 or not all(parts[1:-1]):
        return plain(text, most)
    return "".join(code(part, most) if place % 2 else _inside(part, most) for place, part in enumerate(parts))


def block(command: str) -> str:
    """Return a command as a block of code of its own."""
    longest = max((len(run) for run in re.findall(r"`+", command)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}sh\n{command}\n{fence}"


def _inside(part: str, most: int) -> str:
    """Return a part of a sentence with the blanks that it begins and ends with."""
    bare = part.strip()
    if not bare:
        return part and " "
    return f"{' ' * part.startswith(' ')}{plain(bare, most)}{' ' * part.endswith(' ')}"


def _one_line(text: str, most: int) -> str:
    near = text[: 4 * most]  # what is far beyond the end need not be looked at
    line = _BLANKS.sub(" ", visible(near)).strip()
    return line if len(line) <= most and len(near) == len(text) else f"{line[: most - 1].rstrip()}…"
