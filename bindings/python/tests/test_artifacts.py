"""Files in and out, and everything between, on a registry in a folder."""

from __future__ import annotations

import copy
import json
import os
import pickle
import warnings
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import reliquary
from conftest import PLACE
from reliquary import Api, Artifact, errors
from reliquary._nodes import ArtifactData
from reliquary._pages import Pages
from reliquary._session import Pending


def tree(root: str | Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): path.read_text()
        for path in sorted(Path(root).rglob("*"))
        if path.is_file()
    }


def test_files_in_and_out(api: Api, tmp_path: Path) -> None:
    source = tmp_path / "photos"
    (source / "cats").mkdir(parents=True)
    (source / "cats" / "tom.txt").write_text("a cat\n")
    (source / "rex.txt").write_text("a dog\n")
    draft = Artifact("pets", type="dataset", description="two pets", metadata={"count": 2})
    draft.add_dir(source)
    entry = draft.add_file(source / "rex.txt", name="copies/rex.txt")
    assert entry.path == "copies/rex.txt" and entry.size == 6 and entry.ref is None
    assert entry.local_path == str(source / "rex.txt")
    with pytest.raises(reliquary.ArtifactNotLoggedError):
        entry.ref_url()
    draft.add_reference("https://example.com/pets", name="origin", checksum=False)
    assert draft.is_draft() and draft.id is None and draft.name == "pets"
    assert repr(draft) == "<Artifact pets (dataset), a draft>"

    told: list[dict[str, Any]] = []
    logged = api.log_artifact(
        draft, project=PLACE, aliases=["first"], tags=["small"], progress=told.append
    )
    assert logged is draft and not logged.is_draft()
    assert logged.name == "pets:v0" and logged.qualified_name == f"{PLACE}/pets:v0"
    assert sorted(logged.aliases) == ["first", "latest"] and logged.tags == ["small"]
    assert logged.metadata == {"count": 2} and logged.description == "two pets"
    assert {report["phase"] for report in told} >= {"upload"}

    again = api.artifact(f"{PLACE}/pets:first", type="dataset")
    kept = again.manifest.entries["copies/rex.txt"]
    assert kept.digest == entry.digest and kept.local_path is None
    assert entry.ref_url() == kept.ref_url()
    assert again.id == logged.id and again.digest == logged.digest and again.file_count == 4
    assert sorted(again.manifest.entries) == ["cats/tom.txt", "copies/rex.txt", "origin", "rex.txt"]
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        again.download(tmp_path / "out", path_prefix="cats/")
    assert not seen and tree(tmp_path / "out") == {"cats/tom.txt": "a cat\n"}
    folder = again.download(tmp_path / "all", path_prefix="c")
    assert folder == str(tmp_path / "all")
    assert tree(folder) == {"cats/tom.txt": "a cat\n", "copies/rex.txt": "a dog\n"}


def test_versions_are_made_from_versions(api: Api, pets: str, tmp_path: Path) -> None:
    draft = api.artifact(f"{pets}:latest").new_draft()
    draft.remove("data")
    with draft.new_file("more.txt") as file:
        file.write("more\n")
    with pytest.raises(FileNotFoundError):
        Artifact("x", type="y").remove("nothing")
    draft.save()
    assert draft.version == "v3" and draft.metadata == {"n": 2}
    assert tree(draft.download(tmp_path / "out")) == {
        "more.txt": "more\n",
        "name.txt": "edition 2\n",
    }
    same = Artifact("pets", type="dataset")
    with same.new_file("more.txt") as file:
        file.write("more\n")
    with same.new_file("name.txt") as file:
        file.write("edition 2\n")
    assert api.log_artifact(same, project=PLACE).version == "v3", (
        "the same contents make no version"
    )
    with pytest.raises(errors.ConflictError, match="new_draft"):
        same.add_file("more.txt")


def test_a_draft_has_no_place_yet(tmp_path: Path) -> None:
    draft = Artifact("pets", type="dataset")
    for attribute in ("entity", "version", "digest", "created_at"):
        with pytest.raises(reliquary.ArtifactNotLoggedError, match="log it"):
            getattr(draft, attribute)
    with pytest.raises(reliquary.ArtifactNotLoggedError):
        draft.download()
    with pytest.raises(ValueError, match="not a file"):
        draft.add_file(tmp_path)
    with pytest.raises(ValueError, match="not a directory"):
        draft.add_dir(tmp_path / "missing")
    with pytest.raises(ValueError, match="policy"):
        draft.add_dir(tmp_path, policy="other")
    with pytest.raises(errors.InvalidError):
        draft.new_file("../outside").__enter__()


def test_what_is_set_is_saved(api: Api, pets: str) -> None:
    a = api.artifact(f"{pets}:v0")
    a.description, a.ttl = "changed", timedelta(days=2)
    a.metadata["deep"] = {"list": [1, 2**60, "\u2713"]}
    a.aliases.append("chosen")
    a.tags.append("kept")
    a.save()
    seen = api.artifact(f"{pets}:chosen")
    assert (seen.description, seen.ttl, seen.tags) == ("changed", timedelta(days=2), ["kept"])
    assert seen.metadata == {"n": 0, "deep": {"list": [1, 2**60, "\u2713"]}}
    seen.description = None
    seen.ttl = None
    seen.aliases = []
    seen.save()
    seen = api.artifact(f"{pets}:v0")
    assert (seen.description or "", seen.ttl, seen.aliases) == ("", None, [])

    c = api.artifact_collection("dataset", pets)
    c.description, c.tags = "all pets", ["good"]
    c.save()
    c.name = "animals"
    c.save()
    again = api.artifact_collection("dataset", f"{PLACE}/animals")
    assert (again.description, again.tags, again.id) == ("all pets", ["good"], c.id)
    with pytest.warns(DeprecationWarning, match="change_type"):
        again.change_type("zoo")
    assert api.artifact_collection("zoo", f"{PLACE}/animals").is_sequence()
    again.delete()
    assert not api.artifact_collection_exists(f"{PLACE}/animals", "zoo")


def test_links_and_lineage(api: Api, pets: str) -> None:
    a = api.artifact(f"{pets}:v1")
    link = a.link(f"{PLACE}/shelf", aliases=["best"])
    assert link.is_link and link.source_name == "pets:v1" and link.source_artifact.name == "pets:v1"
    assert [seen.qualified_name for seen in a.linked_artifacts] == [f"{PLACE}/shelf:v0"]
    assert link.collection.name == "shelf" and link.source_collection.name == "pets"
    with pytest.raises(ValueError, match="link artifact"):
        link.ttl = timedelta(days=1)
    maker = a.logged_by()
    assert maker is not None and maker.entity == "local"
    assert [seen.name for seen in maker.logged_artifacts()] == ["pets:v1"]
    maker.use_artifact(api.artifact(f"{pets}:v0"))
    assert [run.id for run in api.artifact(f"{pets}:v0").used_by()] == [maker.id]
    assert [seen.name for seen in maker.used_artifacts()] == ["pets:v0"]
    walked = a.lineage("upstream")
    assert f"{pets}:v0" in {seen["artifact"] for seen in walked["artifacts"]}
    link.unlink()
    assert not a.linked_artifacts
    with pytest.raises(ValueError, match="not a linked artifact"):
        a.unlink()


def test_deleting(api: Api, pets: str) -> None:
    with pytest.raises(errors.ConflictError):
        api.artifact(f"{pets}:latest").delete()
    api.artifact(f"{pets}:latest").delete(delete_aliases=True)
    api.artifact(f"{pets}:v0").delete()
    assert [a.version for a in api.artifacts("dataset", pets)] == ["v1"]


def test_verify_and_checkout(api: Api, pets: str, tmp_path: Path) -> None:
    a = api.artifact(f"{pets}:v2")
    root = a.download(str(tmp_path / "out"))
    a.verify(root)
    (tmp_path / "out" / "data" / "rows.csv").write_text("changed\n")
    with pytest.raises(ValueError, match=r"Digest mismatch for file: data/rows\.csv"):
        a.verify(root)
    (tmp_path / "out" / "extra").write_text("extra\n")
    a.checkout(root)
    a.verify(root)
    assert "extra" not in tree(root)
    os.remove(tmp_path / "out" / "name.txt")
    with pytest.raises(ValueError, match=r"Missing file: name\.txt"):
        a.verify(root)
    assert Path(a.get_entry("name.txt").download(root)).read_text() == "edition 2\n"
    with pytest.raises(KeyError):
        a.get_entry("no such file")
    with pytest.raises(ValueError, match="more than one file"):
        a.file()
    with a.files(names=["name.txt"])[0].download(str(tmp_path / "one")) as file:
        assert file.read() == "edition 2\n"


def test_pages(api: Api, pets: str) -> None:
    versions = api.artifacts("dataset", pets, per_page=2)
    assert len(versions) == 3 == versions.length and len(versions.objects) == 2
    assert [a.version for a in versions] == ["v2", "v1", "v0"]
    assert [a.version for a in versions] == ["v2", "v1", "v0"], "a list can be walked again"
    assert versions[-1].version == "v0" and [a.version for a in versions[1:]] == ["v1", "v0"]
    with pytest.raises(IndexError):
        versions[3]
    for start in (None, -4, -3, -2, -1, 0, 1, 2, 3, 4):
        for stop in (None, -4, -3, -2, -1, 0, 1, 2, 3, 4):
            for step in (None, -2, -1, 1, 2):
                some = api.artifacts("dataset", pets, per_page=1)[start:stop:step]
                assert [a.version for a in some] == ["v2", "v1", "v0"][start:stop:step]
    few = api.artifacts("dataset", pets, per_page=1)
    assert len(few[:2]) == 2 == len(few.objects), "what is enough is all that is asked for"
    first = api.artifacts("dataset", pets, per_page=1)
    assert next(first).version == "v2" and first.more and first.cursor
    rest = api.artifacts("dataset", pets, start=first.cursor)
    assert len(rest) == 3 and [a.version for a in rest] == ["v1", "v0"]
    assert [t.name for t in api.artifact_types(PLACE)] == ["dataset"]
    for wrong in (0, -1, "many"):
        with pytest.raises(ValueError, match="per_page"):
            api.artifacts("dataset", pets, per_page=wrong)  # type: ignore[arg-type]


def test_errors_say_what_to_do(api: Api, pets: str) -> None:
    with pytest.raises(errors.NotFoundError) as missing:
        api.artifact(f"{pets}:v9")
    e = missing.value
    assert isinstance(e, LookupError) and isinstance(e, ValueError)
    assert isinstance(e, reliquary.Error)
    assert e.code == "NOT_FOUND" and e.operation == "artifact_load" and e.next and e.next in str(e)
    a = api.artifact(f"{pets}:v0")
    a.metadata["bad"] = float("nan")
    with pytest.raises(errors.InvalidError, match="JSON"):
        a.save()
    with pytest.raises(ValueError, match="of type 'dataset'"):
        api.artifact(f"{pets}:v0", type="model")
    with pytest.raises(ValueError, match="entity/project/name"):
        api.artifacts("dataset", "a/b/c/d")
    with pytest.raises(errors.UnauthenticatedError) as denied:
        Api({"base_url": "http://127.0.0.1:9"})
    assert isinstance(denied.value, PermissionError)
    with pytest.raises(errors.ClosedError), Api(dir=api.place["dir"]) as closed:
        closed.close()
        closed.artifact(pets)


def test_a_server_that_is_down(program: Any) -> None:
    text = """
import json, reliquary
from reliquary import errors
api = reliquary.Api({"base_url": "http://127.0.0.1:9", "entity": "e"}, api_key="k" * 40, timeout=1)
try:
    api.artifact("e/p/c:v0")
except errors.UnavailableError as e:
    print(json.dumps([isinstance(e, TimeoutError), isinstance(e, ConnectionError), e.retryable]))
"""
    assert program(text) == [True, True, True]


def test_closing(tmp_path: Path) -> None:
    with Api(dir=tmp_path / "registry") as api:
        place = api.place
        assert place["dir"] == str(tmp_path / "registry") and "registry" in repr(api)
        assert api.default_entity == "local" and api.viewer.username == "local"
        assert api.operations.viewer_load()["entity"] == "local"
    with pytest.raises(errors.ClosedError):
        api.artifact("a/b/c")
    api.close()


def test_log_lines(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "reliquary")
    with Api(dir=tmp_path / "registry", log="debug") as api:
        assert not api.artifact_exists("local/vision/pets:v0")
    assert any("asked the server" in record.message for record in caplog.records)


def test_a_bar_shows_progress(
    api: Api, pets: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    api.artifact(f"{pets}:v0").download(tmp_path / "out", progress=True)
    assert "download pets:v0" in capsys.readouterr().err
    api.artifact(f"{pets}:v0").download(tmp_path / "out", progress=False)
    assert capsys.readouterr().err == ""


class Recorder:
    """Notes, in order, where pages that are asked for begin, and which were taken."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, session: Any) -> None:
        self.seen: list[str] = []
        self.canceled = 0
        cursors: dict[object, int] = {None: 0}  # cursors say nothing to people
        submit, take, cancel = session.submit, Pages._take, Pending.cancel

        def note_submit(name: str, arguments: dict[str, object], *more: Any) -> Any:
            page = cursors.setdefault(arguments["after"], len(cursors))
            self.seen.append(f"ask {page}")
            return submit(name, arguments, *more)

        def note_take(pages: Any, page: Any) -> None:
            self.seen.append("take")
            take(pages, page)

        def note_cancel(pending: Pending) -> None:
            self.canceled += not pending.done
            cancel(pending)

        monkeypatch.setattr(session, "submit", note_submit)
        monkeypatch.setattr(Pages, "_take", note_take)
        monkeypatch.setattr(Pending, "cancel", note_cancel)


def test_a_page_is_asked_for_while_the_one_before_is_read(
    api: Api, pets: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Recorder(monkeypatch, api._session)
    # Whoever wants all is given each page when the next one was asked for.
    assert [v.version for v in api.artifacts("dataset", pets, per_page=1)[:]] == ["v2", "v1", "v0"]
    assert asked.seen == ["ask 0", "ask 1", "take", "ask 2", "take", "take"]

    # Whoever walks has not said so before the second item of a page.
    asked.seen.clear()
    versions = api.artifacts("dataset", pets, per_page=2)
    next(versions)
    assert asked.seen == ["ask 0", "take"]
    next(versions)
    assert asked.seen == ["ask 0", "take", "ask 2"]
    assert next(versions).version == "v0" and asked.seen[3:] == ["take"]
    asked.seen.clear()
    assert [v.version for v in api.artifacts("dataset", pets, per_page=1)] == ["v2", "v1", "v0"]
    assert asked.seen == ["ask 0", "take", "ask 1", "take", "ask 2", "take"]
    assert asked.canceled == 0


def test_what_was_asked_for_ahead_is_canceled_when_nobody_wants_it(
    api: Api, pets: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Recorder(monkeypatch, api._session)
    versions = api.artifacts("dataset", pets, per_page=2)
    for _ in range(2):
        next(versions)
    del versions  # at once, not when the garbage collector comes
    assert asked.seen[2:] == ["ask 1"] and asked.canceled == 1

    # A page that fails takes the one behind it along.
    asked.canceled = 0

    def fail(_pages: Any, _page: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Pages, "_take", fail)
    versions = api.artifacts("dataset", pets, per_page=1)
    with pytest.raises(KeyboardInterrupt):
        versions[:]
    assert asked.canceled == 1 and versions._ahead is None


def test_versions_of_a_list_are_as_those_that_were_loaded(api: Api, pets: str) -> None:
    odd = api.artifact(f"{pets}:v1")
    odd.description, odd.tags, odd.metadata = (
        None,
        ["old", "a b"],
        {"n": [1, {"deep": None}], "ü": 2.5},
    )
    odd.ttl = timedelta(days=3)
    odd.save()
    names = [
        name
        for name, value in vars(ArtifactData).items()
        if isinstance(value, property) and name not in ("url", "attrs")
    ]
    assert len(names) > 20
    run = odd.logged_by()
    assert run is not None
    lists = [
        api.artifacts("dataset", pets, per_page=2),
        api.artifacts("dataset", pets, per_page=1),
        run.logged_artifacts(),
    ]
    assert [len(list(versions)) for versions in lists] == [3, 3, 1]
    for version in (version for versions in lists for version in versions.objects):
        loaded = api.artifact(version.qualified_name)
        for attrs_were_read in (False, True):
            for name in names:
                what = (version.name, name, attrs_were_read)
                assert getattr(version, name) == getattr(loaded, name), what
            assert (repr(version), dir(version)) == (repr(loaded), dir(loaded))
            assert list(version.attrs.items()) == list(loaded.attrs.items())  # in this order
            assert version.attrs is version.attrs
        assert json.loads(json.dumps(version.attrs)) == loaded.attrs


def test_versions_of_a_list_share_nothing_that_can_be_changed(api: Api, pets: str) -> None:
    first, second, third = api.artifacts("dataset", pets)
    for version in (first, second):
        version.tags.append("mine")
        version.metadata["mine"] = True
        version.attrs["tags"].append("mine")
    assert (third.tags, third.attrs["tags"], third.metadata) == ([], [], {"n": 0})
    assert first.metadata == {"n": 2, "mine": True}

    # A copy of a node is a dictionary, without the others of its page.
    node: Any = third._node
    row: Any
    (row,) = [v._node for v in api.artifacts("dataset", pets, order="createdAt", per_page=1)][:1]
    for copied in (copy.copy(row), copy.deepcopy(row), pickle.loads(pickle.dumps(row))):
        assert type(copied) is dict and copied == node
    with pytest.raises(KeyError):
        row["no such attribute"]
    assert row.get("no such attribute") is None and row.get("commit_hash", 1) != 1
    third.tags = ["kept"]
    third.save()
    assert api.artifact(f"{pets}:v0").tags == ["kept"]
