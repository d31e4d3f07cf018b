"""Commands for people who decide and may know no Git: ``review``, ``enrol``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from govkit.cli import common
from govkit.core.errors import Usage

if TYPE_CHECKING:
    from govkit.web.loopback import Loopback
    from govkit.web.review import Desk
    from govkit.workflow.decide import Words

#: Minutes after which a page that nobody uses is no longer served.
IDLE = 60


@click.command()
@click.argument("wanted", metavar="[REQUEST|URL...]", nargs=-1)
@click.option(
    "--print", "page", type=click.Path(path_type=Path), metavar="FILE", help="Write the page, and serve none."
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port on 127.0.0.1; a free one if left out.")
@click.option("--browser/--no-browser", default=True, help="Open the page, or only print its address.")
@click.option(
    "--output", "target", type=click.Path(path_type=Path), metavar="FILE", help="Sign into a file for 'submit'."
)
@click.option(
    "--statement",
    "folder",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="For somebody without govkit: write what they would sign, and how, into a folder. Needs --as and --decision.",
)
@click.option("--as", "person", metavar="PERSON", help="Who is to sign the statement.")
@click.option("--decision", type=click.Choice(["approve", "reject"]), help="What the statement says.")
@click.option("--role", help="The role in which they decide, if they are asked in several.")
@click.option("--meaning", help="What their signature means, from the policy's list; the usual words if left out.")
@click.option("-m", "--message", "comment", default="", help="What they say with it; a reject needs it.")
@common.repo_option
@common.root_option
@common.key_option
@common.dry_run_option
@common.local_option
def review(
    wanted: tuple[str, ...],
    page: Path | None,
    port: int,
    browser: bool,
    target: Path | None,
    folder: Path | None,
    person: str | None,
    decision: Any,
    role: str | None,
    meaning: str | None,
    comment: str,
    **options: Any,
) -> None:
    """Read a card with what the log knows now, decide, and sign, on a page that is served to you alone.

    REQUEST is 'MODEL@VERSION#STAGE'. Without one, the page lists what waits for you in all repositories that you have
    reviewed; a URL adds a repository, of which a copy is made. Nothing is signed before you were shown what.
    """
    from govkit.storage import clones
    from govkit.workflow.decide import Words

    addresses = [word for word in wanted if clones.is_address(word)]
    requests = [word for word in wanted if word not in addresses]
    if len(requests) > 1 or (requests and addresses):
        raise Usage("name one request, or repositories by their URLs", fix="see 'govkit review --help'")
    if folder is not None:
        words = Words(role, meaning, comment)
        _write_statement(_one(requests, "--statement"), folder, person, decision, words, options)
    elif person or decision or role or meaning or comment:
        raise Usage("--as, --decision, --role, --meaning and -m go with --statement", fix="on the page, choose there")
    elif page is not None:
        _write_page(_one(requests, "--print"), page, options)
    else:
        _serve(_desk(requests, addresses, target, options), port, browser)


def _one(requests: list[str], option: str) -> str:
    if not requests:
        raise Usage(f"{option} needs a request", fix="name it: 'MODEL@VERSION#STAGE'")
    return requests[0]


def _write_statement(
    name: str, folder: Path, person: str | None, decision: Any, words: Words, options: dict[str, Any]
) -> None:
    from govkit.core.inert import line
    from govkit.reports import table
    from govkit.workflow import review as workflow
    from govkit.workflow import statement

    if person is None or decision is None:
        raise Usage("say who is to sign, and what", fix="--as PERSON --decision approve")
    session = common.session(**options)
    workflow.bring(session)
    made = statement.make(session, name, person, decision, words)
    for text in made.lines:
        table.write(f"  {line(text)}")
    if options["dry_run"]:
        table.write("dry run: nothing was written")
        return
    for path in statement.write(made, folder):
        table.write(f"wrote {path}")
    table.write(f"{person} signs it with: {statement.COMMAND}")
    table.write("then hand it in: govkit submit event.json --signature event.json.sig")


def _write_page(name: str, path: Path, options: dict[str, Any]) -> None:
    from govkit.reports import table
    from govkit.storage import files
    from govkit.web import reviewpages as pages
    from govkit.workflow import review as workflow

    seen = workflow.look(common.session(**options), name)
    for note in seen.notes:
        table.write(note)
    if options["dry_run"]:
        table.write(f"would write {path}")
        return
    try:
        files.write(path, pages.card(seen, None).content)
    except OSError as error:
        raise Usage(f"{path} cannot be written", why=str(error), fix="name another file") from error
    table.write(f"wrote {path}, as the log stands at {seen.standing.head[0]}:{seen.standing.head[1]}")


def _desk(requests: list[str], addresses: list[str], target: Path | None, options: dict[str, Any]) -> Desk:
    from govkit.core.inert import line
    from govkit.web.review import Desk
    from govkit.workflow import decide, waiting
    from govkit.workflow import review as workflow

    if requests:
        session = common.session(**options, yes=True)  # the page asks
        workflow.bring(session)
        request = session.state.find_request(requests[0]) or decide.find_request(session, requests[0])
        workflow.look(session, request.id)  # what is wrong shows here rather than in a browser
        try:
            waiting.remember(session)
        except Usage as error:  # a list for later, without which one can decide
            click.echo(f"note: later, 'govkit review' will not know of this repository: {line(error.what)}", err=True)
        return Desk([session], [(session, request.id)], alone=True, target=target)
    found, troubles = waiting.sessions(common.options(**options, yes=True), addresses)
    if not found and not troubles:
        fix = "run it in a governed repository, or name one: govkit review URL"
        raise Usage("there is no repository to review", fix=fix)
    return Desk(found, troubles=troubles, target=target)


def _serve(desk: Desk, port: int, browser: bool) -> None:
    import tempfile

    from govkit.web.loopback import Loopback
    from govkit.web.review import ReviewSite

    site = ReviewSite(desk, lambda: server.base)
    try:
        server = Loopback(site, port=port, idle=IDLE * 60)
    except OSError as error:
        raise Usage(f"port {port} cannot be used", why=str(error), fix="name another with --port, or none") from error
    click.echo(f"Open this in a browser on this machine; it works once:\n\n  {server.address}\n", err=True)
    click.echo(f"Ctrl-C ends it; so does an hour without use ({IDLE} minutes).", err=True)
    with tempfile.TemporaryDirectory(prefix="govkit-review-") as folder:
        if browser:
            _open(server, Path(folder))
        try:
            server.serve()
        except KeyboardInterrupt:
            click.echo("", err=True)
    click.echo("The page is no longer served.", err=True)


def _open(server: Loopback, folder: Path) -> None:
    """Open the address in a browser, where there is somebody to look."""
    import webbrowser

    from govkit.workflow.plans import is_interactive

    if is_interactive():
        webbrowser.open(doorway(server, folder).as_uri())


def doorway(server: Loopback, folder: Path) -> Path:
    """Write a file that leads a browser to the address of a server, and that only its owner can read.

    Others on this machine see the words of a command, and must not see the address before its owner has used it.
    """
    path = folder / "open.html"
    path.touch(mode=0o600)
    path.write_text(f'<!doctype html><meta http-equiv="refresh" content="0; url={server.address}">', encoding="utf-8")
    return path


@click.command()
@click.argument("person", metavar="ID")
@click.option("--name", help="Your name.")
@click.option("--email", "emails", multiple=True, help="An address under which you commit; may be repeated.")
@click.option("--key", metavar="FILE", help="A key that you have, also an agent's ('key::TYPE BASE64').")
@click.option("--sk", "hardware", is_flag=True, help="Make a key that works only with your hardware key (FIDO2).")
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Where to write; ID.enrol.json here.")
def enrol(
    person: str, name: str | None, emails: tuple[str, ...], key: str | None, hardware: bool, output: Path | None
) -> None:
    """Get a key to sign with, and a file about you that an administrator adds to the policy.

    The file holds nothing secret. ID is how the log will call you: small letters, digits, '.', '_' and '-'.
    """
    import shlex

    from govkit.reports import table
    from govkit.workflow import enrol as workflow

    if key is not None and hardware:
        raise Usage("--sk makes a key, and --key names one", fix="leave one of them out")
    done = workflow.enrol(person, name=name, emails=emails, key=key, hardware=hardware, output=output)
    if done.made:
        table.write(f"made your key: {done.key.path}  (keep it; its public part is {done.key.path}.pub)")
    table.write(f"wrote {done.path}; nothing in it is secret")
    table.write(f"your key's fingerprint: {done.fingerprint}")
    table.write("What to do next:")
    table.write(
        f"  1. give {done.path} to an administrator, who runs: govkit people add --from {done.path.name} --role ROLE"
    )
    table.write("  2. read them the fingerprint by voice: that is how they know that it is you")
    table.write(f"  3. export GOVKIT_KEY={shlex.quote(done.named)}    (so that every command knows who you are)")
    table.write("  4. govkit review URL    (what waits for you in a repository)")
