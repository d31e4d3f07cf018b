"""Reviewing and signing on the page: the real server, over real HTTP, on a governed repository with real keys."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import forge
import pytest
import world as worlds
from reviewing import REQUEST, Served, served
from world import World

CODE = re.compile(r"\b[A-Z2-7]{4}-[A-Z2-7]{4}\b")


@pytest.fixture(scope="module")
def unchanged(_requested: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world to which nothing is written: every test that uses it is refused something."""
    world = worlds.copy(_requested, tmp_path_factory.mktemp("review") / "world")
    before = world.log().commits
    yield world
    assert world.log().commits == before


@pytest.fixture(scope="module")
def review(unchanged: World) -> Iterator[Served]:
    """The page of the request, served to rita, who is asked as risk owner."""
    with served(unchanged, "rita") as running:
        yield running


def _decisions(world: World) -> list[tuple[str, str, str, str]]:
    request = world.log().state.find_request(REQUEST)
    assert request is not None
    return [(one.person, one.body.role, one.body.decision, one.body.comment) for one in request.decisions]


# -- signing ------------------------------------------------------------------------------------------------------


def test_signs_what_was_shown(requested: World) -> None:
    """From the page over the confirmation to the receipt, with one compare code; the log has just that decision."""
    with served(requested, "rita") as running:
        page = running.page
        assert "You are asked to let 1.1.0 decide in production instead of 1.0.0" in page.words
        assert (page.forms[0].fields["role"], page.forms[0].choices) == ("risk-owner", {"way": ["0", "1"]})
        confirm = running.choose(page.forms[0], comment="Seen <b>all</b>\r\nof it")
        assert (confirm.status, running.told, _decisions(requested)) == (200, [], [])
        code = CODE.search(confirm.words)[0]  # type: ignore[index]
        receipt = running.follow(running.client.post(confirm.forms[0]))
        assert f"compare code {code}" in running.told
        assert code in receipt.words
    event = requested.last()
    assert _decisions(requested) == [("rita", "risk-owner", "approve", "Seen <b>all</b>\nof it")]
    assert event.id in receipt.words
    log = requested.log()
    assert f"{log.head.size}:{log.head.root}" in receipt.words
    assert "Still needed approvals: validator" in receipt.words
    requested.approve("1.1.0", "production", "vera")
    requested.promote("1.1.0", "production")


def test_shows_every_line_that_is_signed(requested: World) -> None:
    """The confirmation, the terminal and the receipt have the same lines: request, card, meaning and role."""
    with served(requested, "victor") as running:
        confirm = running.choose(way="1", comment="too old")
        receipt = running.follow(running.client.post(confirm.forms[0]))
        assert [line for line in running.told if line not in confirm.words] == []
        assert [line for line in running.told if line not in receipt.words] == []
        request = requested.log().state.find_request(REQUEST)
        assert request is not None
        assert f"request {request.id}" in running.told
        assert running.told[0] == f"reject '{REQUEST}' as validator"
    assert _decisions(requested) == [("victor", "validator", "reject", "too old")]


def test_ends_after_the_receipt(requested: World) -> None:
    """Once the receipt was shown, nobody answers any more."""
    with served(requested, "rita", linger=0) as running:
        confirm = running.choose()
        running.follow(running.client.post(confirm.forms[0]))
        running.thread.join(20)
        assert not running.thread.is_alive()
        with pytest.raises(OSError, match="refused"):
            running.client.get(running.server.base)


def test_the_stock_commands_of_the_receipt_work(requested: World) -> None:
    """Git and ssh-keygen alone check the signature, as the receipt says, and name the key that it shows."""
    with served(requested, "rita") as running:
        receipt = running.follow(running.client.post(running.choose().forms[0]))
    commit = re.search(r"git show ([0-9a-f]{40}):event.json ", receipt.words)[1]  # type: ignore[index]
    content, signature = (
        subprocess.run(["git", "show", f"{commit}:{name}"], cwd=requested.repo, capture_output=True, check=True).stdout
        for name in ("event.json", "event.json.sig")
    )
    (requested.folder / "sig").write_bytes(signature)
    words = ["ssh-keygen", "-Y", "check-novalidate", "-n", "govkit-event", "-s", str(requested.folder / "sig")]
    said = subprocess.run(words, input=content, capture_output=True, check=True).stdout.decode()
    assert re.search(r"SHA256:\S+", said)[0] in receipt.words  # type: ignore[index]


def test_a_dry_run_signs_nothing(requested: World) -> None:
    """With --dry-run, all is shown, and nothing is signed or written."""
    before = requested.log().commits
    with served(requested, "rita", options={"dry_run": True}) as running:
        receipt = running.follow(running.client.post(running.choose().forms[0]))
    assert "nothing was signed" in receipt.words
    assert requested.log().commits == before


# -- refusing -----------------------------------------------------------------------------------------------------


def test_a_form_works_once(review: Served) -> None:
    """A form that was sent is refused when it is sent again, as is one that was never served."""
    form = review.form
    assert review.choose(form).status == 200
    again = review.client.post(form, way="0")
    form.fields["token"] = "x" * 43
    assert (again.status, review.client.post(form, way="0").status) == (409, 409)
    assert "each form works once" in again.words
    del form.fields["token"]
    assert review.client.post(form, way="0").status == 409


def test_signing_works_once(requested: World) -> None:
    """The form that signs is refused when it is sent again, and the page leads to the receipt."""
    with served(requested, "rita") as running:
        form = running.choose().forms[0]
        place = running.client.post(form).place
        assert running.client.post(form).status == 409
        assert running.client.get(place.replace("receipt", "confirm")).place == place
    assert len(_decisions(requested)) == 1


def test_a_forms_token_opens_no_other_form(review: Served) -> None:
    """What a page's form brought does not sign, and the other way round."""
    confirm, page = review.choose().forms[0], review.form
    page.fields["token"], confirm.fields["token"] = confirm.fields["token"], page.fields["token"]
    assert (review.client.post(confirm).status, review.client.post(page, way="0").status) == (409, 409)


WRONG = {
    "another-role": ({"role": "validator"}, "rita is not asked as 'validator'"),
    "unknown-role": ({"role": "emperor"}, "rita is not asked as 'emperor'"),
    "no-role": ({"role": ""}, "rita is not asked as ''"),
    "unknown-meaning": ({"way": "99"}, "no decision was chosen"),
    "meaning-in-words": ({"way": "approve"}, "no decision was chosen"),
    "negative": ({"way": "-1"}, "no decision was chosen"),
    "nothing-chosen": ({"way": ""}, "no decision was chosen"),
    "reject-without-reason": ({"way": "1", "comment": " \r\n "}, "a reject says why"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_the_policy_does_not_know_is_refused(review: Served, name: str) -> None:
    """The page comes again, says what is wrong, and keeps what was typed; nothing is signed."""
    fields, said = WRONG[name]
    reply = review.client.post(review.form, **{"way": "0", "comment": "Words & <more>", **fields})
    assert reply.status == 200
    assert said in reply.words
    assert reply.forms[0].fields["comment"].strip() == {"comment": "Words & <more>", **fields}["comment"].strip()


def test_a_comment_that_is_too_long_is_refused(review: Served) -> None:
    """What no event has room for is refused before it is shown for signing."""
    assert "20,001 characters" in review.client.post(review.form, way="0", comment="ü" * 20_001).words


def test_looking_signs_nothing(review: Served) -> None:
    """The places that take forms take nothing else, and looking at a confirmation changes nothing."""
    confirm = review.choose().forms[0]
    assert review.client.get(confirm.action).status == 405
    assert review.client.get(confirm.action.replace("/sign", "")).status == 200
    assert review.client.send("POST", confirm.action.replace("/sign", ""), "a=1").status == 405


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://evil.example"}, {"Origin": None, "Sec-Fetch-Site": "cross-site"}]
)
def test_another_sites_form_is_refused(review: Served, headers: dict[str, str | None]) -> None:
    """A page elsewhere that knows all the fields cannot send them, and the form is still good afterwards."""
    form = review.choose().forms[0]
    assert review.client.post(form, headers).status == 403
    assert review.client.post(form, {"Host": "evil.example"}).status == 421
    assert review.client.post(form, {"Cookie": None}).status == 403
    assert review.told == []


@pytest.mark.parametrize(
    "path", ["request/1", "request/00", "request/²", "confirm/99", "receipt/99", "statement/0", "x"]
)
def test_there_is_nothing_else(review: Served, path: str) -> None:
    """Other numbers and other places are not there; a receipt that is not yet leads to its confirmation."""
    reply = review.client.get(review.server.base + path.replace("²", "%C2%B2"))
    assert reply.status == (200 if path == "request/00" else 404)


NOBODY = {
    "remy": "remy is not asked here",
    "ada": "you asked for this, and nobody approves their own request",
    "ci": "ci is a service, and a service never decides",
    "mallory": "belongs to nobody in the policy in force",
    "": "there is no key at",
}


@pytest.mark.parametrize("person", NOBODY)
def test_who_is_not_asked_gets_no_form(unchanged: World, person: str) -> None:
    """They read the page, and are told why they cannot decide; the form for others' signatures is no way round."""
    with served(unchanged, person) as running:
        page = running.page
        assert NOBODY[person] in page.words
        assert [form.action.rpartition("/")[2] for form in page.forms] == ["statement"]
        forged = page.forms[0]
        forged.action = forged.action.removesuffix("/statement")
        assert running.client.post(forged, way="0", role="risk-owner").status == 409


def test_who_wrote_it_can_only_reject(promoted: World) -> None:
    """Somebody whose approval the policy would not count is told before they sign, and can still say no."""
    promoted.retrain(0.85)
    promoted.commit("By victor", author="Victor <victor@example.org>")
    promoted.register("1.1.0")
    promoted.request("1.1.0", "production")
    with served(promoted, "victor") as running:
        page = running.page
        assert "You wrote a commit that this version brings in" in page.words
        assert page.forms[0].choices == {"way": ["0"]}
        confirm = running.choose(page.forms[0], comment="my own work")
        assert f"reject '{REQUEST}' as validator" in confirm.words


# -- what changes meanwhile ---------------------------------------------------------------------------------------


def test_others_approvals_are_told(requested: World) -> None:
    """A yes of somebody else does not stop anybody; the confirmation tells it, and signing still works."""
    with served(requested, "rita") as running:
        form = running.form
        requested.approve("1.1.0", "production", "vera")
        confirm = running.choose(form)
        assert "vera: approve as validator" in confirm.words
        receipt = running.follow(running.client.post(confirm.forms[0]))
        assert "Still needed nothing" in receipt.words
    assert [one[0] for one in _decisions(requested)] == ["vera", "rita"]


def test_a_reject_makes_look_again(requested: World) -> None:
    """A reject between page and form, or between confirmation and signature, stops; the page shows it."""
    with served(requested, "rita") as running:
        first, second = running.form, running.choose().forms[0]
        requested.govkit("reject", REQUEST, "-m", "no", as_="vera")
        for reply in (running.client.post(first, way="0"), running.client.post(second)):
            assert "something changed since you looked at this" in reply.words
            assert "who rejects it: nobody before, vera now" in reply.words
            assert "vera: reject as validator" in reply.words
        assert running.told == []
        running.follow(running.client.post(running.choose().forms[0]))
    assert [one[0] for one in _decisions(requested)] == ["vera", "rita"]


def test_a_request_that_ended_is_not_decided(requested: World) -> None:
    """A request that was withdrawn meanwhile is not decided on, at either step."""
    with served(requested, "rita") as running:
        first, second = running.form, running.choose().forms[0]
        requested.govkit("withdraw", REQUEST, "-m", "oops", as_="ada")
        for reply in (running.client.post(first, way="0"), running.client.post(second)):
            assert "the request: open before, withdrawn now" in reply.words
        assert running.page.forms == []
    assert _decisions(requested) == []


def test_a_new_policy_makes_look_again(requested: World) -> None:
    """Another policy in force stops what was shown under the old one."""
    with served(requested, "rita") as running:
        form = running.choose().forms[0]
        requested.change_policy("valid_for: 30d\n      lift", "valid_for: 20d\n      lift")
        reply = running.client.post(form)
        assert "something changed since you looked at this" in reply.words
    assert _decisions(requested) == []


def test_a_log_that_is_not_the_pinned_one_is_not_shown(requested: World) -> None:
    """Without the pin nothing is served but what is wrong."""
    with served(requested, "rita") as running:
        form = running.form
        (requested.folder / "known_roots").write_text("")
        del running  # the pins are read once for each command
    with served(requested, "rita") as running:
        page = running.page
        assert (page.status, page.forms) == (409, [])
        assert "nothing is proven without a pinned root of trust" in page.words
        assert running.client.post(form, way="0").status == 404


# -- hostile text -------------------------------------------------------------------------------------------------

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7*7 }}\u202e\u2066\x1b[31m"


def test_hostile_text_is_shown_as_text(requested: World) -> None:
    """A reason that would act as markup, reverse the line or colour the terminal is text, on every page."""
    requested.govkit("withdraw", REQUEST, "-m", "again", as_="ada")
    requested.govkit("request", "scorer@1.1.0", "--stage", "production", "-m", HOSTILE, as_="ada")
    with served(requested, "rita") as running:
        confirm = running.choose(comment=HOSTILE)
        receipt = running.follow(running.client.post(confirm.forms[0]))
        for page in (confirm, receipt):
            assert (
                "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7*7 }}<U+202E><U+2066><U+001B>"
                in page.words
            )
    for text in (confirm.text, receipt.text):
        assert "<script" not in text
        assert "<img" not in text
        assert not re.search("[\u202e\u2066\x1b]", text)
    with served(requested, "victor", None) as listed:
        page = listed.client.get(listed.server.base)
        assert "<script" not in page.text
        assert "onerror=alert(2)>{{ 7*7 }}" in page.words


# -- those who cannot push, and those who have no govkit ----------------------------------------------------------


def test_signs_into_a_file(requested: World) -> None:
    """Who cannot write to the repository saves the signed decision, and somebody else hands it in."""
    with served(requested, "rita") as running:
        confirm = running.choose()
        receipt = running.follow(running.client.post(confirm.forms[1]))
        assert "not in the log yet" in receipt.words
        place = re.search(r'href="([^"]+/decision\.json)"', receipt.text)[1]  # type: ignore[index]
        saved = running.client.get(place)
        assert saved.headers["Content-Disposition"] == 'attachment; filename="decision.json"'
    assert _decisions(requested) == []
    (requested.folder / "decision.json").write_text(saved.text)
    requested.govkit("submit", str(requested.folder / "decision.json"), as_="remy")
    assert _decisions(requested) == [("rita", "risk-owner", "approve", "")]


def test_signs_into_the_file_that_was_named(requested: World) -> None:
    """With --output the signed decision is written there, and the receipt says so."""
    target = requested.folder / "out.json"
    with served(requested, "rita", target=target) as running:
        confirm = running.choose()
        assert len(confirm.forms) == 1
        assert str(target) in running.follow(running.client.post(confirm.forms[0])).words
    requested.govkit("submit", str(target))
    assert _decisions(requested) == [("rita", "risk-owner", "approve", "")]


def test_a_remote_that_takes_nothing(requested: World) -> None:
    """Where the push is refused, nothing is written; the page says why, and offers the file."""
    bare = requested.folder / "bare.git"
    requested.git("clone", "-q", "--bare", str(requested.repo), str(bare))
    requested.git("remote", "add", "origin", str(bare))
    requested.govkit("log", "sync")
    hook = bare / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'you may not push' >&2\nexit 1\n")
    hook.chmod(0o755)
    with served(requested, "rita") as running:
        refused = running.client.post(running.choose().forms[0])
        assert "does not take this; nothing was written" in refused.words
        assert "you may not push" in refused.words
        assert "not in the log yet" in running.follow(running.client.post(refused.forms[1])).words
    assert _decisions(requested) == []
    hook.unlink()
    with served(requested, "rita") as running:
        receipt = running.follow(running.client.post(running.choose().forms[0]))
        assert "on the remote origin" in receipt.words
    assert requested.git("ls-remote", str(bare), "refs/heads/govkit/log").split()[0] == requested.log().commits[-1]


def test_somebody_without_govkit_signs_with_openssh_alone(requested: World, tmp_path: Path) -> None:
    """The statement, the one command in an empty folder, and the signature handed in on the page."""
    with served(requested, "remy") as running:
        form = running.page.forms[0]
        made = running.follow(running.client.post(form, person="vera", role="validator", way="0", comment="read"))
        code = CODE.search(made.words)[0]  # type: ignore[index]
        place = re.search(r'href="([^"]+/event\.json)"', made.text)[1]  # type: ignore[index]
        (tmp_path / "event.json").write_text(running.client.get(place).text)
        _by_hand(requested, "vera", tmp_path)
        signature = (tmp_path / "event.json.sig").read_text()
        wrong = running.client.post(made.forms[0], signature="nonsense")
        assert "this is not a signed decision" in wrong.words
        pasted = signature.replace("\n", "\r\n").strip() + "  "
        done = running.client.post(wrong.forms[0], signature=pasted)
        assert "The signature of vera is good" in done.words
        assert code in done.words
    assert _decisions(requested) == [("vera", "validator", "approve", "read")]


def _by_hand(world: World, person: str, folder: Path) -> None:
    """Sign as the instructions say, with nothing but OpenSSH on the path."""
    words = ["/usr/bin/env", "-i", f"PATH={Path('/usr/bin')}", "ssh-keygen", "-Y", "sign", "-n", "govkit-event"]
    words += ["-f", str(world.key_path(person)), "event.json"]
    subprocess.run(words, cwd=folder, check=True, capture_output=True)


def test_a_statement_is_signed_by_the_one_it_names(requested: World, tmp_path: Path) -> None:
    """On the command line the same; another's signature, or another byte, is refused."""
    folder = tmp_path / "for-vera"
    words = ["review", REQUEST, "--statement", str(folder), "--as", "vera", "--decision", "reject", "-m", "not yet"]
    requested.govkit(*words)
    assert sorted(path.name for path in folder.iterdir()) == ["HOWTO.txt", "event.json"]
    howto = (folder / "HOWTO.txt").read_text()
    assert f"reject '{REQUEST}' as validator" in howto
    assert "ssh-keygen -Y sign -n govkit-event -f KEY event.json" in howto
    assert "is there already" in requested.govkit(*words, expect=2).text
    hand_in = ["submit", str(folder / "event.json"), "--signature", str(folder / "event.json.sig")]
    _by_hand(requested, "remy", folder)
    assert "it names vera and is signed by remy" in requested.govkit(*hand_in, expect=1).text
    (folder / "event.json.sig").unlink()
    _by_hand(requested, "vera", folder)
    content = (folder / "event.json").read_bytes()
    (folder / "event.json").write_bytes(content.replace(b"not yet", b"not now"))
    assert "does not fit" in requested.govkit(*hand_in, expect=1).text
    assert "does not fit" in requested.govkit(*hand_in, "--dry-run", as_="vera", expect=1).text
    (folder / "event.json").write_bytes(content)
    assert "--signature event.json.sig" in requested.govkit(*hand_in[:2], expect=2).text
    gone = requested.govkit(*hand_in[:3], str(folder / "gone.sig"), expect=2).text
    assert f"{folder / 'gone.sig'} cannot be read" in gone
    requested.approve("1.1.0", "production", "rita")  # the log goes on meanwhile
    for who in ("", "remy"):  # a dry run, too, asks for no key of whoever carries it
        assert "dry run: nothing was written" in requested.govkit(*hand_in, "--dry-run", as_=who).text
    requested.govkit(*hand_in)
    assert _decisions(requested)[-1] == ("vera", "validator", "reject", "not yet")


@pytest.mark.parametrize(
    "person, said",
    [
        ("ada", "ada asked for this"),
        ("remy", "remy is not asked"),
        ("ci", "never decides"),
        ("nobody", "does not know 'nobody'"),
    ],
)
def test_no_statement_for_who_is_not_asked(unchanged: World, tmp_path: Path, person: str, said: str) -> None:
    """What would have no effect is not written for anybody to sign."""
    words = ["review", REQUEST, "--statement", str(tmp_path / "x"), "--as", person, "--decision", "approve"]
    assert said in unchanged.govkit(*words, expect=None).text
    assert not (tmp_path / "x").exists()


# -- the page as a file, and the list -----------------------------------------------------------------------------


def test_prints_the_page_without_a_key(unchanged: World, tmp_path: Path) -> None:
    """--print writes the page as the log stands, without a form, for somebody who has no key."""
    unchanged.govkit("review", REQUEST, "--print", str(tmp_path / "page.html"))
    text = (tmp_path / "page.html").read_text()
    assert "You are asked to let 1.1.0 decide in production instead of 1.0.0" in text
    assert "<form" not in text
    assert "form-action &#39;none&#39;" in text


def test_lists_what_waits(requested: World) -> None:
    """The list has what waits for the reader first, leads to its page, and goes on after a receipt."""
    with served(requested, "rita", None) as running:
        listed = running.client.get(running.server.base)
        mine, _, others = listed.words.partition("Waits for others")
        assert REQUEST in mine
        assert "please" in mine
        place = re.search(r'href="([^"]+/request/0)"', listed.text)[1]  # type: ignore[index]
        assert "You are asked to let 1.1.0 decide" in running.client.get(place).words
        running.follow(running.client.post(running.choose().forms[0]))
        mine, _, others = running.client.get(running.server.base).words.partition("Waits for others")
        assert (REQUEST in mine, REQUEST in others) == (False, True)


def test_a_repository_that_is_not_trusted_is_not_looked_into(requested: World) -> None:
    """Without a pin, the list says how to trust it, and nothing of what it holds."""
    (requested.folder / "known_roots").write_text("")
    with served(requested, "rita", None) as running:
        listed = running.client.get(running.server.base)
    assert "not trusted yet" in listed.words
    assert "govkit trust --repo" in listed.words
    assert REQUEST not in listed.words


def test_reviews_a_repository_by_its_address(requested: World, tmp_path: Path) -> None:
    """A clone of log, tags and history is made where the user's data lie; what is signed there reaches the remote."""
    from govkit.storage import clones, repositories

    bare = requested.folder / "bare.git"
    requested.git("clone", "-q", "--bare", str(requested.repo), str(bare))
    env = {"XDG_DATA_HOME": str(tmp_path / "data"), "XDG_STATE_HOME": str(tmp_path / "state")}
    requested.env |= env
    place = clones.place(env, str(bare))
    clones.clone(clones.check_address(str(bare)), place)
    assert sorted(path.name for path in place.iterdir()) == [".git"]
    with served(requested, "rita", repo=place) as running:
        receipt = running.follow(running.client.post(running.choose().forms[0]))
        assert "on the remote origin" in receipt.words
    assert repositories.load(env) == []


def test_a_forged_decision_changes_nothing_on_the_page(requested: World) -> None:
    """What a modified govkit wrote without effect is not shown as a decision."""
    forge.decision(requested, "remy", REQUEST)
    with served(requested, "rita") as running:
        assert "Nobody has decided yet" in running.page.words
