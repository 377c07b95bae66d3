// Prints one line per audit; exit code 0 only if there is neither error nor warning.
import { serverAudits } from 'graphql-http';

const token = process.env.AUDIT_TOKEN;
const authorised = (url, init = {}) =>
  fetch(url, { ...init, headers: { ...init.headers, ...(token ? { authorization: `Bearer ${token}` } : {}) } });

let wrong = 0;
for (const audit of serverAudits({ url: process.env.AUDIT_URL, fetchFn: authorised })) {
  let result;
  try {
    result = await audit.fn();
  } catch (error) {
    console.error(`no answer from ${process.env.AUDIT_URL} (${error.cause?.code ?? error.name}); start it with \`make dev\``);
    process.exit(69);
  }
  if (result.status !== 'ok') {
    wrong += 1;
    console.log(`${result.status}: ${audit.id} ${audit.name}: ${result.reason}`);
  } else {
    console.log(`ok: ${audit.id} ${audit.name}`);
  }
}
console.log(wrong ? `${wrong} audits not passed` : 'all audits passed');
process.exitCode = wrong ? 1 : 0;
