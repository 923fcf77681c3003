#!/usr/bin/env python3
"""A resource manager (RM) for DTC: the quantities of a warehouse, kept in SQLite.

It needs Python 3.9 or newer and nothing else. Start it with the coordinator's address:

    python3 stock.py --coordinator http://127.0.0.1:8080 --port 9000 --database stock.db

Class Stock contains the rules of an RM. Replace its tables with yours, and keep the order of its steps. The rest is the
communication with the coordinator: answers to its messages (Handler), the registration (register), and inquiries about
outcomes that have not arrived (inquire).
"""

import argparse
import json
import re
import signal
import sqlite3
import threading
import time
import urllib.request
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

FEATURES = ["contract-2", "keep-alive", "one-phase"]
BODY_BYTES_MAX = 1 << 20
STAGED_MAX = 10_000
STAGED_SECONDS_MAX = 2 * 3600
OUTCOME_SECONDS_MAX = 7 * 24 * 3600
INQUIRY_SECONDS = 2


class Refused(Exception):
    """An answer other than success, with its HTTP status."""

    def __init__(self, status, detail):
        super().__init__(detail)
        self.status = status


class Stock:
    """The state of the RM. Each method is one step: it holds the lock, and stores its result before it returns."""

    def __init__(self, file):
        self.lock = threading.Lock()
        self.db = sqlite3.connect(file, check_same_thread=False)
        # EXCLUSIVE: a second process with this file does not start, since it would not know what is staged here.
        # FULL: a commit of SQLite returns once the data is on the disk. A vote must not be given before.
        self.db.executescript("""
            PRAGMA locking_mode = EXCLUSIVE;
            PRAGMA journal_mode = WAL;
            PRAGMA synchronous = FULL;
            CREATE TABLE IF NOT EXISTS rm(instance TEXT, forgotten TEXT);
            CREATE TABLE IF NOT EXISTS entry(key TEXT PRIMARY KEY, quantity INTEGER);
            -- The writes of transactions in doubt. The primary key is the lock: no two of them share a key.
            CREATE TABLE IF NOT EXISTS prepared(key TEXT PRIMARY KEY, quantity INTEGER, id TEXT);
            CREATE TABLE IF NOT EXISTS outcome(id TEXT PRIMARY KEY, outcome TEXT, ended REAL);
        """)
        # The instance identifies the data, so it is stored with it. The coordinator compares it to notice lost data.
        if self.db.execute("SELECT count(*) FROM rm").fetchone()[0] == 0:
            with self.db:
                self.db.execute("INSERT INTO rm VALUES (?, '')", [str(uuid.uuid4())])
        self.instance, self.forgotten = self.db.execute("SELECT instance, forgotten FROM rm").fetchone()
        # Writes before the vote are in memory only. If a restart loses them, the vote is ABORT.
        self.staged = {}  # id -> {number: (key, quantity)}
        self.staged_since = {}  # id -> time
        # Transactions in doubt -> when to ask for their outcome; those of an earlier run at once.
        self.in_doubt = {row[0]: 0.0 for row in self.db.execute("SELECT DISTINCT id FROM prepared")}

    # Messages of the coordinator

    def write(self, id, number, key, quantity):
        with self.lock:
            if id in self.in_doubt or self._ended(id):
                raise Refused(409, "the transaction has voted or ended here")
            if id not in self.staged and len(self.staged) >= STAGED_MAX:
                raise Refused(507, "too many transactions have staged writes here")
            writes = self.staged.setdefault(id, {})
            self.staged_since.setdefault(id, time.monotonic())
            # A number that has arrived before is a duplicate. A client without numbers gets the next one.
            writes.setdefault(number or len(writes) + 1, (key, quantity))

    def prepare(self, id, count):
        """Votes. Returns None for COMMIT, or the reason for ABORT."""
        with self.lock:
            if id in self.in_doubt or self._outcome(id) == "COMMIT":
                return None  # the same vote as before
            if self._ended(id):
                return "the transaction has ended here"
            reason = self._obstacle(id, count)
            if reason is None:
                with self.db:
                    self.db.executemany("INSERT INTO prepared VALUES (?, ?, ?)", [
                        (key, quantity, id) for key, quantity in self._quantities(id).items()])
                self._forget_staged(id)
                self.in_doubt[id] = time.monotonic() + INQUIRY_SECONDS
            else:
                # Stored, so that a write that arrives late does not begin the transaction again.
                self._end(id, "ROLLBACK")
            return reason

    def commit(self, id, count):
        """Commits. A count means one-phase commit: there was no vote, and the transaction commits if it can."""
        with self.lock:
            outcome = self._outcome(id)
            if outcome == "COMMIT":
                return  # applied before
            if outcome == "ROLLBACK":
                raise Refused(409, "the transaction was rolled back here")
            if id in self.in_doubt:
                with self.db:
                    self.db.execute(
                        "INSERT OR REPLACE INTO entry SELECT key, quantity FROM prepared WHERE id = ?", [id])
                    self._end_in_transaction(id, "COMMIT")
                del self.in_doubt[id]
                return
            if count is None or id <= self.forgotten:
                raise Refused(404, "the transaction is unknown here")
            reason = self._obstacle(id, count)
            if reason is not None:
                self._end(id, "ROLLBACK")  # a later commit must be refused too
                raise Refused(409, reason)
            with self.db:
                self.db.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?)", self._quantities(id).items())
                self._end_in_transaction(id, "COMMIT")
            self._forget_staged(id)

    def rollback(self, id):
        with self.lock:
            outcome = self._outcome(id)
            if outcome == "COMMIT":
                raise Refused(409, "the transaction was committed here")
            if outcome is None and id not in self.in_doubt and id <= self.forgotten:
                raise Refused(404, "the transaction may have been committed here")
            # Stored even if the transaction is unknown, so that a write that arrives late is refused.
            if outcome is None:
                self._end(id, "ROLLBACK")

    # Steps of the methods above, with the lock held

    def _obstacle(self, id, count):
        """Returns why the transaction cannot commit; None if it can."""
        numbers = self.staged.get(id, {}).keys()
        if not numbers:
            return "nothing is staged here"
        # A missing number is a write that was lost on its way or in a restart.
        if len(numbers) != max(numbers) or len(numbers) != (count or len(numbers)):
            return "not all writes have arrived here"
        for key, quantity in self._quantities(id).items():
            if self.db.execute("SELECT 1 FROM prepared WHERE key = ?", [key]).fetchone():
                # To vote ABORT at once is the simplest way without deadlocks. Only the older one may wait instead.
                return f"the key {key} is locked by another transaction"
            if quantity < 0:
                return f"the quantity of {key} would be negative"  # a rule of this service
        return None

    def _quantities(self, id):
        """Returns the last write of each key."""
        return dict(write for _, write in sorted(self.staged[id].items()))

    def _outcome(self, id):
        row = self.db.execute("SELECT outcome FROM outcome WHERE id = ?", [id]).fetchone()
        return row and row[0]

    def _ended(self, id):
        # Ids are ordered by age. One that is not newer than the newest forgotten one may have been forgotten too.
        return self._outcome(id) is not None or id <= self.forgotten

    def _end(self, id, outcome):
        with self.db:
            self._end_in_transaction(id, outcome)
        self._forget_staged(id)
        self.in_doubt.pop(id, None)

    def _end_in_transaction(self, id, outcome):
        self.db.execute("DELETE FROM prepared WHERE id = ?", [id])
        # An id that is not newer than the newest forgotten one is refused in any case.
        if id > self.forgotten:
            self.db.execute("INSERT INTO outcome VALUES (?, ?, ?)", [id, outcome, time.time()])

    def _forget_staged(self, id):
        self.staged.pop(id, None)
        self.staged_since.pop(id, None)

    # Called by timers

    def due_inquiries(self):
        with self.lock:
            return [id for id, due in self.in_doubt.items() if due <= time.monotonic()]

    def postpone_inquiry(self, id):
        with self.lock:
            if id in self.in_doubt:
                self.in_doubt[id] = time.monotonic() + INQUIRY_SECONDS

    def expire(self):
        """Rolls back what never came to a vote, and forgets old outcomes."""
        with self.lock:
            limit = time.monotonic() - STAGED_SECONDS_MAX
            for id in [id for id, since in self.staged_since.items() if since < limit]:
                self._end(id, "ROLLBACK")
            old = time.time() - OUTCOME_SECONDS_MAX
            newest = self.db.execute("SELECT max(id) FROM outcome WHERE ended < ?", [old]).fetchone()[0]
            if newest:
                with self.db:
                    self.db.execute("UPDATE rm SET forgotten = max(forgotten, ?)", [newest])
                    self.db.execute("DELETE FROM outcome WHERE ended < ?", [old])
                self.forgotten = max(self.forgotten, newest)

    # Reads

    def quantity(self, key):
        with self.lock:
            row = self.db.execute("SELECT quantity FROM entry WHERE key = ?", [key]).fetchone()
            if row is None:
                raise Refused(404, "no such key")
            return row[0]

    def entries(self):
        with self.lock:
            rows = self.db.execute("SELECT key, quantity FROM entry ORDER BY key LIMIT 1000")
            return [{"key": key, "value": quantity} for key, quantity in rows]

    def open(self):
        with self.lock:
            states = {**dict.fromkeys(self.staged, "ACTIVE"), **dict.fromkeys(self.in_doubt, "PREPARED")}
            return [{"id": id, "state": state} for id, state in sorted(states.items())]


class Handler(BaseHTTPRequestHandler):
    """The HTTP interface of the RM."""

    protocol_version = "HTTP/1.1"  # keeps connections open; the feature keep-alive announces that
    disable_nagle_algorithm = True
    timeout = 60
    # Answers to requests that http.server refuses itself
    error_content_type = "application/problem+json"
    error_message_format = '{"title": "%(message)s", "status": %(code)d}'
    stock = None
    rm_id = None

    def do_GET(self):
        path = unquote(self.path.split("?")[0])
        if path == "/transactions":
            self.answer(lambda: (200, {"items": self.stock.open()}))
        elif path == "/entries":
            self.answer(lambda: (200, {"items": self.stock.entries()}))
        elif path.startswith("/entries/"):
            key = path[len("/entries/"):]
            self.answer(lambda: (200, {"key": key, "value": self.stock.quantity(key)}))
        else:
            self.answer(lambda: self.refuse(404, "no such path"))

    def do_POST(self):
        body = self.read_body()
        if body is None:
            self.close_connection = True
            self.answer(lambda: self.refuse(413, "the body is too long, or has chunks"))
            return
        match = re.fullmatch(r"/transactions/([^/]+)/(writes|prepare|commit|rollback)", self.path)
        if not match:
            self.answer(lambda: self.refuse(404, "no such path"))
            return
        self.answer(lambda: self.message(match[1], match[2], body), transaction=match[1])

    def read_body(self):
        # A message without a body may have no length. Chunks are not supported, and the coordinator does not send them.
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdecimal() or int(length) > BODY_BYTES_MAX:
            return None
        return self.rfile.read(int(length))

    def message(self, text, action, body):
        id = text.lower()  # one spelling of each id
        if not re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", id):
            raise Refused(400, "the id is not a UUID")
        # The message may be for an RM that had this address before, or for data that was lost.
        if self.headers.get("DTC-Resource-Manager", self.rm_id) != self.rm_id:
            raise Refused(421, "this is the RM " + self.rm_id)
        same_instance = self.headers.get("DTC-Instance", self.stock.instance) == self.stock.instance
        if action == "writes":
            if not same_instance:
                raise Refused(409, "the message is for an earlier instance")
            self.stock.write(id, self.number("DTC-Write-Sequence"), *self.parse_write(body))
        elif action == "prepare":
            lost = None if same_instance else "the writes were lost"
            reason = lost or self.stock.prepare(id, self.number("DTC-Write-Count"))
            return 200, {"vote": "ABORT", "reason": reason} if reason else {"vote": "COMMIT"}
        elif action == "commit":
            if not same_instance:
                raise Refused(404, "the transaction is unknown here")
            self.stock.commit(id, self.number("DTC-Write-Count"))
        else:
            self.stock.rollback(id)
            if not same_instance:
                raise Refused(404, "an earlier instance may have committed the transaction")
        return 204, None

    def number(self, header):
        text = self.headers.get(header)
        if text is None:
            return None
        if not text.isdecimal() or int(text) == 0:
            raise Refused(400, header + " is not a positive number")
        return int(text)

    @staticmethod
    def parse_write(body):
        try:
            write = json.loads(body)
            key, quantity = write["key"], write["value"]
            key.encode()  # not possible if a surrogate is unpaired
        except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
            raise Refused(400, 'the body is not {"key": <text>, "value": <integer>}') from None
        # A bool is an int in Python. SQLite stores 64 bits.
        if not key or type(quantity) is not int or abs(quantity) >= 1 << 63:
            raise Refused(400, "the key is empty, or the value is not an integer of 64 bits")
        return key, quantity

    @staticmethod
    def refuse(status, detail):
        raise Refused(status, detail)

    def answer(self, call, transaction=None):
        """Sends the result of a call. The coordinator does not accept any other statuses and media types."""
        try:
            status, document = call()
            media_type = "application/json"
        except Refused as refused:
            status = refused.status
            document = {"title": str(refused), "status": status, "transaction": transaction}
            media_type = "application/problem+json"
        except sqlite3.Error as failure:
            # Nothing was stored, for example because the disk is full. Instead of a vote this counts as ABORT, and an
            # outcome is sent again.
            status = 503
            document = {"title": str(failure), "status": status}
            media_type = "application/problem+json"
        body = b"" if document is None else json.dumps(document).encode()
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024


def call(method, url, document=None, headers=None):
    """Calls the coordinator. Returns its JSON answer, and fails if there is none."""
    body = None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(
        url, body, {"Content-Type": "application/json", **(headers or {})}, method=method)
    with urllib.request.urlopen(request, timeout=5) as response:
        text = response.read()
        return json.loads(text) if text else None


def register(stock, coordinator, rm_id, url, stopped):
    """Registers, and renews the registration at a third of the lease. A coordinator may have forgotten it."""
    while not stopped.is_set():
        pause = 1.0
        try:
            answer = call(
                "PUT", f"{coordinator}/resource-managers/{rm_id}",
                {"url": url, "instance": stock.instance, "features": FEATURES},
                {"DTC-Newest-Forgotten": stock.forgotten} if stock.forgotten else {})
            pause = answer["leaseMillis"] / 3000
        except Exception as failure:
            print(f"not registered: {failure}", flush=True)
        stopped.wait(pause)


def inquire(stock, coordinator, stopped):
    """Asks for the outcomes of transactions in doubt. Only the coordinator may decide them."""
    while not stopped.wait(0.5):
        for id in stock.due_inquiries():
            # A thread for each, since an unanswered inquiry must not delay the others.
            stock.postpone_inquiry(id)
            threading.Thread(target=resolve, args=(stock, coordinator, id), daemon=True).start()
        stock.expire()


def resolve(stock, coordinator, id):
    try:
        outcome = call("GET", f"{coordinator}/transactions/{id}/outcome")["outcome"]
        if outcome == "COMMIT":
            stock.commit(id, None)
        elif outcome == "ROLLBACK":
            stock.rollback(id)
        # PENDING, or anything else: it stays in doubt, and is asked about again.
    except Exception as failure:
        print(f"outcome of {id} is not known: {failure}", flush=True)


def main():
    parser = argparse.ArgumentParser(description="a resource manager for DTC that keeps quantities in SQLite")
    parser.add_argument("--coordinator", default="http://127.0.0.1:8080", help="URL of the coordinator")
    parser.add_argument("--id", default="stock", help="id of the resource manager")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=9000)
    parser.add_argument("--url", help="where the coordinator reaches it; http://<host>:<port> by default")
    parser.add_argument("--database", default="stock.db", help="file of the database")
    arguments = parser.parse_args()

    stock = Stock(arguments.database)
    Handler.stock, Handler.rm_id = stock, arguments.id
    server = Server((arguments.host, arguments.port), Handler)
    url = arguments.url or f"http://{arguments.host}:{server.server_port}"
    stopped = threading.Event()
    # server.shutdown waits for serve_forever, which runs on this thread.
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    for target, args in [
        (register, (stock, arguments.coordinator, arguments.id, url, stopped)),
        (inquire, (stock, arguments.coordinator, stopped)),
    ]:
        threading.Thread(target=target, args=args, daemon=True).start()
    print(f"{arguments.id} listens on {url}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    # A graceful stop. The instance is named, so that a late message does not remove a successor. While transactions are
    # in doubt the registration stays, because their outcomes are still to be delivered.
    stopped.set()
    if not stock.in_doubt:
        try:
            call("DELETE", f"{arguments.coordinator}/resource-managers/{arguments.id}?instance={stock.instance}")
        except Exception as failure:
            print(f"not deregistered: {failure}", flush=True)


if __name__ == "__main__":
    main()
