"""A tag's date lies in the past or the future, where GTO takes the latest, and stock Git judges keys by it.

Refused: order and the validity of keys come from the log, and a recorded tag has its event's date.
"""

from __future__ import annotations

import re
from datetime import timedelta

import forge
import pytest
from rawlog import gto_serves, promotion, push_with_tag, set_tag, sign_tag, stock_accepts, tag_bytes, unsigned
from world import World

NAME = "scorer#production#3"
PAST, FUTURE = 946_684_800, 4_102_444_800  # 2000 and 2100


def dated(world: World, tag: bytes, epoch: int, signer: str = "remy") -> bytes:
    """Return a tag with another date, signed again."""
    return sign_tag(world, signer, re.sub(rb"> \d+ \+0000\n", f"> {epoch} +0000\n".encode(), unsigned(tag), count=1))


@pytest.mark.parametrize("epoch", [PAST, FUTURE])
def test_event_whose_tag_has_another_date_is_inert(requested: World, epoch: int) -> None:
    """Even the rightful signer cannot date the tag otherwise than the event."""
    requested.approve("1.1.0", "production", "rita", "vera")
    honest = promotion(requested, "1.1.0", "production")
    push_with_tag(requested, honest, dated(requested, honest.evidence["tag"], epoch))
    assert requested.last().status == "inert"
    assert requested.last().reason == "its tag has another tagger or date than the event"
    assert "PROVEN: scorer@1.0.0" in requested.verify().text


def test_older_version_tagged_in_the_future_does_not_serve(requested: World) -> None:
    """GTO goes back to the version whose tag is dated last; govkit does not know that tag."""
    requested.approve("1.1.0", "production", "rita", "vera")
    requested.promote("1.1.0", "production")
    old = dated(requested, tag_bytes(requested, "scorer#production#2"), FUTURE)
    old = sign_tag(requested, "remy", unsigned(old).replace(b"scorer#production#2", b"scorer#production#9"))
    set_tag(requested, "scorer#production#9", requested.repository().write_object("tag", old))
    assert gto_serves(requested) == "scorer@v1.0.0"
    text = requested.verify().text
    assert "PROVEN: scorer@1.1.0 serves in production" in text
    assert "'scorer#production#9' has no effect: the log does not know it" in text


def test_expired_key_is_not_revived_by_a_date(requested: World) -> None:
    """To Git a key that has ended is good on a tag dated before its end; to govkit one that was taken out is nobody's."""
    requested.approve("1.1.0", "production", "rita", "vera")
    early = dated(requested, promotion(requested, "1.1.0", "production").evidence["tag"], PAST)
    signers = requested.folder / "allowed_signers"
    signers.write_text(f'remy@example.org valid-before="20200101" {requested.key("remy").public}\n')
    requested.git("config", "gpg.ssh.allowedSignersFile", str(signers))
    requested.git("config", "gpg.format", "ssh")
    set_tag(requested, NAME, requested.repository().write_object("tag", early))
    assert stock_accepts(requested, "git", "verify-tag", NAME)
    requested.git("tag", "-d", NAME)
    forge.edit_policy(requested, lambda policy: policy["people"]["remy"].update(keys=[requested.key("remy2").public]))
    requested.adopt_policy()
    judged = forge.promotion(requested, "scorer@1.1.0#production")
    assert (judged.status, judged.reason) == ("inert", "signed by a key that belongs to nobody in the policy in force")


def test_registration_and_promotion_in_the_order_of_the_log(promoted: World) -> None:
    """An event dated before its predecessor takes place after it, with its tag as early as it likes."""
    promoted.retrain(0.85)
    promoted.register("1.1.0")
    promoted.request("1.1.0", "production")
    promoted.approve("1.1.0", "production", "rita", "vera")
    assert forge.promotion(promoted, "scorer@1.1.0#production", time=forge.now(-timedelta(days=400))).status == "good"
    text = promoted.verify().text
    assert "PROVEN: scorer@1.1.0 serves in production" in text
    assert gto_serves(promoted) == "scorer@v1.0.0"


def test_control(requested: World) -> None:
    """The same promotion with its event's date has its effect."""
    requested.approve("1.1.0", "production", "rita", "vera")
    requested.promote("1.1.0", "production")
    assert gto_serves(requested) == "scorer@v1.1.0"
    assert "PROVEN: scorer@1.1.0" in requested.verify().text
