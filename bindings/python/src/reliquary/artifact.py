"""Versions: those that were logged, and drafts of new ones."""

from __future__ import annotations

import os

from . import errors
from ._nodes import ArtifactData
from ._pages import Paginator
from ._paths import page

TYPE_CHECKING = False
if TYPE_CHECKING:
    import io
    from collections.abc import Collection, Iterable, Sequence
    from contextlib import AbstractContextManager
    from typing import Any

    from . import types
    from ._progress import Progress
    from ._session import Session
    from .artifacts import ArtifactCollection, ArtifactFiles
    from .manifest import ArtifactManifest, ArtifactManifestEntry
    from .runs import Run

    StrPath = str | os.PathLike[str]


class ArtifactNotLoggedError(errors.Error, ValueError):
    """What was asked for, a version only has once it is logged."""

    code = "CONFLICT"


class _Unlogged(dict[str, object]):
    """The attributes of a draft: few, and an error for all others."""

    def __missing__(self, attribute: str) -> Any:
        raise ArtifactNotLoggedError(
            f"the artifact {self['collection']!r} was not logged, and has no {attribute} yet",
            next="log it with Api.log_artifact or save()",
        )


class Artifact(ArtifactData):
    """A version of an artifact, or a draft of one.

    A draft is made by name and type, filled with files, and logged:

        artifact = reliquary.Artifact("pets", type="dataset")
        artifact.add_dir("photos")
        api.log_artifact(artifact)

    Args:
        name: The collection that it becomes a version of.
        type: "dataset", "model", ...
        description: What it is.
        metadata: A dictionary that can be written as JSON.
    """

    def __init__(
        self,
        name: str,
        type: str,
        description: str | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        from ._draft import Draft

        self._session: Session | None = None
        self._draft: Draft | None = Draft()
        self._manifest: ArtifactManifest | None = None
        unlogged = _Unlogged(collection=name, type=type, aliases=[], tags=[], state="PENDING")
        self._node = unlogged  # type: ignore[assignment]
        self._name = name
        self._set = {"description": description, "metadata": dict(metadata or {})}

    @classmethod
    def _of(cls, session: Session, node: types.ArtifactNode, name: str = "") -> Artifact:
        self = cls.__new__(cls)
        self._session, self._draft, self._manifest = session, None, None
        self._adopt(node, name)
        return self

    def _call(self, operation: str, arguments: dict[str, object] | None = None) -> Any:
        if self._session is None:
            _Unlogged(collection=self._name).__missing__("place on a server")
            raise AssertionError
        return self._session.call(operation, {"artifact": self._path(), **(arguments or {})})

    def _of_session(self) -> Session:
        self._path()  # a draft has none, and says so
        assert self._session is not None
        return self._session

    def is_draft(self) -> bool:
        """Whether it was not logged yet."""
        return self._draft is not None

    @property
    def id(self) -> str | None:
        """The server's id of the version, None for a draft."""
        return None if self._draft is not None else self._node["id"]

    @property
    def source_name(self) -> str:
        """The sequence and version that it was logged as."""
        return self._name if self._draft is not None else super().source_name

    @property
    def is_link(self) -> bool:
        """Whether it is seen in a portfolio rather than where it was logged."""
        return self._draft is None and super().is_link

    def __repr__(self) -> str:
        if self._draft is not None:
            return f"<Artifact {self._name} ({self.type}), a draft>"
        return f"<Artifact {self._node['id']}>"

    # Where it belongs.

    @property
    def collection(self) -> ArtifactCollection:
        """The collection that it is seen in."""
        from .artifacts import ArtifactCollection

        session, node = self._of_session(), self._node
        return ArtifactCollection(
            session, node["entity"], node["project"], node["collection"], self.type
        )

    @property
    def source_collection(self) -> ArtifactCollection:
        """The sequence that it was logged to."""
        from .artifacts import ArtifactCollection

        session, node = self._of_session(), self._node
        return ArtifactCollection(
            session,
            node["source_entity"],
            node["source_project"],
            node["source_collection"],
            self.type,
        )

    @property
    def source_artifact(self) -> Artifact:
        """The version as seen in the sequence that it was logged to."""
        if not self.is_link:
            return self
        session = self._of_session()
        node = session.call("artifact_load", {"artifact": self.source_qualified_name})
        return Artifact._of(session, node)

    @property
    def linked_artifacts(self) -> list[Artifact]:
        """The version as seen in each portfolio; [] for one that is seen in a portfolio."""
        if self.is_link:
            return []
        session = self._of_session()
        nodes = self._call("artifact_linked_artifacts")["nodes"]
        return [Artifact._of(session, node) for node in nodes]

    @property
    def url(self) -> str:
        """The page of the version on its server, "" for one that has none."""
        session, node = self._of_session(), self._node
        return page(
            session,
            node["entity"],
            node["project"],
            "artifacts",
            node["type"],
            node["collection"],
            node["version"],
        )

    def logged_by(self) -> Run | None:
        """The run that logged it; None if none did, or none that may be seen."""
        from .runs import Run

        run = self._call("artifact_logged_by").get("run")
        return Run(self._of_session(), run) if run else None

    def used_by(self) -> list[Run]:
        """The runs that used it, as far as they may be seen."""
        from .runs import Run

        session = self._of_session()
        return [Run(session, run) for run in self._call("artifact_used_by")["runs"]]

    def lineage(self, direction: str = "both", depth: int = 5) -> types.GetLineageOutput:
        """What it was made from and what was made from it, over several runs.

        Args:
            direction: "upstream", "downstream" or "both".
            depth: How many runs to walk at most.
        """
        lineage: types.GetLineageOutput = self._call(
            "get_lineage", {"direction": direction, "depth": depth}
        )
        return lineage

    # Changes.

    def save(self, project: str | None = None, settings: object = None) -> None:
        """Sends what was set: description, metadata, aliases, tags and ttl.

        A draft is logged, as Api.log_artifact does it; settings are not used.
        """
        if self._draft is not None:
            if self._session is None:
                from .api import Api

                self._session = Api()._session
            self._log(self._session, project=project)
        elif changes := self._changes():
            self._adopt(self._call("artifact_save", changes), self._name)

    def wait(self, timeout: int | None = None) -> Artifact:
        """Returns the version: logging has ended when save() returns."""
        self._of_session()
        return self

    def json_encode(self) -> dict[str, Any]:
        """What stands for the version in JSON, as wandb writes it."""
        return {
            "_type": "artifactVersion",
            "_version": "v0",
            "id": self.id,
            "version": self.source_version,
            "sequenceName": self.source_name.partition(":")[0],
            "usedAs": None,
        }

    def finalize(self) -> None:
        """Does nothing: what was logged cannot be changed anyway."""

    def delete(self, delete_aliases: bool = False) -> None:
        """Deletes the version with its files. A link is taken out of its portfolio.

        Args:
            delete_aliases: Delete it although it has aliases.
        """
        self._call("artifact_delete", {"delete_aliases": delete_aliases})

    def link(self, target_path: str, aliases: Iterable[str] | None = None) -> Artifact:
        """Puts the version into a portfolio, and returns it as seen there.

        Args:
            target_path: "wandb-registry-<registry>/<collection>", or
                "entity/project/portfolio". The portfolio is made if it is not there.
            aliases: Aliases in the portfolio.
        """
        if self._draft is not None:
            self.save()
        node = self._call("artifact_link", {"target": target_path, "aliases": list(aliases or ())})
        return Artifact._of(self._of_session(), node)

    def unlink(self) -> None:
        """Takes the version out of the portfolio that it is seen in."""
        if not self.is_link:
            raise ValueError(
                f"Artifact {self.qualified_name!r} is not a linked artifact and cannot be "
                "unlinked. To delete it, use 'delete' instead."
            )
        self._call("artifact_unlink")

    # Files.

    @property
    def manifest(self) -> ArtifactManifest:
        """Everything that the version holds. It is fetched once."""
        from .manifest import ArtifactManifest

        if self._manifest is None:
            pages: Paginator[types.ManifestEntryNode] = Paginator(
                self._of_session(),
                "artifact_manifest_page",
                {"artifact": self._path()},
                lambda node: node,
                10_000,
            )
            self._manifest = ArtifactManifest(self, pages)
        return self._manifest

    def get_entry(self, name: StrPath) -> ArtifactManifestEntry:
        """The file or reference under a path in the version. KeyError if there is none."""
        entry = self.manifest.entries.get(os.fspath(name))
        if entry is None:
            raise KeyError(f"Path not contained in artifact: {os.fspath(name)}")
        return entry

    def get_path(self, name: StrPath) -> ArtifactManifestEntry:
        """As get_entry."""
        return self.get_entry(name)

    def files(
        self, names: list[str] | None = None, per_page: int = 50, start: str | None = None
    ) -> ArtifactFiles:
        """The files that the server keeps.

        Args:
            names: Only these paths.
            per_page: How many to fetch at a time.
            start: The cursor of another list, to continue it.
        """
        from .artifacts import ArtifactFiles

        return ArtifactFiles(self._of_session(), self, names, per_page, start)

    def download(
        self,
        root: StrPath | None = None,
        allow_missing_references: bool = False,
        skip_cache: bool | None = None,
        path_prefix: StrPath | None = None,
        multipart: bool | None = None,
        *,
        progress: Progress = None,
    ) -> str:
        """Puts the version's files into a folder, and returns the folder.

        Digests are checked. Files that are in place or in the cache are not fetched
        again, and what an interrupted download has brought is not either.

        Args:
            root: The folder. Default: ./artifacts/<collection>:v<N>.
            allow_missing_references: Go on without references that lead nowhere.
            skip_cache: Neither use nor fill the cache.
            path_prefix: Only files whose path begins with it.
            multipart: Not used: large files are fetched in parts by themselves.
            progress: True or False to show a bar or none, or a function that is told.
                Default: a bar where tqdm is installed and a person is watching.
        """
        folder = os.fspath(root) if root is not None else self._default_root()
        prefix = None if path_prefix is None else os.fspath(path_prefix)
        self._download(folder, prefix, bool(skip_cache), None, allow_missing_references, progress)
        return folder

    def _download(
        self,
        root: StrPath,
        prefix: str | None = None,
        skip_cache: bool = False,
        paths: Sequence[str] | None = None,
        allow_missing_references: bool = False,
        progress: Progress = False,
    ) -> None:
        from ._progress import shown

        session = self._of_session()
        arguments: dict[str, object] = {
            "artifact": self._path(),
            "to": os.path.abspath(root),
            "prefix": prefix,
            "paths": None if paths is None else list(paths),
            "skip_cache": skip_cache,
        }
        with shown(progress, self.name) as report:
            try:
                session.call("download_artifact", arguments, report)
            except (errors.NotFoundError, errors.UnsupportedError) as missing:
                if not allow_missing_references:
                    raise
                import warnings

                warnings.warn(f"references are left out: {missing}", stacklevel=3)
                session.call("download_artifact", {**arguments, "skip_references": True}, report)

    def checkout(self, root: str | None = None) -> str:
        """Makes a folder hold the version and nothing else.

        Files in the folder that are not the version's are removed.
        """
        folder = root or os.path.join(
            os.path.dirname(self._default_root()), self.source_name.partition(":")[0]
        )
        entries = self.manifest.entries
        for where, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(where, name)
                if os.path.relpath(path, folder).replace(os.sep, "/") not in entries:
                    os.remove(path)
        return self.download(folder)

    def verify(self, root: str | None = None) -> None:
        """Compares a folder with the version. ValueError if they differ.

        Args:
            root: The folder. Default: where download() puts the files.
        """
        folder = root or self._default_root()
        found = self._call("verify_artifact", {"folder": os.path.abspath(folder)})["folder"]
        for kind, words in (
            ("extra", "Found file {} which is not a member of artifact {}"),
            ("missing", "Missing file: {}"),
            ("changed", "Digest mismatch for file: {}"),
        ):
            for path in found[kind].get("first", ()):
                raise ValueError(words.format(path, self.name))

    def file(self, root: str | None = None) -> str:
        """Downloads the only file, and returns its path. ValueError if there are several."""
        entries = list(self.manifest.entries.values())
        if len(entries) != 1:
            raise ValueError(
                "This artifact contains more than one file, call `.download()` to get "
                'all files or call .get_entry("filename").download()'
            )
        return entries[0].download(root or self._default_root())

    # Drafts.

    def new_draft(self) -> Artifact:
        """A draft of the next version, with the files of this one.

        Files that stay as they are need not be at hand, and are not sent again.
        """
        session = self._of_session()
        draft = Artifact(self._node["source_collection"], self.type, self.description)
        draft._set["metadata"] = dict(self.metadata)
        draft._session = session
        assert draft._draft is not None
        draft._draft.base = (self.source_entity, self.source_project, self.source_version)
        return draft

    def add_file(
        self,
        local_path: StrPath,
        name: str | None = None,
        is_tmp: bool | None = False,
        skip_cache: bool | None = False,
        policy: str | None = "mutable",
        overwrite: bool = False,
    ) -> ArtifactManifestEntry:
        """Adds a file to a draft. It is read when the draft is logged.

        Args:
            local_path: The file.
            name: Its path in the version. Default: its own name.
            is_tmp: Not used.
            skip_cache: Not used.
            policy: "mutable" or "immutable". In both cases the file must stay as it
                is until the draft is logged.
            overwrite: Whether it takes the place of a file that was added before.
        """
        from .manifest import DraftEntry

        path = self._drafted().add_file(local_path, name, policy, overwrite)
        return DraftEntry(self, path, local_path)

    def add_dir(
        self,
        local_path: StrPath,
        name: str | None = None,
        skip_cache: bool | None = False,
        policy: str | None = "mutable",
        merge: bool = False,
    ) -> None:
        """Adds the files in a folder to a draft, and those in the folders in it.

        Args:
            local_path: The folder.
            name: The path of its files in the version. Default: the top.
            skip_cache: Not used.
            policy: As in add_file.
            merge: Whether its files take the place of those that were added before.
        """
        self._drafted().add_dir(local_path, name, policy, merge)

    def add_reference(
        self,
        uri: ArtifactManifestEntry | str,
        name: StrPath | None = None,
        checksum: bool = True,
        max_objects: int | None = None,
    ) -> None:
        """Adds something to a draft that stays where it is.

        Args:
            uri: Where: http, https, file, s3, gs, ..., or an entry of another version.
            name: Its path in the version. Default: the last part of the URI.
            checksum: Look at it, to tell one content from another.
            max_objects: Not used.
        """
        self._drafted().add_reference(
            uri if isinstance(uri, str) else uri.ref_url(), name, checksum
        )

    def get_added_local_path_name(self, local_path: str) -> str | None:
        """The path in a draft of a file that was added by add_file, None for no such file."""
        path: str | None = self._drafted().path_of(local_path)
        return path

    def new_file(
        self,
        name: str,
        mode: str = "x",
        encoding: str | None = None,
        policy: str | None = "mutable",
    ) -> AbstractContextManager[io.IOBase]:
        """Opens a new file for writing, and adds it to the draft when it is closed.

        Args:
            name: Its path in the version.
            mode: As of open().
            encoding: As of open().
            policy: Not used.
        """
        file: AbstractContextManager[io.IOBase] = self._drafted().new_file(name, mode, encoding)
        return file

    def remove(self, item: StrPath | ArtifactManifestEntry) -> None:
        """Takes a file, or a folder with all that is in it, out of a draft."""
        path = getattr(item, "path", None) or os.fspath(item)  # type: ignore[arg-type]
        self._drafted().remove(path)

    def _drafted(self) -> Any:
        if self._draft is None:
            raise errors.ConflictError(
                f"the artifact {self.name!r} was logged, and can't be changed any more",
                next="change a copy: new_draft()",
            )
        return self._draft

    def _log(
        self,
        session: Session,
        entity: str | None = None,
        project: str | None = None,
        aliases: Collection[str] | None = None,
        tags: Collection[str] | None = None,
        run: str | None = None,
        progress: Progress = None,
    ) -> None:
        """Makes a version of the draft."""
        from ._progress import shown

        arguments = self._log_arguments(entity, project, aliases, tags, run)
        with shown(progress, self._name) as report:
            logged = session.call("log_artifact", arguments, report)
        node = session.call("artifact_load", {"artifact": logged["artifact"]})
        self._drafted().close()
        self._session, self._draft, self._manifest = session, None, None
        self._adopt(node)

    def _log_arguments(
        self,
        entity: str | None,
        project: str | None,
        aliases: Collection[str] | None,
        tags: Collection[str] | None,
        run: str | None,
    ) -> dict[str, object]:
        """What log_artifact is told of the draft."""
        arguments: dict[str, object] = self._drafted().arguments(
            self._node["collection"], entity, project
        )
        arguments.update(
            type=self.type,
            description=self._set.get("description"),
            metadata=self._set.get("metadata") or None,
            aliases=list(aliases or ()) or None,
            tags=[*self.tags, *(tags or ())] or None,
            run=run,
        )
        if "ttl_seconds" in self._set:
            arguments["ttl_seconds"] = max(self._set["ttl_seconds"], 0)
        return arguments
