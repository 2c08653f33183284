"""A page that offers several videos."""

from tests.media.server import Server


def feed(site: Server, *paths: str) -> str:
    """The address of an RSS feed, as podcasts have it, with the videos at `paths`."""
    items = "".join(
        f'<item><title>part {number}</title><enclosure url="{site.url(path)}" type="video/mp4"/></item>'
        for number, path in enumerate(paths, start=1)
    )
    (site.folder / "feed.xml").write_text(f'<rss version="2.0"><channel><title>all</title>{items}</channel></rss>')
    return site.url("feed.xml")
