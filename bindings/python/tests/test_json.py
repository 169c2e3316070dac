"""JSON is read and written as the module json does it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from reliquary import _json, errors

VALUES: list[Any] = [
    {},
    [],
    "",
    0,
    -0.0,
    1e300,
    10**40,
    [True, False, None],
    (1, ("a", "b")),
    {"a": {"b": [{"c": []}]}},
    {2: "a", 1.5: "b", True: "c", None: "d"},
    'é \u2028 \ud800 \n \t \x00 " \\ /',
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_it_is_that_of_json(value: Any) -> None:
    text = json.dumps(value, separators=(",", ":"))
    assert _json.encode(value) == text
    assert repr(_json.decode(text)) == repr(json.loads(text))


def test_what_json_has_no_words_for() -> None:
    inside: list[Any] = []
    inside.append(inside)
    for wrong in (float("nan"), float("inf"), {1}, object(), {(1,): 2}, inside):
        with pytest.raises(errors.InvalidError):
            _json.encode({"a": wrong})


def test_what_is_no_json() -> None:
    for text in ("", "{", "nul", '{"a":', "\n"):
        with pytest.raises(ValueError, match="char"):
            _json.decode(text)
