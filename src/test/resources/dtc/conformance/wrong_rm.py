"""Resource managers that are wrong on purpose, in processes of their own.

Reads lines "<fault> <coordinator URL> <port> <state file>" and starts a process for each, which prints
"<port> <process id>". The fault "none" is a resource manager without a fault. The port may be 0. With the state file "-"
nothing survives a restart.

FAULT(name) is true in the process that has this fault.
"""

import json
import os
import pickle
import re
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

FEATURES = ["batch", "conditions", "contract-2", "keep-alive", "one-phase", "prepare-with-writes"]
BODY_BYTES_MAX = 1 << 20
LOCK_WAIT_SECONDS = 0.8


def FAULT(name):
    return name == fault


class Refused(Exception):
    def __init__(self, status, detail):
        super().__init__(detail)
        self.status = status


class Wait(Exception):
    """The message has to wait for a key."""


def canonical(value):
    """Distinguishes true from 1, which Python does not, and compares numbers as decimals."""
    if isinstance(value, dict):
        return {name: canonical(member) for name, member in value.items()}
    if isinstance(value, list):
        return [canonical(element) for element in value]
    return (isinstance(value, bool), value)


def is_equal(one, other):
    if FAULT("compares-text"):
        return one == other
    read = lambda text: canonical(json.loads(text, parse_int=Decimal, parse_float=Decimal))
    return read(one) == read(other)


class Store:
    """Entries, staged writes, locks and outcomes."""

    def __init__(self, file):
        self.changed = threading.Condition()
        self.file = file
        self.instance = str(uuid.uuid4())
        self.entries = {}  # key -> JSON text
        self.staged = {}  # id -> list of (number, write)
        self.prepared = {}  # id -> list of (number, write)
        self.outcomes = {}  # id -> COMMIT or ROLLBACK
        self.locks = {}  # key -> id
        self.due = {}  # id -> when to ask for the outcome
        self.restarted = False
        if FAULT("instance-is-no-uuid"):
            self.instance = "1"
        if FAULT("restart-keeps-instance"):
            self.instance = "7b0c4f0e-6f0c-4f57-9a1e-0d8f1f2f9f10"
        if file != "-" and os.path.exists(file):
            self.load()
        self.save()

    def load(self):
        self.restarted = True
        with open(self.file, "rb") as saved:
            instance, self.entries, staged, prepared, outcomes = pickle.load(saved)
        if FAULT("restart-loses-prepared"):
            return
        self.instance = instance
        self.prepared = prepared
        self.outcomes = {
            id: outcome for id, outcome in outcomes.items()
            if not (outcome == "COMMIT" and FAULT("restart-forgets-committed"))
            and not (outcome == "ROLLBACK" and FAULT("restart-forgets-rolled-back"))}
        if FAULT("restart-loses-values"):
            self.staged = {id: [(number, None) for number, _ in writes] for id, writes in staged.items()}
        for id, writes in self.prepared.items():
            if not FAULT("restart-forgets-inquiry"):
                self.due[id] = 0
            for _, write in writes:
                if not FAULT("restart-loses-locks"):
                    self.locks[write["key"]] = id

    def save(self):
        if self.file != "-":
            with open(self.file + ".new", "wb") as saved:
                pickle.dump((self.instance, self.entries, self.staged, self.prepared, self.outcomes), saved)
            os.replace(self.file + ".new", self.file)

    def write(self, id, number, write):
        with self.changed:
            outcome = self.outcomes.get(id)
            if outcome is not None and not (outcome == "COMMIT" and FAULT("accepts-write-after-commit")):
                raise Refused(409, "ended here")
            if id in self.prepared:
                if FAULT("accepts-write-after-vote"):
                    return
                raise Refused(409, "voted here")
            writes = self.staged.setdefault(id, [])
            numbers = [known for known, _ in writes]
            if number in numbers:
                if FAULT("counts-duplicates"):
                    writes.append((number, write))
                if FAULT("applies-duplicates"):
                    writes.remove(next(known for known in writes if known[0] == number))
                    writes.append((number, write))
                return
            writes.append((number or len(writes) + 1, write))
            self.save()

    def effective(self, writes):
        """Returns the last update of each key."""
        in_order = writes if FAULT("last-arrived-counts") or FAULT("applies-duplicates") else sorted(
            writes, key=lambda write: write[0])
        return {write["key"]: write for _, write in in_order if write and ("value" in write or "delete" in write)}

    def incomplete(self, writes, count, one_phase):
        numbers = [number for number, _ in writes]
        if one_phase and FAULT("one-phase-ignores-numbers"):
            return False
        if FAULT("counts-duplicates"):
            return len(numbers) != count
        if FAULT("ignores-gap"):
            return max(numbers) != count
        if FAULT("ignores-count"):
            count = None
        return len(numbers) != max(numbers) or len(numbers) != (count or len(numbers))

    def failed_condition(self, writes):
        last = self.effective(writes)
        for _, write in writes:
            condition = write and write.get("if")
            if condition is None:
                continue
            key = write["key"]
            if FAULT("drops-replaced-condition") and last.get(key, write) is not write:
                continue
            value = self.entries.get(key)
            if FAULT("condition-sees-own-writes") and key in last:
                value = last[key].get("value")
            if "absent" in condition:
                holds = value is None or FAULT("ignores-absent")
            else:
                holds = FAULT("ignores-condition") or (value is not None and is_equal(value, condition["value"]))
            if not holds:
                return "a condition does not hold" + ("" if FAULT("reason-without-key") else ": " + key)
        return None

    def lock(self, id, writes, count, one_phase, may_wait):
        """Returns why the transaction cannot commit; None if its keys are locked."""
        if not writes:
            return None if FAULT("votes-without-writes") and not one_phase else "nothing is staged here"
        if self.incomplete(writes, count, one_phase):
            return "not all writes have arrived here"
        keys = [write["key"] for _, write in writes if write]
        if FAULT("abort-keeps-locks"):
            for key in keys:
                if self.locks.get(key, id) != id:
                    break
                self.locks[key] = id
        if FAULT("lock-race"):
            free = all(self.locks.get(key, id) == id for key in keys)
            self.changed.release()
            time.sleep(0.1)
            self.changed.acquire()
            if free:
                self.locks.update(dict.fromkeys(keys, id))
                return None
        deadline = time.monotonic() + (2 if FAULT("older-waits-too-long") else LOCK_WAIT_SECONDS)
        while True:
            holders = [self.locks[key] for key in keys if self.locks.get(key, id) != id]
            if not holders or FAULT("no-locks") or (one_phase and FAULT("one-phase-ignores-locks")):
                break
            if min(holders) < id and not FAULT("younger-waits"):
                return "a key is locked by an older transaction"
            if not may_wait and not FAULT("batch-waits"):
                raise Wait()
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return "a key is locked"
            if FAULT("blocks-while-waiting"):
                time.sleep(remaining)
            else:
                self.changed.wait(remaining)
            if id in self.outcomes:
                return "rolled back while waiting"
        reason = self.failed_condition(writes)
        if reason is None:
            self.locks.update(dict.fromkeys(keys, id))
        return reason

    def prepare(self, id, count, may_wait=True):
        """Returns a vote and a reason."""
        with self.changed:
            if FAULT("votes-slowly"):
                time.sleep(0.1)
            if id in self.prepared or self.outcomes.get(id) == "COMMIT":
                return ("ABORT", "voted before") if FAULT("second-vote-aborts") else ("COMMIT", None)
            if id in self.outcomes and not FAULT("prepares-after-rollback"):
                return "ABORT", "ended here"
            writes = self.staged.get(id, [])
            reason = self.lock(id, writes, count, False, may_wait)
            if reason is not None:
                if writes or not FAULT("abort-is-forgotten"):
                    self.end(id, "ROLLBACK")
                return "ABORT", reason
            last = self.effective(writes)
            unchanged = all(write.get("value") == self.entries.get(key) for key, write in last.items())
            if (FAULT("read-only-if-unchanged") and last and unchanged) or (
                    FAULT("check-is-read-only") and not last and writes):
                self.end(id, "COMMIT")
                return "READ_ONLY", None
            self.staged.pop(id, None)
            self.prepared[id] = writes
            self.due[id] = time.monotonic() + 1
            self.save()
            return "COMMIT", None

    def commit(self, id, count=None, may_wait=True):
        with self.changed:
            outcome = self.outcomes.get(id)
            if outcome == "COMMIT":
                if FAULT("commits-again"):
                    self.apply(self.applied[id])
                return
            if outcome == "ROLLBACK" and not FAULT("commits-after-rollback"):
                if not (count is not None and FAULT("one-phase-after-rollback") and id in self.staged):
                    raise Refused(409, "rolled back here")
            if id in self.prepared:
                self.apply(self.prepared[id])
                self.end(id, "COMMIT")
                return
            if outcome == "ROLLBACK" and FAULT("commits-after-rollback"):
                return
            if count is None or FAULT("no-one-phase"):
                if FAULT("unknown-commit-is-204"):
                    return
                raise Refused(404, "unknown here")
            writes = self.staged.get(id, [])
            reason = self.lock(id, writes, count, True, may_wait)
            if reason is not None:
                if writes or not FAULT("one-phase-refusal-is-forgotten"):
                    self.end(id, "ROLLBACK")
                raise Refused(409, reason)
            self.apply(writes)
            self.end(id, "COMMIT")

    applied = {}

    def apply(self, writes):
        if FAULT("commit-race"):
            entries = dict(self.entries)
            self.changed.release()
            time.sleep(0.01)
            self.changed.acquire()
            self.entries = entries
        for key, write in self.effective(writes).items():
            if write.get("delete") and not FAULT("delete-stores-null"):
                self.entries.pop(key, None)
            elif not (FAULT("commit-keeps-old-value") and key in self.entries):
                self.entries[key] = write.get("value", "null")

    def end(self, id, outcome):
        self.applied[id] = self.prepared.get(id) or self.staged.get(id, [])
        self.prepared.pop(id, None)
        self.due.pop(id, None)
        if not FAULT("prepares-after-rollback") and not FAULT("one-phase-after-rollback"):
            self.staged.pop(id, None)
        keeps = (outcome == "ROLLBACK" and FAULT("rollback-keeps-locks")) or FAULT("abort-keeps-locks")
        for key in [key for key, holder in self.locks.items() if holder == id]:
            if not keeps:
                del self.locks[key]
        if outcome == "COMMIT" and FAULT("abort-keeps-locks"):
            self.locks = {key: holder for key, holder in self.locks.items() if holder != id}
        self.outcomes[id] = outcome
        self.save()
        self.changed.notify_all()

    def rollback(self, id):
        with self.changed:
            if self.outcomes.get(id) == "COMMIT":
                if FAULT("rollback-after-commit-is-204"):
                    return
                raise Refused(409, "committed here")
            if id not in self.prepared and id not in self.staged and id not in self.outcomes:
                if FAULT("unknown-rollback-is-404"):
                    raise Refused(404, "unknown here")
                if FAULT("unknown-rollback-is-forgotten"):
                    return
            self.end(id, "ROLLBACK")

    def entry(self, key):
        with self.changed:
            if FAULT("staged-is-visible"):
                for writes in list(self.staged.values()) + list(self.prepared.values()):
                    for _, write in writes:
                        if write["key"] == key and "value" in write:
                            return write["value"]
            if key not in self.entries:
                raise Refused(404, "no such key")
            return self.entries[key]

    def open(self):
        with self.changed:
            prepared = "ACTIVE" if FAULT("lists-in-doubt-as-active") else "PREPARED"
            return [{"id": id, "state": "ACTIVE"} for id in self.staged if id not in self.outcomes] + [
                {"id": id, "state": prepared} for id in self.prepared]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    store = None

    def do_GET(self):
        path = unquote(self.path.split("?")[0])
        if path == "/transactions":
            self.answer(None, lambda: (200, {"items": self.store.open()}))
        elif path == "/entries":
            self.answer(None, lambda: (200, {"items": []}))
        else:
            key = path[len("/entries/"):]
            self.answer(None, lambda: (200, {"key": key, "value": json.loads(self.store.entry(key))}))

    def do_POST(self):
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if length > BODY_BYTES_MAX:
            if FAULT("long-body-is-500"):
                self.answer(None, lambda: self.refuse(500, "out of memory"))
                return
            if not FAULT("long-body-is-cut"):
                self.answer(None, lambda: self.refuse(413, "too long"))
                return
            body = re.sub(rb"x+", b"x", body)
        if self.path == "/batch":
            self.answer(None, lambda: self.batch(body))
            return
        _, _, id, action = self.path.split("/")
        self.answer(id, lambda: self.message(id, action, body))

    @staticmethod
    def refuse(status, detail):
        raise Refused(status, detail)

    def check_address(self):
        if self.headers.get("DTC-Resource-Manager") != "wrong" and not FAULT("any-rm"):
            raise Refused(421, "another resource manager")

    def message(self, id, action, body):
        if not re.fullmatch("[0-9a-f-]{36}", id):
            raise Refused(500 if FAULT("malformed-id-is-500") else 400, "not a UUID")
        self.check_address()
        same = FAULT("any-instance") or self.headers.get("DTC-Instance") == self.store.instance
        number = self.headers.get("DTC-Write-Sequence")
        count = self.headers.get("DTC-Write-Count")
        count = None if count is None else int(count)
        if action == "writes":
            write = self.parse(id, body)
            if not same:
                raise Refused(409, "another instance")
            self.store.write(id, number and int(number), write)
            return 204, None
        if action == "prepare":
            if not same:
                return 200, {"vote": "ABORT", "reason": "another instance"}
            if body and not FAULT("prepare-ignores-writes"):
                self.stage(id, json.loads(body)["writes"])
            vote, reason = self.store.prepare(id, count)
            return 200, {"vote": vote, **({"reason": reason} if reason else {})}
        if action == "commit":
            if not same:
                raise Refused(404, "another instance")
            self.store.commit(id, count)
            return 200 if FAULT("commit-is-200") else 204, None
        self.store.rollback(id)
        if not same and not FAULT("other-instance-rollback-is-204"):
            raise Refused(404, "another instance")
        return 204, None

    def parse(self, id, body):
        try:
            return self.texts(json.loads(body))
        except (ValueError, TypeError, AttributeError):
            if FAULT("malformed-drops-staged"):
                self.store.rollback(id)
            raise Refused(500 if FAULT("malformed-json-is-500") else 400, "not a write") from None

    @staticmethod
    def texts(write):
        """Returns a write with its values as text."""
        if not isinstance(write.get("key"), str):
            raise ValueError()
        result = {"key": write["key"]}
        if write.get("delete"):
            result["delete"] = True
        if "value" in write:
            result["value"] = json.dumps(write["value"])
        if "if" in write:
            condition = write["if"]
            result["if"] = {"absent": True} if "absent" in condition else {"value": json.dumps(condition["value"])}
        return result

    def stage(self, id, writes):
        for write in writes:
            try:
                self.store.write(id, write["sequence"], self.texts(write))
            except Refused:
                pass  # the vote says so

    def batch(self, body):
        self.check_address()
        try:
            messages = json.loads(body)["messages"]
        except (ValueError, TypeError, KeyError):
            raise Refused(500 if FAULT("batch-malformed-is-500") else 400, "not a batch") from None
        answers = []
        for message in messages:
            stopped = FAULT("batch-stops") and any(answer["status"] >= 400 for answer in answers)
            answers.append({"transaction": message["transaction"], **(
                {"status": 503} if stopped else self.element(message["transaction"], message))})
        return 200, {"answers": answers}

    def element(self, id, message):
        try:
            if message["type"] == "WRITE":
                self.store.write(id, message["sequence"], self.texts(message))
            elif message["type"] == "PREPARE":
                if not FAULT("prepare-ignores-writes") and not FAULT("batch-ignores-writes"):
                    self.stage(id, message.get("writes", []))
                vote, reason = self.store.prepare(id, message.get("writeCount"), may_wait=False)
                return {"status": 200, "vote": vote, "reason": reason}
            elif message["type"] == "COMMIT":
                if not FAULT("batch-does-not-commit"):
                    count = None if FAULT("batch-ignores-count") else message.get("writeCount")
                    self.store.commit(id, count, may_wait=False)
            else:
                self.store.rollback(id)
            return {"status": 204}
        except Refused as refused:
            return {"status": refused.status, "reason": str(refused)}
        except Wait:
            return {"status": 202}

    def answer(self, transaction, call):
        try:
            status, document = call()
            media_type = "application/json"
            if FAULT("vote-is-text") and document and "vote" in document:
                media_type = "text/plain"
        except Refused as refused:
            status = refused.status
            document = {"status": status, "title": str(refused), "transaction": transaction}
            media_type = "application/problem+json"
            if FAULT("404-is-text") and status == 404:
                media_type = "text/plain"
            if FAULT("problem-without-transaction"):
                del document["transaction"]
            if FAULT("problem-of-another-transaction"):
                document["transaction"] = str(uuid.uuid4())
        body = b"" if document is None else json.dumps(document).encode()
        head = f"HTTP/1.1 {status} -\r\n"
        if status != 204:
            head += f"Content-Type: {media_type}\r\nContent-Length: {len(body)}\r\n"
        response = head.encode() + b"\r\n" + body
        self.wfile.write(response * 2 if FAULT("answers-twice") else response)

    def log_message(self, *arguments):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024


def call(method, url, document=None):
    body = None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method=method)
    timeout = 1 if FAULT("no-answer-is-rollback") else 4
    with urllib.request.urlopen(request, timeout=timeout) as response:
        return json.loads(response.read())


def register(store, coordinator, url):
    while not (store.restarted and FAULT("restart-does-not-register")):
        pause = 0.5
        try:
            answer = call(
                "PUT", coordinator + "/resource-managers/wrong",
                {"url": url, "instance": store.instance, "features": FEATURES})
            pause = answer["leaseMillis"] / (500 if FAULT("renews-late") else 3000)
        except Exception:
            if FAULT("gives-up-registration"):
                return
        time.sleep(pause)


def inquire(store, coordinator):
    started = {}
    while not FAULT("never-asks"):
        time.sleep(0.1)
        with store.changed:
            due = [id for id, when in store.due.items() if when <= time.monotonic()]
            if FAULT("asks-before-vote"):
                due += list(store.staged)
            if FAULT("expires-in-doubt"):
                for id in list(store.prepared):
                    if time.monotonic() - started.setdefault(id, time.monotonic()) > 2:
                        store.end(id, "ROLLBACK")
            for id in due:
                store.due[id] = time.monotonic() + 1
        for id in due:
            threading.Thread(target=resolve, args=(store, coordinator, id), daemon=True).start()


def resolve(store, coordinator, id):
    try:
        outcome = call("GET", f"{coordinator}/transactions/{id}/outcome")["outcome"]
    except TimeoutError:
        outcome = "ROLLBACK" if FAULT("no-answer-is-rollback") else "PENDING"
    except Exception as failure:
        presumes = FAULT("404-is-rollback") and getattr(failure, "code", 0) == 404
        outcome = "ROLLBACK" if presumes or FAULT("error-is-rollback") else "PENDING"
    if FAULT("other-word-is-rollback") and outcome not in ("COMMIT", "PENDING"):
        outcome = "ROLLBACK"
    if FAULT("pending-is-rollback") and outcome == "PENDING":
        outcome = "ROLLBACK"
    if FAULT("rollback-is-commit") and outcome == "ROLLBACK":
        outcome = "COMMIT"
    with store.changed:
        in_doubt = id in store.prepared
    try:
        if outcome == "COMMIT":
            if in_doubt and not FAULT("ignores-commit"):
                store.commit(id)
            elif FAULT("asks-before-vote"):
                store.commit(id, len(store.staged[id]))
        elif outcome == "ROLLBACK" and in_doubt:
            store.rollback(id)
    except Refused:
        pass


def serve(coordinator, port, file):
    store = Handler.store = Store(file)
    server = Server(("127.0.0.1", port), Handler)
    url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=register, args=(store, coordinator, url), daemon=True).start()
    threading.Thread(target=inquire, args=(store, coordinator), daemon=True).start()
    threading.Thread(target=end_with, args=(os.getppid(),), daemon=True).start()
    # One write, since other processes print at the same time.
    os.write(1, f"{server.server_port} {os.getpid()}\n".encode())
    server.serve_forever()


def end_with(parent):
    while os.getppid() == parent:
        time.sleep(0.3)
    os._exit(0)


def main():
    global fault
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        fault, coordinator, port, file = line.split()
        if os.fork() == 0:
            try:
                serve(coordinator, int(port), file)
            finally:
                os.write(1, b"failed\n")
                os._exit(1)


main()
