"""The manifest of a version: every file and reference in it."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from . import types
    from .artifact import Artifact


class ArtifactManifest:
    """What a version holds. It does not change."""

    def __init__(self, artifact: Artifact, nodes: Iterable[types.ManifestEntryNode]) -> None:
        self.entries: dict[str, ArtifactManifestEntry] = {
            node["path"]: ArtifactManifestEntry(artifact, node) for node in nodes
        }

    def __len__(self) -> int:
        return len(self.entries)

    def size(self) -> int:
        """The sum of the sizes that are known, in bytes."""
        return sum(entry.size or 0 for entry in self.entries.values())

    def get_entry_by_path(self, path: str) -> ArtifactManifestEntry | None:
        """The entry under a path, or None."""
        return self.entries.get(path)

    def get_entries_in_directory(self, directory: str) -> list[ArtifactManifestEntry]:
        """The entries below a folder."""
        below = directory.rstrip("/") + "/"
        return [entry for path, entry in self.entries.items() if path.startswith(below)]

    def __repr__(self) -> str:
        return f"<ArtifactManifest ({len(self)} entries)>"


class ArtifactManifestEntry:
    """A file of a version, or a reference to something elsewhere."""

    __slots__ = ("_artifact", "_node")

    def __init__(self, artifact: Artifact, node: types.ManifestEntryNode) -> None:
        self._artifact = artifact
        self._node = node

    @property
    def path(self) -> str:
        """The path in the version."""
        return self._node["path"]

    @property
    def name(self) -> str:
        """The path in the version. Deprecated: use path."""
        import warnings

        warnings.warn(
            "ArtifactManifestEntry.name is deprecated, use .path instead.",
            DeprecationWarning,
            stacklevel=2,
        )
        return self._node["path"]

    @property
    def digest(self) -> str:
        """The base64 MD5 of a file, or what the store of a reference said."""
        return self._node["digest"]

    @property
    def size(self) -> int | None:
        """The size in bytes, None where the manifest does not say."""
        size = self._node.get("size")
        return None if size is None else int(size)

    @property
    def ref(self) -> str | None:
        """The URI of a reference, None for a file that the server keeps."""
        return self._node.get("ref")

    @property
    def birth_artifact_id(self) -> str | None:
        """The id of the version that first brought the contents."""
        return self._node.get("birth_artifact_id")

    @property
    def extra(self) -> dict[str, Any]:
        """What else is said of it."""
        return self._node.get("extra") or {}

    @property
    def local_path(self) -> str | None:
        """The file that was added to a draft, None for what was logged."""
        return None

    def parent_artifact(self) -> Artifact:
        """The version that holds it."""
        return self._artifact

    def download(
        self, root: str | os.PathLike[str] | None = None, skip_cache: bool | None = None
    ) -> str:
        """Puts it into a folder, and returns its path there."""
        folder = self._artifact._default_root() if root is None else os.fspath(root)
        self._artifact._download(folder, skip_cache=bool(skip_cache), paths=[self.path])
        return os.path.join(folder, self.path)

    def ref_target(self) -> str:
        """Where a reference leads. ValueError for a file."""
        if self.ref is None:
            raise ValueError("Only reference entries support ref_target().")
        return self.ref

    def ref_url(self) -> str:
        """The URI by which another version can refer to it."""
        import base64

        self._artifact._of_session()  # a draft has no id
        hex_id = base64.b64decode(str(self._artifact.id)).hex()
        return f"wandb-artifact://{hex_id}/{self.path}"

    def __repr__(self) -> str:
        fields = {"path": self.path, "digest": self.digest, "ref": self.ref, "size": self.size}
        told = ", ".join(f"{k}={v!r}" for k, v in fields.items() if v is not None)
        return f"ArtifactManifestEntry({told})"


class DraftEntry(ArtifactManifestEntry):
    """A file that was added to a draft."""

    __slots__ = ("_local_path",)

    def __init__(self, artifact: Artifact, path: str, local_path: str | os.PathLike[str]) -> None:
        size = str(os.path.getsize(local_path))
        super().__init__(artifact, {"path": path, "digest": "", "size": size})
        self._local_path = os.path.abspath(local_path)

    @property
    def local_path(self) -> str:
        """The file."""
        return self._local_path

    @property
    def digest(self) -> str:
        """The base64 MD5 of the file, which is read for it when first asked for."""
        if not self._node["digest"]:
            import base64
            import hashlib

            md5 = hashlib.md5(usedforsecurity=False)
            with open(self._local_path, "rb") as file:
                while block := file.read(1 << 20):
                    md5.update(block)
            self._node["digest"] = base64.b64encode(md5.digest()).decode()
        return self._node["digest"]
