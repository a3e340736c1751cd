/** What a bridge in push mode is made of beside the parts of every bridge. */
import type { BridgeOptions, BridgeParts } from "../bridge/parts.ts";
import type { ListenAddress } from "./listen-address.ts";

export interface PushOptions extends BridgeOptions {
  listen: ListenAddress;
  /** As {@link parsePublicUrl} of public-url.ts gave it. */
  publicUrl: URL;
  /** A proxy of the environment stands between us and that address. */
  isProxied: boolean;
  /** Of the platform: an address that is private to it need not be public. */
  apiUrl: URL;
}

export interface PushParts extends BridgeParts {
  /** Takes the secret path, which no output may hold. */
  secrets: { add(secret: string): void };
}
