// The usual way to take HubSpot's webhooks with Node: Express checks the signature, BullMQ keeps each event as a job
// in Redis, and only then is HubSpot answered. How safe a job then is, Redis decides: see `appendfsync`.
//
//   REDIS_SOCKET=… SECRET=… PORT=… node receiver.mjs        BULK=1: one addBulk for a delivery instead of add for each
import { createHmac, timingSafeEqual } from "node:crypto";
import { Queue } from "bullmq";
import express from "express";
import { Redis } from "ioredis";

const { BULK, PORT, REDIS_SOCKET, SECRET } = process.env;
const OLDEST_MS = 5 * 60 * 1000;
const redis = new Redis(REDIS_SOCKET, { maxRetriesPerRequest: null });
const queue = new Queue("webhooks", { connection: redis });

function isSigned(request) {
  const timestamp = request.get("X-HubSpot-Request-Timestamp") ?? "";
  const given = Buffer.from(request.get("X-HubSpot-Signature-v3") ?? "", "base64");
  const address = `http://localhost:${PORT}${request.originalUrl}`;
  const expected = createHmac("sha256", SECRET)
    .update(`POST${address}`)
    .update(request.body)
    .update(timestamp)
    .digest();
  const age = Date.now() - Number(timestamp);
  return given.length === expected.length && timingSafeEqual(given, expected) && age >= 0 && age < OLDEST_MS;
}

async function keep(events) {
  if (BULK) {
    await queue.addBulk(events.map((event) => ({ name: event.subscriptionType, data: event })));
    return;
  }
  for (const event of events) {
    await queue.add(event.subscriptionType, event);
  }
}

const app = express();
app.disable("x-powered-by");
app.post("/webhooks/hubspot", express.raw({ type: () => true, limit: "16mb" }), async (request, response) => {
  if (!isSigned(request)) {
    response.sendStatus(401);
    return;
  }
  await keep(JSON.parse(request.body));
  response.sendStatus(204);
});
await queue.waitUntilReady();
app.listen(Number(PORT), "127.0.0.1");
