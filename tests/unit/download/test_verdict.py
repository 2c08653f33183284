"""The table of verdicts, on failures as sites and yt-dlp really word them."""

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from clipmill.outcome import Reject, Retry
from clipmill_download.catch import Failure
from clipmill_download.verdict import verdict

NOW = 1_795_000_000_000
REPORT = (
    "; please report this issue on  https://github.com/yt-dlp/yt-dlp/issues?q= , filling out the appropriate issue "
    "template. Confirm you are on the latest version using  yt-dlp -U"
)
PAGE = "[generic] Unable to download webpage: "
POOL = "HTTPConnection(host='private-login.example', port=80): Failed to establish a new connection: "

FAILURES = [
    # the link leads nowhere
    (PAGE + "HTTP Error 404: Not Found (caused by <HTTPError 404: Not Found>)", Reject, "gone"),
    (PAGE + "HTTP Error 410: Gone (caused by <HTTPError 410: Gone>)", Reject, "gone"),
    ("[youtube] x: Video unavailable. This video has been removed by the uploader", Reject, "gone"),
    ("[youtube] x: Video unavailable. This video is no longer available because the YouTube account associated with "
     "this video has been terminated.", Reject, "gone"),
    ("[youtube] x: Video unavailable", Reject, "gone"),
    ("[twitch:stream] x: The channel is not currently live", Reject, "gone"),
    # not for us
    (PAGE + "HTTP Error 401: Unauthorized", Reject, "private"),
    (PAGE + "HTTP Error 403: Forbidden (caused by <HTTPError 403: Forbidden>)", Reject, "private"),
    ("[youtube] x: Private video. Sign in if you've been granted access to this video. Use --cookies-from-browser or "
     "--cookies for the authentication", Reject, "private"),
    ("[youtube] x: Sign in to confirm your age. This video may be inappropriate for some users.", Reject, "private"),
    ("[youtube] x: Join this channel to get access to members-only content like this video", Reject, "private"),
    ("[vimeo] 1: This video is only available for registered users", Reject, "private"),
    ("[vimeo] 1: This video is protected by a password, use the --video-password option", Reject, "private"),
    ("[youtube] x: The uploader has not made this video available in your country\nThis video is available in Germany."
     "\nYou might want to use a VPN or a proxy server (with --proxy) to workaround.", Reject, "blocked"),
    ("[zdf] x: This video is not available from your location due to geo restriction", Reject, "blocked"),
    ("[TikTok] 1: Your IP address is blocked from accessing this post", Reject, "blocked"),
    # no video
    ("Unsupported URL: http://example.com/login/private", Reject, "unsupported"),
    ("[twitter] 1: No video could be found in this tweet", Reject, "unsupported"),
    ("[x] 1: No video formats found!" + REPORT, Reject, "unsupported"),
    ("[x] 1: Requested format is not available. Use --list-formats for a list of formats", Reject, "unsupported"),
    ("[x] 1: This video is DRM protected", Reject, "drm"),
    ("Did not get any data blocks", Reject, "corrupt"),
    ("The extracted extension ('exe') is unusual and will be skipped for safety reasons.", Reject, "unsupported"),
    ("Unable to download video: ffmpeg would fetch past the guard", Reject, "unsupported"),
    # the way there
    (PAGE + POOL + "[Errno 111] Connection refused", Retry, "network"),
    (PAGE + POOL + "[Errno 113] No route to host", Retry, "network"),
    (PAGE + "HTTPConnection(host='private.example', port=80): Failed to resolve "
     "'private.example' ([Errno -2] Name or service not known)", Retry, "network"),
    ("[download] Got error: HTTPSConnection(): Read timed out. Giving up after 3 retries", Retry, "network"),
    ("[download] Got error: ConnectionResetError(104, 'Connection reset by peer')", Retry, "network"),
    ("[download] Got error: 1000 bytes read, 9000 more expected. Giving up after 3 retries", Retry, "network"),
    (PAGE + "HTTP Error 503: Service Unavailable", Retry, "network"),
    ("unable to download video data: HTTP Error 403: Forbidden", Retry, "network"),
    (PAGE + "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed "
     "certificate (_ssl.c:992)", Reject, "insecure"),
    # not now
    (PAGE + "HTTP Error 429: Too Many Requests", Retry, "limited"),
    ("[youtube] x: Sign in to confirm you’re not a bot. Use --cookies-from-browser or --cookies", Retry, "limited"),
    ("[Instagram] x: Requested content is not available, rate-limit reached or login required", Retry, "limited"),
    ("[youtube] x: Premieres in 3 hours", Retry, "early"),
    ("[youtube] x: This live event will begin in 2 days.", Retry, "early"),
    # ourselves
    (PAGE + POOL + "::ffff:127.0.0.1 lies in loopback, which DOWNLOAD_DENY_NETWORKS denies", Reject, "denied"),
    ("unable to write data: [Errno 28] No space left on device", Retry, "disk"),
    ("Postprocessing: file:x.mp4: Invalid data found when processing input", Reject, "corrupt"),
    ("Postprocessing: Conversion failed!", Retry, "tool"),
    # nobody knows
    ("[facebook] 1: Cannot parse data" + REPORT, Retry, "unexpected"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "outcome", "cause"), FAILURES)
def test_a_failure_is_retried_or_rejected_by_what_it_says(text: str, outcome: type, cause: str) -> None:
    decided = verdict(Failure(text=f"ERROR: {text}"), now=NOW)
    assert (type(decided), decided.cause) == (outcome, cause)


@pytest.mark.parametrize("text", [text for text, _, _ in FAILURES])
def test_a_reason_is_a_line_for_people(text: str) -> None:
    reason = verdict(Failure(text=f"\x1b[0;31mERROR:\x1b[0m {text}"), now=NOW).reason
    assert reason
    assert not any(word in reason for word in ("\x1b", "ERROR", "report this", "yt-dlp", "--", "\n", "caused by", "{"))


def test_a_reason_tells_the_status_and_what_it_means() -> None:
    decided = verdict(Failure(text="ERROR: [generic] x: HTTP Error 404: Not Found"), now=NOW)
    assert decided.reason == "the site says 404: there is nothing at this link"


def test_a_refusal_of_the_guard_names_the_address_and_the_setting() -> None:
    text = "ERROR: [generic] Unable to download webpage: HTTPConnection(host='x', port=80): Failed to establish a new "
    text += "connection: 10.1.2.3 lies in private, which DOWNLOAD_DENY_NETWORKS denies (caused by TransportError())"
    decided = verdict(Failure(text=text), now=NOW)
    assert decided.reason == "10.1.2.3 lies in private, which DOWNLOAD_DENY_NETWORKS denies"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        (" 5 ", 5),
        (format_datetime(datetime.fromtimestamp(NOW / 1000 + 300, UTC), usegmt=True), 300),
        # a date that has passed is now
        (format_datetime(datetime.fromtimestamp(NOW / 1000 - 300, UTC), usegmt=True), 0),
        # nobody waits for a year
        ("31536000", 24 * 3600),
        ("9" * 400, 24 * 3600),
    ],
)
def test_retry_after_is_obeyed_as_seconds_and_as_a_date(header: str, seconds: int) -> None:
    decided = verdict(Failure(text="HTTP Error 429: Too Many Requests", retry_after=header), now=NOW)
    assert isinstance(decided, Retry)
    assert decided.not_before == pytest.approx(NOW + seconds * 1000, abs=1)


@pytest.mark.parametrize("header", [None, "", "soon", "-5", "1.5", "²"])
def test_a_retry_after_that_makes_no_sense_is_none(header: str | None) -> None:
    decided = verdict(Failure(text="HTTP Error 503: Service Unavailable", retry_after=header), now=NOW)
    assert decided == Retry("the site says 503: it is in trouble", "network", None)
