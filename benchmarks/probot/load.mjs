// Sends one signed webhook again and again, each time as a new delivery; prints what came of it as JSON.
import { createHmac, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import autocannon from "autocannon";

const [url, event, file, seconds, connections] = process.argv.slice(2);
const body = readFileSync(file);
const signature = createHmac("sha256", process.env.WEBHOOK_SECRET).update(body).digest("hex");
const headers = {
  "content-type": "application/json",
  "user-agent": "GitHub-Hookshot/bench",
  "x-github-event": event,
  "x-hub-signature-256": `sha256=${signature}`,
};
const setupRequest = (request) => ({
  ...request,
  headers: { ...headers, "x-github-delivery": randomUUID() },
});
const result = await autocannon({
  url,
  method: "POST",
  body,
  headers,
  connections: Number(connections),
  duration: Number(seconds),
  requests: [{ setupRequest }],
});
console.log(
  JSON.stringify({
    rate: result.requests.average,
    p99: result.latency.p99,
    good: result["2xx"],
    bad: result.non2xx + result.errors,
  }),
);
