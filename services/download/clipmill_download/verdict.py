"""Decides from the words of a failure whether another attempt is of any use, and says why as a person would. Pure.

From the words, since they are all that comes through: yt-dlp tells a failure after its retries, when the exception is
gone, and most reasons that a site gives (private, removed) never were anything but words.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from clipmill.outcome import Reject, Retry
from clipmill_download import guard, retry_after
from clipmill_download.catch import Failure
from clipmill_download.plain import plain


class Row(NamedTuple):
    """A kind of failure."""

    pattern: str
    outcome: type[Retry] | type[Reject]
    cause: str
    reason: str
    """May name groups of the pattern, and `said`, which is what was said, cleaned."""


# The first row that matches decides, so the order is: ourselves, the network, then the words of sites. A host's name or
# a path stands in many a message, and "login" in it must not make a refused connection a private video.
TABLE = (
    # the guard, whatever its refusal was wrapped in
    Row(rf"(?P<what>\S+ lies in \S+, {guard.DENIES})", Reject, "denied", "{what}"),
    Row(guard.ALONE, Reject, "unsupported", "it is a live stream, or one of a kind that is not supported"),
    Row(r"live DASH videos are not supported", Reject, "unsupported", "it is a live stream, which is not supported"),
    # a page without a video; the link itself follows in the message, so before anything that looks for words
    Row(r"unsupported URL: ", Reject, "unsupported", "there is no video at this link, or none that can be found"),
    Row(r"is not a valid URL|invalid URL|label (empty or )?too long", Reject, "malformed", "this is no link: {said}"),
    # our own disk
    Row(r"no space left on device|Errno 28\b|disk quota exceeded", Retry, "disk", "the disk is full"),
    # HTTP, by status
    Row(r"HTTP Error (?P<status>404|410)\b", Reject, "gone", "the site says {status}: there is nothing at this link"),
    Row(r"HTTP Error (?P<status>401)\b", Reject, "private", "the site says {status}: it asks for a login"),
    Row(r"anti-bot challenge", Reject, "private", "the site lets in people with a browser only (anti-bot challenge)"),
    # a page may be forbidden for ever; a video whose address the page has just given has outlived that address
    Row(r"(data|error): HTTP Error 403\b", Retry, "network", "the site says 403: it refuses the video that it offered"),
    Row(r"HTTP Error (?P<status>403)\b", Reject, "private", "the site says {status}: it refuses access"),
    Row(r"HTTP Error (?P<status>451)\b", Reject, "blocked", "the site says {status}: the law forbids it to show this"),
    Row(r"HTTP Error (?P<status>429)\b", Retry, "limited", "the site says {status}: too many requests"),
    Row(r"HTTP Error (?P<status>408|425|5\d\d)\b", Retry, "network", "the site says {status}: it is in trouble"),
    Row(r"redirect loop", Reject, "unsupported", "the link leads round in a circle"),
    Row(r"HTTP Error (?P<status>4\d\d)\b", Reject, "unsupported", "the site says {status}: it refuses the request"),
    # the way to the site; a name that nobody knows may be a resolver that is down
    Row(r"CERTIFICATE_VERIFY_FAILED", Reject, "insecure", "the site's certificate is not valid: {said}"),
    Row(r"connection refused", Retry, "network", "the site refused the connection: nobody listens there"),
    Row(r"timed out", Retry, "network", "the site did not answer in time"),
    Row(r"failed to resolve|name resolution|name or service not known", Retry, "network", "the site's name is unknown"),
    Row(r"unreachable|no route to host", Retry, "network", "there is no way to the site: network unreachable"),
    Row(r"reset by peer|broken pipe|remote end closed|aborted", Retry, "network", "the connection broke off"),
    Row(r"incomplete ?read|bytes read|expected \d+ bytes|content too short", Retry, "network", "the file broke off"),
    Row(r"\bSSL|EOF occurred", Retry, "network", "no secure connection to the site: {said}"),
    # what yt-dlp finds at a link, or does not
    Row(r"did not get any data blocks|downloaded file is empty", Reject, "corrupt", "the file at this link is empty"),
    Row(r"extension \((?P<suffix>'[^']*')\) is unusual", Reject, "unsupported", "a file named {suffix} is no video"),
    Row(r"\bDRM\b", Reject, "drm", "the video is protected against copying (DRM)"),
    # ffmpeg, merging what came in several files
    Row(r"postprocessing:.*(invalid|could not find)", Reject, "corrupt", "its picture or its sound is none"),
    Row(r"postprocessing:", Retry, "tool", "the files of the video could not be put together: {said}"),
    # words of sites, to programs that ask too often
    Row(r"not a bot|rate.?limit|too many requests|unusual traffic", Retry, "limited", "the site is closed now: {said}"),
    Row(r"try again later", Retry, "limited", "the site is closed now: {said}"),
    # … to people at the wrong place
    Row(r"geo.?(restrict|block)|VPN or a proxy", Reject, "blocked", "the site does not show this where we are: {said}"),
    Row(r"your IP address is blocked", Reject, "blocked", "the site has shut us out: {said}"),
    Row(r"(in|from) your (country|region|location)", Reject, "blocked", "not shown where we are: {said}"),
    # … to those who come too late, or too early
    Row(r"removed|deleted|taken down|terminated|no longer (available|exists)", Reject, "gone", "it is gone: {said}"),
    Row(r"(does not|doesn't) exist|not found", Reject, "gone", "it is gone: {said}"),
    Row(r"not currently live|live event has ended", Reject, "gone", "there is no live stream now: {said}"),
    Row(r"premieres? (in|will)|will begin|has not (yet )?(started|begun)", Retry, "early", "it is too early: {said}"),
    # … to strangers
    Row(r"private|password|confirm your age", Reject, "private", "the site shows this to some people only: {said}"),
    Row(r"log.?in\b|sign.?in\b|logged.?in|registered|cookies", Reject, "private", "the site asks for a login: {said}"),
    Row(r"members|subscri|premium|purchase", Reject, "private", "the site shows this to its members only: {said}"),
    Row(r"video (is )?(unavailable|not available)", Reject, "gone", "the site does not have it: {said}"),
    Row(r"no (video|media|formats)|format is not available", Reject, "unsupported", "there is no video here: {said}"),
)

_UNKNOWN = Row("", Retry, "unexpected", "{said}")


def verdict(failure: Failure, *, now: int) -> Retry | Reject:
    """The outcome that `failure` is, at the time `now` (milliseconds since the epoch)."""
    row, groups = _row(failure.text)
    reason = row.reason.format(said=plain(failure.text), **groups)
    if row.outcome is Reject:
        return Reject(reason, row.cause)
    return Retry(reason, row.cause, retry_after.moment(failure.retry_after, now=now))


def _row(text: str) -> tuple[Row, dict[str, str]]:
    for row in TABLE:
        if match := re.search(row.pattern, text, re.IGNORECASE | re.DOTALL):
            return row, match.groupdict()
    return _UNKNOWN, {}
