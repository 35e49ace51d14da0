// Requests against GitHub's own description of its API: node openapi.mjs MODULES REQUESTS.json
// REQUESTS.json: [{ "method": "POST", "path": "/repos/o/r/...?...", "body": {...} | null }]
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [modules, file] = process.argv.slice(2);
const require = createRequire(join(modules, "x.js"));
const Ajv = require("ajv").default;
const description = JSON.parse(
  readFileSync(join(modules, "@octokit/openapi/generated/api.github.com.deref.json"), "utf8"),
);
const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false, unicodeRegExp: false });

const routes = Object.entries(description.paths).map(([template, operations]) => ({
  template,
  operations,
  // Literal parts win over parameters.
  literal: template.split("/").filter((part) => !part.startsWith("{")).length,
  pattern: new RegExp(`^${template.replace(/\{[^}]+\}/g, "[^/]+")}$`),
}));

const faults = [];
const seen = new Set();
for (const { method, path, body } of JSON.parse(readFileSync(file, "utf8"))) {
  const url = new URL(path, "https://api.github.com");
  const name = `${method} ${url.pathname}`;
  const route = routes
    .filter((r) => r.pattern.test(url.pathname) && r.operations[method.toLowerCase()])
    .sort((a, b) => b.literal - a.literal)[0];
  if (!route) {
    faults.push(`${name}: no such operation`);
    continue;
  }
  const operation = route.operations[method.toLowerCase()];
  seen.add(operation.operationId);
  const parameters = [...(route.operations.parameters ?? []), ...(operation.parameters ?? [])];
  for (const [key, text] of url.searchParams) {
    const known = parameters.find((p) => p.in === "query" && p.name === key);
    if (!known) {
      faults.push(`${name}: no query parameter ${key}`);
      continue;
    }
    const value = known.schema.type === "integer" ? Number(text) : text;
    if (!ajv.validate(known.schema, value)) {
      faults.push(`${name}: ${key}=${text}: ${ajv.errorsText()}`);
    }
  }
  const wanted = operation.requestBody?.content?.["application/json"]?.schema;
  if (wanted && !ajv.validate(wanted, body)) {
    faults.push(`${name}: ${ajv.errorsText()}`);
  }
  if (!wanted && body) {
    faults.push(`${name}: takes no body`);
  }
}
if (faults.length) {
  console.error(faults.join("\n"));
  process.exit(1);
}
console.log([...seen].sort().join("\n"));
