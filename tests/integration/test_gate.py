"""``gate`` explains each requirement, for a registered version and for a commit that is none yet."""

from __future__ import annotations

from world import MODEL, World


def test_commit_is_judged_with_its_card_made_again(governed: World) -> None:
    """A commit that is not registered passes what can be decided; what is pending is left out."""
    result = governed.govkit("gate", MODEL, "--stage", "production", "--rev", "HEAD")
    assert "the committed card can be made again from the commit" in result.text


def test_stale_card_is_no_green_light(governed: World) -> None:
    """A commit whose parameters changed after the run is refused, though its old card passes every gate."""
    (governed.repo / "params.yaml").write_text("slope: 0.1\n")
    governed.commit("Changed without a run")
    result = governed.govkit("gate", MODEL, "--stage", "production", "--rev", "HEAD", expect=1)
    assert "✗ fail card" in result.text
    assert "lineage.problems: says [], should be" in result.text


def test_status_names_only_what_the_reader_can_do(requested: World) -> None:
    """When all have approved, the release engineer is told to promote, and the others are not."""
    requested.approve("1.1.0", "production", "rita", "victor")
    assert "govkit promote" in requested.govkit("status", as_="remy").text
    assert "govkit promote" not in requested.govkit("status", as_="rita").text


def test_promoting_twice_says_so(requested: World) -> None:
    """A second promotion of the same version is told that it serves there already."""
    requested.approve("1.1.0", "production", "rita", "victor")
    requested.promote("1.1.0", "production")
    assert "serves in production already" in requested.promote("1.1.0", "production", expect=1).text
