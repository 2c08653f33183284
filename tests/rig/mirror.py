"""The Debian mirror of this machine, as apt itself knows it."""

from functools import cache

from tests.rig.program import run


@cache
def debian() -> str:
    """The address of the main archive; read at run time, since every site has its own."""
    rows = run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(LABEL)", "Created-By: Packages"]).splitlines()
    sites = [site for site, _, label in (row.partition(" ") for row in rows) if label == "Debian"]
    if not sites:
        raise LookupError("apt knows no Debian archive: run `apt-get update` first")
    return sites[0]
