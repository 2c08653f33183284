"""A package index on this machine (PEP 503) that offers yt-dlp in whatever version a test asks for."""

import base64
import hashlib
import zipfile
from pathlib import Path

import yt_dlp


class Index:
    """A folder to be served by HTTP; `simple/` below it is the index."""

    def __init__(self, root: Path) -> None:
        self._folder = root / "simple" / "yt-dlp"
        self._folder.mkdir(parents=True)

    def offer(self, version: str, *, spoilt: str = "", honest: bool = True) -> None:
        """The installed yt-dlp as `version`, with `spoilt` in its code; not `honest`: the index tells another hash."""
        wheel = self._folder / f"yt_dlp-{version}-py3-none-any.whl"
        _write_wheel(wheel, version, spoilt)
        digest = hashlib.sha256(wheel.read_bytes() if honest else b"another file").hexdigest()
        link = f'<a href="{wheel.name}#sha256={digest}">{wheel.name}</a>'
        (self._folder / "index.html").write_text(f"<!DOCTYPE html><html><body>{link}</body></html>")


def _write_wheel(wheel: Path, version: str, spoilt: str) -> None:
    about = f"yt_dlp-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: yt-dlp\nVersion: {version}\nProvides-Extra: default\n"
    files = {f"{about}/METADATA": metadata.encode(), f"{about}/WHEEL": b"Wheel-Version: 1.0\nTag: py3-none-any\n"}
    package = Path(yt_dlp.__file__).parent
    for path in package.rglob("*.py"):
        files[str(path.relative_to(package.parent))] = path.read_bytes()
    files["yt_dlp/YoutubeDL.py"] += f"\n{spoilt}\n".encode()
    rows = [f"{name},{_hash(data)},{len(data)}" for name, data in files.items()]
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        archive.writestr(f"{about}/RECORD", "\n".join([*rows, f"{about}/RECORD,,", ""]))


def _hash(data: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
