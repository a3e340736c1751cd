/** All that the doctor looks at, in the order in which a bridge needs it. */
import { address, dns, proxy } from "./address-checks.ts";
import { backend } from "./backend-check.ts";
import { binary } from "./binary-check.ts";
import { certificate } from "./certificate-check.ts";
import type { Check } from "./check.ts";
import { config } from "./config-check.ts";
import { clock, cursor, rateLimit, reachable, tenant } from "./server-checks.ts";
import { bridge, folder, journal } from "./state-checks.ts";
import { store } from "./store-check.ts";
import { stream } from "./stream-check.ts";
import { operatorToken, ownToken } from "./token-checks.ts";
import { workspace } from "./workspace-check.ts";

export const CHECKS: readonly Check[] = [
  config,
  address,
  dns,
  proxy,
  certificate,
  reachable,
  // It may keep the token.
  store,
  tenant,
  clock,
  rateLimit,
  ownToken,
  operatorToken,
  workspace,
  cursor,
  stream,
  folder,
  journal,
  bridge,
  backend,
  binary,
];
