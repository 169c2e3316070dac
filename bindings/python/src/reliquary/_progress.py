"""How far a call is, for who wants to know."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any

    Report = Callable[[dict[str, Any]], None]
    Progress = bool | Report | None


def shown(progress: Progress, name: str) -> _Shown:
    """Something that is told how far a call is, and cleans up in the end.

    None shows a bar where tqdm is installed and a person is watching.
    """
    if callable(progress):
        return _Shown(progress, None)
    if progress is False:
        return _Shown(None, None)
    if progress is None:
        import sys

        stderr = sys.stderr
        if stderr is None or not stderr.isatty():
            return _Shown(None, None)
    try:
        from importlib import import_module

        bar = _Bar(import_module("tqdm.auto").tqdm, name)
    except ImportError:
        return _Shown(None, None)
    return _Shown(bar.report, bar)


class _Shown:
    def __init__(self, report: Report | None, bar: _Bar | None) -> None:
        self._report, self._bar = report, bar

    def __enter__(self) -> Report | None:
        return self._report

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()


class _Bar:
    """A bar of tqdm for each phase of a call."""

    def __init__(self, tqdm: Any, name: str) -> None:
        self._tqdm, self._name = tqdm, name
        self._phase, self._bar = "", None

    def report(self, progress: dict[str, Any]) -> None:
        total, done = int(progress["total_bytes"]), int(progress["bytes"])
        if progress["phase"] != self._phase:
            self.close()
            self._phase = progress["phase"]
            self._bar = self._tqdm(
                desc=f"{self._phase} {self._name}",
                total=total,
                unit="B",
                unit_scale=True,
                unit_divisor=1024,
            )
        bar = self._bar
        if bar is not None:
            bar.total = total
            bar.update(done - bar.n)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
