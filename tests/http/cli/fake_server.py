"""A server that plays berth's admin listener: it records requests and answers what a test laid out."""

import http.server
import json
import threading


class Answer:
    """One answer. `raw` is a body that is not JSON; `gate` is an Event awaited before the body is read."""

    def __init__(self, status=200, body=None, headers=None, raw=None, type=None, gate=None, cut=False):
        problem = isinstance(body, dict) and str(body.get("type", "")).startswith("urn:berth:problem:")
        self.status = status
        self.headers = headers or {}
        self.gate = gate
        self.cut = cut
        if raw is not None:
            self.body = raw
            self.type = type or "text/html"
        else:
            self.body = b"" if body is None else json.dumps(body).encode()
            self.type = type or ("application/problem+json" if problem else "application/json")


def problem(rule, status, detail, **more):
    return Answer(status, {
        "type": "urn:berth:problem:" + rule, "title": "Title", "status": status, "detail": detail,
        "retryable": False, "requestId": "req-1", **more})


class Request:
    def __init__(self, method, path, headers, body):
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_expect_100(self):
        # A berth server checks the token before it asks for the body.
        answer = self.server.fake.peek()
        if answer.status >= 400:
            return True
        return super().handle_expect_100()

    def handle_any(self):
        fake = self.server.fake
        answer = fake.take()
        if answer.gate:
            answer.gate.wait(30)
        refused = "Expect" in self.headers and answer.status >= 400
        length = 0 if refused else int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        fake.requests.append(Request(self.command, self.path, self.headers, body))
        if answer.cut:
            self.close_connection = True
            return
        self.send_response(answer.status)
        self.send_header("X-Request-Id", "req-header")
        if answer.status != 204:
            self.send_header("Content-Type", answer.type)
            self.send_header("Content-Length", str(len(answer.body)))
        if refused:
            self.send_header("Connection", "close")
            self.close_connection = True
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(answer.body)
        except (BrokenPipeError, ConnectionResetError):
            pass

    do_GET = do_PUT = do_POST = do_DELETE = handle_any

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # a client that hangs up is nothing to tell


class FakeServer:
    """Answers are taken in the order they were laid out; the last one is used again."""

    def __init__(self):
        self.requests = []
        self.answers = []
        self.lock = threading.Lock()
        self.http = Server(("127.0.0.1", 0), Handler)
        self.http.fake = self
        self.url = "http://127.0.0.1:%d" % self.http.server_port
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def peek(self):
        with self.lock:
            return self.answers[0]

    def take(self):
        with self.lock:
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def close(self):
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()
