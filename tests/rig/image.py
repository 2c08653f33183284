"""Builds container images from Debian packages, once per recipe: no image can be pulled where the tests run."""

import fcntl
import hashlib
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.rig import daemon, leftovers, mirror
from tests.rig.program import ProgramFailed, pipe, run


@dataclass(frozen=True)
class Recipe:
    """A Debian release, the packages in it, and what is done inside before it becomes an image."""

    name: str
    release: str
    packages: tuple[str, ...]
    hooks: tuple[str, ...] = ()  # shell lines for mmdebstrap; $1 is the root under construction
    keep_lists: bool = False  # apt inside the container then needs no `apt-get update`

    @property
    def tag(self) -> str:
        digest = hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()
        return f"clipmill-rig:{self.name}-{digest[:12]}"


def build(recipe: Recipe) -> str:
    """The tag of the recipe's image, which is made now if this machine has none yet."""
    daemon.ensure()
    leftovers.sweep()
    with _alone(recipe):
        if not _exists(recipe.tag):
            _import(recipe)
    return recipe.tag


def _import(recipe: Recipe) -> None:
    try:
        pipe(_bootstrap(recipe), ["docker", "import", "-", recipe.tag])
    except ProgramFailed:
        # Docker has imported what there was of it
        run(["docker", "image", "rm", "--force", recipe.tag])
        raise


def _bootstrap(recipe: Recipe) -> list[str]:
    options = ["--variant=minbase", "--quiet", f"--include={','.join(recipe.packages)}"]
    options += [f"--customize-hook={line}" for line in recipe.hooks]
    if recipe.keep_lists:
        options.append("--skip=cleanup/apt")
    return ["mmdebstrap", *options, recipe.release, "-", mirror.debian()]


def _exists(tag: str) -> bool:
    try:
        run(["docker", "image", "inspect", tag])
    except ProgramFailed:
        return False
    return True


@contextmanager
def _alone(recipe: Recipe) -> Iterator[None]:
    """Two test runs at the same time build the image once."""
    with (Path(tempfile.gettempdir()) / recipe.tag.replace(":", "-")).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
