"""A small service: service.py NAME [--never-ready]. Answers /readyz on PLAUDIT_HTTP_PORT.

It ends at once while there is a file PLAUDIT_LOCAL/NAME-is-broken.
"""

import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Health(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(503 if "--never-ready" in sys.argv else 200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_arguments):
        pass


def leave(_number, _frame):
    print("left gracefully", flush=True)
    os._exit(0)


if (Path(os.environ["PLAUDIT_LOCAL"]) / f"{sys.argv[1]}-is-broken").exists():
    sys.exit("broken")
signal.signal(signal.SIGTERM, leave)
server = ThreadingHTTPServer((os.environ["PLAUDIT_HTTP_HOST"], int(os.environ["PLAUDIT_HTTP_PORT"])), Health)
print(f"public {os.environ['PLAUDIT_PUBLIC_URL']}", flush=True)
print(f"started {os.getpid()}", flush=True)
server.serve_forever()
