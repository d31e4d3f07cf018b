"""Values for property tests: JSON as records hold it, and bytes that are nearly right."""

from typing import Any

from hypothesis import strategies as st

SAFE = 2**53 - 1
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
ascii_texts = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=12)
numbers = st.none() | st.booleans() | st.integers(-SAFE, SAFE) | st.floats(allow_nan=False, allow_infinity=False)
scalars = numbers | texts


def json_values(
    leaves: st.SearchStrategy[Any] = scalars, keys: st.SearchStrategy[str] = texts
) -> st.SearchStrategy[Any]:
    """Return JSON values a few levels deep."""
    return st.recursive(leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4))


@st.composite
def mutated(draw: st.DrawFn, *seeds: bytes) -> bytes:
    """Return one of the seeds with a few bytes changed, dropped, doubled or put in."""
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 8)))
        data[start:end] = draw(st.binary(max_size=6) | st.just(bytes(data[start:end]) * 2))
    return bytes(data)


def hostile(*seeds: bytes) -> st.SearchStrategy[bytes]:
    """Return arbitrary bytes, and bytes that are nearly the seeds."""
    return (
        st.binary(max_size=200)
        | st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace"))
        | mutated(*seeds)
    )
