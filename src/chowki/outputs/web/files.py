"""The page's own files, each under its name and no other."""

from __future__ import annotations

import hashlib
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}


def page_folder() -> Path:
    """Return where the page's files are."""
    return Path(__file__).parent / "page"


def find_file(folder: Path, name: str) -> Path | None:
    """Return a file below a folder; None when the name leaves it, hides, or is of no known type.

    Parameters
    ----------
    folder : Path
        Where to look.
    name : str
        As it stood in the address, with slashes between its parts.
    """
    parts = name.split("/")
    if any(not part or part.startswith(".") or set(part) & set("\\:\0") for part in parts):
        return None
    path = folder.joinpath(*parts)
    return path if path.suffix in MEDIA_TYPES and path.is_file() else None


def send_file(request: Request, path: Path) -> Response:
    """Return a file, or word that the browser has it already."""
    content = path.read_bytes()
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"Cache-Control": "no-cache", "ETag": tag}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=MEDIA_TYPES[path.suffix])
