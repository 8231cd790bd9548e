"""Stands in for a service: `python fake_service.py <behaviour> <port>`."""

import http.server
import signal
import subprocess
import sys
import time


class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        return


def main(behaviour: str, port: int) -> None:
    if behaviour == "dies":
        sys.exit("the reason why it died")
    if behaviour == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        sys.stderr.write("deaf\n")
    if behaviour == "parent":
        # In a session of its own and deaf to SIGTERM: the hardest to find and to stop.
        subprocess.Popen([sys.executable, __file__, "stubborn", "0"], start_new_session=True)
    if port and behaviour != "silent":
        http.server.HTTPServer(("127.0.0.1", port), Ready).serve_forever()
    time.sleep(600)


main(sys.argv[1], int(sys.argv[2]))
