import { expect, test } from "bun:test";
import { NO_SUCH_HOST } from "../../harness/unresolvable.ts";
import { urlProblem } from "../../../src/dev/push-url.ts";

test.each([
  "nonsense",
  "ftp://93.184.216.34/",
  "file:///etc/hosts",
  "http://169.254.169.254/latest",
  "http://10.1.2.3/",
  "http://172.31.0.1/",
  "http://192.168.1.1/",
  "http://100.64.0.1/",
  "http://192.0.2.1/",
  "http://198.51.100.1/",
  "http://203.0.113.1/",
  "http://224.0.0.1/",
  "http://0.0.0.0/",
  "http://[fe80::1]/",
  "http://[fd00::1]/",
  "http://[2001:db8::1]/",
  "http://[::ffff:10.0.0.1]/",
  `http://${NO_SUCH_HOST}/`,
])("nothing is sent to %s", async (url) => {
  expect(await urlProblem(url, { loopback: true })).toBeString();
});

test.each(["http://127.0.0.1/", "http://127.9.9.9/", "http://2130706433/", "http://[::1]/"])(
  "the loopback address %s passes only where it may",
  async (url) => {
    expect(await urlProblem(url, { loopback: true })).toBeUndefined();
    expect(await urlProblem(url)).toBeString();
  },
);

test.each(["http://localhost:3000/a2a", "https://93.184.216.34/", "http://[2606:4700::1]/"])(
  "%s passes",
  async (url) => {
    expect(await urlProblem(url)).toBeUndefined();
  },
);
