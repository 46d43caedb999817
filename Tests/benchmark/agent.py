"""The real binary, `lockkeeper serve`, on a configuration of its own."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Agent:
    """Started, ended and started again on the same state folder and port."""

    def __init__(self, binary, folder, configuration, name="agent"):
        self._binary = binary
        self._folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = os.path.join(folder.path, f"{name}.log")
        self.state = folder.subfolder(f"{name}/state")
        self._configuration = os.path.join(folder.subfolder(name), "lockkeeper.yml")
        self.configure(configuration)
        self.process = None
        #: Whether it has been seen to be ready and has not been ended since.
        self.is_up = False

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def pid(self):
        return self.process.pid

    def configure(self, configuration):
        """What it reads when it starts next or reloads."""
        written = f"{self._configuration}.new"
        with open(written, "w", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            # JSON is YAML.
            json.dump({
                "listen": f"127.0.0.1:{self.port}", "state": self.state,
                "external_url": self.url, **configuration,
            }, file, indent=1)
        # It may be killed and started again at any time.
        os.replace(written, self._configuration)

    def start(self, timeout=30):
        """Returns when it is ready, with how long that took in seconds."""
        begin = time.monotonic()
        self.launch()
        while not self.is_ready():
            if self.process.poll() is not None:
                raise RuntimeError(f"the agent ended with status {self.process.returncode}:\n{self.log_end()}")
            if time.monotonic() - begin > timeout:
                raise RuntimeError(f"the agent is not ready after {timeout} s:\n{self.log_end()}")
            time.sleep(0.01)
        self.is_up = True
        return time.monotonic() - begin

    def launch(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [self._binary, "serve", "--config", self._configuration], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, cwd="/", start_new_session=True)
        self._folder.guard(self.pid)

    def stop(self):
        """As an administrator does."""
        self._end(signal.SIGTERM)

    def kill(self):
        self._end(signal.SIGKILL)

    def hang_up(self):
        """Has it read its configuration again; whether it could be told to."""
        process = self.process
        # Before it is ready it may not be listening, and then the signal ends it.
        if process is None or not self.is_up:
            return False
        process.send_signal(signal.SIGHUP)
        return True

    def _end(self, number):
        self.is_up = False
        if self.process is None:
            return
        self.process.send_signal(number)
        # One that is suspended hears nothing else.
        self.process.send_signal(signal.SIGCONT)
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise RuntimeError(f"the agent does not end within 20 s of signal {number}:\n{self.log_end()}") from None
        finally:
            self._folder.release(self.pid)
            self.process = None

    def is_ready(self):
        try:
            return self.get("/-/ready", timeout=2) is not None
        except (urllib.error.URLError, OSError, http.client.HTTPException):
            return False

    def get(self, path, timeout=10):
        with urllib.request.urlopen(self.url + path, timeout=timeout) as answer:
            return answer.read().decode()

    def ask(self, method, path, document=None, token=None, timeout=5):
        """Status and JSON of the answer; None where there was none."""
        request = urllib.request.Request(self.url + path, method=method)
        if document is not None:
            request.data = json.dumps(document).encode()
            request.add_header("Content-Type", "application/json")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            try:
                with urllib.request.urlopen(request, timeout=timeout) as answer:
                    status, body = answer.status, answer.read()
            except urllib.error.HTTPError as error:
                status, body = error.code, error.read()
            return status, json.loads(body)
        except (OSError, http.client.HTTPException, ValueError):
            return None

    def metrics(self):
        return Metrics(self.get("/metrics"))

    def log_end(self, characters=3000):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()[-characters:]


class Metrics:
    """A scrape, as values by name and labels."""

    _LINE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)")
    _LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')

    def __init__(self, text):
        self._series = {}
        for line in text.splitlines():
            match = self._LINE.fullmatch(line)
            if match:
                name, labels, value = match.groups()
                self._series.setdefault(name, []).append((dict(self._LABEL.findall(labels or "")), float(value)))

    def values(self, name, **labels):
        """Label sets and values of all series that have these labels."""
        return [
            (own, value) for own, value in self._series.get(name, ())
            if all(own.get(label) == wanted for label, wanted in labels.items())
        ]

    def total(self, name, **labels):
        return sum(value for _, value in self.values(name, **labels))


def wait_until(condition, timeout, what, step=0.02):
    """Returns what the condition does once that is true, and how long it took."""
    begin = time.monotonic()
    while True:
        result = condition()
        if result:
            return result, time.monotonic() - begin
        if time.monotonic() - begin > timeout:
            raise RuntimeError(f"{what}: not within {timeout} s")
        time.sleep(step)
