"""What is refused of an expression by its text alone."""

import pytest

from govkit.core.celtext import bound, problem

ROOTS = frozenset(("card", "champion", "stage", "now"))


@pytest.mark.parametrize(
    "expression",
    [
        "card.a && card.b",
        "card.a && (card.b && (card.c))",
        "!card.a && !(card.b == 1) && card.c in [1, 2]",
        'card.metrics.exists(m, m.name == "auc" && m.measure.value > 0.7)',
        'card.metrics.exists(m, (m.name == "auc" && m.measure.value > 0.7) && m.path != "")',
        'card.lineage.data.all(d, d.size > 0 && d.path.startsWith("data/")) && card.x',
        'card["a"].b[0].exists(m, m.a && m.b)',
        "card.a ? !card.b : true",
        "[card.a, card.b].exists(x, x)",
        "card.f(1, 2) && card.x",
        "card.a //c\n && card.b",
        r'card.a == r"\" && card.b == "x"',
        'card.a == """a "quoted" text""" && card.b',
    ],
)
def test_nothing_is_wrong(expression: str) -> None:
    """A false of '&&' that makes the whole rule false is allowed."""
    assert problem(expression, ROOTS) == ""


@pytest.mark.parametrize(
    "expression",
    [
        "!(card.a && card.b)",
        "(card.a && card.b) == false",
        "false == (card.a && card.b)",
        "!card.metrics.exists(m, m.a && m.b)",
        "card.metrics.exists(m, m.a && m.b) == false",
        "card.metrics.exists(m, m.a && m.b) ? false : true",
        "card.a && card.b ? false : true",
        "card.a ? card.b : card.c && card.d ? false : true",
        "card.metrics.filter(m, m.a && m.b).size() == 0",
        "card.metrics.exists_one(m, m.a && m.b)",
        "card.metrics.map(m, m.a && m.b)[0] == false",
        "[card.a && card.b].exists(x, !x)",
        "{true: 1}[card.a && card.b]",
        "card.x in [card.a && card.b]",
        "size([1].filter(x, card.a && card.b)) == 0",
        "exists(m, card.a && card.b)",
        "card.metrics.exists(m, !m.all(n, n.a && n.b))",
        "card.metrics.exists(card.a && card.b, false)",
        "-(card.a && card.b)",
        "true in card.exists(m, m.a && m.b)",
    ],
)
def test_and_that_could_hide_an_error(expression: str) -> None:
    """Where a false of '&&' could make something else true, it is refused."""
    assert problem(expression, ROOTS).startswith("'&&' may only stand between whole conditions")


@pytest.mark.parametrize(
    ("expression", "start"),
    [
        ("card.a || card.b", "'||' is not allowed"),
        ("card.metrics.exists(m, m.a||m.b)", "'||' is not allowed"),
        ('card.a == "||"', "'||' is not allowed"),
        ('card.a == "&&"', "'&&' is not allowed inside a text"),
        ("card.a // && b", "'&&' is not allowed inside a text or a comment"),
        ("card.metrics.all(stage, stage.x)", "a macro's variable hides 'stage'"),
        ("card.a && \n (card.b", "it does not parse at line 2, column 2: '(' is not closed"),
        ("card.a) && card.b", "it does not parse at line 1, column 7: ')' closes nothing"),
        ("(card.a]", "it does not parse at line 1, column 8: ']' closes nothing"),
        ("(" * 60 + "card.a" + ")" * 60, "its brackets are nested more than 50 deep"),
        ("(" * 1000 + ")" * 1000, "its brackets are nested more than 50 deep"),
    ],
)
def test_refused(expression: str, start: str) -> None:
    """What else is refused, and why."""
    assert problem(expression, ROOTS).startswith(start)


def test_bound() -> None:
    """The variables of macros are known, and nothing else is taken for one."""
    assert bound("card.a.exists( m , m.b.all(n, n > m)) && [1].map(x, x, x)[0] > 0") == {"m", "n", "x"}
    assert bound("card.f(m, 1) && exists(q, 1) && card.exists(1, 2) && card.exists(y)") == set()
