"""Files as calls take them: a path, bytes, an open binary file, or one that the server has or fetches."""

import mimetypes
import os
from typing import BinaryIO, Dict, Tuple, Union

File = Union[str, "os.PathLike[str]", bytes, bytearray, BinaryIO]
# {"upload": id}, {"job": id, "input": name} or {"url": address}
InputRef = Dict[str, str]
Input = Union[File, InputRef]

_STARTS = (
    (b"\xff\xd8", "image/jpeg"),
    (b"\x89PNG", "image/png"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"\x1a\x45\xdf\xa3", "video/webm"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"PK\x03\x04", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (b"{", "application/json"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}


def read(file: File) -> Tuple[bytes, str]:
    """The bytes, and their media type; the server looks at the content itself."""
    if isinstance(file, (bytes, bytearray)):
        content = bytes(file)
    elif isinstance(file, (str, os.PathLike)):
        with open(file, "rb") as opened:
            content = opened.read()
    else:
        content = file.read()
    name = file if isinstance(file, (str, os.PathLike)) else getattr(file, "name", "")
    return content, _type_of(content) or mimetypes.guess_type(str(name))[0] or "text/csv"


def _type_of(content: bytes) -> str:
    if content[:4] == b"RIFF":
        return _RIFF.get(content[8:12], "audio/wav")
    if content[4:8] == b"ftyp":
        brand = content[8:12]
        if brand[:3] in (b"hei", b"hev", b"mif", b"msf"):
            return "image/heic"
        if brand[:3] == b"avi":
            return "image/avif"
        if brand[:2] == b"qt":
            return "video/quicktime"
        return "audio/mp4" if brand[:3] == b"M4A" else "video/mp4"
    return next((kind for start, kind in _STARTS if content.startswith(start)), "")
