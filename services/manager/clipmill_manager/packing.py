"""A job's story as bytes on the disk: JSON, deflated against the words that every story has. Pure."""

from __future__ import annotations

import zlib

import msgspec

from clipmill_manager.story import Attempt, Story

# What deflate may refer to from the first byte on; what is most frequent stands last. Part of the format: a change here
# is a new VERSION of the tables.
_WORDS = (
    b'{"type":"error","payload":{"error":"HTTP Error 404: Not Found","cause":"unavailable timeout network memory crash '
    b'stalled disk unexpected","cancelled":true,"from":null,"noreply":true,"replyTo":"youtube.com/watch?v=.mkv.webm"}'
    b'"extractor":"uploader":"webpage_url":"link":"https://www."about":{"title":""kind":"preview","seconds":30.0,'
    b'"kind":"poster","width":1280,"height":720,"width":1920,"height":1080,"start":0.0,"frames":'
    b'/download@2","/cutter@1","/preview@1",/preview/0/preview.mp4","bytes":/preview/0/poster.jpg","bytes":'
    b'/preview/0",1,"/cutter/0/0001.mp4","bytes":/download/0",null,"cutter/0",1,"preview/0",1,"'
    b'[["download/0",1,null,"/download@1",null,17,17,{"type":"result","id":"/download/0/result","queueName":'
    b'"download_queue","cutter_queue","preview_queue","workerId":"/download@1","timestamp":17,"jobId":"","stepId":"'
    b'/download/0","parentId":"/download/0","attempt":2,"payload":{"results":["jobs/","jobs/"],"from":"","noreply":'
    b'false,"link":"https://","artifacts":[{"filePath":"jobs/","bytes":,"sha256":"","about":{"seconds":30,"width":'
    b'"spawned":["/cutter/0","/preview/0"]}}],["'
)
_LEVEL = 6
_RAW = -15  # no header and no checksum: the database's pages are watched by others

_encoder = msgspec.json.Encoder()  # not MessagePack: events may hold numbers of any size
_decoder = msgspec.json.Decoder(list[Attempt])


def pack(story: Story, beside: str = "") -> bytes:
    """The story as it is kept; `beside` is text that lies in the same row, and so need not be in the story again."""
    squeeze = zlib.compressobj(_LEVEL, zlib.DEFLATED, _RAW, zdict=_dictionary(story.job_id, beside))
    return squeeze.compress(_encoder.encode(story.attempts())) + squeeze.flush()


def unpack(job_id: str, packed: bytes, beside: str = "") -> Story:
    """The story as it was packed."""
    expand = zlib.decompressobj(_RAW, zdict=_dictionary(job_id, beside))
    return Story(job_id, _decoder.decode(expand.decompress(packed) + expand.flush()))


def _dictionary(job_id: str, beside: str) -> bytes:
    return b"".join((_WORDS, beside.encode(), b'","', job_id.encode()))
