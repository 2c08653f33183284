"""How the tree of a job that is over reads as a message to its sender. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePath

from clipmill import identifiers
from clipmill.job_tree import Ending, Failure, JobTree
from clipmill.messages import Artifact
from clipmill_notifier.notice import Notice, NoticeFile, NoticePayload

_TITLES = {
    Ending.SUCCEEDED: "{name} is ready: {made}",
    Ending.PARTLY: "{name} is ready in part: {made}, but something went wrong",
    Ending.FAILED: "{name} could not be made ready",
    Ending.CANCELLED: "{name} was cancelled",
}
_FILES = ("file", "files")
_NOUNS = {"download": _FILES, "cutter": ("part", "parts"), "preview": ("preview", "previews")}
_VERBS = {"download": "downloading", "cutter": "cutting", "preview": "making the preview"}
_TITLE_LENGTH = 120


def render(tree: JobTree, *, store: Path, notice_id: str, timestamp: int) -> Notice:
    """The notice for a job that is over; `store` is where its files lie."""
    files = [_file(artifact, service, store) for service, made in tree.files.items() for artifact in made]
    payload = NoticePayload(
        ending=_ending(tree),
        title=_title(tree),
        text=_text(tree, files, store),
        sender=tree.sender,
        noreply=tree.noreply,
        link=tree.link,
        file_path=tree.file_path,
        reply_to=tree.reply_to,
        results=[file.file_path for file in files],
        files=files,
        attachments=[] if tree.noreply else [file.path for file in files],
        failures=tree.failures,
    )
    return Notice(id=notice_id, job_id=tree.job_id, timestamp=timestamp, payload=payload)


def _ending(tree: JobTree) -> Ending:
    ending = tree.ending
    assert ending is not None, f"job {tree.job_id} is not over"
    return ending


def _title(tree: JobTree) -> str:
    return _TITLES[_ending(tree)].format(name=_name(tree), made=_made(tree))


def _name(tree: JobTree) -> str:
    """What a person would call the job: the title of its video, else its file's name, its link, its id."""
    made = [artifact for artifacts in tree.results.values() for artifact in artifacts]
    titles = (artifact.about.get("title") for artifact in made)
    file = PurePath(tree.file_path).name if tree.file_path else None
    name = next((str(title) for title in titles if title), None) or tree.link or file or f"job {tree.job_id}"
    name = _one_line(name)
    return name if len(name) <= _TITLE_LENGTH else name[: _TITLE_LENGTH - 1] + "…"


def _made(tree: JobTree) -> str:
    """Such as "24 parts and 1 preview"."""
    counts = {service: len(made) for service, made in tree.files.items()}
    made = [f"{count} {_NOUNS.get(service, _FILES)[count != 1]}" for service, count in counts.items()]
    return " and ".join([", ".join(made[:-1]), made[-1]] if made[1:] else made) or "there was nothing to make"


def _text(tree: JobTree, files: list[NoticeFile], store: Path) -> str:
    blocks = [_title(tree) + "."]
    # of a file the name alone: where it lay in the inbox is nothing that a person ever saw
    if origin := tree.link or (tree.file_path and PurePath(tree.file_path).name):
        blocks.append(f"From: {_one_line(origin)}")
    blocks.append("\n".join(_file_lines(files)))
    blocks.append("\n".join(_failure_lines(tree.failures)))
    if tree.failures:
        blocks.append("\n".join(f"The source is kept: {store / source.file_path}" for source in tree.sources))
    blocks.append(f"Job: {tree.job_id}")
    return "\n\n".join(block for block in blocks if block) + "\n"


def _file_lines(files: list[NoticeFile]) -> Iterator[str]:
    if files:
        yield "Files:"
    for file in files:
        yield f"  {file.path} ({', '.join(_facts(file))})"


def _facts(file: NoticeFile) -> Iterator[str]:
    seconds = file.about.get("seconds")
    if isinstance(seconds, (int, float)):
        yield f"{seconds:.1f} s"
    yield _size(file.bytes)


def _failure_lines(failures: list[Failure]) -> Iterator[str]:
    """One line a reason: twenty previews that fail alike are one thing to read."""
    if failures:
        yield "What went wrong:"
    alike: dict[tuple[str, str], int] = {}
    for failure in failures:
        service = identifiers.split_step_id(failure.step_id)[1]
        said = (_VERBS.get(service, service), _one_line(failure.reason))
        alike[said] = alike.get(said, 0) + 1
    for (verb, reason), count in alike.items():
        times = f" ({count} times)" if count > 1 else ""
        yield f"  {verb}: {reason}{times}"


def _file(artifact: Artifact, service: str, store: Path) -> NoticeFile:
    return NoticeFile(
        path=str(store / artifact.file_path),
        file_path=artifact.file_path,
        service=service,
        bytes=artifact.bytes,
        sha256=artifact.sha256,
        about=artifact.about,
    )


def _size(count: int) -> str:
    """Bytes for people: 4.2 MB."""
    size, unit = float(count), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < 1000:
            break
        size, unit = size / 1000, larger
    return f"{size:.1f} {unit}" if unit != "bytes" else f"{count} bytes"


def _one_line(text: str) -> str:
    """The text without line breaks and control characters: a video's title must not forge lines of its own."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+", " ", text).split())
