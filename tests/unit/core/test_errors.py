"""The kinds of failure and their exit codes."""

import pytest

from govkit.core.errors import GovkitError, Malformed, Refused, Undecided, Usage


@pytest.mark.parametrize(("kind", "code"), [(Refused, 1), (Usage, 2), (Undecided, 3), (GovkitError, 2)])
def test_exit_codes(kind: type[GovkitError], code: int) -> None:
    """Each kind has the exit code that every command shares, and none has 0."""
    assert code == kind("something").exit_code


def test_message_says_what_and_why() -> None:
    """What happened comes first, the reason behind it; what to do is kept apart."""
    error = Refused("m@1.0.0 may not be promoted", why="an approval is missing", fix="ask bob")
    assert str(error) == "m@1.0.0 may not be promoted: an approval is missing"
    assert (error.what, error.why, error.fix) == ("m@1.0.0 may not be promoted", "an approval is missing", "ask bob")
    assert str(Refused("no")) == "no"


def test_malformed_is_for_readers() -> None:
    """Malformed bytes are a ValueError, not yet a verdict."""
    assert issubclass(Malformed, ValueError)
    assert not issubclass(Malformed, GovkitError)
