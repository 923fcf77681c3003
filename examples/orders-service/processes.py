"""Starts and kills the processes of the example: PostgreSQL, two processes of the service, and a balancer before them.

Needs Python 3.9 or newer, PostgreSQL (server and client programs), and the packaged applications.
"""

import glob
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SERVICE_JAR = os.path.join(HERE, "target", "quarkus-app", "quarkus-run.jar")
DTC_JAR = os.path.join(ROOT, "target", "quarkus-app", "quarkus-run.jar")
STOCK = os.path.join(ROOT, "examples", "stock-python", "stock.py")
START_SECONDS_MAX = 180


def tool(name):
    """Finds a program of PostgreSQL. Debian does not have those of the server in the path."""
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}")) or [shutil.which(name)]
    if not found[-1]:
        sys.exit(f"{name} is missing: install PostgreSQL")
    return found[-1]


def java():
    """Finds the JDK that the build uses."""
    version = subprocess.run([os.path.join(ROOT, "mvnw"), "--version"], capture_output=True, text=True, check=True)
    home = version.stdout.split("runtime: ")[1].splitlines()[0]
    return os.path.join(home, "bin", "java")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def call(method, url, document=None, headers=None, timeout=5):
    """Returns the status and the JSON document of a response. Fails if there is none."""
    body = None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(
        url, body, {"Content-Type": "application/json", **(headers or {})}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:
            status, text = response.status, response.read()
    except urllib.error.HTTPError as refusal:
        status, text = refusal.code, refusal.read()
    return status, json.loads(text) if text else None


def wait_until(condition, what, seconds=START_SECONDS_MAX):
    deadline = time.monotonic() + seconds
    while True:
        try:
            if condition():
                return
        except (OSError, ValueError, subprocess.CalledProcessError):
            pass  # not yet
        if time.monotonic() > deadline:
            sys.exit(f"timed out: {what}")
        time.sleep(0.2)


class Process:
    """A process that can be killed and started again."""

    def __init__(self, name, directory, command, environment=None):
        self.name, self.command = name, command
        self.environment = {**os.environ, **(environment or {})}
        self.log = os.path.join(directory, f"{name}.log")
        self.process = None
        self.wanted = False
        self.lock = threading.Lock()

    def start(self):
        with self.lock:
            self.wanted = True
            self.launch()

    def kill(self):
        with self.lock:
            self.wanted = False
            if self.process:
                self.end()

    def start_again_if_ended(self):
        """Does what a container platform does with a process that exits, for example because its database is away."""
        with self.lock:
            if self.wanted and self.process.poll() is not None:
                self.launch()

    def launch(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.command, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True)

    def end(self):
        self.process.kill()
        self.process.wait()


class Postgres(Process):
    """A database server with a directory of its own."""

    def __init__(self, directory, port):
        self.port = port
        # The server refuses to run as root, and its user may not be able to read other directories.
        self.data = tempfile.mkdtemp(prefix="orders-postgresql-")
        self.user = []
        if os.geteuid() == 0:
            self.user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
            shutil.chown(self.data, "postgres", "postgres")
        subprocess.run(
            [*self.user, tool("initdb"), "-D", self.data, "-U", "orders", "-A", "trust", "-E", "UTF8"],
            check=True, stdout=subprocess.DEVNULL, cwd="/")
        super().__init__("postgresql", directory, [
            *self.user, tool("postgres"), "-D", self.data, "-p", str(port), "-c", "listen_addresses=127.0.0.1",
            "-c", "unix_socket_directories=", "-c", "max_prepared_transactions=200"])

    def create_database(self):
        wait_until(self.answers, "PostgreSQL answers")
        self.run("createdb", "orders")

    def answers(self):
        return self.run("pg_isready", check=False).returncode == 0

    def run(self, program, *arguments, check=True):
        return subprocess.run(
            [tool(program), "-h", "127.0.0.1", "-p", str(self.port), "-U", "orders", *arguments],
            check=check, capture_output=True, text=True)

    def query(self, sql):
        return self.run("psql", "-d", "orders", "-AtqX", "-c", sql).stdout.split()

    def end(self):
        """Kills all processes of the server at once."""
        children = subprocess.run(
            ["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True, check=False).stdout.split()
        for pid in [self.process.pid, *map(int, children)]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()

    def launch(self):
        # While processes of the killed server still exit, the new one does not start.
        for _ in range(50):
            super().launch()
            try:
                self.process.wait(0.3)
            except subprocess.TimeoutExpired:
                return
        sys.exit(f"PostgreSQL does not start: see {self.log}")

    def remove(self):
        shutil.rmtree(self.data, ignore_errors=True)


def service(name, directory, port, url, postgres, coordinator, java_command):
    """One process of the service. All have the same URL, that of the balancer."""
    return Process(name, directory, [java_command, "-Xmx192m", "-jar", SERVICE_JAR], {
        "QUARKUS_HTTP_PORT": str(port),
        "QUARKUS_DATASOURCE_JDBC_URL": f"jdbc:postgresql://127.0.0.1:{postgres.port}/orders",
        "DTC_COORDINATOR_URL": coordinator,
        "DTC_PARTICIPANT_URL": f"{url}/dtc",
    })


class Balancer:
    """Passes each connection to the next process of the service that accepts it."""

    def __init__(self, port, backends):
        self.backends, self.turns = backends, itertools.count()
        self.listener = socket.create_server(("127.0.0.1", port), backlog=1024)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.connect, args=(client,), daemon=True).start()

    def connect(self, client):
        with client:
            turn = next(self.turns)
            for i in range(len(self.backends)):
                try:
                    server = socket.create_connection(
                        ("127.0.0.1", self.backends[(turn + i) % len(self.backends)]), timeout=1)
                except OSError:
                    continue
                server.settimeout(None)
                with server:
                    back = threading.Thread(target=self.copy, args=(server, client), daemon=True)
                    back.start()
                    self.copy(client, server)
                    back.join()
                return

    @staticmethod
    def copy(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass
        # A process that was killed must not leave a connection open on the other side.
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
