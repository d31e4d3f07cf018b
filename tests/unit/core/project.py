"""A small project in memory: code, data, parameters, weights and reports, as Git and DVC would have them.

``prepare`` reads the raw data and writes two parts; ``train`` makes the weights; ``evaluate`` reports; ``govern`` is
the hook. :class:`Tree` holds the files of the commit and the bytes that DVC tracks; ``lock`` is worked out from them,
so that a test changes one thing after the lock was written and looks at what the card says.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from govkit.core import build, canonical, digests, dvcfiles, modelfile
from govkit.core.build import Facts
from govkit.core.lineage import Project

MODEL = "m"
Json = dict[str, Any]


def md5(data: bytes) -> str:
    """Return an MD5 as DVC writes it."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def md5_of_directory(files: dict[str, bytes]) -> str:
    """Return DVC's MD5 of a directory, given by the bytes of its files."""
    listing = [{"md5": md5(data), "relpath": path} for path, data in sorted(files.items())]
    return md5(json.dumps(listing, sort_keys=True).encode()) + ".dir"


class Tree:
    """The project; everything may be changed before :meth:`card` is called.

    Attributes:
        git: bytes of the files in the commit.
        dvc: bytes of what DVC tracks.
        yaml: the parsed ``dvc.yaml``.
        lock: the parsed ``dvc.lock``.
        raw: the parsed ``data/raw.csv.dvc``.
        more: further parsed DVC files.
    """

    def __init__(self) -> None:
        self.git: dict[str, bytes] = {
            "src/prepare.py": b"print('prepare')\n",
            "src/train.py": b"print('train')\n",
            "src/evaluate.py": b"print('evaluate')\n",
            "params.yaml": b"seed: 1\ntrain:\n  depth: 3\n  rate: 0.1\n",
            "reports/metrics.json": b'{"auc": 0.8}',
            "reports/fairness.json": json.dumps(
                {"schema": "govkit.fairness/v1", "attributes": {"age": {"groups": {"a": {"n": 1}, "b": {"n": 2}}}}}
            ).encode(),
            "requirements.txt": b"xgboost==3.0\n",
            "governance/m/model.yaml": b"schema: govkit.model/v1\nowner: risk\ntier: medium\n",
            "README.md": b"hello\n",
        }
        self.dvc: dict[str, bytes] = {
            "data/raw.csv": b"a,b\n1,2\n",
            "data/train.csv": b"a\n1\n",
            "data/test.csv": b"a\n2\n",
            "models/m.json": b"weights",
            "reports/roc.json": b'[{"fpr": 0, "tpr": 0}, {"fpr": 1, "tpr": 1}]',
            "governance/m/card.html": b"<html>",
        }
        self.yaml: Json = {
            "stages": {
                "prepare": _stage(
                    "python src/prepare.py", ["src/prepare.py", "data/raw.csv"], ["data/train.csv", "data/test.csv"]
                ),
                "train": {
                    **_stage("python src/train.py", ["src/train.py", "data/train.csv"], ["models/m.json"]),
                    "params": ["seed", "train.depth", "train.rate"],
                },
                "evaluate": {
                    **_stage("python src/evaluate.py", ["src/evaluate.py", "models/m.json", "data/test.csv"], []),
                    "outs": [{"reports/fairness.json": {"cache": False}}],
                    "metrics": [{"reports/metrics.json": {"cache": False}}],
                    "plots": [{"reports/roc.json": {"x": "fpr", "y": "tpr", "title": "ROC"}}],
                },
                "govern": _stage("govkit hook", ["models/m.json", "reports/metrics.json"], ["governance/m/card.html"]),
            },
            "artifacts": {"m": {"type": "model", "path": "models/m.json", "desc": "a model", "labels": ["x", 1]}},
        }
        self.raw: Json = {"outs": [self._entry("data/raw.csv") | {"path": "raw.csv"}]}
        self.more: dict[str, Any] = {}
        self.lock: Json = {}
        self.run()

    def run(self) -> None:
        """Write the lock as 'dvc repro' would."""
        stages = {}
        for name, stage in self.yaml["stages"].items():
            outs = [*stage["outs"], *stage.get("metrics", []), *stage.get("plots", [])]
            paths = [next(iter(out)) if isinstance(out, dict) else out for out in outs]
            stages[name] = {
                "cmd": stage["cmd"],
                "deps": [self._entry(path) for path in stage["deps"]],
                "outs": [self._entry(path) for path in paths],
            }
        stages["train"]["params"] = {"params.yaml": {"seed": 1, "train.depth": 3, "train.rate": 0.1}}
        self.lock = {"schema": "2.0", "stages": stages}

    def bytes_of(self, path: str) -> bytes:
        """Return the bytes of a file, wherever it is kept."""
        return self.git[path] if path in self.git else self.dvc[path]

    def _entry(self, path: str) -> Json:
        inside = {p[len(path) + 1 :]: d for p, d in {**self.git, **self.dvc}.items() if p.startswith(path + "/")}
        if inside:
            size = sum(map(len, inside.values()))
            return {"path": path, "hash": "md5", "md5": md5_of_directory(inside), "size": size, "nfiles": len(inside)}
        data = self.bytes_of(path)
        return {"path": path, "hash": "md5", "md5": md5(data), "size": len(data)}

    def entry(self, stage: str, kind: str, path: str) -> Json:
        """Return an entry of the lock, to be changed."""
        found: Json = next(entry for entry in self.lock["stages"][stage][kind] if entry["path"] == path)
        return found

    def project(self) -> Project:
        """Return the project as read from its files."""
        files = {"dvc.yaml": self.yaml, "dvc.lock": self.lock, "data/raw.csv.dvc": self.raw, **self.more}
        return dvcfiles.read_project(files)

    def facts(self, model: str = MODEL) -> Facts:
        """Gather what the plan asks for, and nothing else."""
        project = self.project()
        wanted = build.plan(project, model, self.git)
        contents = {path: self.git[path] for path in wanted.files if path in self.git}
        statements, _ = modelfile.read(model, contents)
        contents |= {path: self.git[path] for path in modelfile.extra_files(statements, self.git)}
        contents |= {item.path: self.dvc[item.path] for item in wanted.reports if item.path in self.dvc}
        sha256 = {item.path: self._sha256(item.path) for item in wanted.items}
        return Facts(sorted(self.git), contents, sha256)

    def _sha256(self, path: str) -> str | None:
        inside = {p[len(path) + 1 :]: d for p, d in self.dvc.items() if p.startswith(path + "/")}
        if inside:
            return digests.directory(
                {"path": p, "sha256": digests.sha256(d), "size": len(d)} for p, d in inside.items()
            )
        return digests.sha256(self.dvc[path]) if path in self.dvc else None

    def card(self, model: str = MODEL) -> bytes:
        """Build the card."""
        return build.build(self.project(), model, self.facts(model))

    def read(self, model: str = MODEL) -> Json:
        """Build the card and return it as JSON."""
        value: Json = canonical.decode(self.card(model))
        return value

    def findings(self) -> tuple[list[str], list[str]]:
        """Return the problems and gaps of the card."""
        found = self.read()["lineage"]
        return found["problems"], found["gaps"]


def _stage(cmd: str, deps: list[str], outs: list[Any]) -> Json:
    return {"cmd": cmd, "deps": deps, "outs": outs}
