// Audits a GraphQL server by the GraphQL-over-HTTP specification.
//   node audit.mjs URL     the bearer in HVELV_AUDIT_TOKEN; exits 1 on any error or warning
import { createRequire } from "node:module";
import { cwd, env, argv, exit } from "node:process";

// resolved from the folder it was installed to, which is not this one
const { auditServer } = await import(createRequire(`${cwd()}/`).resolve("graphql-http").replace(/index\.js$/, "index.mjs"));

const authorised = (url, init = {}) => {
  const headers = new Headers(init.headers);
  headers.set("authorization", `Bearer ${env.HVELV_AUDIT_TOKEN ?? ""}`);
  return fetch(url, { ...init, headers });
};

let results;
try {
  results = await auditServer({ url: argv[2], fetchFn: authorised });
} catch (error) {
  console.error(`no answer from ${argv[2]} (${error.cause?.code ?? error.name}); start it with \`make dev\``);
  exit(69);
}
const counts = { ok: 0, notice: 0, warn: 0, error: 0 };
for (const result of results) {
  counts[result.status] += 1;
  if (result.status !== "ok") console.log(`${result.status}  ${result.id}  ${result.name}  (${result.reason})`);
}
console.log(JSON.stringify(counts));
exit(counts.warn + counts.error > 0 ? 1 : 0);
