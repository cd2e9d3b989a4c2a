"""HTTP on loopback for the recording hub: requests in, answers or faults out."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


class Refused(Exception):
    """An answer that is not 200."""

    def __init__(self, status: int, code: str = "", message: str = "refused", **more: str) -> None:
        super().__init__(message)
        self.status, self.code, self.more = status, code, more

    def headers(self) -> dict[str, str]:
        return {"X-Error-Message": str(self), **({"X-Error-Code": self.code} if self.code else {})}


class Server(ThreadingHTTPServer):
    """Where a RecordingHub listens."""

    daemon_threads = True
    hub: Any  # a RecordingHub


class Handler(BaseHTTPRequestHandler):
    """Notes each request, and lets the hub answer it, or spoils the answer as it was told to."""

    protocol_version = "HTTP/1.1"
    server: Server

    def _respond(self) -> None:
        hub, body, line = self.server.hub, self._body(), f"{self.command} {urlsplit(self.path).path}"
        hub.requests.append(line)
        fault = hub.fault(line)
        try:
            if fault and fault.status:
                raise Refused(fault.status, fault.code)
            data, headers = hub.answer(line, body)
            status = 200
        except Refused as refused:
            data, status, headers = {"error": str(refused), **refused.more}, refused.status, refused.headers()
        payload = data if isinstance(data, bytes) else json.dumps(data).encode()
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(payload))}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        self.close_connection = bool(fault and not fault.status)
        self.wfile.write(payload[: len(payload) // 2] if self.close_connection else payload)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    do_GET = do_HEAD = do_POST = do_PUT = _respond

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
