// The same door on Probot: it hears of gates and reviews; everything else is not ours.
import { createServer } from "node:http";
import { createNodeMiddleware, createProbot } from "probot";

const app = (probot) => {
  probot.on(["deployment_protection_rule.requested", "pull_request_review"], async () => {
    // Judging is no part of what is measured: only that the delivery was acknowledged.
  });
};

const probot = createProbot({
  overrides: {
    appId: 1,
    privateKey: process.env.PRIVATE_KEY,
    secret: process.env.WEBHOOK_SECRET,
    logLevel: "fatal",
  },
});
const middleware = await createNodeMiddleware(app, { probot, webhooksPath: "/webhook" });
const server = createServer((request, response) => {
  middleware(request, response, () => response.writeHead(404).end());
});
server.listen(Number(process.env.PORT), "127.0.0.1");
