// Uses the generated client against a running process. The compiler checks the types, the test the values.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import createClient from "openapi-fetch";
import type { components, paths } from "../../../target/typescript/dtc.js";

type Schemas = components["schemas"];
type Problem = Schemas["Problem"];

const client = createClient<paths>({ baseUrl: process.env.DTC_URL! });

/** Returns the body of a response; fails if it is an error. */
function body<T>(result: { data?: T; error?: Problem }): T {
  assert.equal(result.error, undefined);
  assert.notEqual(result.data, undefined);
  return result.data as T;
}

/** Returns the problem of a response; fails if it is another one. */
function problem(result: { error?: Problem; response: Response }, status: number): Problem {
  assert.equal(result.response.status, status);
  assert.equal(result.response.headers.get("Content-Type"), "application/problem+json");
  assert(result.error);
  assert.equal(result.error.status, status);
  return result.error;
}

async function begin(): Promise<string> {
  return body(await client.POST("/transactions")).id;
}

function write(id: string, resourceManager: string, key: string, value: unknown) {
  return client.POST("/transactions/{id}/writes", {
    params: { path: { id } },
    body: { resourceManager, key, value },
  });
}

test("a transaction", async () => {
  const key = `ts/${randomUUID()}`;
  const id = await begin();
  assert.equal((await write(id, "orders", key, { total: 42 })).response.status, 204);
  assert.equal((await write(id, "payments", key, null)).response.status, 204);

  const open = body(
    await client.GET("/rm/{rm}/transactions", { params: { path: { rm: "orders" }, query: { limit: 1000 } } }),
  );
  assert.equal(open.items.find((item) => item.id === id)?.state satisfies "ACTIVE" | "PREPARED" | undefined, "ACTIVE");

  const prepared = body(await client.POST("/transactions/{id}/prepare", { params: { path: { id } } }));
  assert.equal(prepared.state, "COMMITTED");
  const decidedAt: string | null = prepared.decidedAt;
  assert(decidedAt);
  assert.equal(prepared.reason, null);
  assert.deepEqual(
    prepared.participants.map((participant) => [participant.resourceManager, participant.state, participant.vote]),
    [
      ["orders", "COMMITTED", "COMMIT"],
      ["payments", "COMMITTED", "COMMIT"],
    ],
  );

  assert.deepEqual(body(await client.GET("/transactions/{id}", { params: { path: { id } } })), prepared);
  const { outcome } = body(await client.GET("/transactions/{id}/outcome", { params: { path: { id } } }));
  assert.equal(outcome satisfies "COMMIT" | "ROLLBACK" | "PENDING", "COMMIT");

  const entry = body(await client.GET("/rm/{rm}/entries/{key}", { params: { path: { rm: "orders", key } } }));
  assert.deepEqual(entry, { key, value: { total: 42 } });
  const page = body(
    await client.GET("/rm/{rm}/entries", { params: { path: { rm: "payments" }, query: { limit: 1, after: key.slice(0, -1) } } }),
  );
  assert.deepEqual(page.items, [{ key, value: null }]);
  const next: string | null = page.next;
  assert(next === null || next === key);
});

test("a transaction in one call", async () => {
  const result = await client.POST("/transactions", {
    params: { header: { "Idempotency-Key": randomUUID(), Prefer: "respond-async" } },
    body: {
      autoCommit: true,
      writes: [
        { resourceManager: "orders", key: "ts", value: { total: 7 } },
        { resourceManager: "payments", key: "ts", value: 7 },
      ],
    },
  });
  const transaction = body(result);
  assert(result.response.headers.get("Location")?.endsWith(`/transactions/${transaction.id}`));
  assert(transaction.state === "COMMITTED" || transaction.state === "COMMITTING");
});

test("states are enums", async () => {
  const active: Schemas["TransactionState"] = "ACTIVE";
  // @ts-expect-error: a state of participants only
  const prepared: Schemas["TransactionState"] = "PREPARED";
  assert.notEqual(active, prepared satisfies Schemas["ParticipantState"]);

  const id = await begin();
  const page = body(await client.GET("/transactions", { params: { query: { state: "ACTIVE", limit: 1 } } }));
  assert.equal(page.items.length, 1);
  assert.equal(page.items[0]?.id, id);
  assert.equal(page.items[0]?.finishedAt, null);
  const rolledBack = body(await client.POST("/transactions/{id}/rollback", { params: { path: { id } } }));
  assert.equal(rolledBack.state, "ROLLED_BACK");
});

test("resource managers", async () => {
  const all = body(await client.GET("/resource-managers"));
  assert.deepEqual(all.items.map((item) => item.id).sort(), ["orders", "payments"]);
  const orders = body(await client.GET("/resource-managers/{id}", { params: { path: { id: "orders" } } }));
  assert.equal(orders.live satisfies boolean, true);
  assert(orders.leaseMillis > 0);
  assert(orders.features.includes("keep-alive"));
});

test("errors are problems", async () => {
  const invalid = problem(
    await client.POST("/transactions", { body: { timeoutMillis: 0, writes: [{ resourceManager: "-", key: "k", value: 1 }] } }),
    400,
  );
  assert.deepEqual(
    invalid.violations?.map((violation) => violation.field),
    ["timeoutMillis", "writes[0].resourceManager"],
  );

  const id = randomUUID();
  const unknown = problem(await client.GET("/transactions/{id}", { params: { path: { id } } }), 404);
  assert.equal(unknown.transaction, id);
  assert.equal(problem(await write(await begin(), "nobody", "k", 1), 404).resourceManager, "nobody");

  const ended = await begin();
  body(await client.POST("/transactions/{id}/rollback", { params: { path: { id: ended } } }));
  const conflict = problem(await client.POST("/transactions/{id}/commit", { params: { path: { id: ended } } }), 409);
  assert.equal(conflict.type, "urn:dtc:wrong-state");
  assert.equal(conflict.transaction, ended);

  const header = { "Idempotency-Key": randomUUID() };
  body(await client.POST("/transactions", { params: { header } }));
  const reused = problem(await client.POST("/transactions", { params: { header }, body: { timeoutMillis: 1000 } }), 422);
  assert.equal(reused.title, "Unprocessable Content");
});
