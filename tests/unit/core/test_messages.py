"""The wire: what is read, what is refused, what is sent on."""

import json
import string

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipmill import admission, identifiers, messages
from clipmill.messages import MalformedMessage, Step
from clipmill.session import Delivery

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def delivery(body: bytes, **more: str) -> Delivery:
    """A delivery of `body`."""
    return Delivery(body=body, queue="download_queue", tag=1, **more)  # type: ignore[arg-type]


def test_a_step_travels_in_camel_case_with_the_names_of_the_reference() -> None:
    """`from`, `noreply`, `link`, `filePath`."""
    step = Step(job_id="j", id="j/download/0", link="https://x", sender="user123", file_path="inbox/j/a")
    assert json.loads(messages.write_step(step)) == {
        "jobId": "j",
        "stepId": "j/download/0",
        "link": "https://x",
        "filePath": "inbox/j/a",
        "from": "user123",
    }


@given(st.dictionaries(st.text(alphabet=string.ascii_letters, min_size=1), json_values, max_size=4))
def test_unknown_fields_are_kept(extra: dict[str, object]) -> None:
    """Whatever they hold, they come out as they went in."""
    ours = {"jobId": "j", "stepId": "j/cutter/0", "filePath": "a"}
    known = {field.encode_name for field in msgspec.structs.fields(Step)} - {"extra"}
    fields = {key: value for key, value in extra.items() if key not in known} | ours
    assert json.loads(messages.write_step(messages.read_step(fields))) == fields


@given(st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_a_step_or_malformed(body: bytes) -> None:
    """Nothing else is ever raised, and what is salvaged can be parked under a name."""
    try:
        fields = messages.read_object(body)
        admission.admit(fields, delivery(body), "download")
    except MalformedMessage as error:
        assert str(error)
    step = admission.salvage(delivery(body), "download")
    assert identifiers.is_job_id(step.job_id)
    assert admission.salvage(delivery(body), "download").job_id == step.job_id


@given(st.text(max_size=80))
def test_no_job_id_can_be_read_as_a_path(text: str) -> None:
    """Nor as several segments of a stepId."""
    if identifiers.is_job_id(text):
        assert not set(text) & set("/.\0\n ")
        step_id = identifiers.step_id(text, "cutter", "1.0")
        assert identifiers.split_step_id(step_id) == (text, "cutter", "1.0")


def test_an_admitted_download_gets_the_default_pipeline_and_a_cutter_step_none() -> None:
    """What an old producer expects of each queue."""
    body = {"link": "https://x", "filePath": "a"}
    assert admission.admit(body, delivery(b""), "download").pipeline == (("cutter", "preview"),)
    assert admission.admit(body, delivery(b""), "cutter").pipeline == ()


def test_an_amqp_reply_to_becomes_the_jobs_reply_queue() -> None:
    """Unless the message names one itself."""
    assert admission.admit({"link": "x"}, delivery(b"", reply_to="answers"), "download").reply_to == "answers"
    named = admission.admit({"link": "x", "replyTo": "mine"}, delivery(b"", reply_to="answers"), "download")
    assert named.reply_to == "mine"


@pytest.mark.parametrize("job_id", ["", "../x", "a/b", "a.b", "-a", "x" * 65, 7, None, ["a"]])
def test_an_identity_of_the_senders_own_must_be_one(job_id: object) -> None:
    """Empty and missing mean "give me one"; everything else that is no jobId is refused."""
    fields = {"link": "x", "jobId": job_id}
    if job_id in ("", None):
        assert identifiers.is_job_id(admission.admit(fields, delivery(b""), "download").job_id)
    else:
        with pytest.raises(MalformedMessage, match="no jobId"):
            admission.admit(fields, delivery(b""), "download")


def nested(levels: int) -> bytes:
    """A step with an option so many levels deep."""
    return b'{"link": "x", "options": {"deep": ' + b"[" * (levels - 3) + b"[]" + b"]" * (levels - 3) + b"}}"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (nested(101), "nested more than 100 deep"),
        (nested(990), "deep|depth"),  # just below Python's own limit, which is reached on the way on
        (nested(5000), "no JSON"),
        (b'{"link": "' + b"x" * (256 << 10) + b'"}', "more than 262144"),
        (b'{"link": "x", "attempt": -5}', ">= 1"),  # would be retried for ever
        (b'{"link": "x", "attempt": 1e300}', "attempt"),
        (b'{"link": "x", "notBefore": 100000000000000000000000000}', "notBefore"),
        (b'{"link": "x", "parentId": "other/download/0"}', "no stepId of job"),  # nobody would be told of its end
    ],
)
def test_what_no_step_of_ours_is_like_is_refused(body: bytes, why: str) -> None:
    """Before it can do harm; what it says of its sender is salvaged."""
    with pytest.raises(MalformedMessage, match=why):
        admission.admit(messages.read_object(body), delivery(body), "download")
    assert len(admission.salvage(delivery(body), "download").link or "") <= 2000


def test_a_hundred_levels_are_enough_for_everybody() -> None:
    """What is not too deep passes."""
    assert messages.read_object(nested(100))
