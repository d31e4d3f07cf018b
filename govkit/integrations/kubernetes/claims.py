"""What a Kubernetes object claims to run: three annotations, in every place where they belong, and the same in each.

``govkit.dev/model``, ``govkit.dev/stage`` and ``govkit.dev/record`` name a model, a stage, and the identity of the
promotion's event (what ``govkit verify`` prints as the record). Pure: an object in, a claim out, or a refusal.

Whoever may create objects writes them, so a claim is all or nothing: what is half there, contradicts itself, is
misspelt, or stands on an object whose pods would not carry it, is refused rather than guessed at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from msgspec import Struct

from govkit.core import names
from govkit.core.digests import is_sha256
from govkit.core.errors import Refused, Usage
from govkit.core.inert import unbroken
from govkit.integrations.kubernetes import source

PREFIX: Final = "govkit.dev/"
MODEL, STAGE, RECORD = f"{PREFIX}model", f"{PREFIX}stage", f"{PREFIX}record"
KEYS: Final = (MODEL, STAGE, RECORD)

#: Where pod templates lie, in whatever workload: Deployment and its like, CronJob, PodTemplate.
_TEMPLATES: Final = (("spec", "template"), ("spec", "jobTemplate", "spec", "template"), ("template",))
#: What lies between object and pod: a CronJob's jobs.
_BETWEEN: Final = (("spec", "jobTemplate"),)
#: The components of a KServe InferenceService, whose ``annotations`` go to their pods.
_COMPONENTS: Final = ("predictor", "transformer", "explainer")
#: Fields of a specification that say how many pods there are.
_COUNTS: Final = ("replicas", "parallelism")
_SHOWN: Final = 80


class Claim(Struct, frozen=True):
    """What an object says it runs.

    Attributes:
        model: the model's full name.
        stage: the stage.
        record: identity of the promotion's event, ``sha256:…``.
        root: the root of trust that a ``govkit://`` source beside it pins, or None.
    """

    model: str
    stage: str
    record: str
    root: str | None = None


def read(thing: Mapping[str, Any], *, any_storage: bool = False) -> Claim | None:
    """Return what an object claims, or None if it claims nothing anywhere.

    Args:
        thing: the object, as the API server sends it.
        any_storage: let an InferenceService that claims something load bytes which govkit does not check.

    Raises:
        Refused: if its annotations are incomplete, misspelt or contradict each other, or would not reach its pods.
    """
    templates = [(*path, "metadata", "annotations") for path in _TEMPLATES if _walk(thing, *path) is not None]
    between = [(*path, "metadata", "annotations") for path in _BETWEEN]
    components = [("spec", name, "annotations") for name in _COMPONENTS if _is_kserve(thing)]
    found = {path: _claim(thing, path) for path in (("metadata", "annotations"), *templates, *between, *components)}
    claims = {".".join(path): claim for path, claim in found.items() if claim is not None}
    _agree(claims)
    for path in templates:
        if claims and found[path] is None:
            place = ".".join(path)
            raise Refused(
                f"its pods would carry no {PREFIX} annotations",
                why=f"{', '.join(claims)} has them, and {place} has none",
                fix=f"write the same three annotations into {place}",
            )
    if claims and _is_kserve(thing) and not any_storage:
        _check_storage(thing)
    return _with_sources(thing, next(iter(claims.values()), None))


def starts_nothing(thing: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    """Tell whether an update lets in nothing new: it leaves claim and specification as they were, or only stops.

    So what already runs can be finalised, labelled, scaled down, suspended and deleted, whatever became of its record
    and however its annotations were written: an object that is to go must be able to.
    """
    if _own(thing) != _own(before):
        return False
    keys = ({*thing} | {*before}) - {"metadata", "status"}
    changed = {key for key in keys if thing.get(key) != before.get(key)}
    return not changed or (changed == {"spec"} and _stops(thing.get("spec"), before.get("spec")))


def _own(thing: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return govkit's annotations on an object as they stand, and whatever looks like one; None if they are no text."""
    metadata = thing.get("metadata")
    annotations = metadata.get("annotations") or {} if isinstance(metadata, Mapping) else {}
    if not isinstance(annotations, Mapping):
        return None
    return {key: value for key, value in annotations.items() if not key.isascii() or PREFIX in key.casefold()}


def _stops(spec: Any, before: Any) -> bool:
    """Tell whether two specifications differ only in that the first asks for fewer replicas, or suspends."""
    if not isinstance(spec, Mapping) or not isinstance(before, Mapping):
        return False
    changed = [key for key in {*spec} | {*before} if spec.get(key) != before.get(key)]
    return all(_is_less(key, spec.get(key), before.get(key)) for key in changed)


def _is_less(key: str, now: Any, before: Any) -> bool:
    if key == "suspend":
        return now is True
    # A number that is left out is one. True is no number, though Python takes it for one.
    fewer, more = (1 if value is None else value for value in (now, before))
    return key in _COUNTS and type(fewer) is int and type(more) is int and 0 <= fewer < more


# -- annotations ------------------------------------------------------------------------------------------------------


def _walk(thing: Any, *path: str) -> Mapping[str, Any] | None:
    """Return the object at a path, or None where a part of it is not there.

    Raises:
        Refused: if something else than an object is there.
    """
    for part in path:
        if thing is None:
            return None
        thing = _mapping(thing, path).get(part)
    return None if thing is None else _mapping(thing, path)


def _mapping(thing: Any, path: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(thing, Mapping):
        raise Refused(f"{'.'.join(path)} cannot be read", why="something else than an object is there")
    return thing


def _claim(thing: Mapping[str, Any], path: tuple[str, ...]) -> Claim | None:
    """Return what the annotations of one place claim."""
    place, annotations = ".".join(path), _walk(thing, *path) or {}
    for key in annotations:
        # Kubernetes takes no key beyond ASCII; whoever posts one hopes that it is read as another.
        if not key.isascii() or (key.casefold().strip().startswith(PREFIX) and key not in KEYS):
            raise Refused(
                f"the annotation '{_seen(key)}' in {place} is not known",
                why=f"it would be overlooked; known are {', '.join(KEYS)}",
                fix="mend its spelling, or take it out",
            )
    values = {key: annotations[key] for key in KEYS if key in annotations}
    if not values:
        return None
    if len(values) < len(KEYS):
        raise Refused(
            f"{', '.join(key for key in KEYS if key not in values)} missing in {place}",
            why="a claim is all three annotations or none",
            fix="take all three from 'govkit kubernetes manifests', or from what 'govkit verify' prints",
        )
    model, stage, record = (_text(place, key, value) for key, value in values.items())
    _check(place, MODEL, model, names.is_model(model), "a model's full name")
    _check(place, STAGE, stage, names.is_stage(stage), "a stage")
    _check(place, RECORD, record, is_sha256(record), "sha256: and 64 hexadecimal digits")
    return Claim(model, stage, record)


def _text(place: str, key: str, value: Any) -> str:
    _check(place, key, value, isinstance(value, str), "text")
    return str(value)


def _check(place: str, key: str, value: Any, good: bool, what: str) -> None:
    if not good:
        raise Refused(f"{key} in {place} is '{_seen(value)}'", why=f"it must be {what}")


def _seen(value: Any) -> str:
    return unbroken(str(value)[:_SHOWN])


def _agree(claims: Mapping[str, Claim]) -> None:
    """Refuse claims that differ from place to place."""
    for place, other in claims.items():
        first, one = next(iter(claims.items()))
        if other != one:
            raise Refused(
                f"{first} and {place} contradict each other",
                why=f"{_words(one)}, and {_words(other)}",
                fix="write the same three annotations into both",
            )


def _words(claim: Claim) -> str:
    return f"{claim.model} in {claim.stage} by {claim.record}"


# -- sources ----------------------------------------------------------------------------------------------------------


def _is_kserve(thing: Mapping[str, Any]) -> bool:
    return str(thing.get("apiVersion", "")).partition("/")[0] == "serving.kserve.io"


def _with_sources(thing: Mapping[str, Any], claim: Claim | None) -> Claim | None:
    """Hold every ``govkit://`` source in an object against its claim; return it with the root that they pin."""
    roots = set()
    for place, uri in _sources(thing):
        try:
            pinned = source.parse(uri)
        except Usage as error:
            raise Refused(f"{place} is no source that govkit knows", why=str(error), fix=error.fix) from error
        if claim is None:
            raise Refused(
                f"{place} is governed, and the object has no {PREFIX} annotations",
                fix="write the three annotations beside it",
            )
        if (pinned.model, pinned.stage, pinned.record) != (claim.model, claim.stage, claim.record):
            raise Refused(
                f"{place} is another model, stage or record than the annotations say",
                why=f"{pinned.model} in {pinned.stage} by {pinned.record}, and {_words(claim)}",
                fix="take both from 'govkit kubernetes manifests'",
            )
        roots.add(pinned.root)
    if len(roots) > 1:
        raise Refused("its sources pin different roots of trust")
    return Claim(claim.model, claim.stage, claim.record, roots.pop()) if claim and roots else claim


def _sources(thing: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield every ``govkit://`` source in an object, with its path: a ``storageUri``, an argument, a variable."""
    rest: list[tuple[str, Any]] = [(key, thing[key]) for key in thing if key not in ("metadata", "status")]
    while rest:
        place, value = rest.pop()
        if isinstance(value, Mapping):
            rest += [(f"{place}.{key}", item) for key, item in value.items() if key != "annotations"]
        elif isinstance(value, list):
            rest += [(f"{place}[{index}]", item) for index, item in enumerate(value)]
        elif isinstance(value, str) and source.SCHEME in value.casefold():
            yield place, value


def _check_storage(thing: Mapping[str, Any]) -> None:
    """Refuse storage beside a claim of which nothing is proven: the annotations would vouch for whatever lies there."""
    rest: list[tuple[str, Any]] = [("spec", thing.get("spec"))]
    while rest:
        place, value = rest.pop()
        if isinstance(value, list):
            rest += [(f"{place}[{index}]", item) for index, item in enumerate(value)]
        if not isinstance(value, Mapping):
            continue
        rest += [(f"{place}.{key}", item) for key, item in value.items()]
        listed = value.get("storageUris")
        uris = [value.get("storageUri")] + [
            one.get("uri") if isinstance(one, Mapping) else one for one in (listed if isinstance(listed, list) else [])
        ]
        wrong = [uri for uri in uris if uri is not None and not str(uri).casefold().startswith(source.SCHEME)]
        wrong += [value["storage"]] if isinstance(value.get("storage"), Mapping) else []
        if wrong:
            raise Refused(
                f"{place} loads '{_seen(wrong[0])}', of which nothing is proven",
                why="its annotations claim an approved model, and its weights come from elsewhere",
                fix="take its storageUri from 'govkit kubernetes manifests'",
            )
