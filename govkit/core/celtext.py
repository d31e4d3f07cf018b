"""What can be said of an expression in CEL from its text alone, before anything evaluates it.

CEL lets an error disappear: ``missing || true`` is true and ``missing && false`` is false, although a number that the
rule names is not there. A rule must not pass over missing evidence, so ``||`` is refused, and ``&&`` may only stand
where a false that swallowed an error makes the whole rule false: between whole conditions, at the top or inside
``exists`` and ``all``.
"""

from __future__ import annotations

import re

#: The macros of CEL that bind a variable, as their first argument.
MACROS = frozenset(("all", "exists", "exists_one", "existsOne", "filter", "map"))
MAX_DEPTH = 50

_TOKEN = re.compile(
    r"""
      (?P<skip> \s+ | //[^\n]* )
    | (?P<text> [bB]?[rR] (?: \"{3}[\s\S]*?\"{3} | '{3}[\s\S]*?'{3} | "[^"\r\n]*" | '[^'\r\n]*' )
              | [bB]? (?: \"{3}(?:\\[\s\S]|[^\\])*?\"{3} | '{3}(?:\\[\s\S]|[^\\])*?'{3}
                        | "(?:\\.|[^"\\\r\n])*" | '(?:\\.|[^'\\\r\n])*' ) )
    | (?P<word> [A-Za-z_][A-Za-z0-9_]* )
    | (?P<number> [0-9]+ (?:\.[0-9]+)? (?:[eE][+-]?[0-9]+)? [A-Za-z0-9_]* )
    | (?P<sign> && | \|\| | [=!<>]= | . )
    """,
    re.VERBOSE | re.DOTALL,
)
_CLOSING = {")": "(", "]": "[", "}": "{"}
_AND = (
    "'&&' may only stand between whole conditions, at the top or inside exists() and all(), because in CEL "
    "'missing && false' is false; write 'a ? b : false' for 'a && b'"
)


class Bracket:
    """A pair of brackets: the opening one, where it stands, and what stands between: words, signs, brackets."""

    def __init__(self, sign: str, start: int) -> None:
        self.sign, self.start = sign, start
        self.parts: list[str | Bracket] = []


def bound(expression: str) -> set[str]:
    """Return the variables that an expression's macros bind, such as ``m`` in ``card.metrics.exists(m, …)``."""
    words = _tokens(expression)
    found = zip(words, words[1:], words[2:], words[3:], words[4:], strict=False)
    calls = ((macro, name) for dot, macro, left, name, comma in found if (dot, left, comma) == (".", "(", ","))
    return {name for macro, name in calls if macro in MACROS and name.isidentifier()}


def problem(expression: str, roots: frozenset[str]) -> str:
    """Return why an expression is not evaluated, or an empty string; whether it parses at all is not asked here.

    Args:
        expression: the text.
        roots: the names that it may begin with.
    """
    if "||" in expression:
        return (
            "'||' is not allowed, because in CEL 'missing || true' is true; "
            "write '[a, b].exists(x, x)' or 'a ? true : b'"
        )
    hidden = sorted(bound(expression) & roots)
    if hidden:
        return f"a macro's variable hides '{hidden[0]}'; give it another name"
    words = _tokens(expression)
    if expression.count("&&") != words.count("&&"):
        return "'&&' is not allowed inside a text or a comment"
    tree = _tree(expression)
    if isinstance(tree, str):
        return tree
    return _AND if "&&" in words and not _is_plain(tree.parts) else ""


def _tokens(expression: str) -> list[str]:
    """Return words and signs as they are, and an empty string for each text or number."""
    return [_word(match) for match in _TOKEN.finditer(expression) if match.lastgroup != "skip"]


def _word(match: re.Match[str]) -> str:
    return match.group() if match.lastgroup in ("word", "sign") else ""


def _tree(expression: str) -> Bracket | str:
    """Return the nested brackets of an expression, or why there are none."""
    stack = [Bracket("", 0)]
    for match in _TOKEN.finditer(expression):
        word = _word(match)
        if word and word in "([{":
            inner = Bracket(word, match.start())
            stack[-1].parts.append(inner)
            stack.append(inner)
        elif word in _CLOSING:
            if stack.pop().sign != _CLOSING[word]:
                return f"it does not parse at {_place(expression, match.start())}: '{word}' closes nothing"
        elif match.lastgroup != "skip":
            stack[-1].parts.append(word)
        if len(stack) > MAX_DEPTH:
            return f"its brackets are nested more than {MAX_DEPTH} deep"
    if len(stack) > 1:
        return f"it does not parse at {_place(expression, stack[-1].start)}: '{stack[-1].sign}' is not closed"
    return stack[0]


def _place(expression: str, index: int) -> str:
    before = expression[:index].split("\n")
    return f"line {len(before)}, column {len(before[-1]) + 1}"


def _is_plain(parts: list[str | Bracket]) -> bool:
    """Tell whether every ``&&`` in here can only make the whole of it false."""
    if not _holds_and(parts):
        return True
    return "?" not in parts and all(_is_plain_condition(part) for part in _split(parts, "&&"))


def _is_plain_condition(parts: list[str | Bracket]) -> bool:
    """Tell the same of what stands between two ``&&``: brackets alone, or a call of ``exists`` or ``all``."""
    if not _holds_and(parts):
        return True
    *before, last = parts
    if not isinstance(last, Bracket) or last.sign != "(" or _holds_and(before):
        return False
    if not before:
        return _is_plain(last.parts)
    arguments = _split(last.parts, ",")
    is_chain = all(isinstance(part, Bracket) or re.fullmatch(r"\w*|\.", part) for part in before) and "in" not in before
    is_macro = before[-2:] in ([".", "exists"], [".", "all"]) and len(arguments) == 2 and len(arguments[0]) == 1
    return is_chain and is_macro and _is_plain(arguments[1])


def _holds_and(parts: list[str | Bracket]) -> bool:
    return any(part == "&&" if isinstance(part, str) else _holds_and(part.parts) for part in parts)


def _split(parts: list[str | Bracket], sign: str) -> list[list[str | Bracket]]:
    found: list[list[str | Bracket]] = [[]]
    for part in parts:
        if part == sign:
            found.append([])
        else:
            found[-1].append(part)
    return found
