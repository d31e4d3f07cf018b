"""Files for a CI server, made from templates for the models and stages of a repository.

Names come from ``dvc.yaml`` and the policy, which whoever can push may write. They stand in these files as quoted YAML
and in scripts only as variables of the environment, never inside of a command.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib import metadata, resources
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from govkit.core import names
from govkit.core.errors import Refused, Usage
from govkit.storage import files
from govkit.storage import log as log_storage
from govkit.storage.trees import WorkTree, project_of
from govkit.workflow import policyfile
from govkit.workflow.session import Session

if TYPE_CHECKING:
    from jinja2 import Environment

#: The first line of every file that is made here; only files that begin with it are written over.
MARK = "# Made by 'govkit ci"
_SECRET = re.compile(r"(?!GITHUB_|CI_|GOVKIT_|GIT_|PATH$|LD_|BASH|ENV$|PYTHON)[A-Z][A-Z0-9_]{0,99}")
_SCRIPT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")
_REQUIREMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9 \[\]._,=<>!~@:/+#-]{0,300}")


class Wishes(Struct, frozen=True):
    """What somebody wants of the files.

    Attributes:
        deploy: the stages that are rolled out; none for all of the policy's.
        script: the script that rolls a model out, from the repository's top.
        secrets: names of secrets of the CI server that fetching and deploying get to see.
        install: what pip installs; empty for this version of govkit.
    """

    deploy: tuple[str, ...] = ()
    script: str = "scripts/deploy_to_k8s.sh"
    secrets: tuple[str, ...] = ()
    install: str = ""


class Facts(Struct, frozen=True):
    """What the templates are filled with; see :class:`Wishes` for what is not of the repository itself.

    Attributes:
        models: the models that ``dvc.yaml`` declares.
        stages: the stages of the policy.
        deploy: those that are rolled out.
        mirrored: whether the policy names mirrors of the log.
        script: the script that rolls out.
        secrets: names of secrets.
        install: what pip installs.
    """

    models: list[str]
    stages: list[str]
    deploy: list[str]
    mirrored: bool
    script: str
    secrets: list[str]
    install: str


def facts(session: Session, wishes: Wishes) -> Facts:
    """Return what a repository's files are made from: the policy in force, or the proposed one where there is no log.

    Raises:
        Usage: if there is no model or no policy, or a wish does not fit them.
    """
    tree = WorkTree(session.git)
    models = sorted(project_of(tree).artifacts)
    unfit = [name for name in models if not names.is_model(name)]
    if not models or unfit:
        said = f"'{unfit[0]}' cannot name a model" if unfit else "no model is declared in this repository"
        raise Usage(said, fix="declare models under 'artifacts:' in dvc.yaml; see 'govkit init'")
    in_force = session.policy if log_storage.exists(session.git) else policyfile.read(tree)[1].in_force
    if in_force is None:
        raise Usage("the policy does not parse", fix="see 'govkit policy check'")
    policy = in_force.policy
    stages = list(policy.stages)
    for stage in wishes.deploy:
        if stage not in stages:
            raise Usage(f"the policy knows no stage '{stage}'", why=f"stages: {', '.join(stages)}", fix="name one")
    _check(wishes)
    install = wishes.install or f"dvc-govkit=={metadata.version('dvc-govkit')}"
    mirrored = policy.audit is not None and bool(policy.audit.mirrors)
    deploy = [stage for stage in stages if not wishes.deploy or stage in wishes.deploy]
    return Facts(models, stages, deploy, mirrored, wishes.script, sorted(set(wishes.secrets)), install)


def _check(wishes: Wishes) -> None:
    """Refuse what could be more than the name that it should be."""
    for name in wishes.secrets:
        if not _SECRET.fullmatch(name):
            why = "capital letters, digits and _, and nothing that the server, Git, Python or a shell reads itself"
            raise Usage(f"'{name}' cannot name a secret", why=why, fix="name it otherwise, such as AWS_ACCESS_KEY_ID")
    if not _SCRIPT.fullmatch(wishes.script) or ".." in PurePosixPath(wishes.script).parts:
        raise Usage(f"'{wishes.script}' is no path of a script in the repository", fix="name one, such as scripts/x.sh")
    if wishes.install and not _REQUIREMENT.fullmatch(wishes.install):
        raise Usage(f"'{wishes.install}' is nothing that pip installs", fix="such as 'dvc-govkit[s3]==0.1.0'")


def render(package: str, template: str, found: Facts, **more: Any) -> str:
    """Return a file made from a template of a package below this one."""
    return _environment(package).get_template(template).render(facts=found, **more)


@cache
def _environment(package: str) -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    folder = resources.files("govkit.integrations") / package / "templates"

    def source(name: str) -> str:
        return (folder / name).read_text(encoding="utf-8")

    made = Environment(
        loader=FunctionLoader(source),
        autoescape=False,  # noqa: S701 - these are YAML, and every value goes through 'quoted' or is a constant
        undefined=StrictUndefined,
        # What is usual in templates stands in workflows themselves.
        variable_start_string="[[",
        variable_end_string="]]",
        block_start_string="[%",
        block_end_string="%]",
        comment_start_string="[#",
        comment_end_string="#]",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    quote: Callable[[Any], str] = json.dumps
    made.filters["quoted"] = quote
    return made


def write(folder: Path, made: Mapping[str, str], *, dry_run: bool = False) -> list[Path]:
    """Write files below a folder; returns those that were not there in the same words.

    Raises:
        Refused: if somebody else wrote one of them, or a symbolic link stands in the way; then none is written.
    """
    changed: list[Path] = []
    for name, text in made.items():
        path = folder / name
        inside = path.parent.resolve().is_relative_to(folder.resolve())
        if path.is_symlink() or not inside or (path.exists() and not path.is_file()):
            raise Refused(f"{path} is no plain file inside of {folder}", why="it would be written over", fix="move it")
        before = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
        if before and not before.startswith(MARK):
            why = f"its first line does not begin with {MARK}"
            raise Refused(f"{path} was not made by govkit", why=why, fix="move it, or name another folder with -o")
        if before != text:
            changed.append(path)
    for path in changed if not dry_run else []:
        files.write(path, made[path.relative_to(folder).as_posix()].encode())
    return changed
