"""Prints the public members of classes as JSON, with the parameters of methods.

usage: surface.py MODULE... -- CLASS...: each class is taken from the first module that has it.
"""

import importlib
import inspect
import json
import sys

split = sys.argv.index("--")
modules = [importlib.import_module(name) for name in sys.argv[1:split]]
SPECIAL = ("__len__", "__getitem__", "__iter__", "__next__", "__enter__", "__contains__")


def parameters(function: object) -> list[str]:
    found = []
    for p in inspect.signature(function).parameters.values():  # type: ignore[arg-type]
        if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD):
            found.append(("*" if p.kind is p.VAR_POSITIONAL else "**") + p.name)
        else:
            found.append(p.name + ("" if p.default is p.empty else f"={p.default!r}"))
    return found[1:] if found[:1] in (["self"], ["cls"]) else found


def foreign(kind: type, member: str) -> bool:
    """Whether a member comes from what a class of the package was built on."""
    owner = next((k for k in kind.__mro__ if member in vars(k)), kind)
    return owner.__module__.split(".")[0] in ("pydantic", "pydantic_core", "enum", "builtins")


surface: dict[str, list[str]] = {}
for name in sys.argv[split + 1 :]:
    kind = next((vars(m)[name] for m in modules if name in vars(m)), None) or next(
        (getattr(m, name) for m in modules if hasattr(m, name)), None
    )
    if kind is None:
        continue
    surface[name] = []
    for member in dir(kind):
        value = inspect.getattr_static(kind, member)
        if (member.startswith("_") and member not in SPECIAL) or value is None:
            continue
        if foreign(kind, member) or member.startswith("model_"):
            continue
        if isinstance(value, property):
            surface[f"{name}.{member}"] = []
            if value.fset:
                surface[f"{name}.{member} ="] = []
        elif isinstance(value, (classmethod, staticmethod)) or inspect.isroutine(value):
            try:
                surface[f"{name}.{member}()"] = parameters(
                    value.__func__ if isinstance(value, (classmethod, staticmethod)) else value
                )
            except (TypeError, ValueError):
                surface[f"{name}.{member}()"] = []
        else:
            surface[f"{name}.{member}"] = []
print(json.dumps(surface))
