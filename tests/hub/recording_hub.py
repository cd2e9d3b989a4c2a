"""A stand-in for the Hub on loopback: it takes uploads, writes them down as git commits, and can be told to fail.

Only what huggingface_hub asks for when it creates a repository, uploads a folder and fetches a snapshot. Repositories
lie under root/models/owner/name as git-lfs repositories, where another server can read them too.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from tests.hub.loopback import Handler, Refused, Server

GIT = shutil.which("git") or "git"
LARGE = (".safetensors", ".zip", ".bin")  # the suffixes the Hub stores with git-lfs
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size}\n"


class Fault(NamedTuple):
    """How the next matching requests are treated instead of being answered."""

    pattern: str  # of "METHOD /path"
    status: int = 0  # 0: half of the body is sent, then the line is dropped
    code: str = ""  # X-Error-Code
    times: int = 1_000


class Stored(NamedTuple):
    """A file of a commit."""

    path: str
    blob: str  # git's hash
    data: bytes
    large: bool


class RecordingHub:
    """The server. `requests` is what it was asked, `created` the bodies of repository creations."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.requests: list[str] = []
        self.created: list[dict[str, Any]] = []
        self.public: set[str] = set()
        self.faults: list[Fault] = []
        self._lock = threading.RLock()
        self._known: dict[tuple[str, str, str], dict[str, Stored]] = {}
        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.hub = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def fail(self, pattern: str, status: int = 0, code: str = "", times: int = 1_000) -> None:
        self.faults.append(Fault(pattern, status, code, times))

    def fault(self, line: str) -> Fault | None:
        for index, fault in enumerate(self.faults):
            if fault.times and re.search(fault.pattern, line):
                self.faults[index] = fault._replace(times=fault.times - 1)
                return fault
        return None

    # ---- the git side -------------------------------------------------------------------------------------------

    def repository(self, kind: str, name: str) -> Path:
        return self.root / kind / name

    def commits(self, name: str, kind: str = "models") -> list[str]:
        """Messages of the commits, newest first."""
        return (
            self.git(self.repository(kind, name), "log", "--format=%s").split("\n") if self.exists(kind, name) else []
        )

    def exists(self, kind: str, name: str) -> bool:
        return (self.repository(kind, name) / ".git").is_dir()

    def git(self, folder: Path, *arguments: str) -> str:
        who = ["-c", "user.name=Recording Hub", "-c", "user.email=hub@localhost", "-c", "core.autocrlf=false"]
        done = subprocess.run([GIT, *who, "-C", str(folder), *arguments], capture_output=True, check=True, text=True)
        return done.stdout.strip()

    def create(self, kind: str, name: str) -> None:
        folder = self.repository(kind, name)
        with self._lock:
            if self.exists(kind, name):
                address = f"{self.address}/{'' if kind == 'models' else kind + '/'}{name}"
                raise Refused(409, message="You already created this repository", url=address)
            folder.mkdir(parents=True)
            self.git(folder, "init", "--quiet", "--initial-branch=main")
            (folder / ".gitattributes").write_text("*.safetensors filter=lfs diff=lfs merge=lfs -text\n")
            self.git(folder, "add", ".gitattributes")
            self.git(folder, "commit", "--quiet", "--message", "initial commit")

    def sha(self, kind: str, name: str, revision: str) -> str:
        if (kind, name, revision) in self._known:
            return revision
        if not self.exists(kind, name):
            raise Refused(404, "RepoNotFound")
        try:
            return self.git(self.repository(kind, name), "rev-parse", "--verify", f"{revision}^{{commit}}")
        except subprocess.CalledProcessError:
            raise Refused(404, "RevisionNotFound") from None

    def files(self, name: str, revision: str = "main", kind: str = "models") -> dict[str, Stored]:
        """What a commit holds, large files in place of their pointers."""
        key = (kind, name, self.sha(kind, name, revision))
        if key not in self._known:
            self._known[key] = self._read(self.repository(kind, name), key[2])
        return self._known[key]

    def _read(self, folder: Path, sha: str) -> dict[str, Stored]:
        rows = [line.split("\t") for line in self.git(folder, "ls-tree", "-r", sha).splitlines()]
        blobs = [facts.split()[2] for facts, _ in rows]
        command = [GIT, "-C", str(folder), "cat-file", "--batch"]
        asked = "".join(blob + "\n" for blob in blobs).encode()
        stream = io.BytesIO(subprocess.run(command, input=asked, capture_output=True, check=True).stdout)
        found = {}
        for blob, (_, path) in zip(blobs, rows, strict=True):
            data = stream.read(int(stream.readline().split()[2]))
            stream.readline()
            pointer = re.match(rb"version https://git-lfs\S+\noid sha256:([0-9a-f]{64})\n", data)
            if pointer:
                data = self.object(folder, pointer[1].decode()).read_bytes()
            found[path] = Stored(path, blob, data, pointer is not None)
        return found

    def object(self, folder: Path, oid: str) -> Path:
        return folder / ".git" / "lfs" / "objects" / oid[:2] / oid[2:4] / oid

    def put(self, name: str, files: dict[str, bytes], message: str = "by hand", kind: str = "models") -> None:
        """Commit `files` as somebody else would."""
        if not self.exists(kind, name):
            self.create(kind, name)
        folder = self.repository(kind, name)
        for path, data in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            if path.endswith(LARGE):
                oid = hashlib.sha256(data).hexdigest()
                self.object(folder, oid).parent.mkdir(parents=True, exist_ok=True)
                self.object(folder, oid).write_bytes(data)
                (folder / path).write_bytes(POINTER.format(oid=oid, size=len(data)).encode())
            else:
                (folder / path).write_bytes(data)
        self.git(folder, "add", "--all")
        self.git(folder, "commit", "--quiet", "--allow-empty", "--message", message)

    def commit(self, kind: str, name: str, lines: list[dict[str, Any]]) -> str:
        folder, header = self.repository(kind, name), lines[0]["value"]
        with self._lock:
            if header.get("parentCommit") not in (None, self.sha(kind, name, "main")):
                raise Refused(412, message="A commit has happened since. Please refresh and try again.")
            for line in lines[1:]:
                value, path = line["value"], folder / line["value"]["path"]
                path.parent.mkdir(parents=True, exist_ok=True)
                if line["key"] == "deletedFile":
                    path.unlink()
                elif line["key"] == "file":
                    path.write_bytes(base64.b64decode(value["content"]))
                elif not self.object(folder, value["oid"]).is_file():
                    raise Refused(400, message=f"{value['oid']} was never uploaded")
                else:
                    path.write_bytes(POINTER.format(oid=value["oid"], size=value["size"]).encode())
            self.git(folder, "add", "--all")
            self.git(folder, "commit", "--quiet", "--message", header["summary"])
            return self.sha(kind, name, "main")

    # ---- the questions ------------------------------------------------------------------------------------------

    def answer(self, line: str, body: bytes) -> tuple[Any, dict[str, str]]:
        """The answer to "METHOD /path": JSON data or bytes, and headers."""
        for pattern, method in _ROUTES:
            match = re.fullmatch(pattern, line)
            if match:
                answered = getattr(self, method)(*map(unquote, match.groups()), body)
                return answered if isinstance(answered, tuple) else (answered, {})
        raise Refused(404, message=f"no such route: {line}")

    def on_create(self, body: bytes) -> Any:
        asked = json.loads(body)
        self.created.append(asked)
        kind, name = asked.get("type", "model") + "s", f"{asked['organization']}/{asked['name']}"
        self.create(kind, name)
        if not (asked.get("private") or asked.get("visibility") == "private"):
            self.public.add(name)
        return {"url": f"{self.address}/{'' if kind == 'models' else kind + '/'}{name}"}

    def on_yaml(self, body: bytes) -> Any:
        return {"errors": [], "warnings": []}

    def on_info(self, kind: str, name: str, revision: str | None, body: bytes) -> Any:
        sha = self.sha(kind, name, revision or "main")
        return {"_id": "0", "id": name, "sha": sha, "private": name not in self.public, "tags": [], "siblings": [
            {"rfilename": path} for path in self.files(name, sha, kind)]}  # fmt: skip

    def on_branch_info(self, kind: str, name: str, body: bytes) -> Any:
        return self.on_info(kind, name, None, body)

    def on_tree(self, kind: str, name: str, revision: str, body: bytes) -> Any:
        rows = []
        for stored in self.files(name, revision, kind).values():
            row = {"type": "file", "oid": stored.blob, "size": len(stored.data), "path": stored.path}
            if stored.large:
                oid = hashlib.sha256(stored.data).hexdigest()
                row["lfs"] = {"oid": oid, "size": len(stored.data), "pointerSize": 130}
            rows.append(row)
        return rows

    def on_preupload(self, kind: str, name: str, body: bytes) -> Any:
        self.sha(kind, name, "main")
        paths = [file["path"] for file in json.loads(body)["files"]]
        modes = ["lfs" if path.endswith(LARGE) else "regular" for path in paths]
        return {"files": [
            {"path": p, "uploadMode": m, "shouldIgnore": False, "oid": None} for p, m in zip(paths, modes, strict=True)
        ]}  # fmt: skip

    def on_batch(self, prefix: str, name: str, body: bytes) -> Any:
        kind = prefix.strip("/") or "models"
        objects = json.loads(body)["objects"]
        for wanted in objects:
            place = f"{self.address}/lfs/{kind}/{name}/{wanted['oid']}"
            wanted["actions"] = {"upload": {"href": place}, "verify": {"href": f"{place}/verify"}}
        return {"transfer": "basic", "objects": objects}

    def on_put(self, kind: str, name: str, oid: str, body: bytes) -> Any:
        if hashlib.sha256(body).hexdigest() != oid:
            raise Refused(400, message="not the bytes that were announced")
        path = self.object(self.repository(kind, name), oid)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        return {}

    def on_verify(self, kind: str, name: str, oid: str, body: bytes) -> Any:
        if self.object(self.repository(kind, name), oid).stat().st_size != json.loads(body)["size"]:
            raise Refused(400, message="not the size that was announced")
        return {}

    def on_commit(self, kind: str, name: str, body: bytes) -> Any:
        oid = self.commit(kind, name, [json.loads(line) for line in body.splitlines()])
        return {"success": True, "commitOid": oid, "commitUrl": f"{self.address}/{name}/commit/{oid}"}

    def on_file(self, name: str, revision: str, path: str, body: bytes) -> Any:
        sha = self.sha("models", name, revision)
        stored = self.files(name, sha).get(path)
        if stored is None:
            raise Refused(404, "EntryNotFound")
        etag = hashlib.sha256(stored.data).hexdigest() if stored.large else stored.blob
        return stored.data, {"ETag": f'"{etag}"', "X-Repo-Commit": sha}


_KIND, _NAME, _REVISION = r"(models|spaces)", r"([\w.-]+/[\w.-]+)", r"([^/]+)"
_ROUTES = [
    (r"POST /api/repos/create", "on_create"),
    (r"POST /api/validate-yaml", "on_yaml"),
    (rf"GET /api/{_KIND}/{_NAME}/revision/{_REVISION}", "on_info"),
    (rf"GET /api/{_KIND}/{_NAME}", "on_branch_info"),
    (rf"GET /api/{_KIND}/{_NAME}/tree/{_REVISION}", "on_tree"),
    (rf"POST /api/{_KIND}/{_NAME}/preupload/main", "on_preupload"),
    (rf"POST /api/{_KIND}/{_NAME}/commit/main", "on_commit"),
    (rf"POST /(spaces/|){_NAME}\.git/info/lfs/objects/batch", "on_batch"),
    (rf"PUT /lfs/{_KIND}/{_NAME}/([0-9a-f]{{64}})", "on_put"),
    (rf"POST /lfs/{_KIND}/{_NAME}/([0-9a-f]{{64}})/verify", "on_verify"),
    (rf"(?:HEAD|GET) /{_NAME}/resolve/{_REVISION}/(.+)", "on_file"),
]
