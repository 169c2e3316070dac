"""JSON, read and written as the module json does it, without loading that module.

json brings re and enum, which take longer to load than all of this package. What
does the work in it is CPython's _json, which is called here as json calls it.
"""

from __future__ import annotations

from . import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def _other(value: object) -> object:
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


_parts: Any
_scan: Any
try:
    from _json import (  # type: ignore[import-not-found,unused-ignore]
        encode_basestring_ascii,
        make_encoder,
        make_scanner,
    )

    class _Rules:
        """What a scanner asks for: json.JSONDecoder's own, and None for what is new."""

        strict = True
        parse_float, parse_int = float, int
        parse_constant = float
        object_hook = object_pairs_hook = array_hook = memo = None

    # (markers, default, encoder, indent, separators), (sort_keys, skipkeys, allow_nan)
    _text = (None, _other, encode_basestring_ascii, None, ":", ",")
    _parts = make_encoder(*_text, False, False, False)
    _scan = make_scanner(_Rules)  # type: ignore[arg-type]
except (ImportError, AttributeError, TypeError):  # PyPy, or a CPython to come
    import json

    _parts = json.JSONEncoder(separators=(",", ":"), allow_nan=False).iterencode
    _scan = json.JSONDecoder().raw_decode


def encode(arguments: object) -> str:
    """JSON as the library reads it. NaN and infinity are none."""
    try:
        return "".join(_parts(arguments, 0))
    except (TypeError, ValueError, RecursionError) as cause:
        raise errors.InvalidError(f"the arguments cannot be written as JSON: {cause}") from cause


def decode(text: str) -> Any:
    """Reads JSON as the library writes it: with nothing around it."""
    try:
        return _scan(text, 0)[0]
    except StopIteration:  # it is none: json says where
        import json

        return json.loads(text)
