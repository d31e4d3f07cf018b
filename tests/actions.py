"""Runs workflows of GitHub Actions on this machine, as far as govkit's need it, against a bare repository.

What stands in a workflow is what runs: its ``run:`` scripts, in order, with the environment, outputs, conditions and
matrices that it names. Checking out is done as ``actions/checkout`` does it with ``fetch-depth: 0``; setting Python up
and installing govkit are left out, as both are here. ``kubectl`` and ``gh`` are stand-ins that keep their arguments.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.world import World

FAKES = Path(__file__).parent / "fakes"
_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}")
_TOKEN = re.compile(r"'(?:[^']|'')*'|[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*|&&|\|\||!=|==|!|[()]|\s+")
_WORDS = {"&&": " and ", "||": " or ", "!": " not "}


@dataclass
class Job:
    """What became of a job: ``success``, ``failure`` or ``skipped``; its outputs, log and summary."""

    result: str = "success"
    outputs: dict[str, str] = field(default_factory=dict)
    log: str = ""
    summary: str = ""
    ran: list[str] = field(default_factory=list)


class Runner:
    """A runner for one repository.

    Args:
        world: gives folder and environment.
        bare: the repository that everybody pushes to.
        secrets: secrets by name.
        variables: the repository's variables by name.
    """

    def __init__(self, world: World, bare: Path, secrets: Mapping[str, str], variables: Mapping[str, str]) -> None:
        self.world, self.bare, self.secrets, self.variables = world, bare, dict(secrets), dict(variables)
        self.state = world.folder / "outside"
        self.state.mkdir()
        self._count = 0

    def calls(self, program: str) -> list[list[str]]:
        """Return the arguments of each call of a stand-in."""
        path = self.state / f"{program}.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def run(
        self, text: str, event: str, *, inputs: Mapping[str, str] | None = None, ref: str = "main", only: str = ""
    ) -> dict[str, Job]:
        """Run all jobs of a workflow, or only one, in the order in which they stand; return what became of each leg."""
        workflow = yaml.safe_load(text)
        done: dict[str, Job] = {}
        for name, job in workflow["jobs"].items():
            if only not in ("", name):
                done[name] = Job()
                continue
            values = {
                "github.event_name": event,
                "github.token": "the-token",
                "github.triggering_actor": "octocat",
                "github.server_url": "https://github.example",
                "github.repository": "acme/models",
                "github.ref_name": ref,
                "github.event.repository.default_branch": "main",
                "github.run_id": "7",
                **{f"inputs.{key}": value for key, value in (inputs or {}).items()},
            }
            needs = job.get("needs", [])
            needs = [needs] if isinstance(needs, str) else needs
            results = [done[need] for need in needs]
            for need in needs:
                values[f"needs.{need}.result"] = done[need].result
                values.update({f"needs.{need}.outputs.{key}": value for key, value in done[need].outputs.items()})
            if not self._goes(job.get("if"), values, all(one.result == "success" for one in results)):
                done[name] = Job("skipped")
                continue
            legs = self._legs(job, values)
            for leg in legs:
                label = name if len(legs) == 1 else f"{name} ({', '.join(leg.values())})"
                matrix = {f"matrix.{key}": value for key, value in leg.items()}
                done[label] = self._job(workflow, job, {**values, **matrix}, ref)
            done.setdefault(name, done[label])
        return done

    def _legs(self, job: Any, values: Mapping[str, str]) -> list[dict[str, str]]:
        ((key, listed),) = job.get("strategy", {}).get("matrix", {"": [""]}).items()
        found = self._value(listed, values) if isinstance(listed, str) else listed
        return [{key: one} if key else {} for one in found]

    def _job(self, workflow: Any, job: Any, values: dict[str, str], ref: str) -> Job:
        self._count += 1
        # Beside the world's own repository, so that the DVC remote's relative path leads to the same place.
        workspace, temp = self.world.folder / f"job{self._count}", self.world.folder / f"temp{self._count}"
        temp.mkdir()
        values["runner.temp"] = str(temp)
        done, shell = Job(), workflow["defaults"]["run"]["shell"]
        assert shell == "bash"
        env = {
            **{key: value for key, value in self.world.env.items() if key != "GOVKIT_KNOWN_ROOTS"},
            "PATH": f"{FAKES}:{self.world.env['PATH']}",
            "HOME": str(temp),
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_OUTPUT": str(temp / "output"),
            "GITHUB_STEP_SUMMARY": str(temp / "summary"),
            "RUNNER_TEMP": str(temp),
            "FAKE_STATE": str(self.state),
            **self._env(workflow, values),
            **self._env(job, values),
        }
        for step in job["steps"]:
            if not self._goes(step.get("if"), values, done.result == "success"):
                continue
            done.ran.append(step["name"])
            if "uses" in step:
                assert re.fullmatch(r"actions/(checkout|setup-python)@[0-9a-f]{40}", step["uses"])
                if step["uses"].startswith("actions/checkout@"):
                    assert step["with"] == {"fetch-depth": 0, "persist-credentials": False}
                    self._check_out(workspace, ref)
                continue
            if step["name"] == "Install govkit":
                continue
            (temp / "output").write_text("")
            script = temp / "script.sh"
            script.write_text(step["run"])
            assert "${{" not in step["run"]
            words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
            ran = subprocess.run(
                words,
                cwd=workspace,
                env={**env, **self._env(step, values)},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
            done.log += f"--- {step['name']}: {ran.returncode}\n{ran.stdout}{ran.stderr}"
            if ran.returncode:
                done.result = "failure"
            for line in (temp / "output").read_text().splitlines():
                key, _, value = line.partition("=")
                values[f"steps.{step['id']}.outputs.{key}"] = value
        done.outputs = {key: str(self._value(text, values)) for key, text in job.get("outputs", {}).items()}
        done.summary = (temp / "summary").read_text() if (temp / "summary").exists() else ""
        assert not (temp / "govkit-key").exists()
        return done

    def _check_out(self, workspace: Path, ref: str) -> None:
        for words in (
            ["init", "-q", str(workspace)],
            ["-C", str(workspace), "remote", "add", "origin", str(self.bare)],
            ["-C", str(workspace), "fetch", "-q", "--tags", "origin", "+refs/heads/*:refs/remotes/origin/*"],
            ["-C", str(workspace), "checkout", "-q", "--detach", f"origin/{ref}"],
        ):
            subprocess.run(["git", *words], check=True, env=self.world.env, capture_output=True)

    def _env(self, place: Any, values: Mapping[str, str]) -> dict[str, str]:
        return {key: self._text(str(value), values) for key, value in place.get("env", {}).items()}

    def _text(self, text: str, values: Mapping[str, str]) -> str:
        return _EXPRESSION.sub(lambda match: str(self._evaluate(match[1], values)), text)

    def _value(self, text: str, values: Mapping[str, str]) -> Any:
        match = _EXPRESSION.fullmatch(text)
        assert match, text
        return self._evaluate(match[1], values)

    def _goes(self, condition: str | None, values: Mapping[str, str], is_well: bool) -> bool:
        if condition is None:
            return is_well
        found = bool(self._value(condition, values))
        return found and (is_well or bool(re.search(r"(?:cancelled|always)\(\)", condition)))

    def _evaluate(self, expression: str, values: Mapping[str, str]) -> Any:
        """Evaluate an expression of GitHub's, of the few kinds that govkit's workflows have."""
        assert "".join(_TOKEN.findall(expression)) == expression, expression
        python = "".join(self._token(token, values) for token in _TOKEN.findall(expression))
        names = {"cancelled": lambda: False, "always": lambda: True, "fromJSON": json.loads}
        return eval(python.strip(), {"__builtins__": {}}, names)

    def _token(self, token: str, values: Mapping[str, str]) -> str:
        if token in ("cancelled", "always", "fromJSON") or not re.match(r"[A-Za-z_]", token):
            return _WORDS.get(token, token)
        kind, _, rest = token.partition(".")
        known = {"secrets": self.secrets, "vars": self.variables}.get(kind)
        # What is not set is empty, as on GitHub; contexts that these workflows do not use are a mistake.
        assert known is not None or kind in ("github", "inputs", "matrix", "needs", "runner", "steps"), token
        assert kind != "github" or token in values, token
        return repr(known.get(rest, "") if known is not None else values.get(token, ""))
