// Copyright 2026 The privacy_consent authors
// License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
// Reads HTML, and prints what the mail programs named as arguments do not know of it:
// a list of pairs of a program and a feature, in JSON.

import {caniemail} from "caniemail";
import {readFileSync} from "node:fs";

const {issues} = caniemail({
    clients: process.argv.slice(2),
    html: readFileSync(0, "utf8"),
});
const found = [...issues.errors].flatMap(([client, list]) =>
    list.map((issue) => [client, issue.title])
);
process.stdout.write(JSON.stringify(found));
